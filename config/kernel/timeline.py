"""The timeline of a record: its audit events in words, newest first, each with who, when and its proof."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from config.kernel import typography
from config.kernel.access import may_open
from config.kernel.facts import FACTS, Fact
from config.kernel.models import AuditEvent, Company, CompanyRow
from config.kernel.places import record_url
from config.kernel.roles import may_read

AMOUNTS = frozenset({"amount", "total", "unit_price", "balance"})
DAYS = frozenset({"day", "until"})
DAY = re.compile(r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)")
DETAILS = ("reason", "error", "sentence", "recipient")
MOST = 200


@dataclass(frozen=True, slots=True)
class Item:
    at: datetime
    who: str
    icon: str
    tone: str
    title: str
    detail: str
    hash: str
    proof_url: str = ""
    proof_label: str = ""


def timeline_of(row: CompanyRow | Company, role: str) -> list[Item]:
    """What happened to the row, as far as the role may read it, newest first. One query."""
    events = AuditEvent.everywhere.filter(company_id=row.company_id, subjects__contains=[row.subject])
    return [item_of(event) for event in events.filter(_readable_by(role)).order_by("-id")[:MOST]]


def latest_of(most: int, role: str) -> list[Item]:
    """The last things that happened in the company in scope, as far as the role may read them. One query."""
    events = AuditEvent.objects.filter(_readable_by(role))
    return [
        replace(item_of(event), hash="", proof_url=opened_by(role, event), proof_label=_("Ouvrir la fiche"))
        for event in events.order_by("-id")[:most]
    ]


def opened_by(role: str, event: AuditEvent) -> str:
    """The page of what the event is about, '' for one that the role may not open: some read the fact alone."""
    url = record_url(event.subjects[0])
    return url if may_open(role, url) else ""


def _readable_by(role: str) -> Q:
    return Q(tag__in=[fact.tag for fact in FACTS.values() if fact.sentence and may_read(role, fact.area)])


def named(fact: Fact) -> str:
    """What happened, where no datum fills it. A step that tells a person nothing has one name, whatever it is."""
    if fact.sentence:
        return _(fact.sentence)
    return str(fact.partner_label) if fact.partner_name else _("Étape automatique")


def item_of(event: AuditEvent) -> Item:
    """The event in words."""
    fact = FACTS[event.tag]
    currency = str(event.data.get("currency") or "EUR")
    data = {key: _readable(key, value, currency) for key, value in event.data.items()}
    try:
        title = _(fact.sentence) % data if "%(" in fact.sentence else named(fact)
    # an event written before its sentence named that datum: the tag says less, and says it
    except KeyError:
        title = event.tag
    details = [_(str(data[key])) for key in DETAILS if data.get(key)]
    detail = " · ".join(text for text in details if text not in title)
    proof = event.data.get("sha256") or event.digest
    return Item(event.at, event.actor_name, fact.icon, fact.tone, title, detail, proof)


def _readable(key: str, value: Any, currency: str) -> Any:
    if key in AMOUNTS and isinstance(value, str):
        try:
            return typography.money(Decimal(value), currency)
        except InvalidOperation:
            return value
    if key in DAYS and isinstance(value, str) and (found := DAY.fullmatch(value)):
        return typography.day(date(*map(int, found.group("y", "m", "d"))))
    return _(value) if key == "label" and value else value
