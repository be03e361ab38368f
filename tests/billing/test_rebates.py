"""Year-end rebates: computed from what was invoiced less what was credited, given to the cent, within what is left."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.models import Invoice, InvoiceLine, JournalLine, RebateAgreement, RebateNote
from billing.rebate_terms import Tier, fall_on, rebate_on
from billing.services.invoices import delete_draft
from billing.services.products import save_product
from billing.services.rebates import (
    NothingToRebate,
    PeriodNotOver,
    RebateChanged,
    RebateCredited,
    compute_rebate,
    credit_rebate,
    save_rebate,
)
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.money import from_cents
from config.kernel.roles import Role
from customers.models import Customer
from payments.services.crediting import issue_credit_note
from tests.factories import money, story
from tests.factories.people import read, signed_in
from tests.trust.at_once import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_scope")]

TIERS = [Tier(Decimal(1000), Decimal(2)), Tier(Decimal(5000), Decimal(5))]
LATER = story.AT + timedelta(days=60)


def agreed(customer: Customer, *, tiers: list[Tier] = TIERS, marginal: bool = False, **values: Any) -> RebateAgreement:
    day = local_day(story.AT)
    terms = {
        "customer": customer, "name": "BFA 2026", "starts_on": date(day.year, 1, 1),
        "ends_on": date(day.year, 12, 31), "is_marginal": marginal,
    }  # fmt: skip
    return save_rebate(
        agreement=None,
        company_id=customer.company_id,
        values=terms | values,
        tiers=tiers,
        products=[],
        actor=story.ACTOR,
        at=story.AT,
    )


def billed(customer: Customer, *nets: str, rate: str = "20") -> Invoice:
    lines = [
        story.a_line(f"Ligne {net}", quantity=Decimal(1), unit_price=Decimal(net), vat_rate=Decimal(rate))
        for net in nets
    ]
    return story.an_issued_invoice(customer, lines)


def prepared(rebate: RebateAgreement, at: datetime | None = None) -> list[Invoice]:
    year = local_day(story.AT).year + 1
    moment = at or datetime(year, 1, 5, 12, tzinfo=story.AT.tzinfo)
    return credit_rebate(agreement=rebate, shown=compute_rebate(rebate).amount, actor=story.ACTOR, at=moment)


@pytest.mark.parametrize(
    ("turnover", "marginal", "amount"),
    [
        ("999.99", False, "0"), ("1000", False, "20"), ("4999.99", False, "100.00"), ("5000", False, "250"),
        ("999.99", True, "0"), ("5000", True, "80"), ("6000.10", True, "130.01"), ("-10", False, "0"),
    ],
)  # fmt: skip
def test_tiers_give_the_rate_that_is_reached_or_each_its_slice(turnover: str, marginal: bool, amount: str) -> None:
    assert rebate_on(Decimal(turnover), TIERS, marginal=marginal) == Decimal(amount)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 9_999_999), min_size=1, max_size=30), st.integers(0, 10_000))
def test_what_is_spread_adds_up_and_gives_nobody_more_than_its_own(cents: list[int], share: int) -> None:
    amount = from_cents(sum(cents) * share // 10_000)
    weights = [from_cents(number) for number in cents]
    parts = fall_on(amount, weights)
    assert sum(parts) == amount
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


def test_what_was_credited_and_what_lies_outside_the_period_does_not_count(customer: Customer) -> None:
    billed(customer, "3000.00")
    returned = billed(customer, "4000.00")
    money.credit_invoice(invoice=returned, parts=None, reason="Retour", actor=story.ACTOR, at=story.AT)
    billed(story.a_customer(customer.company), "9000.00")
    story.a_draft(customer)
    rebate = compute_rebate(agreed(customer))
    assert (rebate.turnover, rebate.amount, len(rebate.shares)) == (Decimal("3000.00"), Decimal("60.00"), 1)
    other_year = agreed(customer, name="BFA 2020", starts_on=date(2020, 1, 1), ends_on=date(2020, 12, 31))
    assert compute_rebate(other_year).turnover == 0


def test_only_the_products_that_are_named_count(company: Company, customer: Customer) -> None:
    values = {"reference": "CH-1", "name": "Chaise", "unit_price": Decimal(100)}
    product = save_product(product=None, company_id=company.pk, values=values, actor=story.ACTOR, at=story.AT)
    lines = [
        story.a_line("Chaise", quantity=Decimal(20), unit_price=Decimal(100), product_id=product.pk),
        story.a_line("Transport", quantity=Decimal(1), unit_price=Decimal(9000)),
    ]
    story.an_issued_invoice(customer, lines)
    rebate = agreed(customer)
    rebate = save_rebate(
        agreement=rebate,
        company_id=company.pk,
        values={},
        tiers=TIERS,
        products=[product],
        actor=story.ACTOR,
        at=story.AT,
    )
    computed = compute_rebate(rebate)
    assert (computed.turnover, computed.amount) == (Decimal(2000), Decimal(40))


def test_the_credit_notes_give_the_rebate_to_the_cent_by_invoice_line_and_rate(customer: Customer) -> None:
    mixed = billed(customer, "333.33", "333.33", "333.34")
    reduced = billed(customer, "777.77", rate="5.5")
    money.a_payment(customer, str(mixed.total_gross), [(mixed, str(mixed.total_gross))])
    with_discount = story.an_issued_invoice(
        customer,
        [
            story.a_line("Vente", quantity=Decimal(1), unit_price=Decimal(500)),
            story.a_line("Remise", quantity=Decimal(-1), unit_price=Decimal(450)),
        ],
    )
    rebate = agreed(customer)
    computed = compute_rebate(rebate)
    assert computed.turnover == Decimal("1827.77")
    assert computed.amount == Decimal("36.56")
    notes = prepared(rebate)
    assert {note.corrects_id for note in notes} == {mixed.pk, reduced.pk, with_discount.pk}
    assert sum(note.total_net for note in notes) == Decimal("36.56")
    assert all(note.is_draft and note.credit_reason == "BFA 2026" for note in notes)
    for note in notes:
        issue_credit_note(invoice=note, actor=story.ACTOR, at=story.AT)
    issued = Invoice.objects.filter(pk__in=[note.pk for note in notes]).exclude(number=None)
    assert issued.count() == 3
    assert sum(note.total_net for note in issued) == Decimal("36.56")
    rebate.refresh_from_db()
    assert (rebate.turnover, rebate.amount) == (Decimal("1827.77"), Decimal("36.56"))
    assert InvoiceLine.objects.filter(invoice__in=issued, credited_line=None).count() == 0
    booked = JournalLine.objects.filter(entry__source__in=[note.subject for note in issued], account__startswith="7")
    # a price cut, not sales that come back (PCG 709)
    assert set(booked.values_list("account", flat=True)) <= {"709600", "709700"}
    assert booked.aggregate(sum=Sum("debit"))["sum"] == Decimal("36.56")


def test_a_rebate_of_all_leaves_nothing_and_no_more_is_given(customer: Customer) -> None:
    invoice = billed(customer, "0.01", "0.01", "99.98")
    for note in prepared(agreed(customer, tiers=[Tier(Decimal(0), Decimal(100))])):
        issue_credit_note(invoice=note, actor=story.ACTOR, at=story.AT)
    invoice.refresh_from_db()
    assert invoice.status == "CREDITED"
    again = agreed(customer, name="Encore", tiers=[Tier(Decimal(0), Decimal(100))])
    with pytest.raises(NothingToRebate):
        prepared(again)


def test_it_is_credited_once_after_its_period_as_it_was_read(customer: Customer) -> None:
    billed(customer, "2000.00")
    rebate = agreed(customer)
    with pytest.raises(PeriodNotOver):
        prepared(rebate, at=story.AT)
    billed(customer, "500.00")
    with pytest.raises(RebateChanged):
        credit_rebate(agreement=rebate, shown=Decimal(40), actor=story.ACTOR, at=LATER)
    notes = prepared(rebate)
    with pytest.raises(RebateCredited):
        prepared(rebate)
    with pytest.raises(RebateCredited):
        save_rebate(
            agreement=rebate,
            company_id=rebate.company_id,
            values={"name": "Autre"},
            tiers=TIERS,
            products=[],
            actor=story.ACTOR,
            at=LATER,
        )
    for note in notes:
        delete_draft(invoice=note, actor=story.ACTOR, at=LATER)
    assert len(prepared(rebate)) == 2


def test_a_year_without_a_tier_reached_gives_nothing(customer: Customer) -> None:
    billed(customer, "999.99")
    with pytest.raises(NothingToRebate):
        prepared(agreed(customer))
    assert Invoice.objects.filter(kind="381").count() == 0


def test_the_pages_agree_show_and_credit(company: Company, customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    billed(customer, "60000.00")
    client = signed_in(company)
    year = local_day(story.AT).year
    typed = {
        "customer": customer.pk, "name": "BFA", "starts_on": f"1/1/{year}", "ends_on": f"31/12/{year}",
        "tiers": "50 000 ; 2\n100 000 ; 3,5 %", "products": "",
    }  # fmt: skip
    refused = client.post(reverse("billing:rebate-new"), {**typed, "tiers": "beaucoup", "products": "NADA"})
    assert refused.status_code == 422
    assert "Aucun produit n’a cette référence : NADA." in read(refused)
    saved = client.post(reverse("billing:rebate-new"), typed)
    rebate = RebateAgreement.objects.get()
    assert saved["Location"] == rebate.get_absolute_url()
    page = read(client.get(rebate.get_absolute_url()))
    assert "1 200,00 €" in page
    monkeypatch.setattr(timezone, "now", lambda: datetime(year + 1, 1, 5, 12, tzinfo=story.AT.tzinfo))
    client = signed_in(company)  # the session of a year ago is over
    asked = client.get(reverse("billing:rebate-credit", args=[rebate.pk]))
    confirmation = client.get(asked["Location"])
    assert "1 200,00 €" in read(confirmation)
    assert RebateNote.objects.count() == 0
    assert client.post(asked["Location"]).status_code == 302
    assert Invoice.objects.get(kind="381").total_net == Decimal("1200.00")
    after = read(client.get(rebate.get_absolute_url()))
    assert "Les avoirs sont des brouillons" in after
    assert "Avoirs préparés" in read(client.get(reverse("billing:rebate-list")))
    assert reverse("billing:rebate-list") in client.get(reverse("customers:customer-list")).text


@pytest.mark.parametrize("amount", ["", "abc", "1e9", "٣.٠٠", "-1.00", "9" * 40])
def test_an_amount_that_is_none_credits_nothing(company: Company, customer: Customer, amount: str) -> None:
    billed(customer, "2000.00")
    rebate = agreed(customer)
    address = reverse("billing:rebate-credit", args=[rebate.pk])
    answer = signed_in(company).post(f"{address}?amount={amount}")
    assert answer.status_code in (302, 409)
    assert RebateNote.objects.count() == 0


def test_sales_read_rebates_and_agree_none(company: Company, customer: Customer) -> None:
    client = signed_in(company, Role.SALES)
    assert client.get(agreed(customer).get_absolute_url()).status_code == 200
    assert client.get(reverse("billing:rebate-new")).status_code == 403


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_two_who_credit_at_once_give_it_once(company: Company, customer: Customer) -> None:
    billed(customer, "2000.00")
    rebate = agreed(customer)
    shown = compute_rebate(rebate).amount
    moment = datetime(local_day(story.AT).year + 1, 1, 5, 12, tzinfo=story.AT.tzinfo)

    def credit(_place: int) -> str:
        try:
            return str(len(credit_rebate(agreement=rebate, shown=shown, actor=story.ACTOR, at=moment)))
        except RebateCredited:
            return "refused"

    assert sorted(at_once(2, credit)) == ["1", "refused"]
    assert Invoice.everywhere.filter(kind="381").count() == 1
