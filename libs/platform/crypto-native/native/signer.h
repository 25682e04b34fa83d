#ifndef COFFER_SIGNER_H
#define COFFER_SIGNER_H

#define NAPI_VERSION 8
#define OPENSSL_API_COMPAT 30000 /* nothing that is newer or outdated: one file serves every Node with OpenSSL 3 */
#define OPENSSL_NO_DEPRECATED

#include <node_api.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

#define MAX_DER 8192 /* RSA of 4096 bits takes 2.4 kB */
#define MAX_RSA_BITS 4096
#define MAX_SIGNATURE (MAX_RSA_BITS / 8)
#define MAX_HALF 66 /* of P-521 */

/* What JavaScript is told of work that failed. */
#define UNSIGNED "The signature could not be made."
#define UNCHECKED "The signature could not be checked."

/* A row of the table in algorithms.c. */
struct algorithm {
  const char *name;
  const char *curve; /* NULL: RSA */
  int padding;
  const EVP_MD *(*md)(void); /* NULL: the bytes are padded as they are */
  size_t digest_bytes;       /* 0: 1 to modulus - 11 */
  size_t half;               /* bytes of r and of s */
};

struct key {
  EVP_PKEY *pkey;    /* NULL once released */
  const char *curve; /* NULL: RSA; else a string of the table */
  size_t bytes;      /* of the modulus */
  bool is_public;    /* verifies and does not sign; else the other way round */
  bool runs_inline;  /* its operations cost less than a change of thread */
};

/* algorithms.c */
const struct algorithm *find_algorithm(const char *name, size_t length);
bool fits_key(const struct algorithm *alg, const struct key *key);
bool fits_length(const struct algorithm *alg, const struct key *key, size_t length);
/* The first row of a curve, by OpenSSL's name; NULL for a curve that is not in the table. */
const struct algorithm *find_curve(const char *group);

/*
 * key.c, signature.c: no JavaScript. Errors go to the caller as NULL or 0 and never stay in the thread's error queue, where
 * Node could take them for its own. `load_key` gives NULL for whatever is not a key that the table has a use for.
 */
struct key *load_key(const unsigned char *der, size_t length);
/* Of an uncompressed point (SEC 1, 2.3.3) on the curve. */
struct key *load_point(const struct algorithm *row, const unsigned char *point, size_t length);
void free_key(struct key *key);
size_t sign(EVP_PKEY *pkey, const struct algorithm *alg, const unsigned char *digest, size_t length, unsigned char *out);
/* Whether r || s, of twice `half` bytes, is a signature of the digest. */
bool verify(EVP_PKEY *pkey, const struct algorithm *alg, const unsigned char *digest, size_t length,
            const unsigned char *signature);

/* work.c: a promise of the signature, or of whether the given one is right; NULL when the work cannot be begun */
napi_value sign_later(napi_env env, const struct key *key, const struct algorithm *alg, const unsigned char *digest,
                      size_t length);
napi_value verify_later(napi_env env, const struct key *key, const struct algorithm *alg, const unsigned char *digest,
                        size_t length, const unsigned char *signature);

#endif
