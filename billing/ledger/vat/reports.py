"""Reports about VAT: what waits for a payment, per document; sales within the Union, per customer's VAT number."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.db.models import F, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.ledger.reports.lines import counted_lines, page_of, period_of
from billing.ledger.reports.parameters import Parameters
from billing.ledger.reports.registry import Report
from billing.ledger.reports.table import ReportTable, Row
from billing.ledger.vat.declared import sales_without_vat
from billing.models import Invoice, PurchaseInvoice
from billing.purchases import accounts as buying
from config.kernel import typography
from config.kernel.exports import Column
from config.kernel.money import ZERO
from customers.territories import EUROPEAN_UNION, FRANCE

WAITING_COLUMNS = (
    Column("label", gettext_lazy("Pièce")),
    Column("day", gettext_lazy("Date"), "date"),
    Column("name", gettext_lazy("Tiers")),
    Column("collected", gettext_lazy("Collectée"), "money"),
    Column("deductible", gettext_lazy("Déductible"), "money"),
)
UNION_COLUMNS = (
    Column("vat_number", gettext_lazy("N° de TVA du client")),
    Column("label", gettext_lazy("Client")),
    Column("goods", gettext_lazy("Biens HT (état récapitulatif)"), "money"),
    Column("services", gettext_lazy("Services HT (DES)"), "money"),
)


def waiting_vat(parameters: Parameters) -> ReportTable:
    """44574 by invoice and 44564 by purchase, at the end of a day."""
    rows = [*_collected(parameters), *_deductible(parameters)]
    rows.sort(key=lambda row: (row.cells["day"], row.cells["label"]))
    sums = {name: sum((row.cells[name] for row in rows), ZERO) for name in ("collected", "deductible")}
    return ReportTable(
        title=_("TVA en attente de règlement"),
        subtitle=_("Au %(day)s") % {"day": typography.day(parameters.end)},
        columns=WAITING_COLUMNS,
        rows=rows,
        totals=[Row({"label": _("Total"), **sums}, kind="total")],
        notes=[_("Sur les services et les acomptes : exigible, ou déductible, avec le règlement (CGI 269-2 et 271).")],
        filename=f"tva-en-attente-{parameters.end:%Y%m%d}",
    )


def _collected(parameters: Parameters) -> list[Row]:
    lines = counted_lines(parameters).filter(day__lte=parameters.end, account__gte="44574", account__lt="44575")
    sums = lines.exclude(invoice=None).order_by().values_list("invoice").annotate(sum=Sum(F("credit") - F("debit")))
    held = {key: amount for key, amount in sums if amount}
    return [
        _row(invoice, invoice.number, invoice.issue_date, invoice.buyer_name, held[invoice.pk], ZERO)
        for invoice in Invoice.everywhere.filter(pk__in=held)
    ]


def _deductible(parameters: Parameters) -> list[Row]:
    lines = counted_lines(parameters).filter(day__lte=parameters.end, account=buying.WAITING_VAT, is_carried=False)
    sums = lines.order_by().values_list("entry__source").annotate(sum=Sum(F("debit") - F("credit")))
    held = {int(source.partition(":")[2]): amount for source, amount in sums if amount and ":" in source}
    purchases = PurchaseInvoice.everywhere.filter(pk__in=held, booked_on__isnull=False).select_related("supplier")
    return [
        _row(row, row.reference, row.issue_date or row.booked_on, row.supplier.name, ZERO, held[row.pk])
        for row in purchases
    ]


def _row(document: Any, label: Any, day: Any, name: str, collected: Decimal, deductible: Decimal) -> Row:
    cells = {"label": label, "day": day, "name": name, "collected": collected, "deductible": deductible}
    return Row(cells, href=document.get_absolute_url())


def union_sales(parameters: Parameters) -> ReportTable:
    """By the customer's VAT number: goods delivered within the Union, and services whose VAT the customer owes."""
    sums: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(lambda: {"goods": ZERO, "services": ZERO})
    pages: dict[tuple[str, str], str] = {}
    lines = list(sales_without_vat(parameters.company, parameters.start, parameters.end))
    keys = {int(line.document.partition(":")[2]) for line in lines}
    documents = {row.subject: row for row in Invoice.everywhere.filter(pk__in=keys).only("buyer", "buyer_name")}
    for line in lines:
        buyer, nature = documents[line.document].buyer, line.nature
        name = _within_the_union(buyer, nature)
        if name:
            key = (buyer.get("vat_number", ""), buyer.get("name", ""))
            sums[key][name] += line.base
            pages.setdefault(key, page_of(line.document))
    rows = [
        Row({"vat_number": number or _("absent"), "label": name, **amounts}, href=pages[number, name])
        for (number, name), amounts in sorted(sums.items())
    ]
    totals = {name: sum((row.cells[name] for row in rows), ZERO) for name in ("goods", "services")}
    return ReportTable(
        title=_("Ventes dans l’Union européenne"),
        subtitle=period_of(parameters),
        columns=UNION_COLUMNS,
        rows=rows,
        totals=[Row({"vat_number": _("Total"), **totals}, kind="total")],
        notes=[
            _(
                "À déclarer en douane le dixième jour ouvré du mois suivant, dès le premier euro : "
                "l’état récapitulatif pour les biens (case F2), la DES pour les services (dans la case E2)."
            )
        ],
        filename=f"ventes-ue-{parameters.start:%Y%m%d}-{parameters.end:%Y%m%d}",
    )


def _within_the_union(buyer: dict[str, Any], nature: Any) -> str:
    country = (buyer.get("address") or {}).get("country", FRANCE)
    if country == FRANCE or country not in EUROPEAN_UNION or nature is None:
        return ""
    if nature.vat_category == "K":
        return "goods"
    return "services" if nature.vat_category == "AE" and nature.is_service else ""


WAITING_REPORT = Report(
    slug="vat-waiting",
    title=gettext_lazy("TVA en attente de règlement"),
    sentence=gettext_lazy("Par pièce, ce qui deviendra exigible ou déductible"),
    asks=("day", "known_at"),
    build=waiting_vat,
)
UNION_REPORT = Report(
    slug="sales-union",
    title=gettext_lazy("Ventes dans l’Union européenne"),
    sentence=gettext_lazy("Par n° de TVA, pour l’état récapitulatif et la DES"),
    asks=("period",),
    build=union_sales,
    law="FR",
)
