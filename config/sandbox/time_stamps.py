"""A time-stamping authority (RFC 3161) of its own: a root, a certificate for stamping alone, and signed answers.

The DER that it writes is the little that an answer needs: X.690, RFC 3161 §2.4, RFC 5652 §5, RFC 5816.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

SHA256, ECDSA_SHA256 = "2.16.840.1.101.3.4.2.1", "1.2.840.10045.4.3.2"
SIGNED_DATA, TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.47"
POLICY = "1.3.6.1.4.1.99999.1"
_serials = count(1)


def der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    long = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(long)]) + long + body


def sequence(*parts: bytes) -> bytes:
    return der(0x30, *parts)


def integer(value: int) -> bytes:
    return der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    body = b""
    for arc in (first * 40 + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.insert(0, arc & 0x7F | 0x80)
        body += bytes(septets)
    return der(0x06, body)


def elements(data: bytes) -> list[tuple[int, bytes]]:
    """The tag and the body of each element in a row."""
    found, place = [], 0
    while place < len(data):
        tag, size, place = data[place], data[place + 1], place + 2
        if size & 0x80:
            width = size & 0x7F
            size, place = int.from_bytes(data[place : place + width], "big"), place + width
        found.append((tag, data[place : place + size]))
        place += size
    return found


@cache
def authority() -> tuple[x509.Certificate, x509.Certificate, ec.EllipticCurvePrivateKey]:
    """The root, the certificate for stamping, and the key of the latter: others each time the process starts."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate("Horodatage simulé, racine", root_key, root_key, None)
    return root, _certificate("Horodatage simulé", key, root_key, root), key


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, issuer: x509.Certificate | None
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if issuer:
        stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(stamping, critical=True)
    return builder.sign(signer, hashes.SHA256())


def answer_to(query: bytes) -> bytes:
    """The signed answer to a request, whatever was hashed."""
    parts = elements(elements(query)[0][1])
    imprint = sequence(parts[1][1])
    nonce = next((der(0x02, body) for tag, body in parts[2:] if tag == 0x02), b"")
    moment = der(0x18, f"{datetime.now(UTC):%Y%m%d%H%M%SZ}".encode())
    info = sequence(integer(1), oid(POLICY), imprint, integer(next(_serials)), moment, nonce)
    root, certificate, key = authority()
    granted = sequence(integer(0))
    return sequence(granted, sequence(oid(SIGNED_DATA), der(0xA0, _signed(info, root, certificate, key))))


def _signed(
    info: bytes, root: x509.Certificate, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> bytes:
    sealed = certificate.public_bytes(Encoding.DER)
    digest, of_certificate = hashlib.sha256(info).digest(), hashlib.sha256(sealed).digest()
    # DER wants the elements of a SET in the order of their bytes
    attributes = sorted(
        (
            sequence(oid(CONTENT_TYPE), der(0x31, oid(TST_INFO))),
            sequence(oid(MESSAGE_DIGEST), der(0x31, der(0x04, digest))),
            sequence(oid(SIGNING_CERTIFICATE), der(0x31, sequence(sequence(sequence(der(0x04, of_certificate)))))),
        )
    )
    signature = key.sign(der(0x31, *attributes), ec.ECDSA(hashes.SHA256()))
    issuer = sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number))
    signer = sequence(
        integer(1),
        issuer,
        sequence(oid(SHA256)),
        der(0xA0, *attributes),
        sequence(oid(ECDSA_SHA256)),
        der(0x04, signature),
    )
    content = sequence(oid(TST_INFO), der(0xA0, der(0x04, info)))
    certificates = der(0xA0, *sorted((sealed, root.public_bytes(Encoding.DER))))
    return sequence(integer(3), der(0x31, sequence(oid(SHA256))), content, certificates, der(0x31, signer))


@csrf_exempt
@require_POST
def time_stamp(request: HttpRequest) -> HttpResponse:
    """`POST /tsa`, as RFC 3161 §3.4 has it."""
    if request.content_type != "application/timestamp-query":
        return HttpResponse("a time-stamp query is wanted", status=415, content_type="text/plain")
    return HttpResponse(answer_to(request.body), content_type="application/timestamp-reply")
