export * from './errors.js';
export * from './secret-bytes.js';
export * from './clock.js';
export * from './ids.js';
export * from './keyed-mutex.js';
export * from './object-errors.js';
export * from './defined.js';
export * from './tags.js';
