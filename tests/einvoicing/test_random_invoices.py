"""Invented invoices: whatever is typed, CII and UBL are valid by every official rule and exact to the cent."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pytest

from einvoicing import document as model
from einvoicing.formats import cii, ubl
from einvoicing.validation import check
from tests.einvoicing.invented import invent
from tests.trust.at_once import a_share

FIRST = 20_261_121  # the seed of the first invoice; the others follow
MANY = 150


def assert_sound(seed: int, syntax) -> None:
    """An invoice is read back identical, exact, and accepted by the schema, EN 16931 and the French rules."""
    invoice = invent(seed)
    data = syntax.render(invoice)
    read = syntax.parse(data)
    assert read == invoice, f"seed {seed}"
    assert_exact(read, seed)
    report = check(data)
    assert report.checks == ("xsd", "en16931", "br-fr"), f"seed {seed}"
    assert report.violations == (), f"seed {seed}"


def assert_exact(invoice: model.Invoice, seed: int) -> None:
    """EN 16931 BR-CO-10 to BR-CO-17, to the cent, by another arithmetic than the product's."""
    sums, where = invoice.totals, f"seed {seed}"
    bases: dict[tuple[str, Decimal | None], Decimal] = defaultdict(Decimal)
    for line in invoice.lines:
        added = sum(item.amount for item in line.charges) - sum(item.amount for item in line.allowances)
        assert line.net == _cents(line.quantity * line.unit_price / (line.price_base_quantity or 1)) + added, where
        bases[line.vat_category, line.vat_rate] += line.net
    for item in invoice.charges:
        bases[item.vat_category, item.vat_rate] += item.amount
    for item in invoice.allowances:
        bases[item.vat_category, item.vat_rate] -= item.amount
    assert {(row.category, row.rate): row.base for row in invoice.vat} == bases, where
    assert all(row.amount == _cents(row.base * (row.rate or 0) / 100) for row in invoice.vat), where
    assert sums.lines == sum(line.net for line in invoice.lines), where
    assert sums.net == sum(row.base for row in invoice.vat), where
    assert sums.net == sums.lines - sums.allowances + sums.charges, where
    assert sums.vat == sum(row.amount for row in invoice.vat), where
    assert sums.gross == sums.net + sums.vat, where
    assert sums.payable == sums.gross - sums.prepaid + sums.rounding, where


def _cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


@pytest.mark.trust
@pytest.mark.parametrize("syntax", [cii, ubl], ids=["cii", "ubl"])
def test_invented_invoices_are_valid_and_exact(syntax):
    for seed in a_share(range(FIRST, FIRST + MANY), 4):
        assert_sound(seed, syntax)


def test_the_same_seed_invents_the_same_invoice():
    assert invent(FIRST) == invent(FIRST)
    assert invent(FIRST) != invent(FIRST + 1)


def test_what_is_invented_is_varied():
    invoices = [invent(seed) for seed in range(FIRST, FIRST + MANY)]
    lines = [line for invoice in invoices for line in invoice.lines]
    assert {row.category for invoice in invoices for row in invoice.vat} == {"S", "Z", "E", "AE", "K", "G", "O"}
    assert max(len(invoice.vat) for invoice in invoices) > 4
    for seen in (
        [invoice for invoice in invoices if invoice.is_credit_note],
        [invoice for invoice in invoices if invoice.allowances and invoice.charges],
        [invoice for invoice in invoices if invoice.totals.rounding],
        [invoice for invoice in invoices if 0 < invoice.totals.prepaid < invoice.totals.gross],
        [invoice for invoice in invoices if invoice.totals.prepaid == invoice.totals.gross > 0],
        [invoice for invoice in invoices if invoice.tax_currency],
        [line for line in lines if line.gross_price],
        [line for line in lines if line.price_base_quantity],
        [line for line in lines if line.allowances and line.charges],
        [line for line in lines if line.quantity < 0],
    ):
        assert len(seen) >= 5


def test_a_cent_too_much_is_seen():
    invoice = invent(FIRST)
    sums = replace(invoice.totals, vat=invoice.totals.vat + Decimal("0.01"))
    with pytest.raises(AssertionError, match=f"seed {FIRST}"):
        assert_exact(replace(invoice, totals=sums), FIRST)
