import type { KeyObject } from 'node:crypto';
import type pg from 'pg';
import type { ServiceName } from '../service-names.js';

/** What the thread begins with. */
export interface Task {
  readonly connections: Readonly<Record<ServiceName, pg.ClientConfig>>;
  /** Signs tree heads. */
  readonly signer: { readonly name: string; readonly key: KeyObject };
}

/** To the thread: a service has committed audit records, or it is time to end. */
export type Order = { readonly committed: ServiceName } | 'stop';

/** From the thread. */
export type Report = 'started' | { readonly level: 'warn' | 'error'; readonly fields: object; readonly text: string };
