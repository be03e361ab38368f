"""A little of the directory service (XP Z12-013 1.3.0, Annex B), for the demo's companies and a few fictitious ones."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from config.sandbox import faults
from einvoicing.sandbox.access import called, error

# siren: name, kind, status of its line, siret of its seat, code of a service that wants its own address
KNOWN: dict[str, tuple[str, str, str, str, str]] = {
    "100000009": ("VENDEUR", "PrivateVatRegistered", "Enabled", "10000000900017", ""),
    "200000008": ("ACHETEUR", "PrivateVatRegistered", "Enabled", "20000000800016", ""),
    "732829320": ("Atelier Durand", "PrivateVatRegistered", "Enabled", "73282932000074", ""),
    "552100554": ("Boulangerie Martin", "PrivateVatRegistered", "Enabled", "55210055400013", ""),
    "356000000": ("La Poste", "PrivateVatRegistered", "Enabled", "35600000000048", ""),
    "217500016": ("Commune de Belleville", "Public", "Enabled", "21750001600019", "SRV01"),
    "213501000": ("Commune d’Exemple", "Public", "Enabled", "21350100000011", "SERVICE-COMPTA"),
    "404833048": ("Ancienne Maison", "PrivateVatRegistered", "Disabled", "40483304800022", ""),
}

MOST_LINES = 100
# field of a line → the operators by which it may be searched
_OPERATORS = {
    "siren": ("strict",),
    "siret": ("strict",),
    "addressingIdentifier": ("contains", "strict"),
    "routingIdentifier": ("contains", "strict"),
    "addressingSuffix": ("contains", "strict"),
}
_SEARCH = {"filters", "sorting", "fields", "include", "limit", "ignore"}
ADDRESS = {"addressLine1": "8 rue du Port", "postalCode": "44000", "locality": "Nantes", "countryCode": "FR"}


def line_status(siren: str) -> str:
    """Enabled, Disabled, or '' for a company the directory does not know."""
    return KNOWN[siren][2] if siren in KNOWN else ""


def _unknown() -> JsonResponse:
    return error(404, "NOT_FOUND", "Not in the directory")


def _siren(siren: str) -> dict[str, Any]:
    name, kind, status, _siret, _service = KNOWN[siren]
    return {
        "siren": siren,
        "businessName": name,
        "entityType": kind,
        "administrativeStatus": "C" if status == "Disabled" else "A",
    }


def _siret(siren: str) -> dict[str, Any]:
    name, kind, _status, siret, service = KNOWN[siren]
    found: dict[str, Any] = {"siret": siret, "siren": siren, "name": name, "facilityType": "P", "address": ADDRESS}
    if kind == "Public":
        found["b2gAdditionalData"] = {
            "serviceCodeStatus": bool(service),
            "managesLegalCommitmentCode": True,
            "managesLegalCommitmentOrServiceCode": True,
            "managesPaymentStatus": True,
            "pm": False,
            "pmOnly": False,
        }
    return found


def _line(code: str) -> dict[str, Any] | None:
    """The line of an exact address: siren, siren_siret, or siren_siret_service (scheme 0225)."""
    siren, _, rest = code.partition("_")
    if siren not in KNOWN:
        return None
    _name, _kind, status, siret, service = KNOWN[siren]
    if code not in {siren, f"{siren}_{siret}", f"{siren}_{siret}_{service}" if service else siren}:
        return None
    line: dict[str, Any] = {
        "addressingIdentifier": code,
        "siren": siren,
        "directoryLineStatus": status,
        "platformType": "WK",
    }
    if rest:
        line["siret"] = siret
    if service and rest.endswith(f"_{service}"):
        line["routingCode"] = {"routingIdentifier": service, "routingIdentifierType": "0224"}
    return line


@require_POST
@called(faults.SEARCH)
def search_lines(request: HttpRequest, _client_id: str, _injected: faults.Faults) -> HttpResponse:
    """POST /directory-line/search: {filters, sorting, include, limit, ignore}; a word it does not know is refused."""
    try:
        query = json.loads(request.body)
        filters, limit, ignored = query["filters"], int(query.get("limit", 50)), int(query.get("ignore", 0))
        if query.keys() - _SEARCH or filters.keys() - _OPERATORS.keys() or limit < 1 or ignored < 0:
            raise ValueError
        if any(found["op"] not in _OPERATORS[name] for name, found in filters.items()):
            raise ValueError
        if any({*row} != {"field", "order"} or row["field"] not in _OPERATORS for row in query.get("sorting", [])):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        return error(400, "MISSING_REQUIRED_FIELD", "Invalid request format")
    lines = [line for code in _codes() if (line := _line(code)) and _meets(line, filters)]
    lines.sort(key=lambda line: str(line["addressingIdentifier"]))
    shown = lines[ignored : ignored + min(limit, MOST_LINES)]
    return JsonResponse({"search": query, "totalNumberOfResults": len(lines), "results": shown})


def _codes() -> list[str]:
    codes = []
    for siren, (_name, _kind, _status, siret, service) in KNOWN.items():
        codes += [siren, f"{siren}_{siret}", *([f"{siren}_{siret}_{service}"] if service else [])]
    return codes


def _meets(line: dict[str, Any], filters: dict[str, Any]) -> bool:
    meets = {"strict": str.__eq__, "contains": str.__contains__}
    return all(meets[row["op"]](str(line.get(name, "")), str(row["value"])) for name, row in filters.items())


@require_GET
@called(faults.READ)
def directory_line(_request: HttpRequest, _client_id: str, _injected: faults.Faults, code: str) -> HttpResponse:
    line = _line(code)
    return JsonResponse(line) if line else _unknown()


@require_GET
@called(faults.READ)
def siren(_request: HttpRequest, _client_id: str, _injected: faults.Faults, siren: str) -> HttpResponse:
    return JsonResponse(_siren(siren)) if siren in KNOWN else _unknown()


@require_GET
@called(faults.READ)
def siret(_request: HttpRequest, _client_id: str, _injected: faults.Faults, siret: str) -> HttpResponse:
    found = next((key for key, entry in KNOWN.items() if entry[3] == siret), None)
    return JsonResponse(_siret(found)) if found else _unknown()
