"""Supplier documents are recorded once, with what speaks against them, and with accounts that say why."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import PurchaseInvoice, PurchaseStatus, SupplierIban
from billing.purchases.content import VatContent
from billing.purchases.distrusting import reject_iban
from billing.purchases.doubts import NoSuchDoubt, settle_doubt
from billing.purchases.ibans import PersonNeeded, confirm_iban, doubt_of_iban
from billing.purchases.proposing import explain
from billing.purchases.recording import PurchaseExists
from billing.purchases.suppliers import find_supplier, save_rule
from config.kernel.actor import Actor
from config.kernel.models import AuditEvent
from customers.models import Customer
from tests.factories import people
from tests.factories.purchases import (
    DAY,
    a_bought_line,
    a_checked_purchase,
    a_foreign_supplier,
    a_purchase,
    a_supplier,
    kept,
)
from tests.factories.story import ACTOR, AT, IBAN, SECOND_IBAN

pytestmark = pytest.mark.usefixtures("in_scope")


@pytest.fixture
def person(company):
    return Actor.user(people.a_person(company))


@pytest.fixture
def supplier(company):
    return a_supplier(company)


def test_a_document_is_recorded_as_written_and_announced(supplier):
    purchase = a_purchase(supplier, [a_bought_line("100.00"), a_bought_line("10.00", "5.5")], number="2026-117")
    assert (purchase.status, purchase.reference) == (PurchaseStatus.TO_CHECK, "ACH-2026-00001")
    assert (purchase.total_net, purchase.total_vat, purchase.total_gross) == (
        Decimal("110.00"),
        Decimal("20.55"),
        Decimal("130.55"),
    )
    assert [(row.rate, row.base, row.amount) for row in purchase.vat_rows.all()] == [
        (Decimal("20.00"), Decimal("100.00"), Decimal("20.00")),
        (Decimal("5.50"), Decimal("10.00"), Decimal("0.55")),
    ]
    assert purchase.doubts == []
    assert purchase.due_date == DAY + timedelta(days=30), "the supplier's terms, where the document says none"
    event = AuditEvent.objects.get(tag="billing.purchase.recorded")
    assert event.subjects == [purchase.subject, supplier.subject]


def test_the_same_number_of_a_supplier_in_a_year_is_the_same_invoice(company, supplier):
    first = a_purchase(supplier, number="A-1")
    with pytest.raises(PurchaseExists, match=r"déjà enregistrée : c’est ACH-2026-00001") as refused:
        a_purchase(supplier, number=" A-1 ")
    assert refused.value.purchase == first
    a_purchase(supplier, number="A-1", issue_date=date(2025, 12, 31))
    a_purchase(a_supplier(company, name="Autre maison"), number="A-1")
    assert PurchaseInvoice.objects.count() == 3


def test_an_invoice_below_zero_is_a_credit_note(supplier):
    purchase = a_purchase(supplier, [a_bought_line("-50.00")])
    assert a_purchase(supplier, [a_bought_line("-30.00")], kind="386").kind == "381", "no deposit is asked for"
    assert (purchase.kind, purchase.total_gross, purchase.lines.get().net) == (
        "381",
        Decimal("60.00"),
        Decimal("50.00"),
    )


@pytest.mark.parametrize(
    ("values", "doubt"),
    [
        ({"total_gross": Decimal("121.00")}, "sums"),
        ({"total_net": Decimal("99.99"), "total_gross": Decimal("119.99")}, "sums"),
        ({"vat_rows": (VatContent(rate=Decimal(10), base=Decimal("100"), amount=Decimal(20)),)}, "vat"),
        ({"issue_date": date(2026, 11, 17)}, "date"),
        ({"issue_date": date(2025, 11, 1)}, "date"),
        ({"due_date": date(2026, 11, 9)}, "date"),
        ({"iban": IBAN}, "iban_new"),
        ({"iban": IBAN[:-1] + "0"}, "checksum"),
        ({"deposited": Decimal("30.00")}, "deposit_unknown"),
    ],
)
def test_what_does_not_hold_is_recorded_with_its_doubt(supplier, values, doubt):
    assert a_purchase(supplier, **values).doubts == [doubt]


def test_cents_of_the_supplier_s_own_rounding_are_its_vat_and_no_doubt(supplier):
    rows = (VatContent(rate=Decimal(20), base=Decimal("100.00"), amount=Decimal("20.02")),)
    purchase = a_purchase(supplier, vat_rows=rows, total_vat=Decimal("20.02"), total_gross=Decimal("120.02"))
    assert purchase.doubts == []
    assert purchase.vat_rows.get().amount == Decimal("20.02")


def test_what_looks_like_another_document_is_held(company, supplier):
    a_purchase(supplier, number="FA-2026/118")
    assert a_purchase(supplier, [a_bought_line("7.00")], number="FA2026-118").doubts == ["duplicate"]
    assert a_purchase(supplier, number="FA-2026/119", issue_date=date(2026, 11, 12)).doubts == ["duplicate"]
    assert a_purchase(supplier, number="FA-2026/100", issue_date=date(2026, 10, 10)).doubts == [], "the month before"
    twin = a_supplier(company, name="Papèterie Lyonnaise")
    assert "duplicate" in a_purchase(twin, number="FA-2026/118").doubts


def test_our_own_company_as_supplier_is_held(company):
    own = a_supplier(company, siret="", siren=company.siren, vat_number=company.vat_number)
    assert a_purchase(own).doubts == ["own_company"]


def test_an_iban_is_trusted_once_a_person_has_confirmed_it(company, supplier, person):
    purchase = a_purchase(supplier, iban=IBAN)
    seen = SupplierIban.objects.get()
    assert (purchase.doubts, seen.is_confirmed, seen.seen_in) == (["iban_new"], False, purchase.subject)
    for machine in (ACTOR, Actor.beat("sweep"), Actor.platform("x"), Actor.partner(people.a_person(company))):
        with pytest.raises(PersonNeeded):
            confirm_iban(iban=seen, actor=machine, at=AT)
    confirm_iban(iban=seen, actor=person, at=AT)
    purchase.refresh_from_db()
    assert purchase.doubts == []
    assert a_purchase(supplier, [a_bought_line("12.00")], iban=IBAN).doubts == []
    assert a_purchase(supplier, [a_bought_line("14.00")], iban=SECOND_IBAN).doubts == ["iban_changed"]
    reject_iban(iban=seen, actor=person, at=AT)
    assert doubt_of_iban(supplier=supplier, iban=IBAN) == "iban_changed"


def test_the_first_iban_typed_by_a_person_is_that_person_s_word(company, person):
    typed = a_supplier(company, iban=IBAN, actor=person)
    assert doubt_of_iban(supplier=typed, iban=IBAN) == ""
    made_by_a_machine = a_supplier(company, iban=SECOND_IBAN)
    assert doubt_of_iban(supplier=made_by_a_machine, iban=SECOND_IBAN) == "iban_new"


def test_a_doubt_is_settled_by_a_person_once(supplier, person):
    purchase = a_purchase(supplier, doubts=["low_confidence", "picture_differs"])
    with pytest.raises(PersonNeeded):
        settle_doubt(purchase=purchase, doubt="low_confidence", actor=ACTOR, at=AT)
    settle_doubt(purchase=purchase, doubt="low_confidence", actor=person, at=AT)
    with pytest.raises(NoSuchDoubt):
        settle_doubt(purchase=purchase, doubt="low_confidence", actor=person, at=AT)
    purchase.refresh_from_db()
    assert purchase.doubts == ["picture_differs"]


def test_a_supplier_is_found_by_identity_and_a_name_only_proposes(company, supplier, person):
    same = {"company_id": company.pk}
    assert find_supplier(siren=supplier.siren, **same).supplier == supplier
    by_name = find_supplier(name="PAPETERIES DU RHONE SARL", **same)
    assert (by_name.supplier, by_name.candidates) == (None, (supplier,))
    assert find_supplier(name="Garage Martin", **same).candidates == ()
    a_purchase(supplier, iban=IBAN)
    assert find_supplier(iban=IBAN, **same).supplier is None, "seen, but confirmed by nobody"
    confirm_iban(iban=SupplierIban.objects.get(), actor=person, at=AT)
    assert find_supplier(iban=IBAN, **same).supplier == supplier


def test_a_customer_that_bills_us_becomes_a_supplier_too(customer):
    assert not customer.is_supplier
    a_purchase(customer)
    kept = Customer.objects.get(pk=customer.pk)
    assert (kept.is_customer, kept.is_supplier) == (True, True)
    assert AuditEvent.objects.filter(tag="customers.customer.became_supplier").count() == 1


def the_line(purchase):
    line = purchase.lines.get()
    because = explain(line.proposed_because)
    return f"{line.account} {line.regime} {line.vat_rate:.0f} {line.deductible_share:.0f} {because}"


@pytest.mark.parametrize(
    ("line", "values", "proposed"),
    [
        ({}, {}, "606400 GOODS 20 100 D’après « papier »"),
        ({"description": "Nuitée Lyon", "rate": "10"}, {}, "625100 SERVICES 10 0 D’après « nuitee »"),
        ({"description": "X", "is_service": False}, {}, "607000 GOODS 20 100 Faute de mieux : à vérifier"),
        (
            {"description": "Honoraires"},
            {"vat_on_debits": True},
            "622600 SERVICES_DEBITS 20 100 D’après « honoraires »",
        ),
        (
            {"rate": "0", "vat_category": "AE", "description": "Sous-traitance"},
            {},
            "611000 CONSTRUCTION 20 100 D’après « sous-traitance »",
        ),
        ({"description": "Papier"}, {"kind": "386"}, "409100 SERVICES 20 100 Facture d’acompte"),
    ],
)
def test_a_line_of_a_french_supplier_is_proposed_an_account_and_says_why(supplier, line, values, proposed):
    assert the_line(a_purchase(supplier, [a_bought_line(**line)], **values)) == proposed


@pytest.mark.parametrize(
    ("country", "line", "regime", "rate"),
    [
        ("DE", {"rate": "0", "vat_category": "K"}, "INTRA_EU_GOODS", 20),
        ("DE", {"rate": "0", "vat_category": "AE", "description": "Conseil"}, "SERVICES_ABROAD", 20),
        ("DE", {"rate": "19"}, "NO_VAT", 19),
        ("DE", {"rate": "0", "vat_category": "E"}, "NO_VAT", 0),
        ("US", {"rate": "0", "vat_category": "O", "description": "Licence"}, "SERVICES_ABROAD", 20),
        ("CH", {"rate": "0", "vat_category": "G", "is_service": False}, "IMPORT", 20),
    ],
)
def test_a_line_from_abroad_is_proposed_who_owes_its_vat(company, country, line, regime, rate):
    proposed = a_purchase(a_foreign_supplier(company, country), [a_bought_line(**line)]).lines.get()
    assert (proposed.regime, proposed.vat_rate) == (regime, rate)


def test_the_rule_of_a_supplier_goes_before_words_and_spreads_a_charge(supplier):
    values = {"account": "616000", "deductible_share": Decimal(80), "spreads_over_months": 12}
    save_rule(supplier=supplier, values=values, actor=ACTOR, at=AT)
    line = a_purchase(supplier).lines.get()
    assert (line.account, line.deductible_share, explain(line.proposed_because)) == (
        "616000",
        Decimal(80),
        "Par la règle de ce fournisseur",
    )
    assert (line.starts_on, line.ends_on) == (DAY, date(2027, 11, 9))


def test_a_hundred_lines_take_no_more_queries_than_two(supplier):
    with CaptureQueriesContext(connection) as of_two:
        a_purchase(supplier, [a_bought_line(description="Article 1"), a_bought_line(description="Article 2")])
    lines = [a_bought_line(description=f"Autre {number}") for number in range(100)]
    with CaptureQueriesContext(connection) as of_many:
        a_purchase(supplier, lines)
    assert len(of_many) <= len(of_two)


def test_what_was_booked_before_is_proposed_by_its_words_else_by_habit_and_says_after_what(supplier):
    lines = [kept("10", "626000", "SERVICES", description="Forfait fibre bureau"), kept("20", "613500", "SERVICES")]
    a_checked_purchase(supplier, lines, number="H-1")
    half = kept("35", "613500", "SERVICES", description="Photocopieur", deductible_share=Decimal(50))
    a_checked_purchase(supplier, [half], number="H-2")
    alike, unlike = (
        the_line(a_purchase(supplier, [a_bought_line(net, description=words)]))
        for net, words in (("11", "Forfait fibre bureau novembre"), ("31", "Divers"))
    )
    assert alike == "626000 SERVICES 20 100 Comme ACH-2026-00001 du 10/11/2026 (1 sur 3 lignes de ce fournisseur)"
    assert unlike == "613500 SERVICES 20 50 Comme ACH-2026-00002 du 10/11/2026 (2 sur 3 lignes de ce fournisseur)"
