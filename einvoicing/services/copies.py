"""The copies that a mirror keeps of our invoices: what happens to them there, read or told, becomes facts of ours.

Our invoice is the truth: nothing there changes it but money received, which is recorded once. `copy_facts` holds what
the mirror last said (state, finalized, sent, paid, received, overdue, cancelled), so that each fact is noted once;
an empty value was told without its date.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from billing.models import Invoice
from billing.services.settling import NothingOutstanding, lock_invoice
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from einvoicing.models import RemoteDocument, Transmission, TransmissionKind, TransmissionStatus
from einvoicing.platforms.abby.statuses import DELETED, STATES
from einvoicing.platforms.answers import CopyState
from einvoicing.platforms.registry import read_copy
from payments.models import Method
from payments.services.receiving import pay_invoice

ABBY = "abby"
CANCELLED = "La copie est annulée chez Abby, la facture reste due. Pour l’annuler aussi, établissez un avoir."
REMOVED = (
    "La copie n’est plus chez la plateforme : supprimée, ou la clé ouvre un autre compte. La facture n’est pas "
    "concernée ; pour l’y remettre, relancez."
)
MEANS_UNKNOWN = "Moyen de paiement non précisé par Abby."
# facts that are noted as they appear, each under its tag; and states
NOTED = {
    "finalized": "einvoicing.copy.finalized",
    "sent": "einvoicing.copy.sent",
    "overdue": "einvoicing.copy.overdue",
    "cancelled": "einvoicing.copy.cancelled",
    "received": "einvoicing.copy.received",
}
NOTED_STATES = {"signed": "einvoicing.copy.signed", "refused": "einvoicing.copy.refused"}


class NoSuchCopy(Invalid):
    code = "no_such_copy"
    message = "Aucune copie de nos factures ne porte cet identifiant."


class FinalizedCopyGone(Invalid):
    code = "finalized_copy_gone"
    message = (
        "Une copie finalisée ne se supprime pas chez Abby, et la clé enregistrée ne la trouve plus : elle ouvre sans "
        "doute un autre compte. Remettez celle du compte où sont vos copies."
    )


def name_copy(transmission: Transmission) -> None:
    """Give the invoice the identifier of its copy; what an earlier one said is over."""
    if transmission.account.kind == ABBY and transmission.kind == TransmissionKind.INVOICE:
        Invoice.everywhere.filter(pk=transmission.invoice_id).update(abby_invoice_id=transmission.remote_id)
        Transmission.everywhere.filter(pk=transmission.pk).update(copy_facts={})


def apply_copy(*, document: RemoteDocument, at: datetime) -> None:
    """Learn what a mirror said of one copy. Raises Invalid. Call it in a transaction."""
    remote_id = document.remote_id.rpartition(":")[0]
    rows = Transmission.everywhere.filter(account=document.account, remote_id=remote_id, kind=TransmissionKind.INVOICE)
    copy = rows.select_related("invoice", "account").order_by("-created_at").first()
    if copy is None:
        raise NoSuchCopy
    if document.flow_type == DELETED:
        if "finalized" in copy.copy_facts:
            raise FinalizedCopyGone
        forget_copy(copy, at=at)
        return
    learn(copy, facts_of(read_copy(document.account.kind, bytes(document.content)), document.received_at), at=at)


def facts_of(copy: CopyState, at: datetime) -> dict[str, str]:
    """What the state of a copy tells, each with its date or figure, as it is kept in `copy_facts`."""
    moments = {"sent": copy.sent_at, "cancelled": copy.cancelled_at, "paid": copy.paid_at}
    facts = {name: moment.isoformat() for name, moment in moments.items() if moment is not None}
    if copy.finalized_at is not None:
        facts["finalized"] = copy.number
    if copy.is_overdue(at) and copy.due_at is not None:
        facts["overdue"] = copy.due_at.isoformat()
    if copy.received and copy.paid_at is None and copy.cancelled_at is None:
        facts["received"] = str(copy.received)
    return {"state": copy.state, **facts}


@transaction.atomic
def learn(copy: Transmission, facts: Mapping[str, str], *, at: datetime) -> None:
    """Note each fact that is new, and let what follows from it follow."""
    lock_invoice(copy.invoice)
    known = Transmission.everywhere.select_for_update(no_key=True).values_list("copy_facts", flat=True).get(pk=copy.pk)
    news = {name: value for name, value in facts.items() if known.get(name) != value}
    if not news:
        return
    told = {name: value for name, value in known.items() if value == ""}
    Transmission.everywhere.filter(pk=copy.pk).update(copy_facts=told | dict(facts))
    for name in NOTED:
        if name in news and known.get(name) != "":
            note(copy, NOTED[name], at=at, detail=facts[name])
    state = news.get("state", "")
    if state in NOTED_STATES:
        note(copy, NOTED_STATES[state], at=at)
    elif state and state not in STATES:
        note(copy, "einvoicing.copy.unknown", at=at, detail=state)
    if number := news.get("finalized"):
        Invoice.everywhere.filter(pk=copy.invoice_id).update(abby_invoice_number=number)
    if "paid" in news and "cancelled" not in facts:
        _record_paid(copy, datetime.fromisoformat(facts["paid"]), at)


@transaction.atomic
def remember(copy: Transmission, name: str) -> bool:
    """Whether a fact that is told without its date is new: told or read before, it is not noted again."""
    known = Transmission.everywhere.select_for_update(no_key=True).values_list("copy_facts", flat=True).get(pk=copy.pk)
    if name in known:
        return False
    Transmission.everywhere.filter(pk=copy.pk).update(copy_facts={name: "", **known})
    return True


def note(copy: Transmission, tag: str, *, at: datetime, detail: str = "") -> None:
    """Put a fact of a copy on the timeline of its invoice; of a cancelled one, what a person should do."""
    data = {"platform": copy.account.name, "number": copy.invoice.number, "detail": detail}
    if tag == NOTED["cancelled"]:
        data["reason"] = CANCELLED
    actor = Actor.platform(copy.account.name)
    audit.record(tag, subject=copy, also=[copy.invoice], actor=actor, at=at, data=data)


def _record_paid(copy: Transmission, paid_at: datetime, at: datetime) -> None:
    """The money that settled the copy there, as much as is outstanding here. One that is refused is noted, with why."""
    try:
        with transaction.atomic():
            pay_invoice(
                invoice=copy.invoice,
                amount=None,
                method=Method.TRANSFER,
                paid_on=local_day(paid_at),
                reference=f"Abby {copy.remote_id}"[:140],
                notes=MEANS_UNKNOWN,
                actor=Actor.platform(copy.account.name),
                at=at,
            )
    except NothingOutstanding:
        return
    except DomainError as error:
        data = {"platform": copy.account.name, "number": copy.invoice.number, "reason": str(error)}
        actor = Actor.platform(copy.account.name)
        audit.record("einvoicing.copy.unpaid", subject=copy, also=[copy.invoice], actor=actor, at=at, data=data)


@transaction.atomic
def forget_copy(copy: Transmission, *, at: datetime) -> None:
    """Somebody deleted it there: it is not asked about any more, and can be made again."""
    if not states.can_move(copy, TransmissionStatus.SKIPPED):
        return
    states.move(
        copy,
        TransmissionStatus.SKIPPED,
        tag="einvoicing.copy.deleted",
        actor=Actor.platform(copy.account.name),
        at=at,
        also=[copy.invoice],
        data={"platform": copy.account.name},
        last_error=REMOVED,
        copy_facts={"state": DELETED},
    )
    Invoice.everywhere.filter(pk=copy.invoice_id).update(abby_invoice_id="")
