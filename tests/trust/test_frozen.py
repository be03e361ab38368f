"""What is written stays written: PostgreSQL itself refuses to change or remove a fact."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from billing.models import Invoice, LetteredLine, Lettering, ManualEntry, PurchaseInvoice
from billing.services.orders import save_order
from config.kernel.models import ReceivedWebhook
from einvoicing.models import ReceivedDocument, Report, SupplierAnswer
from payments.models import Payment, SupplierPayment
from tests.factories import story
from tests.trust.conftest import World, run, settle
from tests.unchanged import as_it_was

pytestmark = pytest.mark.trust

REFUSED = "42501"
COPY = "INSERT INTO {0} SELECT (jsonb_populate_record(row, %s::jsonb)).* FROM {0} AS row WHERE id = %s"


def refusal(sql: str, *values: Any, then: str = "") -> str:
    """The code and the words with which PostgreSQL refuses; '' when it does not."""
    try:
        with transaction.atomic():
            run(sql, *values)
            if then:
                run(then)
            settle()
    except DatabaseError as error:
        return f"{getattr(error.__cause__, 'sqlstate', '')} {error}"
    return ""


def refusal_to_the_owner(sql: str) -> str:
    """The application's role has no right to empty a table; the owner has, and is refused by the trigger."""
    with as_it_was():
        run("SET LOCAL ROLE NONE")
        return refusal(sql)


def is_frozen(words: str) -> bool:
    return words.startswith(f"{REFUSED} quittance:")


# another value than the present one, of the column's own type
OTHER = {
    "character varying": "'Z'",
    "text": "'Z'",
    "numeric": "coalesce({0}, 0) + 1",
    "bigint": "coalesce({0}, 0) + 1",
    "integer": "coalesce({0}, 0) + 1",
    "smallint": "coalesce({0}, 0) + 1",
    "date": "coalesce({0}, DATE '2020-01-01') + 1",
    "timestamp with time zone": "coalesce({0}, now()) + INTERVAL '1 second'",
    "boolean": "NOT coalesce({0}, false)",
    "jsonb": """'{{"changed": true}}'""",
    "bytea": "decode('00', 'hex')",
    "ARRAY": "ARRAY['Z']",
}


def columns_of(table: str) -> dict[str, str]:
    """Each column of the table, with an SQL expression that changes it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s ORDER BY 1", [table]
        )
        return {name: OTHER[kind].format(f'"{name}"') for name, kind in cursor.fetchall()}


FACTS: dict[str, tuple[str, ...]] = {
    "invoice": Invoice.MUTABLE,
    "line": (),
    "vat": (),
    "deduction": ("is_live",),
    "document": (),
    "entry": (),
    "entry line": (),
    "closing": (),
    "fiscal year": (),
    "name at closing": (),
    "receipt": (),
    "receipt line": (),
    "return of VAT": (),
    "lettering": Lettering.MUTABLE,
    "lettered line": LetteredLine.MUTABLE,
    "manual entry": ManualEntry.MUTABLE,
    "payment": Payment.MUTABLE,
    "allocation": (),
    "write-off": (),
    "refund": ("cancelled_at", "cancelled_because", "order_id"),
    "refund share": (),
    "order of transfers": (),
    "supplier payment": SupplierPayment.MUTABLE,
    "supplier share": (),
    "payment run": ("status", "cancelled_at", "cancelled_because"),
    "payment run line": (),
    "slip": ("cancelled_at", "cancelled_because"),
    "slip line": ("removed_at",),
    "mandate": ("revoked_at", "revoked_because"),
    "order of debits": ("cancelled_at", "cancelled_because"),
    "direct debit": ("status", "order_id", "payment_id", "return_code", "returned_on", "handled_at"),
    "statement": (),
    "bank line": ("status",),
    "match": ("undone_at", "undone_because"),
    "match part": (),
    "credit used": (),
    "purchase": PurchaseInvoice.MUTABLE,
    "purchase line": (),
    "purchase vat": (),
    "purchase deposit": ("is_live",),
    "supplier credit": (),
    "purchase settlement": (),
    "movement": (),
    "enclosure": (),
    "report": Report.MUTABLE,
    "attempt": ("finished_at", "outcome", "detail"),
    "message": ("applied_at", "problem"),
    "status": (),
    "received document": ReceivedDocument.MUTABLE,
    "answer to a supplier": SupplierAnswer.MUTABLE,
    "supplier status": ("document_id",),
    "event": (),
    "received webhook": ReceivedWebhook.MUTABLE,
}


def test_no_column_of_a_fact_can_be_changed_nor_the_fact_removed(world: World, subtests: pytest.Subtests):
    for name, may_change in FACTS.items():
        table, key = world[name]._meta.db_table, world[name].pk
        changes = columns_of(table)
        assert set(may_change) <= set(changes)
        for column in changes.keys() - set(may_change):
            with subtests.test(f"{table}.{column}"):
                sql = f'UPDATE {table} SET "{column}" = {changes[column]} WHERE id = %s'
                assert is_frozen(refusal(sql, key))
        with subtests.test(f"{table} removed"):
            assert is_frozen(refusal(f"DELETE FROM {table} WHERE id = %s", key))
            assert is_frozen(refusal(f"DELETE FROM {table}"))
            # by its own trigger: those of the tables that go with it would refuse too
            assert f"TRUNCATE on {table} is refused" in refusal_to_the_owner(f"TRUNCATE {table} CASCADE")


def test_what_may_still_change_does(world: World):
    """The control of the test above: it is the column that is refused, not the statement."""
    for name, column, value in (
        ("invoice", "internal_notes", "rappeler lundi"),
        ("invoice", "dispute_reason", "quantité"),
        ("payment", "notes", "chèque au coffre"),
        ("payment", "reference", "VIR 42"),
        ("message", "problem", "illisible"),
    ):
        table, key = world[name]._meta.db_table, world[name].pk
        assert refusal(f"UPDATE {table} SET {column} = %s WHERE id = %s", value, key) == ""


def test_a_draft_can_be_changed_and_removed(world: World):
    """The other control: the triggers look at the invoice, not only at the table."""
    draft = world["draft"]
    assert refusal("UPDATE billing_invoice SET notes = 'autre', due_date = '2027-01-01' WHERE id = %s", draft.pk) == ""
    assert refusal("UPDATE billing_invoiceline SET description = 'autre' WHERE invoice_id = %s", draft.pk) == ""
    assert run("DELETE FROM billing_invoiceline WHERE invoice_id = %s", draft.pk) == 2
    assert run("DELETE FROM billing_invoice WHERE id = %s", draft.pk) == 1


def test_nothing_is_added_to_an_issued_invoice_nor_moved_into_it(world: World):
    for name, other in (("line", {"id": 1, "position": 9}), ("vat", {"id": 1, "rate": "5.50"})):
        row = world[name]
        words = refusal(COPY.format(row._meta.db_table), json.dumps(other), row.pk)
        assert is_frozen(words), words
    words = refusal(
        "UPDATE billing_invoiceline SET invoice_id = %s WHERE invoice_id = %s", world["invoice"].pk, world["draft"].pk
    )
    assert is_frozen(words)


def test_what_one_statement_adds_is_refused_whole_where_some_of_it_goes_to_an_issued_invoice(world: World):
    copies = (
        "INSERT INTO {0} SELECT (jsonb_populate_record(row, "
        "jsonb_build_object('id', place, 'position', 9, 'rate', 5.5, 'invoice_id', invoice))).* "
        "FROM {0} AS row, unnest(%s::bigint[]) WITH ORDINALITY AS added (invoice, place) WHERE row.id = %s"
    )
    issued, draft = world["invoice"].pk, world["draft"].pk
    for row in (world["line"], world["vat"]):
        sql = copies.format(row._meta.db_table)
        for among in ([draft, issued], [issued, draft]):
            assert is_frozen(refusal(sql, among, row.pk))
        assert refusal(sql, [draft], row.pk) == "", "the control"


def test_an_issued_invoice_never_becomes_a_draft_again(world: World):
    assert is_frozen(refusal("UPDATE billing_invoice SET status = 'DRAFT' WHERE id = %s", world["invoice"].pk))


def test_the_figures_kept_on_an_invoice_or_a_payment_are_those_of_the_allocations(world: World):
    for table, column, name in (
        ("billing_invoice", "amount_paid", "invoice"),
        ("payments_payment", "allocated", "payment"),
    ):
        words = refusal(f"UPDATE {table} SET {column} = {column} - 1 WHERE id = %s", world[name].pk)
        assert words.startswith("23514"), words
    words = refusal("UPDATE billing_invoice SET amount_paid = total_gross + 1 WHERE id = %s", world["invoice"].pk)
    assert "never_paid_beyond_its_total" in words
    forged = (
        "INSERT INTO payments_allocation SELECT (jsonb_populate_record(row, '{\"id\": 1}')).* "
        "FROM payments_allocation AS row WHERE id = %s"
    )
    assert refusal(forged, world["allocation"].pk).startswith("23514")


def test_an_order_keeps_its_number_and_what_was_confirmed(world: World):
    """Triggers keep it; it is no fact of the chain."""
    order = world["order"]
    for change in (f"{name} = {other}" for name, other in columns_of("billing_salesorder").items()):
        if not change.startswith(("status", "shipped_at", "billed_by_id")):
            assert is_frozen(refusal(f"UPDATE billing_salesorder SET {change} WHERE id = %s", order.pk)), change
    for sql in ("UPDATE billing_orderline SET quantity = 9", "DELETE FROM billing_orderline"):
        assert is_frozen(refusal(f"{sql} WHERE order_id = %s", order.pk))
    assert is_frozen(refusal("DELETE FROM billing_salesorder WHERE id = %s", order.pk))
    draft = save_order(
        order=None, customer=order.customer, values={}, lines=[story.a_line()], actor=story.ACTOR, at=story.AT
    )
    assert refusal("UPDATE billing_salesorder SET notes = 'Z' WHERE id = %s", draft.pk) == ""
    assert is_frozen(refusal("UPDATE billing_salesorder SET number = 'Z' WHERE id = %s", draft.pk))
    assert is_frozen(refusal("UPDATE billing_orderline SET order_id = %s WHERE order_id = %s", order.pk, draft.pk))


def test_a_written_entry_takes_no_more_lines_though_it_would_balance(world: World):
    pair = (
        "INSERT INTO billing_journalline SELECT (jsonb_populate_record(row, "
        "jsonb_build_object('id', place, 'position', 90 + place, 'debit', d, 'credit', c))).* "
        "FROM billing_journalline AS row, (VALUES (1, 5, 0), (2, 0, 5)) AS added (place, d, c) WHERE row.id = %s"
    )
    assert is_frozen(refusal(pair, world["entry line"].pk))


def test_no_payment_is_inserted_as_spent(world: World):
    forged = json.dumps({"id": 7, "number": "ENC-2026-09999", "allocated": "50.00"})
    assert refusal(COPY.format("payments_payment"), forged, world["another payment"].pk).startswith("23514 quittance")


def test_an_event_gets_its_place_in_the_chain_from_postgresql_alone(world: World):
    unplaced = {"id": 2**62, "hash": "", "previous_hash": "", "sequence": None}
    placed = {**unplaced, "hash": "0" * 64, "sequence": 2**31}
    copy = COPY.format("kernel_auditevent")
    assert is_frozen(refusal(copy, json.dumps(placed), world["event"].pk))
    forged = f"UPDATE kernel_auditevent SET hash = repeat('0', 64), sequence = 9 WHERE id = {2**62}"
    assert is_frozen(refusal(copy, json.dumps(unplaced), world["event"].pk, then=forged))
    assert refusal(copy, json.dumps(unplaced), world["event"].pk) == "", "the control"


def test_a_temporary_table_of_the_same_name_hides_nothing_from_the_triggers(world: World, subtests: pytest.Subtests):
    for hidden, columns, change in (
        ("billing_invoice", "id bigint, status text", "UPDATE billing_invoiceline SET unit_price = 1"),
        ("billing_invoice", "id bigint, status text", "DELETE FROM billing_vatsubtotal"),
        ("billing_salesorder", "id bigint, status text", "UPDATE billing_orderline SET quantity = 9"),
    ):
        with subtests.test(change), as_it_was():
            run(f"CREATE TEMPORARY TABLE {hidden} ({columns}) ON COMMIT DROP")
            assert is_frozen(refusal(change))


def test_every_function_of_a_trigger_that_reads_tables_says_where_they_are(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
            "AND prorettype = 'trigger'::regtype AND prosrc ~ '(FROM|INTO|UPDATE) (billing|payments|kernel)_' "
            "AND NOT coalesce('search_path=public, pg_temp' = ANY (proconfig), false)"
        )
        assert cursor.fetchall() == []


def test_the_head_of_the_chain_cannot_be_removed_nor_moved(world: World):
    assert is_frozen(refusal("UPDATE kernel_auditchain SET length = length - 1"))
    assert is_frozen(refusal("DELETE FROM kernel_auditchain WHERE company_id = %s", world.company.pk))
    assert is_frozen(refusal_to_the_owner("TRUNCATE kernel_auditchain"))


def test_every_frozen_table_of_the_product_stands_in_this_file(world: World):
    """A table frozen by a later migration must be tried here too."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT event_object_table FROM information_schema.triggers "
            "WHERE trigger_name LIKE %s AND event_object_table <> 'kernel_auditchain'",
            ["%\\_freeze"],
        )
        frozen = {table for (table,) in cursor.fetchall()}
    assert frozen == {world[name]._meta.db_table for name in FACTS}


def test_nothing_is_paid_or_credited_without_what_carries_it(world: World, subtests: pytest.Subtests):
    """For the application's own role too, and whichever company the session names as its own."""
    for sql in (
        "status = 'PAID', amount_paid = total_gross",
        "status = 'PAID', amount_credited = total_gross - amount_paid",
        "status = 'CREDITED', amount_credited = total_gross - amount_paid",
        "amount_credited = amount_credited + 1",
        "amount_paid = amount_paid - 1",
    ):
        for scope in ("*", str(world.company.pk), "1", ""):
            with subtests.test(f"{sql} as {scope}"):
                words = refusal(
                    f"UPDATE billing_invoice SET {sql} WHERE id = %s",
                    world["invoice"].pk,
                    then=f"SELECT set_config('quittance.company', '{scope}', true)",
                )
                assert words.startswith("23514 quittance: invoice"), words


def test_no_invoice_is_inserted_as_paid(world: World):
    forged = (
        "INSERT INTO billing_invoice SELECT (jsonb_populate_record(row, jsonb_build_object("
        "'id', 1, 'number', 'FAC-2026-09999', 'status', 'PAID', 'amount_paid', row.total_gross))).* "
        "FROM billing_invoice AS row WHERE id = %s"
    )
    assert refusal(forged, world["another invoice"].pk).startswith("23514 quittance: invoice")
