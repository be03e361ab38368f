"""What the record of a purchase shows of the document it came from: the file itself, and what exactly is doubted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from billing.purchases import panels
from billing.purchases.doubts import REJECTED
from billing.purchases.models import PurchaseInvoice
from customers.panels import Panel
from einvoicing.models import ReceivedDocument, ReceivedStatus
from einvoicing.reception import showing
from einvoicing.reception.serving import shown_type
from einvoicing.reception.statuses import doubt_of_rejection

TEMPLATE = "einvoicing/received/_document.html"
MOST_PAGES = 8


def register() -> None:
    """Called once, when the app is ready."""
    panels.register(parts=document_part, doubt_words=doubt_words)


def document_part(purchase: PurchaseInvoice) -> Iterator[Panel]:
    """One query; nothing of what was typed by hand."""
    document = _document_of(purchase)
    if document is not None:
        shown = {**shown_document(document), "url": document.get_absolute_url()}
        yield Panel(_("Le document tel que reçu"), TEMPLATE, shown)


def shown_document(document: ReceivedDocument) -> dict[str, Any]:
    """What the partial of the document as it came reads."""
    pages = document.reading.get("page_count", 0) if document.reading else 0
    return {
        "document": document,
        "pages": range(1, min(pages, MOST_PAGES) + 1),
        "opens_inline": shown_type(document) != "",
    }


def doubt_words(purchase: PurchaseInvoice) -> dict[str, list[str]]:
    """What was found in the document, by the code of the doubt: a query, one more where its platform rejected it."""
    document = _document_of(purchase)
    if document is None:
        return {}
    found: dict[str, list[str]] = {}
    for code, sentence in showing.doubts_by_code(document):
        if code != REJECTED:
            found.setdefault(code, []).append(sentence)
    if REJECTED in purchase.doubts and (rejection := doubt_of_rejection(document)):
        found[REJECTED] = [showing.in_words(rejection.sentence.msgid, rejection.sentence.params)]
    return found


def _document_of(purchase: PurchaseInvoice) -> ReceivedDocument | None:
    rows = ReceivedDocument.everywhere.filter(purchase=purchase, status=ReceivedStatus.RECORDED)
    found: ReceivedDocument | None = rows.defer("verdict").first()
    return found
