import type { SqlClient } from '@coffer/event-sourcing';
import type { Tags } from '@coffer/vaults-domain';

export interface SubscriptionRow {
  readonly subscription_id: string;
  readonly display_name: string;
}

export interface ResourceGroupRow {
  readonly resource_group_id: string;
  readonly subscription_id: string;
  readonly name: string;
  readonly name_key: string;
  readonly location: string;
  readonly tags: Tags;
}

const groupColumns = 'resource_group_id, subscription_id, name, name_key, location, tags';

export async function findSubscription(sql: SqlClient, subscriptionId: string): Promise<SubscriptionRow | undefined> {
  const { rows } = await sql.query<SubscriptionRow>(
    'SELECT subscription_id, display_name FROM subscriptions WHERE subscription_id = $1',
    [subscriptionId.toLowerCase()],
  );
  return rows[0];
}

export async function listSubscriptions(sql: SqlClient): Promise<SubscriptionRow[]> {
  const { rows } = await sql.query<SubscriptionRow>(
    'SELECT subscription_id, display_name FROM subscriptions ORDER BY subscription_id',
    [],
  );
  return rows;
}

export async function findResourceGroup(
  sql: SqlClient,
  subscriptionId: string,
  name: string,
): Promise<ResourceGroupRow | undefined> {
  const { rows } = await sql.query<ResourceGroupRow>(
    `SELECT ${groupColumns} FROM resource_groups WHERE subscription_id = $1 AND name_key = $2`,
    [subscriptionId.toLowerCase(), name.toLowerCase()],
  );
  return rows[0];
}

/** Resource groups of a subscription by name, after the name key `after` ('' to begin). */
export async function listResourceGroups(
  sql: SqlClient,
  subscriptionId: string,
  after: string,
  limit: number,
): Promise<ResourceGroupRow[]> {
  const { rows } = await sql.query<ResourceGroupRow>(
    `SELECT ${groupColumns} FROM resource_groups
      WHERE subscription_id = $1 AND name_key > $2 ORDER BY name_key LIMIT $3`,
    [subscriptionId.toLowerCase(), after, limit],
  );
  return rows;
}
