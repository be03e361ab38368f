"""What suppliers are owed as of any day is the journal of that day, and the VAT of a period its documents'."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.models import JournalLine, PurchaseInvoice
from billing.purchases.crediting import use_supplier_credit
from billing.purchases.payables import aged_payables, deductible_vat, due_vat
from billing.purchases.settling import settle_purchase
from tests.factories.purchases import a_checked_purchase, a_supplier, kept
from tests.factories.story import ACTOR, AT
from tests.trust.at_once import a_fifth

pytestmark = pytest.mark.usefixtures("in_scope")

FIRST = date(2026, 11, 16)


def on(day):
    return AT + (day - FIRST)


def buy(supplier, lines, day=FIRST, **values):
    return a_checked_purchase(supplier, lines, at=on(day), received_on=day, issue_date=day, **values)


def pay(purchase, amount, day):
    settle_purchase(purchase=purchase, amount=Decimal(amount), on=day, actor=ACTOR, at=on(day))


def in_journal(prefixes, *, upto, since=date.min, **of):
    lines = JournalLine.objects.filter(entry__day__range=(since, upto), **of)
    return sum((line.debit - line.credit for line in lines if line.account.startswith(prefixes)), Decimal(0))


def test_what_was_owed_on_a_day_stays_what_it_was(company):
    supplier = a_supplier(company)
    invoice = buy(supplier, [kept("100", "607000")], due_date=date(2026, 11, 20))
    note = buy(supplier, [kept("10", "607000")], date(2026, 11, 18), kind="381")
    pay(invoice, "50", date(2026, 12, 1))
    act = {"actor": ACTOR, "at": on(date(2026, 12, 2))}
    use_supplier_credit(credit_note=note, purchase=invoice, amount=Decimal("12.00"), **act)

    def aged(day):
        (found,) = aged_payables(company, on=day) or (None,)
        return found and ([str(amount) for amount in found.buckets], str(found.credit), str(found.total))

    nothing = "0.00"
    assert aged(FIRST - timedelta(days=1)) is None
    assert aged(date(2026, 11, 20)) == (["120.00", nothing, nothing, nothing, nothing], "-12.00", "108.00")
    assert aged(date(2026, 11, 30)) == ([nothing, "120.00", nothing, nothing, nothing], "-12.00", "108.00")
    assert aged(date(2026, 12, 1)) == ([nothing, "70.00", nothing, nothing, nothing], "-12.00", "58.00")
    assert aged(date(2027, 3, 1)) == ([nothing, nothing, nothing, nothing, "58.00"], nothing, "58.00")


def test_vat_is_deductible_when_goods_are_booked_and_as_services_are_paid(company):
    supplier = a_supplier(company)
    lines = [kept("100", "607000"), kept("100", "611000", "SERVICES", "10"), kept("200", "218300", "SERVICES")]
    purchase = buy(supplier, lines)
    pay(purchase, "235", date(2026, 12, 3))

    def of(start, end):
        return {(str(row.rate), row.account): str(row.vat) for row in deductible_vat(company, start=start, end=end)}

    assert of(FIRST, date(2026, 11, 30)) == {("20.00", "445660"): "20.00"}
    assert of(date(2026, 12, 1), date(2026, 12, 31)) == {("10.00", "445660"): "5.00", ("20.00", "445620"): "20.00"}
    assert of(date(2027, 1, 1), date(2027, 1, 31)) == {}


def test_what_we_owe_ourselves_is_told_with_its_base_and_taken_back_with_its_document(company):
    supplier = a_supplier(company)
    buy(supplier, [kept("100", "604000", "SERVICES_ABROAD"), kept("50", "607000", "INTRA_EU_GOODS")], number="E-1")
    right = [kept("90", "604000", "SERVICES_ABROAD")]
    buy(supplier, right, date(2026, 12, 1), kind="384", corrects_number="E-1", number="E-1bis")

    def of(start, end):
        return [(row.regime, str(row.base), str(row.vat)) for row in due_vat(company, start=start, end=end)]

    assert of(FIRST, FIRST) == [("SERVICES_ABROAD", "100.00", "20.00"), ("INTRA_EU_GOODS", "50.00", "10.00")]
    assert of(date(2026, 12, 1), date(2026, 12, 1)) == [
        ("SERVICES_ABROAD", "-100.00", "-20.00"),
        ("INTRA_EU_GOODS", "-50.00", "-10.00"),
        ("SERVICES_ABROAD", "90.00", "18.00"),
    ]


def test_each_euro_of_any_day_and_period_is_that_of_the_journal(company):
    chance = random.Random(44566)
    suppliers = [a_supplier(company), a_supplier(company, name="Garage Martin")]
    kinds = (("607000", "GOODS", "20"), ("611000", "SERVICES", "20"), ("622600", "SERVICES", "10"))
    day = FIRST
    for number in range(a_fifth(60)):
        day += timedelta(days=chance.randint(0, 4))
        account, regime, rate = chance.choice(kinds)
        line = kept(str(Decimal(chance.randint(100, 90_000)) / 100), account, regime, rate)
        kind = chance.choice(("380", "380", "381"))
        buy(chance.choice(suppliers), [line], day, kind=kind, number=f"J-{number}")
        for purchase in PurchaseInvoice.objects.owed().exclude(kind="381").order_by("?")[:2]:
            pay(
                purchase,
                chance.choice(
                    (purchase.balance, max(purchase.balance / 3, Decimal("0.01")).quantize(purchase.balance))
                ),
                day,
            )
    for _question in range(8):
        start, end = sorted(FIRST + timedelta(days=chance.randrange((day - FIRST).days + 2)) for _side in range(2))
        rows = deductible_vat(company, start=start, end=end)
        booked = in_journal(("445660", "445620"), since=start, upto=end)
        assert sum((row.vat for row in rows), Decimal(0)) == booked
        # the entries of the money itself are those of who moves it
        paid = sum(row.amount for one in PurchaseInvoice.objects.all() for row in one.settlements.filter(day__lte=end))
        owed = sum((age.total for age in aged_payables(company, on=end)), Decimal(0))
        assert owed + paid == -in_journal(("401", "404"), upto=end)
