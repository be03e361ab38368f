"""A mailbox per company, read over IMAP4rev1 (RFC 3501): the invoices attached to its mails are stored.

A mail is told by its UID, which never serves twice while UIDVALIDITY stands. It is marked as seen once its documents
are stored, and never deleted; a mail without any stays unseen, for people.
"""

from __future__ import annotations

import imaplib
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr
from typing import Any

from config.kernel import outbound
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, RemoteError
from einvoicing.models import ReceptionChannel, ReceptionSource
from einvoicing.reception.storing import MOST_BYTES, store_document

TIMEOUT = 20  # seconds
MOST_MAILS = 100  # of one reading
BEHIND = 200  # mails looked at again before the last: one may come in late
LARGEST_MAIL = 2 * MOST_BYTES
DOCUMENTS = (".pdf", ".xml", ".jpg", ".jpeg", ".png", ".tif", ".tiff")
CLERK = Actor.beat("boîte de réception")


def read_mailbox(source: ReceptionSource, *, at: datetime) -> int:
    """Store the documents of the mails that came; how many. Raises RemoteError, SecretUnreadable."""
    stored = 0
    with opened(source) as (session, validity):
        seen = _seen(source, validity)
        waiting = _uids(session, min(seen, default=0))
        for uid in [one for one in waiting if one not in seen][:MOST_MAILS]:
            mail = BytesParser(policy=policy.default).parsebytes(_fetch(session, uid))
            found = _store(source, f"{validity}:{uid}", mail, at)
            if found:
                session.uid("STORE", str(uid), "+FLAGS", "(\\Seen)")
            stored += found
            # after its documents: a reading that dies in between reads the mail again, and stores nothing twice
            seen.add(uid)
            _remember(source, validity, seen)
    ReceptionSource.everywhere.filter(pk=source.pk).update(polled_at=at, last_error="")
    return stored


def _seen(source: ReceptionSource, validity: str) -> set[int]:
    try:
        before, uids = json.loads(source.cursor or '["", []]')
    except ValueError:
        before, uids = "", []
    # another validity: the server has renumbered all its mails
    return set(uids) if before == validity else set()


def _remember(source: ReceptionSource, validity: str, seen: set[int]) -> None:
    cursor = json.dumps([validity, sorted(seen)[-BEHIND:]])
    ReceptionSource.everywhere.filter(pk=source.pk).update(cursor=cursor)


def _uids(session: imaplib.IMAP4, first: int) -> list[int]:
    _answer, data = session.uid("SEARCH", f"UID {max(1, first)}:*")
    return sorted(int(key) for key in (data[0] or b"").split())


def _fetch(session: imaplib.IMAP4, uid: int) -> bytes:
    # PEEK: reading alone must not mark it as seen
    _answer, data = session.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{LARGEST_MAIL}>)")
    return next((part[1] for part in data if isinstance(part, tuple)), b"")


def _store(source: ReceptionSource, mail_id: str, mail: EmailMessage, at: datetime) -> int:
    sender, stored = parseaddr(str(mail.get("From", "")))[1], 0
    for position, (name, media_type, data) in enumerate(documents_of(mail)):
        try:
            store_document(
                company_id=source.company_id,
                channel=ReceptionChannel.MAILBOX,
                remote_id=f"{mail_id}:{position}"[:200],
                name=name,
                data=data,
                media_type=media_type,
                sender=sender,
                actor=CLERK,
                at=at,
            )
        except DomainError:
            continue  # an empty attachment, or one beyond 100 MB: the mail stands in the mailbox
        stored += 1
    return stored


def documents_of(mail: EmailMessage) -> Iterator[tuple[str, str, bytes]]:
    """The attachments that may be invoices: name, media type, bytes. A picture within the text is a logo."""
    for part in mail.walk():
        name, media_type = part.get_filename() or "", part.get_content_type()
        if part.is_multipart() or not (name.lower().endswith(DOCUMENTS) or media_type == "application/pdf"):
            continue
        is_picture = media_type.startswith("image/")
        if is_picture and part.get_content_disposition() != "attachment":
            continue
        data: Any = part.get_payload(decode=True)
        if isinstance(data, bytes):
            yield name or "piece-jointe.pdf", media_type, data


class _Judged(imaplib.IMAP4):
    """Connects to addresses that were judged alone: people typed them."""

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return outbound.connect(self.host, self.port, timeout, outbound.resolve, loopback=True)


class _JudgedTls(imaplib.IMAP4_SSL):
    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = outbound.connect(self.host, self.port, timeout, outbound.resolve, loopback=True)
        return self.ssl_context.wrap_socket(plain, server_hostname=self.host)


@contextmanager
def opened(source: ReceptionSource) -> Iterator[tuple[imaplib.IMAP4, str]]:
    """A session with the folder open, and its UIDVALIDITY. Raises RemoteError, SecretUnreadable."""
    password = source.password()
    try:
        session: imaplib.IMAP4 = (
            _JudgedTls(source.host, source.port, ssl_context=ssl.create_default_context(), timeout=TIMEOUT)
            if source.is_encrypted
            else _Judged(source.host, source.port, timeout=TIMEOUT)
        )
        with session:
            session.login(source.login, password)
            answer, _data = session.select('"{}"'.format((source.folder or "INBOX").replace('"', "")))
            if answer != "OK":
                raise RemoteError("Ce dossier de la boîte aux lettres n’existe pas.", retryable=True)
            _name, found = session.response("UIDVALIDITY")
            yield session, (found[0] or b"").decode() if found else ""
    except imaplib.IMAP4.error as error:
        raise RemoteError(
            "La boîte aux lettres refuse l’identifiant, le mot de passe ou le dossier.", retryable=True
        ) from error
    except OSError as error:
        raise RemoteError("La boîte aux lettres ne répond pas.", retryable=True) from error
