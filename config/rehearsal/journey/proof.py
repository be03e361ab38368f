"""The end of the story: nothing waits, no number is missing, the chain is whole."""

from __future__ import annotations

from django.utils import timezone

from billing.models import Invoice
from config.kernel import chain
from config.kernel.models import AuditChain, Company
from config.rehearsal.journey.steps import Journey, promise, wait
from einvoicing.models import Transmission
from einvoicing.services.transmissions import TRANSMISSIONS


def empty_queue(journey: Journey, company: Company) -> None:
    """The late payer's invoice of two months ago went to the platform too: the queue is empty."""

    def empty() -> bool:
        TRANSMISSIONS.sweep()
        waiting = Transmission.objects.filter(status__in=["PENDING", "SENDING", "UNKNOWN"])
        return not waiting.exists()

    wait("the queue to be empty", empty)
    journey.step("queue", waiting=0, company=company.pk)


def prove(journey: Journey, company: Company) -> None:
    numbers = list(
        Invoice.objects.issued().filter(number__startswith="FAC").order_by("number").values_list("number", flat=True)
    )
    serials = [int(number.rsplit("-", 1)[1]) for number in numbers if f"-{timezone.now().year}-" in number]
    promise(serials == list(range(serials[0], serials[0] + len(serials))), "no gap in the numbers")
    breaks = [str(found) for found in chain.verify(company)]
    promise(not breaks, f"the chain of facts is intact: {breaks}")
    head = AuditChain.objects.get(company=company)
    journey.step("audit", numbers=numbers, events=head.length, head=head.head, chain="intact")
