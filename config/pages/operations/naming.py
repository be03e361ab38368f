"""What people call a queue, a worker and the clock."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from config.celery import BEAT
from config.runtime.heartbeats import STOPPED, STUCK, WORKING, Worker

QUEUE_LABELS: dict[str, Any] = {
    "invoice_processing": _("documents et transmissions"),
    "ocr_processing": _("lecture des documents numérisés"),
    "reconciliation": _("rapprochement"),
    "notifications": _("e-mails, relances et webhooks"),
    "sync": _("lecture des plateformes et des banques"),
    BEAT: _("horloge"),
}
KIND_LABELS: dict[str, Any] = {
    "transmission": _("Transmission à une plateforme"),
    "bulk": _("Acte groupé"),
    "import": _("Reprise d’une liste"),
    "bank_line": _("Ligne bancaire"),
    "email": _("E-mail"),
    "webhook": _("Webhook"),
    "platform_message": _("Message d’une plateforme"),
    "received_webhook": _("Webhook reçu"),
    "received_document": _("Document d’un fournisseur"),
}
STATE_LABELS: dict[str, tuple[Any, str]] = {
    WORKING: (_("Au travail"), "good"),
    STOPPED: (_("À l’arrêt"), "bad"),
    STUCK: (_("Bloqué"), "bad"),
}


def name_of(worker: Worker) -> str:
    return str(QUEUE_LABELS[worker.name])
