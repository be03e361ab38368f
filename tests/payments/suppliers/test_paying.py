"""Suppliers paid: the entries to the cent, VAT on services with the payment, credits netted, taken back exactly."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F, Sum

from billing.models import JournalLine
from billing.purchases.models import PurchaseInvoice
from billing.purchases.regimes import Regime
from billing.purchases.settling import PaidTwice
from config.kernel import chain
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.dates import PaidTooLongAgo
from payments.events import purchase_paid
from payments.models import Method, SupplierPayment
from payments.outgoing.suppliers.entries import Due
from payments.outgoing.suppliers.recording import (
    AmountRefused,
    CreditsExceed,
    NothingPaid,
    PaidInTheFuture,
    SeveralSuppliers,
    pay_supplier,
)
from payments.outgoing.suppliers.taking_back import (
    AlreadyTakenBack,
    NotReturnable,
    PaymentReturned,
    cancel_supplier_payment,
    return_supplier_payment,
)
from payments.services.cash import NotEnoughInTheTill
from tests.factories import money, story
from tests.factories.story import ACTOR, AT
from tests.factories.supplier_payments import DAY, a_payment, a_purchase, a_supplier
from tests.trust.conftest import settle as settle_constraints

pytestmark = pytest.mark.django_db
WHO: dict[str, Any] = {"actor": ACTOR, "at": AT}


@pytest.fixture
def company() -> Any:
    company = story.a_company()
    with company_scope(company):
        yield company


@pytest.fixture
def told() -> Any:
    """What is told of money that is out: number, amount, day."""
    heard: list[Any] = []

    def hear(sender: Any, purchase: PurchaseInvoice, amount: Decimal, on: Any, **_more: Any) -> None:
        heard.append((purchase.number, amount, on))

    purchase_paid.connect(hear, weak=False)
    yield heard
    purchase_paid.disconnect(hear)


def pay(*dues: Due, **values: Any) -> SupplierPayment:
    account = money.a_bank_account(Company.objects.get(pk=dues[0].purchase.company_id))
    options = {"method": Method.TRANSFER, "made_on": DAY, "bank_account": account, **WHO, **values}
    return pay_supplier(dues=dues, **options)


def books() -> dict[str, Decimal]:
    sums = JournalLine.objects.values("account").annotate(sum=Sum(F("debit") - F("credit")))
    return {row["account"]: row["sum"] for row in sums if row["sum"]}


def stands(purchase: PurchaseInvoice) -> tuple[str, Decimal]:
    purchase.refresh_from_db()
    return purchase.status, purchase.balance


def is_sound(company: Company) -> bool:
    settle_constraints()
    assert list(chain.verify(company)) == []
    return True


def test_an_invoice_is_paid_and_the_supplier_is_owed_nothing(company: Company, told: list[Any]):
    purchase = a_purchase(a_supplier(company))
    payment = pay(Due(purchase, Decimal("120")))
    assert (payment.number, payment.end_to_end_id, payment.amount) == ("REG-2026-00001", "REG-2026-00001", 120)
    assert stands(purchase) == ("PAID", 0)
    bank = payment.account
    assert books() == {"606300": 100, "445660": 20, bank: -120}
    assert told == [(purchase.number, Decimal("120"), DAY)]
    assert is_sound(company)


def test_vat_on_services_moves_with_each_payment_and_the_last_takes_the_cent(company: Company):
    purchase = a_purchase(a_supplier(company), "100.01", vat="20", regime=Regime.SERVICES)
    assert purchase.total_gross == Decimal("120.01")
    moved = []
    for part in ("40", "40", "40.01"):
        purchase.refresh_from_db()
        pay(Due(purchase, Decimal(part)))
        moved.append(books().get("445660"))
    assert moved == [Decimal("6.67"), Decimal("13.33"), Decimal("20.00")]
    assert "445640" not in books()
    assert "401000" not in books()


def test_an_asset_is_paid_off_404(company: Company):
    purchase = a_purchase(a_supplier(company), regime=Regime.ASSET)
    pay(Due(purchase, Decimal("50")))
    assert books()["404000"] == -70
    assert "401000" not in books()


def test_several_purchases_and_a_credit_note_are_one_payment(company: Company):
    supplier = a_supplier(company)
    first, second = a_purchase(supplier), a_purchase(supplier, "200", regime=Regime.SERVICES)
    note = a_purchase(supplier, "50", regime=Regime.SERVICES, kind="381")
    payment = pay(Due(first, first.balance), Due(second, second.balance), Due(note, note.balance))
    assert payment.amount == 120 + 240 - 60
    assert [stands(row) for row in (first, second, note)] == [("PAID", 0)] * 3
    assert books() == {"606300": 100, "622600": 150, "445660": 50, payment.account: -300}
    assert is_sound(company)


def test_a_discount_is_income_and_its_vat_is_deducted_no_more(company: Company):
    purchase = a_purchase(a_supplier(company))
    payment = pay(Due(purchase, Decimal("120"), Decimal("2.40")))
    assert payment.amount == Decimal("117.60")
    assert books() == {
        "606300": 100, "445660": Decimal("19.60"), "765000": -2, payment.account: Decimal("-117.60")
    }  # fmt: skip
    assert stands(purchase) == ("PAID", 0)


@pytest.mark.parametrize("regime", [Regime.GOODS, Regime.SERVICES, Regime.ASSET])
def test_a_cancelled_payment_and_a_returned_one_leave_all_as_before(company: Company, regime: str, told: list[Any]):
    supplier = a_supplier(company)
    purchase, note = a_purchase(supplier, "99.99", regime=regime), a_purchase(supplier, "10", kind="381")
    purchase = PurchaseInvoice.objects.get(pk=purchase.pk)
    before = books(), stands(purchase), stands(note)
    dues = (Due(purchase, Decimal("77.77"), Decimal("1.11")), Due(note, Decimal("12")))
    cancel_supplier_payment(payment=pay(*dues), reason="Erreur", **WHO)
    assert (books(), stands(purchase), stands(note)) == before
    again = pay(Due(purchase, Decimal("77.77"), Decimal("1.11")), Due(note, Decimal("12")))
    paid = books(), stands(purchase), stands(note)
    with pytest.raises(PaidTooLongAgo):
        return_supplier_payment(payment=again, returned_on=DAY.replace(year=1026), reason="AC04", **WHO)
    back = return_supplier_payment(payment=again, returned_on=DAY, reason="AC04", **WHO)
    assert (books(), stands(purchase), stands(note)) == before
    with pytest.raises(PaymentReturned):
        return_supplier_payment(payment=again, returned_on=DAY, reason="AC04", **WHO)
    with pytest.raises(PaymentReturned):
        cancel_supplier_payment(payment=again, reason="", **WHO)
    with pytest.raises(NotReturnable):
        return_supplier_payment(payment=back, returned_on=DAY, reason="", **WHO)
    cancel_supplier_payment(payment=back, reason="Le compte existe", **WHO)
    assert (books(), stands(purchase), stands(note)) == paid
    assert [amount for _number, amount, _on in told] == [Decimal(f"{sign}76.66") for sign in ("", "-", "", "-", "")]
    with pytest.raises(AlreadyTakenBack):
        cancel_supplier_payment(payment=back, reason="", **WHO)
    assert is_sound(company)


def test_what_is_not_owed_is_not_paid(company: Company):
    supplier = a_supplier(company)
    purchase, other = a_purchase(supplier), a_purchase(a_supplier(company, "Autre"))
    note = a_purchase(supplier, "500", kind="381")
    with pytest.raises(NothingPaid):
        pay_supplier(dues=[], method=Method.CARD, made_on=DAY, **WHO)
    for dues, refusal in (
        ([Due(purchase, Decimal("120.01"))], PaidTwice),
        ([Due(purchase, Decimal("0"))], AmountRefused),
        ([Due(purchase, Decimal("1.001"))], AmountRefused),
        ([Due(purchase, Decimal("10"), Decimal("10"))], AmountRefused),
        ([Due(purchase, Decimal("10")), Due(note, Decimal("2"), Decimal("1"))], AmountRefused),
        ([Due(purchase, Decimal("10")), Due(other, Decimal("10"))], SeveralSuppliers),
        ([Due(purchase, Decimal("10")), Due(note, Decimal("10"))], CreditsExceed),
    ):
        with pytest.raises(refusal):
            pay(*dues)
    with pytest.raises(PaidInTheFuture):
        pay(Due(purchase, Decimal("10")), made_on=DAY + timedelta(days=1))
    with pytest.raises(PaidTooLongAgo):
        pay(Due(purchase, Decimal("10")), made_on=date(1999, 12, 31))
    with pytest.raises(NotEnoughInTheTill):
        pay(Due(purchase, Decimal("10")), method=Method.CASH, bank_account=None)
    a_payment(purchase)
    with pytest.raises(PaidTwice):
        pay(Due(PurchaseInvoice.objects.get(pk=purchase.pk), Decimal("10")))


def test_postgresql_refuses_a_share_that_no_purchase_and_no_payment_counts(company: Company):
    purchase, payment = a_purchase(a_supplier(company)), a_payment(a_purchase(a_supplier(company, "Autre")))
    settle_constraints()
    with pytest.raises(IntegrityError), transaction.atomic():  # noqa: PT012 - refused at the end
        payment.shares.create(company=company, purchase=purchase, amount=1, at=AT)
        settle_constraints()
