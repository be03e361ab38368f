"""Each column of each protected table, changed with the triggers off: the proof names it, or README.md lists it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from django.db import DataError, IntegrityError

from config.kernel import chain
from einvoicing.models import ReceivedDocument, SupplierAnswer
from tests.trust.at_once import a_share
from tests.trust.conftest import World, settle
from tests.trust.test_frozen import FACTS, columns_of
from tests.trust.test_tampering import tamper
from tests.unchanged import as_it_was

pytestmark = pytest.mark.trust

README = Path(__file__).parents[2] / "README.md"

# table → its columns that the proof does not see. README.md (« What the proof does not see ») gives the reasons.
UNCOVERED: dict[str, set[str]] = {
    "billing_invoice": {"internal_notes", "disputed_at", "dispute_reason", "abby_invoice_id", "abby_invoice_number"},
    "billing_invoicedocument": {"verdict"},
    "billing_closedname": {"code", "kind", "name", "year_id"},
    "billing_fiscalyear": {"starts_on", "ends_on", "closed_at"},
    "billing_lettering": {
        "account",
        "at",
        "customer_id",
        "effective_on",
        "letter",
        "lettered_on",
        "origin",
        "undone_at",
    },
    "billing_letteredline": {"is_live", "lettering_id", "line_id"},
    "billing_manualentry": {"reversed_at"},
    "billing_receipt": {"at", "delivery_note", "order_id", "received_by_id", "received_on"},
    "billing_receiptline": {"order_line_id", "quantity", "receipt_id"},
    "billing_purchaseinvoice": {"disputed_at", "dispute_reason", "due_date", "iban", "internal_notes"},
    "payments_payment": {"reference", "notes", "transaction_id"},
    "payments_match": {"rule", "evidence", "rivals", "is_automatic", "note", "at", "replaces_id", "undone_because"},
    "payments_matchpart": {"position", "payment_id", "is_recorded", "label"},
    "payments_creditused": {"match_id", "allocation_id"},
    "payments_debitorder": {
        "bank_account_id",
        "cancelled_at",
        "cancelled_because",
        "debit_count",
        "first_collected_on",
        "made_at",
        "number",
        "scheme",
        "sha256",
        "total",
        "xml",
    },
    "payments_directdebit": {
        "batch",
        "amount",
        "announced_at",
        "collected_on",
        "end_to_end_id",
        "handled_at",
        "invoice_id",
        "mandate_id",
        "notice_id",
        "order_id",
        "payment_id",
        "return_code",
        "returned_on",
        "sequence",
        "status",
    },
    "payments_mandate": {
        "bic",
        "created_at",
        "customer_id",
        "debtor_name",
        "iban",
        "is_one_off",
        "language",
        "notice_days",
        "reference",
        "revoked_at",
        "revoked_because",
        "scheme",
        "signed_on",
    },
    "payments_paymentorder": {"content"},
    "payments_refund": {"cancelled_because"},
    "payments_supplierpayment": {"announced_at", "cancelled_because"},
    "payments_paymentrun": {"cancelled_because"},
    "payments_remittance": {"at", "bank_account_id", "cancelled_at", "cancelled_because", "method", "remitted_on"},
    "payments_remittanceline": {"amount", "payment_id", "remittance_id", "removed_at"},
    "einvoicing_enclosure": {"transmission_id", "position", "name", "media_type", "file", "sha256", "size"},
    "einvoicing_report": {
        "answered_at",
        "attempts",
        "deposited_at",
        "error_class",
        "in_doubt",
        "last_error",
        "lease_owner",
        "lease_until",
        "next_attempt_at",
        "remote_id",
        "status",
        "violations",
        "watched_at",
    },
    # that what a sealed row refers to is gone is seen
    "einvoicing_receiveddocument": set(ReceivedDocument.MUTABLE) - {"duplicate_of_id", "purchase_id"},
    "einvoicing_supplieranswer": set(SupplierAnswer.MUTABLE),
    "einvoicing_attempt": {
        "transmission_id",
        "number",
        "kind",
        "started_at",
        "finished_at",
        "outcome",
        "detail",
    },
    "einvoicing_remotedocument": {
        "account_id",
        "remote_id",
        "flow_type",
        "received_at",
        "applied_at",
        "problem",
    },
    "kernel_receivedwebhook": {
        "origin_id",
        "event_id",
        "name",
        "body",
        "sha256",
        "received_at",
        "lease_owner",
        "lease_until",
        "status",
        "attempts",
        "next_attempt_at",
        "applied_at",
        "problem",
    },
}


def test_every_cell_changed_by_a_superuser_is_named_or_known_as_uncovered(world: World):
    settle()
    assert chain.verify(world.company) == []
    rows = [world[name] for name in [*FACTS, "counter"]]
    cells = {(row._meta.db_table, column) for row in rows for column in columns_of(row._meta.db_table)}
    chosen = {cell for cell in a_share(sorted(cells), 8) if cell[1] not in {"id", "company_id"}}
    unseen: set[tuple[str, str]] = set()
    for row in rows:
        table = row._meta.db_table
        for column, change in columns_of(table).items():
            if (table, column) not in chosen:
                continue
            # a constraint holds for superusers too
            with suppress(IntegrityError, DataError), as_it_was():
                tamper(f'UPDATE {table} SET "{column}" = {change} WHERE id = %s', row.pk)
                if not chain.verify(world.company):
                    unseen.add((table, column))
    assert unseen == chosen & {(table, column) for table, columns in UNCOVERED.items() for column in columns}


def test_what_the_proof_does_not_see_stands_in_the_readme():
    text = README.read_text()
    section = text[text.index("### What the proof does not see") :]
    for table, columns in UNCOVERED.items():
        (line,) = [line for line in section.splitlines() if line.startswith(f"| `{table}` ")]
        assert {word.strip("`, ") for word in line.split("|")[2].split()} == columns
