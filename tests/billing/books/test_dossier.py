"""The dossier of an inspector: whole, verified by its own program alone, and named where somebody touched it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from billing.ledger.closing import close_books
from billing.models import ClosingKind, DocumentKind, InvoiceDocument
from config.kernel import audit
from config.kernel.clock import local_day
from config.kernel.kept import keep_file
from config.kernel.models import AuditEvent
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from tests.factories import money, people, story

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def company():
    company = story.a_company()
    with company_scope(company):
        yield company


def a_document(invoice):
    """A file of the invoice, kept and sealed as the legal one is."""
    row = InvoiceDocument(
        company_id=invoice.company_id, invoice=invoice, kind=DocumentKind.FACTURX, created_at=story.AT
    )
    data = b"%PDF-1.7 " + str(invoice.number).encode()
    row.size = len(data)
    keep_file(row, "facture.pdf", data)
    with transaction.atomic():
        row.save()
        audit.record("einvoicing.document.made", subject=row, actor=story.ACTOR, at=story.AT, seal=True)
    return row


@pytest.fixture
def taken(company, tmp_path, capsys):
    """The folder of a dossier: two invoices with their files, a payment, a closing."""
    customer = story.a_customer(company)
    invoice = story.an_issued_invoice(customer)
    a_document(invoice)
    money.a_payment(customer, "1440.00", [(invoice, "1440.00")])
    day = local_day(story.AT) - timedelta(days=30)
    close_books(company=company, kind=ClosingKind.HARD, through=day, actor=story.ACTOR, at=story.AT)
    call_command("export_dossier", company=company.siren, year=2026, to=tmp_path)
    path = tmp_path / f"{company.siren}-controle-20261231.zip"
    assert capsys.readouterr().out == f"{path}\n"
    folder = tmp_path / "dossier"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    return folder


def verified(folder):
    """The program of the dossier, by a bare Python that sees nothing of the product."""
    command = [sys.executable, "-I", "-S", str(folder / "verify.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=folder)
    return done.returncode, done.stdout + done.stderr


def test_a_dossier_is_whole_and_verifies_alone(taken, company):
    code, told = verified(taken)
    assert (code, "INTACT" in told) == (0, True), told
    manifest = json.loads((taken / "manifest.json").read_text())
    names = {row["name"] for row in manifest["files"]}
    assert {"LISEZMOI.txt", "verify.py", manifest["fec"], "statuts.csv", "numeros.csv"} <= names
    assert sum(name.startswith("documents/FAC-2026-00001/") for name in names) >= 1
    assert "FAC-2026;1;1;" in (taken / "numeros.csv").read_text()
    assert (taken / "verify.py").read_text().count("\n") <= 150
    event = AuditEvent.objects.get(tag="billing.dossier.taken")
    assert event.actor_name == "export_dossier"


def replaced(path, old, new, count=1):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, count))


def relisted(folder, name):
    """As somebody would who knows the manifest."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    data = (folder / name).read_bytes()
    for row in manifest["files"]:
        if row["name"] == name:
            row |= {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    path.write_text(json.dumps(manifest))


def lines_of(path):
    return path.read_text().splitlines(keepends=True)


def the_document(folder):
    return next(path for path in sorted((folder / "documents").rglob("*")) if path.is_file())


def fec_of(folder):
    return next(folder.glob("*FEC*.txt"))


TAMPERED = {
    "a file": (lambda f: the_document(f), lambda p: p.write_bytes(p.read_bytes() + b" "), "ce n'est pas le fichier"),
    "a file, listed again": (lambda f: the_document(f), lambda p: p.write_bytes(b"%PDF"), "celui qui a été scellé"),
    "an amount of the FEC": (fec_of, lambda p: replaced(p, "1440,00", "1340,00"), "elle n'est pas celle qui a été"),
    "an entry of the FEC": (
        fec_of,
        lambda p: p.write_text("".join(lines_of(p)[:-2]), newline=""),
        "elle n'est pas celle qui a été",
    ),
    "a sealed fact": (
        lambda f: f / "chaine/faits.jsonl",
        lambda p: replaced(p, "411000", "411001"),
        "modifié depuis son scellement",
    ),
    "an event": (
        lambda f: f / "chaine/evenements.jsonl",
        lambda p: replaced(p, "export_dossier", "somebody_else"),
        "son contenu a été modifié",
    ),
    "an event taken out": (
        lambda f: f / "chaine/evenements.jsonl",
        lambda p: p.write_text("".join(line for n, line in enumerate(lines_of(p)) if n != 2)),
        "la chaîne saute",
    ),
    "the end cut off": (
        lambda f: f / "chaine/evenements.jsonl",
        lambda p: p.write_text("".join(lines_of(p)[:-1])),
        "la fin de la chaîne",
    ),
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_what_was_touched_is_named_also_where_the_manifest_was_made_to_fit(taken, kind):
    place, tamper, told = TAMPERED[kind]
    path = place(taken)
    tamper(path)
    if kind != "a file":
        relisted(taken, path.relative_to(taken).as_posix())
    code, words = verified(taken)
    assert code == 1
    assert told in words, words


def test_files_gone_or_in_excess_and_a_folder_that_is_none_are_told(taken, tmp_path):
    (taken / "more.txt").write_text("x")
    (taken / "statuts.csv").unlink()
    code, told = verified(taken)
    assert (code, "more.txt : en trop" in told, "statuts.csv : absent" in told) == (1, True, True)
    (taken / "manifest.json").write_text("{")
    assert verified(taken)[0] == 1


def test_a_file_that_is_damaged_here_is_listed_as_missing(company, tmp_path):
    invoice = story.an_issued_invoice(story.a_customer(company))
    document = a_document(invoice)
    document.file.storage.delete(document.file.name)
    call_command("export_dossier", company=company.siren, year=2026, to=tmp_path)
    with zipfile.ZipFile(next(tmp_path.glob("*.zip"))) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        archive.extractall(tmp_path / "dossier")
    assert [one["subject"] for one in manifest["missing"]] == [document.subject]
    assert verified(tmp_path / "dossier")[0] == 0


def test_the_page_gives_it_to_whoever_closes_and_writes_down_who(client, company, tmp_path):
    year = local_day(timezone.now()).year
    person = people.a_person(company, Role.ACCOUNTANT)
    client.force_login(person)
    assert "Prendre le dossier" in client.get(f"/books/fec/{year}/dossier/").content.decode()
    assert not AuditEvent.objects.filter(tag="billing.dossier.taken").exists()
    path = tmp_path / "page.zip"
    path.write_bytes(b"".join(client.post(f"/books/fec/{year}/dossier/").streaming_content))
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "page")
    code, told = verified(tmp_path / "page")
    assert code == 0, told
    assert AuditEvent.objects.get(tag="billing.dossier.taken").actor_user_id == person.pk
    client.force_login(people.a_person(company, Role.VIEWER))
    assert client.post(f"/books/fec/{year}/dossier/").status_code == 403


def test_the_command_refuses_an_unknown_company(tmp_path):
    with pytest.raises(CommandError) as refused:
        call_command("export_dossier", company="000000000", year=2026, to=tmp_path)
    assert refused.value.returncode == 2
