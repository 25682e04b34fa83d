/*
 * PKCS#8 DER, or a public point -> EVP_PKEY. Private keys not by OpenSSL's decoders (EVP_PKCS82PKEY and its kin): they leave a copy of the private key in
 * freed memory. Here every copy that is made is cleansed; the numbers in the key itself OpenSSL cleanses when it is freed.
 */
#include "signer.h"
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#define MIN_RSA_BITS 2048
#define INLINE_CURVE "prime256v1" /* 30 us to sign, 80 to verify; the others take up to 3 ms */

/* What is left to read of a piece of DER. */
struct der {
  const unsigned char *at;
  long left;
};

/* Takes the next element off `from`: it must have this universal tag and a definite length. */
static bool next(struct der *from, int tag, struct der *content) {
  int found, class;
  const unsigned char *at = from->at;
  int flags = ASN1_get_object(&at, &content->left, &found, &class, from->left);
  if ((flags & 0x81) != 0 || found != tag || class != V_ASN1_UNIVERSAL) return false;
  content->at = at;
  from->left -= (at - from->at) + content->left;
  from->at = at + content->left;
  return true;
}

static BIGNUM *number(const struct der *content) {
  return content->left > 0 ? BN_bin2bn(content->at, (int)content->left, NULL) : NULL;
}

/* The parameters as a key of this selection; they are cleansed and freed. */
static EVP_PKEY *build(const char *type, int selection, OSSL_PARAM_BLD *parameters) {
  EVP_PKEY *pkey = NULL;
  OSSL_PARAM *list = OSSL_PARAM_BLD_to_param(parameters);
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
  if (list != NULL && ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
      EVP_PKEY_fromdata(ctx, &pkey, selection, list) != 1) {
    pkey = NULL;
  }
  EVP_PKEY_CTX_free(ctx);
  for (OSSL_PARAM *each = list; each != NULL && each->key != NULL; each += 1) {
    OPENSSL_cleanse(each->data, each->data_size);
  }
  OSSL_PARAM_free(list);
  return pkey;
}

/* RSAPrivateKey of two primes (RFC 8017, A.1.2). */
static EVP_PKEY *rsa_of(struct der inner) {
  static const char *const names[] = {
    OSSL_PKEY_PARAM_RSA_N,       OSSL_PKEY_PARAM_RSA_E,         OSSL_PKEY_PARAM_RSA_D,
    OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
    OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
  };
  enum { COUNT = sizeof names / sizeof names[0] };
  BIGNUM *numbers[COUNT] = { NULL };
  struct der sequence, integer;
  EVP_PKEY *pkey = NULL;
  OSSL_PARAM_BLD *parameters = OSSL_PARAM_BLD_new();
  bool good = parameters != NULL && next(&inner, V_ASN1_SEQUENCE, &sequence) &&
              next(&sequence, V_ASN1_INTEGER, &integer) && integer.left == 1 && *integer.at == 0;
  for (size_t i = 0; good && i < COUNT; i += 1) {
    good = next(&sequence, V_ASN1_INTEGER, &integer) && (numbers[i] = number(&integer)) != NULL &&
           !BN_is_zero(numbers[i]) && OSSL_PARAM_BLD_push_BN(parameters, names[i], numbers[i]) == 1;
  }
  if (good) pkey = build("RSA", EVP_PKEY_KEYPAIR, parameters);
  for (size_t i = 0; i < COUNT; i += 1) BN_clear_free(numbers[i]);
  OSSL_PARAM_BLD_free(parameters);
  return pkey;
}

/* Whether the scalar is one of the curve's: 1 to order - 1. */
static bool in_range(const BIGNUM *scalar, int nid) {
  EC_GROUP *group = EC_GROUP_new_by_curve_name(nid);
  bool good = group != NULL && !BN_is_zero(scalar) && BN_cmp(scalar, EC_GROUP_get0_order(group)) < 0;
  EC_GROUP_free(group);
  return good;
}

/* ECPrivateKey (RFC 5915). Signing does not need the public point. */
static EVP_PKEY *ec_of(struct der inner, int nid) {
  struct der sequence, content;
  BIGNUM *scalar = NULL;
  EVP_PKEY *pkey = NULL;
  OSSL_PARAM_BLD *parameters = OSSL_PARAM_BLD_new();
  if (parameters != NULL && next(&inner, V_ASN1_SEQUENCE, &sequence) && next(&sequence, V_ASN1_INTEGER, &content) &&
      content.left == 1 && *content.at == 1 && next(&sequence, V_ASN1_OCTET_STRING, &content) &&
      (scalar = number(&content)) != NULL && in_range(scalar, nid) &&
      OSSL_PARAM_BLD_push_utf8_string(parameters, OSSL_PKEY_PARAM_GROUP_NAME, OBJ_nid2sn(nid), 0) == 1 &&
      OSSL_PARAM_BLD_push_BN(parameters, OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1) {
    pkey = build("EC", EVP_PKEY_KEYPAIR, parameters);
  }
  BN_clear_free(scalar);
  OSSL_PARAM_BLD_free(parameters);
  return pkey;
}

static void set_curve(struct key *key, const struct algorithm *row) {
  key->curve = row->curve;
  key->runs_inline = strcmp(row->curve, INLINE_CURVE) == 0;
}

/* RSA of 2048 to 4096 bits or EC of a curve in the table, named by its OID. */
static void recognise(struct key *key, const PKCS8_PRIV_KEY_INFO *info) {
  const ASN1_OBJECT *type;
  const X509_ALGOR *algorithm;
  const void *curve;
  int length, kind;
  struct der inner;
  if (PKCS8_pkey_get0(&type, &inner.at, &length, &algorithm, info) != 1) return;
  inner.left = length;
  if (OBJ_obj2nid(type) == NID_rsaEncryption) {
    key->pkey = rsa_of(inner);
    if (key->pkey != NULL) key->bytes = (size_t)EVP_PKEY_get_size(key->pkey);
    return;
  }
  X509_ALGOR_get0(NULL, &kind, &curve, algorithm);
  if (OBJ_obj2nid(type) != NID_X9_62_id_ecPublicKey || kind != V_ASN1_OBJECT) return;
  int nid = OBJ_obj2nid(curve);
  const struct algorithm *row = nid == NID_undef ? NULL : find_curve(OBJ_nid2sn(nid));
  if (row == NULL) return;
  set_curve(key, row);
  key->pkey = ec_of(inner, nid);
}

static bool usable(const struct key *key) {
  if (key->pkey == NULL) return false;
  int bits = EVP_PKEY_get_bits(key->pkey);
  return key->curve != NULL || (bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS && key->bytes <= MAX_SIGNATURE);
}

struct key *load_key(const unsigned char *der, size_t length) {
  struct key *key = OPENSSL_zalloc(sizeof *key);
  if (key == NULL) return NULL;
  ERR_set_mark();
  PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &der, (long)length);
  if (info != NULL) recognise(key, info);
  PKCS8_PRIV_KEY_INFO_free(info); /* cleanses what it holds */
  bool good = usable(key);
  ERR_pop_to_mark();
  if (good) return key;
  free_key(key);
  return NULL;
}

/* OpenSSL refuses what is not on the curve. */
static EVP_PKEY *point_of(const struct algorithm *row, const unsigned char *point, size_t length) {
  OSSL_PARAM_BLD *parameters = OSSL_PARAM_BLD_new();
  EVP_PKEY *pkey = NULL;
  if (parameters != NULL && length == 1 + 2 * row->half && point[0] == POINT_CONVERSION_UNCOMPRESSED &&
      OSSL_PARAM_BLD_push_utf8_string(parameters, OSSL_PKEY_PARAM_GROUP_NAME, row->curve, 0) == 1 &&
      OSSL_PARAM_BLD_push_octet_string(parameters, OSSL_PKEY_PARAM_PUB_KEY, point, length) == 1) {
    pkey = build("EC", EVP_PKEY_PUBLIC_KEY, parameters);
  }
  OSSL_PARAM_BLD_free(parameters);
  return pkey;
}

struct key *load_point(const struct algorithm *row, const unsigned char *point, size_t length) {
  struct key *key = OPENSSL_zalloc(sizeof *key);
  if (key == NULL) return NULL;
  ERR_set_mark();
  set_curve(key, row);
  key->is_public = true;
  key->pkey = point_of(row, point, length);
  ERR_pop_to_mark();
  if (key->pkey != NULL) return key;
  free_key(key);
  return NULL;
}

void free_key(struct key *key) {
  EVP_PKEY_free(key->pkey); /* cleanses the private part with the last reference */
  OPENSSL_free(key);
}
