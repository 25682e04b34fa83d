/* Signatures and their verification on libuv's thread pool. */
#include "signer.h"

struct work {
  napi_async_work handle;
  napi_deferred deferred;
  EVP_PKEY *pkey; /* a reference of its own */
  const struct algorithm *alg;
  size_t digest_bytes;
  size_t signature_bytes; /* 0: not made */
  bool verifies;          /* the signature was given */
  bool right;
  unsigned char digest[MAX_SIGNATURE];
  unsigned char signature[MAX_SIGNATURE];
};

static void free_work(struct work *work) {
  EVP_PKEY_free(work->pkey);
  OPENSSL_clear_free(work, sizeof *work);
}

/* On a thread of libuv's pool: no JavaScript here. */
static void execute(napi_env env, void *data) {
  (void)env;
  struct work *work = data;
  if (work->verifies) {
    work->right = verify(work->pkey, work->alg, work->digest, work->digest_bytes, work->signature);
  } else {
    work->signature_bytes = sign(work->pkey, work->alg, work->digest, work->digest_bytes, work->signature);
  }
}

static bool answer(napi_env env, const struct work *work, napi_value *value) {
  if (work->verifies) return napi_get_boolean(env, work->right, value) == napi_ok;
  return work->signature_bytes > 0 &&
         napi_create_buffer_copy(env, work->signature_bytes, work->signature, NULL, value) == napi_ok;
}

/* Back on the thread of JavaScript; also when the environment ends, where every call below may fail: then it is only freed. */
static void complete(napi_env env, napi_status status, void *data) {
  struct work *work = data;
  napi_value value, message;
  if (status == napi_ok && answer(env, work, &value)) {
    napi_resolve_deferred(env, work->deferred, value);
  } else if (napi_create_string_latin1(env, work->verifies ? UNCHECKED : UNSIGNED, NAPI_AUTO_LENGTH, &message) == napi_ok &&
             napi_create_error(env, NULL, message, &value) == napi_ok) {
    napi_reject_deferred(env, work->deferred, value);
  }
  napi_delete_async_work(env, work->handle);
  free_work(work);
}

static bool queue(napi_env env, struct work *work) {
  napi_value name;
  if (napi_create_string_latin1(env, work->verifies ? "coffer:verify" : "coffer:sign", NAPI_AUTO_LENGTH, &name) != napi_ok) return false;
  if (napi_create_async_work(env, NULL, name, execute, complete, work, &work->handle) != napi_ok) return false;
  if (napi_queue_async_work(env, work->handle) == napi_ok) return true;
  napi_delete_async_work(env, work->handle);
  return false;
}

static struct work *new_work(const struct algorithm *alg, const unsigned char *digest, size_t length) {
  struct work *work = OPENSSL_zalloc(sizeof *work);
  if (work == NULL) return NULL;
  work->alg = alg;
  work->digest_bytes = length;
  memcpy(work->digest, digest, length);
  return work;
}

static napi_value begin(napi_env env, const struct key *key, struct work *work) {
  napi_value promise, undefined;
  if (EVP_PKEY_up_ref(key->pkey) == 1) work->pkey = key->pkey;
  if (work->pkey != NULL && napi_create_promise(env, &work->deferred, &promise) == napi_ok) {
    if (queue(env, work)) return promise;
    /* Frees the deferred; nobody has the promise. */
    if (napi_get_undefined(env, &undefined) == napi_ok) napi_resolve_deferred(env, work->deferred, undefined);
  }
  free_work(work);
  return NULL;
}

napi_value sign_later(napi_env env, const struct key *key, const struct algorithm *alg, const unsigned char *digest,
                      size_t length) {
  struct work *work = new_work(alg, digest, length);
  return work == NULL ? NULL : begin(env, key, work);
}

napi_value verify_later(napi_env env, const struct key *key, const struct algorithm *alg, const unsigned char *digest,
                        size_t length, const unsigned char *signature) {
  struct work *work = new_work(alg, digest, length);
  if (work == NULL) return NULL;
  work->verifies = true;
  memcpy(work->signature, signature, 2 * alg->half);
  return begin(env, key, work);
}
