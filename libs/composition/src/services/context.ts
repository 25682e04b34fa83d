import type { Feed } from '@coffer/event-sourcing';
import { CofferError, type Clock } from '@coffer/kernel';
import type { Logger, Surface } from '@coffer/nest';
import type { Hosts } from '@coffer/wire';
import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import type pg from 'pg';
import type { Config } from '../config/schema.js';
import type { ServiceCore } from '../service.js';

/** What every service is composed from. */
export interface ServiceContext {
  readonly config: Config;
  /** Of the service's own database. */
  readonly connection: pg.ClientConfig;
  readonly hosts: Hosts;
  readonly tenantId: string;
  readonly feed: Feed;
  readonly clock: Clock;
  readonly log: Logger;
  /** Another process took the database over: this one must stop. */
  readonly onLost: (error: Error) => void;
  /** See ServiceOptions; only where other processes serve the same database. */
  readonly sharedLeaseMs?: number;
  /** See ServiceOptions; only where services have processes of their own. */
  readonly auditMayWait?: (ageMs: number) => boolean;
  /** See ServiceOptions; only where services share a process. */
  readonly auditTaker?: () => void;
}

/** One service, composed and not started. */
export interface ComposedService {
  readonly core: ServiceCore;
  readonly modules: readonly DynamicModule[];
  /** Its rows of the public surface, once the container is built. */
  readonly surfaces: (container: INestApplicationContext) => readonly Surface[];
  /** Starts what consumes other services' events and what works by the clock. */
  readonly startConsumers: (container: INestApplicationContext) => Promise<void>;
  /** Rejects while the service cannot work. */
  readonly ready: () => Promise<void>;
  /** Whether its hardware security module could be used when it was last tried; absent where it has none. */
  readonly hardwareReady?: (() => boolean) | undefined;
  /** Stops what runs by itself, then closes the database. */
  readonly close: () => Promise<void>;
}

/** The database answers, and this process may answer from memory. */
export function readiness({ database, lease, name }: ServiceCore): () => Promise<void> {
  return async () => {
    await database.ping();
    if (!lease.live()) throw new CofferError('ServiceUnavailable', `${name} does not hold its lease.`);
  };
}
