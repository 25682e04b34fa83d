import type { Operation } from './table.mjs';

export function readOperations(root: string): {
  readonly versions: readonly string[];
  readonly operations: readonly Operation[];
};
