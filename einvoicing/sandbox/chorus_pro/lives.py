"""The life of an invoice at Chorus Pro: the statuses that come to it, each from its own time on."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from config.kernel.clock import PARIS
from config.sandbox.models import SandboxRecord
from einvoicing.sandbox.chorus_pro import clock, recipients
from einvoicing.sandbox.flows import lock, pace

_TICK = timedelta(microseconds=1)
_SENT = (("DEPOSEE", ""), ("EN_COURS_ACHEMINEMENT", ""))
_ARRIVED = (*_SENT, ("MISE_A_DISPOSITION", ""))
STORIES: dict[str, tuple[tuple[str, str], ...]] = {
    "accepts": (*_ARRIVED, ("SERVICE_FAIT", ""), ("MANDATEE", "")),
    "pays": (
        *_ARRIVED,
        ("SERVICE_FAIT", ""),
        ("MANDATEE", ""),
        ("MISE_A_DISPOSITION_COMPTABLE", ""),
        ("COMPTABILISEE", ""),
        ("MISE_EN_PAIEMENT", ""),
    ),
    "refuses": (*_ARRIVED, ("REJETEE", "Le bon de commande cité n’existe pas.")),
    "suspends": (*_ARRIVED, ("SUSPENDUE", "Le procès-verbal de livraison manque.")),
    "recycles": (*_SENT, ("A_RECYCLER", "Le service destinataire n’existe pas.")),
    "silent": _ARRIVED,
    "unheard": (*_ARRIVED, ("EN_ORBITE", "")),  # a word nobody has documented
}
_AFTER_RECYCLING = STORIES["accepts"][1:]
_AFTER_COMPLETION = (("COMPLETEE", ""), *STORIES["accepts"][2:])


def unfold(invoice: SandboxRecord, statuses: tuple[tuple[str, str], ...], *, since: datetime) -> None:
    """Write what will happen to the invoice, each status from its own time on."""
    step = max(pace(), _TICK)
    history = invoice.facts["history"]
    for place, (code, comment) in enumerate(statuses):
        at = since + step * place
        history.append({"id": len(history) + 1, "code": code, "comment": comment, "at": at.isoformat()})
    invoice.save()


@transaction.atomic
def recycle(invoice: SandboxRecord, *, service: str, engagement: str, comment: str) -> None:
    lock()
    invoice.facts |= {"service": service, "engagement": engagement or invoice.facts["engagement"]}
    _note(invoice, {"method": "recycler", "comment": comment, "service": service, "engagement": engagement})
    to = recipients.Recipient(invoice.facts["recipient"], service, invoice.facts["engagement"])
    statuses = STORIES["recycles"][1:] if recipients.is_misrouted(to) else _AFTER_RECYCLING
    unfold(invoice, statuses, since=clock.now())


@transaction.atomic
def complete(invoice: SandboxRecord, *, comment: str, names: list[str]) -> None:
    lock()
    _note(invoice, {"method": "completer", "comment": comment, "enclosures": names})
    unfold(invoice, _AFTER_COMPLETION, since=clock.now())


def _note(invoice: SandboxRecord, answer: dict[str, Any]) -> None:
    """Keep what the supplier answered, for the ledger."""
    invoice.facts["answers"] = [*invoice.facts.get("answers", []), answer]


def shown(invoice: SandboxRecord, until: datetime) -> list[dict[str, Any]]:
    """The statuses that have happened by then, oldest first."""
    found = [row for row in invoice.facts["history"] if datetime.fromisoformat(row["at"]) <= until]
    return found or invoice.facts["history"][:1]


def written(text: str) -> str:
    """As Chorus Pro writes a time: minutes, in Paris; the day first where SANDBOX_FRENCH_DATES says so."""
    return datetime.fromisoformat(text).astimezone(PARIS).strftime(f"{_day_form()} %H:%M")


def day(text: str) -> str:
    return written(text)[:10]


def typed_day(text: object) -> date | None:
    """A day of a criterion, in the form of the answers; None for another form."""
    try:
        return datetime.strptime(str(text), _day_form()).replace(tzinfo=PARIS).date()
    except ValueError:
        return None


def _day_form() -> str:
    return "%d/%m/%Y" if getattr(settings, "SANDBOX_FRENCH_DATES", False) else "%Y-%m-%d"
