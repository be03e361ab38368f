"""With every trigger off, as somebody who owns the server: `manage.py verify_chain` names what was touched."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing.models import JournalEntry
from config.kernel import chain
from config.kernel.canonical import canonical, sha256
from config.kernel.models import AuditEvent, Company
from config.kernel.postgresql.base import APP_ROLE
from config.kernel.scope import across_companies
from payments.models import Payment
from tests.factories import money, story
from tests.trust.conftest import World, run, settle
from tests.unchanged import as_it_was

pytestmark = pytest.mark.trust


def verdict(company: Company) -> dict[str, Any]:
    """What `manage.py verify_chain --json` says of the company; it exits 1 when the chain is broken, and only then."""
    out = io.StringIO()
    code = 0
    try:
        call_command("verify_chain", siren=company.siren, json=True, stdout=out)
    except CommandError as error:
        code = error.returncode
    answer: dict[str, Any] = json.loads(out.getvalue())
    assert answer["intact"] is (code == 0) is (answer["breaks"] == [])
    return answer


def named(company: Company) -> list[tuple[str, str]]:
    """The rows that the chain names, each with what happened to it."""
    return [(one["subject"].partition(" ")[0], one["what"]) for one in verdict(company)["breaks"]]


def tamper(sql: str, *values: Any) -> None:
    """As somebody would who owns the server: with every trigger off."""
    run("SET LOCAL ROLE NONE")
    run("SET LOCAL session_replication_role = replica")
    assert run(sql, *values) >= 1, "something was changed"
    run("SET LOCAL session_replication_role = origin")
    run(f"SET LOCAL ROLE {APP_ROLE}")


def test_an_untouched_chain_is_intact(world: World):
    answer = verdict(world.company)
    assert answer["breaks"] == []
    assert answer["events"] == AuditEvent.objects.count() > 20


CHANGED, REMOVED, FORGED = "the row was changed after it was sealed", "the row is missing", "the row is in no event"

CHANGES: dict[str, tuple[str, str, str]] = {
    "an invoice's total": (
        "UPDATE billing_invoice SET total_net = total_net + 1, total_gross = total_gross + 1",
        "invoice",
        "invoice",
    ),
    "an invoice's buyer": ("""UPDATE billing_invoice SET buyer = buyer || '{"name": "X"}'""", "invoice", "invoice"),
    "an invoice's date": ("UPDATE billing_invoice SET issue_date = issue_date - 1", "invoice", "invoice"),
    "the price of a line": ("UPDATE billing_invoiceline SET unit_price = 1", "line", "invoice"),
    "the words of a line": ("UPDATE billing_invoiceline SET description = 'X'", "line", "invoice"),
    "a line taken away": ("DELETE FROM billing_invoiceline", "line", "invoice"),
    "a VAT amount": ("UPDATE billing_vatsubtotal SET amount = amount + 1", "vat", "invoice"),
    "a VAT row taken away": ("DELETE FROM billing_vatsubtotal", "vat", "invoice"),
    "the hash of a file": ("UPDATE billing_invoicedocument SET sha256 = repeat('0', 64)", "document", "document"),
    "the day of an entry": ("UPDATE billing_journalentry SET day = day - 1", "entry", "entry"),
    "an amount of an entry": ("UPDATE billing_journalline SET debit = debit + 1", "entry line", "entry"),
    "a side of an entry taken away": ("DELETE FROM billing_journalline", "entry line", "entry"),
    "the amount of a payment": ("UPDATE payments_payment SET amount = amount + 1", "payment", "payment"),
    "the day of a payment": ("UPDATE payments_payment SET paid_on = paid_on - 1", "payment", "payment"),
    "an allocation": ("UPDATE payments_allocation SET amount = amount + 1", "allocation", "allocation"),
    "a movement of stock": ("UPDATE billing_stockmovement SET quantity = -1", "movement", "movement"),
    "a status received": ("UPDATE einvoicing_lifecycleevent SET code = '212'", "status", "status"),
}


def test_a_row_changed_with_the_triggers_off_is_named(world: World, subtests: pytest.Subtests):
    for what, (sql, touched, expected) in CHANGES.items():
        with subtests.test(what), as_it_was():
            tamper(f"{sql} WHERE id = %s", world[touched].pk)
            # figures that rest on it are named beside it
            assert (world[expected].subject, CHANGED) in named(world.company)


def test_a_row_removed_with_the_triggers_off_is_named(world: World, subtests: pytest.Subtests):
    for name in ("another invoice", "entry", "payment", "allocation", "movement", "document", "status"):
        with subtests.test(name), as_it_was():
            tamper(f"DELETE FROM {world[name]._meta.db_table} WHERE id = %s", world[name].pk)
            assert (world[name].subject, REMOVED) in named(world.company)


def test_a_row_forged_with_the_triggers_off_is_named(world: World, subtests: pytest.Subtests):
    for name, change in (
        ("invoice", {"number": "FAC-2026-09999"}),
        ("entry", {"number": "VE-2026-09999"}),
        ("payment", {"number": "ENC-2026-09999"}),
        ("allocation", {}),
        ("movement", {}),
        ("status", {"document_id": None}),
    ):
        table = world[name]._meta.db_table
        with subtests.test(name), as_it_was():
            tamper(
                f"INSERT INTO {table} SELECT (jsonb_populate_record(row, %s::jsonb)).* "
                f"FROM {table} AS row WHERE id = %s",
                json.dumps({"id": 42, **change}),
                world[name].pk,
            )
            forged = [what for subject, what in named(world.company) if subject == type(world[name]).subject_of(42)]
            assert any(what.startswith(FORGED) for what in forged)


def test_what_a_sealed_row_or_a_number_rests_on_is_missed(world: World, subtests: pytest.Subtests):
    for name, subject, what in (
        ("message", world["status"].subject, "its document is missing"),
        ("statement", world["bank line"].statement.subject, REMOVED),
        ("counter", "billing.numbersequence:0", "the counter does not stand at the last number given"),
    ):
        with subtests.test(name), as_it_was():
            tamper(f"DELETE FROM {world[name]._meta.db_table} WHERE id = %s", world[name].pk)
            assert (subject, what) in named(world.company)


UNREADABLE = "it holds a value that cannot be read"


def test_a_value_that_nothing_can_read_hides_nobody(world: World, subtests: pytest.Subtests):
    for name, change, what in (
        ("invoice", "issue_date = 'infinity'", UNREADABLE),
        ("payment", "recorded_at = '10000-01-01'", UNREADABLE),
        ("event", "at = 'infinity'", UNREADABLE),
        ("event", "subjects = '{}'", "the event was changed"),
        ("event", "subjects = ARRAY[NULL]::varchar[]", "the event was changed"),
    ):
        row = world[name]
        with subtests.test(change), as_it_was():
            tamper(f"UPDATE {row._meta.db_table} SET {change} WHERE id = %s", row.pk)
            assert (f"{row._meta.label_lower}:{row.pk}", what) in named(world.company)


def test_a_siren_that_no_company_has_is_no_intact_chain(world: World):
    siren = world.company.siren
    call_command("verify_chain", siren=f"{siren[:3]} {siren[3:]}", stdout=io.StringIO())
    with pytest.raises(CommandError, match="nothing was verified") as refused:
        call_command("verify_chain", siren="000000000", stdout=io.StringIO())
    assert refused.value.returncode == 2


def swap(world: World, one: str, other: str, column: str) -> None:
    table = world[one]._meta.db_table
    tamper(
        f"UPDATE {table} AS row SET {column} = other.{column} FROM {table} AS other "
        "WHERE (row.id = %s AND other.id = %s) OR (row.id = %s AND other.id = %s)",
        world[one].pk,
        world[other].pk,
        world[other].pk,
        world[one].pk,
    )


def test_values_swapped_between_two_rows_are_named(world: World):
    with as_it_was():
        swap(world, "payment", "another payment", "paid_on")
        both = {world["payment"].subject, world["another payment"].subject}
        # and the sums of their days, which are those of no documents any more
        rows = {subject for subject, _what in named(world.company) if not subject.startswith("payments.datedsum:")}
        assert rows == both
    swap(world, "line", "other line", "description")
    assert named(world.company) == [(world["invoice"].subject, CHANGED)]


def middle_event(company: Company) -> AuditEvent:
    events = list(AuditEvent.objects.filter(company=company, digest="").order_by("sequence"))
    return events[len(events) // 2]


def as_subject(event: AuditEvent) -> str:
    return f"kernel.auditevent:{event.pk}"


def test_an_event_taken_out_of_the_middle_is_seen_at_its_successor(world: World):
    event = middle_event(world.company)
    successor = AuditEvent.objects.get(sequence=(event.sequence or 0) + 1)
    tamper("DELETE FROM kernel_auditevent WHERE id = %s", event.pk)
    breaks = named(world.company)
    assert breaks[0] == (
        as_subject(successor),
        f"the chain jumps to {successor.sequence} where {event.sequence} was expected",
    )


def test_a_tail_cut_off_is_seen_at_the_head(world: World):
    last = AuditEvent.objects.order_by("-sequence")[0]
    tamper("DELETE FROM kernel_auditevent WHERE id = %s", last.pk)
    assert ("kernel.auditchain", "the end of the chain is missing") in named(world.company)


def test_a_head_turned_back_to_hide_a_cut_tail_leaves_the_sealed_row_alone(world: World):
    money.a_payment(world["payment"].customer, "7.00")
    settle()
    payment = Payment.objects.latest("recorded_at", "number")
    first = AuditEvent.objects.get(tag="payments.payment.recorded", subjects__0=payment.subject)
    before = AuditEvent.objects.get(sequence=(first.sequence or 0) - 1)
    tamper("DELETE FROM kernel_auditevent WHERE sequence >= %s AND company_id = %s", first.sequence, world.company.pk)
    head = "UPDATE kernel_auditchain SET length = %s, head = %s WHERE company_id = %s"
    tamper(head, before.sequence, before.hash, world.company.pk)
    entry = JournalEntry.objects.get(source=payment.subject)
    assert {subject for subject, _what in named(world.company)} == {payment.subject, entry.subject}


EVENT_CHANGES: dict[str, tuple[str, str]] = {
    "its words": ('data = data || \'{"total": "1.00"}\'', "the event was changed"),
    "its author": ("actor_name = 'somebody else'", "the event was changed"),
    "its hour": ("at = at - INTERVAL '1 day'", "the event was changed"),
    "its subjects": ("subjects = subjects || ARRAY['billing.invoice:1']::varchar[]", "the event was changed"),
    "the digest of its row": ("digest = repeat('0', 64)", "the event was changed"),
    "the hash of its content": ("content_hash = repeat('0', 64)", "the event was changed"),
    "its hash": ("hash = repeat('0', 64)", "the hash was changed"),
    "the hash before it": ("previous_hash = repeat('0', 64)", "it does not follow the event before it"),
}


def test_an_audit_event_changed_with_the_triggers_off_is_named(world: World, subtests: pytest.Subtests):
    event = world["event"]
    for what, (change, words) in EVENT_CHANGES.items():
        with subtests.test(what), as_it_was():
            tamper(f"UPDATE kernel_auditevent SET {change} WHERE id = %s", event.pk)
            assert (as_subject(event), words) in named(world.company)


def test_two_events_that_changed_places_are_both_named(world: World):
    event = middle_event(world.company)
    neighbour = AuditEvent.objects.get(sequence=(event.sequence or 0) + 1)
    give_place = "UPDATE kernel_auditevent SET sequence = %s WHERE id = %s"
    tamper(give_place, -1, event.pk)
    tamper(give_place, event.sequence, neighbour.pk)
    tamper(give_place, neighbour.sequence, event.pk)
    assert {as_subject(event), as_subject(neighbour)} <= {subject for subject, _what in named(world.company)}


def test_a_careful_forger_who_rewrites_row_and_event_is_given_away_by_the_next_link(world: World):
    payment = world["payment"]
    event = AuditEvent.objects.get(tag="payments.payment.recorded", subjects__0=payment.subject)
    tamper("UPDATE payments_payment SET amount = 601 WHERE id = %s", payment.pk)
    payment.refresh_from_db()
    event.digest = chain.digest(payment)
    content = sha256(canonical(event.facts()))
    tamper(
        "UPDATE kernel_auditevent SET digest = %s, content_hash = %s, hash = %s WHERE id = %s",
        event.digest,
        content,
        chain.link(event.previous_hash, event.sequence or 0, content),
        event.pk,
    )
    successor = AuditEvent.objects.get(sequence=(event.sequence or 0) + 1)
    link, *sums = named(world.company)
    assert link == (as_subject(successor), "it does not follow the event before it")
    assert {subject.partition(":")[0] for subject, _what in sums} == {"payments.datedsum"}


def test_a_break_in_one_company_says_nothing_of_another(world: World):
    neighbour = story.a_company()
    other = story.an_issued_invoice(story.a_customer(neighbour))
    settle()
    tamper("UPDATE billing_invoice SET notes = 'X' WHERE id = %s", world["invoice"].pk)
    with across_companies():
        assert verdict(neighbour)["breaks"] == []
    assert other.subject not in [subject for subject, _what in named(world.company)]
