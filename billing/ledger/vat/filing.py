"""Declaring a period of VAT: its boxes are frozen, its settlement is booked, its books are closed for good.

What comes later for a day of the period finds it closed, and is booked and declared in the next one (PCG 1031-4).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Sum

from billing.ledger.closing import close_declared
from billing.ledger.entries import Entry, Posting, post
from billing.ledger.vat.boxes import Declaration, declaration_of
from billing.ledger.vat.declared import totals_within
from billing.ledger.vat.periods import DAY, VatPeriod, period_of
from billing.ledger.vat.schedule import check_next, last_return, schedule_of, usual_rhythm
from billing.models import Journal, JournalEntry, JournalLine, VatReturn
from billing.numbering import lock_counters
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.models import Company, VatRegime
from config.kernel.money import ZERO, round2

TO_PAY, CREDIT, REFUND_ASKED = "445510", "445670", "445830"
ROUNDING_LOST, ROUNDING_GAINED = "658000", "758000"
# CGI ann. II, 242-0 C: the least that is paid back, and at the end of the calendar year
LEAST_REFUND, LEAST_REFUND_OF_YEAR = Decimal(760), Decimal(150)


class NoVatToDeclare(DomainError):
    code = "no_vat_to_declare"
    message = "La société est en franchise de TVA : elle ne déclare rien."


class NotToFrance(DomainError):
    code = "vat_not_to_france"
    message = (
        "La CA3 est la déclaration française. Une société suisse établit son décompte auprès de l’AFC : "
        "la balance donne la TVA due par taux (2200) et l’impôt préalable (1170, 1171)."
    )


class PeriodNotOver(DomainError):
    code = "vat_period_not_over"
    message = "La période court jusqu’au %(day)s : elle se déclare ensuite."


class DeclaredAlready(DomainError):
    code = "vat_declared_already"
    message = "La TVA est déjà déclarée jusqu’au %(day)s."


class RefundNotPossible(Invalid):
    code = "refund_not_possible"
    message = (
        "Le crédit est de %(credit)s € : on en demande %(least)s € au moins, en euros entiers, et pas plus qu’il n’est."
    )


@transaction.atomic
def file_return(
    *, company: Company, period: VatPeriod, actor: Actor, at: datetime, refund: Decimal = ZERO
) -> VatReturn:
    """Freeze the return of a period, book its settlement and close its books, in one act.

    Raises NoVatToDeclare, PeriodNotOver, DeclaredAlready, PeriodMissing, RefundNotPossible.
    """
    # nobody writes from here on: what is read is what is declared
    lock_counters(company.pk)
    check_fileable(company, period, on=local_day(at))
    declaration = declaration_of(
        company, period.starts_on, period.ends_on, credit=credit_before(company, period.starts_on), refund=refund
    )
    check_refund(declaration, period, refund)
    row: VatReturn = VatReturn.objects.create(
        company=company,
        starts_on=period.starts_on,
        ends_on=period.ends_on,
        edition=declaration.edition.name,
        boxes=declaration.frozen(),
        to_pay=declaration.tax("32"),
        carried=declaration.tax("27"),
        refund=refund,
        filed_at=at,
    )
    data = {"period": period.code, "to_pay": row.to_pay, "carried": row.carried}
    audit.record("billing.vat.declared", subject=row, actor=actor, at=at, seal=True, data=data)
    _settle(row, declaration, actor=actor, at=at)
    close_declared(company=company, through=period.ends_on, actor=actor, at=at)
    return row


def check_fileable(company: Company, period: VatPeriod, *, on: date) -> None:
    """Raises NotToFrance, NoVatToDeclare, PeriodNotOver, DeclaredAlready, OtherRhythm, PeriodMissing."""
    if company.is_swiss:
        raise NotToFrance
    if company.vat_regime == VatRegime.FRANCHISE:
        raise NoVatToDeclare
    if not period.is_over(on):
        raise PeriodNotOver(day=f"{period.ends_on:%d/%m/%Y}")
    last = last_return(company)
    if last is not None and period.starts_on <= last.ends_on:
        raise DeclaredAlready(day=f"{last.ends_on:%d/%m/%Y}")
    check_next(company, period)


def filed_declaration(row: VatReturn) -> Declaration:
    """The boxes of a return as they were filed, with the lines that make them."""
    credit = credit_before(row.company, row.starts_on)
    found = declaration_of(row.company, row.starts_on, row.ends_on, credit=credit, refund=row.refund)
    for code, figure in found.figures.items():
        frozen = row.boxes.get(code, {})
        figure.base, figure.tax = Decimal(frozen.get("base", "0")), Decimal(frozen.get("tax", "0"))
    return found


def least_refund(period: VatPeriod) -> Decimal:
    return LEAST_REFUND_OF_YEAR if period.ends_on.month == 12 else LEAST_REFUND


def check_refund(declaration: Declaration, period: VatPeriod, refund: Decimal) -> None:
    """Raises RefundNotPossible."""
    credit, least = declaration.tax("25"), least_refund(period)
    if refund and not (refund == refund.to_integral_value() and least <= refund <= credit):
        raise RefundNotPossible(credit=f"{credit:f}", least=f"{least:f}")


def credit_before(company: Company, day: date) -> Decimal:
    """Box 22: what the return before carried; before the first one, what 44567 holds on the day before, in euros."""
    last = VatReturn.everywhere.filter(company=company, ends_on__lt=day).order_by("-ends_on").first()
    if last is not None:
        return Decimal(last.carried)
    rows = JournalLine.everywhere.filter(company=company, account=CREDIT, day__lt=day, is_carried=False)
    held = rows.aggregate(sum=Sum(F("debit") - F("credit"), default=ZERO))["sum"]
    return max(Decimal(int(held)), ZERO)


def settlement_postings(declaration: Declaration) -> list[Posting]:
    """D what is collected / C what is deducted, the credit used, what is to pay; the euro's rounding to 658 or 758."""
    sums: dict[str, Decimal] = {account: -moved for account, moved in declaration.moved.items()}
    sums[CREDIT] = sums.get(CREDIT, ZERO) + declaration.tax("27") - declaration.tax("22")
    sums[REFUND_ASKED] = declaration.tax("26")
    sums[TO_PAY] = -declaration.tax("32")
    rest = round2(-sum(sums.values(), ZERO))
    sums[ROUNDING_LOST if rest > 0 else ROUNDING_GAINED] = rest
    return [Posting(account, round2(amount)) for account, amount in sorted(sums.items()) if amount]


def _settle(row: VatReturn, declaration: Declaration, *, actor: Actor, at: datetime) -> None:
    postings = settlement_postings(declaration)
    if not postings:
        return
    entry = Entry(
        label=f"Liquidation de la TVA {row.code}",
        piece=f"CA3 {row.code}",
        piece_date=row.ends_on,
        source=row,
        on=row.ends_on,
        postings=postings,
    )
    post([entry], journal=Journal.MISCELLANEOUS, day=local_day(at), actor=actor, at=at)


def settlement_of(row: VatReturn) -> JournalEntry | None:
    """The entry of a return; None where nothing moved."""
    found: JournalEntry | None = JournalEntry.everywhere.filter(source=row.subject).prefetch_related("lines").first()
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class VatToCome:
    """What is owed of the days since the last return, `amount` positive, or to come back."""

    since: date | None
    due_on: date | None  # when the period of that day is to be paid at the latest; None under the exemption
    due: Decimal
    deductible: Decimal
    credit: Decimal

    @property
    def amount(self) -> Decimal:
        return self.due - self.deductible - self.credit


def vat_to_come(company: Company, on: date) -> VatToCome:
    """VAT due less what is deductible, from the day after the last return through `on`, less the credit carried."""
    if company.vat_regime == VatRegime.FRANCHISE:
        return VatToCome(since=None, due_on=None, due=ZERO, deductible=ZERO, credit=ZERO)
    last = VatReturn.everywhere.filter(company=company, ends_on__lte=on).order_by("-ends_on").first()
    schedule = schedule_of(company)
    since = last.ends_on + DAY if last else schedule.starts_on if schedule else None
    due, deductible = totals_within(company, since or date.min, on)
    credit = credit_before(company, since) if since else ZERO
    due_on = period_of(on, by=usual_rhythm(company)).due_on[1]
    return VatToCome(since=since, due_on=due_on, due=due, deductible=deductible, credit=credit)
