"""Every word that an adapter sends or understands is in the published description of its service.

The descriptions lie beside the project and are read there: where they are absent these tests say so and skip.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from customers.countries import CODES
from einvoicing import mapping
from einvoicing.platforms import registry
from einvoicing.platforms.abby import payloads as abby
from einvoicing.platforms.abby import statuses as abby_statuses
from einvoicing.platforms.afnor import directory
from einvoicing.platforms.afnor import statuses as afnor
from einvoicing.platforms.answers import AckStatus
from einvoicing.platforms.chorus_pro import payloads as chorus_pro
from einvoicing.platforms.chorus_pro import statuses as chorus_statuses
from einvoicing.sandbox import views as afnor_simulator

REFERENCE = Path(__file__).resolve().parents[3].parent / "shared" / "reference"
FLOWS, DIRECTORY = "afnor-flow-service-1.3.0.json", "afnor-directory-service-1.3.0.json"
ABBY = "abby-public-openapi-1.90.json"


@cache
def text(name: str) -> str:
    path = REFERENCE / name
    if not path.is_file():
        pytest.skip(f"the published description {name} is not beside the project")
    return path.read_text("utf-8")


def enumeration(file: str, schema: str) -> set[str]:
    node: Any = json.loads(text(f"openapi/{file}"))["components"]["schemas"]
    for key in schema.split("/"):
        node = node[key]
    return set(node["enum"])


def rules() -> set[str]:
    """Every processingRule that our mapping can give."""
    kinds = [("INDIVIDUAL", False), ("ORGANISATION", False), ("ORGANISATION", True)]
    buyers = [
        {"kind": kind, "is_public_body": public, "address": {"country": country}}
        for kind, public in kinds
        for country in sorted(CODES)
    ]
    return {mapping.processing_rule(buyer) for buyer in buyers}


def abby_vat_codes() -> set[str]:
    untaxed = {
        abby.vat_code(category, None, country) for category in ["E", "Z", "O", "AE", "K", "G"] for country in CODES
    }
    return untaxed | set(abby.VAT_CODES.values())


# what we send, and the enumeration it must be within
SENT: dict[str, tuple[Any, str, str]] = {
    "AFNOR processingRule": (lambda: rules() | {"NotApplicable"}, FLOWS, "ProcessingRule"),
    "AFNOR flowSyntax": (lambda: {*registry.PLATFORMS["afnor"].syntaxes, "CDAR"}, FLOWS, "FlowSyntax"),
    "AFNOR flowType": (lambda: afnor.LIFECYCLE_TYPES, FLOWS, "FlowType"),
    "AFNOR reasonCode": (lambda: {afnor.ALREADY_EXISTING}, FLOWS, "ReasonCodeEnum"),
    "AFNOR directory state": (lambda: {directory.CLOSED}, DIRECTORY, "legalUnitAdministrativeStatus"),
    "AFNOR directory kind": (lambda: {directory.PUBLIC}, DIRECTORY, "entityType"),
    "Abby VAT code": (abby_vat_codes, ABBY, "VatCode"),
    "Abby unit": (lambda: abby.UNITS.values(), ABBY, "ProductUnit"),
    "Abby kind of sale": (lambda: abby.KINDS.values(), ABBY, "ProductType"),
    "Abby term": (lambda: {"at_reception", "other"}, ABBY, "PaymentDelay"),
}
# what we must understand, or simulate, whole
UNDERSTOOD: dict[str, tuple[Any, str, str]] = {
    "AFNOR acknowledgement": (afnor.ACK_STATUSES, FLOWS, "FlowAckStatus"),
    "AFNOR directory line": (
        {directory.ENABLED, directory.UPCOMING, directory.DISABLED},
        DIRECTORY,
        "directoryLineStatus",
    ),
    "Abby state": (abby_statuses.STATES, ABBY, "BillingState"),
    "simulated processingRule": (afnor_simulator.RULES, FLOWS, "ProcessingRule"),
    "simulated flowSyntax": (afnor_simulator.SYNTAXES, FLOWS, "FlowSyntax"),
    "simulated flowProfile": (afnor_simulator.PROFILES, FLOWS, "FlowProfile"),
}


@pytest.mark.parametrize("name", list(SENT))
def test_what_is_sent_is_in_the_published_enumeration(name):
    words, file, schema = SENT[name]
    assert set(words()) - enumeration(file, schema) == set()


@pytest.mark.parametrize("name", list(UNDERSTOOD))
def test_the_published_enumeration_is_understood_whole(name):
    words, file, schema = UNDERSTOOD[name]
    assert set(words) == enumeration(file, schema)


def test_abby_knows_the_country_of_every_address():
    assert enumeration(ABBY, "CountryCode") >= CODES


def chorus_table(start: str, stop: str) -> set[str]:
    notes = text("apis.md")
    part = notes[notes.index(start) : notes.index(stop, notes.index(start))]
    return {
        word
        for row in part.splitlines()
        if row.startswith("| `")
        for word in re.findall(r"`(IN_[A-Z0-9_]+)`", row.split("|")[1])
    }


def test_chorus_pro_gets_only_syntaxes_of_its_list():
    published = chorus_table("`syntaxeFlux` — the 13 values", "Seen in public code")
    assert len(published) == 13
    assert set(chorus_pro.SYNTAXES.values()) <= published


def test_the_states_of_a_flow_at_chorus_pro_are_those_of_the_list():
    published = chorus_table("Flux states `etatCourantDepotFlux`", "### 1.5")
    assert set(chorus_statuses.FLOW_STATES) == published
    assert AckStatus.UNKNOWN is chorus_statuses.ack_status("IN_NOUVEAU")


def test_every_status_that_chorus_pro_gives_on_the_suppliers_path_has_a_meaning_or_none_on_purpose():
    path = text("apis.md")
    line = next(row for row in path.splitlines() if row.startswith("Supplier path:"))
    words = set(re.findall(r"[A-Z][A-Z_]{6,}", line))
    assert words
    assert words - set(chorus_statuses.INVOICE_STATUSES) - chorus_statuses.WITHOUT_CODE == set()
