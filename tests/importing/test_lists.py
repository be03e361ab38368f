"""Lists from other software: read whatever wrote them, all of it taken over or nothing, what is known found."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook

from billing.models import Product
from config.kernel.importing import receiving, running
from config.kernel.importing.running import IMPORTS
from config.kernel.importing.tables import read_table
from config.kernel.models import AuditEvent, Company, ImportRow, ImportRun, Job, Membership
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from config.pages.operations.finishing import finish_jobs
from customers.models import Address, Customer
from tests.factories import story
from tests.factories.people import a_person, read, signed_in

pytestmark = pytest.mark.django_db

LIST = """Nom;SIRET;E-mail;Adresse;CP;Ville;Délai;Prénom;Nom du contact
Boulangerie Martin;732 829 320 00074;contact@martin.example;1 rue du Four;01000;Bourg-en-Bresse;30;;
;;anna@personne.example;2 rue Haute;75011;Paris;;Anna;Lefèvre
Garage Dupont;;garage@dupont.example;3 rue Basse;69001;Lyon;60 jours;;
"""


def sent(
    company: Company, text: str | bytes, kind: str = "customers", name: str = "liste.csv"
) -> tuple[Any, ImportRun]:
    """A browser, and the file that it sent."""
    client = signed_in(company)
    file = io.BytesIO(text.encode() if isinstance(text, str) else text)
    file.name = name
    answer = client.post(reverse("import-list"), {"kind": kind, "file": file})
    assert answer.status_code == 302, read(answer)
    return client, ImportRun.everywhere.get(pk=int(answer["Location"].rstrip("/").rsplit("/")[-1]))


def page_of(client: Any, run: ImportRun, **query: Any) -> Any:
    return client.get(reverse("import-detail", args=[run.pk]), query)


def act(client: Any, run: ImportRun, act: str, **typed: Any) -> Any:
    page = page_of(client, run)
    if act == "columns":
        typed = {field.name: field.value() or "" for field in page.context["form"]} | typed
    answer = client.post(
        reverse("import-detail", args=[run.pk]), {"act": act, "shown": page.context.get("shown", ""), **typed}
    )
    IMPORTS.sweep()
    run.refresh_from_db()
    return answer


def taken(company: Company, text: str | bytes, kind: str = "customers", **typed: Any) -> ImportRun:
    client, run = sent(company, text, kind)
    act(client, run, "columns")
    assert run.status == "CHECKED", run.last_error
    act(client, run, "confirm", **typed)
    return run


def refusal(company: Company, data: bytes, name: str = "liste.xlsx") -> str:
    file = io.BytesIO(data)
    file.name = name
    answer = signed_in(company).post(reverse("import-list"), {"kind": "customers", "file": file})
    assert answer.status_code == 422
    assert not ImportRun.everywhere.exists()
    return str(answer.context["form"].errors["file"][0])


def test_a_list_of_customers_is_taken_over_as_it_was_shown(company: Company) -> None:
    client, run = sent(company, LIST)
    form = page_of(client, run).context["form"]
    assert [field.value() for field in form] == [
        "name", "siret", "email", "line", "postcode", "city", "terms", "first_name", "last_name",
    ]  # fmt: skip
    act(client, run, "columns")
    page = page_of(client, run)
    assert page.context["counts"] == {"rows": 3, "errors": 0, "likely": 0, "create": 3, "update": 0, "ignore": 0}
    assert not Customer.everywhere.filter(company=company).exists()
    act(client, run, "confirm")
    assert run.status == "DONE"
    bakery, person, garage = (Customer.everywhere.get(pk=row.record) for row in ImportRow.everywhere.order_by("line"))
    assert (bakery.siren, bakery.electronic_address, bakery.terms.days) == ("732829320", "732829320", 30)
    assert (person.kind, person.name) == ("INDIVIDUAL", "Anna Lefèvre")
    assert garage.terms.days == 60
    assert Address.everywhere.get(customer=bakery).postcode == "01000"
    assert AuditEvent.objects.filter(tag="customers.customer.created").count() == 3
    assert bytes(run.content) == b""
    assert not any(ImportRow.everywhere.values_list("cells", flat=True))
    assert finish_jobs() == 1
    assert Job.objects.get(kind="import").status == "COMPLETED"
    assert page_of(client, run).status_code == 200


def book(*rows: Any, merged: str = "") -> bytes:
    made = Workbook()
    for row in rows:
        made.active.append(row)
    if merged:
        made.active.merge_cells(merged)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def with_part(data: bytes, name: str, content: bytes = b"x") -> bytes:
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def test_an_error_names_its_line_and_its_column_and_nothing_is_taken_over(company: Company) -> None:
    text = LIST + "Faux;732 829 320 00075;pas une adresse;;;;;;\nLoin;;;;;;77 lunes;;\nRond;5,52E+13;;;;;;;\n"
    client, run = sent(company, text)
    act(client, run, "columns")
    answer = act(client, run, "confirm")
    assert answer.status_code == 422
    assert run.status == "CHECKED"
    assert not Customer.everywhere.filter(company=company).exists()
    file = b"".join(page_of(client, run, show="errors", export="csv")).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(file), delimiter=";"))
    assert [(row[0], row[2], row[3]) for row in rows[1:]] == [
        ("5", "C", "Adresse e-mail"), ("6", "G", "Règlement"), ("7", "B", "SIRET"),
    ]  # fmt: skip
    act(client, run, "confirm", leaves_errors="1")
    assert run.status == "DONE"
    assert Customer.everywhere.filter(company=company).count() == 3


def test_what_is_known_is_shown_and_becomes_what_is_chosen(company: Company) -> None:
    known = story.a_customer(company, name="SARL Garage DUPONT", siret="", siren="", email="")
    taken(company, LIST.splitlines()[0] + "\nBoulangerie Martin;73282932000074;;;;;;;\n")
    client, run = sent(company, LIST)
    act(client, run, "columns")
    page = page_of(client, run, show="likely")
    assert [(one["row"].label, str(one["sign"])) for one in page.context["rows"]] == [
        ("Boulangerie Martin", "SIRET"), ("Garage Dupont", "Nom"),
    ]  # fmt: skip
    bakery, garage = (one["row"] for one in page.context["rows"])
    assert act(client, run, "settle", **{f"choice-{bakery.pk}": "CREATE"}).status_code == 422
    act(client, run, "settle", **{f"choice-{garage.pk}": "UPDATE"})
    before = Address.everywhere.get(customer=known).line
    act(client, run, "confirm")
    known.refresh_from_db()
    assert (known.name, known.email, known.terms.days) == ("Garage Dupont", "garage@dupont.example", 60)
    assert Address.everywhere.get(customer=known).line == "3 rue Basse" != before
    assert Customer.everywhere.filter(company=company).count() == 3
    # the same file again: nothing is new
    client, again = sent(company, LIST)
    act(client, again, "columns")
    assert page_of(client, again).context["counts"]["ignore"] == 3
    assert act(client, again, "confirm").status_code == 422


def test_twins_within_a_file_are_told(company: Company) -> None:
    text = "Nom;SIRET;E-mail\nA;73282932000074;\nB;73282932000074;\nC;;c@c.example\nD;;C@c.example\nE;;\n"
    client, run = sent(company, text)
    act(client, run, "columns")
    rows = {row.label: row for row in ImportRow.everywhere.filter(run=run)}
    assert [rows[name].has_problems for name in "ABCDE"] == [False, True, False, False, False]
    assert (rows["D"].twin_line, rows["D"].choice) == (4, "IGNORE")


def test_a_record_made_since_the_check_is_looked_at_again(company: Company) -> None:
    client, run = sent(company, "Nom;E-mail\nGarage Dupont;garage@dupont.example\n")
    act(client, run, "columns")
    page = page_of(client, run)
    story.a_customer(company, name="Autre", email="garage@dupont.example")
    client.post(reverse("import-detail", args=[run.pk]), {"act": "confirm", "shown": page.context["shown"]})
    IMPORTS.sweep()
    run.refresh_from_db()
    assert run.status == "CHECKED"
    assert ImportRow.everywhere.get(run=run).known_label == "Autre"
    assert Customer.everywhere.filter(company=company).count() == 1


def test_a_worker_that_dies_in_the_middle_leaves_nothing_and_the_next_one_all(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def dying(*_args: Any) -> None:
        if Customer.objects.filter(company=company).count() > 1:
            raise Killed

    monkeypatch.setattr(running, "CHUNK", 2)
    client, run = sent(company, LIST)
    act(client, run, "columns")
    monkeypatch.setattr(running, "_show_progress", dying)
    with pytest.raises(Killed):
        act(client, run, "confirm")
    run.refresh_from_db()
    assert run.status == "APPLYING"
    assert not Customer.everywhere.filter(company=company).exists()
    monkeypatch.undo()
    IMPORTS.sweep(now=lambda: timezone.now() + running.LEASE + timedelta(seconds=1))
    assert Customer.everywhere.filter(company=company).count() == 3


def test_whoever_lost_the_right_meanwhile_takes_nothing_over(company: Company) -> None:
    client, run = sent(company, LIST)
    act(client, run, "columns")
    page = page_of(client, run)
    client.post(reverse("import-detail", args=[run.pk]), {"act": "confirm", "shown": page.context["shown"]})
    lost = list(Membership.objects.filter(company=company))
    a_person(company)  # a company keeps an owner
    Membership.objects.filter(pk__in=[row.pk for row in lost]).update(role=Role.VIEWER)
    IMPORTS.sweep()
    run.refresh_from_db()
    assert (run.status, Customer.everywhere.filter(company=company).count()) == ("CHECKED", 0)


def test_columns_are_remembered_and_asked_for_where_they_are_missing(company: Company) -> None:
    text = "Alpha;Beta\nGarage Dupont;Lyon\n"
    client, run = sent(company, text)
    assert act(client, run, "columns").status_code == 422
    assert act(client, run, "columns", **{"column-0": "name", "column-1": "name"}).status_code == 422
    act(client, run, "columns", **{"column-0": "name", "column-1": "city"})
    client, again = sent(company, text)
    assert again.layout["columns"] == {"name": 0, "city": 1}
    act(client, again, "cancel")
    assert again.status == "CANCELLED"


def test_products_are_taken_over_and_what_a_list_does_not_say_of_a_known_one_stays(company: Company) -> None:
    rows = "A1;Vis;1 234,5;5,5 %;kg;bien\nB2;Pose;80;0,2;h;prestation\n"
    taken(company, f"Référence;Désignation;PU HT;TVA;Unité;Nature\n{rows}", kind="products")
    screw, fitting = Product.everywhere.filter(company=company).order_by("reference")
    assert (screw.unit_price, screw.vat_rate, screw.unit) == (Decimal("1234.5"), Decimal("5.5"), "KGM")
    assert (fitting.vat_rate, fitting.unit, fitting.is_service) == (20, "HUR", True)
    client, run = sent(company, "Référence;Désignation;PU HT\nA1;Vis longue;2\n", kind="products")
    act(client, run, "columns")
    act(client, run, "settle", every="UPDATE")
    act(client, run, "confirm")
    screw.refresh_from_db()
    assert (screw.name, screw.unit_price, screw.vat_rate, screw.unit) == ("Vis longue", 2, Decimal("5.5"), "KGM")


def test_the_third_parties_of_a_fec_are_taken_over(company: Company) -> None:
    heads = ["JournalCode", "EcritureNum", "EcritureDate", "CompteNum", "CompAuxNum", "CompAuxLib", "Debit"]
    lines = [
        ["VE", "1", "20250101", "411000", "C1", "Garage Dupont", "10"],
        ["VE", "1", "20250101", "706000", "", "", "0"],
        ["AC", "2", "20250102", "401000", "F1", 'Papeterie "Le Roi', "0"],
        ["AC", "3", "20250102", "401000", "F2", "Garage Dupont", "0"],
    ]
    taken(company, "\n".join("\t".join(line) for line in (heads, *lines)).encode("cp1252"))
    found = {row.name: (row.is_customer, row.is_supplier) for row in Customer.everywhere.filter(company=company)}
    assert found == {"Garage Dupont": (True, True), 'Papeterie "Le Roi': (False, True)}


def test_our_own_list_comes_back_as_it_left(company: Company) -> None:
    customer = story.a_customer(company, name="=1+1 SARL", phone="+33 1 02 03 04 05")
    client = signed_in(company)
    for file_format in ("csv", "xlsx"):
        data = b"".join(client.get(reverse("customers:customer-list"), {"export": file_format}))
        browser, run = sent(company, data, name=f"clients.{file_format}")
        act(browser, run, "columns")
        row = ImportRow.everywhere.get(run=run)
        assert (row.problems, row.known, row.label) == ([], customer.pk, "=1+1 SARL")
        assert row.cells["phone"] == "+33 1 02 03 04 05"


def test_a_file_that_would_be_read_wrongly_is_refused_with_its_line_and_column(company: Company) -> None:
    good = book(["Nom", "Ville"], ["A", "Lyon"], ["B", "Nice"])
    for data, words in (
        (book(["Nom", "Ville", "nom"], ["A", "Lyon", "B"]), "les colonnes A et C"),
        (book(["Nom", "Ville"], ["A", "Lyon"], ["B", "Nice"], merged="A2:A3"), "Ligne 2, colonne A"),
        (b"Nom;Ville\nA\x00;Lyon\n", "Ligne 2, colonne A"),
        (b"Nom;Ville\nA;" + b"x" * 6_000, "Ligne 2, colonne B"),
        (b"Nom;Ville\n" + b"A;Lyon\n" * 20_001, "20 000 lignes"),
        (b"Nom" + b";x" * 200 + b"\nA", "100 colonnes"),
        (b'Nom;Ville\n"A;Lyon\n' + b"x" * 140_000, "Ligne 2"),
        (with_part(good, "xl/vbaProject.bin"), "macros"),
        (with_part(good, "xl/externalLinks/externalLink1.xml"), "autres classeurs"),
        (with_part(good, "xl/bomb.xml", b"0" * 210_000_000), "volumineux"),
        (with_part(good, "xl/evil.xml", b"<!DOCTYPE x>"), "DOCTYPE"),
        (good[:-40], "pas un classeur"),
        (with_part(b"", "content.xml"), "OpenDocument"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 100, ".xls"),
        (b"Nom;Ville\n", "titres"),
    ):
        assert words in refusal(company, data), words


def test_another_company_and_a_reader_see_nothing_of_it(company: Company) -> None:
    _client, run = sent(company, LIST)
    other = signed_in(story.a_company())
    assert page_of(other, run).status_code == 404
    assert other.post(reverse("import-detail", args=[run.pk]), {"act": "cancel"}).status_code == 404
    viewer = signed_in(company, Role.VIEWER)
    assert page_of(viewer, run).status_code == 403
    assert viewer.post(reverse("import-list"), {"kind": "customers"}).status_code == 403


def test_the_command_does_what_the_page_does(company: Company, tmp_path: Path) -> None:
    file = tmp_path / "clients.csv"
    file.write_text(LIST, encoding="cp1252")
    call = ("import_records", "customers", str(file), "--company", company.siren, "--json")
    out = io.StringIO()
    call_command(*call, stdout=out)
    assert json.loads(out.getvalue())["created"] == 3
    with pytest.raises(SystemExit, match="1"):
        call_command(*call, stdout=io.StringIO())
    file.write_text("Nom;SIRET\nA;123\n")
    out = io.StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command(*call, stdout=out)
    assert json.loads(out.getvalue())["problems"][0]["line"] == 2


def test_what_waited_a_week_is_forgotten(company: Company) -> None:
    _client, run = sent(company, LIST)
    assert receiving.forget(at=run.requested_at + timedelta(days=6)) == 0
    with company_scope(company):
        assert receiving.forget(at=run.requested_at + timedelta(days=8)) == 1


def test_whatever_a_french_spreadsheet_writes_is_read() -> None:
    for separator, encoding in product(";\t,", ("utf-8-sig", "cp1252", "mac_roman", "utf-16", "utf-16-le")):
        text = "Nom,Ville\r\nCrêperie de l'Étang,Orléans\r\nGaraçon,Nîmes\r\nHôtel,Évry\r\n".replace(",", separator)
        rows = read_table(text.encode(encoding)).rows
        assert [cells[1] for _line, cells in rows] == ["Ville", "Orléans", "Nîmes", "Évry"], (separator, encoding)
