"""Credit notes in parts: no line, rate or total is given back twice, and the last note ends each at zero."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from django.db.models import Sum

from billing.models import Invoice, InvoiceLine, InvoiceStatus, VatSubtotal
from billing.services.crediting import CreditedPart, draft_credit_note, rooms_of
from billing.services.issuable import AmountNotPositive
from billing.services.settling import CreditTooLarge
from config.kernel import chain
from config.kernel.money import HUNDRED, round2
from einvoicing.services.documents import preflight
from einvoicing.services.sending import credit_checked
from payments.services.crediting import issue_credit_note
from tests.factories import money, story
from tests.factories.money import credit_invoice
from tests.factories.story import a_return
from tests.trust.at_once import a_fifth
from tests.trust.conftest import settle

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_scope")]


def an_invoice(customer, *lines, **values):
    """Of lines given as (quantity, price, rate)."""
    typed = [
        story.a_line(f"Ligne {place}", quantity=Decimal(quantity), unit_price=Decimal(price), vat_rate=Decimal(rate))
        for place, (quantity, price, rate) in enumerate(lines, start=1)
    ]
    return story.an_issued_invoice(customer, typed, **values)


def credit(invoice, parts):
    return credit_invoice(invoice=invoice, parts=parts, reason="Retour", actor=story.ACTOR, at=story.AT)


def a_rebate(invoice, amount, position=1):
    return [CreditedPart(line=invoice.lines.get(position=position), amount=Decimal(amount))]


def sums_by_rate(**which):
    rows = VatSubtotal.objects.filter(**which).order_by().values_list("category", "rate")
    return {
        (category, rate): (base, vat) for category, rate, base, vat in rows.annotate(b=Sum("base"), v=Sum("amount"))
    }


def ends_at_zero(invoice):
    invoice.refresh_from_db()
    notes = list(Invoice.objects.filter(corrects=invoice))
    assert (invoice.status, invoice.balance, invoice.amount_credited) == (
        InvoiceStatus.CREDITED,
        0,
        invoice.payable,
    )
    assert sums_by_rate(invoice__corrects=invoice) == sums_by_rate(invoice=invoice)
    assert all(not room.is_open for room in rooms_of(invoice))
    for note in notes:
        assert note.total_gross >= 0
        for row in note.vat_subtotals.all():
            assert abs(row.amount - round2(row.base * row.rate / HUNDRED)) <= Decimal("0.01"), "BR-CO-17"


def test_a_line_is_not_credited_twice(customer):
    invoice = an_invoice(customer, (1, 100, 20), (1, 1000, "5.5"))
    credit(invoice, a_return(invoice, 1))
    for parts in (a_return(invoice, 1), a_rebate(invoice, "0.01"), a_return(invoice, "0.5")):
        with pytest.raises(CreditTooLarge, match="Ligne 1"):
            credit(invoice, parts)
    assert sums_by_rate(invoice__corrects=invoice) == {("S", Decimal("20.00")): (100, 20)}
    assert credit(invoice, None).total_gross == 1055
    ends_at_zero(invoice)


def test_a_line_given_twice_in_one_note_is_counted_twice(customer):
    invoice = an_invoice(customer, (3, 10, 20))
    with pytest.raises(CreditTooLarge):
        credit(invoice, [*a_return(invoice, 2), *a_return(invoice, 2)])


def test_a_return_without_its_discount_line_gives_back_too_much_vat(customer):
    invoice = an_invoice(customer, (1, 1000, 20), (-1, 100, 20), (1, 500, 10))
    with pytest.raises(CreditTooLarge, match="20"):
        credit(invoice, a_return(invoice, 1))
    credit(invoice, [*a_return(invoice, 1), *a_return(invoice, -1, position=2)])
    credit(invoice, a_return(invoice, 1, position=3))
    ends_at_zero(invoice)


def test_two_drafts_of_one_line_do_not_both_go_out(customer):
    invoice = an_invoice(customer, (1, 100, 20), (1, 1000, "5.5"))
    values = {"invoice": invoice, "parts": a_return(invoice, 1), "reason": "Retour"}
    first, second = (draft_credit_note(**values, actor=story.ACTOR, at=story.AT) for _note in range(2))
    issue_credit_note(invoice=first, actor=story.ACTOR, at=story.AT)
    for act in (issue_credit_note, preflight):
        with pytest.raises(CreditTooLarge):
            act(invoice=second, at=story.AT, **({"actor": story.ACTOR} if act is issue_credit_note else {}))


@pytest.mark.parametrize(
    "lines",
    [
        [(1, "68.33", 20), (1, "68.33", 20), (1, "57.50", 20), (1, "85.00", 20)],
        [(3, "13.33", 20)],
        [(3, "33.335", 20)],
        [(10, "0.97", "5.5")],
        [(3, "0.005", 20)],
    ],
    ids=lambda lines: f"{len(lines)} x {lines[0][0]} x {lines[0][1]}",
)
def test_returns_by_the_piece_add_up(company, customer, lines):
    invoice = an_invoice(customer, *lines)
    for line in invoice.lines.all():
        for _piece in range(int(line.quantity)):
            if any(room.net for room in rooms_of(invoice)):
                note = credit_checked(
                    invoice=invoice,
                    parts=[CreditedPart(line=line, quantity=Decimal(1))],
                    reason="Retour",
                    actor=story.ACTOR,
                    at=story.AT,
                )
                assert note.total_gross > 0
    invoice.refresh_from_db()
    assert (invoice.status, invoice.balance) == (InvoiceStatus.CREDITED, 0)
    settle()
    assert list(chain.verify(company)) == []


@pytest.mark.trust
@pytest.mark.parametrize("seed", range(a_fifth(12)))
def test_any_split_in_any_order_ends_at_zero(customer, seed):
    chance = random.Random(seed)
    lines = [
        (chance.randint(1, 9), f"{chance.randint(1, 99999) / 1000:.3f}", chance.choice(["20", "10", "5.5", "2.1"]))
        for _line in range(chance.randint(1, 5))
    ]
    invoice = an_invoice(customer, *lines, (1, "100.00", "20"))
    for _note in range(60):
        open_rooms = [room for room in rooms_of(invoice) if room.net and room.quantity]
        if not open_rooms:
            break
        parts = [a_part(room, chance) for room in chance.sample(open_rooms, chance.randint(1, len(open_rooms)))]
        if sum(part.amount or part.quantity for part in parts):
            try:
                credit(invoice, parts)
            except AmountNotPositive:
                credit(invoice, None)
    else:
        credit(invoice, None)
    invoice.refresh_from_db()
    assert (invoice.status, invoice.balance) == (InvoiceStatus.CREDITED, 0)
    assert sums_by_rate(invoice__corrects=invoice) == sums_by_rate(invoice=invoice)


def a_part(room, chance):
    kind = chance.choice(["all", "piece", "rebate"])
    if kind == "rebate":
        return CreditedPart(line=room.line, amount=round2(room.net * chance.randint(1, 100) / 100) or room.net)
    return CreditedPart(line=room.line, quantity=min(Decimal(1), room.quantity) if kind == "piece" else room.quantity)


def test_after_a_rebate_the_pieces_come_back_at_what_they_cost(customer):
    invoice = an_invoice(customer, (10, 100, 20))
    note = credit(invoice, a_rebate(invoice, "100.00"))
    assert (note.lines.get().description, note.total_gross) == ("Remise sur « Ligne 1 »", 120)
    note = credit(invoice, a_return(invoice, 3))
    line = note.lines.get()
    assert (line.quantity, line.unit_price, line.net_amount) == (3, 90, 270)
    assert credit(invoice, None).total_net == 630
    ends_at_zero(invoice)


def test_what_is_credited_whole_is_not_credited_again(customer):
    invoice = an_invoice(customer, (1, 100, 20))
    assert credit(invoice, None).corrects == invoice
    with pytest.raises(CreditTooLarge):
        credit(invoice, None)


def test_paid_money_is_freed_to_the_cent(customer):
    invoice = an_invoice(customer, (3, "13.33", 20))
    payment = money.a_payment(customer, str(invoice.total_gross), [(invoice, str(invoice.total_gross))])
    for _piece in range(3):
        credit(invoice, a_return(invoice, 1))
    payment.refresh_from_db()
    assert payment.unallocated == invoice.total_gross
    ends_at_zero(invoice)


def test_each_line_of_a_note_names_the_line_it_credits(customer):
    invoice = an_invoice(customer, (2, 10, 20), (1, 5, 10))
    note = credit(invoice, a_return(invoice, 1, position=2))
    credited = InvoiceLine.objects.filter(invoice=note).values_list("credited_line__position", "credited_quantity")
    assert list(credited) == [(2, 1)]
