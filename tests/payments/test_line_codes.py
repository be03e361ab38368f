"""What a bank says of a movement besides its amount is kept, sealed, and seen by the matcher."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from config.kernel import chain
from config.kernel.roles import Role
from payments.matching import PROPOSED
from payments.models import LineStatus
from payments.sealed import statement_facts
from payments.services.proposing import build_index, propose
from payments.services.reconciliation import reconcile
from tests.factories import money, story
from tests.factories.people import read, signed_in

pytestmark = pytest.mark.usefixtures("in_scope")

AT, ACTOR = story.AT, story.ACTOR


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def test_the_codes_of_a_movement_and_what_was_ordered_are_kept_and_sealed(company):
    entry = money.a_credit("1185.00", code="RRTN", return_code="AC04", instructed=Decimal("1200.00"))
    [line] = money.bank_lines(company, [entry])
    assert (line.transaction_code, line.return_code) == ("PMNT.RCDT.RRTN", "AC04")
    assert (line.instructed_amount, line.instructed_currency, line.is_reversal) == (Decimal("1200.00"), "EUR", False)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert list(chain.verify(company)) == []


def test_the_mandate_and_the_batch_of_a_movement_are_kept_sealed_and_shown(company):
    entry = money.a_credit("1185.00", mandate_reference="RUM-A", batch_reference="PRL-2026-1")
    [line] = money.bank_lines(company, [entry])
    assert (line.mandate_reference, line.batch_reference) == ("RUM-A", "PRL-2026-1")
    page = read(signed_in(company, Role.ACCOUNTANT).get(line.get_absolute_url()))
    assert "RUM-A" in page
    assert "PRL-2026-1" in page
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert list(chain.verify(company)) == []


def test_a_line_without_codes_is_sealed_as_before_they_were_kept(company):
    [line] = money.bank_lines(company, [money.a_credit("1185.00", return_code="")])
    [sealed] = statement_facts(line.statement)["lines"]
    assert "transaction_code" in sealed
    later = {"return_code", "is_reversal", "instructed_amount", "instructed_currency"}
    assert not (later | {"mandate_reference", "batch_reference"}) & set(sealed)


def test_what_the_payer_ordered_pays_its_invoice_and_the_fee_is_proposed(company, customer):
    invoice = story.an_issued_invoice(customer)
    ordered = invoice.balance
    entry = money.a_credit(f"{ordered - 15}", remittance=invoice.number, instructed=ordered)
    [line] = money.bank_lines(company, [entry])
    outcome = reconcile(company=company, actor=ACTOR, at=AT)
    assert (outcome.matched, outcome.proposed) == (0, 1)
    verdict = propose(line, build_index(company, at=AT))
    assert verdict.kind == PROPOSED
    assert verdict.allocations == ((invoice.pk, ordered - 15),)
    assert verdict.difference is not None
    assert (verdict.difference.amount, verdict.difference.reason) == (Decimal(15), "BANK_FEE")
    assert any(piece.kind == "instructed" for piece in verdict.evidence)


def test_a_reversal_that_names_an_invoice_pays_it_only_once_a_person_says_so(company, customer):
    invoice = story.an_issued_invoice(customer)
    [line] = money.bank_lines(company, [money.a_credit(f"{invoice.balance}", remittance=invoice.number)])
    reading = propose(line, build_index(company, at=AT))
    line.is_reversal = True
    assert reading.kind == "auto"
    assert propose(line, build_index(company, at=AT)).kind == PROPOSED
    assert line.status == LineStatus.OPEN
