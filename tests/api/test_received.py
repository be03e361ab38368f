"""Supplier documents over REST: brought once whatever is repeated, read, and handed out as foreign files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from config.kernel.scope import company_scope
from einvoicing.models import ReceivedDocument
from einvoicing.reception.queues import RECEIVED
from tests.api.client import a_partner, json_of
from tests.einvoicing.reception import buying

pytestmark = pytest.mark.django_db
ADDRESS = "/api/einvoicing/received"


def test_a_document_is_brought_once_read_and_handed_out_as_it_came(settings: Any, tmp_path: Path):
    settings.MEDIA_ROOT = str(tmp_path)
    company = buying.a_buying_company()
    partner = a_partner(company)
    data = buying.as_xml(buying.an_invoice(company))

    def bring() -> Any:
        file = SimpleUploadedFile("../facture.xml", data, "text/html")
        return partner.http.post(ADDRESS, {"file": file}, headers={**partner.headers, "Idempotency-Key": "one"})

    first, again = bring(), bring()
    assert (first.status_code, again.status_code) == (201, 201), first.content
    assert json_of(first) == json_of(again)
    assert json_of(first)["status"] == "stored"
    assert json_of(first)["name"] == "facture.xml"
    assert ReceivedDocument.everywhere.filter(company=company).count() == 1
    with company_scope(company):
        RECEIVED.sweep()
    (row,) = json_of(partner.get(f"{ADDRESS}?status=recorded"))
    assert (row["number"], row["total_gross"]) == ("F-2026-0417", 1200)
    whole = json_of(partner.get(f"{ADDRESS}/{row['id']}"))
    assert whole["reading"]["number"]["value"] == "F-2026-0417"
    answer = partner.get(f"{ADDRESS}/{row['id']}/content")
    assert answer.content == data
    assert answer["Content-Type"] == "application/octet-stream", "not as its sender calls it"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert answer["Content-Disposition"].startswith("attachment")
