"""What a company sold that is reported: to businesses abroad one by one (10.1), to individuals by day (10.3).

An invoice is of the day it bears. A credit note counts against its own day; a corrected invoice takes back the one it
replaces on its own; a final invoice counts for what its deposits left. Sales to businesses in France are not here:
the platforms that carry their invoices tell the State.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db.models import Q

from billing.models import Invoice, InvoiceKind, InvoiceQuerySet
from billing.natures import Parts, add_parts, standing_parts
from config.kernel.models import Company
from customers import territories
from customers.territories import EUROPEAN_UNION, legal_code
from einvoicing import mapping
from einvoicing.formats.ereporting import message
from einvoicing.reporting.periods import Period

INDIVIDUAL = Q(buyer__kind="INDIVIDUAL")
INTERNATIONAL = ("B2BInt", "B2GInt")
READ = ("lines", "vat_subtotals", "deductions__deposit__lines", "deductions__deposit__vat_subtotals")


@dataclass(frozen=True, slots=True)
class Sale:
    """What a document adds to a day of 10.3; `replaced`: the document that it takes back, itself otherwise."""

    invoice: Invoice
    document: Invoice
    day: date
    parts: Parts


def reported() -> Q:
    """Documents whose sale or payment e-reporting may carry: to individuals, or abroad. For SQL, a coarse sieve."""
    home = [*territories.DOMESTIC, territories.MONACO] if settings.MONACO_IS_DOMESTIC else list(territories.DOMESTIC)
    return INDIVIDUAL | ~Q(buyer__address__country__in=home)


def issued_within(company: Company, period: Period) -> InvoiceQuerySet:
    rows: InvoiceQuerySet = Invoice.objects.issued().filter(company=company)
    return rows.filter(issue_date__range=(period.start, period.end))


def international_sales(company: Company, period: Period) -> Iterator[Invoice]:
    """Invoices, credit notes and corrected invoices to businesses abroad, by date and number."""
    rows = issued_within(company, period).filter(reported()).exclude(INDIVIDUAL).select_related("corrects")
    for invoice in rows.prefetch_related(*READ).order_by("issue_date", "number"):
        if mapping.processing_rule(invoice.buyer) in INTERNATIONAL:
            yield invoice


def individual_sales(company: Company, period: Period) -> Iterator[Sale]:
    """What each document of the period adds to or takes off the sales to individuals, by date and number."""
    rows = issued_within(company, period).filter(
        INDIVIDUAL | Q(kind=InvoiceKind.CORRECTED, corrects__buyer__kind="INDIVIDUAL")
    )
    rows = rows.select_related("corrects").prefetch_related(*READ, *(f"corrects__{name}" for name in READ))
    for invoice in rows.order_by("issue_date", "number"):
        day = invoice.issue_date
        if day is None:
            continue
        if invoice.buyer["kind"] == "INDIVIDUAL":
            sign = -1 if invoice.is_credit_note else 1
            yield Sale(invoice, invoice, day, add_parts((sign, standing_parts(invoice))))
        replaced = invoice.corrects if invoice.kind == InvoiceKind.CORRECTED else None
        if replaced is not None and replaced.buyer["kind"] == "INDIVIDUAL":
            yield Sale(invoice, replaced, day, add_parts((-1, standing_parts(replaced))))


def unit_invoice(invoice: Invoice) -> message.UnitInvoice:
    """The 10.1 row of an invoice abroad, read from its frozen columns."""
    if invoice.number is None or invoice.issue_date is None:
        raise ValueError("only an issued invoice is reported")
    deposits = [row.deposit for row in invoice.deductions.all()]
    delivery = invoice.buyer.get("delivery_address") or {}
    within_union = any(row.category == "K" for row in invoice.vat_subtotals.all())
    country = delivery.get("country") or (invoice.buyer["address"]["country"] if within_union else "")
    return message.UnitInvoice(
        number=invoice.number,
        issue_date=invoice.issue_date,
        type_code=invoice.kind,
        currency=invoice.currency,
        process=mapping.business_process(invoice),
        seller=message.Party(
            identifier=invoice.seller["siren"],
            scheme=message.SIREN,
            vat_number=invoice.seller["vat_number"],
            country=legal_code(invoice.seller["address"]["country"]),
        ),
        buyer=_buyer(invoice),
        net=invoice.total_net,
        vat=invoice.total_vat,
        rows=tuple(
            message.VatRow(
                rate=row.rate,
                base=row.base,
                vat=row.amount,
                category=row.category,
                exemption_code=row.exemption_code,
                exemption_reason=row.exemption_reason,
            )
            for row in invoice.vat_subtotals.all()
        ),
        due_date=None if invoice.is_credit_note else invoice.due_date,
        preceding=tuple((row.number, row.date) for row in mapping.preceding(invoice, deposits) if row.date),
        delivery_date=invoice.supply_date,
        delivery_country=legal_code(country) if country else "",
    )


def _buyer(invoice: Invoice) -> message.Party:
    """Who bought, by the first identifier that the rules take (G2.19, G2.33).

    Outside the Union, and where no number is known: the country and sixteen letters of the name, as the State's
    directory of public accounting writes a « HORS_UE » party.
    """
    buyer = invoice.buyer
    country, vat_number = buyer["address"]["country"], buyer["vat_number"]
    if vat_number and buyer["siren"]:
        identifier, scheme = buyer["siren"], message.SIREN
    elif vat_number and (country in EUROPEAN_UNION or vat_number.startswith("FR")):
        identifier, scheme = vat_number, message.EU_VAT
    else:
        identifier, scheme = f"{country}{buyer['name'][:16]}".strip(), message.NON_EU
    # a Swiss UID is no number of the Union's
    vat_number = "" if scheme == message.NON_EU else vat_number
    return message.Party(identifier=identifier, scheme=scheme, vat_number=vat_number, country=legal_code(country))
