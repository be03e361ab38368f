"""Carrying our answers to the platform that brought the document, on the durable queue, and what it says of them."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.errors import RemoteError, TransitionRefused
from config.kernel.isolating import treat_each
from config.kernel.queue import DELAYS, FREE, Clock, Queue, backoff, held
from config.kernel.secrets import SecretUnreadable
from einvoicing.models import AnswerStatus, ErrorClass, PlatformAccount, SupplierAnswer
from einvoicing.platforms.answers import Acknowledgement, AckStatus, Receipt
from einvoicing.platforms.base import BuyerPlatform, Deposit, Platform
from einvoicing.platforms.registry import connect
from einvoicing.services import breaker
from einvoicing.services.routing import settings_of
from einvoicing.services.verdicts import ENGINE, official_verdict
from einvoicing.validation.report import Report as Verdict

LEASE = timedelta(seconds=settings.TRANSMISSION_LEASE_SECONDS)
QUEUE = Actor.system("réponses aux fournisseurs")
SYNTAX, RULE = "CDAR", "B2B"
MOST_ASKED = 50


class _NotValid(Exception):
    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__()


def due(at: datetime) -> QuerySet[SupplierAnswer]:
    """Those whose time has come, with those whose carrier has died; of no platform that is suspended or offline."""
    rows = SupplierAnswer.everywhere.filter(
        status__in=[AnswerStatus.PENDING, AnswerStatus.UNKNOWN, AnswerStatus.SENDING], next_attempt_at__lte=at
    )
    return rows.filter(breaker.passable(at=at)).select_related("account", "document").order_by("next_attempt_at", "id")


def take(row: SupplierAnswer, at: datetime) -> bool:
    """Write down that it is in hand. False while the account lets another go first."""
    if not breaker.take_turn(row, at=at, lease=LEASE):
        return False
    if row.status != AnswerStatus.SENDING:
        _move(row, AnswerStatus.SENDING, "einvoicing.answer.claimed", at)
    return True


def transmit_answer(answer: SupplierAnswer, now: Clock) -> SupplierAnswer:
    """Take one claimed answer to its platform and record what came of it. No transaction is open meanwhile."""
    try:
        with closing(connect(settings_of(answer.account, at=now()))) as platform:
            receipt = _talk(platform, answer, now)
    except _NotValid as error:
        return _record_invalid(answer, error.verdict, at=now())
    except SecretUnreadable as error:
        failure = RemoteError(str(error), retryable=False, code=error.code)
    except RemoteError as error:
        failure = error
    else:
        return answer if receipt is None else _record_receipt(answer, receipt, at=now())
    return _record_failure(answer, failure, at=now())


def _talk(platform: Platform, answer: SupplierAnswer, now: Clock) -> Receipt | None:
    """Ask first when in doubt, and send what the platform does not have. None when the lease was lost."""
    if platform.capabilities.tells_suppliers:
        # the same status told twice is one: nothing to ask about
        return cast(BuyerPlatform, platform).tell_supplier(
            answer.document.remote_id, answer.code, answer.reason_code, answer.reason
        )
    if answer.in_doubt:
        found = _find(platform, answer)
        if found:
            return found
        answer.in_doubt = False
    _check(bytes(answer.content))
    with held(answer, status=AnswerStatus.SENDING) as mine:
        if mine is None:
            return None
        # written before the file leaves: who dies now leaves an answer that is asked about, not sent twice
        SupplierAnswer.everywhere.filter(pk=answer.pk).update(in_doubt=True, lease_until=now() + LEASE)
        answer.in_doubt = True
    return platform.deposit(
        Deposit(
            data=bytes(answer.content),
            name=f"{answer.document_id}_{answer.code}_{answer.pk}.xml",
            syntax=SYNTAX,
            tracking_id=answer.tracking_id,
            sha256=answer.sha256,
            processing_rule=RULE,
        )
    )


def _find(platform: Platform, answer: SupplierAnswer) -> Receipt | None:
    """What the platform has of it. A look-up that fails tells nothing: the doubt stays, whatever was answered."""
    try:
        return platform.find(answer.tracking_id)
    except RemoteError as error:
        error.outcome_unknown = True
        raise


def _check(data: bytes) -> None:
    """Raises _NotValid, and RemoteError where the judge itself cannot be reached: no verdict, tried again."""
    verdict = official_verdict(data)
    if verdict.valid:
        return
    if ENGINE in verdict.rules:
        raise RemoteError("Le contrôle officiel ne répond pas.", retryable=True, code="engine_unreachable")
    raise _NotValid(verdict)


def _move(
    row: SupplierAnswer, to: AnswerStatus, tag: str, at: datetime, *, actor: Actor = QUEUE, **changes: Any
) -> None:
    also = [one for one in (row.document, row.document.purchase) if one is not None]
    data = {"code": row.code, "label": row.label, **changes.pop("data", {})}
    states.move(row, to, tag=tag, actor=actor, at=at, also=also, data=data, **changes)


def _record_receipt(answer: SupplierAnswer, receipt: Receipt, *, at: datetime) -> SupplierAnswer:
    with held(answer, status=AnswerStatus.SENDING) as mine:
        if mine is not None:
            breaker.note_success(answer.account)
            _move(
                answer,
                AnswerStatus.DEPOSITED,
                "einvoicing.answer.deposited",
                at,
                data={"platform": answer.account.name},
                remote_id=receipt.remote_id,
                in_doubt=False,
                deposited_at=at,
                last_error="",
                error_class="",
                **FREE,
            )
    return answer


def _record_invalid(answer: SupplierAnswer, verdict: Verdict, *, at: datetime) -> SupplierAnswer:
    """The official rules refuse the message: nothing was sent, and a person is asked to look."""
    broken = [{"rule": one.rule, "severity": one.severity, "text": one.text} for one in verdict.violations]
    with held(answer, status=AnswerStatus.SENDING) as mine:
        if mine is not None:
            _move(
                answer,
                AnswerStatus.INVALID,
                "einvoicing.answer.invalid",
                at,
                data={"rules": sorted(verdict.rules)},
                violations=broken,
                last_error=verdict.fatal[0].text[:1000] if verdict.fatal else "",
                error_class=ErrorClass.VALIDATION,
                in_doubt=False,
                **FREE,
            )
    return answer


def _record_failure(answer: SupplierAnswer, error: RemoteError, *, at: datetime) -> SupplierAnswer:
    """A failed try, and when the next one is due; given up (DEAD) when none may help."""
    with held(answer, status=AnswerStatus.SENDING) as mine:
        if mine is None:
            return answer
        breaker.note_failure(answer.account, error, at=at)
        attempts = answer.attempts + 1
        # what the platform answered tells that it did not take it; only silence leaves a doubt
        in_doubt = answer.in_doubt and error.outcome_unknown
        status, tag, wait = (
            AnswerStatus.PENDING,
            "einvoicing.answer.postponed",
            backoff(attempts, retry_after=error.retry_after),
        )
        if not (error.retryable or error.outcome_unknown) or attempts > len(DELAYS):
            status, tag = AnswerStatus.DEAD, "einvoicing.answer.given_up"
        elif in_doubt:
            status, tag, wait = AnswerStatus.UNKNOWN, "einvoicing.answer.in_doubt", max(LEASE, wait)
        _move(
            answer,
            status,
            tag,
            at,
            data={"error": error.message, "attempt": attempts},
            in_doubt=in_doubt,
            attempts=attempts,
            next_attempt_at=at + wait,
            last_error=error.message[:1000],
            error_class=breaker.class_of(error),
            **FREE,
        )
    return answer


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
    _move(answer, AnswerStatus.ACCEPTED, "einvoicing.answer.accepted", at, actor=actor, answered_at=at, last_error="")


def _record_verdict(answer: SupplierAnswer, verdict: Acknowledgement, at: datetime) -> None:
    if verdict.status == AckStatus.OK:
        _accept(answer, at)
    elif verdict.status == AckStatus.ERROR:
        sentence = "; ".join(f"{one.reason_code} {one.reason_message}".strip() for one in verdict.details)
        _move(
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
    """A person sends again what stopped. One that was rejected goes as another message. Raises TransitionRefused."""
    if not answer.can_retry:
        raise TransitionRefused(state=answer.get_status_display())
    _move(
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


ANSWERS: Queue[SupplierAnswer] = Queue(
    name="réponses aux fournisseurs", due=due, take=take, work=transmit_answer, lease=LEASE
)
