"""What the words of a line say of its account: the first guess for a supplier of whom nothing is known. Plain Python.

The deductible shares are those of CGI ann. II art. 206-IV-2: none of the VAT on lodging of one's own staff (2°),
passenger transport (5°) and the hire of cars (6°). A person decides; the rule of the supplier keeps it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from config.kernel.folding import fold
from config.kernel.money import HUNDRED


@dataclass(frozen=True, slots=True)
class Word:
    found: str
    account: str
    is_service: bool
    deductible_share: Decimal = HUNDRED


_NONE = Decimal(0)
# words, account, service, deductible share
_TABLE: tuple[tuple[str, str, bool, Decimal], ...] = (
    ("hotel|hebergement hotelier|nuitee", "625100", True, _NONE),
    ("train|sncf|billet|avion|vol|taxi|vtc", "625100", True, _NONE),
    ("location de vehicule|location de voiture", "613500", True, _NONE),
    ("restaurant|repas|traiteur", "625700", True, HUNDRED),
    ("loyer|location de bureaux|bail", "613200", True, HUNDRED),
    ("charges locatives|copropriete", "614000", True, HUNDRED),
    ("location|leasing|credit-bail", "613500", True, HUNDRED),
    ("electricite|gaz|eau|energie|kwh", "606100", False, HUNDRED),
    ("assurance|cotisation d assurance|prime", "616000", True, HUNDRED),
    ("telephone|telephonie|internet|fibre|mobile|forfait|affranchissement|colissimo", "626000", True, HUNDRED),
    ("honoraires|expertise comptable|avocat|notaire|commissaire aux comptes", "622600", True, HUNDRED),
    ("publicite|annonce|campagne|impression de flyers|salon", "623000", True, HUNDRED),
    ("transport|livraison|fret|messagerie|port", "624000", True, HUNDRED),
    ("maintenance|entretien|reparation|nettoyage", "615000", True, HUNDRED),
    ("sous-traitance|soustraitance", "611000", True, HUNDRED),
    ("formation|abonnement presse|documentation|colloque", "618000", True, HUNDRED),
    ("licence|abonnement logiciel|logiciel|saas|hebergement|nom de domaine", "651000", True, HUNDRED),
    ("interim|personnel interimaire|mise a disposition", "621000", True, HUNDRED),
    ("papier|fournitures de bureau|cartouche|toner|stylo", "606400", False, HUNDRED),
    ("outillage|petit materiel|consommable|visserie", "606300", False, HUNDRED),
    ("etude|developpement|prestation|conseil|mission", "604000", True, HUNDRED),
    ("frais bancaires|commission", "627000", True, HUNDRED),
)
_PATTERNS = tuple(
    (re.compile(rf"\b(?:{words})s?\b"), account, service, share) for words, account, service, share in _TABLE
)


def word_of(text: str) -> Word | None:
    """The first line of the table that speaks of the text, with the word that it found."""
    plain = re.sub(r"[^a-z0-9-]+", " ", fold(text))
    for pattern, account, is_service, share in _PATTERNS:
        if found := pattern.search(plain):
            return Word(found.group(), account, is_service, share)
    return None
