"""Invoice Ninja v5, read only: the payments recorded there, and what each gives to the invoices it pays.

Amounts are JSON floats there, instants unix seconds, identifiers hashed strings. A deleted payment is still listed, but
without what it paid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from requests.adapters import HTTPAdapter

from config.kernel.errors import RemoteError
from config.kernel.http import AnsweredError, Response, Session
from config.kernel.money import ZERO, round2

API = "/api/v1"
DEADLINE = 40.0  # seconds of one exchange
PAGE_SIZE, LARGEST_PAGE = 100, 5000
MOST_PAGES = 200  # of one reading: the next one goes on
COMPLETED, PART_REFUNDED, REFUNDED = "4", "5", "6"
PENDING, CANCELLED, FAILED = "1", "2", "3"
RECEIVED = frozenset({COMPLETED, PART_REFUNDED, REFUNDED})
NOT_RECEIVED = frozenset({PENDING, CANCELLED, FAILED})
# its table of currencies, as far as French companies meet them
CURRENCIES = {"1": "USD", "2": "GBP", "3": "EUR", "9": "CAD", "17": "CHF"}
CARDS = frozenset({"3", *map(str, range(5, 13)), *map(str, range(16, 24))})
TRANSFERS, CASH, CHECK, DIRECT_DEBITS = frozenset({"1", "4", "24", "28"}), "2", "15", frozenset({"29", "30"})
_NOISE = Decimal("0.000001")  # what a float adds to an amount
_MOST = Decimal(10) ** 13
_LATEST = 10**11  # milliseconds would lie beyond
CREDIT = "*"  # what no invoice there has taken, among the ids of invoices: no id has this sign
_ID = re.compile(r"[A-Za-z0-9_-]{1,60}", re.ASCII)


@dataclass(frozen=True, slots=True)
class RemoteClient:
    """Who paid, as far as it says: its registration number, VAT number and addresses of e-mail, as they are written."""

    id_number: str = ""
    vat_number: str = ""
    emails: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RemotePayment:
    """A payment as it is in Invoice Ninja now. `parts`: invoice id → what is applied to it, less what was refunded."""

    id: str
    updated_at: int
    status: str
    is_deleted: bool
    received: Decimal  # less what was refunded
    parts: Mapping[str, Decimal]
    numbers: Mapping[str, str]  # invoice id → its number, where given
    currency: str  # '' where it is not given
    type_id: str
    paid_on: date | None
    uses_credit: bool = False
    client: RemoteClient = RemoteClient()

    def shares(self) -> Mapping[str, Decimal] | None:
        """Invoice id → money received for it, under CREDIT what no invoice has taken; None when that cannot be known.

        A credit used there counts in the parts and is no money: with one invoice the money is what was received, with
        several its shares are unknown. A status that is not known here gives None too.
        """
        if self.is_deleted or self.status in NOT_RECEIVED or (self.status in RECEIVED and self.received <= 0):
            return dict.fromkeys(self.parts, ZERO)
        if self.status not in RECEIVED:
            return None
        left = self.received - sum(self.parts.values())
        if left > 0 and self.uses_credit:
            return None
        if left >= 0:
            return {**self.parts, CREDIT: left} if left else self.parts
        return dict.fromkeys(self.parts, self.received) if len(self.parts) == 1 else None


class InvoiceNinja:
    """A conversation with one account, over `adapter`'s connections. Raises RemoteError."""

    def __init__(self, base_url: str, token: str, *, adapter: HTTPAdapter) -> None:
        self._base = base_url.rstrip("/").removesuffix(API) + API
        headers = {"X-API-TOKEN": token, "X-Requested-With": "XMLHttpRequest", "Accept": "application/json"}
        self._session = Session(timeout=(5.0, 20.0), deadline=DEADLINE, headers=headers, adapter=adapter)

    def __enter__(self) -> InvoiceNinja:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._session.close()

    def ping(self) -> str:
        """The name of the company whose token it is."""
        return str(_json(self._get("/ping")).get("company_name") or "")

    def payments(self, since: int) -> Iterator[list[RemotePayment]]:
        """Pages of what changed since that second, itself included, the oldest change first; at most MOST_PAGES.

        Each page begins at the second where the last one ended: a payment that changes meanwhile goes to the end and
        moves no other out of sight. Rows of one second come in any order, another one at each call: a second that fills
        a page is asked for whole, in a larger one.
        """
        floor, size = since, PAGE_SIZE
        for _turn in range(MOST_PAGES):
            rows, is_last = self._page(floor, size)
            if rows:
                yield rows
            if is_last:
                return
            if rows[-1].updated_at > floor:
                floor, size = rows[-1].updated_at, PAGE_SIZE
            elif size < LARGEST_PAGE:
                size = min(size * 10, LARGEST_PAGE)
            else:
                raise RemoteError("Invoice Ninja annonce trop de paiements d’un même instant.", retryable=False)

    def _page(self, since: int, size: int) -> tuple[list[RemotePayment], bool]:
        query = {
            "updated_at": since,
            "include": "invoices,client",
            "sort": "updated_at|asc",
            "per_page": size,
        }
        answer = _json(self._get("/payments", query))
        found, pages = answer.get("data"), _inner(answer, "meta", "pagination").get("total_pages")
        if not isinstance(found, list) or type(pages) is not int:
            raise _unreadable()
        rows = [_payment(fields) for fields in found]
        instants = [row.updated_at for row in rows]
        if instants != sorted(instants) or (instants and instants[0] < since):
            # a filter or a sort that the server does not know is passed over: something would be left out unseen
            raise RemoteError(
                "Invoice Ninja n’a pas filtré ou trié la liste comme demandé : mettez-le à jour.",
                retryable=False,
                code="unfiltered",
            )
        return rows, not rows or pages <= 1

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Response:
        try:
            return self._session.get(f"{self._base}{path}", params=params)
        except AnsweredError as error:
            if error.response.status == 403:
                raise RemoteError(
                    "Invoice Ninja refuse le jeton d’API, ou la formule de ce compte n’ouvre pas l’API.",
                    retryable=False,
                    code="bad_token",
                ) from error
            raise


def _unreadable() -> RemoteError:
    return RemoteError(
        "Invoice Ninja a donné une réponse illisible : vérifiez l’adresse du service.",
        retryable=True,
        code="unreadable_answer",
    )


def _json(response: Response) -> Mapping[str, Any]:
    try:
        value = response.json()
    except ValueError:
        raise _unreadable() from None
    if not isinstance(value, dict):
        raise _unreadable()
    return value


def _inner(fields: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    for name in path:
        found = fields.get(name)
        fields = found if isinstance(found, dict) else {}
    return fields


def _payment(fields: Any) -> RemotePayment:
    """Raises RemoteError: what cannot be read is not passed over."""
    if not isinstance(fields, dict):
        raise _unreadable()
    updated_at, currency = fields.get("updated_at"), str(fields.get("currency_id") or "")
    if type(updated_at) is not int or not 0 <= updated_at < _LATEST:
        raise _unreadable()
    if not isinstance(fields.get("is_deleted", False), bool):
        raise _unreadable()
    parts: dict[str, Decimal] = {}
    for part in _objects(fields, "paymentables"):
        if part.get("invoice_id"):
            key = _id(part["invoice_id"])
            parts[key] = parts.get(key, ZERO) + _amount(part, "amount") - _amount(part, "refunded")
    return RemotePayment(
        id=_id(fields.get("id")),
        updated_at=updated_at,
        status=str(fields.get("status_id")),
        is_deleted=fields.get("is_deleted", False),
        received=_amount(fields, "amount") - _amount(fields, "refunded"),
        parts=parts,
        numbers={_id(row.get("id")): str(row.get("number") or "").strip() for row in _objects(fields, "invoices")},
        currency=CURRENCIES.get(currency, currency),
        type_id=str(fields.get("type_id") or ""),
        paid_on=_day(fields.get("date")),
        uses_credit=any(part.get("credit_id") for part in _objects(fields, "paymentables")),
        client=_client(_inner(fields, "client")),
    )


def _client(fields: Mapping[str, Any]) -> RemoteClient:
    emails = (str(row.get("email") or "").strip().lower() for row in _objects(fields, "contacts"))
    return RemoteClient(
        id_number="".join(str(fields.get("id_number") or "").split()),
        vat_number="".join(str(fields.get("vat_number") or "").split()).upper(),
        emails=frozenset(filter(None, emails)),
    )


def _objects(fields: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = fields.get(name, [])
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise _unreadable()
    return found


def _id(value: Any) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise _unreadable()
    return value


def _amount(fields: Mapping[str, Any], name: str) -> Decimal:
    """In euros and cents, without the noise of a float; a true fraction of a cent stays one."""
    value = fields.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _unreadable()
    amount = Decimal(value)
    if not abs(amount) < _MOST:
        raise _unreadable()
    near = round2(amount)
    return near if abs(near - amount) < _NOISE else amount


def _day(value: Any) -> date | None:
    """The day; None where Invoice Ninja has none."""
    try:
        return date.fromisoformat(str(value or "")[:10])
    except ValueError:
        return None
