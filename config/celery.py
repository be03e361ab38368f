"""Celery: the alarm clock. The rows are the queues; tasks only wake the sweeps, and losing one loses nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from celery import Celery, signals
from celery.schedules import crontab
from django.conf import settings
from kombu import Queue
from kombu.transport import TRANSPORT_ALIASES
from structlog.contextvars import bind_contextvars, clear_contextvars

from config.kernel.logs import adopt_request_id, current_request_id
from config.kernel.tries import DOCUMENT_TRIES, MESSAGE_TRIES, OCR_TRIES, RECEIVED_TRIES
from config.runtime import beating, embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# before the first setting is read: without URLs the embedded services give theirs
embedded.ensure()


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """A queue, and the one process that works on it (config/runtime/workers.py).

    concurrency: how many of its tasks that process does at a time, each in a thread.
    tries: how often one of its rows is tried before a person must look; the pauses between are the rows' own.
    tasks: what runs there, by name or pattern; a queue without any has no worker and is shown nowhere.
    """

    name: str
    concurrency: int
    tries: int
    tasks: tuple[str, ...] = ()

    def worker(self) -> list[str]:
        """The arguments of its `celery worker`."""
        return [
            *("worker", "--queues", self.name, "--hostname", f"{self.name}@%h"),
            *("--pool", "threads", "--concurrency", str(self.concurrency)),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ]


QUEUES = (
    WorkQueue(
        "invoice_processing",
        5,
        DOCUMENT_TRIES,
        ("einvoicing.prepare", "einvoicing.transmit", "operations.*", "kernel.run_bulk", "kernel.run_imports"),
    ),
    # a page takes seconds of both processors: nothing else waits behind scans
    WorkQueue("ocr_processing", 2, OCR_TRIES, ("einvoicing.read_scans",)),
    # what is not matched waits for the next hour: nothing is given up
    WorkQueue("reconciliation", 1, 1, ("payments.reconcile", "payments.import_uploads")),
    WorkQueue(
        "notifications",
        10,
        MESSAGE_TRIES,
        (
            "payments.remind",
            "payments.deliver_reminders",
            "billing.*",
            "kernel.deliver_webhooks",
            "kernel.deliver_account_mails",
        ),
    ),
    WorkQueue(
        "sync",
        3,
        RECEIVED_TRIES,
        (
            "einvoicing.poll",
            "einvoicing.compare",
            "einvoicing.receive",
            "einvoicing.read_received",
            "einvoicing.compare_received",
            "einvoicing.report",
            "payments.read_feeds",
            "payments.follow_checkouts",
            "payments.read_payouts",
            "payments.fold_sums",
            "payments.letter_allocations",
            "kernel.*",
        ),
    ),
)
QUEUES_AT_WORK = tuple(queue for queue in QUEUES if queue.tasks)
BEAT = "beat"


def _broker(url: str) -> str:
    return url.replace("unix://", "redis+socket://", 1)


# an address names its transport by an alias alone
TRANSPORT_ALIASES.update(redis="config.runtime.broker:Transport", rediss="config.runtime.broker:Transport")
app = Celery("quittance", broker=_broker(settings.REDIS_URL))
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_default_queue="sync",
    task_queues=[Queue(queue.name) for queue in QUEUES_AT_WORK],
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_soft_shutdown_timeout=8.0,
    broker_connection_retry_on_startup=True,
    # 100 by default, after which worker and beat would end
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": 600,
        # an alarm that cannot be set is not waited for: beat sets the next one, and the rows stay due
        "socket_timeout": 0.5,
        "socket_connect_timeout": 0.5,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0,
    },
    task_publish_retry=False,
    timezone="Europe/Paris",
    task_routes={task: {"queue": queue.name} for queue in QUEUES_AT_WORK for task in queue.tasks},
    beat_scheduler="config.runtime.beating:Scheduler",
    beat_schedule={
        # make the legal files that e-mails wait for
        "prepare": {"task": "einvoicing.prepare", "schedule": 10.0},
        # carry what waits
        "transmit": {"task": "einvoicing.transmit", "schedule": 10.0},
        # read the platforms' statuses
        "poll-platforms": {"task": "einvoicing.poll", "schedule": 15.0},
        # compare the platforms' lists with ours
        "compare": {"task": "einvoicing.compare", "schedule": crontab(minute=10)},
        # fetch what suppliers sent: platforms, folders, mailboxes
        "receive": {"task": "einvoicing.receive", "schedule": 60.0},
        # read the documents that came
        "read-received": {"task": "einvoicing.read_received", "schedule": 10.0},
        # those that are pictures
        "read-scans": {"task": "einvoicing.read_scans", "schedule": 10.0},
        # compare what the platforms list for us with what we have
        "compare-received": {"task": "einvoicing.compare_received", "schedule": crontab(minute=25)},
        # read again what e-reporting tells of each period, and make the reports that are due
        "report": {"task": "einvoicing.report", "schedule": crontab(minute=40)},
        # hand queued e-mails to the mail server
        "deliver-emails": {"task": "billing.deliver_emails", "schedule": 15.0},
        # the same for mails about people's accounts: somebody waits for the link
        "deliver-account-mails": {"task": "kernel.deliver_account_mails", "schedule": 5.0},
        # what came back undelivered
        "read-bounces": {"task": "billing.read_bounces", "schedule": crontab(minute="*/5")},
        # write down outside the database what happened
        "write-trail": {"task": "kernel.write_trail", "schedule": 60.0},
        # tell partner systems what happened
        "deliver-webhooks": {"task": "kernel.deliver_webhooks", "schedule": 5.0},
        # apply what other systems told us
        "apply-received": {"task": "kernel.apply_received", "schedule": 5.0},
        # acts on many rows that somebody asked for
        "run-bulk": {"task": "kernel.run_bulk", "schedule": 3.0},
        # lists from other software
        "run-imports": {"task": "kernel.run_imports", "schedule": 3.0},
        # what has served its time
        "forget": {"task": "kernel.forget", "schedule": crontab(hour=3, minute=40)},
        # reminders that wait for the mail server, each guarded again
        "deliver-reminders": {"task": "payments.deliver_reminders", "schedule": 30.0},
        # read the services that feed the bank, each every quarter of an hour at most
        "read-feeds": {"task": "payments.read_feeds", "schedule": crontab(minute="*/5")},
        # large statement files that somebody sent
        "import-uploads": {"task": "payments.import_uploads", "schedule": 5.0},
        # payments by card whose message did not come
        "follow-checkouts": {"task": "payments.follow_checkouts", "schedule": 60.0},
        # the transfers of payment providers, each account every hour at most
        "read-payouts": {"task": "payments.read_payouts", "schedule": crontab(minute="*/20")},
        # what was owed, received and billed, by day and month
        "fold-sums": {"task": "payments.fold_sums", "schedule": 20.0},
        # what documents settled since, and what came apart
        "letter-allocations": {"task": "payments.letter_allocations", "schedule": 30.0},
        # match new bank lines, company by company
        "reconcile": {"task": "payments.reconcile", "schedule": crontab(minute=5)},
        # what became overdue, once each
        "announce-overdue": {"task": "billing.announce_overdue", "schedule": crontab(hour=9, minute=0)},
        # what of charges paid in advance belongs to the months that are over
        "spread-charges": {"task": "billing.spread_charges", "schedule": crontab(hour=4, minute=20)},
        # the end of the jobs that were asked for
        "finish-jobs": {"task": "operations.finish_jobs", "schedule": 15.0},
        # chains, files, stamps, backup and rehearsal: each once a night, the last once a month
        "safekeep": {"task": "operations.safekeep", "schedule": crontab(minute=15)},
        # reminders, each guarded again at the moment of sending
        "remind": {"task": "payments.remind", "schedule": crontab(hour=9, minute=0)},
        # a task that does nothing, by which each worker shows that it takes its tasks
        **{
            f"pulse-{queue.name}": {"task": "kernel.pulse", "schedule": 10.0, "options": {"queue": queue.name}}
            for queue in QUEUES_AT_WORK
        },
    },
)
for entry in app.conf.beat_schedule.values():
    # an alarm that nobody took is gone before the next: behind a worker that was away none has piled up
    often = isinstance(entry["schedule"], float)
    entry.setdefault("options", {})["expires"] = entry["schedule"] if often else 240
app.autodiscover_tasks()


@signals.before_task_publish.connect
def _send_request_id(headers: dict[str, Any] | None = None, **_kwargs: Any) -> None:
    if headers is not None and current_request_id():
        headers["request_id"] = current_request_id()


@signals.task_prerun.connect
def _adopt_request_id(task: Any = None, **_kwargs: Any) -> None:
    clear_contextvars()
    adopt_request_id(str(getattr(task.request, "request_id", None) or ""))
    bind_contextvars(task=task.name)


@signals.celeryd_after_setup.connect
def _begin_worker_heartbeat(instance: Any = None, **_kwargs: Any) -> None:
    beating.begin(*app.amqp.queues.consume_from, threads=instance.concurrency)


@signals.beat_init.connect
def _begin_beat_heartbeat(**_kwargs: Any) -> None:
    # under no name: the one that rings takes it
    beating.begin(threads=0)


@signals.setup_logging.connect
def _keep_django_logging(**_kwargs: Any) -> None:
    """Connecting is enough: Celery then leaves the logging that Django has set up."""
