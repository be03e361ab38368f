"""The rates of VAT by where the seller is, from the day each is in force: French ones, and those of Switzerland.

France: the rates that BR-FR-16 accepts and that are in force somewhere there (CGI 278 to 281 sexies, 294 to 297).
Switzerland and Liechtenstein: LTVA art. 25; ordonnance of 9 December 2022, which raised them on 1 January 2024.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from config.kernel.errors import Invalid, Sentence
from config.kernel.models import Company, VatRegime


@dataclass(frozen=True, slots=True)
class Edition:
    """What is in force from a day on, the usual rate first."""

    since: date
    rates: tuple[Decimal, ...]


def _edition(since: date, *rates: str) -> Edition:
    return Edition(since, tuple(map(Decimal, rates)))


# newest first
FRENCH = (_edition(date(2014, 1, 1), "20", "10", "8.5", "5.5", "2.1", "1.75", "1.05", "13", "0.9"),)
SWISS = (_edition(date(2024, 1, 1), "8.1", "2.6", "3.8"), _edition(date(2018, 1, 1), "7.7", "2.5", "3.7"))
EVERY_RATE = frozenset({Decimal(0), *(rate for edition in (*FRENCH, *SWISS) for rate in edition.rates)})
# why a Swiss sale bears no VAT, by category and under the threshold of liability: the VATEX list cites other laws
SWISS_REASONS = {
    "E": "Prestation exclue du champ de l’impôt (art. 21 LTVA)",
    "G": "Exportation, exonérée de la TVA (art. 23 LTVA)",
    "O": "Lieu de la prestation à l’étranger (art. 7 et 8 LTVA)",
    "Z": "Prestation exonérée de la TVA (art. 23 LTVA)",
}
SWISS_NOT_LIABLE = "Non assujetti à la TVA (art. 10, al. 2, let. a, LTVA)"
NO_RATE_THERE = "La TVA suisse n’a pas de taux de %(rate)s %% au %(day)s : %(rates)s."


class NoSuchRate(Invalid):
    code = "no_such_vat_rate"
    message = NO_RATE_THERE


def editions_of(company: Company) -> tuple[Edition, ...]:
    return SWISS if company.is_swiss else FRENCH


def rates_on(company: Company, on: date) -> tuple[Decimal, ...]:
    """What a company may charge for what is supplied on a day, the usual rate first."""
    editions = editions_of(company)
    return next((edition.rates for edition in editions if edition.since <= on), editions[-1].rates)


def usual_rate(company: Company) -> Decimal:
    """The rate with which a line of the company begins: its own choice, where its country has it."""
    known = known_rates(company)
    return company.usual_vat_rate if company.usual_vat_rate in known else known[0]


def known_rates(company: Company) -> tuple[Decimal, ...]:
    """Of every edition, for what was supplied before: what a document may bear at all."""
    return tuple(dict.fromkeys(rate for edition in editions_of(company) for rate in edition.rates))


def swiss_reason(company: Company, category: str) -> str:
    """The sentence of a VAT row of a Swiss company; '' where it bears VAT."""
    if company.vat_regime == VatRegime.FRANCHISE and category == "E":
        return SWISS_NOT_LIABLE
    return SWISS_REASONS.get(category, "")


def check_swiss_rates(company: Company, rates: set[Decimal], on: date) -> None:
    """Of a Swiss company alone: the official rules judge what a French one writes. Raises NoSuchRate."""
    wrong = sorted(rates - {Decimal(0), *rates_on(company, on)}) if company.is_swiss else []
    if wrong:
        offered = " ; ".join(f"{rate.normalize():f}".replace(".", ",") for rate in rates_on(company, on))
        params = {"rate": f"{wrong[0].normalize():f}".replace(".", ","), "day": f"{on:%d/%m/%Y}", "rates": offered}
        raise NoSuchRate(fields={"lines": Sentence(NO_RATE_THERE, params)}, **params)
