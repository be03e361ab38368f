"""A kept file is handed out as it was stored, or not at all: page, API, e-mail, platform, admin, proof."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from billing.models import DocumentKind, EmailKind, EmailStatus, Invoice, InvoiceDocument
from billing.services.emails import hand_over, queue_email
from config.kernel import kept
from config.kernel.models import AuditEvent, Company, DamagedFile, Membership, User
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from config.kernel.todo import Today
from config.pages.home import todos
from einvoicing.services import documents
from tests.api.client import a_partner
from tests.factories import platforms, story
from tests.factories.queues import claim_due as claim_transmissions
from tests.factories.queues import claim_emails, transmit
from tests.trust.conftest import settle

BYTES = b"%PDF the legal file"


@pytest.fixture
def invoice(db: None, settings: Any, tmp_path: Path) -> Invoice:
    settings.MEDIA_ROOT = str(tmp_path / "files")
    company = story.a_company()
    platforms.a_platform_account(company)
    issued = story.an_issued_invoice(story.a_customer(company))
    for kind in (DocumentKind.FACTURX, DocumentKind.CII):
        documents._store(issued, kind, BYTES, {"valid": True}, actor=story.ACTOR, at=story.AT)
    return issued


def document_of(invoice: Invoice) -> InvoiceDocument:
    document: InvoiceDocument = InvoiceDocument.everywhere.get(invoice=invoice, kind=DocumentKind.FACTURX)
    return document


def path_of(invoice: Invoice) -> Path:
    return Path(document_of(invoice).file.path)


def altered(path: Path) -> None:
    path.write_bytes(BYTES[:-1] + b"E")


def deleted(path: Path) -> None:
    path.unlink()


def a_link(path: Path) -> None:
    """Even to the very bytes that were stored: a link leads where somebody else decides."""
    elsewhere = path.parents[3] / "elsewhere.pdf"
    elsewhere.write_bytes(BYTES)
    path.unlink()
    path.symlink_to(elsewhere)


def a_linked_folder(path: Path) -> None:
    elsewhere = path.parents[3] / "elsewhere"
    path.parent.rename(elsewhere)
    path.parent.symlink_to(elsewhere, target_is_directory=True)


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def grown_beyond_measure(path: Path) -> None:
    """A hole of 16 GB: read whole, it would end the process."""
    os.truncate(path, 1 << 34)


DAMAGES: dict[str, tuple[Callable[[Path], None], type[kept.FileRefused]]] = {
    "altered": (altered, kept.FileAltered),
    "deleted": (deleted, kept.FileMissing),
    "a link": (a_link, kept.FileAltered),
    "a linked folder": (a_linked_folder, kept.FileAltered),
    "a pipe": (a_pipe, kept.FileAltered),
    "a folder": (a_folder, kept.FileAltered),
    "grown beyond measure": (grown_beyond_measure, kept.FileAltered),
}
each_damage = pytest.mark.parametrize(("damage", "refusal"), DAMAGES.values(), ids=DAMAGES)


def a_person(company: Company) -> User:
    person = User.objects.create_user("iris@verone.example", "quittance-2026")
    Membership.objects.create(user=person, company=company, role="OWNER")
    return person


def signed_in(company: Company) -> Client:
    client = Client()
    client.force_login(a_person(company))
    return client


@each_damage
def test_the_reader_refuses_what_is_not_the_file_that_was_stored(
    invoice: Invoice, damage: Callable[[Path], None], refusal: type[kept.FileRefused]
):
    document = document_of(invoice)
    assert kept.read_kept(document, record=invoice, at=story.AT) == BYTES
    damage(path_of(invoice))
    with pytest.raises(refusal):
        kept.read_kept(document, record=invoice, at=story.AT)


@pytest.mark.parametrize("name", ["/etc/passwd", "../files/x.pdf", "invoices/../../x", "", "invoices\0"])
def test_a_path_that_leaves_the_folder_is_refused(invoice: Invoice, name: str):
    document = document_of(invoice)
    document.file.name = name
    with pytest.raises(kept.FileAltered):
        kept.check_kept(document)


@each_damage
def test_the_page_refuses_it_in_words(
    invoice: Invoice, damage: Callable[[Path], None], refusal: type[kept.FileRefused]
):
    client = signed_in(invoice.company)
    address = reverse("einvoicing:document-download", args=[invoice.pk, "facturx"])
    assert client.get(address).content == BYTES
    damage(path_of(invoice))
    answer = client.get(address)
    assert answer.status_code == 409
    assert "sauvegarde" in answer.content.decode()


@each_damage
def test_the_api_refuses_it_with_a_code(
    invoice: Invoice, damage: Callable[[Path], None], refusal: type[kept.FileRefused]
):
    partner = a_partner(invoice.company)
    address = f"/api/invoices/{invoice.pk}/documents/facturx"
    assert b"".join(partner.get(address).streaming_content) == BYTES
    damage(path_of(invoice))
    answer = partner.get(address)
    assert (answer.status_code, answer.json()["code"]) == (409, refusal.code)


@each_damage
def test_the_platform_does_not_get_it_and_people_are_told(
    invoice: Invoice, damage: Callable[[Path], None], refusal: type[kept.FileRefused]
):
    damage(path_of(invoice))
    (transmission,) = claim_transmissions(at=story.AT, worker="carrier")
    transmit(transmission, story.AT)
    transmission.refresh_from_db()
    assert transmission.status == "DEAD"
    assert "sauvegarde" in transmission.last_error


@each_damage
def test_the_customer_does_not_get_it(
    invoice: Invoice, settings: Any, damage: Callable[[Path], None], refusal: type[kept.FileRefused]
):
    settings.SMTP_CONFIGURED = True
    damage(path_of(invoice))
    queue_email(
        company_id=invoice.company_id,
        invoice=invoice,
        kind=EmailKind.INVOICE,
        recipient="compta@client.example",
        subject_line="Facture",
        body="Bonjour",
        at=story.AT,
        needs_document=True,
    )
    (email,) = claim_emails(kind=EmailKind.INVOICE, at=story.AT)
    hand_over(email=email, at=story.AT)
    email.refresh_from_db()
    assert email.status == EmailStatus.FAILED
    assert "sauvegarde" in email.last_error


def test_people_find_it_on_the_home_page_and_the_timeline_until_it_is_restored(invoice: Invoice):
    document = document_of(invoice)
    altered(path_of(invoice))
    for _reading in range(2):
        with pytest.raises(kept.FileAltered):
            kept.read_kept(document, record=invoice, at=story.AT)
    with company_scope(invoice.company):
        shown = todos(Today(story.AT), Role.OWNER)
        assert [todo.url for todo in shown if "altéré" in todo.sentence] == [invoice.get_absolute_url()]
        (event,) = AuditEvent.objects.filter(tag="kernel.file.refused")
        assert event.subjects == [document.subject, invoice.subject]
    path_of(invoice).write_bytes(BYTES)
    assert kept.read_kept(document, record=invoice, at=story.AT) == BYTES
    assert not DamagedFile.everywhere.exists()


def test_the_admin_tells_the_state_and_gives_no_link(invoice: Invoice):
    chief = User.objects.create_superuser("chief@verone.example", "quittance-2026")
    client = Client()
    client.force_login(chief)
    document = document_of(invoice)
    address = reverse("admin:billing_invoicedocument_change", args=[document.pk])
    assert f"{document.file.name} ✓" in client.get(address).content.decode()
    deleted(path_of(invoice))
    page = client.get(address).content.decode()
    assert "a disparu du stockage" in page
    assert f'href="/{document.file.name}"' not in page
    invoice_page = client.get(reverse("admin:billing_invoice_change", args=[invoice.pk])).content.decode()
    assert "a disparu du stockage" in invoice_page


def proof(company: Company, *options: str) -> list[dict[str, Any]]:
    out = io.StringIO()
    with contextlib.suppress(CommandError):
        call_command("verify_chain", "--siren", company.siren, "--json", *options, stdout=out)
    breaks: list[dict[str, Any]] = json.loads(out.getvalue())["breaks"]
    return breaks


@each_damage
def test_the_proof_reads_all_files_when_asked(
    invoice: Invoice, damage: Callable[[Path], None], refusal: type[kept.FileRefused]
):
    document = document_of(invoice)
    settle()
    assert proof(invoice.company, "--files") == []
    damage(path_of(invoice))
    named = {one["subject"].partition(" ")[0]: one["what"] for one in proof(invoice.company, "--files")}
    assert named[document.subject] == refusal.problem
