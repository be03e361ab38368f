"""All the sweeps in one call: what beat and the worker do, for a command line and for the journey."""

from __future__ import annotations

from billing.tasks import deliver_emails
from config.kernel.tasks import apply_received, deliver_account_mails, deliver_webhooks, run_bulk, run_imports
from config.pages.operations.finishing import finish_jobs
from einvoicing.tasks import poll, prepare, transmit
from payments.tasks import deliver_reminders, read_feeds


def sweep() -> dict[str, int]:
    """Run every queue's sweep once, here and now, without a broker."""
    return {
        "bulk": run_bulk(),
        "imports": run_imports(),
        "documents": prepare(),
        "transmissions": transmit(),
        "statuses": poll(),
        "feeds": read_feeds(),
        "emails": deliver_emails(),
        "account mails": deliver_account_mails(),
        "reminders": deliver_reminders(),
        "webhooks": deliver_webhooks(),
        "received": apply_received(),
        "jobs": finish_jobs(),
    }
