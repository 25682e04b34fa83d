"""Keys in the form of another library, pyca/cryptography, which judges what Coffer answers."""

from azure.keyvault.keys import JsonWebKey
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CURVES = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "P-256K": ec.SECP256K1(),
    "SECP256K1": ec.SECP256K1(),
}


def number(octets):
    return int.from_bytes(octets, "big")


def octets(value, length=None):
    return value.to_bytes(length or (value.bit_length() + 7) // 8, "big")


def public_key(jwk: JsonWebKey):
    """The public half of a key."""
    if jwk.kty == "RSA":
        return rsa.RSAPublicNumbers(number(jwk.e), number(jwk.n)).public_key()
    return ec.EllipticCurvePublicNumbers(number(jwk.x), number(jwk.y), CURVES[jwk.crv]).public_key()


def rsa_jwk(private, key_ops=None):
    """Members of a JsonWebKey; numbers as bytes, big-endian."""
    numbers = private.private_numbers()
    values = {
        "n": numbers.public_numbers.n,
        "e": numbers.public_numbers.e,
        "d": numbers.d,
        "p": numbers.p,
        "q": numbers.q,
        "dp": numbers.dmp1,
        "dq": numbers.dmq1,
        "qi": numbers.iqmp,
    }
    return {"kty": "RSA", "key_ops": key_ops, **{name: octets(value) for name, value in values.items()}}


def ec_jwk(curve, key_ops=None):
    """Members of a JsonWebKey of a new key."""
    numbers = ec.generate_private_key(CURVES[curve]).private_numbers()
    length = (CURVES[curve].key_size + 7) // 8
    x, y = numbers.public_numbers.x, numbers.public_numbers.y
    values = {"x": x, "y": y, "d": numbers.private_value}
    members = {name: octets(value, length) for name, value in values.items()}
    return {"kty": "EC", "crv": curve, "key_ops": key_ops, **members}
