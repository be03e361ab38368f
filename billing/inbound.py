"""Webhooks of a mail provider: one neutral message per event, signed as ours are.

`{"id", "event", "message_id", "recipient", "status", "diagnostic"}`: `event` is `bounced` (for good), `deferred`,
`complained` or `delivered`, `message_id` that of our message. `X-Email-Signature: t=<seconds>,v1=<hex>` is the
HMAC-SHA256 of `<t>.<body>` with the secret of the source.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from billing.delivery_reports import Report
from billing.models import BounceSource, Email
from billing.services.bounces import record_report
from config.kernel.actor import Actor
from config.kernel.inbound import senders
from config.kernel.inbound.applying import APPLIED, Outcome, ignored
from config.kernel.inbound.senders import Headers, Sender
from config.kernel.inbound.signatures import is_recent, is_same, mac
from config.kernel.models import ReceivedWebhook

PROVIDER = Actor.platform("Fournisseur d’envoi")
ACTIONS = {"bounced": "failed", "complained": "failed", "deferred": "delayed", "delivered": "delivered"}
FIELDS = ("event", "message_id", "recipient", "status", "diagnostic")
NOT_OURS = "Ce message n’est pas parti d’ici, ou pas de cette société."
NOTHING_NEW = "Rien de nouveau : ce retour est déjà connu, ou ne dit rien contre l’adresse."


def register() -> None:
    """Called once, when the app is ready."""
    senders.register(Sender("email", _("Fournisseur d’envoi d’e-mails"), _is_signed, _event, _apply))


def _is_signed(secret: str, headers: Headers, body: bytes, at: datetime) -> bool:
    parts = dict(part.strip().partition("=")[::2] for part in headers.get("X-Email-Signature", "").split(","))
    stamp = parts.get("t", "")
    if not is_recent(stamp, at, per_second=1):
        return False
    return is_same(parts.get("v1", "").lower(), mac(secret.encode(), stamp.encode() + b"." + body).hex())


def _event(body: Mapping[str, Any]) -> tuple[Any, list[Any]]:
    return body.get("event"), [body.get("id")]


def _apply(message: ReceivedWebhook, body: Mapping[str, Any], at: datetime) -> Outcome:
    texts = {name: value if isinstance(value := body.get(name), str) else "" for name in FIELDS}
    report = Report(
        recipient=texts["recipient"].lower(),
        status=texts["status"],
        action=ACTIONS.get(texts["event"], ""),
        diagnostic=" ".join(texts["diagnostic"].split()),
        message_id=texts["message_id"].strip("<> "),
    )
    email = Email.objects.filter(pk=report.email_id).select_related("invoice__customer").first()
    if email is None:
        return ignored(NOT_OURS)
    told = record_report(email=email, report=report, source=BounceSource.PROVIDER, actor=PROVIDER, at=at)
    return APPLIED if told else ignored(NOTHING_NEW)
