"""An invoice that was never issued, to look at: the company's look, words and habits on a paper marked « SPÉCIMEN »."""

from __future__ import annotations

import base64
import io
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import override

from billing import pdf
from billing.models import Invoice, InvoiceKind, InvoiceLine, InvoiceStatus
from billing.services import snapshots
from billing.services.lines import LineInput, priced, vat_rows
from billing.vat_rates import usual_rate
from config.kernel.models import Company
from config.kernel.rows import know
from customers.models import Customer, CustomerKind, PaymentTerms

MARK = "SPÉCIMEN"
WIDTH = 1000  # pixels of its picture
BUYER: dict[str, Any] = {
    "kind": CustomerKind.ORGANISATION,
    "name": "Client exemple",
    "siren": "",
    "siret": "",
    "vat_number": "",
    "electronic_address": "",
    "is_public_body": False,
    "email": "",
    "address": {"line": "1 rue de l’Exemple", "extra": "", "postcode": "75001", "city": "Paris", "country": "FR"},
    "delivery_address": None,
}
SOLD = (("Prestation du mois", Decimal(2), Decimal("450")), ("Fournitures", Decimal(12), Decimal("18.50")))


def sample_pdf(company: Company, *, at: datetime, number: str, due_date: date, repeated: int = 1) -> bytes:
    """The specimen as PDF. `company` may hold what is only typed; its lines stand `repeated` times, for more pages."""
    customer = Customer(company=company, kind=CustomerKind.ORGANISATION, name=BUYER["name"], terms=PaymentTerms())
    invoice = Invoice(
        company=company,
        customer=customer,
        kind=InvoiceKind.INVOICE,
        status=InvoiceStatus.ISSUED,
        currency=company.currency,
        accounting_currency=company.currency,
        number=number,
        issue_date=at.date(),
        supply_date=at.date(),
        due_date=due_date,
        issued_at=at,
    )
    inputs = [
        LineInput(
            description=description,
            quantity=quantity,
            unit_price=unit_price,
            unit=company.usual_unit,
            vat_rate=usual_rate(company),
            is_service=True,
        )
        for description, quantity, unit_price in SOLD * repeated
    ]
    lines, computed = priced(inputs, customer=customer, row_class=InvoiceLine, sources=[], invoice=invoice)
    invoice.total_net, invoice.total_vat, invoice.total_gross = computed.net, computed.vat, computed.gross
    know(invoice, "lines", lines)
    invoice.seller, invoice.buyer = snapshots.seller(company), BUYER
    invoice.mentions = snapshots.mentions(invoice, company)
    parties = {"seller": invoice.seller, "buyer": BUYER, "mentions": invoice.mentions}
    with override("fr"):
        return pdf.draw(pdf.page_of(invoice, lines, vat_rows(invoice, computed), parties, watermark=MARK))


def pictures_of(data: bytes) -> list[str]:
    """The pages of a PDF as addresses of pictures that stand in the page itself."""
    import pypdfium2  # a preview alone needs it

    document = pypdfium2.PdfDocument(data)
    try:
        return [_picture(page) for page in document]
    finally:
        document.close()


def _picture(page: Any) -> str:
    written = io.BytesIO()
    picture = page.render(scale=WIDTH / page.get_width()).to_pil().convert("RGB")
    picture.quantize(64).save(written, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()
