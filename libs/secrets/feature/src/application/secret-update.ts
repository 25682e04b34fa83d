import { toUnixSeconds, type Tags } from '@coffer/kernel';
import { secretNotFound } from '@coffer/secrets-domain';
import type { Commander } from '@coffer/wire';
import { readVersion } from '../postgres/read-secret.js';
import { activeSecret } from './find-name.js';
import type { SecretsPorts } from './ports.js';
import type { SecretCommands } from './secret-commands.js';
import { viewOfVersion, type SecretView } from './secret-view.js';

/** Members that are absent stay as they are. */
export interface UpdateSecret {
  readonly name: string;
  /** Absent means the latest. */
  readonly version: string | undefined;
  readonly enabled?: boolean | undefined;
  readonly nbf?: number | undefined;
  readonly exp?: number | undefined;
  readonly contentType?: string | undefined;
  readonly tags?: Tags | undefined;
}

/** Changes attributes, content type or tags of one version, never its value. Throws SecretNotFound. */
export async function secretUpdate(
  ports: SecretsPorts,
  commands: SecretCommands,
  by: Commander,
  request: UpdateSecret,
): Promise<SecretView> {
  const { name } = request;
  const { objectId, objectDek } = await activeSecret(ports, by.vaultId, name, request.version);
  const version = (await readVersion(ports.database, objectId, request.version))?.version;
  if (version === undefined) throw secretNotFound(name, request.version);
  const command = { type: 'UpdateVersion', now: toUnixSeconds(by.now), ...request, version } as const;
  await commands.run(by, { objectId, objectDek, command });
  return viewOfVersion(ports, { vaultId: by.vaultId, objectId, name }, version);
}
