/*
 * Signatures of ready digests by the OpenSSL inside Node: what node:crypto cannot do for EC at all, and for RSA only on
 * the thread that asks. Node-API alone (stable over Node's versions) and functions of OpenSSL 3.0; the symbols of both are
 * those of the running node binary.
 *
 * What JavaScript sees:
 *   load(der)                     PKCS#8 DER -> key object; throws for what is no such key (key.c)
 *   signsInline(key)              whether `signDigest` answers at once: a P-256 signature costs less than a change of thread
 *   signDigest(key, alg, digest)  a Buffer (EC: r || s), or a promise of one that is made on libuv's pool
 *   release(key)                  drops the key; work that has begun still finishes; may be repeated
 *
 * No message tells more than which argument is wrong. Nothing here is shared by environments (worker threads): the only
 * state is in the key objects, and a key's EVP_PKEY, whose references OpenSSL counts atomically.
 */
#include "signer.h"
#include <openssl/opensslv.h>

#define MAX_ALG 8 /* characters of the longest name */

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

static napi_value load(napi_env env, napi_callback_info info) {
  napi_value value;
  const unsigned char *data;
  size_t length;
  if (!arguments(env, info, 1, &value)) return NULL;
  if (!bytes_of(env, value, &data, &length)) return refuse_type(env, "The key must be a Uint8Array.");
  if (length == 0 || length > MAX_DER) return refuse_range(env, "The key has a wrong length.");
  struct key *key = load_copy(data, length);
  if (key == NULL) return fail(env, "The key cannot be used.");
  napi_value object;
  if (napi_create_object(env, &object) != napi_ok || napi_type_tag_object(env, object, &key_tag) != napi_ok ||
      napi_wrap(env, object, key, finalize_key, NULL, NULL) != napi_ok) {
    free_key(key);
    return fail(env, "The key cannot be kept.");
  }
  return object;
}

static napi_value signs_inline(napi_env env, napi_callback_info info) {
  napi_value value, answer;
  if (!arguments(env, info, 1, &value)) return NULL;
  struct key *key = key_of(env, value);
  if (key == NULL) return refuse_type(env, "The key is not one of this module.");
  return napi_get_boolean(env, key->signs_inline, &answer) == napi_ok ? answer : NULL;
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

static napi_value sign_digest(napi_env env, napi_callback_info info) {
  napi_value values[3];
  const unsigned char *digest;
  size_t length;
  if (!arguments(env, info, 3, values)) return NULL;
  const struct key *key = key_of(env, values[0]);
  if (key == NULL) return refuse_type(env, "The key is not one of this module.");
  if (key->pkey == NULL) return fail(env, "The key has been released.");
  const struct algorithm *alg = algorithm_of(env, values[1]);
  if (alg == NULL) return refuse_type(env, "The algorithm is not supported.");
  if (!fits_key(alg, key)) return refuse_type(env, "The algorithm does not fit the key.");
  if (!bytes_of(env, values[2], &digest, &length)) return refuse_type(env, "The digest must be a Uint8Array.");
  if (!fits_length(alg, key, length)) return refuse_range(env, "The digest has a wrong length.");
  napi_value answer = (key->signs_inline ? sign_now : sign_later)(env, key, alg, digest, length);
  return answer != NULL ? answer : fail(env, "The signature could not be made.");
}

static bool export_function(napi_env env, napi_value exports, const char *name, napi_callback function) {
  napi_value value;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, function, NULL, &value) == napi_ok &&
         napi_set_named_property(env, exports, name, value) == napi_ok;
}

NAPI_MODULE_INIT() {
  /* Another major version may lay out or mean something else under the same names. */
  if (OPENSSL_version_major() != OPENSSL_VERSION_MAJOR) return fail(env, "This node has another OpenSSL; build again.");
  bool done = export_function(env, exports, "load", load) && export_function(env, exports, "signsInline", signs_inline) &&
              export_function(env, exports, "signDigest", sign_digest) &&
              export_function(env, exports, "release", release);
  return done ? exports : NULL;
}
