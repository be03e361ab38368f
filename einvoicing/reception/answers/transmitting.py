"""Carrying our answers to the platform that brought the document, and what it says of them.

As files by the durable queue (`einvoicing.services.carrying`), or by a call where the platform has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from django.db import transaction

from config.kernel.actor import Actor
from config.kernel.errors import DomainError, RemoteError, TransitionRefused
from config.kernel.isolating import treat_each
from config.kernel.models import CompanyRow
from config.kernel.queue import Queue
from einvoicing.models import AnswerStatus, PlatformAccount, SupplierAnswer
from einvoicing.platforms.answers import Acknowledgement, AckStatus, Receipt
from einvoicing.platforms.base import BuyerPlatform, Deposit, Platform
from einvoicing.services.carrying import LEASE, Carrier, Tags
from einvoicing.services.verdicts import official_verdict

MOST_ASKED = 50


class PaymentTakenBack(DomainError):
    code = "payment_taken_back"
    message = "Ce règlement a été repris depuis : il n’y a plus rien à en dire au fournisseur."


def _deposit(answer: SupplierAnswer) -> Deposit:
    return Deposit(
        data=bytes(answer.content),
        name=f"{answer.document_id}_{answer.code}_{answer.pk}.xml",
        syntax="CDAR",
        tracking_id=answer.tracking_id,
        sha256=answer.sha256,
        processing_rule="B2B",
    )


def _tell(platform: Platform, answer: SupplierAnswer) -> Receipt | None:
    """By the platform's own call, where it has one: the same status told twice is one, nothing is asked about."""
    if not platform.capabilities.tells_suppliers:
        return None
    by_call = cast(BuyerPlatform, platform)
    return by_call.tell_supplier(answer.document.remote_id, answer.code, answer.reason_code, answer.reason)


def _also(answer: SupplierAnswer) -> list[CompanyRow]:
    purchase = answer.document.purchase
    return [answer.document, *([purchase] if purchase else [])]


def _data(answer: SupplierAnswer) -> Mapping[str, Any]:
    return {"code": answer.code, "label": answer.label}


CARRIER: Carrier[SupplierAnswer] = Carrier(
    rows=SupplierAnswer,
    related=("document",),
    actor=Actor.system("réponses aux fournisseurs"),
    tags=Tags(
        claimed="einvoicing.answer.claimed",
        deposited="einvoicing.answer.deposited",
        invalid="einvoicing.answer.invalid",
        postponed="einvoicing.answer.postponed",
        in_doubt="einvoicing.answer.in_doubt",
        given_up="einvoicing.answer.given_up",
    ),
    judge=official_verdict,
    deposit=_deposit,
    also=_also,
    data=_data,
    by_call=_tell,
)
ANSWERS: Queue[SupplierAnswer] = Queue(
    name="réponses aux fournisseurs", due=CARRIER.due, take=CARRIER.take, work=CARRIER.carry, lease=LEASE, leaves=True
)


def read_verdicts(account: PlatformAccount, platform: Platform, at: datetime) -> None:
    """What the platform says of the answers it has: taken, or refused."""
    rows = SupplierAnswer.objects.filter(account=account, status=AnswerStatus.DEPOSITED)
    rows = rows.select_related("account", "document__purchase").order_by("watched_at", "id")

    def read(answer: SupplierAnswer) -> None:
        SupplierAnswer.objects.filter(pk=answer.pk).update(watched_at=at)
        _record_verdict(answer, platform.acknowledgement(answer.remote_id), at)

    if platform.capabilities.tells_suppliers:
        # it answered at once, and gives no file to ask about
        treat_each(rows[:MOST_ASKED], lambda answer: _accept(answer, at), loop=ANSWERS.name, at=at)
        return
    # a platform that does not answer ends the reading; a verdict that cannot be written down concerns its answer
    treat_each(rows[:MOST_ASKED], read, loop=ANSWERS.name, at=at, passing=(RemoteError,))


def _accept(answer: SupplierAnswer, at: datetime) -> None:
    actor = Actor.platform(answer.account.name)
    CARRIER.move(
        answer, AnswerStatus.ACCEPTED, "einvoicing.answer.accepted", at, actor=actor, answered_at=at, last_error=""
    )


def _record_verdict(answer: SupplierAnswer, verdict: Acknowledgement, at: datetime) -> None:
    if verdict.status == AckStatus.OK:
        _accept(answer, at)
    elif verdict.status == AckStatus.ERROR:
        sentence = "; ".join(f"{one.reason_code} {one.reason_message}".strip() for one in verdict.details)
        CARRIER.move(
            answer,
            AnswerStatus.REJECTED,
            "einvoicing.answer.rejected",
            at,
            actor=Actor.platform(answer.account.name),
            data={"error": sentence},
            answered_at=at,
            last_error=sentence[:1000],
        )
    elif verdict.status == AckStatus.UNKNOWN:
        sentence = f"La plateforme répond par un état inconnu : {verdict.raw_status}"
        SupplierAnswer.objects.filter(pk=answer.pk).update(last_error=sentence[:1000])


@transaction.atomic
def retry_answer(*, answer: SupplierAnswer, actor: Actor, at: datetime) -> None:
    """A person sends again what stopped. One that was rejected goes as another message.

    Raises TransitionRefused, PaymentTakenBack.
    """
    if not answer.can_retry:
        raise TransitionRefused(state=answer.get_status_display())
    purchase = answer.document.purchase
    if answer.amount and answer.amount > 0 and purchase is not None and purchase.amount_paid < answer.amount:
        raise PaymentTakenBack
    CARRIER.move(
        answer,
        AnswerStatus.PENDING,
        "einvoicing.answer.retried",
        at,
        actor=actor,
        attempts=0,
        next_attempt_at=at,
        last_error="",
        error_class="",
        violations=[],
    )
