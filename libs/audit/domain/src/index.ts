export * from './canonical-json.js';
export * from './validate-record.js';
export * from './record-filter.js';
