import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { AuditLog, auditMigrations, type AuditPorts, type ParkedMessage } from '@coffer/audit-feature';
import { topics } from '@coffer/contracts';
import type { Database, Feed, FeedMessage, SqlClient } from '@coffer/event-sourcing';
import { newId, systemClock } from '@coffer/kernel';
import { Pager, type AuditRecord } from '@coffer/wire';
import pg from 'pg';
import { createTestDatabase } from '../support/postgres.js';

export interface AuditSetup {
  readonly database: Database;
  readonly ports: AuditPorts;
  readonly log: AuditLog;
  readonly parked: ParkedMessage[];
  close(): Promise<void>;
}

/** A database of its own with an audit log over it; migrated, or only so far as `migrated` says. */
export async function auditSetup({ migrated }: { readonly migrated?: number } = {}): Promise<AuditSetup> {
  const test = await createTestDatabase('audit');
  const pool = new pg.Pool({ ...test.connection, max: 20 });
  pool.on('error', () => undefined); // dropping the database ends connections that are still closing
  const database = databaseOver(pool);
  await migrateAudit(database, 0, migrated);
  const parked: ParkedMessage[] = [];
  const treeFaults: unknown[] = [];
  const ports: AuditPorts = {
    database,
    feed: idleFeed,
    pager: new Pager(Buffer.alloc(32, 7)),
    clock: systemClock,
    onParked: (message) => parked.push(message),
    onTreeFault: (error) => treeFaults.push(error),
    signer: { name: 'audit.test', key: generateKeyPairSync('ed25519').privateKey },
  };
  const close = async () => {
    await pool.end();
    await test.drop();
  };
  return { database, ports, log: new AuditLog(ports), parked, close };
}

/** Applies migrations from one number (exclusive) to another. */
export async function migrateAudit(client: SqlClient, after: number, upTo = Infinity): Promise<void> {
  for (const file of (await readdir(auditMigrations.directory)).sort().slice(after, upTo)) {
    await client.query(await readFile(new URL(file, auditMigrations.directory), 'utf8'));
  }
}

const idleFeed: Feed = {
  publish: () => Promise.resolve(),
  subscribe: () => Promise.resolve({ stop: () => Promise.resolve() }),
};

function databaseOver(pool: pg.Pool): Database {
  const over = (queryable: pg.Pool | pg.PoolClient): SqlClient => ({
    query: <Row extends object>(text: string, values: readonly unknown[] = []) =>
      queryable.query<Row & pg.QueryResultRow>(text, [...values]),
  });
  return {
    ...over(pool),
    transaction: async (work) => {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        const result = await work(over(client));
        await client.query('COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      } finally {
        client.release();
      }
    },
  };
}

export function aMessage(record: AuditRecord): FeedMessage {
  const { recordId, vaultId, service, time } = record;
  return { topic: topics.audit, key: vaultId ?? service, id: recordId, type: 'AuditEvent', time, body: record };
}

/** Facts that specs choose; the rest of the record follows from them. */
export interface RecordFacts {
  readonly recordId?: string;
  readonly time?: string;
  readonly vaultName?: string;
  /** Absent with a vaultName of undefined: an operation outside a vault. */
  readonly vaultId?: string;
  readonly objectPath?: string;
  readonly oid?: string;
  readonly appid?: string;
  readonly operation?: string;
  readonly status?: number;
}

export function aRecord(facts: RecordFacts = {}): AuditRecord {
  const { vaultId, vaultName = 'pay', objectPath = '/secrets/db', status = 200, operation = 'SecretGet' } = facts;
  const uri = `https://${vaultName}.vault.localhost:8443${objectPath}`;
  const group = '/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS';
  return {
    recordId: facts.recordId ?? newId(),
    time: facts.time ?? '2026-03-01T12:00:00.000Z',
    category: 'AuditEvent',
    resourceId: vaultId === undefined ? '' : `${group}/${vaultName.toUpperCase()}`,
    ...(vaultId === undefined ? {} : { vaultId }),
    operationName: operation,
    operationVersion: '7.4',
    resultType: status < 400 ? 'Success' : 'Failure',
    resultSignature: status < 400 ? 'OK' : 'Forbidden',
    resultDescription: '',
    durationMs: '3',
    callerIpAddress: '127.0.0.1',
    correlationId: newId(),
    identity: {
      claim: {
        'http://schemas.microsoft.com/identity/claims/objectidentifier': facts.oid ?? 'oid-1',
        appid: facts.appid ?? 'app-1',
      },
    },
    properties: { clientInfo: 'spec', requestUri: `${uri}?api-version=7.4`, id: uri, httpStatusCode: status },
    service: 'vault-management',
    region: 'local',
    decision: status === 403 ? 'deny' : 'allow',
    policyRevision: '1',
    decisionReason: 'AccessPolicy',
  };
}
