"""Every algorithm that the client names: by the vault, by the client itself, and each opening what the other made."""

import hashlib
import os

from azure.keyvault.keys import JsonWebKey
from azure.keyvault.keys.crypto import EncryptionAlgorithm, KeyWrapAlgorithm, SignatureAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cases import case, refused
from foreign import ec_jwk, public_key, rsa_jwk

RSA_SIGNATURES = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
EC_SIGNATURES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "ES256K": "P-256K"}
RSA_ENCRYPTIONS = ["RSA1_5", "RSA-OAEP", "RSA-OAEP-256"]


def digest_of(algorithm, data=b"data"):
    return hashlib.new(f"sha{algorithm[2:5]}", data).digest()


def check_signature(signer, verifiers, algorithm):
    """Signs a digest; every verifier must accept the signature for it, and for no other digest."""
    algorithm = SignatureAlgorithm(algorithm)
    digest, other = digest_of(algorithm), digest_of(algorithm, b"other")
    signature = signer.sign(algorithm, digest).signature
    for verifier in verifiers:
        assert verifier.verify(algorithm, digest, signature).is_valid, algorithm
        assert not verifier.verify(algorithm, other, signature).is_valid, algorithm


def is_local(client, operation, algorithm):
    client._initialize()
    return client._local_provider.supports(operation, algorithm)


@case()
def sign_and_verify_RSA(coffer, name):
    key = coffer.keys.create_rsa_key(name, size=2048)
    remote, local = coffer.remote(key), coffer.crypto(key)
    for algorithm in RSA_SIGNATURES:
        assert is_local(local, "verify", algorithm) and not is_local(local, "sign", algorithm)
        check_signature(remote, [remote, local, coffer.crypto(key.id)], algorithm)


@case()
def sign_and_verify_EC(coffer, name):
    for algorithm, curve in EC_SIGNATURES.items():
        key = coffer.keys.create_ec_key(f"{name}-{curve}", curve=curve)
        if curve == "P-256K" and not coffer.since("7.0"):
            # The curve had another name then, which this client does not know: only the vault can use the key.
            check_signature(coffer.remote(key), [coffer.remote(key)], algorithm)
            continue
        remote = coffer.remote(key)
        check_signature(remote, [remote, coffer.crypto(key), coffer.crypto(key.id)], algorithm)


@case()
def encrypt_and_decrypt_RSA(coffer, name):
    key = coffer.keys.create_rsa_key(name, size=2048)
    remote, local = coffer.remote(key), coffer.crypto(key)
    for algorithm in map(EncryptionAlgorithm, RSA_ENCRYPTIONS):
        assert is_local(local, "encrypt", algorithm)
        for sealed in (remote.encrypt(algorithm, b"text"), local.encrypt(algorithm, b"text")):
            assert remote.decrypt(algorithm, sealed.ciphertext).plaintext == b"text", algorithm
            assert local.decrypt(algorithm, sealed.ciphertext).plaintext == b"text", algorithm
        # What does not open under RSA1_5 gives other bytes (implicit rejection), never a refusal that tells why.
        if algorithm != EncryptionAlgorithm.rsa1_5:
            refused(400, lambda: remote.decrypt(algorithm, bytes(256)))


@case()
def wrap_and_unwrap_RSA(coffer, name):
    key = coffer.keys.create_rsa_key(name, size=2048)
    remote, local = coffer.remote(key), coffer.crypto(key)
    for algorithm in map(KeyWrapAlgorithm, RSA_ENCRYPTIONS):
        secret = os.urandom(32)
        for wrapped in (remote.wrap_key(algorithm, secret), local.wrap_key(algorithm, secret)):
            assert remote.unwrap_key(algorithm, wrapped.encrypted_key).key == secret, algorithm
            assert local.unwrap_key(algorithm, wrapped.encrypted_key).key == secret, algorithm


@case(since="7.2")
def encrypt_and_decrypt_AES(coffer, name):
    for size in (128, 192, 256):
        k = os.urandom(size // 8)
        key = coffer.keys.import_key(f"{name}-{size}", JsonWebKey(kty="oct", k=k))
        remote = coffer.remote(key)
        gcm = EncryptionAlgorithm(f"A{size}GCM")
        for aad in (None, b"context"):
            sealed = remote.encrypt(gcm, b"text", additional_authenticated_data=aad)
            rest = {"iv": sealed.iv, "authentication_tag": sealed.tag, "additional_authenticated_data": aad}
            assert remote.decrypt(gcm, sealed.ciphertext, **rest).plaintext == b"text"
            rest["additional_authenticated_data"] = b"another"
            refused(400, lambda: remote.decrypt(gcm, sealed.ciphertext, **rest))
        for algorithm in map(EncryptionAlgorithm, (f"A{size}CBC", f"A{size}CBCPAD")):
            iv = os.urandom(16)
            plaintext = os.urandom(37 if algorithm.endswith("PAD") else 48)
            sealed = remote.encrypt(algorithm, plaintext, iv=iv)
            assert remote.decrypt(algorithm, sealed.ciphertext, iv=iv).plaintext == plaintext
        owner = coffer.owner({"kty": "oct", "k": k, "key_ops": ["encrypt", "decrypt"]})
        padded = EncryptionAlgorithm(f"A{size}CBCPAD")
        assert owner.decrypt(padded, sealed.ciphertext, iv=iv).plaintext == plaintext
        sealed = owner.encrypt(padded, b"text", iv=iv)
        assert remote.decrypt(padded, sealed.ciphertext, iv=iv).plaintext == b"text"


@case(since="7.2")
def wrap_and_unwrap_AES(coffer, name):
    for size in (128, 192, 256):
        k = os.urandom(size // 8)
        remote = coffer.remote(coffer.keys.import_key(f"{name}-{size}", JsonWebKey(kty="oct", k=k)))
        algorithm, secret = KeyWrapAlgorithm(f"A{size}KW"), os.urandom(32)
        wrapped = remote.wrap_key(algorithm, secret).encrypted_key
        owner = coffer.owner({"kty": "oct", "k": k, "key_ops": ["wrapKey", "unwrapKey"]})
        assert owner.unwrap_key(algorithm, wrapped).key == secret
        assert remote.unwrap_key(algorithm, owner.wrap_key(algorithm, secret).encrypted_key).key == secret
        refused(400, lambda: remote.unwrap_key(algorithm, wrapped[::-1]))
        for later in map(KeyWrapAlgorithm, ("CKM_AES_KEY_WRAP", "CKM_AES_KEY_WRAP_PAD")):
            if not coffer.since("7.6"):
                refused(400, lambda: remote.wrap_key(later, secret))
                continue
            assert remote.unwrap_key(later, remote.wrap_key(later, secret).encrypted_key).key == secret


@case(since="7.2")
def made_up_oct_key(coffer, name):
    """
    A client that has read an oct key, of which no vault tells the bytes, takes random ones in their place: what it wraps and pads
    by itself nobody else can open. docs/azure-divergences.md warns of it, and can stop when this fails.
    """
    key = coffer.keys.create_oct_key(name, size=256)
    client, remote = coffer.crypto(key), coffer.remote(key)
    wrapped = client.wrap_key(KeyWrapAlgorithm.aes_256, b"k" * 32).encrypted_key
    refused(400, lambda: remote.unwrap_key(KeyWrapAlgorithm.aes_256, wrapped))
    padded, iv = EncryptionAlgorithm.a256_cbcpad, os.urandom(16)
    by_client, by_vault = (each.encrypt(padded, b"text", iv=iv).ciphertext for each in (client, remote))
    assert by_client != by_vault, "one key, one iv and one plaintext make one ciphertext"
    # What the warning recommends is done by the vault.
    gcm = EncryptionAlgorithm.a256_gcm
    sealed = client.encrypt(gcm, b"text")
    rest = {"iv": sealed.iv, "authentication_tag": sealed.tag}
    assert remote.decrypt(gcm, sealed.ciphertext, **rest).plaintext == b"text"


@case(since="7.6")
def sign_and_verify_HMAC(coffer, name):
    key = coffer.keys.create_oct_key(name, size=256, key_operations=["sign", "verify"])
    remote = coffer.remote(key)
    for algorithm in ("HS256", "HS384", "HS512"):
        check_signature(remote, [remote], algorithm)


@case()
def local_by_JWK(coffer, name):
    """The owner of a key that was imported works without the vault, and each opens what the other made."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    ops = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]
    jwk = rsa_jwk(private, ops)
    owner = coffer.owner(jwk)
    remote = coffer.remote(coffer.keys.import_key(f"{name}-rsa", JsonWebKey(**jwk)))
    for algorithm in RSA_SIGNATURES:
        check_signature(owner, [owner, remote], algorithm)
        check_signature(remote, [owner], algorithm)
    for algorithm in RSA_ENCRYPTIONS:
        encryption, wrap = EncryptionAlgorithm(algorithm), KeyWrapAlgorithm(algorithm)
        assert owner.decrypt(encryption, remote.encrypt(encryption, b"text").ciphertext).plaintext == b"text"
        assert remote.decrypt(encryption, owner.encrypt(encryption, b"text").ciphertext).plaintext == b"text"
        assert owner.unwrap_key(wrap, remote.wrap_key(wrap, b"text").encrypted_key).key == b"text"
        assert remote.unwrap_key(wrap, owner.wrap_key(wrap, b"text").encrypted_key).key == b"text"
    for algorithm, curve in EC_SIGNATURES.items():
        if curve == "P-256K" and not coffer.since("7.0"):
            continue
        jwk = ec_jwk(curve, ["sign", "verify"])
        owner = coffer.owner(jwk)
        remote = coffer.remote(coffer.keys.import_key(f"{name}-{curve}", JsonWebKey(**jwk)))
        check_signature(owner, [owner, remote], algorithm)
        check_signature(remote, [owner], algorithm)


@case()
def local_after_fetching(coffer, name):
    """A client that knows the public half verifies and encrypts without the vault, and asks it for the rest."""
    key = coffer.keys.create_rsa_key(name, size=2048)
    client = coffer.crypto(key.id)
    digest = digest_of("RS256")
    signature = client.sign(SignatureAlgorithm.rs256, digest).signature
    coffer.recorder.note_from_here()
    assert client.verify(SignatureAlgorithm.rs256, digest, signature).is_valid
    sealed = client.encrypt(EncryptionAlgorithm.rsa_oaep_256, b"text").ciphertext
    wrapped = client.wrap_key(KeyWrapAlgorithm.rsa_oaep, b"text").encrypted_key
    assert coffer.recorder.since_note() == [], "the vault was asked for what the client can do by itself"
    assert client.decrypt(EncryptionAlgorithm.rsa_oaep_256, sealed).plaintext == b"text"
    assert client.unwrap_key(KeyWrapAlgorithm.rsa_oaep, wrapped).key == b"text"


@case(only="sync")
def as_a_key_of_pyca_cryptography(coffer, name):
    """The client gives keys the interface of pyca/cryptography; the asynchronous one does not, as that does not wait."""
    key = coffer.keys.create_rsa_key(name, size=2048)
    client = coffer.crypto(key)
    private, public = client.create_rsa_private_key(), client.create_rsa_public_key()
    assert private.key_size == 2048 and private.public_key() == public
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert public.public_bytes(*form) == public_key(key.key).public_bytes(*form)
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
    for scheme in (padding.PKCS1v15(), pss):
        signature = private.sign(b"data", scheme, hashes.SHA256())
        public.verify(signature, b"data", scheme, hashes.SHA256())
        public_key(key.key).verify(signature, b"data", scheme, hashes.SHA256())
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    for scheme in (padding.PKCS1v15(), oaep):
        assert private.decrypt(public.encrypt(b"text", scheme), scheme) == b"text"
