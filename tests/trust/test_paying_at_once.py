"""Suppliers paid by two people at the same moment: once, or refused in words; what the account owes is what remains."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F, Sum

from billing.models import JournalLine
from billing.purchases.disputing import dispute_purchase
from billing.purchases.models import PurchaseInvoice
from config.kernel import chain
from config.kernel.errors import DomainError
from config.kernel.models import Company
from config.kernel.money import ZERO
from config.kernel.scope import company_scope
from payments.models import MatchPart, PaymentOrder, PaymentRun, PaymentRunLine, SupplierPayment
from payments.outgoing.suppliers.entries import Due
from payments.outgoing.suppliers.ordering import cancel_run, order_run
from payments.outgoing.suppliers.preparing import Choice, prepare_run
from payments.outgoing.suppliers.recording import pay_supplier
from payments.outgoing.suppliers.taking_back import cancel_supplier_payment, return_supplier_payment
from payments.services.settling import settle_line
from payments.services.settling_parts import SupplierPaid
from tests.factories import money, story
from tests.factories.story import ACTOR, AT
from tests.factories.supplier_payments import DAY, a_payer, a_purchase, a_run, a_supplier, an_ordered_run
from tests.trust.at_once import WHOLE, at_once

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]
WHO: dict[str, Any] = {"actor": ACTOR, "at": AT}


@pytest.fixture
def company(settings: Any, tmp_path: Path) -> Company:
    settings.MEDIA_ROOT = str(tmp_path)
    return story.a_company()


def each(company: Company, *acts: Callable[[], object]) -> list[str]:
    """What each is answered who does one of the acts at the same moment: "done", or why not."""

    def person(place: int) -> str:
        with company_scope(company):
            try:
                acts[place]()
            except DomainError as refused:
                return refused.code
        return "done"

    answers = sorted(at_once(len(acts), person))
    agree(company)
    return answers


def agree(company: Company) -> None:
    """What the books owe suppliers is what their purchases still ask for, and the proof holds."""
    with company_scope(company):
        owed = JournalLine.objects.filter(account__startswith="40").exclude(account__startswith="409")
        owed = owed.aggregate(sum=Sum(F("credit") - F("debit"), default=ZERO))["sum"]
        rest = sum((row.sign * row.balance for row in PurchaseInvoice.objects.filter(booked_on__isnull=False)), ZERO)
        assert owed == rest
        assert list(chain.verify(company)) == []


def test_an_invoice_chosen_by_two_is_in_one_run(company: Company):
    purchase, account = a_purchase(a_supplier(company)), money.a_bank_account(company)
    payers = [a_payer(company) for _place in range(3)]

    def prepare(payer: Any) -> Callable[[], object]:
        choice = [Choice(purchase, purchase.balance)]
        return lambda: prepare_run(choices=choice, bank_account=account, executes_on=DAY, actor=payer, at=AT)

    assert each(company, *map(prepare, payers)) == ["done", "purchase_held", "purchase_held"]
    assert PaymentRunLine.everywhere.filter(ended_at=None).count() == 1
    assert PaymentRun.everywhere.count() == 1


def test_postgresql_itself_keeps_an_invoice_out_of_a_second_run(company: Company):
    purchase = a_purchase(a_supplier(company))
    run = a_run([purchase], a_payer(company))
    line = PaymentRunLine(company=company, run=run, purchase=purchase, amount=1, iban=story.IBAN)
    with company_scope(company), pytest.raises(IntegrityError, match="one_open_run"), transaction.atomic():
        line.save(force_insert=True)


def test_a_run_confirmed_by_two_is_ordered_once(company: Company):
    rows = [a_purchase(a_supplier(company, name)) for name in ("Un", "Deux")]
    run = a_run(rows, a_payer(company))
    payers = [a_payer(company) for _place in range(3)]
    acts = [
        lambda payer=payer: order_run(run=PaymentRun.everywhere.get(), total=run.total, actor=payer, at=AT)
        for payer in payers
    ]
    assert each(company, *acts) == ["done", "run_not_open", "run_not_open"]
    assert (PaymentOrder.everywhere.count(), SupplierPayment.everywhere.count()) == (1, 2)


def test_a_run_confirmed_while_an_invoice_is_disputed_or_paid_by_hand_pays_it_once_or_not(company: Company):
    supplier = a_supplier(company)
    purchase, payer = a_purchase(supplier), a_payer(company)
    run = a_run([purchase], payer)
    account = money.a_bank_account(company)
    answers = each(
        company,
        lambda: order_run(run=run, total=run.total, actor=payer, at=AT),
        lambda: dispute_purchase(purchase=purchase, code="AUTRE", reason="Prix", **WHO),
    )
    assert answers in (["done", "nothing_to_dispute"], ["done", "purchase_held"])
    other = a_purchase(supplier, "70")
    second = a_run([other], payer)
    by_hand = {"dues": [Due(other, other.balance)], "method": "CHECK", "made_on": DAY, "bank_account": account}
    answers = each(
        company,
        lambda: order_run(run=second, total=second.total, actor=payer, at=AT),
        lambda: pay_supplier(**by_hand, **WHO),
    )
    assert answers in (["done", "purchase_held"], ["done", "purchase_paid_twice"])


def test_a_payment_matched_while_it_is_cancelled_is_one_of_both(company: Company):
    payer = a_payer(company)
    run = an_ordered_run([a_purchase(a_supplier(company))], payer)
    payment = SupplierPayment.everywhere.get()
    (line,) = money.bank_lines(company, [money.a_credit("-120.00")])
    answers = each(
        company,
        lambda: settle_line(line=line, parts=[SupplierPaid(payment)], rule="person", is_automatic=False, **WHO),
        lambda: cancel_run(run=run, reason="Erreur", actor=payer, at=AT),
        lambda: cancel_supplier_payment(payment=payment, reason="Erreur", **WHO),
    )
    assert answers.count("done") == 1
    assert MatchPart.everywhere.exists() == (SupplierPayment.everywhere.get().cancelled_at is None)


def test_random_payments_runs_returns_and_cancellations_leave_401_equal_to_what_is_owed(company: Company):
    chance, payer = random.Random(14), a_payer(company)
    suppliers = [a_supplier(company, name) for name in ("Un", "Deux")]
    regimes = ("GOODS", "SERVICES", "ASSET")
    for place in range(10):
        net = f"{chance.randint(500, 90000) / 100:.2f}"
        kind = "381" if place % 4 == 3 else "380"
        a_purchase(suppliers[place % 2], net, regime=regimes[place % 3], kind=kind)
    for _step in range(120 if WHOLE else 24):
        with company_scope(company):
            act = chance.choice([_pay, _pay, _run, _return, _cancel])
            with suppress(DomainError), transaction.atomic():
                act(company, payer, chance)
    agree(company)


def _pay(company: Company, payer: Any, chance: random.Random) -> None:
    row = chance.choice(list(PurchaseInvoice.objects.payable().order_by("reference")) or [None])
    if row is None:
        return
    amount = min(row.balance, Decimal(chance.randint(1, 20000)) / 100)
    discount = (amount / 50).quantize(Decimal("0.01")) if chance.random() < 0.3 else ZERO
    account = money.a_bank_account(company)
    pay_supplier(dues=[Due(row, amount, discount)], method="TRANSFER", made_on=DAY, bank_account=account, **WHO)


def _run(company: Company, payer: Any, chance: random.Random) -> None:
    supplier = chance.choice(list(PurchaseInvoice.objects.owed().values_list("supplier", flat=True)) or [None])
    rows = list(PurchaseInvoice.objects.owed().filter(supplier=supplier).select_related("supplier"))[:4]
    if rows:
        run = a_run(rows, payer)
        order_run(run=run, total=run.total, actor=payer, at=AT)
        if chance.random() < 0.4:
            cancel_run(run=run, reason="Erreur", actor=payer, at=AT)


def _return(company: Company, payer: Any, chance: random.Random) -> None:
    row = chance.choice(list(SupplierPayment.objects.filter(cancelled_at=None).order_by("number")) or [None])
    if row is not None:
        return_supplier_payment(payment=row, returned_on=DAY, reason="AC04", **WHO)


def _cancel(company: Company, payer: Any, chance: random.Random) -> None:
    row = chance.choice(list(SupplierPayment.objects.filter(cancelled_at=None).order_by("number")) or [None])
    if row is not None:
        cancel_supplier_payment(payment=row, reason="Erreur", **WHO)
