"""The public bodies this Chorus Pro knows, each wanting other references. Names are kept as INSEE writes them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date

INTERNAL_SERVICE = "FACTURES_PUBLIQUES"  # between public bodies only


@dataclass(frozen=True, slots=True)
class Service:
    """One service (code service exécutant). `wants_engagement`: besides what its body wants."""

    code: str
    wants_engagement: bool = False
    is_active: bool = True
    starts_on: str = "2020-01-01"
    ends_on: str = ""

    def is_open(self, day: date) -> bool:
        return self.is_active and self.starts_on <= day.isoformat() and (not self.ends_on or day <= self._end)

    @property
    def _end(self) -> date:
        return date.fromisoformat(self.ends_on)


@dataclass(frozen=True, slots=True)
class Body:
    """A public body. `checks_engagement`: one that the State's accounts do not hold is rejected."""

    id: int
    siret: str
    name: str
    wants_service: bool = False
    wants_engagement: bool = False
    either: bool = False
    declares_payment: bool = True
    is_active: bool = True
    checks_engagement: bool = False
    services: tuple[Service, ...] = ()

    def service(self, code: str) -> Service | None:
        return next((service for service in self.services if service.code == code), None)


BODIES: tuple[Body, ...] = (
    Body(
        10001,
        "21750001600019",
        "COMMUNE DE BELLEVILLE",
        wants_service=True,
        services=(
            Service("SRV01"),
            Service("CLOS", ends_on="2025-12-31"),
            Service("FUTUR", starts_on="2099-01-01"),
            Service("DORMANT", is_active=False),
        ),
    ),
    Body(10002, "21350100000011", "COMMUNE D EXEMPLE", wants_engagement=True, declares_payment=False),
    Body(
        10003,
        "11000201100044",
        "MINISTERE DE L EXEMPLE",
        wants_service=True,
        wants_engagement=True,
        checks_engagement=True,
        services=(Service("D2300000075", wants_engagement=True), Service(INTERNAL_SERVICE)),
    ),
    Body(
        10004,
        "26750045200011",
        "HOPITAL D EXEMPLE",
        either=True,
        services=(Service("ACHATS"), Service("TRAVAUX", wants_engagement=True)),
    ),
    Body(10005, "18008901300015", "ETABLISSEMENT D EXEMPLE"),
    Body(10006, "13002526500021", "AGENCE DE L EXEMPLE", declares_payment=False),
    Body(10007, "20005278500017", "METROPOLE DISSOUTE", is_active=False),
    # of the demonstration
    Body(
        10008,
        "21690019100018",
        "COMMUNE DE BELLEVILLE EN BEAUJOLAIS",
        wants_service=True,
        wants_engagement=True,
        services=(Service("SERVICE-ACHATS"),),
    ),
    # of the module's own examples
    Body(10009, "24690025200015", "MINISTERE DE L ECONOMIE", wants_service=True, services=(Service("SERVICE001"),)),
)


def body_of(siret: str) -> Body | None:
    return next((body for body in BODIES if body.siret == siret), None)


def body_with(key: object) -> Body | None:
    return next((body for body in BODIES if body.id == key), None)


def bodies_named(words: str) -> list[Body]:
    """Those whose name holds the words; accents count, capitals do not."""
    return [body for body in BODIES if words.upper() in body.name]


def knows_engagement(number: str) -> bool:
    """The State's accounts hold what begins with ENG, or ten digits of which the first is 1 to 5."""
    plain = unicodedata.normalize("NFKC", number)
    return plain.startswith("ENG") or (len(plain) == 10 and plain.isdigit() and plain[0] in "12345")
