"""Files are dropped, shown with what each would bring, kept once confirmed; a bad one hurts no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from config.kernel.models import Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from payments.models import (
    AccountName,
    BankAccount,
    BankLine,
    BankStatement,
    ColumnMapping,
    StatementUpload,
    UploadState,
)
from payments.services import uploads
from payments.statements.sample import Entry, camt053
from payments.tasks import import_uploads
from tests.factories import money, story
from tests.factories.people import read, signed_in

MONDAY = date(2026, 11, 2)
OTHER_IBAN = "FR1420041010050500013M02606"
TABLE = (
    "Date;Libellé;Débit;Crédit\n02/11/2026;VIR DUPONT FACTURE;;120,00\n03/11/2026;FRAIS DE TENUE;-4,50;\n"
).encode()


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def company(db: None) -> Iterator[Company]:
    row = story.a_company()
    money.a_bank_account(row)
    with company_scope(row):
        yield row


def camt(company: Company, opening: str = "0.00", *, iban: str = "", on: date = MONDAY, name: str = "R") -> bytes:
    entries = [Entry(amount=Decimal("12.00"), counterparty="MAISON LUMIERE", remittance=f"{name} {on}")]
    return camt053(iban or company.iban, Decimal(opening), entries, on, name)


def send(client: Any, *files: tuple[str, bytes]) -> Any:
    sent = {"file": [SimpleUploadedFile(name, data) for name, data in files]}
    return client.post(reverse("payments:bankline-list"), sent, follow=True)


def batch_url(name: str = "upload-batch") -> str:
    row = StatementUpload.objects.latest("uploaded_at")
    return reverse(f"payments:{name}", args=[row.pk])


def keep(client: Any) -> Any:
    return client.post(batch_url(), {"keep": "all"}, follow=True)


def test_nothing_is_kept_before_it_is_confirmed_and_the_preview_says_what_would_be(company):
    client = signed_in(company)
    page = read(send(client, ("a.xml", camt(company, "100.00"))))
    assert not BankStatement.objects.exists()
    for words in ("CAMT.053", "Compte courant", "02/11/2026", "100,00", "112,00", "Importer 1 fichier"):
        assert words in page, words
    page = read(keep(client))
    assert "Relevé importé" in page
    assert BankLine.objects.count() == 1
    assert StatementUpload.objects.get().state == UploadState.KEPT
    assert not bytes(StatementUpload.objects.get().content), "its bytes are the statement's now"


def test_a_file_that_fails_shows_its_reason_and_hurts_no_other(company):
    client = signed_in(company)
    broken = camt(company, "5.00", name="B").replace(b"17.00", b"99.00")
    page = read(send(client, ("a.xml", camt(company)), ("vide.xml", b""), ("b.xml", broken), ("c.png", b"\x89PNG\r\n")))
    assert "est vide" in page
    assert "Il manque des mouvements" in page
    assert "n’est pas reconnu" in page
    keep(client)
    assert [row.state for row in StatementUpload.objects.order_by("uploaded_at")] == [
        UploadState.KEPT,
        UploadState.REFUSED,
        UploadState.REFUSED,
        UploadState.REFUSED,
    ]
    assert BankLine.objects.count() == 1


def test_a_file_left_alone_brings_nothing_and_is_forgotten_after_a_day(company):
    client = signed_in(company)
    send(client, ("a.xml", camt(company)))
    assert uploads.forget(at=timezone.now()) == 0
    assert uploads.forget(at=timezone.now() + timedelta(days=2)) == 1
    assert not BankLine.objects.exists()
    send(client, ("a.xml", camt(company)))
    assert client.post(batch_url(), {"drop": "1"}).status_code == 302
    assert not StatementUpload.objects.exists()


def test_a_gap_an_overlap_and_lines_that_are_known_are_said_before(company):
    client = signed_in(company)
    send(client, ("a.xml", camt(company, "100.00")))
    keep(client)
    page = read(send(client, ("b.xml", camt(company, "500.00", on=MONDAY + timedelta(days=3), name="S"))))
    assert "il manque 388,00" in page
    page = read(send(client, ("c.xml", camt(company, "100.00").replace(b">R<", b">T<"))))
    assert "et 1 déjà connue" in page
    assert "Ces jours sont déjà en partie ceux du relevé R" in page
    page = read(send(client, ("a.xml", camt(company, "100.00"))))
    assert "Ce fichier est déjà importé" in page


def test_two_statements_of_one_file_are_shown_as_they_would_be_kept(company):
    client = signed_in(company)
    first, second = camt(company, "0.00"), camt(company, "0.00", name="R")
    send(client, ("a.xml", first), ("b.xml", second.replace(b"22:30", b"22:31")))
    keep(client)
    assert BankLine.objects.count() == 1, "the second is judged again when it is kept"


def test_the_account_of_a_file_is_added_with_its_iban_filled_in(company):
    client = signed_in(company)
    page = read(send(client, ("a.xml", camt(company, iban=OTHER_IBAN))))
    assert "Ajouter ce compte" in page
    assert "Importer 1 fichier" not in page
    form = client.get(batch_url("upload-new-account")).context["form"]
    assert (form["iban"].value(), form["ledger_account"].value()) == (OTHER_IBAN, "512100")
    typed = {"name": "Livret", "iban": OTHER_IBAN, "ledger_account": "512100"}
    page = client.post(batch_url("upload-new-account"), typed, follow=True)
    assert "Importer 1 fichier" in read(page)
    keep(client)
    assert BankLine.objects.get().account.name == "Livret"
    bookkeeper = signed_in(company, Role.ACCOUNTANT)
    send(bookkeeper, ("b.xml", camt(company, iban="DE89370400440532013000")))
    assert bookkeeper.get(batch_url("upload-new-account")).status_code in (200, 403)


def test_a_table_is_shown_with_its_columns_and_they_are_remembered_once_confirmed(company):
    client = signed_in(company)
    page = read(send(client, ("export.csv", TABLE)))
    assert "Vérifier les colonnes" in page
    form = client.get(batch_url("upload-columns")).context["form"]
    assert (form["date"].value(), form["debit"].value(), form["credit"].value()) == ("0", "2", "3")
    typed = {name: form[name].value() or "" for name in form.fields if name != "is_inverted"}
    assert client.post(batch_url("upload-columns"), {**typed, "debit": "", "credit": ""}).status_code == 422
    assert client.post(batch_url("upload-columns"), {**typed, "counterparty": "1"}).status_code == 302
    assert not ColumnMapping.objects.exists()
    keep(client)
    assert {(row.amount, row.counterparty) for row in BankLine.objects.all()} == {
        (Decimal("120.00"), "VIR DUPONT FACTURE"),
        (Decimal("-4.50"), "FRAIS DE TENUE"),
    }
    assert ColumnMapping.objects.get().mapping["counterparty"] == 1
    send(client, ("next.csv", TABLE.replace(b"/11/", b"/12/")))
    assert client.get(batch_url("upload-columns")).context["form"]["counterparty"].value() == "1"


def test_a_table_that_names_no_account_waits_for_the_choice_of_one(company):
    second = BankAccount.objects.create(company=company, name="Livret", iban=OTHER_IBAN, ledger_account="512100")
    client = signed_in(company)
    page = read(send(client, ("export.csv", TABLE)))
    assert "ne dit pas de quel compte il est" in page
    client.post(batch_url("upload-account"), {"account": second.pk})
    keep(client)
    assert {row.account_id for row in BankLine.objects.all()} == {second.pk}
    assert ColumnMapping.objects.get().account_id == second.pk
    assert not AccountName.objects.exists()


def test_a_large_file_is_read_and_kept_by_the_queue_with_its_progress(company, monkeypatch):
    monkeypatch.setattr(uploads, "SMALL", 10)
    monkeypatch.setattr(uploads, "FEW", 0)
    client = signed_in(company)
    page = read(send(client, ("a.xml", camt(company))))
    assert "Lecture en cours" in page
    row = StatementUpload.objects.get()
    uploads.work_on(row, at=timezone.now())
    page = read(keep(client))
    assert "0 lignes importées sur 1" in page
    assert not BankLine.objects.exists()
    uploads.work_on(StatementUpload.objects.get(), at=timezone.now())
    assert BankLine.objects.count() == 1
    assert "Lignes nouvelles : 1" in read(client.get(batch_url()))


@pytest.mark.django_db(transaction=True)
def test_the_queue_takes_up_what_was_killed_in_the_middle_and_keeps_it_whole(monkeypatch, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    company = story.a_company()
    money.a_bank_account(company)
    monkeypatch.setattr(uploads, "FEW", 0)
    with company_scope(company):
        row = uploads.hold_file(
            company=company, batch="b", name="a.xml", data=camt(company), actor=story.ACTOR, at=timezone.now()
        )
        uploads.confirm(row=row, actor=story.ACTOR, at=timezone.now())

    def dies(*_args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(uploads, "_remember", dies)
        patch.setattr(uploads, "progress_of", lambda _row: dies)
        with pytest.raises(KeyboardInterrupt), company_scope(company):
            uploads.work_on(row, at=timezone.now())
    with company_scope(company):
        assert not BankStatement.objects.exists()
        assert StatementUpload.objects.get().state == UploadState.CONFIRMED
    assert import_uploads() == 1
    with company_scope(company):
        assert BankLine.objects.count() == 1


def test_what_was_imported_is_reconciled_at_once(company):
    invoice = story.an_issued_invoice(story.a_customer(company), at=timezone.now())
    entry = Entry(amount=invoice.balance, counterparty="X", remittance=invoice.number)
    client = signed_in(company)
    send(client, ("a.xml", camt053(company.iban, Decimal(0), [entry], timezone.localdate(), "R")))
    keep(client)
    assert BankLine.objects.get().status == "MATCHED"


def test_another_company_and_a_viewer_keep_nothing(company):
    send(signed_in(company), ("a.xml", camt(company)))
    url = batch_url()
    stranger = story.a_company()
    assert signed_in(stranger).get(url).status_code == 404
    viewer = signed_in(company, Role.VIEWER)
    assert viewer.get(url).status_code == 200
    assert viewer.post(url, {"keep": "all"}).status_code == 403
    assert not BankLine.everywhere.exists()


def run(*arguments: Any, capsys: Any) -> tuple[int, dict[str, Any]]:
    code = 0
    try:
        call_command("import_statement", *map(str, arguments), "--json")
    except SystemExit as stop:
        code = int(str(stop.code))
    return code, json.loads(capsys.readouterr().out)


def test_the_command_imports_and_says_in_json_what_came(company, tmp_path, capsys):
    path = tmp_path / "a.xml"
    path.write_bytes(camt(company, "100.00"))
    code, answer = run(path, "--company", company.siren, capsys=capsys)
    assert code == 0
    assert answer["statements"] == [
        {
            "account": company.iban,
            "reference": "R",
            "from": "2026-11-02",
            "to": "2026-11-02",
            "opening": "100.00",
            "closing": "112.00",
            "read": 1,
            "new": 1,
            "known": 0,
        }
    ]
    code, answer = run(path, "--company", company.siren, capsys=capsys)
    assert (code, answer["already_imported"], answer["statements"][0]["new"]) == (0, True, 0)


def test_the_command_refuses_with_one_and_cannot_read_with_two(company, tmp_path, capsys):
    path = tmp_path / "a.xml"
    path.write_bytes(camt(company, iban=OTHER_IBAN))
    code, answer = run(path, "--company", company.siren, capsys=capsys)
    assert (code, answer["problems"][0]["code"]) == (1, "unknown_account")
    path.write_bytes(b"\x89PNG\r\n")
    assert run(path, "--company", company.siren, capsys=capsys)[0] == 2
    assert run(tmp_path / "none.xml", "--company", company.siren, capsys=capsys)[0] == 2
    assert not BankStatement.objects.exists()
