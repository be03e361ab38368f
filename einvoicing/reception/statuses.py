"""The statuses that a platform tells of what we received (213, 501, 220…): kept with the document, in any order.

One that comes before its invoice waits for it. One that rejects it makes its purchase doubtful until it is booked, and
keeps it out of payment runs from then on: a person refuses it, or asks its supplier for another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, Q, QuerySet

from billing.purchases.doubting import raise_doubt
from billing.purchases.doubts import REJECTED
from billing.purchases.models import PurchaseInvoice
from config.kernel import audit
from config.kernel.actor import Actor
from einvoicing import lifecycle
from einvoicing.models import ReceivedDocument, ReceivedStatus, RemoteDocument, SupplierStatus
from einvoicing.platforms.answers import RemoteStatus
from einvoicing.reception.duplicates import decide_alone
from einvoicing.reception.judging.result import Doubt, doubt

ABOUT_PURCHASES = ("SupplierInvoiceLC", "StateSupplierInvoiceLC")
# what its platform sent back: the invoice that was received is none
SENT_BACK = ("213", "501")


def keep_statuses(*, message: RemoteDocument, statuses: Sequence[RemoteStatus], at: datetime) -> None:
    """Keep each with the document that it names, or until that one comes. The same fact told twice is one."""
    # a document that is being recorded now must see it, or be seen
    decide_alone(message.company_id)
    for status in statuses:
        moment = status.at if status.is_dated and at.year - 10 <= status.at.year <= at.year + 1 else at
        code = status.code or lifecycle.UNMAPPED
        told = SupplierStatus.everywhere.filter(
            company_id=message.company_id, number=status.number[:60], seller=status.seller[:9], code=code
        )
        if told.filter(Q(message=message) | Q(occurred_at=moment)).exists():
            continue
        row: SupplierStatus = SupplierStatus.everywhere.create(
            company_id=message.company_id,
            document=_named(message.company_id, status),
            message=message,
            number=status.number[:60],
            seller=status.seller[:9],
            code=code,
            reason_code=status.reason_code[:40],
            reason=(status.reason if status.code else f"{status.raw} {status.reason}".strip())[:2000],
            occurred_at=moment,
            received_at=at,
        )
        document, actor = row.document, Actor.platform(message.account.name)
        audit.record(
            "einvoicing.received.status",
            subject=row,
            also=[one for one in (document, document.purchase if document else None) if one],
            actor=actor,
            at=at,
            seal=True,
            data={
                "code": row.code,
                "label": lifecycle.label(row.code),
                "reason_code": row.reason_code,
                "reason": row.reason,
            },
        )
        if document and document.purchase and code in SENT_BACK:
            raise_doubt(purchase=document.purchase, doubt=REJECTED, actor=actor, at=at)


def adopt_statuses(document: ReceivedDocument) -> None:
    """Give a document that was just read the statuses that came before it."""
    if document.number:
        seller = Q(seller="") | Q(seller=document.supplier_key)
        waiting = SupplierStatus.everywhere.filter(seller, company_id=document.company_id, document=None)
        waiting.filter(number=document.number).update(document=document)


def doubt_of_rejection(document: ReceivedDocument) -> Doubt | None:
    """That its platform sent it back, with the platform's reason; None where it did not. One query."""
    told = document.statuses.filter(code__in=SENT_BACK).order_by("-occurred_at", "-id").first()
    if told is None:
        return None
    why = told.reason or (lifecycle.reason(told.reason_code) if told.reason_code else "")
    values = {"label": lifecycle.label(told.code), "day": f"{told.occurred_at:%d/%m/%Y}", "why": why}
    if why:
        return doubt(REJECTED, "", "« %(label)s », dit sa plateforme le %(day)s, parce que : « %(why)s ».", **values)
    return doubt(REJECTED, "", "« %(label)s », dit sa plateforme le %(day)s, sans dire pourquoi.", **values)


def rejected_since_approval(purchases: Sequence[PurchaseInvoice]) -> set[int]:
    """The keys of those that their platform rejected after a person, or the product, had approved them. One query."""
    rows: QuerySet[SupplierStatus] = SupplierStatus.everywhere.filter(
        document__purchase__in=purchases,
        document__status=ReceivedStatus.RECORDED,
        code__in=SENT_BACK,
        received_at__gt=F("document__purchase__approved_at"),
    )
    return {key for key in rows.values_list("document__purchase_id", flat=True) if key is not None}


def _named(company_id: int, status: RemoteStatus) -> ReceivedDocument | None:
    rows = ReceivedDocument.everywhere.filter(company_id=company_id, number=status.number[:60])
    rows = rows.filter(supplier_key=status.seller) if status.seller else rows
    # the original before the copies that were held
    found: ReceivedDocument | None = rows.order_by("duplicate_of", "received_at", "id").first()
    if found is not None and found.duplicate_of is not None:
        return found.duplicate_of
    return found
