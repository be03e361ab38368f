"""Which period of VAT is declared next: the one after the last, the first one of the company’s schedule before any.

Without a schedule the first is the one that holds the first VAT of the books: none is passed over in silence.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import Min

from billing.ledger.vat.periods import DAY, MONTH, QUARTER, VatPeriod, period_of
from billing.models import JournalLine, VatReturn, VatSchedule
from billing.numbering import lock_counters
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from config.kernel.models import Company
from config.kernel.rows import edit


class PeriodMissing(DomainError):
    code = "vat_period_missing"
    message = "Les périodes se déclarent l’une après l’autre : celle qui commence le %(day)s manque."


class OtherRhythm(DomainError):
    code = "vat_other_rhythm"
    message = "La société déclare par %(rhythm)s : changez d’abord le rythme des déclarations."


class FirstPeriodElsewhere(DomainError):
    code = "vat_first_period_elsewhere"
    message = "La TVA est déclarée ici jusqu’au %(day)s : le nouveau rythme commence le lendemain."


def schedule_of(company: Company) -> VatSchedule | None:
    found: VatSchedule | None = VatSchedule.everywhere.filter(company=company).first()
    return found


def last_return(company: Company) -> VatReturn | None:
    found: VatReturn | None = VatReturn.everywhere.filter(company=company).order_by("-ends_on").first()
    return found


def usual_rhythm(company: Company) -> str:
    """As chosen, as last declared, or by months."""
    schedule, last = schedule_of(company), last_return(company)
    if schedule is not None:
        return str(schedule.rhythm)
    return QUARTER if last is not None and VatPeriod(last.starts_on, last.ends_on).is_quarter else MONTH


def first_vat_day(company: Company) -> date | None:
    """Of the first line on an account of VAT."""
    rows = JournalLine.everywhere.filter(company=company, account__gte="4452", account__lt="4458")
    found: date | None = rows.aggregate(first=Min("day"))["first"]
    return found


def next_start(company: Company, *, by: str) -> date | None:
    """On which day the next period to declare begins; None where nothing is to declare yet."""
    last, schedule = last_return(company), schedule_of(company)
    if last is not None:
        return last.ends_on + DAY
    if schedule is not None:
        return schedule.starts_on
    first = first_vat_day(company)
    return period_of(first, by=by).starts_on if first else None


def check_next(company: Company, period: VatPeriod) -> None:
    """Raises OtherRhythm, PeriodMissing."""
    by, schedule = QUARTER if period.is_quarter else MONTH, schedule_of(company)
    if schedule is not None and schedule.rhythm != by and period.starts_on >= schedule.starts_on:
        raise OtherRhythm(rhythm="trimestre" if schedule.rhythm == QUARTER else "mois")
    start = next_start(company, by=by)
    if start is None or period.starts_on == start:
        return
    # nothing is passed over where the first returns say that there was no VAT yet
    is_earlier = schedule is None and last_return(company) is None and period.starts_on < start
    if not is_earlier:
        raise PeriodMissing(day=f"{start:%d/%m/%Y}")


@transaction.atomic
def choose_schedule(*, company: Company, first: VatPeriod, actor: Actor, at: datetime) -> VatSchedule:
    """Declare by months or quarters from a period on. Raises FirstPeriodElsewhere where it leaves a gap or declares
    twice."""
    lock_counters(company.pk)
    last = last_return(company)
    if last is not None and first.starts_on != last.ends_on + DAY:
        raise FirstPeriodElsewhere(day=f"{last.ends_on:%d/%m/%Y}")
    row = schedule_of(company) or VatSchedule(company=company)
    edit(row, {"rhythm": QUARTER if first.is_quarter else MONTH, "starts_on": first.starts_on})
    audit.record("billing.vat.scheduled", subject=row, actor=actor, at=at, data={"period": first.code})
    return row
