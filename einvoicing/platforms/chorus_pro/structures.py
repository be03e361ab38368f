"""The public bodies Chorus Pro knows: their services, and the references each wants on an invoice.

Answers are kept 24 hours in memory, by SIRET: they change rarely, and every invoice asks.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config.kernel.errors import RemoteError
from einvoicing.platforms.afnor.payloads import unreadable
from einvoicing.platforms.chorus_pro.calls import Caller

LIFE = 24 * 3600.0  # seconds
clock = time.monotonic
_MOST_KEPT = 2000
_MOST_SERVICES = 10_000  # the default page holds ten
INTERNAL_SERVICE = "FACTURES_PUBLIQUES"  # between public bodies only: a supplier's invoice to it is rejected


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
    """One service of a public body (code service exécutant)."""

    id: int
    code: str
    name: str
    is_active: bool


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


Key = tuple[str, ...]
_kept: dict[Key, tuple[float, Any]] = {}
_guard = threading.Lock()


def forget() -> None:
    """Empty the memory, for all accounts."""
    with _guard:
        _kept.clear()


def find(caller: Caller, siret: str) -> Structure | None:
    """The public body with this SIRET (14 digits), its requirements and services; None when Chorus has none."""
    if not re.fullmatch(r"\d{14}", siret):
        raise RemoteError("Le SIRET doit avoir 14 chiffres.", retryable=False, code="bad_siret")
    key = (caller.base_url, siret)
    found: Structure | None = _remembered(key)
    if found is None:
        found = _ask(caller, siret)
        if found is not None:
            _remember(key, found)
    return found


def requirements(caller: Caller, structure: Structure, service_code: str = "") -> Requirements:
    """What the body wants, and what the chosen service wants besides: it may ask for a commitment of its own."""
    service = structure.service(service_code)
    if service is None or structure.requirements.engagement:
        return structure.requirements
    key = (caller.base_url, structure.siret, service.code)
    wants: bool | None = _remembered(key)
    if wants is None:
        query = {"idStructure": structure.id, "idService": service.id}
        wants = _flag(_part(caller.post("structures/v1/consulter/service", query).facts), "numeroEngagement")
        _remember(key, wants)
    base = structure.requirements
    return Requirements(base.service_code, base.engagement or wants, base.either)


def _ask(caller: Caller, siret: str) -> Structure | None:
    query = {
        "structure": {"typeIdentifiantStructure": "SIRET", "identifiantStructure": siret},
        "restreindreStructuresPrivees": False,
        "parametres": {"nbResultatsParPage": 10, "pageResultatDemandee": 1},
    }
    rows = caller.post("structures/v1/rechercher", query).rows("listeStructures")
    row = next((row for row in rows if row.get("identifiantStructure") == siret), None)
    if row is None:
        return None
    try:
        key = int(row["idStructureCPP"])
    except (KeyError, TypeError, ValueError):
        raise unreadable() from None
    wants = _part(caller.post("structures/v1/consulter", {"idStructureCPP": key, "codeLangue": "fr"}).facts)
    either = _flag(wants, "gestionNumeroEJOuCodeService")
    return Structure(
        id=key,
        siret=siret,
        name=str(row.get("designationStructure") or ""),
        is_active=str(row.get("statut") or "").upper() in {"ACTIF", "ACTIVE"},
        requirements=Requirements(
            service_code=not either and _flag(wants, "codeServiceDoitEtreRenseigne"),
            engagement=not either and _flag(wants, "numeroEJDoitEtreRenseigne"),
            either=either,
        ),
        reports_payment=not _flag(wants, "statutMiseEnPaiementNestPasRemonte"),
        services=_services(caller, key),
    )


def _services(caller: Caller, structure_id: int) -> tuple[Service, ...]:
    """Every service a supplier may write to, by name."""
    query = {
        "idStructure": structure_id,
        "parametresRechercherServicesStructure": {"nbResultatsParPage": _MOST_SERVICES},
    }
    rows = caller.post("structures/v1/rechercher/services", query).rows("listeServices")
    try:
        found = [
            Service(
                id=int(row["idService"]),
                code=str(row["codeService"]),
                name=str(row.get("libelleService") or ""),
                is_active=_flag(row, "estActif"),
            )
            for row in rows
        ]
    except (KeyError, TypeError, ValueError):
        raise unreadable() from None
    found.sort(key=lambda service: service.name)
    return tuple(service for service in found if service.code != INTERNAL_SERVICE)


def _part(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    part = facts.get("parametres")
    if not isinstance(part, dict):
        raise unreadable()
    return part


def _flag(facts: Mapping[str, Any], name: str) -> bool:
    return facts.get(name) is True


def _remembered(key: Key) -> Any:
    with _guard:
        until, value = _kept.get(key, (0.0, None))
        return value if clock() < until else None


def _remember(key: Key, value: Any) -> None:
    now = clock()
    with _guard:
        if len(_kept) >= _MOST_KEPT:
            for old in [key for key, (until, _value) in _kept.items() if until <= now] or list(_kept):
                del _kept[old]
        _kept[key] = (now + LIFE, value)
