import {
  findResourceGroup,
  findSubscription,
  type ResourceGroupRow,
  type SubscriptionRow,
} from '../postgres/directory.js';
import type { VaultsPorts } from './ports.js';
import { resourceGroupNotFound, subscriptionNotFound } from './refusals.js';

type Ports = Pick<VaultsPorts, 'database'>;

/** Throws SubscriptionNotFound. */
export async function requireSubscription({ database }: Ports, subscriptionId: string): Promise<SubscriptionRow> {
  const row = await findSubscription(database, subscriptionId);
  if (row === undefined) throw subscriptionNotFound(subscriptionId);
  return row;
}

/** Throws SubscriptionNotFound, ResourceGroupNotFound. */
export async function requireGroup(ports: Ports, subscriptionId: string, name: string): Promise<ResourceGroupRow> {
  const row = await findResourceGroup(ports.database, subscriptionId, name);
  if (row !== undefined) return row;
  await requireSubscription(ports, subscriptionId);
  throw resourceGroupNotFound(name);
}
