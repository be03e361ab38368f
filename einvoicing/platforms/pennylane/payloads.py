"""What goes over the wire of Pennylane's API v2, and the bookmark by which its changes are followed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self

from config.kernel.errors import RemoteError
from config.kernel.http import AnsweredError
from config.kernel.logs import redact
from einvoicing.platforms.afnor.payloads import json_object, unreadable
from einvoicing.platforms.answers import Announced, Receipt
from einvoicing.platforms.pennylane.statuses import instant, network_status, schematron

IMPORTS = "/customer_invoices/e_invoices/imports"
INVOICES = "/customer_invoices"
CHANGES = "/changelogs/customer_invoices"  # also named /customer_invoices/changes in earlier notes of the API
SUPPLIER_INVOICES = "/supplier_invoices"
SUPPLIER_CHANGES = "/changelogs/supplier_invoices"
# what a buyer may say of a supplier invoice, by our codes
BUYER_STATUSES = {"205": "approved", "207": "disputed", "210": "refused"}
ME = "/me"
KEPT = timedelta(weeks=4)  # how long changes are kept
# how Pennylane refuses a copy is not published: a 409, or a 422 whose words hold one of these, is taken for one
ALREADY = ("already", "déjà", "taken")

# how far before the newest change the next reading looks again: rows may be published a little out of order
OVERLAP = timedelta(seconds=5)
_MOST_DIGESTS = 500


def by_number(number: str) -> str:
    """The `filter` parameter: a JSON list of conditions."""
    return json.dumps([{"field": "invoice_number", "operator": "eq", "value": number}])


def mime_type(syntax: str) -> str:
    return "application/pdf" if syntax == "Factur-X" else "application/xml"


def receipt(invoice: Mapping[str, Any], *, tracking_id: str) -> Receipt:
    """The proof of deposit: Pennylane's id of the invoice. Without it the outcome is unknown."""
    key = invoice.get("id")
    if not key:
        raise unreadable(outcome_unknown=True)
    return Receipt(str(key), instant(invoice.get("created_at")), tracking_id, raw=invoice)


def is_already_there(error: AnsweredError) -> bool:
    """Whether the refusal means that the document, or its sending, is there already."""
    if error.response.status == 409:
        return True
    body = error.response.body.decode("utf-8", "replace").lower()
    return error.response.status == 422 and any(word in body for word in ALREADY)


def explained(error: AnsweredError) -> AnsweredError:
    """The failure with Pennylane's own words ({status, message, details})."""
    if error.response.status == 401:
        message, code = "Pennylane refuse les identifiants. Vérifiez le jeton dans les réglages.", "invalid_client"
    else:
        reason = _reason(error)
        message, code = f"{error.message} ({reason})" if reason else error.message, error.code
    return AnsweredError(
        message,
        response=error.response,
        retryable=error.retryable,
        outcome_unknown=error.outcome_unknown,
        code=code,
        retry_after=error.retry_after,
    )


def _reason(error: AnsweredError) -> str:
    try:
        answer = json_object(error.response)
    except RemoteError:
        return ""
    return str(redact(" ".join(str(answer[key]) for key in ("message", "details") if answer.get(key))))[:300]


def rows(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The items of a list; anything else than objects is an error, for a row would be lost silently."""
    items = answer.get("items")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise unreadable()
    return items


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the changes: an invoice was written or deleted."""

    id: str
    operation: str
    at: datetime

    @property
    def key(self) -> str:
        return f"{self.id}@{self.at.isoformat()}"


def changes(answer: Mapping[str, Any]) -> list[Change]:
    found = []
    for row in rows(answer):
        at = instant(row.get("processed_at"))
        if not row.get("id") or at is None:
            raise unreadable()
        found.append(Change(str(row["id"]), str(row.get("operation", "")), at))
    return found


def announced(answer: Mapping[str, Any]) -> list[Announced]:
    """The supplier invoices of a list; one without id or time would be lost silently, so it is an error."""
    found = []
    for row in rows(answer):
        at = instant(row.get("created_at")) or instant(row.get("updated_at"))
        if not row.get("id") or at is None:
            raise unreadable()
        found.append(Announced(str(row["id"]), at, str(row.get("filename") or "")))
    return found


def digest(invoice: Mapping[str, Any]) -> str:
    """What the invoice says of its life; the rest of it may change without news for us."""
    return hashlib.sha256("\0".join((*network_status(invoice), schematron(invoice))).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where the reading of changes stands: from when, on which page, the rows seen, and what each invoice last said.

    Pennylane takes a date or a page, never both.
    """

    since: str = ""
    page: str = ""
    seen: tuple[str, ...] = ()  # rows within the overlap
    digests: Mapping[str, str] = field(default_factory=dict)  # id → digest

    @classmethod
    def read(cls, cursor: str) -> Bookmark:
        if not cursor:
            return cls()
        try:
            since, page, seen, digests = json.loads(cursor)
            return cls(str(since), str(page), tuple(map(str, seen)), {str(key): str(digests[key]) for key in digests})
        except (ValueError, TypeError):
            raise ValueError("not a cursor of this platform") from None

    def write(self) -> str:
        latest = dict(list(self.digests.items())[-_MOST_DIGESTS:])
        return json.dumps([self.since, self.page, self.seen, latest], separators=(",", ":"))

    def with_digests(self, changed: Mapping[str, str]) -> Self:
        """The same place, knowing what these invoices said last; the latest stand at the end."""
        kept = {key: digest for key, digest in self.digests.items() if key not in changed}
        return replace(self, digests={**kept, **changed})

    def moved(self, found: Iterable[Change], *, page: str) -> Self:
        """The bookmark once these changes are read. `page`: where the next page is, '' after the last one."""
        times = {change.key: change.at for change in found}
        known = times | {key: at for key in self.seen if (at := instant(key.partition("@")[2])) is not None}
        if not known:
            return replace(self, page=page)
        newest = max(known.values())
        recent = tuple(key for key, at in known.items() if at >= newest - OVERLAP)
        return replace(self, since=self.since if page else (newest - OVERLAP).isoformat(), page=page, seen=recent)
