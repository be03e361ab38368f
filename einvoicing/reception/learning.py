"""What a person has shown on a document is read there on the supplier's next one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.models import Company
from customers.models import Customer
from einvoicing.models import ReceivedDocument, SupplierAnchor
from einvoicing.reception.judging.case import Case
from einvoicing.reception.judging.suppliers import find_supplier
from einvoicing.reception.reading import anchors
from einvoicing.reception.reading.extraction.found import DERIVED, GUESSED
from einvoicing.reception.reading.layout import Page
from einvoicing.reception.reading.picking import PICKED, Picked, layout_of, places_of
from einvoicing.reception.reading.result import XML, Reading

# what was right by luck is shown as well as what was wrong
UNSURE = {GUESSED, DERIVED}
# a name stands anywhere, and the books know it once its numbers are read
LEARNT = tuple(field for field in PICKED if field != "supplier_name")
Place = tuple[Page, Picked]


def read_as_learnt(*, company: Company, reading: Reading, at: datetime) -> Reading:
    """The reading with what the anchors of its supplier find; unchanged where there are none."""
    if reading.source in ("", XML):
        return reading
    case = Case(company=company, reading=reading, on=local_day(at))
    find_supplier(case)
    if case.supplier is None:
        return reading
    rows = SupplierAnchor.everywhere.filter(supplier=case.supplier)
    known = [anchors.Anchor(row.field, row.relation, row.label, row.x, row.y, row.page) for row in rows]
    return anchors.apply(reading, known)


@transaction.atomic
def learn_corrections(
    *,
    supplier: Customer,
    document: ReceivedDocument,
    read: Reading,
    values: Mapping[str, Any],
    actor: Actor,
    at: datetime,
    shown: Mapping[str, Place] | None = None,
) -> list[str]:
    """Keep where the values of a person stand, for what was read wrong, not at all, or by luck. Returns the fields.

    `shown`: the words that she pointed at; a value that was typed is looked for on the pages, and learnt where it
    stands once. What stands nowhere teaches nothing.
    """
    if read.source in ("", XML):
        return []
    pages = [layout_of(text) for text in read.pages]
    learnt = []
    for field in LEARNT:
        value = values.get(field)
        if value in (None, "") or not _teaches(read, field, value):
            continue
        place = _place(pages, field, value, (shown or {}).get(field))
        anchor = anchors.learn(pages, *place, field) if place else None
        if anchor is not None:
            _keep(supplier, document, anchor, at)
            learnt.append(field)
    if learnt:
        data = {"name": supplier.name, "fields": ", ".join(learnt)}
        audit.record("einvoicing.received.taught", subject=document, actor=actor, at=at, data=data)
    return learnt


def _teaches(read: Reading, field: str, value: Any) -> bool:
    found = read.fields.get(field)
    return found is None or found.value != value or found.evidence in UNSURE


def _place(pages: list[Page], field: str, value: Any, shown: Place | None) -> Place | None:
    if shown is not None and shown[1].value == value:
        return shown
    places = places_of(pages, field, value)
    return places[0] if len(places) == 1 else None


def _keep(supplier: Customer, document: ReceivedDocument, anchor: anchors.Anchor, at: datetime) -> None:
    SupplierAnchor.everywhere.update_or_create(
        supplier=supplier,
        field=anchor.field,
        defaults={
            "company_id": supplier.company_id,
            "relation": anchor.relation,
            "label": anchor.label,
            "x": anchor.x,
            "y": anchor.y,
            "page": anchor.page,
            "learnt_from": document,
            "learnt_at": at,
        },
    )
