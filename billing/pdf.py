"""The readable invoice: what CGI ann. II art. 242 nonies A and C. com. L441-9 want a person to be able to read.

Only what issuing froze is printed (seller, buyer, mentions, lines, VAT rows, totals), never what changes later, so
the same invoice gives the same bytes at any time. A draft is previewed with a watermark and without a number.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import segno
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import override

from billing import qr_bill
from billing.models import Invoice, InvoiceLine, InvoiceStatus, VatSubtotal
from billing.services import snapshots
from billing.services.crediting import shown_totals
from billing.services.lines import vat_rows
from config.kernel import faces
from config.kernel.identifiers import payment_reference
from config.kernel.kept import check_kept
from config.kernel.models import Logo
from config.kernel.scope import company_scope
from config.kernel.typography import NARROW, NBSP, number, percent, price
from customers.models import CustomerKind

TEMPLATE = "billing/pdf/invoice.html"
STYLESHEET, QR_BILL, FOOTER, LOOK = "invoice.css", "qr_bill.css", "footer.css", "look.css"
DEFAULT_ACCENT = "#1f4e5f"

# EPC069-12: the amount goes from 0.01 to 999 999 999.99 euros, the name to 70 characters.
LARGEST_EPC_AMOUNT = Decimal("999999999.99")
LONGEST_EPC_NAME = 70

# What stands in the VAT column when the line bears no rate; the sentence itself is in the VAT breakdown.
WITHOUT_RATE = {"E": "exonéré", "AE": "autoliq.", "K": "intra-UE", "G": "export", "O": "hors champ"}

# Of each column but the description: its title, drawn bold in TITLE_MM, and the padding of its cells in mm.
COLUMNS = {
    "quantity": ("Quantité", 4.1),
    "unit": ("Unité", 2.1),
    "unit_price": ("Prix unit. HT", 4.1),
    "discount": ("Remise", 4.1),
    "rate": ("TVA", 4.1),
    "net": ("Montant HT", 4.1),
}
POINT = 25.4 / 72  # in mm
TITLE_MM, LINES_MM = 7.5 * POINT, 8.5 * POINT  # an em of each, as invoice.css draws them

SHORT_UNITS = {"C62": "u.", "HUR": "h", "DAY": "jour", "MON": "mois", "LTR": "l", "LS": "forfait"}


def render_pdf(invoice: Invoice) -> bytes:
    """The invoice as PDF/A-3b, without its XML. Raises NoBillingAddress for a draft whose customer has none."""
    with override("fr"), company_scope(invoice.company_id):
        return draw(context(invoice))


def draw(page: dict[str, Any]) -> bytes:
    """The page of such a context. Raises FileRefused where the logo that it names is not what was kept."""
    from billing.pdf_engine import make_pdf  # WeasyPrint takes half a second to import

    invoice, seller = page["invoice"], page["seller"]
    logo = kept_logo(invoice.company_id, seller)
    html = _as_drawn(render_to_string(TEMPLATE, page | {"logo": logo}))
    name = invoice.number or f"draft-{invoice.pk}"
    # made of what never changes: WeasyPrint's own would be random, and the same invoice two files
    identifier = hashlib.sha256(f"{seller['siren']}:{name}".encode()).digest()[:16]
    # of their own: documents without them keep their bytes
    sheets = {QR_BILL: page["bill"], FOOTER: seller.get("footer") and not page["bill"], LOOK: logo or page["look"]}
    more = [name for name, wanted in sheets.items() if wanted]
    return make_pdf(html, stylesheet=STYLESHEET, more=more, identifier=identifier, pictures=pictures_of(logo))


def kept_logo(company_id: int, seller: Mapping[str, Any]) -> Logo | None:
    """The picture with which the document was issued, whatever the company shows today."""
    return Logo.everywhere.get(company_id=company_id, sha256=seller["logo"]) if seller.get("logo") else None


def pictures_of(logo: Logo | None) -> list[Any]:
    """What the engine is given of the logo. Raises FileRefused."""
    from billing.pdf_engine import Picture

    return [Picture(f"kept:{logo.sha256}", check_kept(logo), logo.media_type)] if logo else []


def context(invoice: Invoice) -> dict[str, Any]:
    """What the template prints, from the frozen columns, or computed for a draft as issuing would compute it."""
    lines = list(InvoiceLine.everywhere.filter(invoice=invoice).order_by("position"))
    draft = invoice.status == InvoiceStatus.DRAFT
    if draft:
        seller = snapshots.seller(invoice.company)
        buyer = snapshots.buyer(invoice.customer, invoice.delivery)
        mentions = snapshots.mentions(invoice, invoice.company)
        subtotals = vat_rows(invoice, shown_totals(invoice, lines))
    else:
        seller, buyer, mentions = invoice.seller, invoice.buyer, invoice.mentions
        subtotals = list(VatSubtotal.everywhere.filter(invoice=invoice))
    parties = {"seller": seller, "buyer": buyer, "mentions": mentions}
    return page_of(invoice, lines, subtotals, parties, watermark="BROUILLON" if draft else "")


def page_of(
    invoice: Invoice,
    lines: Sequence[InvoiceLine],
    subtotals: Sequence[VatSubtotal],
    parties: Mapping[str, Any],
    *,
    watermark: str,
) -> dict[str, Any]:
    """What the template prints of these rows. `parties`: seller, buyer and mentions, as they are frozen."""
    seller, buyer, mentions = parties["seller"], parties["buyer"], parties["mentions"]
    delivery = buyer.get("delivery_address")
    accent = _accent(seller.get("accent_color", ""))
    rows = [_row(line) for line in lines]
    return {
        "invoice": invoice,
        "watermark": watermark,
        "title": str(invoice.get_kind_display()),
        "seller": seller,
        "buyer": buyer,
        "mentions": mentions,
        "delivery": delivery if delivery and delivery != buyer["address"] else None,
        "corrects": Invoice.everywhere.get(pk=invoice.corrects_id) if invoice.corrects_id else None,
        "lines": rows,
        "widths": _widths(rows),
        "discounted": any(line.discount_percent for line in lines),
        "subtotals": subtotals,
        "for_professionals": buyer["kind"] != CustomerKind.INDIVIDUAL,
        "reference": payment_reference.format(invoice.payment_reference),
        "qr": payment_code(invoice),
        "bill": qr_bill.qr_bill(invoice),
        "accent": accent,
        "ink": darkened(_accent(seller.get("title_color") or accent)),
        "look": bool(mentions.get("extra") or seller.get("footer")),
        "stamp": _stamp(invoice),
    }


def _row(line: InvoiceLine) -> dict[str, Any]:
    return {
        "description": line.description,
        "quantity": number(line.quantity),
        "unit": SHORT_UNITS.get(line.unit) or str(line.get_unit_display()),
        "unit_price": price(line.unit_price),
        "discount": percent(line.discount_percent) if line.discount_percent else "",
        "rate": WITHOUT_RATE.get(line.vat_category) or percent(line.vat_rate),
        "net": number(line.net_amount, 2),
    }


def _widths(rows: Sequence[dict[str, str]]) -> dict[str, str]:
    """The width of each column as a style: that of its title or longest content, measured from the face itself."""
    widths = {}
    for column, (title, padding) in COLUMNS.items():
        contents = [faces.width(_as_drawn(row[column]), bold=column == "net") * LINES_MM for row in rows]
        widest = max([faces.width(title, bold=True) * TITLE_MM, *contents])
        widths[column] = f"width:{widest + padding:.2f}mm"
    return widths


def _as_drawn(text: str) -> str:
    """The narrow no-break space is drawn so thin that thousands run together."""
    return text.replace(NARROW, NBSP)


def _stamp(invoice: Invoice) -> str:
    """The date the file bears: that of the document, not of the printing."""
    at: datetime = invoice.issued_at or invoice.created_at
    return at.isoformat(timespec="seconds")


def epc_payload(invoice: Invoice, amount: Decimal | None = None) -> str:
    """The SEPA credit transfer of the invoice as EPC069-12 writes it (version 002); '' when it cannot be one.

    It asks for `amount`, or for the invoice less the deposits it deducts (BT-115), with its RF reference. Nothing for a
    draft, a credit note, another currency than the euro, a company without IBAN, or an amount EPC069-12 cannot write.
    Swiss accounts have the QR-bill instead, whose reference this code cannot carry.
    """
    wanted = invoice.payable if amount is None else amount
    payable = not invoice.is_draft and not invoice.is_credit_note and invoice.currency == "EUR"
    iban = invoice.seller.get("iban", "")
    if not payable or not iban or qr_bill.is_swiss(invoice) or not 0 < wanted <= LARGEST_EPC_AMOUNT:
        return ""
    return "\n".join(
        [
            "BCD",
            "002",
            "1",  # UTF-8
            "SCT",
            invoice.seller.get("bic", ""),
            # a line break in the name would shift every field after it
            " ".join(invoice.seller["name"].split())[:LONGEST_EPC_NAME],
            iban,
            f"EUR{wanted:.2f}",
            "",  # purpose
            invoice.payment_reference,
        ]
    )


def payment_code(invoice: Invoice, amount: Decimal | None = None) -> SafeString:
    """The payload as a QR code (error correction M, as EPC069-12 asks), an SVG to stand in the page."""
    payload = epc_payload(invoice, amount)
    if not payload:
        return mark_safe("")
    # boost_error would raise the correction where there is room: EPC069-12 asks for M
    code = segno.make(payload, error="m", boost_error=False, encoding="utf-8", micro=False)
    return mark_safe(code.svg_inline(border=0, omitsize=True, svgclass="qr", lineclass=None))


def _accent(color: str) -> str:
    """The company's colour, if it is one: it goes into a style attribute."""
    return color.lower() if re.fullmatch(r"#[0-9a-fA-F]{6}", color) else DEFAULT_ACCENT


def darkened(color: str) -> str:
    """The colour made dark enough to be read as text on white (WCAG 2.2, contrast 4.5)."""
    parts = [int(color[start : start + 2], 16) for start in (1, 3, 5)]
    while (1.05 / (_luminance(parts) + 0.05)) < 4.5:
        parts = [part * 9 // 10 for part in parts]
    return "#" + "".join(f"{part:02x}" for part in parts)


def _luminance(parts: Sequence[int]) -> float:
    linear = [part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
