"""Money back: a customer's credit refunded, a payment that bounced, both taken back exactly, and what is declared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F, Sum

from billing.models import Invoice, JournalLine
from config.kernel import chain
from config.kernel.clock import local_day
from config.kernel.errors import Invalid
from config.kernel.models import Company
from config.kernel.scope import company_scope
from einvoicing.models import PlatformAccount
from einvoicing.services import declaring
from payments.dates import PaidTooLongAgo
from payments.models import Method, Payment, Refund
from payments.outgoing.recording import RefundedInTheFuture
from payments.outgoing.refunding import (
    AlreadyCancelled,
    BeyondCredit,
    IbanMissing,
    NotOfCustomer,
    cancel_refund,
    refund_customer,
)
from payments.outgoing.returning import ReturnedBeyond, return_payment
from payments.services.payments import PaymentUsedElsewhere, reverse_payment
from tests.factories import money, story
from tests.factories.story import ACTOR, AT, IBAN
from tests.trust.conftest import settle as settle_constraints

pytestmark = pytest.mark.django_db
WHO: dict[str, Any] = {"actor": ACTOR, "at": AT}
DAY = local_day(AT)
Declared = list[tuple[Decimal, Any]]


@pytest.fixture
def company() -> Any:
    company = story.a_company()
    with company_scope(company):
        yield company


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Declared:
    """What the statuses 212 say: amount and day, in their order."""
    told: Declared = []
    sums: dict[int, dict[Any, Any]] = defaultdict(dict)

    def note(statuses: Sequence[declaring.Status], **_kwargs: Any) -> list[Any]:
        for invoice, code, details, _to in statuses:
            for one in details[0].characteristics if code == declaring.RECEIVED else ():
                told.append((one.amount, one.value_date))
                sums[invoice.pk][one.percent] = sums[invoice.pk].get(one.percent, 0) + one.amount
        return []

    monkeypatch.setattr(
        declaring, "holders_of", lambda invoices, _actor: [[PlatformAccount(kind="afnor")]] * len(invoices)
    )
    monkeypatch.setattr(declaring, "_declare", note)
    monkeypatch.setattr(
        declaring, "declared_by_rate", lambda pairs: [dict(sums[invoice.pk]) for invoice, _account in pairs]
    )
    return told


def broken(company: Company) -> list[Any]:
    settle_constraints()
    return list(chain.verify(company))


def an_invoice(company: Company, customer: Any = None) -> Invoice:
    """1 200 € with VAT."""
    line = story.a_line("Étude", quantity=Decimal(1), unit_price=Decimal(1000))
    return story.an_issued_invoice(customer or story.a_customer(company), [line])


def refund(customer: Any, amount: str, **values: Any) -> Refund:
    options = {"method": Method.TRANSFER, "iban": IBAN, "reason": "Trop-perçu", "made_on": DAY, **WHO, **values}
    return refund_customer(customer=customer, amount=Decimal(amount), **options)


def trial_balance() -> dict[str, Decimal]:
    sums = JournalLine.objects.values("account").annotate(sum=Sum(F("debit") - F("credit")))
    return {row["account"]: row["sum"] for row in sums if row["sum"]}


def fresh(invoice: Invoice) -> tuple[str, Decimal, Decimal]:
    row = Invoice.objects.get(pk=invoice.pk)
    return row.status, row.amount_paid, row.balance


def left(*payments: Payment) -> list[Decimal]:
    return [Payment.objects.get(pk=payment.pk).unallocated for payment in payments]


def test_credit_is_refunded_of_the_oldest_payments_and_booked(company: Company):
    customer, account = story.a_customer(company), money.a_bank_account(company)
    old = money.a_payment(customer, "40", bank_account=account, paid_on=DAY - timedelta(days=3))
    new = money.a_payment(customer, "100", bank_account=account)
    row = refund(customer, "90", bank_account=account)
    assert row.number == row.end_to_end_id == "RBT-2026-00001"
    assert left(old, new) == [0, 50]
    assert trial_balance() == {account.ledger_account: 50, "411000": -50}
    assert broken(company) == []


def test_a_part_of_one_payment_is_refunded_and_the_rest_stays_credit(company: Company):
    customer = story.a_customer(company)
    old, new = money.a_payment(customer, "40"), money.a_payment(customer, "100")
    refund(customer, "30", payments=[new])
    assert left(old, new) == [40, 70]
    with pytest.raises(BeyondCredit, match="70,00"):
        refund(customer, "71", payments=[new])


def test_never_more_than_the_credit_nor_the_credit_of_another(company: Company):
    invoice = an_invoice(company)
    money.a_payment(invoice.customer, "1250", [(invoice, "1200")])
    stranger = money.a_payment(story.a_customer(company), "500")
    with pytest.raises(BeyondCredit, match="50,00"):
        refund(invoice.customer, "50.01")
    with pytest.raises(NotOfCustomer):
        refund(invoice.customer, "50", payments=[stranger])
    refund(invoice.customer, "50")
    with pytest.raises(BeyondCredit):
        refund(invoice.customer, "0.01")
    assert not Refund.objects.filter(amount__lt=50).exists()


def test_a_transfer_needs_an_iban_that_is_one_and_no_refund_is_dated_ahead_or_long_ago(company: Company):
    customer = story.a_customer(company)
    money.a_payment(customer, "10")
    with pytest.raises(IbanMissing):
        refund(customer, "1", iban=" ")
    with pytest.raises(Invalid) as found:
        refund(customer, "1", iban="FR7630006000011234567890188")
    assert "iban" in found.value.fields
    with pytest.raises(RefundedInTheFuture):
        refund(customer, "1", made_on=DAY + timedelta(days=1))
    with pytest.raises(PaidTooLongAgo):
        refund(customer, "1", made_on=DAY.replace(year=206))
    money.a_payment(customer, "1.00", method=Method.CASH)
    assert refund(customer, "1", method=Method.CASH, iban="").account == "530000"


def test_a_cancelled_refund_leaves_the_credit_and_the_books_as_they_were(company: Company):
    customer = story.a_customer(company)
    payments = [money.a_payment(customer, "40"), money.a_payment(customer, "100")]
    books = trial_balance()
    row = refund(customer, "90")
    cancel_refund(refund=row, reason="La banque a refusé", **WHO)
    assert (left(*payments), trial_balance(), row.is_live) == ([40, 100], books, False)
    with pytest.raises(AlreadyCancelled):
        cancel_refund(refund=row, reason="", **WHO)
    assert broken(company) == []


def test_a_refunded_payment_is_not_taken_back_before_its_refund(company: Company):
    customer = story.a_customer(company)
    payment = money.a_payment(customer, "40")
    row = refund(customer, "15")
    with pytest.raises(PaymentUsedElsewhere):
        reverse_payment(payment=payment, reason="Erreur", **WHO)
    cancel_refund(refund=row, reason="", **WHO)
    reverse_payment(payment=payment, reason="Erreur", **WHO)
    assert trial_balance() == {}


def test_a_payment_that_bounced_opens_its_invoices_again(company: Company, declared: Declared):
    customer = story.a_customer(company)
    first, last = an_invoice(company, customer), an_invoice(company, customer)
    payment = money.a_payment(customer, "2400", [(first, "1200"), (last, "1200")], paid_on=DAY - timedelta(days=9))
    books_before = trial_balance()
    yesterday = DAY - timedelta(days=1)
    row = return_payment(
        payment=payment, amount=Decimal(2400), returned_on=yesterday, reason="Provision insuffisante (AM04)", **WHO
    )
    assert (fresh(first), fresh(last)) == (("ISSUED", 0, 1200), ("ISSUED", 0, 1200))
    assert left(payment) == [0], "what bounced is nobody's credit"
    assert trial_balance().get("512000") is None
    assert declared[-2:] == [(-1200, yesterday), (-1200, yesterday)]
    cancel_refund(refund=row, reason="Ligne mal lue", **WHO)
    assert (fresh(first)[0], fresh(last)[0], trial_balance()) == ("PAID", "PAID", books_before)
    assert sum(amount for amount, _day in declared) == 2400
    assert broken(company) == []


def test_a_part_returned_opens_what_was_paid_last_and_no_more_than_there_is(company: Company):
    customer = story.a_customer(company)
    first, last = an_invoice(company, customer), an_invoice(company, customer)
    payment = money.a_payment(customer, "2450", [(first, "1200"), (last, "1200")])
    refund(customer, "50")
    with pytest.raises(ReturnedBeyond, match="400,00"):
        return_payment(payment=payment, amount=Decimal(2450), returned_on=DAY, reason="Rejet", **WHO)
    return_payment(payment=payment, amount=Decimal(300), returned_on=DAY, reason="Rejet", **WHO)
    assert sorted([fresh(first)[2], fresh(last)[2]]) == [0, 300]
    assert broken(company) == []


def test_a_paid_invoice_credited_and_refunded_is_declared_back_once(company: Company, declared: Declared):
    invoice = an_invoice(company)
    money.a_payment(invoice.customer, "1200", [(invoice, "1200")], paid_on=DAY - timedelta(days=20))
    money.credit_invoice(invoice=invoice, parts=None, reason="Annulation", **WHO)
    row = refund(invoice.customer, "1200", at=AT + timedelta(days=2), made_on=DAY + timedelta(days=2))
    assert declared == [(1200, DAY - timedelta(days=20)), (-1200, DAY)]
    cancel_refund(refund=row, reason="", actor=ACTOR, at=AT + timedelta(days=3))
    assert len(declared) == 2, "the credit is the customer's again, and pays no invoice"


def test_credit_that_paid_no_invoice_is_refunded_undeclared(company: Company, declared: Declared):
    customer = story.a_customer(company)
    money.a_payment(customer, "80")
    refund(customer, "80")
    assert declared == []


def test_the_database_refuses_a_refund_without_its_shares(company: Company):
    customer = story.a_customer(company)
    money.a_payment(customer, "80")
    row = refund(customer, "80")
    with pytest.raises(IntegrityError, match="not what its shares take"):
        force(row, cancelled_at=AT)


@transaction.atomic
def force(row: Refund, **columns: Any) -> None:
    Refund.everywhere.filter(pk=row.pk).update(**columns)
    settle_constraints()
