"""Every operation that azure-keyvault-keys offers. A case takes a Coffer and a name that is its own, and raises when something is wrong."""

import hashlib
import os
from datetime import datetime, timedelta, timezone

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.keyvault.keys import (
    JsonWebKey,
    KeyReleasePolicy,
    KeyRotationLifetimeAction,
    KeyRotationPolicy,
)
from azure.keyvault.keys.crypto import SignatureAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa

from foreign import ec_jwk, public_key, rsa_jwk

RS256 = SignatureAlgorithm.rs256
FAST = {"_polling_interval": 0.05}
CASES = {}


def case(since="2016-10-01", only=None):
    """Registers a case for the api-versions that have the operation, and the kinds of client that have it."""

    def register(function):
        CASES[function.__name__.replace("_", " ")] = (function, since, only)
        return function

    return register


def refused(status, call):
    """The refusal of a call; fails when there is none."""
    try:
        call()
    except HttpResponseError as error:
        assert error.status_code == status, f"{error.status_code} instead of {status}: {error.message}"
        return error
    raise AssertionError(f"nothing was refused, {status} was expected")


@case()
def create_RSA(coffer, name):
    newest = coffer.version == "2025-07-01"  # larger ones take long to make
    for size in (2048, 3072, 4096) if newest else (2048,):
        expires = datetime(2100, 1, 1, tzinfo=timezone.utc)
        key = coffer.keys.create_rsa_key(f"{name}-{size}", size=size, expires_on=expires, tags={"a": "b"})
        assert (key.key_type, public_key(key.key).key_size) == ("RSA", size)
        assert key.properties.expires_on == expires and key.properties.tags == {"a": "b"}
        assert key.id.startswith(f"{coffer.vault_url}/keys/{name}-{size}/")
    refused(400, lambda: coffer.keys.create_rsa_key(name, hardware_protected=True))


@case()
def create_EC(coffer, name):
    for curve, size in (("P-256", 256), ("P-384", 384), ("P-521", 521), ("P-256K", 256)):
        key = coffer.keys.create_ec_key(f"{name}-{curve}", curve=curve, key_operations=["sign", "verify"])
        spelt = "SECP256K1" if curve == "P-256K" and not coffer.since("7.0") else curve
        assert (key.key_type, key.key.crv, sorted(key.key_operations)) == ("EC", spelt, ["sign", "verify"])
        assert public_key(key.key).key_size == size  # the constructor refuses points off the curve


@case()
def create_oct(coffer, name):
    for size in (128, 192, 256):
        key = coffer.keys.create_oct_key(f"{name}-{size}", size=size)
        assert (key.key_type, key.key.k) == ("oct", None)
    refused(400, lambda: coffer.keys.create_oct_key(name, hardware_protected=True))


@case()
def import_RSA(coffer, name):
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key = coffer.keys.import_key(name, JsonWebKey(**rsa_jwk(private)), tags={"from": "elsewhere"})
    assert public_key(key.key) == private.public_key() and key.key.d is None
    assert key.properties.tags == {"from": "elsewhere"}
    digest = hashlib.sha256(b"x").digest()
    signature = coffer.remote(key).sign(RS256, digest).signature
    assert coffer.crypto(key).verify(RS256, digest, signature).is_valid


@case()
def import_EC(coffer, name):
    for curve in ("P-256", "P-384", "P-521", "P-256K"):
        jwk = ec_jwk(curve)
        key = coffer.keys.import_key(f"{name}-{curve}", JsonWebKey(**jwk))
        assert (key.key.x, key.key.y, key.key.d) == (jwk["x"], jwk["y"], None)


@case()
def import_oct(coffer, name):
    for size in (16, 24, 32):
        key = coffer.keys.import_key(f"{name}-{size}", JsonWebKey(kty="oct", k=os.urandom(size)))
        assert (key.key_type, key.key.k) == ("oct", None)
    refused(400, lambda: coffer.keys.import_key(name, JsonWebKey(kty="oct", k=os.urandom(7))))


@case()
def get(coffer, name):
    first, second = coffer.keys.create_ec_key(name), coffer.keys.create_ec_key(name)
    assert coffer.keys.get_key(name).id == second.id
    old = coffer.keys.get_key(name, first.properties.version)
    assert (old.id, old.key.x) == (first.id, first.key.x)
    try:
        coffer.keys.get_key(f"{name}-none")
    except ResourceNotFoundError as error:
        assert error.error.code == "KeyNotFound"
    else:
        raise AssertionError("a key that does not exist was found")


@case()
def list_keys(coffer, name):
    names = {f"{name}-{number}" for number in range(10)}
    for each in names:
        coffer.keys.create_ec_key(each)
    pages = [list(page) for page in coffer.keys.list_properties_of_keys(max_page_size=9).by_page()]
    assert len(pages) > 1 and max(len(page) for page in pages) <= 9
    assert names <= {properties.name for page in pages for properties in page}


@case()
def list_versions(coffer, name):
    made = {coffer.keys.create_ec_key(name).id for _ in range(3)}
    assert {each.id for each in coffer.keys.list_properties_of_key_versions(name, max_page_size=2)} == made


@case()
def update(coffer, name):
    key = coffer.keys.create_ec_key(name, tags={"a": "1"})
    at = datetime(2030, 1, 2, tzinfo=timezone.utc)
    changes = {"enabled": False, "expires_on": at, "tags": {"b": "2"}, "key_operations": ["verify"]}
    changed = coffer.keys.update_key_properties(name, key.properties.version, **changes)
    for found in (changed, coffer.keys.get_key(name)):
        properties = found.properties
        assert (properties.enabled, properties.expires_on, properties.tags) == (False, at, {"b": "2"})
        assert found.key_operations == ["verify"]


@case()
def delete_and_recover(coffer, name):
    key = coffer.keys.create_ec_key(name)
    deleted = coffer.keys.begin_delete_key(name, **FAST).result()
    assert deleted.recovery_id == f"{coffer.vault_url}/deletedkeys/{name}"
    assert timedelta(0) < deleted.scheduled_purge_date - deleted.deleted_date
    assert coffer.keys.get_deleted_key(name).id == key.id
    assert name in {each.name for each in coffer.keys.list_deleted_keys()}
    refused(404, lambda: coffer.keys.get_key(name))
    refused(409, lambda: coffer.keys.create_ec_key(name))
    assert coffer.keys.begin_recover_deleted_key(name, **FAST).result().id == key.id
    assert coffer.keys.get_key(name).id == key.id


@case()
def purge(coffer, name):
    coffer.keys.create_ec_key(name)
    coffer.keys.begin_delete_key(name, **FAST).result()
    coffer.keys.purge_deleted_key(name)
    refused(404, lambda: coffer.keys.get_deleted_key(name))
    coffer.keys.create_ec_key(name)


@case()
def backup_and_restore(coffer, name):
    first, second = coffer.keys.create_rsa_key(name, size=2048), coffer.keys.create_ec_key(name)
    digest = hashlib.sha256(b"x").digest()
    signature = coffer.remote(first).sign(RS256, digest).signature
    blob = coffer.keys.backup_key(name)
    try:
        coffer.keys.restore_key_backup(blob)
    except ResourceExistsError:
        pass
    else:
        raise AssertionError("a key was restored over itself")
    coffer.keys.begin_delete_key(name, **FAST).result()
    coffer.keys.purge_deleted_key(name)
    assert coffer.keys.restore_key_backup(blob).id == second.id
    assert coffer.remote(first).verify(RS256, digest, signature).is_valid


@case(since="7.3")
def rotate(coffer, name):
    first = coffer.keys.create_rsa_key(name, size=2048, key_operations=["sign"], tags={"a": "1"})
    second = coffer.keys.rotate_key(name)
    assert second.properties.version != first.properties.version and second.key.n != first.key.n
    assert (second.key_operations, second.properties.tags) == (["sign"], {"a": "1"})


@case(since="7.3")
def rotation_policy(coffer, name):
    coffer.keys.create_ec_key(name)
    preset = coffer.keys.get_key_rotation_policy(name)
    assert [(action.action, action.time_before_expiry) for action in preset.lifetime_actions] == [("Notify", "P30D")]
    rotation = KeyRotationLifetimeAction("Rotate", time_before_expiry="P30D")
    wanted = KeyRotationPolicy(lifetime_actions=[rotation], expires_in="P90D")
    set_policy = coffer.keys.update_key_rotation_policy(name, wanted)
    for policy in (set_policy, coffer.keys.get_key_rotation_policy(name)):
        actions = [(action.action, action.time_before_expiry) for action in policy.lifetime_actions]
        # An update replaces the actions it names; the notice is there for every key.
        assert ("Rotate", "P30D") in actions and policy.expires_in == "P90D"
        assert policy.created_on is not None and policy.id.endswith(f"/keys/{name}/rotationpolicy")
    refused(400, lambda: coffer.keys.update_key_rotation_policy(name, KeyRotationPolicy(expires_in="P5D")))


@case(since="7.3")
def release(coffer, name):
    """Gives what the key was released as: the spec opens it with the key of the attested environment."""
    policy = KeyReleasePolicy(os.environ["RELEASE_POLICY"].encode())
    key = coffer.keys.create_rsa_key(name, size=2048, exportable=True, release_policy=policy)
    found = coffer.keys.get_key(name).properties
    assert found.exportable and bytes(found.release_policy.encoded_policy) == policy.encoded_policy
    token = os.environ["ATTESTATION_TOKEN"]
    values = [
        coffer.keys.release_key(name, token, version=key.properties.version, algorithm=algorithm, nonce="fresh").value
        for algorithm in ("CKM_RSA_AES_KEY_WRAP", "RSA_AES_KEY_WRAP_256", "RSA_AES_KEY_WRAP_384")
    ]
    values.append(coffer.keys.release_key(name, token).value)
    refused(403, lambda: coffer.keys.release_key(name, "a.b.c"))
    return {"values": values, "n": key.key.n.hex()}


@case(since="7.3")
def random_bytes(coffer, name):
    one, other = coffer.keys.get_random_bytes(32), coffer.keys.get_random_bytes(32)
    assert (len(one), len(other)) == (32, 32) and one != other
    assert len(coffer.keys.get_random_bytes(128)) == 128
    refused(400, lambda: coffer.keys.get_random_bytes(129))


@case(since="7.6")
def attestation(coffer, name):
    coffer.keys.create_ec_key(name)
    assert refused(400, lambda: coffer.keys.get_key_attestation(name)).error.code == "BadParameter"
