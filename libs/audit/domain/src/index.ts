export * from './canonical-json.js';
export * from './validate-record.js';
export * from './record-filter.js';
export * from './merkle.js';
export * from './tiles.js';
export * from './entry.js';
export * from './checkpoint.js';
