/** Numbers of PKCS #11 2.40 and 3.0 (pkcs11t.h), as far as they are used here. */
export const CKF = { RW_SESSION: 0x2, SERIAL_SESSION: 0x4 } as const;
export const CKU_USER = 1;

export const CKO = { PUBLIC_KEY: 2, PRIVATE_KEY: 3, SECRET_KEY: 4 } as const;
export const CKK = { RSA: 0, EC: 3, GENERIC_SECRET: 0x10, AES: 0x1f } as const;

export const CKA = {
  CLASS: 0,
  TOKEN: 1,
  PRIVATE: 2,
  LABEL: 3,
  VALUE: 0x11,
  TRUSTED: 0x86,
  KEY_TYPE: 0x100,
  ID: 0x102,
  SENSITIVE: 0x103,
  ENCRYPT: 0x104,
  DECRYPT: 0x105,
  WRAP: 0x106,
  UNWRAP: 0x107,
  SIGN: 0x108,
  VERIFY: 0x10a,
  MODULUS: 0x120,
  MODULUS_BITS: 0x121,
  PUBLIC_EXPONENT: 0x122,
  PRIVATE_EXPONENT: 0x123,
  VALUE_LEN: 0x161,
  EXTRACTABLE: 0x162,
  EC_PARAMS: 0x180,
  EC_POINT: 0x181,
  WRAP_WITH_TRUSTED: 0x210,
} as const;

export const CKM = {
  RSA_PKCS_KEY_PAIR_GEN: 0,
  RSA_PKCS: 1,
  RSA_X_509: 3,
  RSA_PKCS_OAEP: 9,
  RSA_PKCS_PSS: 0xd,
  SHA_1: 0x220,
  SHA256: 0x250,
  SHA256_HMAC: 0x251,
  SHA384: 0x260,
  SHA384_HMAC: 0x261,
  SHA512: 0x270,
  SHA512_HMAC: 0x271,
  EC_KEY_PAIR_GEN: 0x1040,
  ECDSA: 0x1041,
  AES_KEY_GEN: 0x1080,
  AES_ECB: 0x1081,
  AES_CBC: 0x1082,
  AES_GCM: 0x1087,
  AES_KEY_WRAP: 0x2109,
  /** Of version 2.40; most modules do RFC 5649 under this number. */
  AES_KEY_WRAP_PAD: 0x210a,
  /** RFC 5649, since version 3.0. */
  AES_KEY_WRAP_KWP: 0x210b,
} as const;

export const CKG_MGF1 = { SHA1: 1, SHA256: 2, SHA384: 3, SHA512: 4 } as const;
export const CKZ_DATA_SPECIFIED = 1;

/** Which structure the addon makes of a mechanism's parameter (`CK_PARAMS_*` of pkcs11js). */
export const PARAMS = { RSA_OAEP: 4, RSA_PSS: 5, AES_GCM_V240: 7 } as const;
