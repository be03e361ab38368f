"""Cheques, cash and cards: booked on their own account until the bank credits the slip they were taken there with."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.utils import InternalError, ProgrammingError
from django.urls import reverse

from billing.models import JournalLine
from config.kernel.clock import local_day
from config.kernel.errors import Stale
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from payments.models import CollectionSettings, Remittance, RemittanceLine
from payments.outgoing.refunding import refund_customer
from payments.services import remittances
from payments.services.cash import BeyondTheCashLimit, NotEnoughInTheTill, till_balances, till_movements
from payments.services.payments import reverse_payment
from payments.services.remittances import (
    AlreadyCancelled,
    AlreadyCredited,
    BeforeThePayment,
    NothingToRemit,
    NotRemittable,
    PartBeyondCash,
    RemittedInTheFuture,
    cancel_remittance,
    open_remittances,
    parts_of,
    remit_payments,
    remittable,
    remittances_like,
    with_sums,
)
from payments.services.settling import settle_line
from payments.services.undoing import undo_match
from tests.factories import money, story
from tests.factories.people import read, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_scope")]
TODAY = local_day(story.AT)


def book(source):
    lines = JournalLine.objects.filter(entry__source=source.subject).order_by("position")
    return [(line.account, line.debit, line.credit) for line in lines]


def remit(found, **values):
    defaults = {
        "company": found[0].company,
        "method": found[0].method,
        "payments": found,
        "bank_account": money.a_bank_account(found[0].company),
        "remitted_on": TODAY,
        "actor": story.ACTOR,
        "at": story.AT,
    }
    return remit_payments(**{**defaults, **values})


def total(remittance):
    return with_sums(Remittance.objects.filter(pk=remittance.pk)).get().total


@pytest.mark.parametrize(("method", "account"), [("CHECK", "511200"), ("CARD", "511500"), ("CASH", "530000")])
def test_what_is_not_at_the_bank_yet_is_booked_on_an_account_of_its_own(customer, method, account):
    payment = money.a_payment(customer, "50.00", method=method)
    assert book(payment) == [(account, 50, 0), ("411000", 0, 50)]
    reversal = reverse_payment(payment=payment, reason="Erreur", actor=story.ACTOR, at=story.AT)
    assert book(reversal) == [(account, 0, 50), ("411000", 50, 0)]


def test_with_a_bank_account_it_is_booked_there_and_waits_for_no_slip(company, customer):
    account = money.a_bank_account(company)
    payment = money.a_payment(customer, "50.00", method="CHECK", bank_account=account)
    assert book(payment)[0] == (account.ledger_account, 50, 0)
    assert not remittable(company, "CHECK").exists()


def test_a_slip_takes_cheques_once_and_books_nothing(company, customer):
    one, two = (money.a_payment(customer, amount, method="CHECK") for amount in ("100.10", "49.90"))
    entries = JournalLine.objects.count()
    slip = remit([one, two])
    assert (slip.number, total(slip)) == ("REM-2026-00001", Decimal("150.00"))
    assert JournalLine.objects.count() == entries
    assert not remittable(company, "CHECK").exists()
    assert [row.pk for row in open_remittances(company)] == [slip.pk]
    with pytest.raises(NotRemittable):
        remit([one])


def test_what_cannot_go_on_a_slip_is_refused(customer):
    cheque, cash = money.a_payment(customer, "10.00", method="CHECK"), money.a_payment(customer, "10.00", method="CASH")
    with pytest.raises(NotRemittable):
        remit([cheque, cash])
    with pytest.raises(NothingToRemit):
        remit([cheque], payments=[])
    with pytest.raises(NothingToRemit):
        remit([cheque], method="TRANSFER")
    with pytest.raises(RemittedInTheFuture):
        remit([cheque], remitted_on=TODAY + timedelta(days=1))
    with pytest.raises(BeforeThePayment):
        remit([cheque], remitted_on=TODAY - timedelta(days=1))
    assert not Remittance.objects.exists()


def test_two_slips_made_at_once_do_not_share_a_cheque(company, customer, monkeypatch):
    """Both have read it as free: the database keeps the first."""
    cheque = money.a_payment(customer, "10.00", method="CHECK")
    free = list(remittable(company, "CHECK"))
    remit([cheque])
    monkeypatch.setattr(remittances, "_locked", lambda *_given: free)
    with pytest.raises(Stale):
        remit([cheque])
    assert Remittance.objects.count() == 1


def test_a_cheque_that_is_reversed_leaves_its_slip(company, customer):
    bad, good = (money.a_payment(customer, amount, method="CHECK") for amount in ("100.00", "40.00"))
    slip = remit([bad, good])
    reverse_payment(payment=bad, reason="Chèque rendu au client", actor=story.ACTOR, at=story.AT)
    assert total(slip) == 40
    assert [row.total for row in open_remittances(company)] == [40]
    assert RemittanceLine.objects.get(payment=bad).removed_at == story.AT


def test_a_slip_is_cancelled_once_and_its_cheques_wait_again(company, customer):
    cheque = money.a_payment(customer, "10.00", method="CHECK")
    slip = remit([cheque])
    cancel_remittance(remittance=slip, reason="Oubliée", actor=story.ACTOR, at=story.AT)
    assert [row.pk for row in remittable(company, "CHECK")] == [cheque.pk]
    assert list(open_remittances(company)) == []
    with pytest.raises(AlreadyCancelled):
        cancel_remittance(remittance=slip, reason="Encore", actor=story.ACTOR, at=story.AT)
    assert total(remit([cheque])) == 10


def test_the_database_keeps_what_was_remitted(customer):
    remit([money.a_payment(customer, "10.00", method="CHECK")])
    for statement in ("UPDATE payments_remittanceline SET amount = 1", "DELETE FROM payments_remittance"):
        with pytest.raises((ProgrammingError, InternalError)), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


# -- the till ---------------------------------------------------------------------------------------------------


def test_the_till_goes_up_and_down_and_says_the_balance_after_each(company, customer):
    one, two = (money.a_payment(customer, amount, method="CASH") for amount in ("120.00", "30.00"))
    slip = remit([one, two], part=Decimal("140.00"))
    assert [line.amount for line in slip.lines.order_by("payment__paid_on", "payment_id")] in (
        [Decimal(120), Decimal(20)],
        [Decimal(30), Decimal(110)],
    )
    assert till_balances(company) == {"EUR": 10}
    assert [(one.amount, one.balance) for one in till_movements(company)][-1] == (Decimal(-140), Decimal(10))
    assert all(one.balance >= 0 for one in till_movements(company))


@pytest.mark.parametrize("part", ["0.00", "150.01"])
def test_no_more_is_paid_in_than_was_chosen(customer, part):
    with pytest.raises(PartBeyondCash):
        remit([money.a_payment(customer, "150.00", method="CASH")], part=Decimal(part))


def test_cash_that_is_at_the_bank_cannot_be_given_back_from_the_till(company, customer):
    one, two = (money.a_payment(customer, amount, method="CASH") for amount in ("120.00", "30.00"))
    remit([one], part=Decimal("100.00"))
    remit([two])
    assert till_balances(company) == {"EUR": 20}
    # its slip gives its cash back to the till first
    reverse_payment(payment=one, reason="Erreur", actor=story.ACTOR, at=story.AT)
    assert till_balances(company) == {"EUR": 0}


def test_the_till_never_goes_below_nothing(company, customer, monkeypatch):
    cash = money.a_payment(customer, "120.00", method="CASH")
    remit([cash])
    monkeypatch.setattr("payments.services.payments.take_off_slip", lambda *_given, **_named: None)
    with pytest.raises(NotEnoughInTheTill):
        reverse_payment(payment=cash, reason="Erreur", actor=story.ACTOR, at=story.AT)


def test_cash_is_given_back_out_of_what_the_till_holds(company, customer):
    money.a_payment(customer, "120.00", method="CASH")
    money.a_payment(customer, "500.00")
    given = {"customer": customer, "method": "CASH", "reason": "Avoir", "made_on": TODAY, "actor": story.ACTOR}
    refund_customer(amount=Decimal(100), at=story.AT, **given)
    assert till_balances(company) == {"EUR": 20}
    assert [one.amount for one in till_movements(company)] == [120, -100]
    with pytest.raises(NotEnoughInTheTill):
        refund_customer(amount=Decimal("20.01"), at=story.AT, **given)


def test_the_law_limits_the_cash_of_one_debt(customer):
    invoice = story.an_issued_invoice(customer)
    money.a_payment(customer, "1000.00", [(invoice, "1000.00")], method="CASH")
    for shares in ([(invoice, "0.01")], []):
        with pytest.raises(BeyondTheCashLimit):
            money.a_payment(customer, "1000.01" if not shares else "0.01", shares, method="CASH")
    other = story.an_issued_invoice(customer)
    money.a_payment(customer, "900.00", [(other, "900.00")], method="CASH")


def test_the_limit_is_the_companys_own(company, customer):
    CollectionSettings.objects.create(company=company, cash_limit=Decimal("500"))
    with pytest.raises(BeyondTheCashLimit):
        money.a_payment(customer, "500.01", method="CASH")


# -- the pages --------------------------------------------------------------------------------------------------


def test_a_person_prepares_a_slip_prints_it_and_cancels_it(company, customer):
    money.a_bank_account(company)
    one, _two = (money.a_payment(customer, amount, method="CHECK") for amount in ("100.00", "49.90"))
    client = signed_in(company, Role.ACCOUNTANT)
    page = client.get(reverse("payments:remittance-list"))
    assert "149,90" in read(page)
    new = reverse("payments:remittance-new") + "?method=CHECK"
    form = client.get(new).context["form"]
    account = form.fields["bank_account"].queryset.get()
    typed = {"method": "CHECK", "payments": [one.pk], "bank_account": account.pk, "remitted_on": f"{TODAY:%d/%m/%Y}"}
    nothing = client.post(new, {**typed, "payments": []})
    assert nothing.status_code == 422
    done = client.post(new, typed, follow=True)
    assert "REM-2026-00001" in read(done)
    slip = Remittance.objects.get()
    printed = client.get(reverse("payments:remittance-slip", args=[slip.pk]))
    assert printed.content.startswith(b"%PDF")
    client.post(reverse("payments:remittance-cancel", args=[slip.pk]), {"reason": "Oubliée"})
    slip.refresh_from_db()
    assert slip.cancelled_because == "Oubliée"


def test_another_companys_cheque_is_on_no_list_and_a_seller_sees_nothing_of_the_bank(company, customer):
    stranger = story.a_company()
    with company_scope(stranger):
        cheque = money.a_payment(story.a_customer(stranger), "10.00", method="CHECK")
        account = money.a_bank_account(stranger)
    own = money.a_payment(customer, "20.00", method="CHECK")
    money.a_bank_account(company)
    client = signed_in(company)
    typed = {"method": "CHECK", "payments": [cheque.pk], "bank_account": account.pk, "remitted_on": "16/11/2026"}
    assert client.post(reverse("payments:remittance-new"), typed).status_code == 422
    assert [row["payment"] for row in client.get(reverse("payments:remittance-new")).context["rows"]] == [own]
    seller = signed_in(company, Role.SALES)
    for name in ("payments:remittance-list", "payments:till", "payments:remittance-new"):
        assert seller.get(reverse(name)).status_code == 403
    assert "Remises" not in read(seller.get(reverse("payments:payment-list")))


def test_the_till_page_tells_the_balance(company, customer):
    money.a_payment(customer, "120.00", method="CASH")
    assert "120,00" in read(signed_in(company, Role.ACCOUNTANT).get(reverse("payments:till")))


def test_each_currency_is_counted_apart_in_the_till(company, customer):
    story.a_rate(company, "USD")
    money.a_payment(customer, "120.00", method="CASH")
    money.a_payment(customer, "500.00", method="CASH", currency="USD")
    money.a_payment(customer, "300.00")
    assert till_balances(company) == {"EUR": 120, "USD": 500}
    assert {(one.currency, one.balance) for one in till_movements(company)} == {("EUR", 120), ("USD", 500)}
    given = {"customer": customer, "method": "CASH", "reason": "Avoir", "made_on": TODAY, "actor": story.ACTOR}
    with pytest.raises(NotEnoughInTheTill):  # dollars are no euros to give back
        refund_customer(amount=Decimal("120.01"), at=story.AT, **given)
    refund_customer(amount=Decimal(400), currency="USD", at=story.AT, **given)
    assert till_balances(company) == {"EUR": 120, "USD": 100}
    page = read(signed_in(company, Role.ACCOUNTANT).get(reverse("payments:till")))
    assert "120,00 €" in page
    assert "100,00 $" in page


def test_cash_in_another_currency_is_held_to_the_limit_at_the_rate_of_its_day(company, customer):
    story.a_rate(company, "USD")  # one euro is 1.25 dollars: 1,000 € are 1,250 $
    with pytest.raises(BeyondTheCashLimit) as refused:
        money.a_payment(customer, "1250.02", method="CASH", currency="USD")
    assert "$" in str(refused.value)
    money.a_payment(customer, "1250.00", method="CASH", currency="USD")
    invoice = story.an_issued_invoice(customer, currency="USD")
    money.a_payment(customer, "1000.00", [(invoice, "1000.00")], method="CASH", currency="USD")
    money.a_payment(customer, "250.00", [(invoice, "250.00")], method="CASH", currency="USD")
    with pytest.raises(BeyondTheCashLimit):
        money.a_payment(customer, "1.00", [(invoice, "1.00")], method="CASH", currency="USD")


# -- the bank's line --------------------------------------------------------------------------------------------


def test_one_line_of_the_bank_explains_the_whole_slip_and_moves_it_to_512(company, customer):
    one, two = (money.a_payment(customer, amount, method="CHECK") for amount in ("100.00", "49.90"))
    slip = remit([one, two])
    (line,) = money.bank_lines(company, [money.a_credit("149.90", remittance=f"REMISE CHEQUES {slip.number}")])
    assert [row.pk for row in remittances_like(line)] == [slip.pk]
    match = settle(line, parts_of(slip))
    assert sorted(book(match)) == sorted(
        [("512000", 100, 0), ("511200", 0, 100), ("512000", Decimal("49.90"), 0), ("511200", 0, Decimal("49.90"))]
    )
    assert list(open_remittances(company)) == []
    with pytest.raises(AlreadyCredited):
        cancel_remittance(remittance=slip, reason="Trop tard", actor=story.ACTOR, at=story.AT)
    undo_match(match=match, reason="Erreur", actor=story.ACTOR, at=story.AT)
    assert [row.pk for row in open_remittances(company)] == [slip.pk]
    assert one.reversed_at is None


def settle(line, parts):
    return settle_line(line=line, parts=parts, rule="person", is_automatic=False, actor=story.ACTOR, at=story.AT)
