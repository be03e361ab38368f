"""What Revolut and Invoice Ninja tell: hints to read our feed there, and no feed of theirs is connected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from config.kernel.inbound import applying
from config.kernel.inbound.applying import Outcome, ignored
from config.kernel.models import InboundSource, ReceivedWebhook

NO_REVOLUT = "Aucun flux Revolut n’est connecté : importez le relevé du compte."
NO_INVOICE_NINJA = "Aucun flux Invoice Ninja n’est connecté."


def register() -> None:
    """Called once, when the app is ready."""
    applying.register(InboundSource.REVOLUT, hear_revolut)
    applying.register(InboundSource.INVOICE_NINJA, hear_invoice_ninja)


def hear_revolut(message: ReceivedWebhook, told: Mapping[str, Any], at: datetime) -> Outcome:
    """Kept, without effect: a movement is booked from a statement alone."""
    return ignored(NO_REVOLUT)


def hear_invoice_ninja(message: ReceivedWebhook, told: Mapping[str, Any], at: datetime) -> Outcome:
    """Kept, without effect: unsigned, it could only be a reason to read."""
    return ignored(NO_INVOICE_NINJA)
