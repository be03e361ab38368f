"""The Swiss VAT return by its figures, effective method: what the books say of each, to write on the form.

Form of the AFC (LTVA art. 71 and 72; OTVA art. 126 to 129), by the editions of EDITIONS. What a person alone knows
(205, 225, 410, 415, 420) stays empty.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.ledger.reports.lines import period_of
from billing.ledger.reports.parameters import Parameters
from billing.ledger.reports.registry import Report
from billing.ledger.reports.table import ReportTable, Row
from billing.ledger.vat.declared import DeclaredLine, lines_within, sales_without_vat
from config.kernel.exports import Column
from config.kernel.money import ZERO

COLUMNS = (
    Column("box", gettext_lazy("Chiffre")),
    Column("label", gettext_lazy("Libellé")),
    Column("base", gettext_lazy("Contre-prestation"), "money"),
    Column("tax", gettext_lazy("Impôt"), "money"),
)


@dataclass(frozen=True, slots=True)
class SwissForm:
    """An edition: its figures in order, and where each rate, acquisition tax and untaxed sale stands."""

    since: date
    boxes: Mapping[str, object]
    rates: Mapping[Decimal, str]
    untaxed: Mapping[str, str]  # by category of VAT (UNTDID 5305)
    acquisition: str


FORM_2024 = SwissForm(
    since=date(2024, 1, 1),
    boxes={
        "200": gettext_lazy("Total des contre-prestations"),
        "205": gettext_lazy("dont exclues du champ de l’impôt, imposées par option"),
        "220": gettext_lazy("Prestations exonérées, exportations"),
        "221": gettext_lazy("Prestations fournies à l’étranger"),
        "225": gettext_lazy("Transferts avec la procédure de déclaration"),
        "230": gettext_lazy("Prestations exclues du champ de l’impôt"),
        "235": gettext_lazy("Diminutions de la contre-prestation"),
        "280": gettext_lazy("Divers"),
        "289": gettext_lazy("Total des déductions"),
        "299": gettext_lazy("Chiffre d’affaires imposable"),
        "302": gettext_lazy("Taux normal de 7,7 % (jusqu’à 2023)"),
        "303": gettext_lazy("Taux normal de 8,1 %"),
        "312": gettext_lazy("Taux réduit de 2,5 % (jusqu’à 2023)"),
        "313": gettext_lazy("Taux réduit de 2,6 %"),
        "342": gettext_lazy("Taux de l’hébergement de 3,7 % (jusqu’à 2023)"),
        "343": gettext_lazy("Taux de l’hébergement de 3,8 %"),
        "379": gettext_lazy("Total imposé"),
        "383": gettext_lazy("Impôt sur les acquisitions"),
        "399": gettext_lazy("Total de l’impôt dû"),
        "400": gettext_lazy("Impôt préalable sur matériel et prestations de services"),
        "405": gettext_lazy("Impôt préalable sur investissements et autres charges"),
        "410": gettext_lazy("Dégrèvement ultérieur de l’impôt préalable"),
        "415": gettext_lazy("Corrections de l’impôt préalable"),
        "420": gettext_lazy("Réductions de la déduction de l’impôt préalable"),
        "479": gettext_lazy("Total de l’impôt préalable"),
        "500": gettext_lazy("Montant à payer"),
        "510": gettext_lazy("Solde en votre faveur"),
    },
    rates={
        Decimal("8.1"): "303", Decimal("2.6"): "313", Decimal("3.8"): "343",
        Decimal("7.7"): "302", Decimal("2.5"): "312", Decimal("3.7"): "342",
    },
    untaxed={"G": "220", "Z": "220", "K": "220", "O": "221", "AE": "221", "E": "230"},
    acquisition="383",
)  # fmt: skip
EDITIONS = (FORM_2024,)  # newest first
DEDUCTIONS = ("220", "221", "225", "230", "235", "280")


@dataclass(slots=True)
class Amounts:
    base: Decimal = ZERO
    tax: Decimal = ZERO


def form_on(day: date) -> SwissForm:
    return next((form for form in EDITIONS if form.since <= day), EDITIONS[-1])


def figures_of(form: SwissForm, taxed: Iterable[DeclaredLine], untaxed: Iterable[DeclaredLine]) -> dict[str, Amounts]:
    """Each figure in francs, to the centime. A credit note takes off its base in 235, or in the box of what it gives
    back untaxed, and its tax from that of its rate."""
    found: dict[str, Amounts] = defaultdict(Amounts)
    for line in taxed:
        if not line.is_due:
            found["405" if line.account.startswith("44562") else "400"].tax += line.vat
        elif not line.account.startswith("44571"):
            _add(found[form.acquisition], line)
        else:
            _add(found[form.rates.get(line.rate, form.acquisition)], line)
            found["200"].base += max(line.base, ZERO)
            found["235"].base += max(-line.base, ZERO)
    for line in untaxed:
        found[form.untaxed.get(line.nature.vat_category if line.nature else "", "280")].base += line.base
        found["200"].base += line.base
    _total(found, form)
    return {box: found[box] for box in form.boxes}


def _add(amounts: Amounts, line: DeclaredLine) -> None:
    amounts.base += line.base
    amounts.tax += line.vat


def _total(found: dict[str, Amounts], form: SwissForm) -> None:
    found["289"].base = sum((found[box].base for box in DEDUCTIONS), ZERO)
    found["299"].base = found["200"].base - found["289"].base
    rates = [found[box] for box in form.rates.values()]
    found["379"].base = sum((amounts.base for amounts in rates), ZERO)
    found["379"].tax = sum((amounts.tax for amounts in rates), ZERO)
    found["399"].tax = found["379"].tax + found[form.acquisition].tax
    found["479"].tax = found["400"].tax + found["405"].tax
    owed = found["399"].tax - found["479"].tax
    found["500"].tax, found["510"].tax = max(owed, ZERO), max(-owed, ZERO)


def swiss_return(parameters: Parameters) -> ReportTable:
    form, days = form_on(parameters.end), (parameters.company, parameters.start, parameters.end)
    figures = figures_of(form, lines_within(*days), sales_without_vat(*days))
    return ReportTable(
        title=_("Décompte TVA suisse"),
        subtitle=period_of(parameters),
        columns=COLUMNS,
        rows=[
            Row({"box": box, "label": str(form.boxes[box]), "base": amounts.base, "tax": amounts.tax})
            for box, amounts in figures.items()
        ],
        totals=[],
        notes=[
            _(
                "Méthode effective, contre-prestations convenues. Les chiffres 205, 225, 410, 415 et 420 ne se lisent "
                "pas dans les comptes : complétez-les."
            )
        ],
        filename=f"decompte-tva-{parameters.start:%Y%m%d}-{parameters.end:%Y%m%d}",
    )


SWISS_RETURN = Report(
    slug="swiss-vat-return",
    title=gettext_lazy("Décompte TVA suisse"),
    sentence=gettext_lazy("Par chiffre du formulaire, méthode effective"),
    asks=("period",),
    build=swiss_return,
    law="CH",
)
