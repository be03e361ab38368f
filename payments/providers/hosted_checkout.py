"""The neutral protocol of hosted checkouts, shaped like Stripe Checkout and SumUp (README, « Payment providers »).

Amounts travel as whole cents, instants as unix seconds. `Idempotency-Key` is our reference: a request whose answer was
lost may be sent again. Messages are signed `Checkout-Signature: t=<unix seconds>,v1=<hex>`, the HMAC-SHA256 of
`<t>.<body>`; several v1 while a secret is being changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from config.kernel.errors import RemoteError
from config.kernel.http import Response, Session
from config.kernel.inbound.signatures import is_recent, is_same, mac
from payments.providers.base import (
    CheckoutOrder,
    PayoutEntry,
    ProviderSettings,
    RemoteCheckout,
    RemotePayout,
    RemoteState,
)

STATES = {state.lower(): state for state in RemoteState if state != RemoteState.UNKNOWN}
SIGNATURE = "Checkout-Signature"
MOST_CENTS = 10**14
BAD_ANSWER = "Le service de paiement a répondu quelque chose d’incompréhensible."


class HostedCheckout:
    """A conversation with one account. Raises RemoteError."""

    def __init__(self, settings: ProviderSettings) -> None:
        self._base = settings.base_url.rstrip("/")
        headers = {"Authorization": f"Bearer {settings.secret}", "Accept": "application/json"}
        self._session = Session(
            timeout=(4.0, 10.0), deadline=settings.deadline, headers=headers, adapter=settings.adapter
        )

    def close(self) -> None:
        self._session.close()

    def create(self, order: CheckoutOrder) -> RemoteCheckout:
        body = {
            "reference": order.reference,
            "amount": _cents(order.amount),
            "currency": order.currency,
            "description": order.description,
            "return_url": order.return_url,
            "language": order.language,
        }
        headers = {"Idempotency-Key": order.reference}
        answer = self._session.post(f"{self._base}/v1/checkouts", json=body, headers=headers, accept=(200, 201))
        return _checkout(_object(answer))

    def checkout(self, remote_id: str) -> RemoteCheckout:
        return _checkout(_object(self._session.get(f"{self._base}/v1/checkouts/{quote(remote_id, safe='')}")))

    def find(self, reference: str) -> RemoteCheckout | None:
        answer = _object(self._session.get(f"{self._base}/v1/checkouts", params={"reference": reference}))
        rows = [_checkout(row) for row in _list(answer, "data")]
        return next((row for row in rows if row.reference == reference), None)

    def expire(self, remote_id: str) -> RemoteCheckout:
        place = f"{self._base}/v1/checkouts/{quote(remote_id, safe='')}/expire"
        return _checkout(_object(self._session.post(place, json={})))

    def payouts(self, since: date) -> list[RemotePayout]:
        answer = _object(self._session.get(f"{self._base}/v1/payouts", params={"since": since.isoformat()}))
        return [_payout(row) for row in _list(answer, "data")]


def is_signed(secret: str, headers: Mapping[str, str], body: bytes, at: datetime) -> bool:
    """Whether the secret made the signature, at most five minutes from now. In constant time."""
    parts = [part.strip().partition("=") for part in headers.get(SIGNATURE, "").split(",")]
    stamp = next((value for name, _sign, value in parts if name == "t"), "")
    if not is_recent(stamp, at, per_second=1):
        return False
    expected = mac(secret.encode(), stamp.encode() + b"." + body).hex()
    return any(name == "v1" and is_same(value.lower(), expected) for name, _sign, value in parts)


def _checkout(row: Mapping[str, Any]) -> RemoteCheckout:
    """Raises RemoteError for what is missing or of another type."""
    payment = row.get("payment") or {}
    try:
        word = str(row["status"])
        return RemoteCheckout(
            id=str(row["id"])[:100],
            reference=str(row["reference"]),
            state=STATES.get(word, RemoteState.UNKNOWN),
            amount=_units(row["amount"]),
            currency=str(row["currency"]).upper(),
            page_url=str(row.get("url") or ""),
            expires_at=_moment(row.get("expires_at")),
            payment_id=str(payment.get("id") or "")[:60],
            paid_at=_moment(payment.get("paid_at")),
            fee=_units(payment["fee"]) if payment.get("fee") is not None else None,
            refunded=_units(payment.get("refunded") or 0),
            is_disputed=bool(payment.get("disputed")),
            word=word[:40],
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _incomprehensible() from error


def _payout(row: Mapping[str, Any]) -> RemotePayout:
    try:
        return RemotePayout(
            id=str(row["id"])[:100],
            amount=_units(row["amount"]),
            currency=str(row["currency"]).upper(),
            arrives_on=date.fromisoformat(str(row["arrival_date"])),
            bank_reference=str(row.get("bank_reference") or "")[:140],
            entries=tuple(_entry(entry) for entry in row["entries"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _incomprehensible() from error


def _entry(row: Mapping[str, Any]) -> PayoutEntry:
    gross, fee, net = (_units(row[name]) for name in ("gross", "fee", "net"))
    if gross - fee != net:
        raise ValueError("an entry whose net is not its gross less its fee")
    return PayoutEntry(str(row["kind"]), str(row.get("reference") or ""), gross, fee, net)


def _cents(amount: Decimal) -> int:
    return int(amount * 100)


def _units(cents: Any) -> Decimal:
    """Whole cents as units. A float or a text is refused."""
    if isinstance(cents, bool) or not isinstance(cents, int) or abs(cents) > MOST_CENTS:
        raise TypeError(f"not whole cents: {cents!r}"[:100])
    return Decimal(cents).scaleb(-2)


def _moment(seconds: Any) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(int(seconds), tz=UTC)


def _list(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = answer.get(name)
    if not isinstance(rows, list):
        raise _incomprehensible()
    return rows


def _object(answer: Response) -> Mapping[str, Any]:
    try:
        found = answer.json()
    except ValueError as error:
        raise _incomprehensible() from error
    if not isinstance(found, dict):
        raise _incomprehensible()
    return found


def _incomprehensible() -> RemoteError:
    return RemoteError(BAD_ANSWER, retryable=False, code="bad_answer")
