"""The Swiss QR-bill of a printed invoice is scanned as a payer scans it: each field and millimetre is compared."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import cv2
import numpy
import pypdfium2
import pytest

from billing.models import Invoice
from billing.pdf import epc_payload, render_pdf
from billing.qr_bill import qr_bill, split_street
from config.kernel.identifiers import iban, qr_reference
from config.kernel.scope import company_scope
from einvoicing.formats import pdfa
from einvoicing.services.documents import ensure_facturx
from tests.billing.test_pdf import a_credit_note, text_of
from tests.factories import story

pytestmark = pytest.mark.django_db

QR_IBAN, SWISS_IBAN = "CH4431999123000889012", "CH9300762011623852957"
LAUSANNE = {"line": "Avenue de la Gare 7B", "postcode": "1003", "city": "Lausanne", "country": "CH"}
MM = 72 / 25.4  # points


def an_invoice(
    account: str = SWISS_IBAN, *, lines: Any = None, buyer: Mapping[str, str] = LAUSANNE, **company: Any
) -> Invoice:
    seller = story.a_company(iban=account, bic="", **company)
    return story.an_issued_invoice(story.a_customer(seller, address=dict(buyer)), lines)


def pages(pdf: bytes) -> list[Any]:
    """Each page as a grey picture, eight dots a millimetre."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.render(scale=8 / MM).to_numpy() for page in document]
    finally:
        document.close()


def scanned(page: Any) -> tuple[str, list[float]]:
    """What the code of the page says, and its left, top, right and bottom edge in mm."""
    text, corners, _straight = cv2.QRCodeDetector().detectAndDecode(page)
    if not text:
        return "", []
    points = corners.reshape(-1, 2) / 8
    low, high = points.min(axis=0), points.max(axis=0)
    return text, [float(number) for number in (*low, *high)]


def test_the_code_says_every_field_of_the_invoice() -> None:
    invoice = an_invoice()
    (page,) = pages(render_pdf(invoice))
    text, _edges = scanned(page)
    assert text.split("\r\n") == [
        "SPC", "0200", "1",
        SWISS_IBAN,
        "S", "Atelier Verone", "rue des Martyrs", "12", "75009", "Paris", "FR",
        "", "", "", "", "", "", "",
        "1440.00", "EUR",
        "S", "Maison Lumière", "Avenue de la Gare", "7B", "1003", "Lausanne", "CH",
        "SCOR", invoice.payment_reference, f"Facture {invoice.number}",
        "EPD",
    ]  # fmt: skip


def test_a_qr_iban_goes_with_a_qr_reference_that_checks_itself() -> None:
    invoice = an_invoice(QR_IBAN)
    assert qr_reference.validate(invoice.payment_reference) == invoice.payment_reference
    fields = scanned(pages(render_pdf(invoice))[0])[0].split("\r\n")
    assert fields[3] == QR_IBAN
    assert fields[27:29] == ["QRR", invoice.payment_reference]
    assert qr_reference.format(invoice.payment_reference) in text_of(render_pdf(invoice))


def test_each_wrong_digit_of_a_qr_reference_is_found() -> None:
    reference = qr_reference.generate("FAC-2026-00042")
    for place, digit in enumerate(reference):
        wrong = reference[:place] + str((int(digit) + 1) % 10) + reference[place + 1 :]
        assert not qr_reference.is_valid(wrong)


def test_the_accounts_of_qr_references_are_told_by_their_institution() -> None:
    assert iban.is_qr(QR_IBAN)
    assert not iban.is_qr(SWISS_IBAN)
    assert not iban.is_qr(story.IBAN)  # FR76 3000 6: no Swiss institution


def test_the_payment_part_stands_at_its_place_to_the_millimetre() -> None:
    _text, edges = scanned(pages(render_pdf(an_invoice()))[0])
    # 67 mm from the left, 17 mm below the slip's edge at 192 mm, 46 mm wide
    assert edges == pytest.approx([67, 209, 113, 255], abs=0.4)


def test_what_is_printed_beside_the_code_is_what_it_says() -> None:
    invoice = an_invoice()
    text = text_of(render_pdf(invoice))
    for words in [
        "Récépissé", "Section paiement", "Compte / Payable à", "CH93 0076 2011 6238 5295 7", "Payable par",
        "Avenue de la Gare 7B", "1003 Lausanne", "FR-75009 Paris", "1 440.00", "Point de dépôt",
        f"Informations supplémentaires Facture {invoice.number}",
    ]:  # fmt: skip
        assert words in text, words
    assert "Régler par virement" not in text


def test_a_page_of_its_own_where_there_is_no_room() -> None:
    lines = [story.a_line(f"Article {number}") for number in range(22)]
    pdf = render_pdf(an_invoice(lines=lines))
    first, last = pages(pdf)
    assert scanned(first)[0] == ""
    assert scanned(last)[1] == pytest.approx([67, 209, 113, 255], abs=0.4)
    text = text_of(pdf)
    assert "Page 1 / 2" in text
    assert "Page 2 / 2" in text
    assert text.count("SIREN") >= 2


def test_identity_and_page_number_stand_above_the_slip_and_nowhere_within() -> None:
    document = pypdfium2.PdfDocument(render_pdf(an_invoice()))
    try:
        page = document[0].get_textpage()
        within = page.get_text_bounded(left=0, bottom=0, right=210 * MM, top=104.5 * MM)
        whole = page.get_text_range()
    finally:
        document.close()
    assert "SIRET" not in within
    assert "Page" not in within
    assert whole.count("Page 1 / 1") == 1
    assert whole.count("au capital de") == 1


def test_the_file_stays_a_pdf_a() -> None:
    for account in (QR_IBAN, SWISS_IBAN):
        # without its XML, which is attached later
        assert {defect.rule for defect in pdfa.check(render_pdf(an_invoice(account)))} == {"PDF-ATTACHMENT", "PDF-FX"}


def test_the_factur_x_of_a_swiss_account_is_valid_and_keeps_its_code(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    invoice = an_invoice(QR_IBAN)
    with company_scope(invoice.company_id):
        document = ensure_facturx(invoice=invoice, actor=story.ACTOR, at=story.AT)
    with document.file.open("rb") as file:
        data = file.read()
    assert pdfa.check(data) == ()
    assert document.verdict["violations"] == []
    assert scanned(pages(data)[0])[0].split("\r\n")[28] == invoice.payment_reference


def test_the_same_invoice_gives_the_same_bytes() -> None:
    invoice = an_invoice()
    assert render_pdf(invoice) == render_pdf(invoice)


@pytest.mark.parametrize(
    ("line", "street", "number"),
    [
        ("12 bis, rue des Martyrs", "rue des Martyrs", "12 bis"),
        ("Bahnhofstrasse 7A", "Bahnhofstrasse", "7A"),
        ("Rue de Lausanne 12/3", "Rue de Lausanne", "12/3"),
        ("Case postale", "Case postale", ""),
        ("Strasse des 17. Juni", "Strasse des 17. Juni", ""),
        ("4 avenue du 8 Mai", "avenue du 8 Mai", "4"),
        ("Quai 4", "Quai", "4"),
    ],
)
def test_a_street_is_parted_from_its_number(line: str, street: str, number: str) -> None:
    assert split_street(line) == (street, number)


def test_no_combined_address_ever_stands_in_the_code() -> None:
    invoice = an_invoice(buyer={**LAUSANNE, "line": "Case postale", "extra": "Bâtiment B"})
    fields = scanned(pages(render_pdf(invoice))[0])[0].split("\r\n")
    assert (fields[4], fields[20]) == ("S", "S")
    assert fields[22:24] == ["Case postale", ""]


def test_a_payer_in_another_script_is_left_for_him_to_write() -> None:
    invoice = an_invoice(buyer={**LAUSANNE, "city": "Αθήνα"})
    bill = qr_bill(invoice)
    assert bill is not None
    assert bill.debtor == ()
    assert bill.payload.split("\r\n")[20:27] == [""] * 7
    assert "Payable par (nom/adresse)" in text_of(render_pdf(invoice))


def test_typography_and_long_names_fit_the_standard() -> None:
    invoice = an_invoice(name="L’Atelier – " + "très long " * 12)
    bill = qr_bill(invoice)
    assert bill is not None
    name = bill.payload.split("\r\n")[5]
    assert name.startswith("L'Atelier - très long")
    assert len(name) <= 70
    (page,) = pages(render_pdf(invoice))
    assert scanned(page)[0] == bill.payload


def test_only_what_asks_for_money_on_a_swiss_account_has_one() -> None:
    french = story.an_issued_invoice(story.a_customer(story.a_company()))
    assert qr_bill(french) is None
    assert epc_payload(french)
    swiss = an_invoice()
    assert epc_payload(swiss) == ""
    assert qr_bill(a_credit_note(swiss)) is None
    assert qr_bill(swiss, Decimal(0)) is None
    assert qr_bill(swiss, Decimal("1000000000")) is None
    swiss.currency = "USD"
    assert qr_bill(swiss) is None


def test_a_reference_of_the_other_kind_makes_no_bill() -> None:
    invoice = an_invoice()
    invoice.payment_reference = qr_reference.generate("FAC-2026-00001")
    assert qr_bill(invoice) is None


def test_the_headings_are_in_the_language_that_is_asked_for() -> None:
    bill = qr_bill(an_invoice(), language="de")
    assert bill is not None
    assert (bill.labels["payment_part"], bill.message.split()[0]) == ("Zahlteil", "Rechnung")


def test_a_picture_is_what_the_scanner_sees() -> None:
    assert scanned(numpy.full((800, 800, 3), 255, numpy.uint8)) == ("", [])
