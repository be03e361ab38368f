"""An audit event becomes a message to every endpoint that wants it, in the transaction of the fact itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from config.kernel.api.json import dumps
from config.kernel.facts import FACTS, PARTNER_OBJECTS, Fact
from config.kernel.models import AuditEvent, WebhookDelivery, WebhookEndpoint, WebhookEvent

# amounts and quantities leave as the API gives them: numbers with two decimals, more where there are more
_NUMBERS = frozenset({"amount", "amounts", "balance", "quantity", "total", "unit_price", "vat"})
_CENT = Decimal("0.01")


def announce(events: Sequence[AuditEvent]) -> None:
    """Queue the messages of events of one company just written, all of one tag.

    One query where nobody listens, none where none may.
    """
    fact = FACTS.get(events[0].tag) if events else None
    if fact is None or fact.about is None:
        return
    active = WebhookEndpoint.everywhere.filter(company_id=events[0].company_id, is_active=True)
    wanting = [endpoint for endpoint in active if endpoint.wants(fact.partner_name)]
    if wanting:
        queue(wanting, [_message_of(event, fact) for event in events])


def _message_of(event: AuditEvent, fact: Fact) -> WebhookEvent:
    model = fact.about.model if fact.about else ""
    about = next((subject for subject in event.subjects if _label(subject) == model), event.subjects[0])
    body = message(fact.partner_name, about=about, subjects=event.subjects, facts=event.data, at=event.at)
    return telling(event, name=fact.partner_name, about=about, body=body)


def telling(event: AuditEvent, *, name: str, about: str, body: str) -> WebhookEvent:
    """The message of an event, not saved."""
    return WebhookEvent(
        # the audit event's key: the order in which what happened to one object was written
        company_id=event.company_id,
        name=name,
        subject=about,
        body=body,
        occurred_at=event.at,
        sequence=event.pk,
    )


def queue(endpoints: Sequence[WebhookEndpoint], messages: Sequence[WebhookEvent]) -> list[WebhookDelivery]:
    """Write each message once and one delivery per endpoint, due now. Endpoints deleted meanwhile are left out."""
    held = _held(endpoints)
    if not held:
        return []
    WebhookEvent.everywhere.bulk_create(messages)
    deliveries: list[WebhookDelivery] = WebhookDelivery.everywhere.bulk_create(
        WebhookDelivery(
            company_id=row.company_id,
            endpoint=endpoint,
            event=row,
            subject=row.subject,
            sequence=row.sequence,
            next_attempt_at=row.occurred_at,
        )
        for row in messages
        for endpoint in endpoints
        if endpoint.pk in held
    )
    return deliveries


def _held(endpoints: Sequence[WebhookEndpoint]) -> set[int]:
    """The endpoints that still exist, kept from deletion until the end of the transaction.

    A key share excludes nobody but who deletes: without it the foreign key of a delivery fails when the fact itself is
    committed.
    """
    table = connection.ops.quote_name(WebhookEndpoint._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {table} WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE",  # noqa: S608 - our own table
            [[endpoint.pk for endpoint in endpoints]],
        )
        return {pk for (pk,) in cursor.fetchall()}


def message(name: str, *, about: str, subjects: Sequence[str], facts: Mapping[str, Any], at: datetime) -> str:
    """The words of a message: what happened, when, to which object, with the facts of the audit trail."""
    related = [shown for subject in subjects if subject != about and (shown := _shown(subject))]
    data = {**{key: _number(key, value) for key, value in facts.items()}, **_shown(about), "related": related}
    return dumps({"type": name, "timestamp": at, "data": data}).decode()


def _shown(subject: str) -> dict[str, Any]:
    """A row as partners know it; nothing for what they do not know."""
    label, pk = _label(subject), int(subject.rpartition(":")[2])
    about = PARTNER_OBJECTS.get(label)
    return {"object": about.name, "id": pk, "url": about.url(pk)} if about else {}


def _label(subject: str) -> str:
    return subject.partition(":")[0]


def _number(key: str, value: Any) -> Any:
    if isinstance(value, dict):  # amounts by document
        return {name: _number(key, amount) for name, amount in value.items()}
    if key not in _NUMBERS or not isinstance(value, str):
        return value
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    return number if isinstance(exponent, int) and exponent < -2 else number.quantize(_CENT)
