export * from './secret.js';
export * from './secret.decide.js';
export * from './secret-errors.js';
