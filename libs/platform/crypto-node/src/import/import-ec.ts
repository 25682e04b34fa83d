import { createPrivateKey } from 'node:crypto';
import type { Curve, EcMember, NewKey } from '@coffer/contracts';
import { invalidProperty, SecretBytes } from '@coffer/kernel';
import { curves } from '../curves.js';
import { toLength } from './integers.js';

/**
 * An EC key, its coordinates and scalar with leading zeros or without. The point must be the one that the scalar makes,
 * which refuses points off the curve, too (NIST SP 800-186 D.1.1; the curves have no small subgroups). Throws BadParameter.
 */
export function importEc(crv: Curve, members: Readonly<Record<EcMember, Uint8Array>>): NewKey {
  const { bytes, jwk: name, publicKey } = curves[crv];
  const fixed = (member: EcMember): Uint8Array => {
    const number = toLength(members[member], bytes);
    if (number === undefined) throw invalidProperty(`key.${member}`, `The number is too long for curve ${crv}.`);
    return number;
  };
  const [x, y, d] = [fixed('x'), fixed('y'), fixed('d')];
  try {
    const point = publicKey(d);
    if (point === undefined) throw invalidProperty('key.d', `The private key is out of the range of curve ${crv}.`);
    if (!Buffer.from(point.subarray(1)).equals(Buffer.concat([x, y]))) {
      throw invalidProperty('key.x', 'The public key does not belong to the private key.');
    }
    const half = { kty: 'EC', crv, x: encoded(x), y: encoded(y) } as const;
    const privateKey = createPrivateKey({ key: { ...half, crv: name, d: encoded(d) }, format: 'jwk' });
    return {
      spec: { kty: 'EC', crv },
      public: half,
      privateKey: SecretBytes.own(privateKey.export({ format: 'der', type: 'pkcs8' })),
    };
  } finally {
    d.fill(0);
  }
}

function encoded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
