export * from './event.js';
export * from './decider.js';
export * from './ports.js';
export * from './upcast.js';
export * from './handle-command.js';
export * from './stream-cache.js';
export * from './processor.js';
