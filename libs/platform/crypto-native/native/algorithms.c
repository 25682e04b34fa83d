/* What can be signed, and verified, with which key. */
#include "signer.h"
#include <openssl/rsa.h>

#define PKCS1_OVERHEAD 11

static const struct algorithm algorithms[] = {
  { "ES256", "prime256v1", 0, NULL, 32, 32 },
  { "ES384", "secp384r1", 0, NULL, 48, 48 },
  { "ES512", "secp521r1", 0, NULL, 64, 66 },
  { "ES256K", "secp256k1", 0, NULL, 32, 32 },
  { "ECDSA256", "secp256k1", 0, NULL, 32, 32 },
  { "RS256", NULL, RSA_PKCS1_PADDING, EVP_sha256, 32, 0 },
  { "RS384", NULL, RSA_PKCS1_PADDING, EVP_sha384, 48, 0 },
  { "RS512", NULL, RSA_PKCS1_PADDING, EVP_sha512, 64, 0 },
  { "PS256", NULL, RSA_PKCS1_PSS_PADDING, EVP_sha256, 32, 0 },
  { "PS384", NULL, RSA_PKCS1_PSS_PADDING, EVP_sha384, 48, 0 },
  { "PS512", NULL, RSA_PKCS1_PSS_PADDING, EVP_sha512, 64, 0 },
  { "RSNULL", NULL, RSA_PKCS1_PADDING, NULL, 0, 0 },
};
#define ALGORITHMS (sizeof algorithms / sizeof algorithms[0])

const struct algorithm *find_algorithm(const char *name, size_t length) {
  for (size_t i = 0; i < ALGORITHMS; i += 1) {
    const char *known = algorithms[i].name;
    if (strlen(known) == length && memcmp(known, name, length) == 0) return &algorithms[i];
  }
  return NULL;
}

const struct algorithm *find_curve(const char *group) {
  for (size_t i = 0; i < ALGORITHMS; i += 1) {
    if (algorithms[i].curve != NULL && strcmp(algorithms[i].curve, group) == 0) return &algorithms[i];
  }
  return NULL;
}

bool fits_key(const struct algorithm *alg, const struct key *key) {
  if (alg->curve == NULL || key->curve == NULL) return alg->curve == key->curve;
  return strcmp(alg->curve, key->curve) == 0;
}

bool fits_length(const struct algorithm *alg, const struct key *key, size_t length) {
  if (alg->digest_bytes != 0) return length == alg->digest_bytes;
  return length >= 1 && length <= key->bytes - PKCS1_OVERHEAD;
}
