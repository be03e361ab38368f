"""Frauds and errors that reach accounts: none passes without a person, each says why; its honest twin passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from config.kernel.models import Company
from einvoicing import document as model
from einvoicing.reception.judging import Verdict, judge
from einvoicing.reception.reading.cascade import read_quick
from tests.einvoicing.reception import buying
from tests.einvoicing.reception.buying import ON, OTHER_IBAN, SUPPLIER, TWENTY, an_invoice, as_facturx, as_page, as_xml
from tests.einvoicing.reception.drawn.facts import Facts, Item, Party

pytestmark = pytest.mark.django_db
STRANGER = Party("Papeterie Collet SAS", "552100554", "1 rue Pasteur", "59800", "Lille", "00013", OTHER_IBAN)
Fraud = Callable[[Company], bytes]


@pytest.fixture
def company() -> Company:
    return buying.a_buying_company()


def judged(company: Company, data: bytes) -> Verdict:
    reading = read_quick(data, own=[company.siren])
    assert reading.is_read, reading.problems
    return judge(company=company, reading=reading, on=ON)


def _of(supplier: Party, **values: object) -> Callable[[Company], Facts]:
    return lambda company: an_invoice(company, supplier=supplier, **values)


def _times(times: int) -> dict[str, list[Item]]:
    return {"items": [Item("Impression de plaquettes", Decimal(1), Decimal(1000 * times), TWENTY)]}


HONEST: dict[str, Fraud] = {
    "xml": lambda company: as_xml(an_invoice(company)),
    "facturx": lambda company: as_facturx(an_invoice(company)),
    "page": lambda company: as_page(an_invoice(company)),
}


@pytest.mark.parametrize("form", HONEST)
def test_the_honest_twin_passes_without_a_person(company: Company, form: str) -> None:
    verdict = judged(company, HONEST[form](company))
    assert (verdict.codes, verdict.is_auto_validated) == ([], True)
    assert verdict.supplier is not None
    assert (verdict.supplier.name, verdict.found_by) == (SUPPLIER.name, "siren")
    content = verdict.content
    assert content is not None
    assert (content.number, content.total_gross, content.iban) == ("F-2026-0417", Decimal("1200.00"), SUPPLIER.iban)
    assert sum(line.net for line in content.lines) == content.total_net
    assert {row.rate for row in content.vat_rows} == {TWENTY}


# name: (the document, the codes it must raise, a value that its sentence must say)
FRAUDS: dict[str, tuple[Fraud, set[str], str]] = {
    "another IBAN in the XML": (
        lambda company: as_xml(_of(replace(SUPPLIER, iban="FR1420041010050500013M02606"))(company)),
        {"iban_changed"},
        "FR1420041010050500013M02606",
    ),
    "another IBAN on the page only": (
        lambda company: as_facturx(
            an_invoice(company), page=_of(replace(SUPPLIER, iban="FR1420041010050500013M02606"))(company)
        ),
        {"picture_differs"},
        "IBAN",
    ),
    "an IBAN on the page where the XML has none": (
        lambda company: as_facturx(
            an_invoice(company),
            page=_of(replace(SUPPLIER, iban="FR1420041010050500013M02606"))(company),
            payment=model.Payment(means_code="30"),
        ),
        {"iban_changed"},
        "FR1420041010050500013M02606",
    ),
    "a second account in the XML": (
        lambda company: as_xml(
            an_invoice(company),
            payment=model.Payment(
                means_code="30",
                iban=SUPPLIER.iban,
                other_accounts=(model.Account(iban="FR1420041010050500013M02606"),),
            ),
        ),
        {"iban_changed"},
        "FR1420041010050500013M02606",
    ),
    "a name that looks like a known one": (
        lambda company: as_xml(_of(replace(STRANGER, name="Imprimerie Vaseur SARL", iban=""))(company)),
        {"unknown_supplier", "lookalike_name"},
        "Imprimerie Vasseur SARL",
    ),
    "the numbers of a known supplier under another name": (
        lambda company: as_xml(_of(replace(SUPPLIER, name="Garage Hervé"))(company)),
        {"lookalike_name"},
        "Garage Hervé",
    ),
    "another amount on the page": (
        lambda company: as_facturx(an_invoice(company), page=an_invoice(company, **_times(3))),
        {"picture_differs"},
        "montant",
    ),
    "another due date on the page": (
        lambda company: as_facturx(an_invoice(company), page=an_invoice(company, due=date(2026, 11, 22))),
        {"picture_differs"},
        "échéance",
    ),
    "the same invoice under another number": (
        lambda company: as_xml(
            replace(buying.earlier(company)[0], number="F-2026-0300-B", issued=date(2026, 9, 24), due=None)
        ),
        {"duplicate"},
        "F-2026-0300",
    ),
    "the same number, written otherwise": (
        lambda company: as_xml(an_invoice(company, number="F 2026/0300")),
        {"duplicate"},
        "20/09/2026",
    ),
    "another payee": (
        lambda company: as_xml(an_invoice(company), payee=model.Payee(name="Rapid Factor SA")),
        {"payee_differs"},
        "Rapid Factor SA",
    ),
    "another holder of the account": (
        lambda company: as_xml(
            an_invoice(company),
            payment=model.Payment(means_code="30", iban=SUPPLIER.iban, account_name="Jean Dupont"),
        ),
        {"payee_differs"},
        "Jean Dupont",
    ),
    "an unusual amount": (
        lambda company: as_xml(an_invoice(company, **_times(9))),
        {"unusual_amount"},
        "10\u202f800,00",
    ),
    "an invoice of another company": (
        lambda company: as_xml(an_invoice(company, buyer=STRANGER)),
        {"own_company"},
        STRANGER.name,
    ),
    "a page of another company": (
        lambda company: as_page(an_invoice(company, buyer=STRANGER)),
        {"own_company"},
        "votre société",
    ),
    "our own company as the supplier": (
        lambda company: as_xml(an_invoice(company, supplier=replace(buying.buyer_of(company), iban=SUPPLIER.iban))),
        {"own_company"},
        "votre propre société",
    ),
    "the VAT number of another": (
        lambda company: as_xml(
            an_invoice(company),
            seller=replace(buying.as_model(an_invoice(company)).seller, vat_number=STRANGER.vat),
        ),
        {"checksum"},
        "SIREN",
    ),
    "a credit note disguised as an invoice": (
        lambda company: as_facturx(an_invoice(company), page=an_invoice(company, is_credit=True)),
        {"picture_differs"},
        "avoir",
    ),
    "an invoice below zero": (
        lambda company: as_xml(an_invoice(company, **_times(-1))),
        {"sums"},
        "avoir",
    ),
    "a date long past": (
        lambda company: as_xml(an_invoice(company, issued=date(2024, 11, 20), due=date(2024, 12, 20))),
        {"date"},
        "20/11/2024",
    ),
    "a date to come": (
        lambda company: as_xml(an_invoice(company, issued=date(2027, 2, 1), due=date(2027, 3, 1))),
        {"date"},
        "01/02/2027",
    ),
    "a stranger with a known IBAN": (
        lambda company: as_xml(_of(replace(STRANGER, iban=SUPPLIER.iban))(company)),
        {"unknown_supplier", "payee_differs"},
        SUPPLIER.name,
    ),
    "VAT that does not add up": (
        lambda company: as_xml(
            an_invoice(company),
            vat=(model.VatSubtotal(category="S", rate=TWENTY, base=Decimal(900), amount=Decimal(200)),),
        ),
        {"vat"},
        "taux",
    ),
}


@pytest.mark.parametrize("name", FRAUDS)
def test_no_fraud_passes_alone_and_each_says_why(company: Company, name: str) -> None:
    made, codes, said = FRAUDS[name]
    verdict = judged(company, made(company))
    assert codes <= set(verdict.codes), verdict.doubts
    assert any(said in doubt.sentence for doubt in verdict.doubts if doubt.code in codes), verdict.doubts
    assert not verdict.is_auto_validated


def test_the_set_is_of_more_than_twelve_frauds_each_of_its_own_kind() -> None:
    assert len(FRAUDS) >= 12
    raised = set().union(*(codes for _made, codes, _said in FRAUDS.values()))
    assert raised == {
        "iban_changed", "picture_differs", "unknown_supplier", "lookalike_name", "duplicate", "payee_differs",
        "unusual_amount", "own_company", "checksum", "sums", "date", "vat",
    }  # fmt: skip


def test_a_rule_of_the_supplier_keeps_a_person_before_what_is_without_doubt(company: Company) -> None:
    buying.forbid_validation(company)
    verdict = judged(company, as_xml(an_invoice(company)))
    assert (verdict.codes, verdict.is_auto_validated) == ([], False)


def test_the_first_iban_of_a_supplier_waits_for_a_person(company: Company) -> None:
    buying.forget_ibans(company)
    verdict = judged(company, as_xml(an_invoice(company)))
    assert verdict.codes == ["iban_new"]
    assert not verdict.is_auto_validated


def test_a_document_without_numbers_is_of_the_owner_of_its_confirmed_iban(company: Company) -> None:
    reading = read_quick(as_page(an_invoice(company)), own=[company.siren])
    silent = {name: item for name, item in reading.fields.items() if name not in ("supplier_siren", "supplier_vat")}
    verdict = judge(company=company, reading=replace(reading, fields=silent), on=ON)
    assert verdict.supplier is not None
    assert (verdict.supplier.name, verdict.found_by) == (SUPPLIER.name, "iban")
