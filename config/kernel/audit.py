"""The audit trail: one dotted tag, an actor, the rows concerned, and what changed, in the fact's own transaction.

What partners may hear of it is queued for them in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from config.kernel import chain
from config.kernel.actor import Actor
from config.kernel.canonical import canonical, plain, sha256
from config.kernel.logs import current_request_id, redact
from config.kernel.models import AuditEvent, Company, CompanyRow
from config.kernel.rows import insert_each, reread
from config.kernel.webhooks.announcing import announce


def masked(changes: Mapping[str, Any]) -> dict[str, Any]:
    """What changed, old → new by column: no secret, and of an IBAN its first and last four signs."""
    return {
        name: [_cut(value) for value in pair] if name == "iban" else redact({name: pair})[name]
        for name, pair in changes.items()
    }


def _cut(iban: Any) -> str:
    return f"{iban[:4]}…{iban[-4:]}" if iban else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What one event of the trail is about: its row, the rows that show it in their timelines too, and its data."""

    subject: CompanyRow | Company
    also: Iterable[CompanyRow] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


def record(
    tag: str,
    *,
    subject: CompanyRow | Company,
    actor: Actor,
    at: datetime,
    also: Iterable[CompanyRow] = (),
    data: Mapping[str, Any] | None = None,
    seal: bool = False,
    exact: bool = False,
) -> AuditEvent:
    """Write what happened to `subject`; the other rows of `also` show it in their timelines too.

    With `seal`, the event carries the digest of the frozen row, and so puts the row itself into the chain. It is read
    again for that, unless it is `exact`: it holds what PostgreSQL keeps, rounded as its columns are.
    """
    if seal and not exact and isinstance(subject, CompanyRow):
        reread(subject)
    happening = Happening(subject=subject, also=also, data=data or {})
    return record_all(tag, [happening], actor=actor, at=at, seal=seal)[0]


def record_all(
    tag: str, happenings: Sequence[Happening], *, actor: Actor, at: datetime, seal: bool = False
) -> list[AuditEvent]:
    """Write an event for each happening of one company, in this order; rows are sealed as in memory. Two statements."""
    request = current_request_id()
    events = [_event(tag, happening, actor=actor, at=at, seal=seal, request=request) for happening in happenings]
    insert_each(events)
    announce(events)
    return events


def _event(tag: str, happening: Happening, *, actor: Actor, at: datetime, seal: bool, request: str) -> AuditEvent:
    subject = happening.subject
    event = AuditEvent(
        company_id=subject.company_id,
        at=at,
        tag=tag,
        actor_kind=actor.kind,
        actor_name=actor.name,
        actor_user_id=actor.user_id,
        subjects=[subject.subject, *(row.subject for row in happening.also)],
        data=plain(dict(happening.data)),
        digest=chain.digest(subject) if seal and isinstance(subject, CompanyRow) else "",
        request_id=request,
    )
    event.content_hash = sha256(canonical(event.facts()))
    return event


def in_currency(currency: str) -> dict[str, str]:
    """What an event says of the currency of its amounts: nothing where they are in euros, as most are."""
    return {} if currency == "EUR" else {"currency": currency}
