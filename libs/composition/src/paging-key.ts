import { randomBytes } from 'node:crypto';
import type { SqlClient } from '@coffer/event-sourcing';

/** The service's MAC key for paging tokens, 32 bytes; made by whichever instance comes first. */
export async function pagingKey(client: SqlClient): Promise<Buffer> {
  await client.query('INSERT INTO service_paging (mac_key) VALUES ($1) ON CONFLICT (singleton) DO NOTHING', [
    randomBytes(32),
  ]);
  const { rows } = await client.query<{ mac_key: Buffer }>('SELECT mac_key FROM service_paging');
  const key = rows[0]?.mac_key;
  if (key === undefined) throw new Error('the service has no paging key');
  return key;
}
