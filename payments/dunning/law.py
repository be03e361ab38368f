"""What is owed for being late, by where the creditor is: its rate where the law sets one, its articles, its words.

Each article stands with the days on which it holds and where that was read. Switzerland: CO art. 102 to 104.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from config.kernel.models import Company
from customers.models import Customer


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """An article in force from `since` until `until` (None: still), for whom, and what it says in one sentence."""

    article: str
    says: str
    since: date
    source: str
    until: date | None = None
    professionals: bool = True
    public_bodies: bool = True
    individuals: bool = True

    def holds(self, customer: Customer, on: date) -> bool:
        if on < self.since or (self.until is not None and on > self.until):
            return False
        if customer.is_individual:
            return self.individuals
        return self.public_bodies if customer.is_public_body else self.professionals


CODE_CIVIL = "Ordonnance n° 2016-131 du 10 février 2016"
FRENCH_BASES = (
    LegalBasis(
        "Article 1344 du code civil",
        "Le débiteur est mis en demeure de payer par un acte portant interpellation suffisante.",
        date(2016, 10, 1),
        CODE_CIVIL,
    ),
    LegalBasis(
        "Article 1231-6 du code civil",
        "Le retard d’une somme d’argent se répare par l’intérêt au taux légal, à compter de la mise en demeure.",
        date(2016, 10, 1),
        CODE_CIVIL,
        professionals=False,
        public_bodies=False,
    ),
    LegalBasis(
        "Article L441-10, II, du code de commerce",
        "Les pénalités de retard sont exigibles sans qu’un rappel soit nécessaire.",
        date(2019, 4, 26),
        "Ordonnance n° 2019-359 du 24 avril 2019",
        public_bodies=False,
        individuals=False,
    ),
    LegalBasis(
        "Article D441-5 du code de commerce",
        "L’indemnité forfaitaire pour frais de recouvrement est de 40 euros.",
        date(2013, 1, 1),
        "Décret n° 2012-1115 du 2 octobre 2012",
        public_bodies=False,
        individuals=False,
    ),
    LegalBasis(
        "Articles L2192-13 et D2192-35 du code de la commande publique",
        "Le retard de paiement fait courir de plein droit des intérêts moratoires et une indemnité de 40 euros.",
        date(2019, 4, 1),
        "Ordonnance n° 2018-1074 du 26 novembre 2018, décret n° 2018-1075 du 3 décembre 2018",
        professionals=False,
        individuals=False,
    ),
)


CODE_OF_OBLIGATIONS = "Code des obligations du 30 mars 1911 (RS 220)"
SWISS_BASES = (
    LegalBasis(
        "Article 102 CO",
        "Le débiteur d’une obligation exigible est mis en demeure par l’interpellation du créancier, ou par la seule "
        "expiration du jour qui a été convenu.",
        date(1912, 1, 1),
        CODE_OF_OBLIGATIONS,
    ),
    LegalBasis(
        "Article 104, al. 1, CO",
        "Le débiteur en demeure pour une somme d’argent doit l’intérêt moratoire à 5 % l’an.",
        date(1912, 1, 1),
        CODE_OF_OBLIGATIONS,
    ),
)


@dataclass(frozen=True, slots=True)
class LateLaw:
    """What a country lets its creditors ask of who is late."""

    bases: tuple[LegalBasis, ...]
    rate: Decimal | None = None  # percent a year, owed by everybody; None: by half-year, and by professionals alone
    own_words: frozenset[str] = frozenset()  # the texts that stand in a folder of their own
    folder: str = ""

    @property
    def individuals_owe(self) -> bool:
        return self.rate is not None

    def text(self, name: str, language: str) -> str:
        """The template of the product's own words."""
        place = f"{self.folder}/{name}" if name in self.own_words else name
        return f"payments/emails/{place}.{language}.txt"


FRANCE = LateLaw(FRENCH_BASES)
SWITZERLAND = LateLaw(SWISS_BASES, rate=Decimal(5), own_words=frozenset({"final", "charges"}), folder="swiss")


def law_of(company: Company) -> LateLaw:
    return SWITZERLAND if company.is_swiss else FRANCE


def bases_for(customer: Customer, on: date) -> list[LegalBasis]:
    """What a formal notice to this customer rests on that day."""
    return [basis for basis in law_of(customer.company).bases if basis.holds(customer, on)]
