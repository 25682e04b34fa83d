export { LogRefused, verifyLog, type LogCopy, type Reason, type Verified, type VerifyOptions } from './verify-log.js';
export { bundlesOf, openCheckpoint, parseVerifierKey, tilePath, tilesOf, type NoteKey } from '@coffer/audit-domain';
