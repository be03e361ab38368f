"""What may explain one bank line, best first, as the worktable shows it: each with its sentence, and one form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from billing import ledger
from billing.ledger import account_name
from billing.models import Invoice
from config.kernel import typography
from payments.matching import NONE, Verdict, explain
from payments.models import BankLine, MatchPart, Payment
from payments.services.habits import Habit, habit_of
from payments.services.nearby import customers_near
from payments.services.proposing import AROUND, build_index, propose
from payments.services.rules import booking_by, first_fitting, is_own_transfer, own_accounts, rules_of

MOST_FOUND = 3


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """`fields` are what accepting it sends; `rows` the invoices with their part; `rivals` who else, and why not."""

    sentence: str
    fields: Mapping[str, str]
    title: str = ""
    rows: list[tuple[Invoice, Decimal]] = field(default_factory=list)
    rivals: list[str] = field(default_factory=list)


def amount_of(text: str) -> str:
    """An amount of the evidence, which is kept in French, as the reader writes amounts."""
    return typography.number(Decimal(text.replace("\u202f", "").replace(",", ".")), 2)


def proposals_for(line: BankLine, *, at: datetime) -> list[Proposal]:
    """Documents before memory: invoices, payments recorded before, then own accounts, rules and habits."""
    found = []
    if line.amount > 0:
        verdict = propose(line, build_index(line.company, at=at, customers=customers_near(line, at=at)))
        found += _of_invoices(verdict)
        found += _of_payments(line)
    return found + _of_memory(line, at)


def _of_invoices(verdict: Verdict) -> list[Proposal]:
    shares = {int(str(key)): amount for key, amount in verdict.allocations}
    others = [int(str(key)) for key in verdict.rivals]
    invoices = Invoice.objects.select_related("customer").in_bulk([*shares, *others])
    # what is in another currency is for the page of a payment, where its amount is typed
    if verdict.kind == NONE or verdict.currency or not shares or not all(key in invoices for key in shares):
        return []
    why = {loser.id: loser.why for loser in verdict.losers}
    rows = [(invoices[key], amount) for key, amount in shares.items()]
    rivals = [_rival(invoices[key], why.get(key, "")) for key in others if key in invoices]
    fields = {"act": "match", **{f"share_{key}": f"{amount:f}" for key, amount in shares.items()}}
    fields |= {f"credit_{key}": f"{amount:f}" for key, amount in verdict.credits}
    best = Proposal(sentence=explain(verdict, _, amount_of), fields=fields, rows=rows, rivals=rivals)
    # one invoice in the place of another of the same balance: each is one key away
    alone = [invoices[key] for key in others if key in invoices] if len(rows) == 1 else []
    swapped = [row for row in alone if row.balance == rows[0][1]]
    return [best, *(_instead(row) for row in swapped)]


def _rival(invoice: Invoice, why: str) -> str:
    reasons = {
        "later": _("plus récente"),
        "touched": _("déjà réglée en partie"),
        "amount": _("d’un autre montant"),
        "payer": _("d’un autre client"),
        "barred": _("déjà écartée de cette ligne"),
    }
    text = f"{invoice.number} · {invoice.customer.name} · {typography.money(invoice.balance, invoice.currency)}"
    return f"{text} – {reasons[why]}" if why in reasons else text


def _instead(invoice: Invoice) -> Proposal:
    sentence = _("Plutôt %(number)s, du même montant, échue le %(day)s.")
    sentence %= {"number": invoice.number, "day": typography.day(invoice.due_date)}
    fields = {"act": "match", f"share_{invoice.pk}": f"{invoice.balance:f}"}
    return Proposal(sentence=sentence, fields=fields, rows=[(invoice, invoice.balance)])


def _of_payments(line: BankLine) -> list[Proposal]:
    """Money recorded by hand or by a service for this amount, then, and found by no line yet."""
    linked = MatchPart.objects.filter(match__undone_at=None).exclude(payment=None)
    rows = Payment.objects.filter(
        amount=line.amount, currency=line.currency, reverses=None, reversed_at=None,
        paid_on__range=(line.booked_on - AROUND, line.booked_on + AROUND),
    ).exclude(pk__in=linked.values("payment_id"))  # fmt: skip
    sentence = _("L’encaissement %(number)s de %(customer)s, du %(day)s, est peut-être cet argent.")
    return [
        Proposal(
            title=row.number,
            sentence=sentence
            % {"number": row.number, "customer": row.customer.name, "day": typography.day(row.paid_on)},
            fields={"act": "found", "payment": str(row.pk)},
        )
        for row in rows.select_related("customer").order_by("paid_on", "id")[:MOST_FOUND]
    ]


def _of_memory(line: BankLine, at: datetime) -> list[Proposal]:
    found = []
    if is_own_transfer(line, own_accounts(line.company)):
        booking = Habit(1, ledger.TRANSFERS, None, "Virement interne")
        found.append(_booking(booking, _("L’autre côté est un compte de la société : les deux lignes se rejoignent.")))
    rule = first_fitting(line, rules_of(line.company))
    if rule is not None:
        booked = booking_by(rule, line)
        sentence = _("La règle « %(name)s » convient.") % {"name": rule.name}
        found.append(_booking(Habit(1, booked.account, booked.vat, booked.label), sentence))
    habit = habit_of(line, at=at)
    if habit is not None and (rule is None or habit.account != rule.ledger_account):
        sentence = _("Des lignes semblables ont été inscrites ainsi %(count)s fois.") % {"count": habit.count}
        found.append(_booking(habit, sentence))
    return found


def _booking(booking: Habit, sentence: str) -> Proposal:
    rate = f"{booking.vat.rate.normalize():f}" if booking.vat else ""
    title = " ".join(part for part in (booking.account, account_name(booking.account)) if part)
    fields = {"act": "book", "account": booking.account, "vat_rate": rate, "label": booking.label}
    return Proposal(title=title, sentence=sentence, fields=fields)
