"""What the finance orchestrator says and takes."""

from __future__ import annotations

from rest_framework import serializers

from billing.api.invoices.shapes import InvoiceShape
from config.api.dashboard_shapes import FiguresShape
from config.kernel.api.fields import Body, Id, Moment, Money, Query
from config.pages.operations import jobs
from config.runtime import heartbeats
from einvoicing.api.platforms import ACCOUNT_STATES

QUEUES, JOB_STATES = jobs.QUEUES, jobs.STATES
JOB_KINDS = tuple(sorted(source.kind for source in jobs.SOURCES))
SOURCES = ("revolut", "invoice_ninja", "platforms", "all")
HEALTH = ("ok", "unreachable")


class WorkerShape(serializers.Serializer):
    """The process that works on a queue, or the clock that wakes them all."""

    state = serializers.ChoiceField(
        heartbeats.STATES, help_text="`stopped`: gives no sign of life; `stuck`: lives, and takes no task."
    )
    since = Moment(allow_null=True, help_text="Since when it does not work; null while it does, or if it never did.")
    seen_at = Moment(allow_null=True)
    busy = serializers.IntegerField(help_text="Tasks at work.")
    remedy = serializers.CharField(help_text="What to do; '' while it works.")


class QueueShape(serializers.Serializer):
    """A queue that has work."""

    queue = serializers.ChoiceField(jobs.AT_WORK)
    concurrency = serializers.IntegerField(help_text="How many of its tasks are done at a time.")
    tries = serializers.IntegerField(help_text="How often a job is tried before somebody must look.")
    worker = WorkerShape()
    clock = WorkerShape()
    waiting = serializers.IntegerField()
    active = serializers.IntegerField()
    completed = serializers.IntegerField()
    failed = serializers.IntegerField(help_text="Somebody has to look.")
    broker_length = serializers.IntegerField(allow_null=True, help_text="null when the broker cannot be reached.")


class Amount(serializers.Serializer):
    count = serializers.IntegerField()
    amount = Money()


class Overdue(Amount):
    oldest_due_date = serializers.DateField(allow_null=True)


class Billed(serializers.Serializer):
    gross = Money()
    net = Money()


class PlatformState(serializers.Serializer):
    id = Id()
    name = serializers.CharField()
    state = serializers.ChoiceField(ACCOUNT_STATES)
    last_error = serializers.CharField()


class SystemShape(serializers.Serializer):
    database = serializers.ChoiceField(HEALTH)
    broker = serializers.ChoiceField(HEALTH, help_text="Without it the sweeps wait; nothing is lost.")
    einvoicing_enabled = serializers.BooleanField()
    platforms = PlatformState(many=True)
    queues = QueueShape(many=True)


class DashboardShape(serializers.Serializer):
    """The figures of the home page as numbers, as of today, and those of the dashboard, as of the day asked for.

    All taxes are included where it is not said. Amounts are in the currency of the books, what is in another one at the
    rate that its invoice or its day froze.
    """

    date = serializers.DateField()
    due = Amount(help_text="Issued and not settled: what remains to be paid.")
    overdue = Overdue()
    drafts = Amount(help_text="`amount`: of those in the currency of the books.")
    received_this_month = Amount()
    billed_this_month = Billed()
    figures = FiguresShape()
    system_status = SystemShape()


class JobQuery(Query):
    queue = serializers.ChoiceField(QUEUES, required=False)
    state = serializers.ChoiceField(JOB_STATES, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=200, default=100)
    cursor = serializers.CharField(required=False, max_length=200, help_text="From the `Link` header, as it is.")


class JobShape(serializers.Serializer):
    """A job is a row: `kind` says of which resource `id` is."""

    queue = serializers.ChoiceField(QUEUES)
    kind = serializers.ChoiceField(JOB_KINDS)
    id = Id()
    state = serializers.ChoiceField(JOB_STATES)
    attempts = serializers.IntegerField()
    last_error = serializers.CharField()
    next_attempt_at = Moment(allow_null=True)
    created_at = Moment()


class JobRetryBody(Body):
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class SyncBody(Body):
    source = serializers.ChoiceField(SOURCES)


class SyncResult(serializers.Serializer):
    source = serializers.CharField()
    messages = serializers.IntegerField(help_text="How many were new.")
    problem = serializers.CharField(
        help_text="Why it could not be read, or what could not be kept of it; '' when all was."
    )


class SyncAnswer(serializers.Serializer):
    job_id = Id(help_text="As `job.completed` and `job.failed` name it.")
    forced = serializers.BooleanField(help_text="Always true: no pause between two readings was waited for.")
    source = serializers.ChoiceField(SOURCES)
    synced = serializers.IntegerField()
    results = SyncResult(many=True)


class OutcomeShape(serializers.Serializer):
    job_id = Id(help_text="As `job.completed` and `job.failed` name it.")
    matched = serializers.IntegerField(help_text="Bank lines that became payments.")
    proposed = serializers.IntegerField(help_text="Lines for a person to decide.")
    left = serializers.IntegerField(help_text="Lines nothing speaks for.")


class WorkflowShape(serializers.Serializer):
    invoice = InvoiceShape()
    emailed_to = serializers.ListField(child=serializers.CharField())
    transmission_id = Id(allow_null=True, help_text="null where no platform takes it by itself.")
    job_id = Id(help_text="`job.completed` or `job.failed` tells whether message and transmission went.")
