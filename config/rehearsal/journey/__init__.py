"""The main job told from end to end on the running database: from a new customer to money in the bank.

Each step does one thing through the services, checks what was promised, and says what was written. The figures are
those of the product's first specification: 10 × 100.00 at 20 % → 1,000.00 / 200.00 / 1,200.00.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from config.kernel.scope import company_scope
from config.rehearsal.journey.late_payer import remind_late_payer
from config.rehearsal.journey.other_buyers import sell_to_individual, sell_to_public_body
from config.rehearsal.journey.proof import empty_queue, prove
from config.rehearsal.journey.receipts import be_paid_in_two
from config.rehearsal.journey.sale import an_organisation, check_document, check_mail, sell, wait_for_statuses
from config.rehearsal.journey.scene import a_product, found, leave_account_as_configured
from config.rehearsal.journey.steps import Journey, PromiseBroken
from einvoicing.sandbox.server import SandboxServer

__all__ = ["Journey", "PromiseBroken", "platform", "run"]


def run(*, platform_url: str, report: Callable[[dict[str, Any]], None]) -> Journey:
    """Run the whole story once. Raises PromiseBroken, or whatever a service refuses."""
    journey = Journey(report)
    company = found(journey, platform_url)
    with company_scope(company):
        try:
            product = a_product(journey, company)
            remind_late_payer(journey, company)
            customer = an_organisation(journey, company)
            invoice = sell(journey, customer, product)
            check_document(journey, invoice)
            check_mail(journey, invoice)
            wait_for_statuses(journey, "platform", company, invoice)
            be_paid_in_two(journey, company, invoice)
            sell_to_public_body(journey, company)
            sell_to_individual(journey, company)
            empty_queue(journey, company)
        finally:
            leave_account_as_configured(company)
        prove(journey, company)
    return journey


@contextmanager
def platform() -> Iterator[str]:
    """The simulated platform's address: the running one's, else one started for this run alone."""
    url = settings.SANDBOX_URL
    parts = urlsplit(url)
    with socket.socket() as probe:
        probe.settimeout(1)
        answers = probe.connect_ex((parts.hostname or "127.0.0.1", parts.port or 80)) == 0
    if answers:
        yield url
        return
    server = SandboxServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.address
    finally:
        server.shutdown()
        server.server_close()
