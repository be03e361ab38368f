"""What the record of a purchase shows of our answers to its supplier, and the button that gives another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from billing.purchases import panels
from billing.purchases.models import PurchaseInvoice
from customers.panels import Panel
from einvoicing import lifecycle
from einvoicing.models import AnswerStatus, ReceivedDocument, ReceivedStatus, SupplierAnswer
from einvoicing.reception.answers.answering import possible_answers
from einvoicing.reception.answers.models import STOPPED

TEMPLATE = "einvoicing/received/_answers.html"
GONE = (AnswerStatus.DEPOSITED, AnswerStatus.ACCEPTED)


def register() -> None:
    """Called once, when the app is ready."""
    panels.register(panels=answers_panel)


def answers_panel(purchase: PurchaseInvoice) -> Iterator[Panel]:
    """Two queries; nothing where the purchase came by no platform and nothing was said."""
    documents = ReceivedDocument.everywhere.filter(purchase=purchase, status=ReceivedStatus.RECORDED)
    for document in documents.select_related("account", "company", "purchase")[:1]:
        shown = shown_answers(document)
        if shown["answers"] or shown["possible"]:
            yield Panel(_("Réponses au fournisseur"), TEMPLATE, shown)


def shown_answers(document: ReceivedDocument) -> dict[str, Any]:
    """What the partial of answers reads."""
    rows = SupplierAnswer.everywhere.filter(document=document).order_by("-created_at", "-id")
    return {
        "document": document,
        "answers": [{"row": row, "label": _(row.label), "tone": _tone(row), "why": _why(row)} for row in rows],
        "possible": bool(possible_answers(document)),
    }


def _tone(answer: SupplierAnswer) -> str:
    if answer.status in STOPPED:
        return "bad"
    return "good" if answer.status in GONE else "info"


def _why(answer: SupplierAnswer) -> str:
    words = _(lifecycle.reason(answer.reason_code)) if answer.reason_code else ""
    return f"{words} {answer.reason}".strip()
