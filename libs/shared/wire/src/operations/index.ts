/** Every route of Coffer, by owner. A reader who looks for "what answers PUT /secrets/x" starts here. */
export * from './secrets.js';
export * from './keys.js';
export * from './management.js';
export * from './identity.js';
export * from './audit.js';
export * from './storage.js';
