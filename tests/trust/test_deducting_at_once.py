"""Several final invoices deduct one deposit, and somebody credits it, at the same moment: one of them has it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billing.models import DepositDeduction, Invoice
from billing.services.correcting import draft_correction
from billing.services.deposits import choose_deposits
from billing.services.issuing import issue_invoice
from config.kernel import chain
from config.kernel.errors import DomainError
from config.kernel.scope import company_scope
from payments.services.crediting import issue_correction
from tests.factories import story
from tests.factories.money import credit_invoice
from tests.factories.story import ACTOR, AT
from tests.trust.at_once import at_once

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]

FINALS = 6


def test_one_deposit_is_deducted_or_credited_once():
    customer = story.a_customer(story.a_company())
    deposit = story.an_issued_invoice(customer, [story.a_line(quantity=Decimal(1))], kind="386")
    with company_scope(customer.company_id):
        drafts = [
            choose_deposits(invoice=story.a_draft(customer), keys=[deposit.pk], actor=ACTOR, at=AT)
            for _final in range(FINALS)
        ]

    def person(place: int) -> str:
        with company_scope(customer.company_id):
            try:
                if place == FINALS:
                    credit_invoice(invoice=deposit, parts=None, reason="Erreur", actor=ACTOR, at=AT)
                else:
                    issue_invoice(invoice=drafts[place], actor=ACTOR, at=AT)
            except DomainError as refused:
                return refused.code
        return "done"

    answers = at_once(FINALS + 1, person)
    assert answers.count("done") == 1
    assert set(answers) <= {"done", "deposit_not_deductible", "deposit_deducted"}
    deposit.refresh_from_db()
    live = DepositDeduction.everywhere.filter(is_live=True).count()
    assert live + (deposit.amount_credited > 0) == 1
    assert list(chain.verify(customer.company)) == []


def test_one_invoice_is_replaced_or_credited_once():
    customer = story.a_customer(story.a_company())
    original = story.an_issued_invoice(customer)
    with company_scope(customer.company_id):
        draft = draft_correction(invoice=original, reason="Erreur", actor=ACTOR, at=AT)

    def person(place: int) -> str:
        with company_scope(customer.company_id):
            try:
                if place:
                    credit_invoice(invoice=original, parts=None, reason="Retour", actor=ACTOR, at=AT)
                else:
                    issue_correction(invoice=draft, actor=ACTOR, at=AT)
            except DomainError as refused:
                return refused.code
        return "done"

    assert at_once(3, person).count("done") == 1
    kept = Invoice.everywhere.get(pk=original.pk)
    assert (kept.balance, kept.amount_credited) == (0, kept.total_gross)
    assert list(chain.verify(customer.company)) == []
