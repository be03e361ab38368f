"""Hostile files through the whole of reception: kept, refused by a child within its bounds, standing in the inbox."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.utils import timezone

from config.kernel.models import Company
from config.kernel.scope import company_scope
from einvoicing.models import ReceivedDocument, ReceivedStatus, ReceptionChannel
from einvoicing.reception.queues import RECEIVED
from einvoicing.reception.reading import draw_page
from einvoicing.reception.storing import store_document
from tests.einvoicing.reception.buying import an_invoice, as_xml
from tests.einvoicing.reception.test_hostile_documents import HOSTILE
from tests.factories import story
from tests.trust.at_once import a_share

pytestmark = pytest.mark.django_db


def _stored(company: Company, name: str, data: bytes, at: datetime) -> ReceivedDocument:
    return store_document(
        company_id=company.pk, channel=ReceptionChannel.UPLOAD, name=name, data=data, actor=story.ACTOR, at=at
    )


def test_hostile_files_stand_in_the_inbox_with_the_reason_and_hide_no_other(
    company: Company,
) -> None:
    """Each in a child of 512 MiB and five seconds, as test_hostile_documents shows; the honest one is read."""
    at = timezone.now()
    stored: dict[str, ReceivedDocument] = {}
    with company_scope(company):
        for name, (made, _reason) in a_share(list(HOSTILE.items()), 3):
            if made:
                stored[name] = _stored(company, f"{name}.pdf", made() if callable(made) else made, at)
        honest = _stored(company, "facture.xml", as_xml(an_invoice(company)), at)
    RECEIVED.sweep(now=lambda: at, limit=len(stored) + 1, seconds=3600)
    for name, document in stored.items():
        document.refresh_from_db()
        assert document.status == ReceivedStatus.UNREADABLE, (name, document.status, document.problem)
        assert HOSTILE[name][1] in document.problem, name
        assert document.problem
        assert document.purchase is None
    honest.refresh_from_db()
    assert (honest.status, honest.number) == (ReceivedStatus.READ, "F-2026-0417")


@pytest.mark.parametrize("name", ["javascript", "picture of 3.6 gigapixels in a PDF", "picture of 2.5 gigapixels"])
def test_a_hostile_file_is_drawn_for_nobody(name: str) -> None:
    assert draw_page(HOSTILE[name][0], 1) is None
