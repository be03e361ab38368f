"""A folder and a mailbox of the company: what is dropped or attached is stored once, and stays where people find it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from config.kernel.models import Company
from config.kernel.scope import company_scope
from einvoicing.models import ReceivedDocument, ReceptionSource
from einvoicing.reception.connecting import save_mailbox
from einvoicing.reception.fetching import add_sources, read_source
from tests.billing.imap import Mailbox, MailboxServer
from tests.factories import story

pytestmark = pytest.mark.django_db
OLD = 1_000_000_000


@pytest.fixture
def company(settings: Any, tmp_path: Path) -> Iterator[Company]:
    settings.MEDIA_ROOT = str(tmp_path / "files")
    company = story.a_company()
    with company_scope(company):
        yield company


def names() -> list[str]:
    return sorted(ReceivedDocument.objects.values_list("name", flat=True))


def drop(place: Path, name: str, data: bytes) -> None:
    (place / name).write_bytes(data)
    os.utime(place / name, (OLD, OLD))


def test_a_folder_is_emptied_into_the_inbox_and_its_files_stand_beside(company: Company, settings: Any, tmp_path: Path):
    settings.RECEPTION_FOLDER = str(tmp_path / "drop")
    place = tmp_path / "drop" / company.siren
    place.mkdir(parents=True)
    add_sources(company=company, at=timezone.now())
    source = ReceptionSource.objects.select_related("company").get(channel="FOLDER")
    drop(place, "a.pdf", b"%PDF-1")
    drop(place, "vide.pdf", b"")
    drop(place, ".cache", b"x")
    (place / "en-cours.pdf").write_bytes(b"%PDF-2")  # somebody writes it at this moment
    (place / "lien.pdf").symlink_to("/etc/hostname")
    assert read_source(source, timezone.now) == 1
    assert names() == ["a.pdf"]
    assert (place / "traités" / "a.pdf").read_bytes() == b"%PDF-1"
    assert (place / "refusés" / "vide.pdf").exists()
    assert {one.name for one in place.iterdir() if one.is_file()} == {".cache", "en-cours.pdf", "lien.pdf"}
    # the same file dropped again is another arrival, which its reading holds as a copy; one not moved yet is not
    drop(place, "a.pdf", b"%PDF-1")
    assert read_source(source, timezone.now) == 1
    assert names() == ["a.pdf", "a.pdf"]
    assert (place / "traités" / "a (2).pdf").exists()


def a_mail(*attachments: tuple[str, str, bytes]) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "Compta <compta@imprimerie.example>", "Votre facture"
    mail.set_content("Bonjour, ci-joint.")
    for name, kind, data in attachments:
        maintype, _slash, subtype = kind.partition("/")
        mail.add_attachment(data, maintype=maintype, subtype=subtype, filename=name)
    return mail.as_bytes()


def test_the_invoices_of_mails_are_stored_once_and_mails_without_stay_unseen(company: Company):
    pdf = ("facture.pdf", "application/pdf", b"%PDF-1")
    box = Mailbox([a_mail(pdf, ("facture.xml", "text/xml", b"<Invoice/>"), ("cgv.docx", "x/y", b"z")), a_mail()])
    with MailboxServer(box) as server:
        values = {
            "host": "127.0.0.1",
            "port": server.server_address[1],
            "is_encrypted": False,
            "login": "achats",
            "folder": "",
            "is_enabled": True,
        }
        save_mailbox(company=company, values=values, password="secret", actor=story.ACTOR, at=story.AT)
        source = ReceptionSource.objects.select_related("company").get(channel="MAILBOX")
        assert "secret" not in source.password_cipher
        assert read_source(source, timezone.now) == 2
        assert names() == ["facture.pdf", "facture.xml"]
        assert ReceivedDocument.objects.first().sender == "compta@imprimerie.example"
        assert box.seen == {1}
        box.mails.append(a_mail(pdf))
        source.refresh_from_db()
        assert read_source(source, timezone.now) == 1
        assert box.fetched == [1, 2, 3], "each mail is fetched once"
        box.password = "changed"
        source.refresh_from_db()
        assert read_source(source, timezone.now) == 0
        source.refresh_from_db()
        assert "refuse" in source.last_error
