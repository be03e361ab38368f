"""What a public body asks of an invoice, as a person meets it: what is wrong, what to do, and the form that does it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from billing.models import Invoice
from billing.services.correcting import draft_correction
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from einvoicing.models import Enclosure, Transmission
from einvoicing.models import TransmissionStatus as Status
from einvoicing.platforms.answers import RemoteStatus
from einvoicing.services.sending import credit_checked, issue_checked
from einvoicing.services.statuses import record_status
from tests.factories import platforms, story
from tests.factories.people import read, signed_in

pytestmark = pytest.mark.django_db

AT = story.AT
PDF = b"%PDF-1.7 livraison"


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def transmission_at(company: Any, code: str, *, reason: str = "", kind: str = "chorus_pro") -> Transmission:
    """An invoice that the platform has, and this status of it."""
    account = platforms.a_platform_account(company, kind=kind)
    public = {"name": "Mairie", "siret": "21750001600019", "is_public_body": True} if kind == "chorus_pro" else {}
    invoice = story.an_issued_invoice(story.a_customer(company, **public), service_code="WRONG")
    row = Transmission.everywhere.get(invoice=invoice)
    Transmission.everywhere.filter(pk=row.pk).update(status=Status.DEPOSITED, remote_id="CPP1")
    status = RemoteStatus(number=str(invoice.number), code=code, raw=code, at=AT, reason=reason)
    document = platforms.a_message(account, b"{}")
    with company_scope(company):
        record_status(invoice=invoice, status=status, document=document, at=AT + timedelta(minutes=1))
    row.refresh_from_db()
    return row


def answer_url(row: Transmission) -> str:
    return reverse("einvoicing:transmission-answer", args=[row.pk])


def a_pdf(name: str = "PV de livraison.pdf", data: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="text/html")


def test_a_suspended_invoice_shows_what_is_missing_and_a_form_that_needs_no_script(company):
    row = transmission_at(company, "208", reason="Le procès-verbal de livraison manque.")
    client = signed_in(company)
    page = client.get(row.get_absolute_url())
    assert "Le procès-verbal de livraison manque." in page.text
    assert f'action="{answer_url(row)}"' in page.text
    assert 'enctype="multipart/form-data"' in page.text
    assert 'type="file"' in page.text
    record = client.get(row.invoice.get_absolute_url())
    assert "Le procès-verbal de livraison manque." in record.text
    assert (record.context["primary"].label, record.context["primary"].url) == (
        "Compléter",
        f"{row.get_absolute_url()}#answer",
    )


def test_completing_queues_the_comment_with_all_its_documents(company):
    row = transmission_at(company, "208")
    client = signed_in(company, Role.SALES)
    files = [a_pdf(), a_pdf("photo.png", b"png")]
    page = client.post(answer_url(row), {"comment": "Voici", "enclosures": files})
    assert page.status_code == 302
    answer = Transmission.everywhere.get(invoice=row.invoice, kind="COMPLETE")
    assert (answer.status, json.loads(bytes(answer.content))["comment"]) == (Status.PENDING, "Voici")
    kept = list(Enclosure.everywhere.filter(transmission=answer).order_by("position"))
    assert [(one.name, one.media_type) for one in kept] == [
        ("PV de livraison.pdf", "application/pdf"),
        ("photo.png", "image/png"),
    ]
    after = client.get(row.get_absolute_url())
    assert after.context["answer_form"] is None
    assert answer.get_absolute_url() in after.text
    shown = client.get(answer.get_absolute_url())
    assert "Voici" in shown.text
    file = client.get(reverse("einvoicing:enclosure", args=[kept[0].pk]))
    assert (b"".join(file.streaming_content), file["X-Content-Type-Options"]) == (PDF, "nosniff")
    assert file["Content-Disposition"].startswith("attachment")
    assert read(client.get(reverse("einvoicing:transmission-list"))).count("Complément : en file") == 1


def test_an_answer_without_words_or_with_a_wrong_file_stays_on_the_page_with_what_was_typed(company):
    row = transmission_at(company, "208")
    client = signed_in(company)
    page = client.post(answer_url(row), {"comment": ""})
    assert (page.status_code, list(page.context["answer_form"].errors)) == (422, ["comment"])
    page = client.post(answer_url(row), {"comment": "Voici", "enclosures": [a_pdf("macro.exe")]})
    assert page.status_code == 422
    assert "macro.exe" in str(page.context["answer_form"].errors["enclosures"])
    assert "Voici" in page.text
    page = client.post(answer_url(row), {"comment": "Voici", "enclosures": [a_pdf("vide.pdf", b"")]})
    assert "vide" in str(page.context["answer_form"].errors["enclosures"])
    assert not Transmission.everywhere.filter(invoice=row.invoice, kind="COMPLETE").exists()


def test_a_misrouted_invoice_is_sent_to_another_service(company):
    row = transmission_at(company, "221", reason="Le service destinataire n’existe pas.")
    client = signed_in(company)
    page = client.get(row.get_absolute_url())
    assert page.context["answer_form"].initial["service_code"] == "WRONG"
    assert client.post(answer_url(row), {"service_code": "", "engagement": ""}).status_code == 422
    assert client.post(answer_url(row), {"service_code": " SRV01 ", "engagement": ""}).status_code == 302
    answer = Transmission.everywhere.get(invoice=row.invoice, kind="RECYCLE")
    assert json.loads(bytes(answer.content)) == {"comment": "", "engagement": "", "service_code": "SRV01"}
    assert client.get(row.invoice.get_absolute_url()).context["primary"].url != f"{row.get_absolute_url()}#answer"


def test_services_are_asked_for_on_demand_and_their_absence_is_said(company):
    row = transmission_at(company, "221")
    client = signed_in(company)
    assert "services" not in client.get(row.get_absolute_url()).context
    page = client.get(row.get_absolute_url(), {"services": "1"})
    assert page.status_code == 200
    assert page.context["services_problem"]
    assert page.context["answer_form"] is not None


def test_a_request_is_not_answered_twice_from_two_windows(company):
    row = transmission_at(company, "208")
    client = signed_in(company)
    assert client.post(answer_url(row), {"comment": "Une fois"}).status_code == 302
    again = client.post(answer_url(row), {"comment": "Deux fois"})
    assert again.status_code == 422
    assert "déjà partie" in again.text
    assert Transmission.everywhere.filter(invoice=row.invoice, kind="COMPLETE").count() == 1


def test_a_viewer_reads_what_is_wrong_and_cannot_answer(company):
    row = transmission_at(company, "208", reason="Le procès-verbal manque.")
    client = signed_in(company, Role.VIEWER)
    page = client.get(row.get_absolute_url())
    assert "Le procès-verbal manque." in page.text
    assert page.context["answer_form"] is None
    assert client.post(answer_url(row), {"comment": "Voici"}).status_code == 403


def test_another_company_s_request_cannot_be_answered_nor_its_documents_read(company):
    row = transmission_at(company, "208")
    signed_in(company).post(answer_url(row), {"comment": "Voici", "enclosures": [a_pdf()]})
    stranger = signed_in(story.a_company(), Role.ACCOUNTANT)
    assert stranger.post(answer_url(row), {"comment": "Voici"}).status_code == 404
    kept = Enclosure.everywhere.get(transmission__invoice=row.invoice)
    assert stranger.get(reverse("einvoicing:enclosure", args=[kept.pk])).status_code == 404


def test_a_platform_that_takes_no_answers_shows_what_to_do_and_no_form(company):
    row = transmission_at(company, "208", kind="afnor")
    page = signed_in(company).get(row.get_absolute_url())
    assert page.context["problem"].to_do
    assert page.context["answer_form"] is None


@pytest.mark.parametrize("code", ["210", "213"])
def test_the_way_back_of_a_refused_invoice_is_told_step_by_step(company, code):
    row = transmission_at(company, code, reason="Le bon de commande cité n’existe pas.")
    client = signed_in(company)
    page = client.get(row.get_absolute_url())
    assert "Le bon de commande cité n’existe pas." in page.text
    assert reverse("einvoicing:invoice-credit", args=[row.invoice_id]) in page.text
    assert f"?replaces={row.invoice_id}" in page.text
    with company_scope(company):
        invoice = Invoice.objects.get(pk=row.invoice_id)
        note = credit_checked(invoice=invoice, parts=None, reason="Refusée", actor=story.ACTOR, at=AT)
    steps = client.get(row.get_absolute_url()).context["steps"]
    assert next((step.done, step.label) for step, _may in steps) == (True, note.number)
    assert "Ce qu’il faut faire" not in client.get(row.invoice.get_absolute_url()).text


def test_a_refused_invoice_may_be_replaced_in_one_go_and_its_successor_is_followed(company):
    row = transmission_at(company, "210")
    client = signed_in(company)
    steps = client.get(row.get_absolute_url()).context["steps"]
    assert reverse("billing:invoice-correct", args=[row.invoice_id]) in [step.url for step, _may in steps]
    with company_scope(company):
        invoice = Invoice.objects.get(pk=row.invoice_id)
        draft = draft_correction(invoice=invoice, reason="Bon de commande", actor=story.ACTOR, at=AT)
        steps = client.get(row.get_absolute_url()).context["steps"]
        assert next((step.done, step.url) for step, _may in steps) == (False, draft.get_absolute_url())
        issued = issue_checked(invoice=draft, actor=story.ACTOR, at=AT)
    again = Transmission.everywhere.get(invoice=issued, kind="INVOICE")
    page = client.get(row.get_absolute_url())
    assert [(step.done, step.url) for step, _may in page.context["steps"]] == [
        (True, issued.get_absolute_url()),
        (False, again.get_absolute_url()),
    ]
    assert page.context["problem"].is_over
    Transmission.everywhere.filter(pk=again.pk).update(status=Status.ACCEPTED)
    assert client.get(row.get_absolute_url()).context["steps"][-1][0].done


def test_a_lost_connection_may_be_ended_by_sending_a_rejected_invoice_again_as_it_is(company):
    assert may_go_as_it_is(company, transmission_at(company, "213", kind="afnor"))


def test_what_chorus_pro_rejected_does_not_go_there_again_as_it_is(company):
    assert not may_go_as_it_is(company, transmission_at(company, "213"))


def may_go_as_it_is(company, row):
    steps = signed_in(company).get(row.get_absolute_url()).context["steps"]
    return reverse("einvoicing:invoice-transmit", args=[row.invoice_id]) in [step.url for step, _may in steps]
