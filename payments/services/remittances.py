"""Slips for the bank (remises): which payments go on one, what is taken off, and what the bank has not credited yet.

A slip books nothing: cheques stay on 511200, cards on 511500 and cash on 530000 until the bank's line says that the
money has come, and the match moves it to 512. A payment that is reversed leaves its slip by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, DecimalField, Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from billing.numbering import next_number
from config.kernel import audit, typography
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid, Stale
from config.kernel.models import Company
from config.kernel.money import ZERO
from config.kernel.rows import lock
from payments.models import REMITTED, BankAccount, BankLine, MatchPart, Method, Payment, Remittance, RemittanceLine
from payments.services.settling_parts import Found

SERIES = "REM"
MONEY = DecimalField(max_digits=16, decimal_places=2)


class NothingToRemit(Invalid):
    code = "nothing_to_remit"
    message = "Choisissez au moins un encaissement à remettre."


class NotRemittable(DomainError):
    code = "not_remittable"
    message = "%(number)s ne peut pas aller sur cette remise : il est annulé, déjà remis ou d’un autre moyen."


class RemittedInTheFuture(Invalid):
    code = "remitted_in_the_future"
    message = "La date de remise est dans le futur."


class BeforeThePayment(Invalid):
    code = "before_the_payment"
    message = "La remise ne peut pas précéder l’encaissement %(number)s, reçu le %(day)s."


class PartBeyondCash(Invalid):
    code = "part_beyond_cash"
    message = "Le montant versé est compris entre un centime et %(total)s, le total des espèces choisies."


class AlreadyCredited(DomainError):
    code = "already_credited"
    message = "La banque a déjà crédité cette remise : défaites d’abord le rapprochement."


class AlreadyCancelled(DomainError):
    code = "already_cancelled"
    message = "%(number)s est déjà annulée."


def _matched() -> QuerySet[MatchPart]:
    return MatchPart.everywhere.filter(payment=OuterRef("pk"), match__undone_at=None)


def remittable(company: Company, method: str) -> QuerySet[Payment]:
    """What waits to be taken to the bank: on no slip, not reversed, in euros, not on the bank's account already."""
    rows: QuerySet[Payment] = Payment.everywhere.filter(
        company=company,
        method=method,
        currency="EUR",
        bank_account=None,
        reverses=None,
        reversed_at=None,
    )
    taken = RemittanceLine.everywhere.filter(payment=OuterRef("pk"), removed_at=None)
    return rows.exclude(Exists(taken)).exclude(Exists(_matched())).order_by("paid_on", "id")


@transaction.atomic
def remit_payments(
    *,
    company: Company,
    method: str,
    payments: Sequence[Payment],
    bank_account: BankAccount,
    remitted_on: date,
    actor: Actor,
    at: datetime,
    part: Decimal | None = None,
) -> Remittance:
    """Put payments of one means on a slip. `part`: of cash, what is paid in; the rest stays in the till.

    Raises NothingToRemit, NotRemittable, RemittedInTheFuture, BeforeThePayment, PartBeyondCash, Stale when another
    slip took one at the same moment.
    """
    rows = _locked(company, method, payments)
    _check_day(rows, remitted_on, at)
    amounts = _amounts(rows, method, part)
    number = next_number(company_id=company.pk, series=SERIES, on=local_day(at))
    remittance: Remittance = Remittance.everywhere.create(
        company=company, number=number, method=method, bank_account=bank_account, remitted_on=remitted_on, at=at
    )
    lines = [
        RemittanceLine(company=company, remittance=remittance, payment=row, amount=amount)
        for row, amount in zip(rows, amounts, strict=True)
        if amount
    ]
    try:
        with transaction.atomic():
            RemittanceLine.everywhere.bulk_create(lines)
    except IntegrityError as error:
        raise Stale from error
    total = sum(amounts, ZERO)
    data = {"number": number, "count": len(lines), "amount": total}
    audit.record(
        "payments.remittance.made", subject=remittance, also=[line.payment for line in lines], actor=actor, at=at,
        data=data,
    )  # fmt: skip
    return remittance


def _locked(company: Company, method: str, payments: Sequence[Payment]) -> list[Payment]:
    """The payments in the order they came, locked. Raises NothingToRemit, NotRemittable."""
    if not payments or method not in REMITTED:
        raise NothingToRemit
    wanted = {payment.pk: payment for payment in payments}
    found = Payment.everywhere.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    locked = {row.pk: row for row in found}
    free = {row.pk for row in remittable(company, method).filter(pk__in=wanted)}
    for key, payment in wanted.items():
        if key not in free:
            raise NotRemittable(number=payment.number)
    return sorted(locked.values(), key=lambda row: (row.paid_on, row.pk))


def _check_day(rows: Sequence[Payment], remitted_on: date, at: datetime) -> None:
    if remitted_on > local_day(at):
        raise RemittedInTheFuture(fields={"remitted_on": RemittedInTheFuture.message})
    last = rows[-1]
    if remitted_on < last.paid_on:
        raise BeforeThePayment(number=last.number, day=typography.day(last.paid_on))


def _amounts(rows: Sequence[Payment], method: str, part: Decimal | None) -> list[Decimal]:
    """What goes on the slip of each: all of it, or of cash up to `part`, the oldest first. Raises PartBeyondCash."""
    total = sum((row.amount for row in rows), ZERO)
    left = total if part is None or method != Method.CASH else part
    if not 0 < left <= total:
        raise PartBeyondCash(total=typography.money(total))
    amounts = []
    for row in rows:
        amounts.append(min(row.amount, left))
        left -= amounts[-1]
    return amounts


@transaction.atomic
def cancel_remittance(*, remittance: Remittance, reason: str, actor: Actor, at: datetime) -> Remittance:
    """Take a slip back: its payments wait again. Raises AlreadyCancelled, AlreadyCredited."""
    row = lock(remittance)
    if row.cancelled_at:
        raise AlreadyCancelled(number=row.number)
    lines = RemittanceLine.everywhere.filter(remittance=row, removed_at=None)
    # a bank line that credits one at the same moment holds it
    list(Payment.everywhere.select_for_update(no_key=True).filter(pk__in=lines.values("payment")).order_by("pk"))
    if MatchPart.everywhere.filter(payment__in=lines.values("payment"), match__undone_at=None).exists():
        raise AlreadyCredited
    payments = [line.payment for line in lines.select_related("payment")]
    lines.update(removed_at=at)
    Remittance.everywhere.filter(pk=row.pk).update(cancelled_at=at, cancelled_because=reason[:200])
    audit.record(
        "payments.remittance.cancelled", subject=row, also=payments, actor=actor, at=at,
        data={"number": row.number, "reason": reason},
    )  # fmt: skip
    remittance.refresh_from_db()
    return remittance


def take_off_slip(payment: Payment, *, actor: Actor, at: datetime) -> None:
    """A payment that is reversed leaves the slip it was on, in the same transaction."""
    line = RemittanceLine.everywhere.filter(payment=payment, removed_at=None).select_related("remittance").first()
    if line is None:
        return
    RemittanceLine.everywhere.filter(pk=line.pk).update(removed_at=at)
    audit.record(
        "payments.remittance.shortened", subject=line.remittance, also=[payment], actor=actor, at=at,
        data={"number": line.remittance.number, "payment": payment.number, "amount": line.amount},
    )  # fmt: skip


def with_sums(rows: QuerySet[Remittance]) -> QuerySet[Any]:
    """Each with `total` and `count` of what is on the slip, and `credited`, what the bank's lines explain of it."""
    live = Q(lines__removed_at=None)
    matched = Exists(MatchPart.everywhere.filter(payment=OuterRef("payment"), match__undone_at=None))
    credited = RemittanceLine.everywhere.filter(remittance=OuterRef("pk"), removed_at=None).filter(matched)
    summed = credited.order_by().values("remittance").annotate(sum=Sum("amount")).values("sum")
    return rows.annotate(
        total=Sum("lines__amount", filter=live, default=ZERO),
        count=Count("lines", filter=live),
        credited=Coalesce(Subquery(summed), ZERO, output_field=MONEY),
    )


def open_remittances(company: Company) -> Iterable[Any]:
    """Those that the bank has not credited yet, with their sums and the payments: one line each is expected.

    For the matcher: the amount is `total`, the text to look for `number`, the parts are its live lines' payments.
    """
    rows: Any = with_sums(Remittance.everywhere.filter(company=company, cancelled_at=None))
    return rows.filter(total__gt=0, credited=0).select_related("bank_account").order_by("remitted_on", "id")


def parts_of(remittance: Remittance) -> list[Found]:
    """What explains the bank's line of a slip: its payments, each found again."""
    lines = RemittanceLine.everywhere.filter(remittance=remittance, removed_at=None)
    rows = lines.exclude(Exists(MatchPart.everywhere.filter(payment=OuterRef("payment"), match__undone_at=None)))
    return [Found(line.payment, line.amount) for line in rows.select_related("payment__customer").order_by("id")]


def remittances_like(line: BankLine) -> list[Any]:
    """The slips that the line may credit: on its account, of its amount; one whose number it names goes first."""
    rows = [
        row
        for row in open_remittances(line.company)
        if row.bank_account_id == line.account_id and row.total == line.amount and row.remitted_on <= line.booked_on
    ]
    text = f"{line.remittance} {line.end_to_end_id} {line.bank_reference}".upper()
    return sorted(rows, key=lambda row: row.number not in text)
