"""The printed invoice is read back: what it says is what is stored, and nothing typed can do more than be read."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pypdfium2
import pytest

from billing.models import Invoice, InvoiceLine, VatSubtotal
from billing.pdf import darkened, epc_payload, payment_code, render_pdf
from billing.pdf_engine import BUNDLED, BundledOnly, ForeignAddress
from billing.services.crediting import draft_credit_note
from billing.services.issuing import issue_invoice
from config.kernel.models import VatRegime
from config.kernel.scope import company_scope
from config.kernel.typography import NARROW, NBSP, price
from config.kernel.typography import number as figure
from customers.models import CustomerKind
from einvoicing.formats import pdfa
from payments.services.allocations import Share
from payments.services.payments import record_payment
from tests.factories import story

pytestmark = pytest.mark.django_db

LINES = [
    story.a_line(),
    story.a_line("Table", quantity=Decimal(4), unit_price=Decimal("389.50"), discount_percent=Decimal(10)),
    story.a_line("Montage", quantity=Decimal("2.5"), unit="HUR", unit_price=Decimal(65), vat_rate=Decimal(10)),
    story.a_line("Ouvrage", quantity=Decimal(2), unit_price=Decimal("33.175355"), vat_rate=Decimal("5.5")),
]


def text_of(pdf: bytes) -> str:
    """All the text of the file, spaces of every kind made one ordinary space."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        pages = [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()
    return " ".join(" ".join(pages).split())


def written(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace(",", " ").replace(".", ",")


def test_every_amount_on_paper_is_the_stored_one() -> None:
    invoice = story.an_issued_invoice(story.a_customer(story.a_company()), LINES)
    text = text_of(render_pdf(invoice))
    nets = InvoiceLine.everywhere.filter(invoice=invoice).values_list("net_amount", flat=True)
    rows = VatSubtotal.everywhere.filter(invoice=invoice).values_list("base", "amount")
    for amount in [*nets, *(amount for row in rows for amount in row)]:
        assert written(amount) in text
    assert f"Total HT {written(invoice.total_net)} €" in text
    assert f"Total TVA {written(invoice.total_vat)} €" in text
    assert f"Total TTC {written(invoice.total_gross)} €" in text
    assert f"Reste à payer {written(invoice.total_gross)} €" in text


def test_every_mention_the_law_wants_is_legible() -> None:
    company = story.a_company(vat_on_debits=True)
    place = {"line": "Quai 4", "postcode": "69800", "city": "Saint-Priest"}
    customer = story.a_customer(company, delivery=place)
    invoice = story.an_issued_invoice(
        customer, purchase_order="BC-448", service_code="ACHATS", supply_date=date(2026, 11, 12), notes="Merci."
    )
    text = text_of(render_pdf(invoice))
    for words in [
        "Facture n° " + str(invoice.number),
        "Atelier Verone, SAS au capital de 50 000 €",
        "12 rue des Martyrs",
        f"TVA {company.vat_number}",
        "RCS Paris",
        "Maison Lumière",
        "2 avenue Foch",
        "Quai 4 69800 Saint-Priest",
        "Date d’émission 16/11/2026",
        "Livraison ou exécution 12/11/2026",
        "Échéance 16/12/2026",
        "BC-448",
        "ACHATS",
        "Nature de l’opération : livraison de biens",
        "Option pour le paiement de la taxe d’après les débits",
        "pénalités au taux de la BCE majoré de 10 points",
        "frais de recouvrement en cas de retard de paiement : 40 €",
        "Pas d’escompte",
        "FR76 3000 6000 0112 3456 7890 189",
        "AGRIFRPP",
        "Merci.",
        "Page 1 / 1",
    ]:
        assert words in text
    digits = text.replace(" ", "")
    for number in (company.siren, company.siret, customer.siren, customer.siret, invoice.payment_reference):
        assert number in digits


def test_an_individual_under_the_franchise_reads_293_b_and_no_penalties() -> None:
    company = story.a_company(vat_regime=VatRegime.FRANCHISE, vat_number="", legal_form="EI", share_capital="")
    invoice = story.an_issued_invoice(story.a_customer(company, kind=CustomerKind.INDIVIDUAL))
    text = text_of(render_pdf(invoice))
    assert "TVA non applicable, art. 293 B du CGI" in text
    assert "Atelier Verone, EI SIREN" in text
    assert "pénalités" not in text
    assert "Sans objet" not in text


def test_a_reverse_charge_line_says_autoliquidation() -> None:
    line = story.a_line("Sous-traitance", vat_category="AE", vat_rate=Decimal(0))
    invoice = story.an_issued_invoice(story.a_customer(story.a_company()), [line])
    assert "Autoliquidation" in text_of(render_pdf(invoice))


def a_credit_note(invoice: Invoice) -> Invoice:
    with company_scope(invoice.company_id):
        draft = draft_credit_note(invoice=invoice, parts=None, reason="Retour", actor=story.ACTOR, at=story.AT)
        return issue_invoice(invoice=draft, actor=story.ACTOR, at=story.AT)


def test_a_credit_note_names_its_invoice_and_asks_for_no_money() -> None:
    invoice = story.an_issued_invoice(story.a_customer(story.a_company()))
    note = a_credit_note(invoice)
    text = text_of(render_pdf(note))
    assert f"Avoir n° {note.number} sur la facture n° {invoice.number} du 16/11/2026" in text
    assert "Retour" in text
    assert f"À votre crédit {written(note.total_gross)} €" in text
    assert "Reste à payer" not in text
    assert "IBAN" not in text
    assert "pénalités" not in text
    assert "recouvrement" not in text
    assert "escompte" not in text
    assert epc_payload(note) == ""


def test_the_payment_code_asks_for_the_whole_amount_with_the_reference() -> None:
    invoice = story.an_issued_invoice(story.a_customer(story.a_company()), LINES)
    assert epc_payload(invoice).split("\n") == [
        "BCD",
        "002",
        "1",
        "SCT",
        "AGRIFRPP",
        "Atelier Verone",
        story.IBAN,
        "EUR3371.39",
        "",
        invoice.payment_reference,
    ]


@pytest.mark.parametrize(
    ("change", "value"),
    [("currency", "CHF"), ("total_gross", Decimal("1000000000.00")), ("total_gross", Decimal(0)), ("status", "DRAFT")],
)
def test_no_payment_code_where_a_sepa_transfer_cannot_pay(change: str, value: Any) -> None:
    invoice = story.an_issued_invoice(story.a_customer(story.a_company()))
    setattr(invoice, change, value)
    assert epc_payload(invoice) == ""
    assert payment_code(invoice) == ""


def test_the_name_in_the_payment_code_is_one_line_of_seventy_characters() -> None:
    invoice = story.an_issued_invoice(story.a_customer(story.a_company(name="Menuiserie\n" + "é" * 100)))
    name = epc_payload(invoice).split("\n")[5]
    assert name == ("Menuiserie " + "é" * 100)[:70]


def test_two_prints_are_the_same_bytes_even_after_a_payment_and_a_move() -> None:
    company = story.a_company()
    customer = story.a_customer(company)
    invoice = story.an_issued_invoice(customer)
    first = render_pdf(invoice)
    with company_scope(company):
        record_payment(
            customer=customer,
            amount=Decimal(100),
            method="TRANSFER",
            paid_on=story.AT.date(),
            shares=[Share(invoice, Decimal(100))],
            actor=story.ACTOR,
            at=story.AT,
        )
    company.name = "Verone Nouvelle"
    company.save()
    customer.name = "Autre nom"
    customer.save()
    render_pdf(story.a_draft(customer, LINES))
    assert render_pdf(Invoice.everywhere.get(pk=invoice.pk)) == first


def test_the_file_is_pdf_a_with_its_fonts_inside() -> None:
    invoice = story.an_issued_invoice(story.a_customer(story.a_company(name="Ébène & Cœur – Київ")))
    # the XML and its metadata are embedded later, by the Factur-X writer
    assert {defect.rule for defect in pdfa.check(render_pdf(invoice))} == {"PDF-ATTACHMENT", "PDF-FX"}


def test_a_draft_is_marked_and_has_no_number_nor_code() -> None:
    customer = story.a_customer(story.a_company())
    draft = story.a_draft(customer, LINES)
    text = text_of(render_pdf(draft))
    assert "BROUILLON" in text
    assert "Brouillon, sans numéro" in text
    assert f"Reste à payer {written(draft.total_gross)} €" in text
    assert "520,44" in text
    assert "Maison Lumière" in text
    assert "BROUILLON" not in text_of(render_pdf(story.an_issued_invoice(customer)))


def test_what_is_typed_is_printed_as_text_and_fetches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []
    fetch = BundledOnly.fetch

    def witnessed(self: BundledOnly, url: str, headers: dict[str, str] | None = None) -> Any:
        fetched.append(url)
        return fetch(self, url, headers)

    monkeypatch.setattr(BundledOnly, "fetch", witnessed)
    hostile = '<script>alert(1)</script><img src="file:///etc/passwd"><link rel=attachment href="file:///etc/passwd">'
    company = story.a_company(name="<b>Verone</b>", accent_color="red;}x{", phone="<img src=x>")
    invoice = story.an_issued_invoice(story.a_customer(company), [story.a_line(hostile)], notes=hostile)
    pdf = render_pdf(invoice)
    text = text_of(pdf).replace(" ", "")
    assert text.count(hostile.replace(" ", "")) == 2
    assert "<b>Verone</b>" in text
    assert b"EmbeddedFile" not in pdf
    assert [url for url in fetched if not url.startswith(BUNDLED[0].as_uri())] == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://127.0.0.1/x.png",
        "https://example.org/x.png",
        "data:image/png;base64,AA==",
        f"{BUNDLED[0].as_uri()}/../../config/settings.py",
        f"{BUNDLED[0].as_uri()}/%2e%2e/%2e%2e/pyproject.toml",
        f"file://elsewhere{BUNDLED[0]}/invoice.css",
        "ftp://127.0.0.1/x",
    ],
)
def test_a_page_reaches_only_what_ships_with_the_product(url: str) -> None:
    with pytest.raises(ForeignAddress):
        BundledOnly().fetch(url)


def test_the_style_sheet_ships_with_the_product() -> None:
    response = BundledOnly().fetch(f"{BUNDLED[0].as_uri()}/invoice.css")
    assert b"@page" in response.read()


def test_three_hundred_lines_are_all_printed_under_a_repeated_head() -> None:
    lines = [
        replace(
            story.a_line(f"Article {rank:03} " + "très long " * (30 if rank % 50 == 0 else 1)), quantity=Decimal(rank)
        )
        for rank in range(1, 301)
    ]
    invoice = story.an_issued_invoice(story.a_customer(story.a_company()), lines)
    started = time.process_time()
    pdf = render_pdf(invoice)
    assert time.process_time() - started < 20
    text = text_of(pdf)
    assert all(f"Article {rank:03} " in text for rank in range(1, 301))
    document = pypdfium2.PdfDocument(pdf)
    pages = len(document)
    document.close()
    assert pages >= 7
    assert text.count("Désignation Quantité") >= pages - 1
    assert f"Page {pages} / {pages}" in text


def test_twelve_digit_amounts_and_endless_names_stay_whole() -> None:
    company = story.a_company(name="Coopérative " + "Ébénistes et Tapissiers " * 7)
    line = story.a_line("X" * 480, quantity=Decimal("99"), unit_price=Decimal("9876543210.123456"))
    invoice = story.an_issued_invoice(story.a_customer(company, name="N" * 200), [line])
    text = text_of(render_pdf(invoice))
    assert "9 876 543 210,123456" in text
    assert f"Total TTC {written(invoice.total_gross)} €" in text
    assert text.replace(" ", "").count("X" * 480) == 1


@pytest.mark.parametrize("color", ["#ffd400", "#ffffff", "#7fffd4"])
def test_a_pale_company_colour_is_darkened_until_it_reads(color: str) -> None:
    assert darkened(color) != color
    assert darkened(darkened(color)) == darkened(color)


def test_a_dark_company_colour_is_kept() -> None:
    assert darkened("#1f4e5f") == "#1f4e5f"


def right_edge(pdf: bytes, words: str) -> float:
    """Where the last letter of these words ends on the first page, in points."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        text = document[0].get_textpage()
        found = text.search(words).get_next()
        assert found, words
        return float(text.get_charbox(found[0] + found[1] - 1, loose=True)[2])  # its advance, not its ink
    finally:
        document.close()


@pytest.mark.parametrize("size", ["1", "98765.4321", "1234567.891234"])
def test_each_column_is_as_wide_as_what_it_holds(size: str) -> None:
    line = story.a_line("Béton", unit="MTK", unit_price=Decimal(size), discount_percent=Decimal("12.75"))
    invoice = story.an_issued_invoice(
        story.a_customer(story.a_company()), [replace(line, quantity=Decimal("98765.432")), LINES[3]]
    )
    pdf, (stored, _) = render_pdf(invoice), InvoiceLine.everywhere.filter(invoice=invoice).order_by("position")
    for title, content in (
        ("Quantité", "98 765,432"),
        ("Prix unit. HT", price(stored.unit_price)),
        ("Remise", "12,75 %"),
        ("Montant HT", figure(stored.net_amount, 2)),
    ):
        words = content.replace(NARROW, NBSP).replace(NBSP, " ")
        assert right_edge(pdf, words) == pytest.approx(right_edge(pdf, title), abs=1), title
