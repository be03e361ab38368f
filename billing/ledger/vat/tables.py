"""A return as tables: its boxes in the order of the form, and the lines behind one of them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.ledger.reports.lines import page_of
from billing.ledger.reports.table import ReportTable, Row
from billing.ledger.vat.boxes import Declaration, Figure
from billing.ledger.vat.declared import DeclaredLine
from billing.ledger.vat.editions import SECTIONS
from billing.ledger.vat.periods import VatPeriod
from config.kernel.exports import Column
from config.kernel.money import ZERO

WIDEST = 34
BOX_COLUMNS = (
    Column("code", gettext_lazy("Case")),
    Column("online", gettext_lazy("Code en ligne")),
    Column("label", gettext_lazy("Opérations")),
    Column("base", gettext_lazy("Base HT"), "number"),
    Column("tax", gettext_lazy("Montant"), "number"),
)
LINE_COLUMNS = (
    Column("day", gettext_lazy("Date"), "date"),
    Column("label", gettext_lazy("Pièce")),
    Column("name", gettext_lazy("Libellé")),
    Column("entry", gettext_lazy("Écriture")),
    Column("account", gettext_lazy("Compte")),
    Column("base", gettext_lazy("Base HT"), "money"),
    Column("tax", gettext_lazy("TVA"), "money"),
)


def box_table(declaration: Declaration, period: VatPeriod, *, address: str) -> ReportTable:
    """The boxes that hold something; each leads to its lines on the page at `address`."""
    return ReportTable(
        title=_("TVA %(period)s") % {"period": period.code},
        subtitle=declaration.edition.name,
        columns=BOX_COLUMNS,
        rows=list(_boxes(declaration, address)),
        notes=notes_of(declaration),
        filename=f"tva-{period.code}",
    )


def _boxes(declaration: Declaration, address: str) -> Iterator[Row]:
    shown = [
        figure for figure in declaration.figures.values() if not figure.is_empty or figure.box.code in ("16", "23")
    ]
    for section, figures in groupby(shown, key=lambda figure: figure.box.section):
        yield Row({"label": str(SECTIONS[section])}, kind="heading")
        for figure in figures:
            href = f"{address}?box={figure.box.code}#lines" if figure.lines else ""
            yield Row(_cells(figure), href=href, kind="total" if figure.box.code in TOTALS else "line")


ALWAYS = frozenset({"16", "23"})
TOTALS = frozenset({"16", "23", "25", "28", "32"})


def _cells(figure: Figure) -> dict[str, object]:
    box = figure.box
    return {
        "code": box.code,
        "online": box.online,
        "label": str(box.label),
        "base": figure.base if box.has_base else None,
        "tax": figure.tax if box.has_tax else None,
    }


def line_table(figure: Figure, period: VatPeriod) -> ReportTable:
    """The lines of a box, each with its document and its entry."""
    rows = [_line(line) for line in sorted(figure.lines, key=lambda line: (line.day, line.number, line.piece))]
    sums: dict[str, Decimal] = {name: sum((row.cells[name] for row in rows), ZERO) for name in ("base", "tax")}
    return ReportTable(
        title=_("Case %(code)s : %(label)s") % {"code": figure.box.code, "label": figure.box.label},
        subtitle=period.code,
        columns=LINE_COLUMNS,
        rows=rows,
        totals=[Row({"label": _("Total"), **sums}, kind="total")],
        filename=f"tva-{period.code}-{figure.box.code}",
    )


def _line(line: DeclaredLine) -> Row:
    cells = {
        "day": line.day,
        "label": line.piece,
        # the whole stands on its entry
        "name": line.label if len(line.label) <= WIDEST else f"{line.label[: WIDEST - 1]}…",
        "entry": line.number,
        "account": line.account,
        "base": line.base,
        "tax": line.vat,
    }
    links = {"entry": reverse("billing:journal-entry", args=[line.entry_id])} if line.entry_id else {}
    return Row(cells, href=page_of(line.document) or page_of(line.source), links=links)


def notes_of(declaration: Declaration) -> list[str]:
    notes = [
        _(
            "Montants à l’euro le plus proche. La plus grande opération porte l’écart d’arrondi, pour que les "
            "opérations taxées fassent la somme des bases par taux."
        )
    ]
    if declaration.edition.tax_on_rounded_base:
        notes.append(
            _(
                "La taxe d’un taux est sa base arrondie multipliée par le taux ; la notice ne tranche pas entre ce "
                "calcul et la taxe exacte arrondie."
            )
        )
    return notes
