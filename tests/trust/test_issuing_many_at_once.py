"""A monthly run beside people who issue one by one: no gap, no duplicate, and none waits for one who waits for them."""

from __future__ import annotations

import random
import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError

from billing.models import Invoice, InvoiceStatus, JournalEntry
from billing.services import issuing
from billing.services.deposits import draft_deposit
from billing.services.generating import generate_invoice
from billing.services.issuing import issue_invoice, issue_invoices
from billing.services.orders import confirm_order, save_order, ship_order
from config.kernel import chain
from config.kernel.models import Company
from config.kernel.scope import company_scope
from tests.factories import story
from tests.trust.at_once import at_once, scaled
from tests.trust.test_numbers import without_gap_or_duplicate

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]

ACT: dict[str, Any] = {"actor": story.ACTOR, "at": story.AT}
WRITERS, EACH, RUNS, IN_A_RUN = 16, scaled(50), 2, scaled(500)
PAIRS, IN_THE_RUN = 8, 4


def numbers_of(company: Company) -> list[str]:
    issued = Invoice.everywhere.filter(company=company).exclude(status=InvoiceStatus.DRAFT)
    return [invoice.number or "" for invoice in issued]


def test_runs_beside_sixteen_writers_leave_no_gap_and_hold_the_chain() -> None:
    company = story.a_company()
    customer = story.a_customer(company)
    # each writer has drafts of their own, and one in two is in a run as well: whoever comes second is told
    own = [[story.a_draft(customer) for _draft in range(EACH)] for _writer in range(WRITERS)]
    shared = [drafts[0] for drafts in own[::2]]
    runs = [[*(story.a_draft(customer) for _draft in range(IN_A_RUN)), *shared] for _run in range(RUNS)]

    def person(place: int) -> list[int]:
        with company_scope(company):
            if place < RUNS:
                random.Random(place).shuffle(runs[place])
                outcomes = issue_invoices(invoices=runs[place], **ACT)
            else:
                outcomes = [_outcome(draft) for draft in own[place - RUNS]]
            return [outcome.pk for outcome in outcomes if isinstance(outcome, Invoice)]

    def _outcome(draft: Invoice) -> Any:
        try:
            return issue_invoice(invoice=draft, **ACT)
        except issuing.DomainError as error:
            return error

    issued = [key for keys in at_once(RUNS + WRITERS, person) for key in keys]
    assert len(issued) == len(set(issued)) == WRITERS * EACH + RUNS * IN_A_RUN, "each by one of them"
    assert without_gap_or_duplicate(numbers_of(company))
    entries = JournalEntry.everywhere.filter(company=company).values_list("number", flat=True)
    assert len(entries) == len(issued)
    assert without_gap_or_duplicate(list(entries))
    assert chain.verify(company) == []


def test_without_the_lock_two_runs_issue_the_same_draft(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: both read the draft before either has written, and only a constraint is left to stop the second."""
    company = story.a_company()
    draft, both = story.a_draft(story.a_customer(company)), threading.Barrier(2, timeout=30)

    def read_unlocked(invoices: Any) -> dict[int, Invoice]:
        found = {invoice.pk: Invoice.everywhere.get(pk=invoice.pk) for invoice in invoices}
        both.wait()
        return found

    def run(_place: int) -> list[Any]:
        with company_scope(company):
            return issue_invoices(invoices=[draft], **ACT)

    monkeypatch.setattr(issuing, "lock_invoices", read_unlocked)
    with pytest.raises(IntegrityError, match="one_subtotal_per_category_and_rate"):
        at_once(2, run)


def test_the_deposit_and_the_final_invoice_of_an_order_follow_each_other_singly_or_in_a_run() -> None:
    """Whoever issues a deposit changes the final draft of its order: both hold the order first."""
    company = story.a_company()
    customer = story.a_customer(company)
    with company_scope(company):
        pairs = [a_deposit_and_its_final(customer) for _order in range(PAIRS)]

    def issue(place: int) -> list[Any]:
        with company_scope(company):
            if place == 0:
                return issue_invoices(invoices=[final for _deposit, final in pairs[:IN_THE_RUN]], **ACT)
            which, kind = divmod(place - 1, 2)
            try:
                return [issue_invoice(invoice=pairs[which][kind], **ACT)]
            except issuing.DomainError as error:
                return [error]

    at_once(1 + 2 * PAIRS, issue)
    for deposit, final in pairs:
        deposit.refresh_from_db()
        final.refresh_from_db()
        assert not final.is_draft
        assert final.amount_deposited == (0 if deposit.is_draft else deposit.total_gross), "billed once"
    assert without_gap_or_duplicate([final.number or "" for _deposit, final in pairs])
    assert chain.verify(company) == []


def a_deposit_and_its_final(customer: Any) -> tuple[Invoice, Invoice]:
    order = save_order(order=None, customer=customer, values={}, lines=[story.a_line()], **ACT)
    order = confirm_order(order=order, **ACT)
    deposit = draft_deposit(source=order, gross=Decimal("360.00"), description="Acompte", **ACT)
    ship_order(order=order, **ACT)
    return deposit, generate_invoice(order=order, **ACT)
