"""Every kind of invoice a French company issues satisfies the official rules as we fill it, and when it cannot."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from einvoicing import document as model
from einvoicing.formats import cii
from einvoicing.validation import check
from tests.einvoicing import documents

STANDARD = documents.standard_invoice()
GERMAN = model.Party(
    name="Bäckerei Schmidt GmbH",
    vat_number="DE123456789",
    legal_identifier=model.Identifier("DE123456789", "0223"),
    electronic_address="rechnung@example.de",
    electronic_scheme="EM",
    address=model.Address(city="Berlin", postcode="10115", country="DE"),
)
AMERICAN = model.Party(
    name="Bakery Inc.",
    electronic_address="invoices@example.com",
    electronic_scheme="EM",
    address=model.Address(city="New York", country="US"),
)


def untaxed(category: str, code: str, reason: str, rate: Decimal | None, **changes: object) -> model.Invoice:
    """The standard invoice in a category without VAT."""
    subtotal = model.VatSubtotal(
        category=category,
        rate=rate,
        base=Decimal(1000),
        amount=Decimal(0),
        exemption_code=code,
        exemption_reason=reason,
    )
    return replace(
        STANDARD,
        vat=(subtotal,),
        lines=(replace(STANDARD.lines[0], vat_category=category, vat_rate=rate),),
        totals=model.Totals(
            lines=Decimal(1000), net=Decimal(1000), vat=Decimal(0), gross=Decimal(1000), payable=Decimal(1000)
        ),
        **changes,
    )


def abroad(processing: str) -> tuple[model.Note, ...]:
    return (*documents.NOTES, model.Note("BAR", processing))


def without_vat_number(party: model.Party, **changes: str) -> model.Party:
    return replace(party, vat_number="", **changes)


ZERO = Decimal(0)
FRANCHISE = ("E", "VATEX-FR-FRANCHISE", "TVA non applicable, art. 293 B du CGI", ZERO)
OUTSIDE = ("O", "VATEX-EU-O", "Hors champ de la TVA", None)
VALID = {
    "franchise, the SIREN as tax number": untaxed(
        *FRANCHISE, seller=without_vat_number(documents.SELLER, tax_number="732829320")
    ),
    "domestic reverse charge": untaxed("AE", "VATEX-FR-AE", "Autoliquidation", ZERO),
    "services to a European company": untaxed(
        "AE", "VATEX-EU-AE", "Autoliquidation", ZERO, buyer=GERMAN, notes=abroad("B2BINT")
    ),
    "goods to a European company": untaxed(
        "K",
        "VATEX-EU-IC",
        "Livraison intracommunautaire",
        ZERO,
        buyer=GERMAN,
        notes=abroad("B2BINT"),
        business_process="B1",
        delivery=model.Delivery(date=date(2026, 11, 19), address=model.Address(city="Berlin", country="DE")),
    ),
    "export": untaxed(
        "G",
        "VATEX-EU-G",
        "Exportation",
        ZERO,
        buyer=AMERICAN,
        notes=abroad("B2BINT"),
        business_process="B1",
    ),
    "outside the scope of VAT": untaxed(
        *OUTSIDE, seller=without_vat_number(documents.SELLER), buyer=without_vat_number(documents.BUYER)
    ),
    "deposit": replace(STANDARD, type_code="386"),
    "corrected invoice": replace(
        STANDARD, type_code="384", preceding=(model.Reference("FAC-2026-00000", date(2026, 11, 1)),)
    ),
    "already paid": replace(
        STANDARD,
        business_process="S2",
        due_date=date(2026, 11, 20),
        totals=replace(STANDARD.totals, prepaid=Decimal(1200), payable=ZERO),
    ),
    "final invoice after a deposit": replace(
        STANDARD,
        business_process="S4",
        preceding=(model.Reference("ACO-2026-00001", date(2026, 11, 1)),),
        totals=replace(STANDARD.totals, prepaid=Decimal(200), payable=Decimal(1000)),
    ),
    "VAT due on payment": replace(STANDARD, vat_point_code="72"),
    "no means of payment and no due date": replace(STANDARD, payment=None, due_date=None),
    "a line given free and a line given back": replace(
        STANDARD,
        lines=(
            replace(STANDARD.lines[0], quantity=Decimal(11), net=Decimal(1100)),
            replace(STANDARD.lines[0], id="2", quantity=Decimal(-1), net=Decimal(-100)),
            replace(STANDARD.lines[0], id="3", unit_price=ZERO, net=ZERO),
        ),
    ),
}


@pytest.mark.parametrize("document", VALID.values(), ids=list(VALID))
def test_this_kind_of_invoice_is_valid(document):
    report = check(cii.render(document))
    assert report.violations == ()
    assert report.valid


REFUSED = {
    "franchise without any tax number": (
        "BR-E-02",
        untaxed(*FRANCHISE, seller=without_vat_number(documents.SELLER)),
    ),
    "outside the scope with VAT numbers": ("BR-O-02", untaxed(*OUTSIDE)),
    "individual without electronic address": (
        "BR-FR-12",
        replace(
            documents.individual_invoice(),
            buyer=replace(documents.INDIVIDUAL, electronic_address="", electronic_scheme=""),
        ),
    ),
    "company addressed by e-mail": (
        "BR-FR-21",
        replace(
            STANDARD,
            buyer=replace(documents.BUYER, electronic_address="a@example.fr", electronic_scheme="EM"),
        ),
    ),
    "company without SIREN": (
        "BR-FR-11",
        replace(STANDARD, buyer=replace(documents.BUYER, siren="", siret="")),
    ),
    "credit note that cites nothing": ("BR-FR-CO-05", replace(documents.credit_note(), preceding=())),
    "credit note that gives no date": (
        "BR-FR-CO-05",
        replace(documents.credit_note(), preceding=(model.Reference("FAC-2026-00001"),)),
    ),
    "due before it is issued": ("BR-FR-CO-07", replace(STANDARD, due_date=date(2026, 11, 1))),
    "already paid and still to pay": ("BR-FR-CO-09", replace(STANDARD, business_process="S2")),
    "a rate France does not know": (
        "BR-FR-16",
        replace(
            STANDARD,
            vat=(replace(STANDARD.vat[0], rate=Decimal(19), amount=Decimal(190)),),
            lines=(replace(STANDARD.lines[0], vat_rate=Decimal(19)),),
            totals=replace(STANDARD.totals, vat=Decimal(190), gross=Decimal(1190), payable=Decimal(1190)),
        ),
    ),
}


@pytest.mark.parametrize(("rule", "document"), REFUSED.values(), ids=list(REFUSED))
def test_this_kind_of_invoice_is_refused_by_its_rule(rule, document):
    report = check(cii.render(document))
    assert not report.valid
    assert rule in report.rules
