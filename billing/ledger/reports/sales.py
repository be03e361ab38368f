"""Sales by customer, product, month, VAT rate and document: credit notes taken off, deposits apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Q, Sum
from django.utils.dateformat import format as format_day
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.ledger.reports import sales_statements as statements
from billing.ledger.reports.lines import period_of
from billing.ledger.reports.parameters import Parameters
from billing.ledger.reports.registry import Report
from billing.ledger.reports.table import ReportTable, Row
from billing.models import Invoice, JournalLine, VatCategory
from config.kernel import typography
from config.kernel.exports import Column
from config.kernel.money import ZERO

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
AMOUNTS = ("billed", "credited", "net", "deposits", "vat")
AMOUNT_COLUMNS = (
    Column("billed", gettext_lazy("Facturé HT"), "money"),
    Column("credited", gettext_lazy("Avoirs HT"), "money"),
    Column("net", gettext_lazy("Ventes HT"), "money"),
    Column("deposits", gettext_lazy("Acomptes HT"), "money"),
    Column("vat", gettext_lazy("TVA"), "money"),
)
PRODUCT_COLUMNS = (
    Column("name", gettext_lazy("Produit")),
    Column("quantity", gettext_lazy("Quantité"), "number"),
    *AMOUNT_COLUMNS[:3],
)
RATE_COLUMNS = (
    Column("name", gettext_lazy("Régime")),
    Column("rate", gettext_lazy("Taux"), "percent"),
    Column("base", gettext_lazy("Base HT"), "money"),
    Column("vat", gettext_lazy("TVA"), "money"),
)
Rows = Iterable[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one of the reports reads and shows."""

    title: Any
    statement: str
    columns: Sequence[Column]
    amounts: Sequence[str]
    row: Callable[[tuple[Any, ...], Parameters], Row]


def _customer(row: tuple[Any, ...], parameters: Parameters) -> Row:
    pk, name, *amounts = row
    href = parameters.address_of("sales-documents", customer=str(pk))
    return Row({"name": name, **dict(zip(AMOUNTS, amounts, strict=True))}, href=href)


def _month(row: tuple[Any, ...], parameters: Parameters) -> Row:
    first, __, *amounts = row
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    start, end = max(first, parameters.start), min(last, parameters.end)
    href = parameters.address_of("sales-documents", **{"from": start.isoformat(), "to": end.isoformat()})
    return Row({"name": format_day(first, "F Y"), **dict(zip(AMOUNTS, amounts, strict=True))}, href=href)


def _document(row: tuple[Any, ...], _parameters: Parameters) -> Row:
    pk, number, day, customer, *amounts = row
    cells = {"name": number, "day": day, "customer": customer, **dict(zip(AMOUNTS, amounts, strict=True))}
    return Row(cells, href=Invoice(pk=pk).get_absolute_url())


def _product(row: tuple[Any, ...], parameters: Parameters) -> Row:
    pk, name, quantity, *amounts = row
    href = parameters.address_of("sales-documents", product=str(pk or 0))
    cells = {"name": name or _("Hors catalogue"), "quantity": quantity.normalize()}
    return Row({**cells, **dict(zip(AMOUNTS[:3], amounts, strict=True))}, href=href)


def _rate(row: tuple[Any, ...], parameters: Parameters) -> Row:
    category, rate, base, vat = row
    href = parameters.address_of("sales-documents")
    return Row({"name": VatCategory(category).label, "rate": rate, "base": base, "vat": vat}, href=href)


_NAMED = (Column("name", gettext_lazy("Client")), *AMOUNT_COLUMNS)
_MONTHS = (Column("name", gettext_lazy("Mois")), *AMOUNT_COLUMNS)
_DOCUMENTS = (
    Column("name", gettext_lazy("Pièce")),
    Column("day", gettext_lazy("Date"), "date"),
    Column("customer", gettext_lazy("Client")),
    *AMOUNT_COLUMNS,
)
KINDS = {
    "customer": _Kind(gettext_lazy("Ventes par client"), statements.BY_CUSTOMER, _NAMED, AMOUNTS, _customer),
    "month": _Kind(gettext_lazy("Ventes par mois"), statements.BY_MONTH, _MONTHS, AMOUNTS, _month),
    "documents": _Kind(gettext_lazy("Pièces de vente"), statements.BY_DOCUMENT, _DOCUMENTS, AMOUNTS, _document),
    "product": _Kind(gettext_lazy("Ventes par produit"), statements.BY_PRODUCT, PRODUCT_COLUMNS, AMOUNTS[:3], _product),
    "rate": _Kind(gettext_lazy("Ventes par taux de TVA"), statements.BY_RATE, RATE_COLUMNS, ("base", "vat"), _rate),
}


def builder(name: str) -> Callable[[Parameters], ReportTable]:
    def build(parameters: Parameters) -> ReportTable:
        kind = KINDS[name]
        rows = [kind.row(row, parameters) for row in _read(kind.statement, parameters)]
        sums = {amount: sum((row.cells[amount] for row in rows), ZERO) for amount in kind.amounts}
        who = f"{parameters.customer.name} – " if parameters.customer else ""
        return ReportTable(
            title=str(kind.title),
            subtitle=who + period_of(parameters),
            columns=kind.columns,
            rows=rows,
            totals=[Row({"name": _("Total"), **sums}, kind="total")],
            notes=list(_notes(parameters, sums)),
            filename=f"ventes-{name}-{parameters.end:%Y%m%d}",
        )

    return build


def _read(statement: str, parameters: Parameters) -> Rows:
    values: dict[str, Any] = {
        "company": parameters.company.pk,
        "start": parameters.start,
        "end": parameters.end,
        "known": parameters.known_at or NEVER,
        "customer": parameters.customer.pk if parameters.customer else None,
        "product": parameters.product,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _notes(parameters: Parameters, sums: dict[str, Any]) -> Iterator[str]:
    """Whether the books say the same, where the report is of everybody; and what is in another currency."""
    if "net" in sums and not parameters.customer and parameters.product is None and not parameters.known_at:
        booked = _booked(parameters)
        words = _("Égal aux comptes 70 : %(booked)s.")
        if booked != sums["net"]:
            words = _("Écart de %(gap)s avec les comptes 70, qui portent %(booked)s.")
        yield words % {"booked": typography.money(booked), "gap": typography.money(sums["net"] - booked)}
    issued = Invoice.everywhere.filter(company=parameters.company, issue_date__range=(parameters.start, parameters.end))
    if issued.exclude(currency=F("accounting_currency")).exists():
        yield _("Les pièces en devises comptent au cours figé à leur émission.")


def _booked(parameters: Parameters) -> Any:
    lines = JournalLine.everywhere.filter(
        Q(account__startswith="70"),
        company=parameters.company,
        is_carried=False,
        day__range=(parameters.start, parameters.end),
    )
    return lines.aggregate(sum=Sum(F("credit") - F("debit"), default=ZERO))["sum"]


def _report(slug: str, name: str, sentence: Any) -> Report:
    asks = ("period", "customer", "product", "known_at") if name == "documents" else ("period", "customer", "known_at")
    return Report(slug=slug, title=KINDS[name].title, sentence=sentence, asks=asks, build=builder(name))


REPORTS = (
    _report("sales-by-customer", "customer", gettext_lazy("Ce que chaque client a acheté, avoirs déduits.")),
    _report("sales-by-product", "product", gettext_lazy("Quantités et montants par produit, avoirs déduits.")),
    _report("sales-by-month", "month", gettext_lazy("Le chiffre d’affaires mois par mois, acomptes à part.")),
    _report("sales-by-rate", "rate", gettext_lazy("Base et TVA des pièces émises, par taux et par régime.")),
    _report("sales-documents", "documents", gettext_lazy("Les pièces dont ces ventes sont la somme.")),
)
