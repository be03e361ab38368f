"""What becomes of a document once it is read: recorded as a purchase, held as a copy, or left to a person.

An electronic invoice of a known supplier is recorded with its doubts, which keep it from going on by itself; what was
read of paper is recorded only without any, since a person corrects it beside its picture first.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from billing.models import PurchaseInvoice
from billing.purchases.checking import check_purchase
from billing.purchases.recording import PurchaseExists, record_purchase
from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.queue import FREE
from config.kernel.rows import lock
from customers.models import Customer
from einvoicing.models import ReceivedDocument, ReceivedStatus
from einvoicing.reception.duplicates import BOOKS, decide_alone, find_original, fingerprint_of
from einvoicing.reception.judging import Verdict, judge
from einvoicing.reception.learning import read_as_learnt
from einvoicing.reception.reading.result import CREDIT_NOTE, XML, Reading, to_dict
from einvoicing.reception.statuses import adopt_statuses, doubt_of_rejection

NEEDS_SUPPLIER = "Ce fournisseur n’est pas encore connu : créez-le, ou choisissez-le."
NEEDS_FIELDS = "Il manque de quoi enregistrer la facture : complétez ce qui n’a pas été lu."
NEEDS_PERSON = "La lecture est à vérifier avant l’enregistrement."


def decide(document: ReceivedDocument, reading: Reading, *, actor: Actor, at: datetime) -> None:
    """Write what was read, and where the document goes from there. The row is locked, and STORED or READ."""
    decide_alone(document.company_id)
    reading = read_as_learnt(company=document.company, reading=reading, at=at)
    facts = {**facts_of(reading), "read_at": at}
    for name, value in facts.items():
        setattr(document, name, value)
    if not document.allows_duplicate and (original := find_original(document)):
        facts |= {"duplicate_of": original.document, "duplicate_why": original.why}
        _move(document, ReceivedStatus.DUPLICATE, facts, actor=actor, at=at, also=[original.document])
        return
    adopt_statuses(document)
    verdict = _with_rejection(judge(company=document.company, reading=reading, on=local_day(at)), document)
    facts["doubts"] = _plain_doubts(verdict)
    problem = _why_wait(verdict, reading)
    if problem:
        _wait(document, {**facts, "problem": problem}, actor=actor, at=at)
        return
    _record(document, verdict, facts, actor=actor, at=at)


@transaction.atomic
def record_for(*, document: ReceivedDocument, reading: Reading, supplier: Customer, actor: Actor, at: datetime) -> None:
    """Record what a person has looked at, corrected or given a supplier. Raises PurchaseExists, DomainError, Stale."""
    row = lock(document)
    decide_alone(row.company_id)
    verdict = judge(company=row.company, reading=reading, on=local_day(at), supplier=supplier)
    if verdict.content is None:
        raise DomainError(NEEDS_FIELDS)
    facts = facts_of(reading)
    row.number, row.supplier_key = facts["number"], facts["supplier_key"]
    adopt_statuses(row)
    # a person has touched it: whatever it says of itself, it did not pass alone
    verdict = replace(_with_rejection(verdict, row), is_auto_validated=False)
    purchase = _purchase(row, verdict, actor=actor, at=at)
    _recorded(row, purchase, {**facts, "doubts": _plain_doubts(verdict)}, actor=actor, at=at)


def _with_rejection(verdict: Verdict, document: ReceivedDocument) -> Verdict:
    """What its platform has sent back never passes alone."""
    rejection = doubt_of_rejection(document)
    if rejection is None:
        return verdict
    return replace(verdict, doubts=(rejection, *verdict.doubts), is_auto_validated=False)


def _plain_doubts(verdict: Verdict) -> list[dict[str, Any]]:
    return [
        {"code": one.code, "field": one.field, "msgid": one.sentence.msgid, "params": dict(one.sentence.params)}
        for one in verdict.doubts
    ]


def facts_of(reading: Reading) -> dict[str, Any]:
    """The columns that lists, filters and duplicates go by, and the reading itself."""
    vat = reading.value("supplier_vat") or ""
    key = reading.value("supplier_siren") or (vat[4:] if vat.startswith("FR") else vat)
    is_credit = reading.value("kind") == CREDIT_NOTE
    return {
        "reading": to_dict(reading),
        "syntax": reading.source,
        "problem": "",
        "supplier_name": (reading.value("supplier_name") or "")[:200],
        "supplier_key": key[:20],
        "number": (reading.value("number") or "")[:60],
        "kind": "381" if is_credit else str(reading.details.get("type_code") or "380")[:3],
        "issue_date": reading.value("date"),
        "gross": reading.value("gross"),
        "currency": (reading.value("currency") or "")[:3],
        "fingerprint": fingerprint_of(reading, key),
    }


def _why_wait(verdict: Verdict, reading: Reading) -> str:
    """What a person must do before it can be recorded; '' when nothing."""
    if verdict.content is None:
        return NEEDS_FIELDS
    if verdict.supplier is None:
        return NEEDS_SUPPLIER
    return NEEDS_PERSON if reading.source != XML and not verdict.is_auto_validated else ""


def _record(document: ReceivedDocument, verdict: Verdict, facts: dict[str, Any], *, actor: Actor, at: datetime) -> None:
    try:
        with transaction.atomic():
            purchase = _purchase(document, verdict, actor=actor, at=at)
    except PurchaseExists as error:
        # recorded by hand, or by an earlier life of this document
        facts |= {"purchase": error.purchase, "duplicate_why": BOOKS, "problem": str(error.message)[:500]}
        _move(document, ReceivedStatus.DUPLICATE, facts, actor=actor, at=at, also=[error.purchase])
    except DomainError as error:
        _wait(document, {**facts, "problem": str(error)[:500]}, actor=actor, at=at)
    else:
        _recorded(document, purchase, facts, actor=actor, at=at)


def _purchase(document: ReceivedDocument, verdict: Verdict, *, actor: Actor, at: datetime) -> PurchaseInvoice:
    supplier, content = verdict.supplier, verdict.content
    if supplier is None or content is None:
        raise DomainError(NEEDS_SUPPLIER)
    return record_purchase(
        company_id=document.company_id,
        # locked: what was judged of its accounts and its past must still be so when it is recorded
        supplier=lock(supplier),
        content=content,
        received_on=local_day(document.received_at),
        doubts=verdict.codes,
        is_auto_validated=verdict.is_auto_validated,
        actor=actor,
        at=at,
    )


def _recorded(
    document: ReceivedDocument, purchase: PurchaseInvoice, facts: Mapping[str, Any], *, actor: Actor, at: datetime
) -> None:
    states.move(
        document,
        ReceivedStatus.RECORDED,
        tag="einvoicing.received.recorded",
        actor=actor,
        at=at,
        also=[purchase],
        data={"reference": purchase.reference},
        purchase=purchase,
        **{**facts, "problem": "", **FREE},
    )
    if purchase.is_auto_validated:
        # on to its approval, and booked where no rule asks for a person; what is missing is said on the purchase. Only
        # now: what happens to a purchase is told to its supplier by the document that it came by
        with suppress(DomainError), transaction.atomic():
            check_purchase(purchase=purchase, actor=actor, at=at)


def _wait(document: ReceivedDocument, facts: Mapping[str, Any], *, actor: Actor, at: datetime) -> None:
    _move(document, ReceivedStatus.READ, facts, actor=actor, at=at)


_TAGS = {
    ReceivedStatus.READ: "einvoicing.received.read",
    ReceivedStatus.DUPLICATE: "einvoicing.received.duplicate",
    ReceivedStatus.UNREADABLE: "einvoicing.received.unreadable",
}


def _move(
    document: ReceivedDocument,
    to: ReceivedStatus,
    facts: Mapping[str, Any],
    *,
    actor: Actor,
    at: datetime,
    also: Any = (),
) -> None:
    data = {"problem": facts.get("problem", "")} if to == ReceivedStatus.UNREADABLE else {}
    states.move(document, to, tag=_TAGS[to], actor=actor, at=at, also=also, data=data, **{**facts, **FREE})


def give_up(document: ReceivedDocument, problem: str, *, actor: Actor, at: datetime) -> None:
    """It cannot be read: it stands in the inbox with the reason, unless the same bytes stand there already."""
    decide_alone(document.company_id)
    facts: dict[str, Any] = {"problem": problem[:500], "read_at": at}
    if not document.allows_duplicate and (original := find_original(document)):
        facts |= {"duplicate_of": original.document, "duplicate_why": original.why}
        _move(document, ReceivedStatus.DUPLICATE, facts, actor=actor, at=at, also=[original.document])
        return
    _move(document, ReceivedStatus.UNREADABLE, facts, actor=actor, at=at)
