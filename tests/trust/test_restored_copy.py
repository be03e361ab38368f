"""A copy of the database that is restored harms nobody: it gives no number, sends nothing, and is released knowingly.

Found by attack before: an old dump gave the same number twice and sent five documents again, with an intact chain; a
chain whose tail was cut, or that was computed again whole, was intact too.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from billing.models import Email, EmailStatus, Invoice, NumberSequence
from billing.restored import parts_of, raise_counter, series_of
from billing.services.issuing import issue_invoice
from config.kernel import audit, chain, quiet, restoring
from config.kernel.models import AuditEvent, Restoration
from config.kernel.quiet import Quiet
from config.kernel.restoring import Finding, NotCompared, NumberGoesBack, Series
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from config.kernel.tasks import write_trails
from config.kernel.trail import TrailDiffers, trail_of, verify_trail, write_trail
from config.runtime.cluster import program
from einvoicing.models import Attempt, Transmission
from einvoicing.services.transmissions.transmitting import TRANSMISSIONS
from payments.dunning.models import Reminder
from tests.factories import people, platforms, story
from tests.trust.conftest import settle

pytestmark = [pytest.mark.trust, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def _a_trail_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.TRAIL_DIR = str(tmp_path / "trail")


@pytest.fixture
def company() -> Any:
    company = story.a_company()
    with company_scope(company):
        yield company


def came_back() -> None:
    """The database as a restoration leaves it: it remembers another place than the one where it is."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_installation SET fingerprint = 'where it was'")


def released(company, user, numbers: dict[Series, int] | None = None) -> None:
    row = quiet.notice(at=story.AT)
    restoring.compare(row, at=story.AT)
    restoring.release(restoration=row, numbers=numbers or {}, raise_counter=raise_counter, user=user, at=story.AT)


def test_a_dump_restored_beside_its_database_is_quiet_and_the_database_is_not(tmp_path: Path):
    """With PostgreSQL's own tools, into another database of the same server: the nearest that a copy can come."""
    parameters = connection.get_connection_params()
    names = {"host": "host", "port": "port", "user": "user", "password": "password"}
    info = {key: str(parameters[key]) for key in names if parameters.get(key)}
    copy = f"{parameters['dbname']}_copy"
    uri = psycopg.conninfo.make_conninfo(**info)
    dump, major = tmp_path / "dump", connection.pg_version // 10_000
    with psycopg.connect(uri, dbname="postgres", autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{copy}"')
        admin.execute(f'CREATE DATABASE "{copy}" TEMPLATE template0')
        try:
            source = psycopg.conninfo.make_conninfo(uri, dbname=parameters["dbname"])
            subprocess.run([program("pg_dump", major), "-Fc", "-f", str(dump), "-d", source], check=True)
            target = psycopg.conninfo.make_conninfo(uri, dbname=copy)
            subprocess.run([program("pg_restore", major), "--no-owner", "-d", target, str(dump)], check=True)
            with psycopg.connect(target) as restored:
                assert restored.execute("SELECT kernel_is_quiet()").fetchone() == (True,)
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="restored copy gives no number"):
                    restored.execute("UPDATE billing_numbersequence SET last = last + 1")
        finally:
            admin.execute(f'DROP DATABASE "{copy}" WITH (FORCE)')
    assert not quiet.is_quiet()


def test_a_copy_gives_no_number_and_says_why(company):
    draft = story.a_draft(story.a_customer(company))
    came_back()
    with pytest.raises(Quiet), transaction.atomic():
        issue_invoice(invoice=draft, actor=story.ACTOR, at=story.AT)
    draft.refresh_from_db()
    assert (draft.number, draft.status) == (None, "DRAFT")
    with pytest.raises(DatabaseError, match="restored copy"), transaction.atomic():
        NumberSequence.objects.create(company=company, series="X", year=2026)


def test_nothing_of_a_copy_leaves(company):
    platforms.a_platform_account(company)
    story.an_issued_invoice(story.a_customer(company))
    came_back()
    assert TRANSMISSIONS.claim(at=story.AT) == []
    assert Attempt.objects.count() == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_installation SET fingerprint = kernel_fingerprint()")
    assert len(TRANSMISSIONS.claim(at=story.AT)) == 1  # the control


def test_what_waited_in_a_copy_is_looked_up_before_it_is_sent_again(company):
    platforms.a_platform_account(company)
    invoice = story.an_issued_invoice(story.a_customer(company))
    email = Email.objects.create(
        company=company, kind="INVOICE", invoice=invoice, recipient="client@example.fr", subject_line="Facture",
        body="…", next_attempt_at=story.AT, created_at=story.AT,
    )  # fmt: skip
    came_back()
    released(company, people.a_person(company))
    (row,) = TRANSMISSIONS.claim(at=story.AT)
    assert list(Attempt.objects.filter(transmission=row).order_by("number").values_list("kind", "outcome")) == [
        ("DEPOSIT", "unknown"),
        ("LOOKUP", ""),
    ]
    email.refresh_from_db()
    assert email.status == EmailStatus.UNKNOWN
    assert Transmission.objects.get().status == "SENDING"


def test_a_number_that_was_seen_elsewhere_is_not_given_again(company):
    customer = story.a_customer(company)
    assert story.an_issued_invoice(customer).number == "FAC-2026-00001"
    settle()
    write_trail(company)
    line = {"sequence": 10**6, "hash": "f" * 64, "at": "", "tag": "billing.invoice.issued", "number": "FAC-2026-00361"}
    with trail_of(company).open("a") as file:
        file.write(json.dumps(line) + "\n")
    came_back()
    row = quiet.notice(at=story.AT)
    restoring.compare(row, at=story.AT)
    findings = restoring.findings_of(row, company)["trail"]
    assert findings == [Finding("trail", "billing.invoice.issued", "FAC-2026-00361")]
    (series,) = [series for series in series_of(company, findings) if series.series == "FAC"]
    assert (series.last, series.seen) == (1, 361)
    user = people.a_person(company)
    with pytest.raises(NumberGoesBack), transaction.atomic():
        release(row, user, {series: 0})
    release(row, user, {series: 361})
    assert story.an_issued_invoice(customer).number == "FAC-2026-00362"


def release(row: Restoration, user: Any, numbers: dict[Series, int]) -> None:
    restoring.release(restoration=row, numbers=numbers, raise_counter=raise_counter, user=user, at=story.AT)


def test_the_greatest_number_of_a_series_that_slept_since_is_kept(monkeypatch):
    monkeypatch.setattr(restoring, "MOST_KEPT", 2)
    numbers = ["FAC-2026-99999", "FAC-2026-100000", "AV-2026-00007", "AV-2026-00002", "", "", ""]
    rows = [Finding("trail", "…", number) for number in numbers]
    assert [row.number for row in restoring._kept(rows)] == ["FAC-2026-100000", "AV-2026-00007", "", ""]


def test_a_copy_is_not_released_unseen_nor_twice(company):
    came_back()
    row, user = quiet.notice(at=story.AT), people.a_person(company)
    with pytest.raises(NotCompared):
        release(row, user, {})
    restoring.compare(row, at=story.AT)
    release(row, user, {})
    assert not quiet.is_quiet()
    with pytest.raises(restoring.AlreadyReleased):
        release(row, user, {})
    assert AuditEvent.objects.filter(tag="kernel.restoration.released").count() == 1


def test_the_owner_sees_it_on_the_home_page_compares_and_goes_on(company):
    story.an_issued_invoice(story.a_customer(company))
    client = people.signed_in(company)
    assert "Base restaurée" not in people.read(client.get(reverse("home")))
    came_back()
    assert "Base restaurée" in people.read(client.get(reverse("home")))
    page = reverse("restoration")
    assert "Reprendre l’activité" not in people.read(client.get(page))
    client.post(page, {"compare": "1"})
    text = people.read(client.get(page))
    assert "Reprendre l’activité" in text
    numbers = {f"last_{place}": 500 for place in range(NumberSequence.objects.filter(company=company).count())}
    assert client.post(page, numbers).status_code == 302
    assert not quiet.is_quiet()
    assert story.an_issued_invoice(story.a_customer(company)).number == "FAC-2026-00501"


def test_who_owns_one_company_of_several_does_not_release_them_all(company):
    story.a_company()
    client, page = people.signed_in(company), reverse("restoration")
    came_back()
    client.post(page, {"compare": "1"})
    assert "gérant" in people.read(client.post(page, {}))
    assert quiet.is_quiet()
    assert people.signed_in(company, Role.ACCOUNTANT).get(page).status_code == 403


def test_the_trail_is_written_once_and_is_true(company):
    story.an_issued_invoice(story.a_customer(company))
    settle()
    count = write_trail(company)
    assert count == AuditEvent.objects.filter(company=company).count() > 0
    assert write_trail(company) == 0
    assert verify_trail(company) == []


def test_a_line_that_a_crash_cut_is_written_again_whole(company):
    story.an_issued_invoice(story.a_customer(company))
    settle()
    write_trail(company)
    whole = trail_of(company).read_bytes()
    trail_of(company).write_bytes(whole[:-20])
    assert write_trail(company) == 1
    assert trail_of(company).read_bytes() == whole


def forged(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE; SET LOCAL session_replication_role = replica")
        cursor.execute(sql, values)
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_a_tail_that_was_cut_with_its_head_set_back_is_seen(company):
    """Chain and head agree with each other, as whoever holds the database can make them: the trail does not."""
    story.a_customer(company)
    settle()
    write_trail(company)
    last = AuditEvent.objects.filter(company=company).latest("sequence")
    forged("DELETE FROM kernel_auditevent WHERE id = %s", last.pk)
    forged(
        "UPDATE kernel_auditchain SET length = %s, head = %s WHERE company_id = %s",
        last.sequence - 1, last.previous_hash, company.pk,
    )  # fmt: skip
    assert not [found for found in chain.verify(company) if "event" in found.what]
    (found,) = verify_trail(company)
    assert (found.sequence, "is gone" in found.what) == (last.sequence, True)
    with pytest.raises(TrailDiffers):
        write_trail(company)


def test_a_chain_that_was_computed_again_whole_is_seen(company):
    story.a_customer(company)
    settle()
    write_trail(company)
    last = AuditEvent.objects.filter(company=company).latest("sequence")
    forged("UPDATE kernel_auditevent SET hash = %s WHERE id = %s", "0" * 64, last.pk)
    forged("UPDATE kernel_auditchain SET head = %s WHERE company_id = %s", "0" * 64, company.pk)
    (found,) = verify_trail(company)
    assert (found.sequence, "another" in found.what) == (last.sequence, True)


def test_the_clock_writes_no_trail_of_a_copy(company):
    story.a_customer(company)
    settle()
    came_back()
    assert write_trails() == 0
    assert not trail_of(company).exists()
    assert Restoration.objects.get().released_at is None


@pytest.mark.parametrize(
    ("number", "parts"),
    [
        ("FAC-2026-00361", ("FAC", 2026, 361)),
        ("AV-A-2026-00001", ("AV-A", 2026, 1)),
        ("2026-1", None),
        ("FAC-20-1", ("FAC-20-", 0, 1)),
        ("F2026/0042", ("F2026/", 0, 42)),
        ("", None),
    ],
)
def test_a_number_is_taken_apart(number, parts):
    assert parts_of(number) == parts


def test_invoices_are_issued_where_nothing_came_back(company):
    assert Invoice.objects.count() == 0
    assert story.an_issued_invoice(story.a_customer(company)).number == "FAC-2026-00001"


def test_a_reminder_that_left_after_the_copy_is_noted_and_not_sent_again(company):
    """The trail says which invoice was reminded, at which level and when."""
    invoice = story.an_issued_invoice(story.a_customer(company))
    settle()
    write_trail(company)
    sent = {
        "sequence": 10**6, "hash": "f" * 64, "at": "2026-11-25T09:00:00+00:00", "tag": "payments.reminder.sent",
        "subject": "payments.reminder:1", "number": "", "also": [invoice.subject], "level": 1,
    }  # fmt: skip
    strange = {**sent, "sequence": 10**6 + 1, "also": ["billing.invoice:1"]}
    with trail_of(company).open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in (sent, strange))
    came_back()
    released(company, people.a_person(company))
    (reminder,) = Reminder.objects.filter(invoice=invoice)
    assert (reminder.level, reminder.status, reminder.sent_at.isoformat()) == (1, "SENT", sent["at"])
    assert AuditEvent.objects.get(tag="kernel.restoration.released").data["noted"] == {"reminders": 1}


def test_the_trail_says_of_a_reminder_what_a_copy_must_know(company):
    invoice = story.an_issued_invoice(story.a_customer(company))
    audit.record(
        "payments.reminder.sent", subject=company, also=[invoice], actor=story.ACTOR, at=story.AT, data={"level": 2}
    )
    settle()
    write_trail(company)
    line = json.loads(trail_of(company).read_text().splitlines()[-1])
    assert (line["also"], line["level"]) == ([invoice.subject], 2)
