"""What Chorus Pro knows of a public body: its services, and the references each wants on an invoice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

INTERNAL_SERVICE = "FACTURES_PUBLIQUES"  # between public bodies only: a supplier's invoice to it is rejected
# « Services de l'État pour la facturation électronique »: one SIREN for all ministries, told apart by service code
STATE = "110002011"


@dataclass(frozen=True, slots=True)
class Requirements:
    """What the invoice must carry. `either`: a service code or a commitment number, the supplier's choice."""

    service_code: bool = False
    engagement: bool = False
    either: bool = False

    def missing(self, *, service_code: str, engagement: str) -> tuple[str, ...]:
        """The references that are wanted and absent: service_code, engagement, or either."""
        required = [
            name
            for name, needed, given in (
                ("service_code", self.service_code, service_code),
                ("engagement", self.engagement, engagement),
            )
            if needed and not given
        ]
        if self.either and not (service_code or engagement):
            required.append("either")
        return tuple(required)


@dataclass(frozen=True, slots=True)
class Service:
    """One service of a public body (code service exécutant). Its days, both included; None: no bound."""

    id: int
    code: str
    name: str
    is_active: bool
    starts_on: date | None = None
    ends_on: date | None = None

    def is_open(self, day: date) -> bool:
        begun = self.starts_on is None or self.starts_on <= day
        return self.is_active and begun and (self.ends_on is None or day <= self.ends_on)


@dataclass(frozen=True, slots=True)
class Structure:
    """A public body. `reports_payment`: False for those that never declare that they paid."""

    id: int
    siret: str
    name: str
    is_active: bool
    requirements: Requirements
    reports_payment: bool
    services: tuple[Service, ...]

    def service(self, code: str) -> Service | None:
        return next((service for service in self.services if service.code == code), None)

    @property
    def is_state(self) -> bool:
        """The State itself, whose commitments Chorus holds; agencies and establishments keep books of their own."""
        return self.siret.startswith(STATE)


@dataclass(frozen=True, slots=True)
class Named:
    """A public body that a search by name found."""

    siret: str
    name: str


@dataclass(frozen=True, slots=True)
class TechnicalAccount:
    """The account by which a company calls: its structure, and the last day of its password (None: not told)."""

    structure_id: int
    password_expires_on: date | None


def to_dict(structure: Structure) -> dict[str, Any]:
    """As JSON can hold it: days as ISO."""
    values = asdict(structure)
    for service in values["services"]:
        for name in ("starts_on", "ends_on"):
            service[name] = service[name].isoformat() if service[name] else None
    return values


def from_dict(values: Mapping[str, Any]) -> Structure:
    """The inverse of `to_dict`. Raises KeyError, TypeError, ValueError."""
    services = tuple(
        Service(**{**row, **{name: row[name] and date.fromisoformat(row[name]) for name in ("starts_on", "ends_on")}})
        for row in values["services"]
    )
    return Structure(**{**values, "requirements": Requirements(**values["requirements"]), "services": services})


@dataclass(frozen=True, slots=True)
class BodyAnswer:
    """What Chorus Pro answered of the recipient of an invoice, service and commitment included.

    `asked_at` None: it could not be asked and never was. `problem`, in words: why it could not be asked now; the answer
    is then the last one. `engagement_exists` None: not checked, `engagement_problem` says why where a number was given.
    """

    asked_at: datetime | None = None
    structure: Structure | None = None
    needs: Requirements | None = None
    engagement_exists: bool | None = None
    engagement_problem: str = ""
    problem: str = ""

    @property
    def is_known(self) -> bool:
        return self.asked_at is not None
