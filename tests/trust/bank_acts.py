"""What happens to bank lines, in any order: read, settled in each way there is, suspended, booked by rules, undone."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from payments.models import BankLine, BankRule, LineStatus, Match, Payment, Refund, WriteOffReason
from payments.outgoing import refunding
from payments.services import bank, rules, settling, undoing, write_offs
from payments.services.allocations import Share
from payments.services.settling_parts import Booked, Credit, Found, Kept, Part, Received, Refunded, Rest, Returned, Vat
from tests.factories import money
from tests.factories.story import SECOND_IBAN
from tests.trust.money_acts import MoneyDay

CHARGES = ("616000", "627800")  # an insurance, a fee with VAT
FEE = "COMMISSION DE MOUVEMENT"


def read_a_statement(day: MoneyDay) -> object:
    """Money of an invoice, whole or not, a refund of ours, a collection that bounced, a fee and an own transfer."""
    owing = day.some(day.owing(), most=2)
    entries = [money.a_credit(str(day.an_amount(one.balance)), remittance=str(one.number)) for one in owing]
    entries.append(money.a_credit("-4.50", counterparty="Banque", remittance=FEE))
    for refund in day.some(list(Refund.objects.filter(cancelled_at=None, kind="REFUND").order_by("pk")), most=1):
        told = {"counterparty": refund.customer.name, "end_to_end_id": refund.end_to_end_id}
        entries.append(money.a_credit(str(-refund.amount), **told))
    for payment in day.some(list(Payment.objects.filter(reverses=None).order_by("pk")), most=1):
        told = {"remittance": payment.number, "code": "RRTN", "return_code": "AM04"}
        entries.append(money.a_credit(str(-day.an_amount(payment.amount)), **told))
    if day.chance.random() < 0.3:
        entries.append(money.a_credit("-250.00", counterparty="Verone", counterparty_iban=SECOND_IBAN))
    data = money.a_statement_file(day.company, entries, at=day.at)
    day.files.append(data)
    return bank.import_statement(company=day.company, data=data, filename="releve.xml", **day.who)


def read_it_again(day: MoneyDay) -> None:
    before, data = day.state(), day.chance.choice(day.files)
    bank.import_statement(company=day.company, data=data, filename="encore.xml", **day.who)
    day.stands(before)


def settle(day: MoneyDay) -> None:
    """One line as a person decides, with whatever may explain it, in one part or in two."""
    line = day.one_of(BankLine, status__in=[LineStatus.OPEN, LineStatus.SUSPENSE])
    before = day.state()
    parts = _in(day, line) if line.amount > 0 else _out(day, line)
    match = settling.settle_line(line=line, parts=parts, rule="person", is_automatic=False, **day.who)
    day.as_it_was(lambda: undoing.undo_match(match=match, reason="Erreur", **day.who), before)


def _in(day: MoneyDay, line: BankLine) -> list[Part]:
    kind = day.chance.random()
    if kind < 0.2:
        return [Found(day.a_standing_payment(), line.amount)]
    if kind < 0.3:
        return [_charge(day, line.amount)]
    if kind < 0.5:
        first = day.an_amount(line.amount)
        rest = line.amount - first
        return [_received(day, first), *([_received(day, rest)] if rest else [])]
    return [_received(day, line.amount)]


def _out(day: MoneyDay, line: BankLine) -> list[Part]:
    kind = day.chance.random()
    refunds = Refund.objects.filter(cancelled_at=None, amount=-line.amount).order_by("pk")
    if kind < 0.5 and refunds:
        return [Refunded(day.chance.choice(list(refunds)))]
    if kind < 0.8:
        payment = day.a_standing_payment()
        fee = -line.amount - min(payment.amount, -line.amount)
        taken = Returned(payment, line.amount + fee)
        return [taken, *([_charge(day, -fee)] if fee else [])]
    return [_charge(day, line.amount)]


def _charge(day: MoneyDay, amount: Decimal) -> Booked:
    account = day.chance.choice(CHARGES)
    return Booked(account, amount, "Frais", Vat(Decimal(20)) if account == CHARGES[1] else None)


def _received(day: MoneyDay, amount: Decimal) -> Received:
    """Money of a customer with an older credit; a difference is settled with it as often as not."""
    customer = day.a_customer()
    owing = [one for one in day.owing() if one.customer_id == customer.pk]
    used = [one for one in refunding.credit_payments(customer) if day.chance.random() < 0.5][:1]
    credit_used = [Credit(one, one.unallocated) for one in used]
    room = amount + sum((one.amount for one in credit_used), Decimal(0))
    shares: list[Share] = day.shares(room, owing)
    rests, kept = _differences(day, room, shares)
    return Received(customer, amount, shares, credit_used, write_offs=rests, kept=kept)


def _differences(day: MoneyDay, room: Decimal, shares: list[Share]) -> tuple[list[Rest], Kept | None]:
    left = room - sum((share.amount for share in shares), Decimal(0))
    if day.chance.random() < 0.5:
        return [], None
    if left:
        return [], Kept(min(left, day.an_amount(left)), WriteOffReason.ROUNDING)
    reason = day.chance.choice([WriteOffReason.DISCOUNT, WriteOffReason.BANK_FEE, WriteOffReason.ROUNDING])
    with_vat = reason in write_offs.WITH_VAT
    short = [share for share in shares if share.amount < share.invoice.balance]
    rests = [Rest(share.invoice, share.invoice.balance - share.amount, reason, with_vat) for share in short]
    return rests, None


def suspend(day: MoneyDay) -> None:
    before, line = day.state(), day.one_of(BankLine, status=LineStatus.OPEN)
    settling.suspend_line(line=line, reason="Inconnu", **day.who)
    line.refresh_from_db()
    day.as_it_was(lambda: undoing.reopen_line(line=line, **day.who), before)


def void(day: MoneyDay) -> None:
    before, line = day.state(), day.one_of(BankLine, status=LineStatus.OPEN)
    undoing.void_line(line=line, reason="Annulée par la banque", **day.who)
    line.refresh_from_db()
    day.as_it_was(lambda: undoing.reopen_line(line=line, **day.who), before)


def undo_a_match(day: MoneyDay) -> object:
    return undoing.undo_match(match=day.one_of(Match, undone_at=None), reason="Erreur", **day.who)


def make_a_rule(day: MoneyDay) -> object:
    values = {
        "name": "Commissions", "text": FEE, "ledger_account": CHARGES[1], "vat_rate": Decimal(20),
        "vat_account": "445660", "is_automatic": day.chance.random() < 0.7,
    }  # fmt: skip
    return rules.save_rule(rule=None, company=day.company, values=values, **day.who)


def archive_a_rule(day: MoneyDay) -> object:
    return rules.archive_rule(rule=day.one_of(BankRule, archived_at=None), **day.who)


ACTS: list[Callable[[Any], object]] = [
    *[settle] * 9, *[read_a_statement] * 4, *[suspend] * 2, *[undo_a_match] * 4, read_it_again, void, make_a_rule,
    archive_a_rule,
]  # fmt: skip
