"""The aged balances as reports: a row a third party, unfolded to the documents of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.ledger.reports import Parameters, Report, ReportTable, Row
from billing.models import Invoice, JournalLine, PurchaseInvoice
from config.kernel import typography
from config.kernel.exports import Column
from config.kernel.money import ZERO
from config.kernel.places import record_url
from payments.aged.reading import (
    ACCOUNTS,
    Aged,
    AgedDocument,
    Side,
    account_balance,
    aged_by_third_party,
    aged_documents,
)
from payments.models import Payment, Refund
from payments.outgoing.suppliers.models import SupplierPayment

BUCKETS = ("not_due", "days_1_30", "days_31_60", "days_61_90", "days_over_90")
BUCKET_COLUMNS = (
    Column("not_due", gettext_lazy("Non échu"), "money"),
    Column("days_1_30", gettext_lazy("1–30 j"), "money"),
    Column("days_31_60", gettext_lazy("31–60 j"), "money"),
    Column("days_61_90", gettext_lazy("61–90 j"), "money"),
    Column("days_over_90", gettext_lazy("> 90 j"), "money"),
    Column("credit", gettext_lazy("Crédits non affectés"), "money"),
    Column("total", gettext_lazy("Total"), "money"),
)
COLUMNS = (Column("name", gettext_lazy("Tiers")), *BUCKET_COLUMNS)
DOCUMENT_COLUMNS = (
    Column("name", gettext_lazy("Pièce")),
    Column("issued_on", gettext_lazy("Date"), "date"),
    Column("due_on", gettext_lazy("Échéance"), "date"),
    *BUCKET_COLUMNS,
)
MODELS: dict[tuple[Side, str], Any] = {
    ("receivable", "I"): Invoice,
    ("receivable", "P"): Payment,
    ("receivable", "R"): Refund,
    ("payable", "I"): PurchaseInvoice,
    ("payable", "P"): SupplierPayment,
}
AT_A_TIME = 1_000


def build_receivable(parameters: Parameters) -> ReportTable:
    return _table("receivable", str(_("Balance âgée clients")), parameters)


def build_payable(parameters: Parameters) -> ReportTable:
    return _table("payable", str(_("Balance âgée fournisseurs")), parameters)


def _table(side: Side, title: str, parameters: Parameters) -> ReportTable:
    slug, found = f"aged-{side}", aged_by_third_party(side, parameters)
    unfolded = parameters.customer is not None or parameters.by_document
    rows: Iterable[Row] = [_third_party(row, slug, parameters) for row in found]
    if unfolded:
        rows = list(_by_document(side, found, aged_documents(side, parameters)))
    total = sum((row.total for row in found), ZERO)
    words = _("au %(day)s, par échéance") if parameters.basis == "due" else _("au %(day)s, par date de facture")
    who = f"{parameters.customer.name} – " if parameters.customer else ""
    return ReportTable(
        title=title,
        subtitle=who + words % {"day": typography.day(parameters.end)},
        columns=DOCUMENT_COLUMNS if unfolded else COLUMNS,
        rows=rows,
        totals=[Row({"name": _("Total"), **_sums(found)}, kind="total")],
        notes=[_compared(side, total, parameters)],
        filename=f"balance-agee-{'clients' if side == 'receivable' else 'fournisseurs'}-{parameters.end:%Y%m%d}",
    )


def _compared(side: Side, total: Any, parameters: Parameters) -> str:
    """Whether the account says the same: it is read on its own."""
    booked = account_balance(side, parameters)
    values = {
        "accounts": " + ".join(ACCOUNTS[side]),
        "booked": typography.money(booked),
        "gap": typography.money(total - booked),
    }
    if total == booked:
        return _("Égal au compte %(accounts)s : %(booked)s.") % values
    return _("Écart de %(gap)s avec le compte %(accounts)s, qui porte %(booked)s.") % values


def _third_party(row: Aged, slug: str, parameters: Parameters) -> Row:
    cells = {"name": row.name or _("Sans tiers"), **_sums([row])}
    if row.customer_id is None:
        return Row(cells, href=parameters.address_of("general-ledger", first_account="411", last_account="411"))
    href = parameters.address_of(slug, customer=str(row.customer_id))
    return Row(cells, href=href, links=dict.fromkeys((*BUCKETS, "credit", "total"), href))


def _sums(rows: Sequence[Aged]) -> dict[str, Any]:
    """Nothing is an empty cell but in the total of each row."""
    sums = {name: sum((row.buckets[place] for row in rows), ZERO) for place, name in enumerate(BUCKETS)}
    sums["credit"] = sum((row.credit for row in rows), ZERO)
    return {**{name: amount or None for name, amount in sums.items()}, "total": sum(sums.values(), ZERO)}


def _by_document(side: Side, found: Sequence[Aged], documents: Sequence[AgedDocument]) -> Iterator[Row]:
    names = named(side, documents)
    of: dict[int | None, list[AgedDocument]] = {}
    for document in documents:
        of.setdefault(document.customer_id, []).append(document)
    for row in found:
        for document in of.get(row.customer_id, ()):
            name, url = names[document.kind, document.key]
            cells = {"name": name, "issued_on": document.issued_on, "due_on": document.due_on}
            cells |= {_bucket(document): document.amount, "total": document.amount}
            yield Row(cells, href=url)
        yield Row({"name": row.name or _("Sans tiers"), **_sums([row])}, kind="subtotal")


def _bucket(document: AgedDocument) -> str:
    if document.amount < 0:
        return "credit"
    days = document.days_late
    return BUCKETS[0 if days <= 0 else 1 if days <= 30 else 2 if days <= 60 else 3 if days <= 90 else 4]


def named(side: Side, documents: Sequence[AgedDocument]) -> dict[tuple[str, int], tuple[str, str]]:
    """What each document is called, and its page; a query for each thousand of a kind."""
    keys: dict[str, list[int]] = {}
    for document in documents:
        keys.setdefault(document.kind, []).append(document.key)
    named: dict[tuple[str, int], tuple[str, str]] = {}
    for kind, found in keys.items():
        for start in range(0, len(found), AT_A_TIME):
            some = found[start : start + AT_A_TIME]
            if kind == "X":
                named |= {("X", key): (str(_("Écarts de conversion")), "") for key in some}
            elif kind == "L":
                lines = JournalLine.everywhere.filter(pk__in=some).select_related("entry")
                named |= {("L", line.pk): (f"{line.entry.piece} {line.label}", _page(line)) for line in lines}
            else:
                rows = MODELS[side, kind].everywhere.filter(pk__in=some)
                named |= {(kind, row.pk): (str(row), row.get_absolute_url()) for row in rows}
    return named


def _page(line: JournalLine) -> str:
    try:
        return record_url(line.entry.source)
    except LookupError:
        return ""


RECEIVABLE_REPORT = Report(
    slug="aged-receivable",
    title=gettext_lazy("Balance âgée clients"),
    sentence=gettext_lazy("Ce que chaque client doit à une date, par ancienneté, égal au compte 411."),
    asks=("day", "customer", "basis", "by_document", "known_at"),
    build=build_receivable,
)
PAYABLE_REPORT = Report(
    slug="aged-payable",
    title=gettext_lazy("Balance âgée fournisseurs"),
    sentence=gettext_lazy("Ce qui est dû à chaque fournisseur à une date, par ancienneté, égal à 401 et 404."),
    asks=("day", "customer", "basis", "by_document", "known_at"),
    build=build_payable,
)
