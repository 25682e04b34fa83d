import { deletedObjectNotFound, objectNotFound, type CofferError } from '@coffer/kernel';

/** 404; `version` may be what the caller wrote. */
export const keyNotFound = (name: string, version?: string): CofferError => objectNotFound('key', name, version);

/** 404 of `/deletedkeys/{name}`. */
export const deletedKeyNotFound = (name: string): CofferError => deletedObjectNotFound('key', name);
