"""Alarm clocks of the kernel: they wake the sweeps; the rows are the queues."""

from __future__ import annotations

from celery import shared_task

from config.kernel.inbound import applying
from config.kernel.webhooks.sending import drain


@shared_task(name="kernel.deliver_webhooks")
def deliver_webhooks() -> int:
    """Carry the messages to partner systems that are due; how many were tried."""
    return drain()


@shared_task(name="kernel.apply_received")
def apply_received() -> int:
    """Apply the messages of other systems that are due; how many were tried."""
    return applying.drain()
