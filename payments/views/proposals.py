"""What may explain one bank line, best first, as the worktable shows it: each with its sentence, and one form."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from billing import ledger
from billing.ledger import account_name_of
from payments.debits.fees import returned_with_fee
from payments.matching import NONE
from payments.models import BankLine
from payments.sentences import why_matched
from payments.services.habits import Habit, habit_of
from payments.services.nearby import customers_near
from payments.services.proposing import build_index, propose
from payments.services.rules import booking_by, first_fitting, is_own_transfer, own_accounts, rules_of
from payments.views.proposal import Proposal, Rival
from payments.views.proposed_invoices import of_invoices, rivals_of
from payments.views.proposed_money import of_known_money, of_payments, of_payout


@dataclass(frozen=True, slots=True)
class Proposed:
    """The proposals, best first; where the evidence designates nothing, what it says, and what the payer owes."""

    found: Sequence[Proposal]
    finding: str = ""
    rivals: Sequence[Rival] = ()
    customers: Collection[int] = ()  # whom the line may come from


def proposals_for(line: BankLine, *, role: str, at: datetime) -> Proposed:
    """Documents before memory: payouts, invoices, money known before, then own accounts, rules and habits."""
    customers = customers_near(line, at=at)
    verdict = propose(line, build_index(line.company, at=at, customers=customers))
    found = of_payout(line) if line.amount > 0 else []
    found += of_known_money(line, verdict) or of_invoices(line, verdict, role=role)
    if line.amount > 0:
        found += of_payments(line, found)
    found += _of_memory(line, at)
    if verdict.kind != NONE:
        return Proposed(found, customers=customers)
    # of a debit that is nobody's money back there is nothing to say
    finding = why_matched(verdict) if line.amount > 0 else ""
    return Proposed(found, finding, rivals_of(verdict), customers)


def _of_memory(line: BankLine, at: datetime) -> list[Proposal]:
    found, company = [], line.company_id
    if is_own_transfer(line, own_accounts(line.company)):
        booking = Habit(1, ledger.TRANSFERS, None, "Virement interne")
        found.append(
            _booking(booking, _("L’autre côté est un compte de la société : les deux lignes se rejoignent."), company)
        )
    rule = first_fitting(line, rules_of(line.company))
    if rule is not None:
        booked = booking_by(rule, line)
        sentence = _("La règle « %(name)s » convient.") % {"name": rule.name}
        found.append(_booking(Habit(1, booked.account, booked.vat, booked.label), sentence, company))
    habit = habit_of(line, at=at)
    if habit is not None and (rule is None or habit.account != rule.ledger_account):
        sentence = _("Des lignes semblables ont été inscrites ainsi %(count)s fois.") % {"count": habit.count}
        found.append(_booking(habit, sentence, company))
    debit = None if found else returned_with_fee(line)
    if debit is not None:
        sentence = _("Le prélèvement de %(invoice)s est revenu ce jour-là.") % {"invoice": debit.invoice}
        found.append(_booking(Habit(1, ledger.BANK_FEES, None, "Frais de rejet de prélèvement"), sentence, company))
    return found


def _booking(booking: Habit, sentence: str, company_id: int) -> Proposal:
    rate = f"{booking.vat.rate.normalize():f}" if booking.vat else ""
    title = " ".join(part for part in (booking.account, account_name_of(company_id, booking.account)) if part)
    fields = {"act": "book", "account": booking.account, "vat_rate": rate, "label": booking.label}
    return Proposal(title=title, sentence=sentence, fields=fields)
