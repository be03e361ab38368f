"""Webhooks of platforms. AFNOR: that something is to be read. Abby: what happens to our invoices' copies.

Abby signs by `X-Abby-Signature`, hex, over the body; AFNOR XP Z12-013 by `Afnor-Signature`, base64, over the SHA-256 of
`<body>@<Afnor-Signature-Timestamp>`, seconds.

Our invoices are the truth. A payment announced by Abby is money received, and recorded once; nothing else it announces
changes an invoice: it is noted on it, and a cancelled copy says what a person should do.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from billing.services.settling import NothingOutstanding, lock_invoice
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid, RemoteError
from config.kernel.inbound import senders
from config.kernel.inbound.applying import APPLIED, Outcome, ignored
from config.kernel.inbound.receiving import inner
from config.kernel.inbound.senders import Headers, Sender
from config.kernel.inbound.signatures import is_recent, is_same, mac
from config.kernel.models import ReceivedWebhook
from einvoicing.models import PlatformAccount, Transmission, TransmissionKind
from einvoicing.services.copies import CANCELLED as CANCELLED
from einvoicing.services.copies import MEANS_UNKNOWN, NOTED, note, remember
from einvoicing.services.polling import poll_account
from payments.models import Method, Payment
from payments.services.receiving import pay_invoice

NO_PLATFORM = "Aucune plateforme AFNOR n’est en service."
WITHOUT_EFFECT = "Cet événement d’Abby est sans effet ici."
NO_COPY_NAMED = "Cet événement d’Abby ne nomme pas de facture : son identifiant manque ou est illisible."
RECORDED_BEFORE = "Cet encaissement est déjà enregistré."
# events of a copy, and the fact each is
NOTES = {"invoice.sent": "sent", "invoice.overdue": "overdue", "invoice.cancelled": "cancelled"}
METHODS = {
    "bank_transfer": Method.TRANSFER,
    "transfer": Method.TRANSFER,
    "card": Method.CARD,
    "credit_card": Method.CARD,
    "check": Method.CHECK,
    "cheque": Method.CHECK,
    "cash": Method.CASH,
    "direct_debit": Method.DIRECT_DEBIT,
}
# The public words of the standard leave open what the HMAC is fed with. Each reading binds the body and its moment to
# the key, so that a match under any of them proves as much.
AFNOR_READINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "digest": lambda text: hashlib.sha256(text).digest(),
    "hexadecimal digest": lambda text: hashlib.sha256(text).hexdigest().encode(),
    "text": lambda text: text,
}
_AMOUNT = re.compile(r"[0-9]{1,13}(\.[0-9]{1,2})?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class UnknownCopy(DomainError):
    """Not a copy of ours, or not yet: the message may have overtaken the answer that gives the copy's identifier."""

    code = "unknown_copy"
    message = "Aucune de nos factures n’a chez Abby l’identifiant « %(key)s »."


class UnreadablePayment(Invalid):
    code = "unreadable_payment"
    message = "Le montant, la date ou la devise du paiement annoncé par Abby est illisible."


def register() -> None:
    """Called once, when the app is ready."""
    senders.register(
        Sender("abby", "Abby", _is_signed_by_abby, lambda body: (body.get("type"), [body.get("id")]), apply_abby_event),
        Sender("afnor", _("Plateforme agréée (AFNOR)"), _is_signed_by_afnor, _afnor_event, read_platform, talks=True),
    )


def _is_signed_by_abby(secret: str, headers: Headers, body: bytes, at: datetime) -> bool:
    return is_same(headers.get("X-Abby-Signature", "").lower(), mac(secret.encode(), body).hex())


def _is_signed_by_afnor(secret: str, headers: Headers, body: bytes, at: datetime) -> bool:
    stamp = headers.get("Afnor-Signature-Timestamp", "")
    if not is_recent(stamp, at, per_second=1):
        return False
    text = body + b"@" + stamp.encode()
    macs = [mac(key, read(text)) for key in _afnor_keys(secret) for read in AFNOR_READINGS.values()]
    given = headers.get("Afnor-Signature", "")
    return any(is_same(given, base64.b64encode(mac).decode()) for mac in macs)


def _afnor_keys(secret: str) -> list[bytes]:
    """`signingKey` is given in base64: the bytes it stands for, or, as some read it, its own characters."""
    keys = [secret.encode()]
    with suppress(binascii.Error, ValueError):
        keys.insert(0, base64.b64decode(secret, validate=True))
    return keys


def _afnor_event(body: Mapping[str, Any]) -> tuple[Any, list[Any]]:
    """A flow is announced again at each change of its acknowledgement."""
    status = inner(body, "acknowledgement").get("status")
    return body.get("flowType"), [body.get("flowId"), status, body.get("updatedAt")]


def read_platform(message: ReceivedWebhook, body: Mapping[str, Any], at: datetime) -> Outcome:
    """Read the company's platform now, unless it was read since the message came. Raises RemoteError."""
    account = PlatformAccount.everywhere.filter(
        company_id=message.company_id, kind="afnor", is_enabled=True, is_offline=False
    ).first()
    if account is None or not settings.ENABLE_EINVOICING:
        return ignored(NO_PLATFORM)
    if account.polled_at is None or account.polled_at <= message.received_at:
        poll_account(account=account, at=at)
        account.refresh_from_db()
        if account.last_error:
            raise RemoteError(account.last_error, retryable=True)
    return APPLIED


def apply_abby_event(message: ReceivedWebhook, body: Mapping[str, Any], at: datetime) -> Outcome:
    """Apply an event of a copy, in any order. Raises UnknownCopy, UnreadablePayment, and what recording raises."""
    event = body.get("type")
    if not isinstance(event, str) or event not in {"invoice.paid", *NOTES}:
        return ignored(WITHOUT_EFFECT)
    copy = _copy(message, inner(body, "data", "invoice").get("id"))
    if event == "invoice.paid":
        return _record_payment(message, copy, inner(body, "data", "payment"), at)
    fact = NOTES[event]
    if remember(copy, fact):
        note(copy, NOTED[fact], at=at)
    return Outcome(is_applied=True, remark=CANCELLED if fact == "cancelled" else "")


def _copy(message: ReceivedWebhook, key: Any) -> Transmission:
    """The transmission that made the copy. Raises UnknownCopy."""
    rows = Transmission.everywhere.filter(
        company_id=message.company_id, account__kind="abby", kind=TransmissionKind.INVOICE
    ).select_related("invoice", "account")
    known = isinstance(key, str) and key.isprintable() and 0 < len(key) <= 100
    copy: Transmission | None = rows.filter(remote_id=key).order_by("id").first() if known else None
    if copy is None:
        raise UnknownCopy(key=key) if known else UnknownCopy(NO_COPY_NAMED)
    return copy


def _record_payment(message: ReceivedWebhook, copy: Transmission, payment: Mapping[str, Any], at: datetime) -> Outcome:
    """The money, once: by the payment's own identifier where it has one, else by the event's."""
    invoice = lock_invoice(copy.invoice)
    key = payment.get("id")
    named = isinstance(key, str) and key.isprintable() and 0 < len(key) <= 100
    reference = f"Abby {key if named else message.event_id}"[:140]
    # what reading the copy recorded was all of it; what a person took back of it does not come back
    recorded = Payment.everywhere.filter(customer=invoice.customer, reverses=None)
    if recorded.filter(reference__in=[reference, f"Abby {copy.remote_id}"[:140]]).exists():
        return ignored(RECORDED_BEFORE)
    word = payment.get("method")
    method = METHODS.get(word) if isinstance(word, str) else None
    if payment.get("currency", invoice.currency) != invoice.currency:
        raise UnreadablePayment
    try:
        pay_invoice(
            invoice=invoice,
            amount=_amount(payment.get("amount")),
            method=method or Method.TRANSFER,
            paid_on=_day(payment.get("date")) or local_day(message.received_at),
            reference=reference,
            notes="" if method else MEANS_UNKNOWN,
            actor=Actor.platform(copy.account.name),
            at=at,
        )
    except NothingOutstanding as error:
        return ignored(str(error))
    return APPLIED


def _amount(value: Any) -> Decimal | None:
    """The amount; None, hence the whole balance, where Abby names none. Raises UnreadablePayment."""
    if value is None:
        return None
    if isinstance(value, bool) or not _AMOUNT.fullmatch(str(value)):
        raise UnreadablePayment
    return Decimal(str(value))


def _day(value: Any) -> date | None:
    """The day of a date or an instant; None where there is none. Raises UnreadablePayment."""
    if value is None:
        return None
    if not isinstance(value, str) or not _DAY.match(value):
        raise UnreadablePayment
    try:
        return date.fromisoformat(value[:10])
    except ValueError as error:
        raise UnreadablePayment from error
