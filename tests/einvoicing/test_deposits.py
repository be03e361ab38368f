"""Deposits, final invoices that deduct them, and corrected invoices satisfy every official rule, in CII and in UBL."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from billing.models import DocumentKind
from billing.services.correcting import draft_correction
from billing.services.deposits import choose_deposits, draft_deposit
from billing.services.issuing import issue_invoice
from config.kernel.scope import company_scope
from einvoicing import mapping
from einvoicing.formats import cii, ubl
from einvoicing.services.documents import _issued_document, ensure_document, preflight
from einvoicing.services.rate_shares import shares_by_rate
from einvoicing.validation import check
from payments.models import Allocation
from payments.services.crediting import issue_correction
from tests.factories import money, story
from tests.factories.money import credit_invoice
from tests.factories.story import ACTOR, AT

TWO_RATES = (
    {"description": "Chaise Bistrot"},
    {"description": "Pose", "quantity": Decimal(3), "unit_price": Decimal("45.50"), "vat_rate": Decimal(10),
     "is_service": True},
)  # fmt: skip


@pytest.fixture
def company(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    company = story.a_company()
    with company_scope(company):
        yield company


def a_sale(customer, *shares, lines=TWO_RATES):
    """A draft that deducts one issued deposit for each of `shares`, per cent of its total; and the deposits."""
    draft = story.a_draft(customer, [story.a_line(**line) for line in lines])
    deposits = []
    for share in shares:
        gross = (draft.total_gross * share / 100).quantize(Decimal("0.01"))
        deposit = draft_deposit(source=draft, gross=gross, description="Acompte", actor=ACTOR, at=AT)
        deposits.append(issue_invoice(invoice=deposit, actor=ACTOR, at=AT))
    keys = [deposit.pk for deposit in deposits]
    return choose_deposits(invoice=draft, keys=keys, actor=ACTOR, at=AT), deposits


def both_are_valid(invoice):
    for kind in (DocumentKind.FACTURX, DocumentKind.UBL):
        assert not ensure_document(invoice=invoice, kind=kind, actor=ACTOR, at=AT).verdict["violations"]
    return _issued_document(invoice)


def test_a_deposit_is_valid(customer):
    _draft, (deposit,) = a_sale(customer, 30)
    document = both_are_valid(deposit)
    assert (document.type_code, document.business_process) == ("386", "M1")


def test_a_final_invoice_names_its_deposits_and_asks_for_the_rest(customer):
    draft, deposits = a_sale(customer, 30, 20)
    assert preflight(invoice=draft, at=AT).violations == ()
    final = issue_invoice(invoice=draft, actor=ACTOR, at=AT)
    document = both_are_valid(final)
    assert document.business_process == "M4"
    assert [(one.number, one.date) for one in document.preceding] == [(one.number, one.issue_date) for one in deposits]
    assert document.totals.prepaid == sum(deposit.total_gross for deposit in deposits)
    assert document.totals.payable == document.totals.gross - document.totals.prepaid == final.balance
    assert "Acompte ACO-2026-00001 du 16/11/2026 : −" in " ".join(note.text for note in document.notes)


def test_a_final_invoice_that_is_covered_asks_for_nothing(customer):
    draft, _deposits = a_sale(customer, 100)
    document = both_are_valid(issue_invoice(invoice=draft, actor=ACTOR, at=AT))
    assert (document.totals.payable, document.payment) == (0, None)


def test_the_credit_note_of_a_final_invoice_gives_back_the_rest_alone(customer):
    draft, deposits = a_sale(customer, 30)
    final = issue_invoice(invoice=draft, actor=ACTOR, at=AT)
    note = credit_invoice(invoice=final, parts=None, reason="Annulation", actor=ACTOR, at=AT)
    document = both_are_valid(note)
    assert [one.number for one in document.preceding] == [final.number]
    assert document.totals.payable == final.payable == document.totals.gross - deposits[0].total_gross


@pytest.mark.parametrize("shares", [(), (30,)])
def test_a_corrected_invoice_names_the_original_alone(customer, shares):
    draft, _deposits = a_sale(customer, *shares)
    original = issue_invoice(invoice=draft, actor=ACTOR, at=AT)
    draft = draft_correction(invoice=original, reason="Erreur", actor=ACTOR, at=AT)
    assert preflight(invoice=draft, at=AT).violations == ()
    document = both_are_valid(issue_correction(invoice=draft, actor=ACTOR, at=AT))
    assert (document.type_code, document.business_process) == ("384", "M4" if shares else "M1")
    assert [one.number for one in document.preceding] == [original.number]


def test_random_deposits_give_exact_totals_that_the_official_rules_accept(customer):
    chance = random.Random(113)
    for round_number in range(12):
        lines = [
            {
                "quantity": Decimal(chance.randint(1, 400)) / 10,
                "unit_price": Decimal(chance.randint(1, 99_999)) / 100,
                "vat_rate": Decimal(chance.choice(["20", "10", "5.5", "2.1"])),
                "is_service": chance.random() < 0.5,
            }
            for _line in range(chance.randint(1, 6))
        ]
        shares = chance.sample(range(1, 40), chance.randint(1, 3))
        draft, deposits = a_sale(customer, *shares, lines=lines)
        final = issue_invoice(invoice=draft, actor=ACTOR, at=AT)
        document = _issued_document(final)
        assert document.totals.prepaid == sum(one.total_gross for one in deposits)
        assert document.totals.gross - document.totals.prepaid == document.totals.payable
        for one in (*deposits, final):
            render = cii.render if round_number % 2 else ubl.render
            assert check(render(_issued_document(one))).violations == (), one


def test_the_money_received_on_a_final_invoice_is_declared_over_what_its_deposits_left(customer):
    draft, (deposit,) = a_sale(customer, 30)
    final = issue_invoice(invoice=draft, actor=ACTOR, at=AT)
    for invoice in (deposit, final):
        money.a_payment(customer, str(invoice.balance), [(invoice, str(invoice.balance))])
    declared: dict[Decimal, Decimal] = {}
    for allocation in Allocation.objects.all():
        for rate, amount in shares_by_rate(allocation).items():
            declared[rate] = declared.get(rate, Decimal(0)) + amount
    assert declared == {row.rate: row.base + row.amount for row in final.vat_subtotals.all()}


def test_a_document_without_deposits_keeps_its_cadre(customer):
    invoice = story.an_issued_invoice(customer)
    assert mapping.from_invoice(invoice, lines=[], subtotals=[]).business_process == "B1"
