"""Chorus Pro's work: take a flow, judge it, and let the invoice's life unfold as time passes.

Nothing runs in the background: what is due is done when somebody looks, under the simulator's lock. A flow is a record
of kind "flux", an invoice one of kind "facture", whose coming statuses are dated in the future.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from config.sandbox.models import SandboxRecord
from einvoicing import validation
from einvoicing.sandbox import reading, stories
from einvoicing.sandbox.chorus_pro import clock, recipients
from einvoicing.sandbox.chorus_pro.lives import STORIES, unfold
from einvoicing.sandbox.flows import lock, pace

SERVICE, FLOW, INVOICE = "chorus_pro", "flux", "facture"
RECEIVED, WORKING = "IN_RECU", "IN_EN_COURS_TRAITEMENT_CPP"
DUPLICATE = "Doublon : une facture portant ce numéro existe déjà pour ce fournisseur"
SYNTAXES = {
    "IN_DP_E2_CII_FACTURX": "Factur-X",
    "IN_DP_E1_CII_16B": "CII",
    "IN_DP_E1_UBL_INVOICE": "UBL",
}
_AT_ONCE = 50
_FIRST_KEY = 9_000_000_000  # beyond 32 bits, as the real ones may be

# what the flow itself comes to, ordered by the same switch as the buyer's story
_FAILURES = {"incident": "IN_INCIDENTE", "unknown-state": "IN_ORBITE"}
BEHAVIOURS = (*STORIES, *_FAILURES, "rejects", "partial")
_SAME = {"disputes": "suspends"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found in a deposited file."""

    number: str
    seller: str
    behaviour: str
    recipient: recipients.Recipient


class RulesUnreachable(Exception):
    """The official rules cannot be run now."""


class Refused(Exception):
    """The flow is turned away: a technical error (`code`) or one on its invoice."""

    def __init__(self, sentence: str, *, code: str = "", number: str = "") -> None:
        super().__init__(sentence)
        self.sentence, self.code, self.number = sentence, code, number


def new_flow_number() -> str:
    return f"CPP{uuid.uuid4().int % 10**22:022}"


@transaction.atomic
def deposit(*, account: str, data: bytes, name: str, syntax: str, behaviour: str, delivery: str) -> SandboxRecord:
    """Keep the file. What is in it is looked at later, as Chorus Pro does."""
    lock()
    seller, number = _numbered(data, syntax)
    now = clock.now().isoformat()
    record: SandboxRecord = SandboxRecord.objects.create(
        service=SERVICE,
        kind=FLOW,
        key=new_flow_number(),
        client_id=account,
        number=number,
        content=data,
        facts={
            "name": name,
            "syntax": syntax,
            "behaviour": behaviour,
            "delivery": delivery,
            "seller": seller,
            "at": now,
            "state": RECEIVED,
            "state_at": now,
            "judged": False,
            "technical": [],
            "invoices": [],
        },
    )
    return record


def _numbered(data: bytes, syntax: str) -> tuple[str, str]:
    """Seller and number, for the ledger; empty when the file cannot be read."""
    try:
        head = reading.heading(reading.xml_of(data, SYNTAXES[syntax]), SYNTAXES[syntax])
    except (reading.Unreadable, KeyError):
        return "", ""
    return (head.seller_siren or head.seller_name)[:100], head.number[:100]


@transaction.atomic
def settle() -> datetime:
    """Do what is due, oldest first; returns the instant up to which statuses may be shown."""
    lock()
    now = clock.now()
    waiting = SandboxRecord.objects.filter(service=SERVICE, kind=FLOW, facts__judged=False).order_by("id")
    for flow in waiting[:_AT_ONCE]:
        age = now - datetime.fromisoformat(flow.facts["at"])
        if age >= 2 * pace():
            judge(flow)
        elif age >= pace() and flow.facts["state"] == RECEIVED:
            _turn(flow, WORKING)
    return clock.now()


def _turn(flow: SandboxRecord, state: str, **changes: Any) -> None:
    flow.facts |= {"state": state, "state_at": clock.now().isoformat(), **changes}
    flow.save()


def judge(flow: SandboxRecord) -> None:
    """Give the flow its verdict, and its invoice a life. Rules that cannot be run leave it waiting."""
    try:
        found = _read(bytes(flow.content), SYNTAXES.get(flow.facts["syntax"], ""), flow.facts["behaviour"])
        _check(flow, found)
    except RulesUnreachable:
        return
    except Refused as refusal:
        if refusal.number:
            errors = {"invoices": [{"numeroDP": refusal.number, "libelleErreurDP": refusal.sentence}]}
        else:
            error = {"codeErreur": refusal.code, "libelleErreur": refusal.sentence, "natureErreur": "BLOQUANTE"}
            errors = {"technical": [error]}
        _turn(flow, "IN_REJETE", judged=True, **errors)
        return
    _conclude(flow, found)


def _check(flow: SandboxRecord, found: Reading) -> None:
    """The official rules, one invoice per number, the references its recipient wants. Raises Refused."""
    _check_rules(bytes(flow.content), found.number)
    problem = recipients.missing(found.recipient)
    if holder(found) is not None:
        problem = DUPLICATE
    elif found.behaviour == "rejects":
        problem = "Le destinataire de la facture est inconnu de Chorus Pro"
    if problem:
        raise Refused(problem, number=found.number)


def _conclude(flow: SandboxRecord, found: Reading) -> None:
    if found.behaviour in _FAILURES:
        _turn(flow, _FAILURES[found.behaviour], judged=True)
        return
    partial = found.behaviour == "partial"
    others = [{"numeroDP": "AUTRE-FACTURE", "libelleErreurDP": "Le destinataire est inconnu"}]
    _turn(flow, "IN_INTEGRE_PARTIEL" if partial else "IN_INTEGRE", judged=True, invoices=others if partial else [])
    statuses = STORIES.get(found.behaviour, STORIES["accepts"])
    if recipients.is_misrouted(found.recipient):
        statuses = STORIES["recycles"]
    if flow.facts["delivery"] == "silent":
        statuses = statuses[:1]
    _open(flow, found, statuses)


def _read(data: bytes, syntax: str, behaviour: str) -> Reading:
    try:
        xml = reading.xml_of(data, syntax)
        head = reading.heading(xml, syntax)
    except reading.Unreadable as error:
        raise Refused(error.sentence, code=error.reason) from error
    ordered = behaviour or stories.behaviour_of(head)
    return Reading(
        number=head.number[:100],
        seller=(head.seller_siren or head.seller_name)[:100],
        behaviour=_SAME.get(ordered, ordered),
        recipient=recipients.read(xml),
    )


def _check_rules(data: bytes, number: str) -> None:
    """The official rules, unless this simulator is set to take everything."""
    if not getattr(settings, "SANDBOX_VALIDATES", True):
        return
    report = validation.check(data)
    if "ENGINE" in report.rules:
        raise RulesUnreachable
    if not report.valid:
        sentences = "; ".join(f"{item.rule} : {item.text}" for item in report.violations[:5])
        raise Refused(sentences or "Le document n’est pas conforme", number=number)


def holder(found: Reading) -> SandboxRecord | None:
    """The invoice that has this seller's number already; one that was rejected leaves it free."""
    rows = SandboxRecord.objects.filter(service=SERVICE, kind=INVOICE, number=found.number)
    standing = rows.filter(facts__seller=found.seller)
    return next((row for row in standing if row.facts["history"][-1]["code"] != "REJETEE"), None)


def drop(flow: SandboxRecord) -> None:
    """Forget a flow that was turned away at the door."""
    flow.delete()


@transaction.atomic
def keep_attachment(*, account: str, name: str, data: bytes) -> SandboxRecord:
    lock()
    piece: SandboxRecord = SandboxRecord.objects.create(
        service=SERVICE, kind="piece", key=_next_key("piece"), client_id=account, facts={"name": name}, content=data
    )
    return piece


def _next_key(kind: str) -> str:
    """A whole number of 64 bits, as Chorus Pro gives; unique under the lock."""
    held = (
        SandboxRecord.objects.filter(service=SERVICE, kind=kind).order_by("-id").values_list("key", flat=True).first()
    )
    return str(int(held or _FIRST_KEY) + 1)


def _open(flow: SandboxRecord, found: Reading, statuses: tuple[tuple[str, str], ...]) -> None:
    invoice = SandboxRecord(
        service=SERVICE,
        kind=INVOICE,
        key=_next_key(INVOICE),
        client_id=flow.client_id,
        number=found.number,
        facts={
            "flow": flow.key,
            "seller": found.seller,
            "recipient": found.recipient.siret,
            "service": found.recipient.service_code,
            "engagement": found.recipient.engagement,
            "deposited_at": flow.facts["at"],
            "delivery": flow.facts["delivery"],
            "history": [],
        },
    )
    unfold(invoice, statuses, since=clock.now())
