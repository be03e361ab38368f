"""What is true of overdue invoices, gathered for the policy in a constant number of queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.db.models import F, Max

from billing.models import Invoice, InvoiceStatus
from billing.working_days import is_working_day
from config.kernel.clock import local_day
from config.kernel.models import Company
from payments.dunning.models import VOID, HoldKind, Reminder, ReminderHold, ReminderLevel
from payments.dunning.policy import FINAL, FIRM, FRIENDLY, Decision, Facts, Level, Policy, refuse, refuse_for_bank
from payments.dunning.practice import Practice, Practices, practices_of
from payments.models import BankAccount, BankLine, DirectDebit, MatchPart, Payment
from payments.portal.notices import paused_invoices
from payments.services.proposing import barred_pairs, build_index, judge

CODES = {ReminderLevel.FRIENDLY: FRIENDLY, ReminderLevel.FIRM: FIRM, ReminderLevel.FINAL: FINAL}
LEVELS = {code: level for level, code in CODES.items()}
HOUR = 3600


def _policy(practice: Practice, *, requires_bank_data: bool) -> Policy:
    levels = (
        Level(FRIENDLY, practice.delays[ReminderLevel.FRIENDLY]),
        Level(FIRM, practice.delays[ReminderLevel.FIRM], shows_charges=True),
        Level(FINAL, practice.delays[ReminderLevel.FINAL], needs_person=True, shows_charges=True),
    )
    return Policy(levels=levels, requires_bank_data=requires_bank_data)


@dataclass(frozen=True, slots=True)
class UnmatchedCredits:
    """The credits of the bank that no payment explains yet, and whom they may come from."""

    covered: Collection[int] = ()  # invoices that the evidence names or proposes
    by_amount: Mapping[tuple[str, Decimal], Collection[int]] = field(default_factory=dict)  # lines of that amount
    barred: Mapping[int, Collection[int]] = field(default_factory=dict)  # invoices a person took off a line
    customers: Collection[int] = ()  # who is named as the payer, or has paid from one of these IBANs before

    def could_pay(self, invoice: Invoice) -> bool:
        if invoice.pk in self.covered or invoice.customer_id in self.customers:
            return True
        equal = self.by_amount.get((invoice.currency, invoice.balance), ())
        return any(invoice.pk not in self.barred.get(line, ()) for line in equal)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is common to all invoices that are decided together."""

    today: date
    bank_age_hours: Decimal | None
    unmatched: UnmatchedCredits
    in_credit: Collection[int]  # customers with money not yet allocated
    last_level: dict[int, int]
    last_sent_on: dict[int, date]
    practices: Practices
    requires_bank_data: bool
    said_paid: Mapping[int, date]  # until when an invoice waits because its customer says that it has paid
    holds: Mapping[int, Sequence[ReminderHold]]  # those that live, by invoice
    debited: Collection[int]  # invoices that a direct debit on its way will pay

    def policy_for(self, customer_id: int) -> Policy:
        return _policy(self.practices.of(customer_id), requires_bank_data=self.requires_bank_data)

    def held_until(self, invoice: Invoice, kind: HoldKind) -> date | None:
        days = [hold.until for hold in self.holds.get(invoice.pk, ()) if hold.kind == kind]
        return max(days, default=None)

    def broken_promise(self, invoice: Invoice) -> ReminderHold | None:
        """The promise of the invoice whose day has passed without its money."""
        kept = self.holds.get(invoice.pk, ())
        return next((hold for hold in kept if hold.is_broken(invoice.balance, self.today)), None)


def gather_evidence(company: Company, *, at: datetime, customers: Collection[int] | None = None) -> Evidence:
    """What deciding on the invoices of these customers, or of all, needs, in a fixed number of queries."""
    live = Reminder.everywhere.filter(company=company).exclude(status__in=VOID)
    unallocated = Payment.everywhere.filter(company=company, reverses=None, reversed_at=None, amount__gt=F("allocated"))
    if customers is not None:
        live = live.filter(invoice__customer_id__in=customers)
        unallocated = unallocated.filter(customer_id__in=customers)
    holds: dict[int, list[ReminderHold]] = {}
    live_holds = ReminderHold.everywhere.filter(company=company, ended_at=None)
    if customers is not None:
        live_holds = live_holds.filter(invoice__customer_id__in=customers)
    for hold in live_holds:
        holds.setdefault(hold.invoice_id, []).append(hold)
    read = list(BankAccount.everywhere.filter(company=company).values_list("imported_at", flat=True))
    debits = DirectDebit.everywhere.filter(company=company, status__in=DirectDebit.PENDING)
    levels = live.values("invoice_id").annotate(level=Max("level")).values_list("invoice_id", "level")
    sent = live.values("invoice__customer_id").annotate(last=Max("created_at"))
    return Evidence(
        today=local_day(at),
        bank_age_hours=_bank_age(read, at),
        unmatched=_unmatched_credits(company, at, customers),
        in_credit=set(unallocated.values_list("customer_id", flat=True)),
        last_level=dict(levels),
        debited=set(debits.values_list("invoice_id", flat=True)),
        last_sent_on={row["invoice__customer_id"]: local_day(row["last"]) for row in sent},
        practices=practices_of(company, customers),
        requires_bank_data=bool(read),
        holds=holds,
        said_paid=paused_invoices(company.pk, local_day(at)),
    )


def _unmatched_credits(company: Company, at: datetime, customers: Collection[int] | None) -> UnmatchedCredits:
    lines = list(BankLine.everywhere.filter(company=company, status__in=BankLine.UNEXPLAINED, amount__gt=0))
    if not lines:
        return UnmatchedCredits()
    index, barred = build_index(company, at=at, customers=customers), barred_pairs(company=company)
    covered: set[int] = set()
    by_amount: dict[tuple[str, Decimal], set[int]] = {}
    for line in lines:
        verdict = judge(line, index, barred)
        covered.update(int(str(key)) for key, _amount in verdict.allocations)
        # a rival may be the one that was paid: in doubt nobody is asked to pay twice
        covered.update(int(str(key)) for key in verdict.rivals)
        by_amount.setdefault((line.currency, line.amount), set()).add(line.pk)
    ibans = {line.counterparty_iban for line in lines if line.counterparty_iban}
    parts = MatchPart.everywhere.filter(company=company, match__undone_at=None, payment__isnull=False)
    parts = parts.filter(match__line__counterparty_iban__in=ibans)
    paid_before = parts.values_list("payment__customer_id", flat=True) if ibans else ()
    named = {key for payer in {line.counterparty for line in lines} for key in index.names.of(payer)}
    return UnmatchedCredits(
        covered=covered,
        by_amount=by_amount,
        barred=barred,
        customers={*paid_before, *(int(str(key)) for key in named)},
    )


def refusal_of_all(company: Company, *, at: datetime) -> Decision | None:
    """Why no reminder of the company leaves today, whatever the invoice; None when some may."""
    today = local_day(at)
    read = list(BankAccount.everywhere.filter(company=company).values_list("imported_at", flat=True))
    facts = Facts(due_on=today, balance=Decimal(1), today=today, bank_data_age_hours=_bank_age(read, at))
    if refusal := refuse_for_bank(facts, Policy(requires_bank_data=bool(read))):
        return refusal
    return None if is_working_day(today) else refuse("not_a_working_day")


def _bank_age(read: Sequence[datetime | None], at: datetime) -> Decimal | None:
    """Hours since the oldest account was read; None when one was never read."""
    if not read or None in read:
        return None
    # the oldest, not the latest: a payment may have come to the account that nobody has read since
    return Decimal(int((at - min(moment for moment in read if moment)).total_seconds())) / HOUR


def facts_of(invoice: Invoice, evidence: Evidence) -> Facts:
    """What the policy decides on; `evidence` was gathered for the invoice's customer."""
    customer = invoice.customer
    pauses = (
        customer.reminders_paused_until,
        customer.merged_into.reminders_paused_until if customer.merged_into else None,
        evidence.held_until(invoice, HoldKind.PAUSE),
        evidence.said_paid.get(invoice.pk),
    )
    return Facts(
        due_on=invoice.due_date or evidence.today,
        balance=invoice.balance,
        today=evidence.today,
        is_draft=invoice.is_draft,
        is_disputed=invoice.disputed_at is not None,
        is_credited=invoice.status == InvoiceStatus.CREDITED,
        is_individual=customer.is_individual,
        last_level=CODES.get(ReminderLevel(evidence.last_level[invoice.pk]), "")
        if invoice.pk in evidence.last_level
        else "",
        last_sent_on=evidence.last_sent_on.get(invoice.customer_id),
        unmatched_credit_could_cover=invoice.customer_id in evidence.in_credit or evidence.unmatched.could_pay(invoice),
        bank_data_age_hours=evidence.bank_age_hours,
        paused_until=max(filter(None, pauses), default=None),
        promised_on=evidence.held_until(invoice, HoldKind.PROMISE),
        is_never_reminded=evidence.practices.of(invoice.customer_id).never,
        is_being_debited=invoice.pk in evidence.debited,
        is_working_day=is_working_day(evidence.today),
    )
