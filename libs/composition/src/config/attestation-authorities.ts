import path from 'node:path';
import { isSafeUrl } from '@coffer/token-verifier';
import { z } from 'zod';

/** `https://issuer` or `https://issuer=/path/jwks.json`, separated by commas. */
export const attestationAuthorities = z
  .string()
  .transform((text) => text.split(',').map((entry) => entry.trim()))
  .transform((entries) =>
    entries.map((entry) => {
      const at = entry.indexOf('=');
      if (at === -1) return { authority: entry };
      return { authority: entry.slice(0, at), jwksFile: entry.slice(at + 1) };
    }),
  )
  .refine(
    (list) => list.every(({ authority }) => isSafeUrl(authority) && !/[?#]/.test(authority)),
    'must be https URLs (http only on this machine), separated by commas',
  )
  .refine((list) => list.every(({ jwksFile }) => jwksFile !== ''), 'must name a file after =')
  .transform((list) =>
    list.map(({ authority, jwksFile }) => ({
      authority,
      ...(jwksFile === undefined ? {} : { jwksFile: path.resolve(jwksFile) }),
    })),
  );
