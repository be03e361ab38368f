"""Taking a message in: who sent it, then the bytes into a row, and nothing more before the answer.

One row per source and event for ever: a repeat inserts nothing, however late and however many come at once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import structlog

from config.kernel.api.json import Malformed, loads
from config.kernel.errors import DomainError
from config.kernel.inbound.senders import SENDERS
from config.kernel.models import ReceivedWebhook, WebhookSource
from config.kernel.scope import across_companies, company_scope
from config.kernel.secrets import SecretUnreadable

logger = structlog.get_logger(__name__)

MOST_BYTES = 1024 * 1024
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,64}")


class BadSignature(DomainError):
    code = "bad_signature"
    message = "La signature du message est absente, fausse ou périmée."
    status = 401


class UnknownSender(BadSignature):
    """The address holds no token of ours, or the source is switched off."""


def origin_of(
    source: str, *, headers: Mapping[str, str], body: bytes, at: datetime, token: str | None = None
) -> WebhookSource:
    """The source whose secret made the signature: the one of the token, or among all of that system without one.

    Raises UnknownSender, BadSignature. A secret that two companies share proves neither.
    """
    rows = WebhookSource.everywhere.filter(source=source, is_active=True)
    if token is not None:
        rows = rows.filter(token=token) if _TOKEN.fullmatch(token) else rows.none()
    # the token or the signature says for which company a message is
    with across_companies():
        found = list(rows.order_by("pk"))
    if not found:
        raise UnknownSender
    genuine = [row for row in found if _is_genuine(row, headers, body, at)]
    if len(genuine) > 1:
        logger.warning("webhook_secret_shared", sources=[row.pk for row in genuine])
    if len(genuine) != 1:
        raise BadSignature
    return genuine[0]


def _is_genuine(row: WebhookSource, headers: Mapping[str, str], body: bytes, at: datetime) -> bool:
    """Whether one of the secrets made the signature; a system that signs and has no secret yet is never believed.

    A secret that cannot be read proves nothing, and must not stop the other companies' messages.
    """
    sender = SENDERS[row.source]
    try:
        secrets = row.live_secrets()
        believed = not sender.signs and not secrets
        return believed or any(sender.is_signed(secret, headers, body, at) for secret in secrets)
    except SecretUnreadable:
        logger.error("webhook_secret_unreadable", source=row.pk)
        return False


def store(origin: WebhookSource, body: bytes, *, at: datetime) -> None:
    """Keep the message, due now, unless its event is kept already. Raises Malformed."""
    content = read(body)
    digest = hashlib.sha256(body).hexdigest()
    name, parts = SENDERS[origin.source].event_of(content)
    row = ReceivedWebhook(
        company_id=origin.company_id,
        origin=origin,
        event_id=_joined(parts) or f"sha256:{digest}",
        name=_plain(name)[:60],
        body=body,
        sha256=digest,
        received_at=at,
        next_attempt_at=at,
    )
    with company_scope(origin.company_id):
        # ON CONFLICT DO NOTHING on (origin, event_id): two deliveries of one event at once, one row, two good answers
        ReceivedWebhook.objects.bulk_create([row], ignore_conflicts=True)


def read(body: bytes) -> Mapping[str, Any]:
    """The message's object. Raises Malformed."""
    try:
        content = loads(body)
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise Malformed from error
    if not isinstance(content, dict):
        raise Malformed
    return content


def inner(content: Any, *path: str) -> Mapping[str, Any]:
    """The object at that path; an empty one where there is none."""
    for name in path:
        content = content.get(name) if isinstance(content, dict) else None
    return content if isinstance(content, dict) else {}


def _joined(parts: Iterable[Any]) -> str:
    """The parts as one identifier; '' when one is missing, or they are too long or not plain text."""
    texts = [_plain(part) for part in parts]
    joined = "|".join(texts)
    return joined if texts and all(texts) and len(joined) <= 200 else ""


def _plain(value: Any) -> str:
    """The text when it is one that PostgreSQL keeps and a page shows; else ''."""
    return value if isinstance(value, str) and value.isprintable() else ""
