"""Debits that the bank credits, one by one or a batch in one line, and those that it takes back (R-transactions)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.isolating import treat_each
from config.kernel.models import Company
from payments.debits.expected import expected_debits
from payments.debits.reasons import REASONS, reason_of
from payments.debits.standing import NOT_RETURNED, NotOrdered, mark_returned
from payments.matching import AUTO, Index
from payments.models import BankLine, DebitStatus, DirectDebit, LineStatus, Match, MatchPart, Refund
from payments.outgoing.refunding import cancel_refund
from payments.outgoing.returning import return_payment
from payments.services.allocations import lock_invoices
from payments.services.automatic import explain_automatically
from payments.services.proposing import judge_all
from payments.services.settling import settle_line
from payments.services.settling_parts import Collected

BY_PERSON = "person"


class UnknownReturnCode(Invalid):
    code = "unknown_return_code"
    message = "Choisissez le motif que la banque a donné."


class ReturnedLater(Invalid):
    code = "returned_later"
    message = "La date du retour est dans le futur."


class ReturnedByTheBank(DomainError):
    code = "returned_by_the_bank"
    message = "Ce retour vient d’une ligne bancaire : défaites son rapprochement."


def collect_debits(*, line: BankLine, debits: Sequence[DirectDebit], actor: Actor, at: datetime) -> Match:
    """A person says which ordered debits the line credits. Raises NotOrdered, and what settling a line raises."""
    parts = [Collected(debit) for debit in debits]
    return settle_line(line=line, parts=parts, rule=BY_PERSON, is_automatic=False, actor=actor, at=at)


def collect_lines(*, company: Company, actor: Actor, at: datetime) -> int:
    """Match every open line that names our debits and is their amount to the cent; how many.

    Before all others: what the bank takes back of them in the same statement is then known.
    """
    expected = list(expected_debits(company))
    if not expected:
        return 0
    lines = BankLine.everywhere.filter(company=company, status=LineStatus.OPEN, amount__gt=0)
    rows = list(lines.select_related("account", "statement").order_by("booked_on", "id"))
    verdicts, _failed = judge_all(rows, Index.build(expected), {})

    def collect(line: BankLine) -> int:
        return int(explain_automatically(line, verdicts[line.pk], actor=actor, at=at))

    told = [line for line in rows if verdicts[line.pk].kind == AUTO and verdicts[line.pk].found]
    return sum(treat_each(told, collect, loop="encaissement des prélèvements", at=at))


@transaction.atomic
def return_debit(*, debit: DirectDebit, code: str, returned_on: date, actor: Actor, at: datetime) -> DirectDebit:
    """The bank refused it, or took back what it had paid: then the money is booked back and the invoice is open again.

    A refusal before any credit moves no money. The line of the statement, when it comes, finds the return made here.
    Raises NotOrdered, UnknownReturnCode, ReturnedLater, and what returning a payment raises.
    """
    if code not in REASONS:
        raise UnknownReturnCode(fields={"code": UnknownReturnCode.message})
    if returned_on > local_day(at):
        raise ReturnedLater(fields={"returned_on": ReturnedLater.message})
    lock_invoices([debit.invoice])
    debit.refresh_from_db()
    if debit.status not in (DebitStatus.ORDERED, DebitStatus.COLLECTED):
        raise NotOrdered
    if debit.payment is not None:
        reason = f"{code} – {reason_of(code).sentence}"
        return_payment(
            payment=debit.payment, amount=debit.amount, returned_on=returned_on, reason=reason, actor=actor, at=at
        )
    mark_returned(debit, code, returned_on, actor=actor, at=at)
    return debit


@transaction.atomic
def undo_return(*, debit: DirectDebit, actor: Actor, at: datetime) -> DirectDebit:
    """A return recorded by mistake: the debit stands as before. Raises NotOrdered, ReturnedByTheBank, Stale."""
    lock_invoices([debit.invoice])
    debit.refresh_from_db()
    if debit.status != DebitStatus.RETURNED:
        raise NotOrdered
    if debit.payment is None:
        states.move(
            debit, DebitStatus.ORDERED, tag="payments.debit.restored", actor=actor, at=at,
            also=[debit.invoice, debit.mandate.customer], data={"invoice": debit.invoice.number}, **NOT_RETURNED,
        )  # fmt: skip
        return debit
    refund = Refund.everywhere.get(shares__payment=debit.payment, kind="RETURN", cancelled_at=None)
    if MatchPart.everywhere.filter(refund=refund, is_recorded=True, match__undone_at=None).exists():
        raise ReturnedByTheBank
    cancel_refund(refund=refund, reason="Retour annulé", actor=actor, at=at)
    debit.refresh_from_db()
    return debit


@transaction.atomic
def handle_return(*, debit: DirectDebit, actor: Actor, at: datetime) -> DirectDebit:
    """A person has done what was to be done about it. Twice changes nothing."""
    rows = DirectDebit.everywhere.filter(pk=debit.pk, status=DebitStatus.RETURNED, handled_at=None)
    if rows.update(handled_at=at):
        audit.record(
            "payments.debit.handled", subject=debit, also=[debit.invoice], actor=actor, at=at,
            data={"invoice": debit.invoice.number},
        )  # fmt: skip
    debit.refresh_from_db()
    return debit
