"""Chorus Pro's work: take a flow, judge each invoice of it, and let the invoices' lives unfold as time passes.

Nothing runs in the background: what is due is done when somebody looks, under the simulator's lock. A flow is a record
of kind "flux", an invoice one of kind "facture", whose coming statuses are dated in the future.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from config.sandbox.models import SandboxRecord
from einvoicing import validation
from einvoicing.sandbox.chorus_pro import clock, contents, recipients
from einvoicing.sandbox.chorus_pro.contents import Reading, Refused
from einvoicing.sandbox.chorus_pro.lives import STORIES, unfold
from einvoicing.sandbox.flows import lock, pace

SERVICE, FLOW, INVOICE = "chorus_pro", "flux", "facture"
RECEIVED, WORKING = "IN_RECU", "IN_EN_COURS_TRAITEMENT_CPP"
INTEGRATED, PARTLY_INTEGRATED, REJECTED = "IN_INTEGRE", "IN_INTEGRE_PARTIEL", "IN_REJETE"
DUPLICATE = "Doublon : une facture portant ce numéro existe déjà pour ce fournisseur"
_AT_ONCE = 50
_FIRST_KEY = 9_000_000_000  # beyond 32 bits, as the real ones may be

# what the flow itself comes to, ordered by the same switch as the buyer's story
_FAILURES = {"incident": "IN_INCIDENTE", "unknown-state": "IN_ORBITE"}
BEHAVIOURS = (*STORIES, *_FAILURES, "rejects", "partial")


class RulesUnreachable(Exception):
    """The official rules cannot be run now."""


def new_flow_number() -> str:
    return f"CPP{uuid.uuid4().int % 10**22:022}"


@transaction.atomic
def deposit(*, account: str, data: bytes, name: str, syntax: str, behaviour: str, delivery: str) -> SandboxRecord:
    """Keep the file. What is in it is looked at later, as Chorus Pro does."""
    lock()
    heads = contents.heads(data, syntax)
    now = clock.now().isoformat()
    record: SandboxRecord = SandboxRecord.objects.create(
        service=SERVICE,
        kind=FLOW,
        key=new_flow_number(),
        client_id=account,
        number=heads[0][1],
        content=data,
        facts={
            "name": name,
            "syntax": syntax,
            "behaviour": behaviour,
            "delivery": delivery,
            "sellers": [seller for seller, _number in heads],
            "numbers": [number for _seller, number in heads],
            "at": now,
            "state": RECEIVED,
            "state_at": now,
            "judged": False,
            "technical": [],
            "invoices": [],
        },
    )
    return record


@transaction.atomic
def settle() -> datetime:
    """Do what is due, oldest first; returns the instant up to which statuses may be shown."""
    lock()
    moment = clock.now()
    waiting = SandboxRecord.objects.filter(service=SERVICE, kind=FLOW, facts__judged=False).order_by("id")
    for flow in waiting[:_AT_ONCE]:
        age = moment - datetime.fromisoformat(flow.facts["at"])
        if age >= 2 * pace():
            judge(flow)
        elif age >= pace() and flow.facts["state"] == RECEIVED:
            _turn(flow, WORKING)
    return clock.now()


def _turn(flow: SandboxRecord, state: str, **changes: Any) -> None:
    flow.facts |= {"state": state, "state_at": clock.now().isoformat(), **changes}
    flow.save()


def judge(flow: SandboxRecord) -> None:
    """Give each invoice of the flow its verdict, and a life. Rules that cannot be run leave the flow waiting."""
    accepted: list[Reading] = []
    refusals: list[Refused] = []
    try:
        for file in contents.files(bytes(flow.content)):
            try:
                found = contents.read(file, flow.facts["syntax"], flow.facts["behaviour"])
                _check(found, accepted)
            except Refused as refusal:
                refusals.append(refusal)
            else:
                accepted.append(found)
    except RulesUnreachable:
        return
    except Refused as refusal:
        refusals.append(refusal)
    _conclude(flow, accepted, refusals)


def _check(found: Reading, before: Iterable[Reading]) -> None:
    """The official rules, one invoice per number, the references its recipient wants. Raises Refused."""
    _check_rules(found.data, found.number)
    problem = recipients.missing(found.recipient)
    in_flow = any((other.seller, other.number) == (found.seller, found.number) for other in before)
    if in_flow or holder(found) is not None:
        problem = DUPLICATE
    elif found.behaviour == "rejects":
        problem = "Le destinataire de la facture est inconnu de Chorus Pro"
    if problem:
        raise Refused(problem, number=found.number)


def _conclude(flow: SandboxRecord, accepted: list[Reading], refusals: list[Refused]) -> None:
    failure = next((_FAILURES[found.behaviour] for found in accepted if found.behaviour in _FAILURES), "")
    if failure:
        _turn(flow, failure, judged=True)
        return
    invoices = [_invoice_error(refusal.number, refusal.sentence) for refusal in refusals if refusal.number]
    if any(found.behaviour == "partial" for found in accepted):
        invoices.append(_invoice_error("AUTRE-FACTURE", "Le destinataire est inconnu"))
    technical = [
        {"codeErreur": refusal.code, "libelleErreur": refusal.sentence, "natureErreur": "BLOQUANTE"}
        for refusal in refusals
        if not refusal.number
    ]
    state = REJECTED if not accepted else PARTLY_INTEGRATED if invoices or technical else INTEGRATED
    _turn(flow, state, judged=True, invoices=invoices, technical=technical)
    for found in accepted:
        _open(flow, found)


def _invoice_error(number: str, sentence: str) -> dict[str, str]:
    return {"numeroDP": number, "libelleErreurDP": sentence}


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


def _open(flow: SandboxRecord, found: Reading) -> None:
    statuses = STORIES.get(found.behaviour, STORIES["accepts"])
    if recipients.is_misrouted(found.recipient):
        statuses = STORIES["recycles"]
    if flow.facts["delivery"] == "silent":
        statuses = statuses[:1]
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
            "listed": found.listed,
            "deposited_at": flow.facts["at"],
            "delivery": flow.facts["delivery"],
            "history": [],
        },
    )
    unfold(invoice, statuses, since=clock.now())
