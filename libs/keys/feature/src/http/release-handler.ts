import { objectUri, type Reply, type VaultRequestContext } from '@coffer/wire';
import { keyRelease } from '../application/key-release.js';
import type { ReleaseSigner } from '../application/release-signer.js';
import type { KeysPorts } from '../application/ports.js';
import { addressed } from './address.js';
import { toReleasePayload } from './release-mapper.js';
import { parseRelease } from './release-schema.js';

/** `POST /keys/{name}[/{version}]/release`. The audit record has the decision, and nothing of the attestation. */
export class ReleaseHandler {
  constructor(
    private readonly ports: KeysPorts,
    private readonly signer: ReleaseSigner,
  ) {}

  async handle(context: VaultRequestContext, body: unknown): Promise<Reply> {
    const { audit, now, vault, baseUrl } = context;
    const target = parseRelease(body);
    const address = addressed(context);
    audit.describe({ properties: { algorithm: target.enc, release: 'refused' } });
    const released = await keyRelease(this.ports, { ...address, vaultId: vault.vaultId, now }, target);
    const value = await this.signer.sign(toReleasePayload(released, target, context));
    const { name, version } = released.view;
    audit.describe({ id: objectUri(baseUrl, 'keys', name, version), properties: { release: 'released' } });
    return { body: { value } };
  }
}
