/*
 * Signatures of ready digests, and the verification of ECDSA's, by the OpenSSL inside Node: what node:crypto cannot do for
 * EC at all, and for RSA only on the thread that asks. Node-API alone (stable over Node's versions) and functions of OpenSSL 3.0; the symbols of both are
 * those of the running node binary.
 *
 * What JavaScript sees:
 *   load(der)                     PKCS#8 DER -> key object; throws for what is no such key (key.c)
 *   loadPoint(curve, point)       uncompressed point on a curve, which OpenSSL names -> key object that verifies
 *   runsInline(key)               whether it answers at once: what P-256 does costs less than a change of thread
 *   signDigest(key, alg, digest)  a Buffer (EC: r || s), or a promise of one that is made on libuv's pool
 *   verifyDigest(key, alg, digest, signature)  whether r || s is right, or a promise of that
 *   release(key)                  drops the key; work that has begun still finishes; may be repeated
 *
 * No message tells more than which argument is wrong. Nothing here is shared by environments (worker threads): the only
 * state is in the key objects, and a key's EVP_PKEY, whose references OpenSSL counts atomically.
 */
#include "signer.h"
#include <openssl/opensslv.h>

#define MAX_ALG 8    /* characters of the longest name */
#define MAX_CURVE 10 /* the same */
#define MAX_POINT (1 + 2 * MAX_HALF)

/* Distinguishes our key objects from whatever else is wrapped: chosen at random. */
static const napi_type_tag key_tag = { 0x6c1f0e0f3d8b4a52ULL, 0x9d0a7f5b21c4e683ULL };

static napi_value refuse_type(napi_env env, const char *message) {
  napi_throw_type_error(env, NULL, message);
  return NULL;
}

static napi_value refuse_range(napi_env env, const char *message) {
  napi_throw_range_error(env, NULL, message);
  return NULL;
}

static napi_value fail(napi_env env, const char *message) {
  napi_throw_error(env, NULL, message);
  return NULL;
}

static bool arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  size_t given = count; /* those that are missing become undefined */
  return napi_get_cb_info(env, info, &given, values, NULL, NULL) == napi_ok;
}

/* The bytes of a Uint8Array; they are valid until JavaScript runs again. */
static bool bytes_of(napi_env env, napi_value value, const unsigned char **data, size_t *length) {
  bool is_array = false;
  napi_typedarray_type type;
  void *start = NULL;
  if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array) return false;
  if (napi_get_typedarray_info(env, value, &type, length, &start, NULL, NULL) != napi_ok) return false;
  if (start == NULL) *length = 0; /* detached */
  *data = start;
  return type == napi_uint8_array;
}

static struct key *key_of(napi_env env, napi_value value) {
  napi_valuetype type;
  bool ours = false;
  void *key = NULL;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return NULL;
  if (napi_check_object_type_tag(env, value, &key_tag, &ours) != napi_ok || !ours) return NULL;
  return napi_unwrap(env, value, &key) == napi_ok ? key : NULL;
}

static void finalize_key(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  free_key(data);
}

/* From a copy: shared memory could change while it is parsed. */
static struct key *load_copy(const unsigned char *data, size_t length) {
  unsigned char *der = OPENSSL_memdup(data, length);
  struct key *key = der == NULL ? NULL : load_key(der, length);
  OPENSSL_clear_free(der, length);
  return key;
}

static napi_value wrapped(napi_env env, struct key *key) {
  napi_value object;
  if (key == NULL) return fail(env, "The key cannot be used.");
  if (napi_create_object(env, &object) != napi_ok || napi_type_tag_object(env, object, &key_tag) != napi_ok ||
      napi_wrap(env, object, key, finalize_key, NULL, NULL) != napi_ok) {
    free_key(key);
    return fail(env, "The key cannot be kept.");
  }
  return object;
}

static napi_value load(napi_env env, napi_callback_info info) {
  napi_value value;
  const unsigned char *data;
  size_t length;
  if (!arguments(env, info, 1, &value)) return NULL;
  if (!bytes_of(env, value, &data, &length)) return refuse_type(env, "The key must be a Uint8Array.");
  if (length == 0 || length > MAX_DER) return refuse_range(env, "The key has a wrong length.");
  return wrapped(env, load_copy(data, length));
}

static napi_value load_point_of(napi_env env, napi_callback_info info) {
  napi_value values[2];
  const unsigned char *data;
  unsigned char point[MAX_POINT];
  size_t length, name_length;
  char name[MAX_CURVE + 2];
  if (!arguments(env, info, 2, values)) return NULL;
  bool is_name = napi_get_value_string_utf8(env, values[0], name, sizeof name, &name_length) == napi_ok;
  const struct algorithm *row = is_name && strlen(name) == name_length ? find_curve(name) : NULL;
  if (row == NULL) return refuse_type(env, "The curve is not supported.");
  if (!bytes_of(env, values[1], &data, &length)) return refuse_type(env, "The key must be a Uint8Array.");
  if (length == 0 || length > sizeof point) return refuse_range(env, "The key has a wrong length.");
  memcpy(point, data, length); /* as in load_copy */
  return wrapped(env, load_point(row, point, length));
}

static napi_value runs_inline(napi_env env, napi_callback_info info) {
  napi_value value, answer;
  if (!arguments(env, info, 1, &value)) return NULL;
  struct key *key = key_of(env, value);
  if (key == NULL) return refuse_type(env, "The key is not one of this module.");
  return napi_get_boolean(env, key->runs_inline, &answer) == napi_ok ? answer : NULL;
}

static napi_value release(napi_env env, napi_callback_info info) {
  napi_value value;
  if (!arguments(env, info, 1, &value)) return NULL;
  struct key *key = key_of(env, value);
  if (key == NULL) return refuse_type(env, "The key is not one of this module.");
  EVP_PKEY_free(key->pkey); /* work that has begun holds a reference of its own */
  key->pkey = NULL;
  return NULL;
}

static const struct algorithm *algorithm_of(napi_env env, napi_value value) {
  char name[MAX_ALG + 2]; /* one more than any has: what is longer must not be cut to one of them */
  size_t length;
  if (napi_get_value_string_utf8(env, value, name, sizeof name, &length) != napi_ok) return NULL;
  return find_algorithm(name, length);
}

static napi_value sign_now(napi_env env, const struct key *key, const struct algorithm *alg,
                           const unsigned char *digest, size_t length) {
  unsigned char out[MAX_SIGNATURE];
  napi_value signature;
  size_t bytes = sign(key->pkey, alg, digest, length, out);
  return bytes > 0 && napi_create_buffer_copy(env, bytes, out, NULL, &signature) == napi_ok ? signature : NULL;
}

/* The key of values[0] for the algorithm of values[1], which is stored; NULL when refused. */
static const struct key *key_for(napi_env env, const napi_value *values, bool is_public, const struct algorithm **alg) {
  const struct key *key = key_of(env, values[0]);
  *alg = NULL;
  if (key == NULL) {
    refuse_type(env, "The key is not one of this module.");
  } else if (key->pkey == NULL) {
    fail(env, "The key has been released.");
  } else if (key->is_public != is_public) {
    refuse_type(env, "The key is not for this operation.");
  } else if ((*alg = algorithm_of(env, values[1])) == NULL) {
    refuse_type(env, "The algorithm is not supported.");
  } else if (!fits_key(*alg, key)) {
    refuse_type(env, "The algorithm does not fit the key.");
  } else {
    return key;
  }
  return NULL;
}

static bool digest_for(napi_env env, napi_value value, const struct key *key, const struct algorithm *alg,
                       const unsigned char **digest, size_t *length) {
  if (!bytes_of(env, value, digest, length)) {
    refuse_type(env, "The digest must be a Uint8Array.");
  } else if (!fits_length(alg, key, *length)) {
    refuse_range(env, "The digest has a wrong length.");
  } else {
    return true;
  }
  return false;
}

static napi_value sign_digest(napi_env env, napi_callback_info info) {
  napi_value values[3];
  const struct algorithm *alg;
  const unsigned char *digest;
  size_t length;
  if (!arguments(env, info, 3, values)) return NULL;
  const struct key *key = key_for(env, values, false, &alg);
  if (key == NULL || !digest_for(env, values[2], key, alg, &digest, &length)) return NULL;
  napi_value answer = (key->runs_inline ? sign_now : sign_later)(env, key, alg, digest, length);
  return answer != NULL ? answer : fail(env, UNSIGNED);
}

static napi_value verify_now(napi_env env, const struct key *key, const struct algorithm *alg,
                             const unsigned char *digest, size_t length, const unsigned char *signature) {
  napi_value answer;
  bool right = verify(key->pkey, alg, digest, length, signature);
  return napi_get_boolean(env, right, &answer) == napi_ok ? answer : NULL;
}

static napi_value verify_digest(napi_env env, napi_callback_info info) {
  napi_value values[4];
  const struct algorithm *alg;
  const unsigned char *digest, *given;
  unsigned char signature[2 * MAX_HALF];
  size_t length, signature_length;
  if (!arguments(env, info, 4, values)) return NULL;
  const struct key *key = key_for(env, values, true, &alg);
  if (key == NULL || !digest_for(env, values[2], key, alg, &digest, &length)) return NULL;
  if (!bytes_of(env, values[3], &given, &signature_length)) {
    return refuse_type(env, "The signature must be a Uint8Array.");
  }
  if (signature_length != 2 * alg->half) return refuse_range(env, "The signature has a wrong length.");
  memcpy(signature, given, signature_length); /* as in load_copy */
  napi_value answer = (key->runs_inline ? verify_now : verify_later)(env, key, alg, digest, length, signature);
  return answer != NULL ? answer : fail(env, UNCHECKED);
}

static const struct {
  const char *name;
  napi_callback function;
} functions[] = {
  { "load", load },
  { "loadPoint", load_point_of },
  { "runsInline", runs_inline },
  { "signDigest", sign_digest },
  { "verifyDigest", verify_digest },
  { "release", release },
};

NAPI_MODULE_INIT() {
  /* Another major version may lay out or mean something else under the same names. */
  if (OPENSSL_version_major() != OPENSSL_VERSION_MAJOR) return fail(env, "This node has another OpenSSL; build again.");
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i += 1) {
    napi_value value;
    if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &value) != napi_ok ||
        napi_set_named_property(env, exports, functions[i].name, value) != napi_ok) {
      return NULL;
    }
  }
  return exports;
}
