"""What a company bought from businesses abroad and declares itself (10.1 of the buyer): read from its booked purchases.

Intra-EU acquisitions of goods, and services whose VAT the buyer owes (CGI 283-2). Imports of goods are the customs';
the VAT of another country is no business of the French State. Like a sale, a purchase is of the day that its document
bears.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from billing.models import InvoiceKind, PurchaseInvoice
from billing.purchases.models import PurchaseLine
from billing.purchases.origin import country_of
from billing.purchases.regimes import Regime
from config.kernel.models import Company
from customers.models import Customer
from customers.territories import EUROPEAN_UNION, legal_code
from einvoicing.formats.ereporting import message
from einvoicing.reporting.periods import Period
from einvoicing.reporting.purchases import Purchase

# regime → category, VATEX and mention of a row without VAT
_ROWS: dict[str, tuple[str, str, str]] = {
    Regime.INTRA_EU_GOODS: ("K", "VATEX-EU-IC", "Livraison intracommunautaire"),
    Regime.SERVICES_ABROAD: ("AE", "VATEX-EU-AE", "Autoliquidation"),
}
NO_VAT = Decimal("0.00")


def purchases_abroad(company: Company, period: Period) -> Iterator[Purchase]:
    """The booked purchases of a period that 10.1 carries, by date and reference. Four queries."""
    mine = PurchaseLine.objects.filter(regime__in=_ROWS).values("purchase_id")
    rows = PurchaseInvoice.objects.filter(
        pk__in=mine, company=company, booked_on__isnull=False, issue_date__range=(period.start, period.end)
    )
    found = rows.select_related("supplier", "corrects").prefetch_related("lines", "supplier__addresses")
    for purchase in found.order_by("issue_date", "reference"):
        yield Purchase(unit_purchase(company, purchase), purchase.pk, purchase.get_absolute_url())


def unit_purchase(company: Company, purchase: PurchaseInvoice) -> message.UnitInvoice:
    """The 10.1 row of a purchase: what of it the buyer owes the VAT of, without VAT as its document says it."""
    sums: dict[str, Decimal] = {}
    for line in purchase.lines.all():
        if line.regime in _ROWS:
            sums[line.regime] = sums.get(line.regime, NO_VAT) + line.net
    corrects = purchase.corrects
    within_union = Regime.INTRA_EU_GOODS in sums
    return message.UnitInvoice(
        number=purchase.number,
        issue_date=purchase.issue_date,
        type_code=purchase.kind,
        currency=purchase.currency,
        process=_process(purchase, set(sums)),
        seller=_seller(purchase.supplier),
        buyer=message.Party(
            identifier=company.siren,
            scheme=message.SIREN,
            vat_number=company.vat_number,
            country=legal_code(company.country),
        ),
        net=sum(sums.values(), NO_VAT),
        vat=NO_VAT,
        rows=tuple(_row(regime, base) for regime, base in sorted(sums.items())),
        due_date=None if purchase.is_credit_note else purchase.due_date,
        preceding=((corrects.number, corrects.issue_date),) if corrects is not None else (),
        delivery_date=purchase.supply_date or (purchase.issue_date if within_union else None),
        delivery_country=legal_code(company.country) if within_union else "",
    )


def _row(regime: str, base: Decimal) -> message.VatRow:
    category, code, reason = _ROWS[regime]
    return message.VatRow(
        rate=NO_VAT, base=base, vat=NO_VAT, category=category, exemption_code=code, exemption_reason=reason
    )


def _process(purchase: PurchaseInvoice, regimes: set[str]) -> str:
    """TT-28, the cadre: B goods, S services, M both; 4 for a final invoice after deposits, 1 for any other."""
    nature = "M" if len(regimes) > 1 else "B" if Regime.INTRA_EU_GOODS in regimes else "S"
    is_final = bool(purchase.amount_deposited) and purchase.kind in {InvoiceKind.INVOICE, InvoiceKind.CORRECTED}
    return f"{nature}{4 if is_final else 1}"


def _seller(supplier: Customer) -> message.Party:
    """Who sold, by the first identifier that the rules take (G2.19): a VAT number, else country and name."""
    country = country_of(supplier)
    if supplier.vat_number and country in EUROPEAN_UNION:
        identifier, scheme = supplier.vat_number, message.EU_VAT
    else:
        identifier, scheme = f"{country}{supplier.name[:16]}".strip(), message.NON_EU
    return message.Party(
        identifier=identifier, scheme=scheme, vat_number=supplier.vat_number, country=legal_code(country)
    )
