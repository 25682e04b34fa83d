export * from './principal.js';
export * from './principal.decide.js';
