"""The finance orchestrator: figures, queues, jobs and forced sweeps (its workflows: workflows.py)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.invoice_sums import ZERO, invoice_sums
from config.api.dashboard import figures_for
from config.api.dashboard_shapes import DashboardQuery
from config.api.finance_shapes import (
    DashboardShape,
    JobQuery,
    JobRetryBody,
    JobShape,
    OutcomeShape,
    QueueShape,
    SyncAnswer,
    SyncBody,
)
from config.celery import QUEUES_AT_WORK
from config.kernel.api.circumstances import without_transaction
from config.kernel.api.documented import documented
from config.kernel.api.lists import BAD_CURSOR
from config.kernel.api.operation import operation
from config.kernel.api.refusals import NotAllowedHere
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.view import ApiView, Call
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid, RemoteError
from config.kernel.jobs import requested
from config.kernel.middleware import translated
from config.pages.figures import month
from config.pages.operations import jobs
from config.pages.settings.feeds import left_undone
from config.runtime import heartbeats
from einvoicing.models import PlatformAccount
from einvoicing.services.compliance import state_of
from einvoicing.services.polling import read_now
from payments.models import Feed, FeedKind
from payments.services.feeds.reading import feed_of, read_feed
from payments.services.reconciliation import reconcile

REASON_BY_API = "Relancé par API"


class NotConnected(DomainError):
    code = "not_connected"
    message = "La source « %(source)s » n’est pas reliée : importez le relevé du compte, ou reliez-la d’abord."


class FinanceView(ApiView):
    area = "finance"


class Dashboard(FinanceView):
    @operation(query=DashboardQuery, answer=DashboardShape)
    @documented(id="finance_dashboard")
    def get(self, request: Call) -> dict[str, Any]:
        """What is owed, late, received and billed this month, how the system does, and the figures of the dashboard."""
        today = local_day(request.at)
        found, sold = invoice_sums(today), month(today)
        return {
            "date": today,
            "due": {"count": found.due, "amount": found.due_total},
            "overdue": {"count": found.late, "amount": found.late_total, "oldest_due_date": found.oldest},
            "drafts": {"count": found.drafts, "amount": found.draft_totals.get(request.caller.company.currency, ZERO)},
            "received_this_month": {"count": sold.payments, "amount": sold.received},
            "billed_this_month": {"gross": sold.gross, "net": sold.net},
            "figures": figures_for(request.caller, request.query, today=today),
            "system_status": _system(request.at),
        }


def _system(at: datetime) -> dict[str, Any]:
    held = jobs.broker_lengths()
    accounts = PlatformAccount.objects.order_by("id")
    return {
        "database": "ok",
        "broker": "ok" if held is not None else "unreachable",
        "einvoicing_enabled": settings.ENABLE_EINVOICING,
        "platforms": [
            {"id": row.pk, "name": row.name, "state": state_of(row, at=at), "last_error": row.last_error}
            for row in accounts
        ],
        "queues": _queues(held, at),
    }


def _queues(held: dict[str, int] | None, at: datetime) -> list[dict[str, Any]]:
    counted = jobs.counts()
    *found, clock = heartbeats.workers(at)
    return [
        {
            "queue": queue.name,
            "concurrency": queue.concurrency,
            "tries": queue.tries,
            "worker": worker,
            "clock": clock,
            **counted[queue.name],
            "broker_length": held[queue.name] if held is not None else None,
        }
        for queue, worker in zip(QUEUES_AT_WORK, found, strict=True)
    ]


class Queues(FinanceView):
    @operation(answer=QueueShape, many=True)
    @documented(id="finance_queues")
    def get(self, request: Call) -> list[dict[str, Any]]:
        """The queues that have work, now, with who works on each.

        A worker or clock that gives no sign of life is told within half a minute. Jobs are counted from the company's
        own rows: transmissions to platforms, bank lines, messages to customers and partners, messages received.
        `broker_length` is of the whole installation: alarms, not work.
        """
        return _queues(jobs.broker_lengths(), request.at)


class JobList(FinanceView):
    @operation(query=JobQuery, answer=JobShape, many=True)
    @documented(id="finance_job_list")
    def get(self, request: Call) -> HttpResponseBase:
        """The jobs of the queues, the latest first. `Link` leads to the next ones."""
        query = request.query
        limit, after = query["limit"], _place(query["cursor"]) if "cursor" in query else None
        found = jobs.jobs(queue=query.get("queue", ""), state=query.get("state", ""), after=after, limit=limit + 1)
        response = self.answered(found[:limit], request)
        if len(found) > limit:
            following = request.query_params.copy()
            following["cursor"] = _cursor(found[limit - 1])
            address = request.build_absolute_uri(f"{request.path}?{following.urlencode()}")
            response["Link"] = f'<{address}>; rel="next"'
        return response


def _cursor(job: jobs.Job) -> str:
    return base64.urlsafe_b64encode(f"{job.created_at.isoformat()} {job.id}".encode()).decode()


def _place(cursor: str) -> jobs.Place:
    """Raises Invalid."""
    try:
        moment, _space, pk = base64.urlsafe_b64decode(cursor.encode()).decode("ascii").partition(" ")
        at, number = datetime.fromisoformat(moment), int(pk)
        if not (timezone.is_aware(at) and 1900 < at.year < 2200 and 0 < number < 2**63):
            raise ValueError
        at = at.astimezone(UTC)
    except (ValueError, OverflowError, binascii.Error):
        raise Invalid(fields={"cursor": BAD_CURSOR}) from None
    return at, number


class JobRetry(FinanceView):
    def find(self, **path: Any) -> tuple[jobs.Source, Any]:
        found = jobs.job_of(path["queue"], path["job_id"])
        if found is None:
            raise Http404
        return found

    @operation(action="einvoicing.send", body=JobRetryBody, answer=JobShape)
    @repeatable(OPTIONAL)
    @documented(id="finance_job_retry")
    def post(self, request: Call, queue: str, job_id: int) -> jobs.Job:
        """Send a failed job again: a transmission, a message to a customer, or a delivery to a partner (owners).

        Refused (409) in any other state, and for jobs that go on by themselves (`not_retried`).
        """
        source, row = self.find(queue=queue, job_id=job_id)
        if source.needs and not request.caller.may(source.needs):
            raise NotAllowedHere
        reason = request.values["reason"] or REASON_BY_API
        jobs.retry(source, row, reason=reason, actor=request.caller.actor, at=request.at)
        return jobs.job(source, row.pk)


# -- forced sweeps -------------------------------------------------------------------------------------------------


class Sync(FinanceView):
    @operation(action="bank.reconcile", body=SyncBody, answer=SyncAnswer)
    @without_transaction
    @documented(id="finance_sync")
    def post(self, request: Call) -> dict[str, Any]:
        """Read the connected sources now, however lately they were read (`forced`), without waiting for the clock.

        `platforms` reads the statuses of every active platform account; `revolut` and `invoice_ninja` the company's
        feed there, and then matches what came; `all` does both. One that fails does not stop the others: it says why in
        `problem`. 409 `not_connected` where the company has none of them. `sync.completed` tells of each source, and
        `job.completed` of the whole, or `job.failed` where no source could be read, with `job_id`.
        """
        source = request.values["source"]
        if not _is_connected(source):
            raise NotConnected(source=source)
        with requested("sync", queue="sync", **_who(request)) as (job, result):
            results = [*_platforms(source, request), *_feeds(source, request)]
            result |= {"source": source, "results": results}
            if all(found["problem"] for found in results):
                result["problem"] = results[0]["problem"]
        synced = sum(found["messages"] for found in results)
        return {"job_id": job.pk, "forced": True, "source": source, "synced": synced, "results": results}


def _who(request: Call) -> dict[str, Any]:
    return {"company": request.caller.company, "actor": request.caller.actor, "at": request.at}


def _accounts(source: str) -> QuerySet[PlatformAccount]:
    if source not in ("all", "platforms") or not settings.ENABLE_EINVOICING:
        return PlatformAccount.objects.none()
    return PlatformAccount.objects.filter(is_enabled=True, is_offline=False).order_by("id")


def _feeds_of(source: str) -> list[Feed]:
    found = [feed_of(kind) for kind in (FeedKind.values if source == "all" else [source])]
    return [feed for feed in found if feed is not None]


def _is_connected(source: str) -> bool:
    return _accounts(source).exists() or bool(_feeds_of(source))


def _platforms(source: str, request: Call) -> list[dict[str, Any]]:
    """What each platform gave."""
    if not _accounts(source).exists():
        return []
    return [
        {
            "source": found.account.name,
            "messages": found.applied,
            "problem": translated(found.problem) if found.problem else "",
        }
        for found in read_now(**_who(request))
    ]


def _feeds(source: str, request: Call) -> list[dict[str, Any]]:
    """What each feed gave; the bank lines that came are matched at once."""
    actor, at, results = request.caller.actor, request.at, []
    for feed in _feeds_of(source):
        try:
            found = read_feed(feed=feed, actor=actor, at=at)
            results.append({"source": str(feed), "messages": found, "problem": left_undone(feed, at)})
        except (RemoteError, DomainError) as error:
            results.append({"source": str(feed), "messages": 0, "problem": _(str(error))})
    if results:  # one that failed may have kept something before
        reconcile(company=request.caller.company, actor=actor, at=at)
    return results


class Reconciliation(FinanceView):
    @operation(action="bank.reconcile", answer=OutcomeShape)
    @without_transaction
    @documented(id="finance_reconcile")
    def post(self, request: Call) -> Any:
        """Match the open bank lines that the evidence proves, now. Safe to repeat: what is matched stays so."""
        with requested("reconciliation", queue="reconciliation", **_who(request)) as (job, result):
            outcome = reconcile(**_who(request))
            result |= asdict(outcome)
        return {"job_id": job.pk, **asdict(outcome)}
