"""The head of a company's chain, time-stamped by an authority outside (RFC 3161), kept beside its trail.

    TRAIL_DIR/<siren>.<sequence>.txt    what was stamped: SIREN, place and hash of an event, in one line
    TRAIL_DIR/<siren>.<sequence>.tsr    the authority's answer, as `openssl ts -verify` reads it

Whoever computes a chain again whole, from before that event, cannot have it stamped on a past day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from django.conf import settings
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from config.kernel.chain import Break
from config.kernel.errors import DomainError, RemoteError
from config.kernel.http import Session
from config.kernel.models import AuditChain, AuditEvent, Company
from config.kernel.outbound import PublicAdapter

QUERY = "application/timestamp-query"
DEADLINE = 30.0  # seconds
LARGEST = 64 * 1024  # bytes of an answer, its certificates included


class NotStamped(DomainError):
    code = "not_stamped"
    message = "L’horodatage n’a pas été obtenu : %(problem)s"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A head that was stamped: its place in the chain, the line that was stamped, and the authority's answer."""

    sequence: int
    text: bytes
    answer: bytes


def stamp_head(company: Company) -> Stamp | None:
    """Have the present head stamped, and keep the answer; None where it is already, or the chain is empty.

    Must be called outside a transaction. Raises NotStamped, OSError.
    """
    head = AuditChain.objects.filter(company=company).first()
    if head is None or not head.length or _path(company, head.length, "tsr").exists():
        return None
    text = line_of(company, head.length, head.head)
    stamp = Stamp(head.length, text, _asked_for(text))
    if problem := problem_of(stamp):
        raise NotStamped(problem=problem)
    Path(settings.TRAIL_DIR).mkdir(parents=True, exist_ok=True)
    # the answer last: without it the line means nothing, and is written again
    for ending, data in (("txt", stamp.text), ("tsr", stamp.answer)):
        unfinished = _path(company, head.length, f"{ending}.unfinished")
        unfinished.write_bytes(data)
        unfinished.replace(_path(company, head.length, ending))
    return stamp


def line_of(company: Company, sequence: int, head: str) -> bytes:
    return f"{company.legal_number} {sequence} {head}\n".encode()


def _path(company: Company, sequence: int, ending: str) -> Path:
    return Path(settings.TRAIL_DIR, f"{company.legal_number}.{sequence}.{ending}")


def _asked_for(text: bytes) -> bytes:
    request = (
        TimestampRequestBuilder()
        .data(text)
        .hash_algorithm(HashAlgorithm.SHA256)
        .cert_request(cert_request=True)
        .build()
    )
    try:
        with Session(
            adapter=PublicAdapter(deadline=DEADLINE, loopback=not settings.PRODUCTION), max_bytes=LARGEST
        ) as http:
            answer = http.post(settings.TSA_URL, data=request.as_bytes(), headers={"Content-Type": QUERY})
    except RemoteError as error:
        raise NotStamped(problem=error.message) from error
    found = answer.body
    try:
        if decode_timestamp_response(found).tst_info.nonce != request.nonce:
            raise NotStamped(problem="l’autorité a répondu à une autre demande.")
    except ValueError as error:
        raise NotStamped(problem=f"l’autorité a répondu autre chose qu’un horodatage ({error}).") from error
    return found


def stamps_of(company: Company) -> Iterator[Stamp]:
    """What was stamped of the company's chain, in its order."""
    name = re.compile(rf"{company.legal_number}\.(\d+)\.tsr")
    places = (name.fullmatch(path.name) for path in Path(settings.TRAIL_DIR).glob(f"{company.legal_number}.*.tsr"))
    for sequence in sorted(int(found.group(1)) for found in places if found):
        text = _path(company, sequence, "txt")
        answer = _path(company, sequence, "tsr").read_bytes()
        yield Stamp(sequence, text.read_bytes() if text.exists() else b"", answer)


def verify_stamps(company: Company) -> list[Break]:
    """The stamps that do not hold, or that stamped another event than the chain has at that place. Asks nobody."""
    breaks = []
    for stamp in stamps_of(company):
        event = AuditEvent.everywhere.filter(company=company, sequence=stamp.sequence).first()
        if problem := problem_of(stamp):
            breaks.append(Break("time stamp", stamp.sequence, problem))
        elif event is None or line_of(company, stamp.sequence, event.hash) != stamp.text:
            breaks.append(Break("time stamp", stamp.sequence, "the event is another than the one that was stamped"))
    return breaks


def problem_of(stamp: Stamp) -> str:
    """Why the answer does not prove that the line existed at its time; '' where it does."""
    try:
        found = decode_timestamp_response(stamp.answer)
        _verify(found, stamp.text)
    except (ValueError, VerificationError) as error:
        return f"the time stamp does not hold: {error}"
    return ""


def _verify(answer: TimeStampResponse, text: bytes) -> None:
    """Against the authorities of TSA_CERTIFICATES, at the moment of the stamp: they may have expired since."""
    verifier = VerifierBuilder()
    if not settings.TSA_CERTIFICATES:
        raise VerificationError("no authority is known: set TSA_CERTIFICATES")
    for certificate in x509.load_pem_x509_certificates(Path(settings.TSA_CERTIFICATES).read_bytes()):
        verifier = verifier.add_root_certificate(certificate)
    verifier.build().verify_message(answer, text)


def stamped_at(stamp: Stamp) -> datetime:
    return decode_timestamp_response(stamp.answer).tst_info.gen_time
