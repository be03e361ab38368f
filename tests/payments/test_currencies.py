"""Money in other currencies: booked at the rate of its day, each difference with its share, nothing left on 411."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from billing.ledger.closing import close_books
from billing.models import ClosingKind, Invoice, InvoiceStatus, JournalEntry, JournalLine
from billing.services.crediting import CreditedPart
from config.kernel.clock import local_day
from config.kernel.exchange import UnknownRate, save_rate
from config.kernel.models import Company, ExchangeRate
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from payments.models import BankAccount, BankLine, Method, Payment, WriteOffReason
from payments.outgoing.refunding import cancel_refund, refund_customer
from payments.services.accounts import free_ledger_account
from payments.services.allocations import FractionOfACent, Share, allocate_payment, release_allocation
from payments.services.balances import balance_in_books
from payments.services.bank import import_statement
from payments.services.changed_money import OneCurrencyAlone
from payments.services.exchange import value_of
from payments.services.payments import record_payment, reverse_payment
from payments.services.reconciliation import Outcome, accept_match, reconcile
from payments.services.reconciliation_statement import reconciliation_statement
from payments.services.settling_parts import Rest
from payments.services.undoing import undo_match
from payments.services.valuing import (
    AlreadyValued,
    NotValued,
    ValuedTooEarly,
    ValuingClosed,
    undo_valuing,
    value_foreign_items,
    valued_days,
)
from payments.services.write_offs import take_back_write_off, write_off
from payments.statements.sample import Entry, camt053
from tests.billing.test_currencies import THREE_RATES, an_invoice, breaks
from tests.factories import people, story
from tests.factories.money import credit_invoice
from tests.factories.story import ACTOR, AT

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 11, 16)
LATER = AT + timedelta(days=1)


def rate(company: Company, text: str, day: date = MONDAY, currency: str = "USD") -> None:
    save_rate(
        company=company, base="EUR", currency=currency, day=day, rate=Decimal(text), source="BCE", actor=ACTOR, at=AT
    )


@pytest.fixture
def company(settings: Any, tmp_path: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    made = story.a_company()
    with company_scope(made):
        rate(made, "1.0845")
        rate(made, "1.1", MONDAY + timedelta(days=1))
        yield made


@pytest.fixture
def customer(company: Company) -> Any:
    return story.a_customer(company)


def paid(customer: Any, amount: Decimal, *shares: tuple[Invoice, Decimal], **values: Any) -> Any:
    given = {"method": Method.TRANSFER, "paid_on": MONDAY + timedelta(days=1), "currency": "USD", "actor": ACTOR}
    shared = [Share(invoice, part) for invoice, part in shares]
    return record_payment(customer=customer, amount=amount, shares=shared, **{**given, "at": LATER, **values})


def sums(company: Company) -> dict[str, tuple[Decimal, Decimal]]:
    """By account, euros and dollars, debits positive; accounts where both are zero are left out."""
    found: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for line in JournalLine.everywhere.filter(company=company):
        found[line.account][0] += line.debit - line.credit
        found[line.account][1] += line.currency_amount or Decimal(0)
    assert sum(euros for euros, _foreign in found.values()) == 0
    return {account: (euros, foreign) for account, (euros, foreign) in found.items() if euros or foreign}


def balance(invoice: Invoice) -> Decimal:
    invoice.refresh_from_db()
    return invoice.balance


def test_a_dearer_dollar_at_payment_is_a_gain_and_a_cheaper_one_a_loss(company: Company, customer: Any) -> None:
    invoice = an_invoice(customer, lines=[story.a_line()])  # 1440 USD at 1.0845: 1327.80 EUR
    payment = paid(customer, Decimal(1440), (invoice, Decimal(1440)))  # at 1.1: 1309.09 EUR
    assert payment.accounting_amount == Decimal("1309.09")
    found = sums(company)
    assert "411000" not in found
    assert found["512000"] == (Decimal("1309.09"), 1440)
    assert found["656000"] == (Decimal("18.71"), 0)
    assert (balance(invoice), invoice.status) == (0, InvoiceStatus.PAID)
    rate(company, "1.0", MONDAY + timedelta(days=1))
    second = an_invoice(customer, lines=[story.a_line()])
    paid(customer, Decimal(1440), (second, Decimal(1440)))
    assert sums(company)["756000"] == (Decimal("-112.20"), 0)
    assert breaks(company) == []


def test_each_part_books_its_share_at_once_and_the_last_takes_the_cent(company: Company, customer: Any) -> None:
    invoice = an_invoice(customer)
    parts = [Decimal("0.01"), Decimal("333.33"), Decimal("333.33")]
    parts.append(balance(invoice) - sum(parts))
    for number, part in enumerate(parts, start=1):
        paid(customer, part, (invoice, part))
        losses = JournalLine.everywhere.filter(company=company, account="656000").count()
        assert losses >= number - 1, "a share of one cent may have none"
    assert "411000" not in sums(company)


def test_credit_kept_and_used_later_keeps_its_own_value(company: Company, customer: Any) -> None:
    payment = paid(customer, Decimal(2000))
    assert sums(company)["411000"] == (Decimal("-1818.18"), Decimal(-2000))
    invoice = an_invoice(customer, lines=[story.a_line()])
    allocate_payment(payment=payment, invoice=invoice, amount=Decimal(1440), actor=ACTOR, at=LATER)
    found = sums(company)
    assert found["411000"] == (-(Decimal("1818.18") - Decimal("1309.09")), Decimal(-560))
    assert found["656000"][0] == Decimal("18.71")


def test_a_payment_that_bounces_takes_its_difference_back(company: Company, customer: Any) -> None:
    invoice = an_invoice(customer, lines=[story.a_line()])
    before = sums(company)
    payment = paid(customer, Decimal(1440), (invoice, Decimal(1440)))
    reverse_payment(payment=payment, reason="Rejet", actor=ACTOR, at=LATER)
    assert sums(company) == before
    assert balance(invoice) == 1440
    # payment and difference leave the account on one day: nothing is left there between two
    taken_back = JournalEntry.objects.filter(created_at=LATER).values_list("day", flat=True)
    assert set(taken_back) == {local_day(LATER)}
    assert breaks(company) == []


def test_a_refund_leaves_at_the_rate_of_its_day_and_comes_back_whole(company: Company, customer: Any) -> None:
    paid(customer, Decimal(1000))  # 909.09 EUR
    before = sums(company)
    rate(company, "1.0", MONDAY + timedelta(days=2))
    day = MONDAY + timedelta(days=2)
    refund = refund_customer(
        customer=customer, amount=Decimal(1000), method=Method.TRANSFER, reason="Trop-perçu", made_on=day,
        iban=story.IBAN, currency="USD", actor=ACTOR, at=AT + timedelta(days=2),
    )  # fmt: skip
    assert sums(company) == {"512000": (Decimal("-90.91"), 0), "656000": (Decimal("90.91"), 0)}
    cancel_refund(refund=refund, reason="Erreur", actor=ACTOR, at=AT + timedelta(days=2))
    after = sums(company)
    assert {account: after.get(account) for account in before} == before
    assert after.keys() == before.keys()


def test_a_write_off_clears_what_was_booked_with_its_vat(company: Company, customer: Any) -> None:
    invoice = an_invoice(customer)
    rest = Decimal("100.00")
    part = balance(invoice) - rest
    paid(customer, part, (invoice, part))
    owner = ACTOR
    row = write_off(
        invoice=invoice, amount=rest, reason=WriteOffReason.DISCOUNT, with_vat=True, note="", actor=owner, at=LATER
    )
    assert row.vat_amount > 0
    found = sums(company)
    assert "411000" not in found
    assert found["665000"][1] == rest - row.vat_amount
    take_back_write_off(write_off=row, reason="Erreur", actor=owner, at=LATER)
    again = sums(company)
    assert "665000" not in again
    assert again["411000"][1] == rest


def test_nothing_is_left_on_411_whatever_happens_in_whatever_order(company: Company, customer: Any) -> None:
    chance = random.Random(2026)
    for _turn in range(12):
        invoice = an_invoice(customer, lines=THREE_RATES)
        payments = []
        for step in range(6):
            invoice.refresh_from_db()
            rate(company, f"{Decimal(chance.randint(9000, 13000)) / 10000}", MONDAY + timedelta(days=1))
            left = invoice.balance
            act = chance.choice(("pay", "pay", "credit", "write", "release"))
            if step == 5 or (act == "pay" and left > 1):
                part = left if step == 5 else (left * chance.randint(1, 99) / 100).quantize(Decimal("0.01"))
                if part > 0:
                    payments.append(paid(customer, part + chance.choice((0, 0, 5)), (invoice, part)))
            elif act == "credit" and left > Decimal(400):
                line = invoice.lines.order_by("position").first()
                if invoice.amount_credited < 300:
                    parts = [CreditedPart(line=line, quantity=Decimal(1))]
                    credit_invoice(invoice=invoice, parts=parts, reason="Retour", actor=ACTOR, at=LATER)
            elif act == "write" and left > 20:
                write_off(
                    invoice=invoice, amount=Decimal("3.33"), reason=WriteOffReason.BANK_FEE, with_vat=False, note="",
                    actor=ACTOR, at=LATER,
                )  # fmt: skip
            elif act == "release" and payments:
                payment = payments.pop()
                payment.refresh_from_db()
                amount = payment.allocated
                release_allocation(
                    payment=payment, invoice=invoice, amount=amount, reason="Erreur", actor=ACTOR, at=LATER
                )
        assert balance(invoice) == 0
    # what is left on 411 is the customer's credit alone, at the value of its payments
    free = Payment.everywhere.filter(company=company)
    value = sum((value_of(one, one.amount) - value_of(one, one.allocated) for one in free), Decimal(0))
    dollars = sum((one.unallocated for one in free), Decimal(0))
    assert sums(company)["411000"] == (-value, -dollars)
    assert breaks(company) == []


def test_without_a_rate_for_its_day_money_is_not_booked(company: Company, customer: Any) -> None:
    with pytest.raises(UnknownRate):
        paid(customer, Decimal(100), currency="SEK")
    assert sums(company) == {}


def test_there_is_no_half_yen(company: Company, customer: Any) -> None:
    rate(company, "170", MONDAY + timedelta(days=1), "JPY")
    with pytest.raises(FractionOfACent):
        paid(customer, Decimal("100.50"), currency="JPY")


def a_dollar_account(company: Company) -> BankAccount:
    made: BankAccount = BankAccount.objects.create(
        company=company, iban=story.SECOND_IBAN, name="Dollars", currency="USD",
        ledger_account=free_ledger_account(company),
    )  # fmt: skip
    return made


def test_a_statement_in_dollars_pays_an_invoice_in_dollars_and_its_account_agrees(
    company: Company, customer: Any
) -> None:
    account = a_dollar_account(company)
    invoice = an_invoice(customer, lines=[story.a_line()])
    entries = [Entry(amount=Decimal(1440), counterparty="ACME", remittance=str(invoice.payment_reference))]
    data = camt053(account.iban, Decimal("0.00"), entries, MONDAY + timedelta(days=1), "REL-1")
    data = data.replace(b"EUR", b"USD")
    import_statement(company=company, data=data, filename="releve.xml", actor=ACTOR, at=LATER)
    assert reconcile(company=company, actor=ACTOR, at=LATER) == Outcome(matched=1, proposed=0, left=0)
    assert (balance(invoice), invoice.status) == (0, InvoiceStatus.PAID)
    found = sums(company)
    assert found[account.ledger_account] == (Decimal("1309.09"), 1440)
    assert "411000" not in found
    day = MONDAY + timedelta(days=1)
    assert balance_in_books(account, day) == 1440
    shown = reconciliation_statement(account=account, on=day)
    assert (shown.at_bank, shown.in_books, shown.entries, shown.lines) == (1440, 1440, [], [])
    assert BankLine.objects.get().currency == "USD"


def test_what_is_open_at_closing_is_valued_and_taken_back_on_the_next_day(company: Company, customer: Any) -> None:
    an_invoice(customer, lines=[story.a_line()])  # 1440 USD at 1.0845: 1327.80 EUR
    paid(story.a_customer(company), Decimal(550))  # a debt of 550 USD, 500 EUR
    day = MONDAY + timedelta(days=5)
    rate(company, "1.2", day)
    before = sums(company)
    written = value_foreign_items(company=company, on=day, actor=ACTOR, at=AT + timedelta(days=10))
    assert [(entry.day, entry.label) for entry in written] == [
        (day, "Écarts de conversion"),
        (day + timedelta(days=1), "Extourne des écarts de conversion"),
    ]
    at_closing = written[0].lines.values_list("account", "debit", "credit")
    assert set(at_closing) == {
        ("411000", 0, Decimal("127.80")), ("476100", Decimal("127.80"), 0),
        ("411000", Decimal("41.67"), 0), ("477200", 0, Decimal("41.67")),
        ("681500", Decimal("127.80"), 0), ("151500", 0, Decimal("127.80")),
    }  # fmt: skip
    assert sums(company) == before
    with pytest.raises(AlreadyValued):
        value_foreign_items(company=company, on=day, actor=ACTOR, at=AT + timedelta(days=10))


def test_a_valuing_is_taken_back_to_the_cent_and_can_be_made_again(company: Company, customer: Any) -> None:
    an_invoice(customer, lines=[story.a_line()])
    day, later = MONDAY + timedelta(days=5), AT + timedelta(days=10)
    rate(company, "1.2", day)
    before = sums(company)
    first = value_foreign_items(company=company, on=day, actor=ACTOR, at=later)
    assert undo_valuing(company=company, on=day, actor=ACTOR, at=later)[0].day == day
    on_the_day = JournalLine.everywhere.filter(company=company, day=day).values_list("account", "debit", "credit")
    assert sum(debit - credit for account, debit, credit in on_the_day if account == "411000") == 0
    assert (sums(company), valued_days(company)) == (before, [])
    with pytest.raises(NotValued):
        undo_valuing(company=company, on=day, actor=ACTOR, at=later)
    assert len(value_foreign_items(company=company, on=day, actor=ACTOR, at=later)) == len(first)
    assert valued_days(company) == [day]
    close_books(company=company, kind=ClosingKind.HARD, through=day, actor=ACTOR, at=later)
    with pytest.raises(ValuingClosed):
        undo_valuing(company=company, on=day, actor=ACTOR, at=later)
    with pytest.raises(ValuedTooEarly):
        value_foreign_items(company=company, on=local_day(later), actor=ACTOR, at=later)


def test_the_page_values_what_it_shows_and_a_viewer_does_not(company: Company, customer: Any, client: Client) -> None:
    an_invoice(customer, lines=[story.a_line()])
    day = MONDAY + timedelta(days=5)
    rate(company, "1.2", day)
    page, undo = f"/books/currencies/?on={day}", f"/books/currencies/undo/?on={day}"
    client.force_login(people.a_person(company, Role.VIEWER))
    assert client.post(page, {"on": day.isoformat()}).status_code == 403
    client.force_login(people.a_person(company))
    shown = client.get(page).content.decode()
    assert "127,80" in shown
    assert customer.name in shown
    assert valued_days(company) == []  # looking at it books nothing
    client.post(page, {"on": day.isoformat()})
    assert valued_days(company) == [day]
    assert "Écarts de conversion" in client.get(undo).content.decode()
    client.post(undo)
    assert valued_days(company) == []


def test_money_in_another_currency_is_valued_for_good(company: Company, customer: Any) -> None:
    account = a_dollar_account(company)
    paid(customer, Decimal(1100), bank_account=account)  # 1000 EUR
    day = MONDAY + timedelta(days=5)
    rate(company, "1.0", day)
    value_foreign_items(company=company, on=day, actor=ACTOR, at=AT + timedelta(days=10))
    found = sums(company)
    assert found[account.ledger_account] == (1100, 1100)
    assert found["766000"] == (-100, 0)
    assert balance_in_books(account, day) == 1100


def test_nothing_is_valued_without_the_rate_of_the_day_nor_where_nothing_differs(
    company: Company, customer: Any
) -> None:
    late = AT + timedelta(days=40)
    assert value_foreign_items(company=company, on=MONDAY, actor=ACTOR, at=late) == []
    an_invoice(customer)
    assert value_foreign_items(company=company, on=MONDAY, actor=ACTOR, at=late) == []
    with pytest.raises(UnknownRate):
        value_foreign_items(company=company, on=MONDAY + timedelta(days=30), actor=ACTOR, at=late)


def a_changed_line(company: Company, amount: str) -> BankLine:
    """Euros that came on the day of the rates, whose payer had dollars."""
    BankAccount.objects.get_or_create(company=company, iban=story.IBAN, defaults={"name": "Banque"})
    entry = Entry(amount=Decimal(amount), counterparty="ACME", remittance="Virement")
    data = camt053(story.IBAN, Decimal(0), [entry], MONDAY, amount)
    import_statement(company=company, filename=f"{amount}.xml", data=data, actor=ACTOR, at=LATER)
    found: BankLine = BankLine.objects.get(amount=Decimal(amount))
    return found


def test_euros_pay_dollars_at_the_rate_of_the_day_and_the_difference_is_realised(
    company: Company, customer: Any
) -> None:
    first, second = (an_invoice(customer, lines=[story.a_line()]) for _ in range(2))  # 1440 USD: 1327.80 EUR each
    match = accept_match(
        line=a_changed_line(company, "1310.00"), shares=[Share(first, Decimal(1440))], actor=ACTOR, at=LATER
    )
    found = sums(company)
    assert balance(first) == 0
    assert (found["512000"][0], found["656000"][0]) == (1310, Decimal("17.80"))
    assert found["411000"] == (Decimal("1327.80"), 1440)  # the second invoice alone
    assert breaks(company) == []
    undo_match(match=match, reason="Erreur", actor=ACTOR, at=LATER)
    assert (balance(first), sums(company)["411000"]) == (1440, (Decimal("2655.60"), 2880))
    assert breaks(company) == []
    # half of it: what 650 EUR are that day, and the rest stays to be paid
    half = accept_match(
        line=a_changed_line(company, "650.00"), shares=[Share(second, Decimal("704.93"))], actor=ACTOR, at=LATER
    )
    assert half.parts.get().payment.amount == Decimal("704.93")
    assert balance(second) == Decimal("735.07")


def test_euros_pay_no_dollars_without_a_rate_nor_with_a_difference_to_write_off(
    company: Company, customer: Any
) -> None:
    invoice = an_invoice(customer, lines=[story.a_line()])
    line = a_changed_line(company, "1310.00")
    rest = Rest(invoice, Decimal(10), WriteOffReason.ROUNDING)
    share = [Share(invoice, Decimal(1430))]
    with pytest.raises(OneCurrencyAlone):
        accept_match(line=line, shares=share, write_offs=[rest], actor=ACTOR, at=LATER)
    ExchangeRate.everywhere.filter(company=company).delete()
    with pytest.raises(UnknownRate, match="Cours de change"):
        accept_match(line=line, shares=share, actor=ACTOR, at=LATER)
    assert balance(invoice) == 1440
