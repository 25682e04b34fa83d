/* Signatures and their verification by the OpenSSL of the running node. */
#include "signer.h"
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#define MAX_EC_DER 160 /* P-521: two INTEGERs of up to 67 + 2 bytes in a SEQUENCE */

static bool prepare(EVP_PKEY_CTX *ctx, const struct algorithm *alg) {
  if (ctx == NULL || EVP_PKEY_sign_init(ctx) != 1) return false;
  if (alg->curve != NULL) return true;
  if (EVP_PKEY_CTX_set_rsa_padding(ctx, alg->padding) != 1) return false;
  if (alg->md != NULL && EVP_PKEY_CTX_set_signature_md(ctx, alg->md()) != 1) return false;
  return alg->padding != RSA_PKCS1_PSS_PADDING || EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

/* DER of Ecdsa-Sig-Value -> r || s, each of `half` bytes (RFC 7518, 3.4). */
static bool to_halves(const unsigned char *der, size_t length, unsigned char *out, size_t half) {
  ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)length);
  bool done = pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, (int)half) >= 0 &&
              BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + half, (int)half) >= 0;
  ECDSA_SIG_free(pair);
  return done;
}

/*
 * The bytes of the signature in `out`, which has room for MAX_SIGNATURE; 0 when it could not be made. Runs on any thread:
 * the context, which belongs to one thread, is made for one operation, and no error stays in the thread's queue.
 */
size_t sign(EVP_PKEY *pkey, const struct algorithm *alg, const unsigned char *digest, size_t digest_bytes,
            unsigned char *out) {
  unsigned char der[MAX_EC_DER];
  bool ec = alg->curve != NULL;
  size_t length = ec ? sizeof der : MAX_SIGNATURE;
  ERR_set_mark();
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
  bool done = prepare(ctx, alg) && EVP_PKEY_sign(ctx, ec ? der : out, &length, digest, digest_bytes) == 1;
  EVP_PKEY_CTX_free(ctx);
  if (done && ec) {
    done = to_halves(der, length, out, alg->half);
    length = 2 * alg->half;
  }
  ERR_pop_to_mark();
  return done ? length : 0;
}

/* r || s -> DER of Ecdsa-Sig-Value; 0 when there is no memory. Any r and s have one: OpenSSL checks their range. */
static size_t from_halves(const unsigned char *signature, size_t half, unsigned char *der) {
  ECDSA_SIG *pair = ECDSA_SIG_new();
  BIGNUM *r = BN_bin2bn(signature, (int)half, NULL);
  BIGNUM *s = BN_bin2bn(signature + half, (int)half, NULL);
  int length = 0;
  if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
    r = s = NULL; /* the pair has them now */
    length = i2d_ECDSA_SIG(pair, &der);
  }
  BN_free(r);
  BN_free(s);
  ECDSA_SIG_free(pair);
  return length > 0 ? (size_t)length : 0;
}

/*
 * On any thread, as `sign`. Whatever is not 1 is no: OpenSSL has an error, and not 0, for a signature whose point is that at
 * infinity, which the owner of a key can make.
 */
bool verify(EVP_PKEY *pkey, const struct algorithm *alg, const unsigned char *digest, size_t digest_bytes,
            const unsigned char *signature) {
  unsigned char der[MAX_EC_DER];
  ERR_set_mark();
  size_t length = from_halves(signature, alg->half, der);
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
  bool right = length > 0 && ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
               EVP_PKEY_verify(ctx, der, length, digest, digest_bytes) == 1;
  EVP_PKEY_CTX_free(ctx);
  ERR_pop_to_mark();
  return right;
}
