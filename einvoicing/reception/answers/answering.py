"""Answering a supplier: what may be said of a document, and the row that carries it.

204 follows booking, 205 a person's approval, 207 a dispute, 210 a refusal and 211 a payment, each in the transaction of
the fact; a person adds 206 and 208, and answers what is no purchase yet.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from billing.models import PurchaseInvoice
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.rows import lock
from einvoicing import lifecycle
from einvoicing.formats import cdar
from einvoicing.models import ReceivedDocument, ReceivedStatus, SupplierAnswer
from einvoicing.platforms.registry import PLATFORMS
from einvoicing.reception.answers.messages import answer_message
from einvoicing.reception.answers.models import STOPPED
from einvoicing.reception.handling import set_aside

TAKEN, APPROVED, PARTLY_APPROVED, DISPUTED, SUSPENDED, REFUSED, PAID = "204", "205", "206", "207", "208", "210", "211"
# said once of a document, and again after a dispute; of the others each is news
ONCE = frozenset({TAKEN, APPROVED, REFUSED})
# what a person may say from a document's page, in the order of the list
BY_A_PERSON = (TAKEN, APPROVED, PARTLY_APPROVED, DISPUTED, SUSPENDED, REFUSED)


class NoWayBack(DomainError):
    code = "no_way_back"
    message = (
        "Ce document n’est pas venu par une plateforme qui transmet ce statut : répondez au fournisseur par e-mail."
    )


class AlreadyRefused(DomainError):
    code = "already_refused"
    message = "Cette facture est refusée : plus aucun statut ne peut suivre."


class AlreadyAnswered(DomainError):
    code = "already_answered"
    message = "Le statut %(code)s a déjà été donné."


def takes(document: ReceivedDocument, code: str) -> bool:
    """Whether the platform that brought it takes this status of ours."""
    account = document.account
    return bool(account and document.number and code in PLATFORMS[account.kind].takes_of_buyer)


def said_of(document: ReceivedDocument) -> set[str]:
    """The statuses that were given of a document, whatever became of them."""
    return set(SupplierAnswer.everywhere.filter(document=document).values_list("code", flat=True))


def said_since_dispute(document: ReceivedDocument) -> set[str]:
    """Those that the last dispute did not overrule."""
    rows = SupplierAnswer.everywhere.filter(document=document)
    last = rows.filter(code=DISPUTED).order_by("-created_at").values_list("created_at", flat=True).first()
    return set((rows.filter(created_at__gte=last) if last else rows).values_list("code", flat=True))


def never_taken(purchase: PurchaseInvoice, amount: Decimal) -> bool:
    """Whether the last 211 of this amount stopped on its way: its supplier was told of no payment to take back."""
    rows = SupplierAnswer.everywhere.filter(document__purchase=purchase, code=PAID, amount=amount)
    last = rows.order_by("-created_at", "-pk").first()
    return last is not None and last.status in STOPPED


def possible_answers(document: ReceivedDocument) -> tuple[str, ...]:
    """The statuses that a person may give now; none after a refusal."""
    said = said_since_dispute(document)
    if REFUSED in said or document.status == ReceivedStatus.DUPLICATE:
        return ()
    purchase = document.purchase
    refusable = purchase is None or purchase.booked_on is None
    return tuple(
        code
        for code in BY_A_PERSON
        if takes(document, code) and not (code in ONCE and code in said) and (code != REFUSED or refusable)
    )


@transaction.atomic
def answer_supplier(
    *,
    document: ReceivedDocument,
    code: str,
    reason_code: str = "",
    reason: str = "",
    action_code: str = "",
    amount: Decimal | None = None,
    paid_on: date | None = None,
    actor: Actor,
    at: datetime,
) -> SupplierAnswer:
    """Queue one status for the supplier, in the caller's transaction.

    `amount`, of 211, has VAT in it; below zero for money that came back. Raises NoWayBack, AlreadyRefused,
    AlreadyAnswered, Invalid with a sentence at the field where a reason is missing or not of the list of its status
    (BR-FR-CDV-15, BR-FR-CDV-CL-09).
    """
    row = lock(document)
    if not takes(row, code):
        raise NoWayBack
    _check_reason(code, reason_code, action_code)
    said = said_since_dispute(row)
    if REFUSED in said:
        raise AlreadyRefused
    if code in ONCE and code in said:
        raise AlreadyAnswered(code=code)
    content = cdar.render(
        answer_message(
            row,
            code,
            reason_code=reason_code,
            reason=reason.strip()[:300],
            action_code=action_code,
            amount=amount,
            paid_on=paid_on,
            at=at,
        )
    )
    answer: SupplierAnswer = SupplierAnswer.everywhere.create(
        company_id=row.company_id,
        document=row,
        account_id=row.account_id,
        code=code,
        reason_code=reason_code,
        reason=reason.strip()[:300],
        action_code=action_code,
        amount=amount,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        tracking_id=uuid.uuid4().hex,
        next_attempt_at=at,
        created_at=at,
    )
    data = {"code": code, "label": lifecycle.label(code), "reason_code": reason_code}
    also = [one for one in (row, row.purchase) if one is not None]
    audit.record("einvoicing.answer.queued", subject=answer, also=also, actor=actor, at=at, seal=True, data=data)
    return answer


@transaction.atomic
def refuse_document(
    *, document: ReceivedDocument, reason_code: str, reason: str, actor: Actor, at: datetime
) -> SupplierAnswer:
    """210 for what is no purchase yet: the document is set aside with it. Raises as `answer_supplier`."""
    answer = answer_supplier(
        document=document, code=REFUSED, reason_code=reason_code, reason=reason, actor=actor, at=at
    )
    why = f"{lifecycle.reason(reason_code)} {reason}".strip()
    set_aside(document=document, reason=why, actor=actor, at=at)
    return answer


def documents_of(purchase: PurchaseInvoice, code: str) -> Iterable[ReceivedDocument]:
    """Those of a purchase whose platform takes the status. One query."""
    rows = ReceivedDocument.everywhere.filter(purchase=purchase, status=ReceivedStatus.RECORDED)
    return [row for row in rows.select_related("account", "company", "purchase") if takes(row, code)]


def answer_for_purchase(
    *,
    purchase: PurchaseInvoice,
    code: str,
    reason_code: str = "",
    reason: str = "",
    amount: Decimal | None = None,
    paid_on: date | None = None,
    actor: Actor,
    at: datetime,
) -> list[SupplierAnswer]:
    """What a fact of the purchase says to its supplier. What was said once is not said again, and nothing after 210."""
    answers = []
    for document in documents_of(purchase, code):
        try:
            answers.append(
                answer_supplier(
                    document=document,
                    code=code,
                    reason_code=reason_code,
                    reason=reason,
                    amount=amount,
                    paid_on=paid_on,
                    actor=actor,
                    at=at,
                )
            )
        except (AlreadyAnswered, AlreadyRefused):
            continue  # the books go on: a person said it before, from the document's page
    return answers


def _check_reason(code: str, reason_code: str, action_code: str) -> None:
    problems: dict[str, str] = {}
    allowed = lifecycle.REASONS_OF.get(code, ())
    if lifecycle.STATUSES[code].reason_required and not reason_code:
        problems["reason_code"] = "Choisissez un motif : la norme l’exige pour ce statut."
    elif reason_code and reason_code not in allowed:
        problems["reason_code"] = "Ce motif n’est pas de la liste officielle de ce statut."
    if action_code and action_code not in lifecycle.ACTIONS:
        problems["action_code"] = "Cette action n’est pas de la liste officielle."
    if problems:
        raise Invalid(fields=problems)
