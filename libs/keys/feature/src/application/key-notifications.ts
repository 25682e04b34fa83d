import { topics } from '@coffer/contracts';
import type { Feed, FeedMessage, FeedSubscription, RecordedEvent } from '@coffer/event-sourcing';
import type { KeyEvent } from '@coffer/keys-domain';
import { objectUri, type VaultSnapshot } from '@coffer/wire';
import type { Surroundings } from './key-scheduler.js';

export interface NotificationSources extends Surroundings {
  readonly feed: Feed;
}

const GROUP = 'crypto-gateway-notifications';

/**
 * Tells subscribers of keys (azure-api e.3): new versions, and ends that are near or have come, in Event Grid's shape on
 * `coffer.notifications.v1`. At least once: a message has the id of the event that it tells of.
 */
export function notifyOfKeys({ feed, vaults, vaultUrl }: NotificationSources): Promise<FeedSubscription> {
  return feed.subscribe({ topics: [topics.keys], group: GROUP }, async (messages) => {
    const notifications: FeedMessage[] = [];
    for (const { body } of messages) {
      const event = body as RecordedEvent & KeyEvent;
      const told = factsOf(event);
      const vault = told === undefined ? undefined : await vaults.byId(event.vaultId);
      // The subscribers of a purged vault are gone with it.
      if (told !== undefined && vault !== undefined) notifications.push(toNotification(event, told, vault, vaultUrl));
    }
    if (notifications.length > 0) await feed.publish(notifications);
  });
}

interface Facts {
  readonly type: 'KeyNewVersionCreated' | 'KeyNearExpiry' | 'KeyExpired';
  readonly name: string;
  readonly version: string;
  readonly nbf?: number | undefined;
  readonly exp?: number | undefined;
}

function factsOf(event: KeyEvent): Facts | undefined {
  if (event.type === 'KeyVersionCreated') {
    const { name, version, nbf, exp } = event.data;
    return { type: 'KeyNewVersionCreated', name, version, nbf, exp };
  }
  if (event.type !== 'KeyExpiryNotified') return undefined;
  const { name, version, notice, nbf, exp } = event.data;
  return { type: notice === 'Expired' ? 'KeyExpired' : 'KeyNearExpiry', name, version, nbf, exp };
}

function toNotification(
  { eventId: id, vaultId: key, recordedAt: time }: RecordedEvent,
  { type: kind, name, version, nbf, exp }: Facts,
  vault: VaultSnapshot,
  vaultUrl: (vaultName: string) => string,
): FeedMessage {
  const type = `Microsoft.KeyVault.${kind}`;
  const body = {
    id,
    topic: vault.resourceId,
    subject: name,
    eventType: type,
    eventTime: time,
    data: {
      Id: objectUri(vaultUrl(vault.name), 'keys', name, version),
      VaultName: vault.name,
      ObjectType: 'Key',
      ObjectName: name,
      Version: version,
      NBF: nbf ?? null,
      EXP: exp ?? null,
    },
    dataVersion: '1',
    metadataVersion: '1',
  };
  return { topic: topics.notifications, key, id, type, time, body };
}
