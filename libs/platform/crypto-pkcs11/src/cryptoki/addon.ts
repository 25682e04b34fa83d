import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Attribute, Handle, KeyPair, Mechanism } from 'pkcs11js';

/**
 * What the compiled binding itself offers, as far as it is used: `out` is written to, and its used length returned. Throws
 * errors with the message `CKR_NAME:number`.
 */
export interface Cryptoki {
  load(path: string): void;
  C_Initialize(): void;
  C_Finalize(): void;
  C_GetSlotList(tokenPresent: boolean): Handle[];
  C_GetTokenInfo(slot: Handle): { readonly label: string };
  C_GetMechanismList(slot: Handle): number[];
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseSession(session: Handle): void;
  C_Login(session: Handle, user: number, pin: string): void;
  C_FindObjectsInit(session: Handle, template: Attribute[]): void;
  C_FindObjects(session: Handle, max: number): Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_GetAttributeValue(session: Handle, object: Handle, template: Attribute[]): { type: number; value: Buffer }[];
  C_CreateObject(session: Handle, template: Attribute[]): Handle;
  C_DestroyObject(session: Handle, object: Handle): void;
  C_GenerateKey(session: Handle, mechanism: Mechanism, template: Attribute[]): Handle;
  C_GenerateKeyPair(session: Handle, mechanism: Mechanism, half: Attribute[], secret: Attribute[]): KeyPair;
  C_WrapKey(session: Handle, mechanism: Mechanism, wrapping: Handle, key: Handle, out: Buffer): number;
  C_UnwrapKey(
    session: Handle,
    mechanism: Mechanism,
    unwrapping: Handle,
    wrapped: Buffer,
    template: Attribute[],
  ): Handle;
  C_SignInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_Sign(session: Handle, data: Buffer, out: Buffer): number;
  C_SignFinal(session: Handle, out: Buffer): number;
  C_EncryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_Encrypt(session: Handle, data: Buffer, out: Buffer): number;
  C_EncryptFinal(session: Handle, out: Buffer): number;
  C_DecryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_Decrypt(session: Handle, data: Buffer, out: Buffer): number;
}

/** Made by `npm run build:native`; the same path from src/ and from dist/. */
const FILE = fileURLToPath(new URL('../../dist/pkcs11.node', import.meta.url));

export function isAddonBuilt(): boolean {
  return existsSync(FILE);
}

/** Loads a vendor's library into this process: for the process that may crash, and no other. */
export function loadCryptoki(library: string): Cryptoki {
  const { PKCS11 } = createRequire(import.meta.url)(FILE) as { PKCS11: new () => Cryptoki };
  const cryptoki = new PKCS11();
  cryptoki.load(library);
  return cryptoki;
}

/** `CKR_…` of an error of the binding; something else that went wrong has the name OTHER. */
export function nameOf(error: unknown): string {
  return /^(CKR_\w+):\d+/.exec(error instanceof Error ? error.message : '')?.[1] ?? 'OTHER';
}
