"""Payment runs before their order: prepared from what is chosen, changed, submitted to another person, given up.

Lock order: the run, then purchases by key. An invoice is in one open run: looked at under its lock, and PostgreSQL
holds the index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from billing.numbering import next_number
from billing.purchases.models import PurchaseInvoice
from billing.purchases.settling import lock_purchases
from config.kernel import audit, states, typography
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid, NotAllowed
from config.kernel.money import ZERO
from config.kernel.rows import lock
from payments.models import BankAccount, PaymentRun, PaymentRunLine, RunStatus
from payments.outgoing.ordering import OrderedInThePast
from payments.outgoing.suppliers.due import DIFFERENT_IBAN, SETTLED, WHY, Candidate, candidates_of, settings_of
from payments.outgoing.suppliers.entries import Due
from payments.outgoing.suppliers.recording import AmountRefused, AnotherCurrencyAccount, CreditsExceed, NothingPaid

SERIES = "LOT"
MOST_LINES = 1000


class PurchaseHeld(DomainError):
    code = "purchase_held"
    message = "%(number)s ne peut pas être réglée : %(why)s"


class BeyondBalance(Invalid):
    code = "beyond_balance"
    message = "Il reste %(balance)s à régler sur %(number)s : %(amount)s, c’est trop."


class RunNotOpen(DomainError):
    code = "run_not_open"
    message = "%(number)s ne se change plus : il est ordonné ou annulé."


class PersonNeeded(NotAllowed):
    code = "person_needed"
    message = "Un lot de règlements se prépare et se confirme par des personnes, pas par une clé."


@dataclass(frozen=True, slots=True)
class Choice:
    """A purchase that was chosen, how much of it, and the discount taken of that."""

    purchase: PurchaseInvoice
    amount: Decimal
    discount: Decimal = ZERO


def check_person(actor: Actor) -> int:
    """The person's key. Raises PersonNeeded for keys, the clock and the product itself."""
    if actor.kind != "USER" or actor.user_id is None:
        raise PersonNeeded
    return actor.user_id


@transaction.atomic
def prepare_run(
    *,
    choices: Sequence[Choice],
    bank_account: BankAccount,
    executes_on: date,
    actor: Actor,
    at: datetime,
    is_by_supplier: bool = True,
) -> PaymentRun:
    """A run of what was chosen, credit notes netted. Nothing is booked before it is ordered.

    Raises PersonNeeded, NothingPaid, OrderedInThePast, AnotherCurrencyAccount, PurchaseHeld, AmountRefused,
    BeyondBalance, CreditsExceed.
    """
    user_id = check_person(actor)
    if not 0 < len(choices) <= MOST_LINES:
        raise NothingPaid
    check_day(executes_on, at)
    if bank_account.currency != "EUR":
        raise AnotherCurrencyAccount(account=bank_account.name, found=bank_account.currency, currency="EUR")
    purchases = lock_purchases({choice.purchase.pk for choice in choices})
    by_key = {choice.purchase.pk: choice for choice in choices}
    candidates = candidates_of([purchases[key] for key in by_key], pay_on=executes_on)
    run: PaymentRun = PaymentRun.everywhere.create(
        company_id=bank_account.company_id,
        number=next_number(company_id=bank_account.company_id, series=SERIES, on=local_day(at)),
        bank_account=bank_account,
        executes_on=executes_on,
        is_by_supplier=is_by_supplier,
        prepared_by_id=user_id,
        created_at=at,
    )
    lines = [_line(run, one, by_key[one.purchase.pk]) for one in candidates]
    net_credits(lines)
    PaymentRunLine.everywhere.bulk_create(lines)
    count_total(run)
    _tell("payments.run.prepared", run, [line.purchase for line in lines], actor, at)
    return run


def check_day(executes_on: date, at: datetime) -> None:
    """Raises OrderedInThePast."""
    if executes_on < local_day(at):
        raise OrderedInThePast(fields={"executes_on": OrderedInThePast.message})


def _line(run: PaymentRun, candidate: Candidate, choice: Choice) -> PaymentRunLine:
    purchase = candidate.purchase
    if purchase.company_id != run.company_id:
        raise NothingPaid
    if candidate.held is not None:
        raise PurchaseHeld(number=str(purchase), why=candidate.held.sentence)
    check_line(purchase, choice.amount, choice.discount)
    return PaymentRunLine(
        company_id=run.company_id,
        run=run,
        purchase=purchase,
        amount=choice.amount,
        discount=choice.discount,
        iban=candidate.iban,
    )


def check_line(purchase: PurchaseInvoice, amount: Decimal, discount: Decimal) -> None:
    """Raises AmountRefused, BeyondBalance."""
    if amount <= 0 or not ZERO <= discount < amount or (discount and purchase.is_credit_note):
        raise AmountRefused(number=str(purchase))
    if amount > purchase.balance:
        balance, wanted = (typography.money(value, purchase.currency) for value in (purchase.balance, amount))
        raise BeyondBalance(number=str(purchase), balance=balance, amount=wanted)


def net_credits(lines: Sequence[PaymentRunLine]) -> None:
    """Give credit notes the account of the transfer that they lessen. Raises CreditsExceed where none is left."""
    for supplier in {line.purchase.supplier_id for line in lines}:
        own = [line for line in lines if line.purchase.supplier_id == supplier]
        invoices = [line for line in own if not line.purchase.is_credit_note]
        if sum((line.paid for line in own), ZERO) <= 0:
            raise CreditsExceed
        if len(own) > len(invoices):
            largest = max({line.iban for line in invoices}, key=lambda iban: _to(iban, invoices))
            for line in own:
                line.iban = largest if line.purchase.is_credit_note else line.iban
            if _to(largest, own) <= 0:
                raise CreditsExceed


def _to(iban: str, lines: Sequence[PaymentRunLine]) -> Decimal:
    return sum((line.paid for line in lines if line.iban == iban), ZERO)


def live_lines(run: PaymentRun) -> list[PaymentRunLine]:
    """The lines that were not taken off it, by supplier and due date."""
    rows = PaymentRunLine.everywhere.filter(run=run, removed_at=None).select_related("purchase__supplier")
    return list(rows.order_by("purchase__supplier__name", "purchase__supplier_id", "purchase__due_date", "id"))


def count_total(run: PaymentRun) -> None:
    """What its lines are together; the run is locked, or new."""
    run.total = sum((line.paid for line in live_lines(run)), ZERO)
    run.save(update_fields=["total"])


def lock_open(run: PaymentRun) -> PaymentRun:
    """The run as it is now, locked. Raises RunNotOpen."""
    locked = lock(run)
    if not locked.is_open:
        raise RunNotOpen(number=locked.number)
    return locked


def held_of(run: PaymentRun, lines: Sequence[PaymentRunLine]) -> dict[int, str]:
    """What stands against lines now, by their keys: what changed since they were prepared."""
    candidates = candidates_of([line.purchase for line in lines], pay_on=run.executes_on, of_run=run.pk)
    by_key = {one.purchase.pk: one for one in candidates}
    found = {}
    for line in lines:
        one = by_key[line.purchase_id]
        if one.held is not None:
            found[line.pk] = one.held.sentence
        elif line.amount > one.amount:
            found[line.pk] = str(WHY[SETTLED])
        elif not line.purchase.is_credit_note and line.iban != one.iban:
            found[line.pk] = str(WHY[DIFFERENT_IBAN])
    return found


@transaction.atomic
def change_run(
    *,
    run: PaymentRun,
    amounts: Sequence[tuple[PaymentRunLine, Decimal, Decimal]],
    executes_on: date,
    actor: Actor,
    at: datetime,
) -> PaymentRun:
    """Other amounts and discounts of lines, another day. Who changes it is who prepared it: another one confirms.

    Raises PersonNeeded, RunNotOpen, TransitionRefused once it is submitted, OrderedInThePast, AmountRefused,
    BeyondBalance, CreditsExceed.
    """
    user_id = check_person(actor)
    check_day(executes_on, at)
    locked = lock_open(run)
    if locked.status != RunStatus.DRAFT:
        raise RunNotOpen(number=locked.number)
    lines = {line.pk: line for line in live_lines(locked)}
    purchases = lock_purchases({line.purchase_id for line in lines.values()})
    for line, amount, discount in amounts:
        if line.pk not in lines:
            raise RunNotOpen(number=locked.number)
        check_line(purchases[line.purchase_id], amount, discount)
        lines[line.pk].amount, lines[line.pk].discount = amount, discount
    net_credits(list(lines.values()))
    for line in lines.values():
        line.save(update_fields=["amount", "discount"])
    locked.executes_on, locked.prepared_by_id = executes_on, user_id
    locked.save(update_fields=["executes_on", "prepared_by"])
    count_total(locked)
    _tell("payments.run.changed", locked, [line.purchase for line, _amount, _discount in amounts], actor, at)
    run.refresh_from_db()
    return run


@transaction.atomic
def remove_line(*, line: PaymentRunLine, actor: Actor, at: datetime) -> PaymentRun:
    """Take a purchase off an open run: it may be in another. The last one gives the run up.

    Raises PersonNeeded, RunNotOpen, CreditsExceed.
    """
    check_person(actor)
    run = lock_open(line.run)
    removed = PaymentRunLine.everywhere.filter(pk=line.pk, ended_at=None).update(removed_at=at, ended_at=at)
    if not removed:
        raise RunNotOpen(number=run.number)
    rest = live_lines(run)
    if rest:
        net_credits(rest)
    count_total(run)
    _tell("payments.run.line_removed", run, [line.purchase], actor, at)
    if not rest:
        give_up(run, reason="", actor=actor, at=at)
    return run


@transaction.atomic
def submit_run(*, run: PaymentRun, actor: Actor, at: datetime) -> PaymentRun:
    """Ask another person to confirm it. Raises PersonNeeded, TransitionRefused, Stale."""
    check_person(actor)
    _move(run, RunStatus.TO_CONFIRM, "payments.run.submitted", actor, at)
    return run


@transaction.atomic
def reopen_run(*, run: PaymentRun, actor: Actor, at: datetime) -> PaymentRun:
    """Take it up again before anybody has confirmed it. Raises PersonNeeded, TransitionRefused, Stale."""
    check_person(actor)
    _move(run, RunStatus.DRAFT, "payments.run.reopened", actor, at)
    return run


def give_up(run: PaymentRun, *, reason: str, actor: Actor, at: datetime) -> None:
    """Cancel a locked open run: its purchases are free."""
    lines = PaymentRunLine.everywhere.filter(run=run, ended_at=None)
    purchases = [line.purchase for line in lines.select_related("purchase")]
    lines.update(ended_at=at)
    states.move(
        run, RunStatus.CANCELLED, tag="payments.run.cancelled", actor=actor, at=at, also=purchases,
        data={"number": run.number, "reason": reason}, cancelled_at=at, cancelled_because=reason[:200],
    )  # fmt: skip


def _move(run: PaymentRun, to: str, tag: str, actor: Actor, at: datetime) -> None:
    states.move(run, to, tag=tag, actor=actor, at=at, data={"number": run.number, "total": run.total})


def _tell(tag: str, run: PaymentRun, purchases: Sequence[PurchaseInvoice], actor: Actor, at: datetime) -> None:
    data = {"number": run.number, "total": run.total, "purchases": ", ".join(str(row) for row in purchases[:20])}
    audit.record(tag, subject=run, also=purchases, actor=actor, at=at, data=data)


def needs_another_person(run: PaymentRun) -> bool:
    """Above the company's limit, who prepared it does not order it."""
    return run.total > settings_of(run.company_id).confirm_above


def dues_of(lines: Sequence[PaymentRunLine], purchases: dict[int, PurchaseInvoice]) -> list[Due]:
    return [Due(purchases[line.purchase_id], line.amount, line.discount) for line in lines]
