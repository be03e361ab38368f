"""What opens Revolut's API: our RSA key, the certificate to upload there, the assertion of each token (RFC 7523)."""

from __future__ import annotations

from datetime import datetime, timedelta

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

AUDIENCE = "https://revolut.com"
BITS = 2048
GOOD_FOR = timedelta(days=5 * 365)
ASSERTED_FOR = timedelta(minutes=5)


def new_key() -> str:
    """A private key (PEM), which stays with us."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def certificate_of(key: str, *, name: str, at: datetime) -> str:
    """The certificate (PEM, self-signed, five years) by which Revolut knows our public key."""
    private = serialization.load_pem_private_key(key.encode(), password=None)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise TypeError("not an RSA key")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    made = x509.CertificateBuilder(subject, subject, private.public_key(), x509.random_serial_number())
    made = made.not_valid_before(at - timedelta(days=1)).not_valid_after(at + GOOD_FOR)
    return made.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def assertion(key: str, *, client_id: str, issuer: str, at: datetime) -> str:
    """The signed claims by which Revolut recognises us (RFC 7523). `issuer`: the domain of our redirect address."""
    until = int((at + ASSERTED_FOR).timestamp())
    claims = {"iss": issuer, "sub": client_id, "aud": AUDIENCE, "exp": until}
    return jwt.encode(claims, key, algorithm="RS256")
