"""`/metrics`: the state of the queue for whoever watches the service, over all companies, in Prometheus's format.

It names no company and no customer. Asked with the METRICS_TOKEN of the settings as a Bearer token, or by a superuser.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from billing.models import Email, InvoiceDocument
from config.kernel.scope import across_companies
from config.runtime import heartbeats
from einvoicing.models import Attempt, LifecycleEvent, PlatformAccount, RemoteDocument, Transmission
from einvoicing.services import compliance

WINDOW = timedelta(days=30)


class QueueCollector(Collector):
    """Read from the database when asked, so that every web process tells the same."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def collect(self) -> Iterator[Metric]:
        since = self._at - WINDOW
        yield from self._queue()
        yield _family(
            "quittance_transmissions_stopped_30d",
            "Transmissions with an error, by kind of error",
            "error_class",
            compliance.failures_by_class(Transmission.everywhere.all(), since=since),
        )
        tries = compliance.tries(Attempt.everywhere.all(), since=since)
        yield _family(
            "quittance_attempts_30d",
            "Attempts to reach a platform, by outcome",
            "outcome",
            [(outcome or "open", count) for outcome, count in sorted(tries.items())],
        )
        rejections = GaugeMetricFamily(
            "quittance_rejections_30d", "Invoices refused or rejected", labels=["code", "reason"]
        )
        for code, reason, count in compliance.refusals_by_reason(LifecycleEvent.everywhere.all(), since=since):
            rejections.add_metric([code, reason], count)
        yield rejections
        yield _family(
            "quittance_worker_up",
            "Whether a queue's worker, or the clock, works",
            "name",
            [(worker.name, worker.state == heartbeats.WORKING) for worker in heartbeats.workers(self._at)],
        )
        yield from self._documents(since)
        yield from self._platforms(since)

    def _queue(self) -> Iterator[Metric]:
        transmissions = Transmission.everywhere.order_by().values_list("status").annotate(count=Count("pk"))
        yield _family("quittance_transmissions", "Transmissions, by status", "status", transmissions)
        emails = Email.everywhere.order_by().values_list("status").annotate(count=Count("pk"))
        yield _family("quittance_emails", "E-mails, by status", "status", emails)
        oldest = Transmission.everywhere.filter(status__in=compliance.WAITING).aggregate(at=Min("created_at"))["at"]
        age = (self._at - oldest).total_seconds() if oldest else 0
        yield GaugeMetricFamily("quittance_queue_oldest_seconds", "Age of the oldest waiting transmission", value=age)
        unread = RemoteDocument.everywhere.exclude(problem="").filter(applied_at=None).count()
        yield GaugeMetricFamily(
            "quittance_messages_unread", "Messages of platforms that could not be read", value=unread
        )

    def _documents(self, since: datetime) -> Iterator[Metric]:
        files = GaugeMetricFamily("quittance_documents_30d", "Legal files made", labels=["format"])
        size = GaugeMetricFamily("quittance_document_bytes_mean", "Mean size of a legal file", labels=["format"])
        made = GaugeMetricFamily("quittance_document_seconds_mean", "Mean time to make and judge it", labels=["format"])
        for cost in compliance.by_format(InvoiceDocument.everywhere.all(), since=since):
            files.add_metric([cost.kind], cost.files)
            size.add_metric([cost.kind], cost.mean_bytes)
            if cost.mean_ms is not None:
                made.add_metric([cost.kind], cost.mean_ms / 1000)
        yield from (files, size, made)

    def _platforms(self, since: datetime) -> Iterator[Metric]:
        """By kind of platform: how many accounts are suspended, and the mean delay from the queue to the platform."""
        suspended: dict[str, int] = {}
        delays: dict[str, list[int]] = {}
        accounts = compliance.by_account(
            PlatformAccount.everywhere.all(), Transmission.everywhere.all(), since=since, at=self._at
        )
        for figures in accounts:
            suspended[figures.account.kind] = suspended.get(figures.account.kind, 0) + (figures.state == "suspended")
            if figures.delay is not None:
                delays.setdefault(figures.account.kind, []).append(figures.delay)
        yield _family("quittance_platforms_suspended", "Accounts whose circuit is open", "platform", suspended.items())
        means = [(kind, sum(found) / len(found)) for kind, found in delays.items()]
        yield _family("quittance_transmission_delay_seconds_mean", "Mean delay to the platform", "platform", means)


def _family(name: str, documentation: str, label: str, rows: Iterable[tuple[str, float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, documentation, labels=[label])
    for key, value in rows:
        family.add_metric([key], value)
    return family


@require_GET
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_read(request):
        return HttpResponse("metrics: a Bearer token or a superuser's session\n", status=403, content_type="text/plain")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(QueueCollector(timezone.now()))
    # counts and ages over all companies, none of them named
    with across_companies():
        return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN and hmac.compare_digest(token.encode(), settings.METRICS_TOKEN.encode()):
        return True
    return bool(request.user.is_authenticated and request.user.is_superuser)
