"""Closing the books: for sales staff first, then for everybody (PCG 1031-3; LPF L47 A)."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from billing.ledger.calendar import calendar_of
from billing.models import Closing, ClosingKind
from billing.numbering import lock_counters
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.models import Company


class NotOverYet(DomainError):
    code = "period_not_over"
    message = "Le %(day)s n’est pas passé : on ne clôture que des jours révolus."


class ClosedAlready(DomainError):
    code = "closed_already"
    message = "Les livres sont déjà clôturés jusqu’au %(day)s : une clôture définitive ne revient pas en arrière."


@transaction.atomic
def close_books(*, company: Company, kind: ClosingKind, through: date, actor: Actor, at: datetime) -> Closing:
    """Close the books through a day, included. Waits for whoever is writing: nothing lands in it afterwards.

    Raises NotOverYet, and ClosedAlready where a HARD closing goes as far.
    """
    if through >= local_day(at):
        raise NotOverYet(day=f"{through:%d/%m/%Y}")
    lock_counters(company.pk)
    hard = calendar_of(company.pk).hard
    if hard and through <= hard:
        raise ClosedAlready(day=f"{hard:%d/%m/%Y}")
    closing: Closing = Closing.objects.create(company=company, kind=kind, through=through, at=at)
    data = {"kind": kind, "through": through}
    audit.record("billing.books.closed", subject=closing, actor=actor, at=at, seal=True, data=data)
    return closing
