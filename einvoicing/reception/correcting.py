"""A person beside the picture: what she says of a document stands, is recorded, and teaches the next reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from config.kernel.actor import Actor
from config.kernel.rows import lock
from customers.models import Customer
from einvoicing.models import ReceivedDocument
from einvoicing.reception.deciding import record_for
from einvoicing.reception.learning import Place, learn_corrections
from einvoicing.reception.reading import confidence, gates
from einvoicing.reception.reading.result import Field, Reading, from_dict

SHOWN_BY_HAND = confidence.PERSON


def reading_of(document: ReceivedDocument) -> Reading:
    """What was read of it, as it was kept."""
    return from_dict(document.reading) if document.reading else Reading()


def corrected(read: Reading, values: Mapping[str, Any], *, confirmed: bool = False) -> Reading:
    """The reading with a person's values, its checks made again.

    What she changed is hers; with `confirmed` she has compared everything, and no doubt of reading is left. Doubts
    about the document itself (an account, a copy, a page unlike its XML) stay: they are not about how it was read.
    """
    fields = dict(read.fields)
    for name, value in values.items():
        before = fields.get(name) or Field()
        if confirmed or before.value != value:
            share = confidence.of_field(read.source, SHOWN_BY_HAND)
            same = before.value == value
            fields[name] = Field(
                value, share, before.page if same else None, before.box if same else None, SHOWN_BY_HAND
            )
    told = {name: item.value for name, item in fields.items()}
    asked = {name: read.gates.get(name) for name in (gates.PICTURE_MATCHES_XML, gates.ENGINES_AGREE, gates.WHOLE)}
    if confirmed:
        asked |= {gates.ENGINES_AGREE: None, gates.WHOLE: None}
    judged = {**gates.judge(told), **asked}
    shares = {name: item.confidence for name, item in fields.items()}
    share = confidence.EXACT if confirmed else confidence.of_whole(read.source, shares, judged)
    return replace(read, fields=fields, gates=judged, confidence=share)


@transaction.atomic
def record_corrected(
    *,
    document: ReceivedDocument,
    supplier: Customer,
    values: Mapping[str, Any],
    shown: Mapping[str, Place],
    actor: Actor,
    at: datetime,
) -> ReceivedDocument:
    """Record the purchase as the person says it, and keep what she showed for the supplier's next document.

    Raises PurchaseExists, DomainError where a datum is missing, TransitionRefused, Stale.
    """
    row = lock(document)
    read = reading_of(row)
    record_for(document=row, reading=corrected(read, values, confirmed=True), supplier=supplier, actor=actor, at=at)
    learn_corrections(supplier=supplier, document=row, read=read, values=values, shown=shown, actor=actor, at=at)
    row.refresh_from_db()
    return row
