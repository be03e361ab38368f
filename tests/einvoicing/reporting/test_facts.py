"""What is reported follows from invoices, credit notes and payments, and every row from its documents."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billing.services.correcting import draft_correction
from billing.services.deposits import choose_deposits, draft_deposit
from billing.services.invoices import save_draft
from billing.services.issuing import issue_invoice
from config.kernel.models import VatRegime
from config.kernel.scope import company_scope
from einvoicing.formats import ereporting
from einvoicing.reporting import purchases
from einvoicing.reporting.building import build_draft, usual_regime
from einvoicing.reporting.judging import judge
from einvoicing.reporting.periods import PAYMENTS, PURCHASES, SALES, period_at
from payments.outgoing.returning import return_payment
from payments.services.allocations import allocate_payment
from payments.services.crediting import issue_correction
from payments.services.payments import reverse_payment
from payments.services.write_offs import keep_excess, take_back_write_off, write_off
from tests.einvoicing.reporting.selling import a_german, a_sale, an_individual, noon, paid
from tests.factories import money, story
from tests.factories.story import ACTOR

DAY, LATER = date(2026, 11, 5), date(2026, 11, 14)


@pytest.fixture
def company(db):
    company = story.a_company()
    with company_scope(company):
        yield company


def report(company, day, kind=SALES):
    period = period_at(day, kind=kind, regime=usual_regime(company))
    draft = build_draft(company=company, period=period, at=noon(day))
    verdict = judge(ereporting.render(draft.content))
    assert verdict.valid, verdict.violations
    return draft


def sold(draft):
    """(day, category, rate) → net, VAT of 10.3."""
    return {(day.day, day.category, row.rate): (row.base, row.vat) for day in draft.content.sales for row in day.rows}


def received(draft):
    """(day, rate) → amount of 10.4."""
    return {(day.day, share.rate): share.amount for day in draft.content.payments for share in day.amounts}


def received_abroad(draft):
    return {
        (paid.number, paid.day, share.rate): share.amount
        for paid in draft.content.invoice_payments
        for share in paid.amounts
    }


def test_sales_to_individuals_are_summed_by_day_category_and_rate(company):
    someone, other = an_individual(company), an_individual(company, last_name="Byron")
    first = a_sale(someone, DAY, ("100.00", "20", False), ("50.00", "10", True))
    second = a_sale(other, DAY, ("30.00", "20", False))
    a_sale(other, LATER, ("70.00", "20", False))
    draft = report(company, DAY)
    assert sold(draft) == {
        (DAY, "TLB1", Decimal(20)): (Decimal("130.00"), Decimal("26.00")),
        (DAY, "TPS1", Decimal(10)): (Decimal("50.00"), Decimal("5.00")),
    }
    assert [(day.category, day.count) for day in draft.content.sales] == [("TLB1", 2), ("TPS1", 1)]
    goods = next(row for row in draft.rows if row.label == "TLB1")
    assert [(piece.document, piece.net) for piece in goods.pieces] == [
        (first.number, Decimal("100.00")),
        (second.number, Decimal("30.00")),
    ]
    assert draft.sums() == {"10.3": {"net": Decimal("180.00"), "vat": Decimal("31.00"), "amount": Decimal(0)}}


def test_sales_to_businesses_in_france_are_told_by_their_platform(company):
    invoice = a_sale(story.a_customer(company), DAY, ("100.00", "20", True))
    paid(invoice, DAY)
    assert report(company, DAY).is_empty
    assert report(company, DAY, PAYMENTS).is_empty


def test_a_rate_of_goods_and_services_shares_its_tax_to_the_cent(company):
    a_sale(an_individual(company), DAY, ("0.03", "20", False), ("0.04", "20", True), ("0.05", "20", True))
    rows = sold(report(company, DAY))
    assert sum(vat for _net, vat in rows.values()) == Decimal("0.02")
    assert {key[1]: net for key, (net, _vat) in rows.items()} == {"TLB1": Decimal("0.03"), "TPS1": Decimal("0.09")}


def test_sales_without_vat_and_on_the_margin_have_their_categories(company):
    someone = an_individual(company)
    a_sale(someone, DAY, ("90.00", "0", True), vat_category="E", exemption_code="VATEX-FR-CGI261-4")
    a_sale(someone, DAY, ("500.00", "0", False), vat_category="E", exemption_code="VATEX-EU-F")
    a_sale(someone, DAY, ("40.00", "0", False), vat_category="G")
    assert {key[1]: net for key, (net, _vat) in sold(report(company, DAY)).items()} == {
        "TNT1": Decimal("130.00"),
        "TMA1": Decimal("500.00"),
    }


def test_a_credit_note_counts_against_its_own_day(company):
    invoice = a_sale(an_individual(company), DAY, ("100.00", "20", False), ("50.00", "10", True))
    note = money.credit_invoice(invoice=invoice, parts=None, reason="Retour", actor=ACTOR, at=noon(LATER))
    assert sold(report(company, LATER)) == {
        (LATER, "TLB1", Decimal(20)): (Decimal("-100.00"), Decimal("-20.00")),
        (LATER, "TPS1", Decimal(10)): (Decimal("-50.00"), Decimal("-5.00")),
    }
    assert report(company, LATER).rows[0].pieces[0].document == note.number
    assert sold(report(company, DAY))[DAY, "TLB1", Decimal(20)] == (Decimal("100.00"), Decimal("20.00"))


def test_a_deposit_counts_on_its_day_and_the_final_invoice_for_the_rest(company):
    draft = story.a_draft(an_individual(company), [story.a_line(quantity=Decimal(1), unit_price=Decimal(100))])
    deposit = draft_deposit(source=draft, gross=Decimal("36.00"), description="Acompte", actor=ACTOR, at=noon(DAY))
    deposit = issue_invoice(invoice=deposit, actor=ACTOR, at=noon(DAY))
    final = choose_deposits(invoice=draft, keys=[deposit.pk], actor=ACTOR, at=noon(LATER))
    issue_invoice(invoice=final, actor=ACTOR, at=noon(LATER))
    assert sold(report(company, DAY)) == {(DAY, "TLB1", Decimal(20)): (Decimal("30.00"), Decimal("6.00"))}
    assert sold(report(company, LATER)) == {(LATER, "TLB1", Decimal(20)): (Decimal("70.00"), Decimal("14.00"))}


def test_a_corrected_invoice_takes_back_the_one_it_replaces(company):
    someone = an_individual(company)
    invoice = a_sale(someone, DAY, ("100.00", "20", False))
    draft = draft_correction(invoice=invoice, reason="Taux", actor=ACTOR, at=noon(LATER))
    line = story.a_line(quantity=Decimal(1), unit_price=Decimal(100), vat_rate=Decimal(10))
    save_draft(invoice=draft, customer=someone, values={}, lines=[line], actor=ACTOR, at=noon(LATER))
    issue_correction(invoice=draft, actor=ACTOR, at=noon(LATER))
    assert sold(report(company, LATER)) == {
        (LATER, "TLB1", Decimal(20)): (Decimal("-100.00"), Decimal("-20.00")),
        (LATER, "TLB1", Decimal(10)): (Decimal("100.00"), Decimal("10.00")),
    }


def test_invoices_abroad_are_reported_one_by_one(company):
    german = a_german(company)
    american = story.a_customer(
        company, name="Baker & Sons Incorporated", siret="", address={"country": "US", "postcode": "02110", "city": "X"}
    )
    goods = a_sale(german, DAY, ("1000.00", "0", False), vat_category="K")
    service = a_sale(german, DAY, ("200.00", "20", True))
    export = a_sale(american, DAY, ("300.00", "0", False), vat_category="G")
    note = money.credit_invoice(invoice=goods, parts=None, reason="Retour", actor=ACTOR, at=noon(DAY))
    draft = report(company, DAY)
    found = {row.number: row for row in draft.content.invoices}
    assert list(found) == [*sorted([goods.number, service.number, export.number, note.number])]
    assert found[goods.number].buyer.identifier == "DE811907980"
    assert found[goods.number].buyer.scheme == "0223"
    assert found[goods.number].delivery_country == "DE"
    assert (found[export.number].buyer.scheme, found[export.number].buyer.identifier) == ("0227", "USBaker & Sons Inc")
    assert found[note.number].preceding == ((goods.number, DAY),)
    assert draft.sums()["10.1"] == {"net": Decimal("500.00"), "vat": Decimal("40.00"), "amount": Decimal(0)}


def test_a_buyer_in_the_union_without_a_number_is_named_and_said(company):
    belgian = story.a_customer(
        company, name="Chez Léon", siret="", address={"country": "BE", "postcode": "1000", "city": "Bruxelles"}
    )
    invoice = a_sale(belgian, DAY, ("10.00", "20", False))
    (difficulty,) = report(company, DAY).difficulties
    assert difficulty.document == invoice.number


def test_payments_of_services_are_reported_at_their_rate_on_the_day_they_come(company):
    invoice = a_sale(
        an_individual(company), DAY, ("100.00", "20", True), ("100.00", "20", False), ("50.00", "10", True)
    )
    payment = paid(invoice, LATER, "147.50")
    draft = report(company, DAY, PAYMENTS)
    # half of the invoice: half of each part, goods left out
    assert received(draft) == {(LATER, Decimal(20)): Decimal("60.00"), (LATER, Decimal(10)): Decimal("27.50")}
    assert {piece.payment for row in draft.rows for piece in row.pieces} == {payment.number}


def test_instalments_add_up_to_the_services_of_the_invoice(company):
    invoice = a_sale(an_individual(company), DAY, ("33.33", "20", True), ("66.67", "10", True), ("10.01", "5.5", False))
    for day in range(6, 12):
        paid(invoice, date(2026, 11, day), "17.00")
    paid(invoice, date(2026, 11, 20))
    found = received(report(company, DAY, PAYMENTS))
    assert sum(amount for (_day, rate), amount in found.items() if rate == 20) == Decimal("40.00")
    assert sum(amount for (_day, rate), amount in found.items() if rate == 10) == Decimal("73.34")
    assert not [key for key in found if key[1] == Decimal("5.5")]


def test_a_payment_taken_back_counts_against_the_day_it_leaves(company):
    invoice = a_sale(an_individual(company), DAY, ("100.00", "20", True))
    payment = paid(invoice, DAY)
    december = date(2026, 12, 3)
    reverse_payment(payment=payment, reason="Erreur", actor=ACTOR, at=noon(december))
    assert received(report(company, DAY, PAYMENTS)) == {(DAY, Decimal(20)): Decimal("120.00")}
    assert received(report(company, december, PAYMENTS)) == {(december, Decimal(20)): Decimal("-120.00")}


def test_a_payment_that_bounces_counts_against_the_day_of_the_bank(company):
    invoice = a_sale(an_individual(company), DAY, ("100.00", "20", True))
    payment = paid(invoice, DAY)
    told_on = date(2026, 12, 3)
    return_payment(
        payment=payment, amount=Decimal("120.00"), returned_on=LATER, reason="Impayé", actor=ACTOR, at=noon(told_on)
    )
    assert received(report(company, DAY, PAYMENTS)) == {
        (DAY, Decimal(20)): Decimal("120.00"),
        (LATER, Decimal(20)): Decimal("-120.00"),
    }
    assert report(company, told_on, PAYMENTS).is_empty


def test_what_is_written_off_is_neither_received_nor_sold_otherwise_nor_its_undoing(company):
    invoice = a_sale(an_individual(company), DAY, ("100.00", "20", True), ("100.00", "20", False))
    paid(invoice, DAY, "120.00")
    before = [report(company, day, kind).content for kind in (SALES, PAYMENTS) for day in (DAY, LATER)]
    lost = write_off(
        invoice=invoice, amount=Decimal("120.00"), reason="LOSS", with_vat=True, note="Liquidation", actor=ACTOR,
        at=noon(LATER),
    )  # fmt: skip
    kept = money.a_payment(invoice.customer, "0.40", paid_on=LATER, at=noon(LATER))
    keep_excess(payment=kept, amount=Decimal("0.40"), reason="ROUNDING", note="", actor=ACTOR, at=noon(LATER))

    def told():
        return [
            (content.sales, content.payments, content.invoices)
            for content in (report(company, day, kind).content for kind in (SALES, PAYMENTS) for day in (DAY, LATER))
        ]

    assert told() == [(content.sales, content.payments, content.invoices) for content in before]
    assert received(report(company, DAY, PAYMENTS)) == {(DAY, Decimal(20)): Decimal("60.00")}
    take_back_write_off(write_off=lost, reason="Payée", actor=ACTOR, at=noon(LATER))
    paid(invoice, LATER)
    assert received(report(company, DAY, PAYMENTS)) == {
        (DAY, Decimal(20)): Decimal("60.00"),
        (LATER, Decimal(20)): Decimal("60.00"),
    }


def test_money_moved_to_another_invoice_counts_on_the_day_it_is_moved(company):
    someone = an_individual(company)
    first, second = (a_sale(someone, DAY, ("100.00", rate, True)) for rate in ("20", "10"))
    payment = paid(first, DAY)
    december = date(2026, 12, 3)
    money.credit_invoice(invoice=first, parts=None, reason="Annulée", actor=ACTOR, at=noon(december))
    payment.refresh_from_db()
    allocate_payment(payment=payment, invoice=second, amount=Decimal("110.00"), actor=ACTOR, at=noon(december))
    assert received(report(company, DAY, PAYMENTS)) == {(DAY, Decimal(20)): Decimal("120.00")}
    assert received(report(company, december, PAYMENTS)) == {
        (december, Decimal(20)): Decimal("-120.00"),
        (december, Decimal(10)): Decimal("110.00"),
    }


def test_a_credit_note_on_the_goods_moves_what_was_received_to_the_services(company):
    invoice = a_sale(an_individual(company), DAY, ("100.00", "20", True), ("100.00", "20", False))
    paid(invoice, DAY, "120.00")
    parts = story.a_return(invoice, 1, position=2)
    money.credit_invoice(invoice=invoice, parts=parts, reason="Retour", actor=ACTOR, at=noon(LATER))
    assert received(report(company, DAY, PAYMENTS)) == {
        (DAY, Decimal(20)): Decimal("60.00"),
        (LATER, Decimal(20)): Decimal("60.00"),
    }


def test_the_option_for_debits_leaves_no_payment_to_report(company):
    company.vat_on_debits = True
    company.save()
    paid(a_sale(an_individual(company), DAY, ("100.00", "20", True)), DAY)
    assert report(company, DAY, PAYMENTS).is_empty


def test_services_abroad_that_bear_french_vat_are_reported_by_invoice(company):
    german = a_german(company)
    taxed, reverse = (
        a_sale(german, DAY, ("100.00", "20", True)),
        a_sale(german, DAY, ("70.00", "0", True), vat_category="AE"),
    )
    paid(taxed, LATER)
    paid(reverse, LATER)
    draft = report(company, DAY, PAYMENTS)
    assert received_abroad(draft) == {(taxed.number, LATER, Decimal(20)): Decimal("120.00")}
    assert received(draft) == {}


def test_under_the_franchise_services_are_reported_without_vat_by_two_months(db):
    company = story.a_company(vat_regime=VatRegime.FRANCHISE)
    with company_scope(company):
        invoice = a_sale(an_individual(company), DAY, ("100.00", "0", True), vat_category="E")
        paid(invoice, date(2026, 12, 3))
        assert sold(report(company, DAY)) == {(DAY, "TNT1", Decimal(0)): (Decimal("100.00"), Decimal("0.00"))}
        assert received(report(company, DAY, PAYMENTS)) == {(date(2026, 12, 3), Decimal(0)): Decimal("100.00")}


def test_another_company_s_sales_are_not_reported(company):
    other = story.a_company()
    a_sale(an_individual(other), DAY, ("100.00", "20", False))
    assert report(company, DAY).is_empty


def test_purchases_come_from_whoever_keeps_them(company, monkeypatch):
    seller = ereporting.Party(identifier="DE811907980", scheme="0223", vat_number="DE811907980", country="DE")
    buyer = ereporting.Party(identifier=company.siren, scheme="0002", vat_number=company.vat_number, country="FR")
    row = ereporting.UnitInvoice(
        number="R-1", issue_date=DAY, type_code="380", currency="EUR", process="S1", seller=seller, buyer=buyer,
        net=Decimal("100.00"), vat=Decimal("0.00"),
        rows=(ereporting.VatRow(rate=Decimal(0), base=Decimal("100.00"), vat=Decimal("0.00"), category="AE"),),
    )  # fmt: skip

    def source(of, period):
        if of == company and period.holds(DAY):
            yield purchases.Purchase(row, 1, "/achats/1")

    monkeypatch.setattr(purchases, "SOURCES", [source])
    draft = report(company, DAY, PURCHASES)
    assert draft.content.role == "BY"
    assert draft.sums()["10.1"]["net"] == Decimal("100.00")
    assert report(company, LATER, PURCHASES).is_empty
