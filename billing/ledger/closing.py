"""Closing the books: for sales staff first, then for everybody, then a whole fiscal year (PCG 1031-3; LPF L47 A)."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from billing.ledger.calendar import DAY, Calendar, Year, calendar_of
from billing.ledger.carrying import carry_forward
from billing.ledger.checks import Period, blocking, run_checks
from billing.ledger.fec.names import keep_names
from billing.models import Closing, ClosingKind, FiscalYear, JournalEntry
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


class EarlierYearOpen(DomainError):
    """Its opening would have no place: the first day of the next year would be closed."""

    code = "earlier_year_open"
    message = "L’exercice qui finit le %(day)s n’est pas clôturé : clôturez-le d’abord, pour reporter ses soldes."


class ChecksFailed(DomainError):
    code = "checks_failed"
    message = "La clôture attend encore : %(found)s."


class YearClosedAlready(DomainError):
    code = "year_closed_already"
    message = "L’exercice qui finit le %(day)s est déjà clôturé."


@transaction.atomic
def close_books(*, company: Company, kind: ClosingKind, through: date, actor: Actor, at: datetime) -> Closing:
    """Close the books through a day, included. Waits for whoever is writing: nothing lands in it afterwards.

    Raises NotOverYet; for a HARD closing ClosedAlready where one goes as far, EarlierYearOpen where it would close the
    day of an opening that is not written, ChecksFailed.
    """
    if through >= local_day(at):
        raise NotOverYet(day=f"{through:%d/%m/%Y}")
    lock_counters(company.pk)
    calendar = calendar_of(company.pk)
    if calendar.hard and through <= calendar.hard:
        raise ClosedAlready(day=f"{calendar.hard:%d/%m/%Y}")
    if kind == ClosingKind.HARD:
        _check_earlier_years(calendar, through)
        _check_books(company, calendar, through, today=local_day(at))
    return _close(company, kind, through, actor=actor, at=at)


@transaction.atomic
def close_declared(*, company: Company, through: date, actor: Actor, at: datetime) -> None:
    """Close what was declared to the tax office through a day, as far as can be.

    For good; where an earlier fiscal year is open or something is to be mended, for all but owners and accountants: a
    return does not wait for the end of a year.
    """
    lock_counters(company.pk)
    calendar = calendar_of(company.pk)
    if calendar.hard and calendar.hard >= through:
        return
    try:
        _check_earlier_years(calendar, through)
        _check_books(company, calendar, through, today=local_day(at))
    except (EarlierYearOpen, ChecksFailed):
        if calendar.soft is None or calendar.soft < through:
            _close(company, ClosingKind.SOFT, through, actor=actor, at=at)
        return
    _close(company, ClosingKind.HARD, through, actor=actor, at=at)


@transaction.atomic
def close_year(*, company: Company, year: Year, actor: Actor, at: datetime) -> FiscalYear:
    """Close a fiscal year for good, and open the next one with what it leaves.

    Raises as close_books, and YearClosedAlready.
    """
    if year.ends_on >= local_day(at):
        raise NotOverYet(day=f"{year.ends_on:%d/%m/%Y}")
    lock_counters(company.pk)
    calendar = calendar_of(company.pk)
    written: FiscalYear | None = FiscalYear.everywhere.filter(company=company, ends_on=year.ends_on).first()
    if written and written.closed_at:
        raise YearClosedAlready(day=f"{year.ends_on:%d/%m/%Y}")
    _check_earlier_years(calendar, year.ends_on)
    _check_books(company, calendar, year.ends_on, today=local_day(at))
    if calendar.hard is None or calendar.hard < year.ends_on:
        _close(company, ClosingKind.HARD, year.ends_on, actor=actor, at=at)
    row: FiscalYear = written or FiscalYear.everywhere.create(
        company=company, starts_on=year.starts_on, ends_on=year.ends_on
    )
    entries = carry_forward(row, actor=actor, at=at)
    keep_names(row)
    FiscalYear.everywhere.filter(pk=row.pk).update(closed_at=at)
    row.refresh_from_db()
    data = {"ends_on": row.ends_on, "entries": [entry.number for entry in entries]}
    audit.record("billing.year.closed", subject=row, actor=actor, at=at, also=entries[:20], data=data)
    return row


def period_to_close(company: Company, calendar: Calendar, through: date, *, today: date) -> Period:
    """From what is closed for good, or the start of the fiscal year, through a day."""
    year = calendar.year_of(through)
    start = max(year.starts_on, calendar.hard + DAY) if calendar.hard else year.starts_on
    return Period(company=company, year=year, start=start, through=through, today=today)


def _close(company: Company, kind: ClosingKind, through: date, *, actor: Actor, at: datetime) -> Closing:
    closing: Closing = Closing.objects.create(company=company, kind=kind, through=through, at=at)
    data = {"kind": kind, "through": through}
    audit.record("billing.books.closed", subject=closing, actor=actor, at=at, seal=True, data=data)
    return closing


def _check_earlier_years(calendar: Calendar, through: date) -> None:
    """No year that ends before the one of `through` is open with entries in it. Raises EarlierYearOpen."""
    start = calendar.year_of(through).starts_on
    closed = FiscalYear.everywhere.filter(company=calendar.company_id, closed_at__isnull=False)
    last = closed.order_by("-ends_on").values_list("ends_on", flat=True).first()
    if last and last >= start - DAY:
        return
    earlier = JournalEntry.everywhere.filter(company=calendar.company_id, day__lt=start)
    if last:
        earlier = earlier.filter(day__gt=last)
    if found := earlier.order_by("day").values_list("day", flat=True).first():
        raise EarlierYearOpen(day=f"{calendar.year_of(found).ends_on:%d/%m/%Y}")


def _check_books(company: Company, calendar: Calendar, through: date, *, today: date) -> None:
    """Raises ChecksFailed with what must be mended first."""
    found = blocking(run_checks(period_to_close(company, calendar, through, today=today)))
    if found:
        raise ChecksFailed(found=" ; ".join(one.sentence for one in found))
