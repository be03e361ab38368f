"""What a supplier sent by a platform, and our answer to it, made by the services."""

from __future__ import annotations

from einvoicing.models import PlatformAccount, ReceivedDocument, ReceptionChannel, SupplierAnswer
from einvoicing.reception.answers.answering import answer_supplier
from einvoicing.reception.storing import store_document
from tests.factories import story


def a_received_document(account: PlatformAccount) -> ReceivedDocument:
    return store_document(
        company_id=account.company_id,
        channel=ReceptionChannel.PLATFORM,
        account=account,
        remote_id="flow-1",
        name="F-2026-9.xml",
        data=b"<Invoice/>",
        sent_at=story.AT,
        actor=story.ACTOR,
        at=story.AT,
    )


def an_answer(document: ReceivedDocument) -> SupplierAnswer:
    """204, of a document whose number was read."""
    ReceivedDocument.everywhere.filter(pk=document.pk).update(number="F-2026-9")
    return answer_supplier(document=document, code="204", actor=story.ACTOR, at=story.AT)
