"""The mailbox where undelivered mails come back, read over IMAP4rev1 (RFC 3501): one account per installation.

BOUNCE_MAILBOX_URL is `imaps://user:password@host:993/INBOX` (imap:// without TLS). Each mail that was not seen yet is
read, then marked as seen, and never deleted: what is no delivery report stays there for people.
"""

from __future__ import annotations

import imaplib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import unquote, urlsplit

import structlog
from django.conf import settings

from billing.delivery_reports import Report, read_reports
from billing.models import BounceSource, Email
from billing.services.bounces import record_report
from config.kernel.actor import Actor
from config.kernel.errors import RemoteError
from config.kernel.scope import across_companies, company_scope

logger = structlog.get_logger(__name__)

MAILBOX = Actor.system("boîte de retour")
MOST_MAILS = 200  # of one reading: the rest comes with the next
LARGEST_MAIL = 2 * 1024 * 1024  # bytes read of one mail: a report stands at its beginning
TIMEOUT = 20  # seconds


def read_bounces(*, at: datetime) -> int:
    """Read what came back since the last time, and write it down. Returns how many reports were news.

    Raises RemoteError when the mailbox cannot be read.
    """
    if not settings.BOUNCE_MAILBOX_URL:
        return 0
    news = 0
    with _session(settings.BOUNCE_MAILBOX_URL) as session:
        for key in _unseen(session)[:MOST_MAILS]:
            for report in read_reports(_fetch(session, key)):
                news += _record(report, at)
            # only now: a reading that dies in between reads the mail again, and writes nothing twice
            session.uid("STORE", key, "+FLAGS", "(\\Seen)")
    return news


def _record(report: Report, at: datetime) -> bool:
    if report.email_id is None:
        return False
    # a report names the message, and the message its company
    with across_companies():
        email = Email.everywhere.filter(pk=report.email_id).select_related("invoice__customer").first()
    if email is None:
        return False
    with company_scope(email.company_id):
        return record_report(email=email, report=report, source=BounceSource.MAILBOX, actor=MAILBOX, at=at)


@contextmanager
def _session(url: str) -> Iterator[imaplib.IMAP4]:
    """A session with the folder open. Raises RemoteError."""
    place = urlsplit(url)
    host, secure = place.hostname or "localhost", place.scheme == "imaps"
    try:
        session: imaplib.IMAP4 = (
            imaplib.IMAP4_SSL(host, place.port or 993, timeout=TIMEOUT)
            if secure
            else imaplib.IMAP4(host, place.port or 143, timeout=TIMEOUT)
        )
        with session:
            session.login(unquote(place.username or ""), unquote(place.password or ""))
            answer, _data = session.select(f'"{unquote(place.path.lstrip("/")) or "INBOX"}"')
            if answer != "OK":
                raise RemoteError("Le dossier de la boîte de retour n’existe pas.", retryable=True)
            yield session
    except (OSError, imaplib.IMAP4.error) as error:
        raise RemoteError(f"{type(error).__name__}: {error}", retryable=True) from error


def _unseen(session: imaplib.IMAP4) -> list[str]:
    _answer, data = session.uid("SEARCH", "UNSEEN")
    return [key.decode() for key in (data[0] or b"").split()]


def _fetch(session: imaplib.IMAP4, key: str) -> bytes:
    # PEEK: reading alone must not mark it as seen
    _answer, data = session.uid("FETCH", key, f"(BODY.PEEK[]<0.{LARGEST_MAIL}>)")
    return next((part[1] for part in data if isinstance(part, tuple)), b"")
