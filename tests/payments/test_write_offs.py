"""Differences: a small rest of an invoice is settled without money, booked, taken back exactly; and a small excess."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F, Sum

from billing.models import Invoice, JournalEntry, JournalLine
from billing.services.settling import NothingOutstanding, OverAllocated
from config.kernel import chain
from config.kernel.actor import Actor
from config.kernel.errors import NotAllowed
from config.kernel.models import Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from einvoicing.models import Transmission
from payments.models import Payment, WriteOff, WriteOffReason
from payments.services.payments import PaymentUsedElsewhere, reverse_payment
from payments.services.write_off_limits import BeyondLimit, save_limits
from payments.services.write_offs import (
    AlreadyTakenBack,
    NotAGain,
    ProofMissing,
    VatNotGivenBack,
    keep_excess,
    take_back_write_off,
    write_off,
)
from tests.factories import money, story
from tests.factories.people import a_person
from tests.factories.story import ACTOR, AT
from tests.trust.conftest import settle as settle_constraints

pytestmark = pytest.mark.django_db
WHO: dict[str, Any] = {"actor": ACTOR, "at": AT}


@pytest.fixture
def company() -> Any:
    company = story.a_company()
    with company_scope(company):
        yield company


def broken(company: Company) -> list[Any]:
    settle_constraints()
    return list(chain.verify(company))


def an_invoice(company: Company, **line: Any) -> Invoice:
    """1 200 € with VAT."""
    customer = story.a_customer(company)
    return story.an_issued_invoice(
        customer, [story.a_line("Étude", **{"quantity": Decimal(1), "unit_price": Decimal(1000), **line})]
    )


def settle(invoice: Invoice, amount: str, reason: str = WriteOffReason.BANK_FEE, **values: Any) -> WriteOff:
    options = {"with_vat": False, "note": "", **WHO, **values}
    return write_off(invoice=invoice, amount=Decimal(amount), reason=reason, **options)


def fresh(invoice: Invoice) -> tuple[str, Decimal, Decimal]:
    row = Invoice.objects.get(pk=invoice.pk)
    return row.status, row.amount_written_off, row.balance


def booked(row: Any) -> dict[str, Decimal]:
    lines = JournalLine.objects.filter(entry__source=row.subject)
    return {line.account: line.debit - line.credit for line in lines}


def trial_balance() -> dict[str, Decimal]:
    sums = JournalLine.objects.values("account").annotate(sum=Sum(F("debit") - F("credit")))
    return {row["account"]: row["sum"] for row in sums if row["sum"]}


def test_a_bank_fee_settles_the_rest_and_is_no_money_received(company: Company):
    invoice = an_invoice(company)
    money.a_payment(invoice.customer, "1197", [(invoice, "1197")])
    declared = Transmission.objects.count()
    row = settle(invoice, "3")
    assert fresh(invoice) == ("PAID", 3, 0)
    assert booked(row) == {"627000": 3, "411000": -3}
    assert row.vat_amount == 0
    assert JournalEntry.objects.get(source=row.subject).journal == "OD"
    assert Transmission.objects.count() == declared
    assert broken(company) == []


def test_a_loss_gives_its_vat_back_by_rate_once_it_is_proven(company: Company):
    customer = story.a_customer(company)
    lines = [
        story.a_line("Étude", quantity=Decimal(1), unit_price=Decimal("100.01")),
        story.a_line("Livre", quantity=Decimal(1), unit_price=Decimal("33.33"), vat_rate=Decimal("5.5")),
    ]
    invoice = story.an_issued_invoice(customer, lines)
    with pytest.raises(ProofMissing):
        settle(invoice, "10", WriteOffReason.LOSS, with_vat=True, note=" ")
    first = settle(invoice, "50", WriteOffReason.LOSS, with_vat=True, note="Jugement de liquidation du 3 novembre")
    invoice.refresh_from_db()
    last = settle(invoice, str(invoice.balance), WriteOffReason.LOSS, with_vat=True, note="Jugement, le reste")
    assert fresh(invoice)[0] == "PAID"
    for account, rate in (("445711", "20"), ("445713", "5.5")):
        vat = invoice.vat_subtotals.get(rate=Decimal(rate)).amount
        assert booked(first)[account] + booked(last)[account] == vat, "to the cent, and never more than was due"
    assert booked(first)["654000"] + first.vat_amount == 50
    assert trial_balance().keys() & {"411000", "445711", "445713"} == set()


def test_vat_stays_due_on_a_fee_and_falls_with_a_discount(company: Company):
    invoice = an_invoice(company)
    with pytest.raises(VatNotGivenBack):
        settle(invoice, "3", with_vat=True)
    told = settle(invoice, "24", WriteOffReason.DISCOUNT, with_vat=True)
    kept = settle(invoice, "24", WriteOffReason.DISCOUNT)
    assert booked(told) == {"665000": 20, "445711": 4, "411000": -24}
    assert booked(kept) == {"665000": 24, "411000": -24}


def test_what_is_taken_back_leaves_the_invoice_and_the_books_as_they_were(company: Company):
    invoice = an_invoice(company)
    money.a_payment(invoice.customer, "1190", [(invoice, "1190")])
    before, books = fresh(invoice), trial_balance()
    row = settle(invoice, "10", WriteOffReason.DISCOUNT, with_vat=True)
    assert fresh(invoice)[0] == "PAID"
    opposite = take_back_write_off(write_off=row, reason="Le client a payé", **WHO)
    assert (fresh(invoice), trial_balance()) == (before, books)
    assert (opposite.amount, opposite.vat_amount, opposite.reverses) == (-10, -row.vat_amount, row)
    with pytest.raises(AlreadyTakenBack):
        take_back_write_off(write_off=row, reason="", **WHO)
    with pytest.raises(AlreadyTakenBack):
        take_back_write_off(write_off=opposite, reason="", **WHO)
    assert broken(company) == []


def test_no_more_than_what_remains_and_nothing_of_a_paid_invoice(company: Company):
    invoice = an_invoice(company)
    with pytest.raises(OverAllocated):
        settle(invoice, "1200.01")
    money.a_payment(invoice.customer, "1200", [(invoice, "1200")])
    with pytest.raises(NothingOutstanding):
        settle(invoice, "0.01")


def test_limits_count_what_was_written_off_before_and_hold_for_the_role(company: Company):
    accountant, owner, seller = (
        Actor.user(a_person(company, role)) for role in (Role.ACCOUNTANT, Role.OWNER, Role.SALES)
    )
    invoice = an_invoice(company)
    settle(invoice, "3", actor=accountant)
    with pytest.raises(BeyondLimit, match="5,00"):
        settle(invoice, "2.01", actor=accountant)
    settle(invoice, "2.01", actor=owner)
    with pytest.raises(NotAllowed):
        settle(invoice, "0.01", actor=seller)
    save_limits(company=company, limits={(Role.ACCOUNTANT, WriteOffReason.BANK_FEE): Decimal(20)}, **WHO)
    settle(invoice, "14.99", actor=accountant)
    with pytest.raises(BeyondLimit):
        settle(invoice, "0.01", actor=accountant)


def test_people_of_another_company_have_no_limit_to_use(company: Company):
    stranger = Actor.user(a_person(story.a_company(), Role.OWNER))
    with pytest.raises(NotAllowed):
        settle(an_invoice(company), "1", actor=stranger)


def test_a_credit_note_of_the_whole_takes_back_what_was_written_off(company: Company):
    invoice = an_invoice(company)
    payment = money.a_payment(invoice.customer, "1100", [(invoice, "1100")])
    row = settle(invoice, "100", WriteOffReason.LOSS, note="Accord amiable", with_vat=True)
    money.credit_invoice(invoice=invoice, parts=None, reason="Annulation", **WHO)
    payment.refresh_from_db()
    assert fresh(invoice) == ("CREDITED", 0, 0)
    assert payment.unallocated == 1100
    assert WriteOff.objects.filter(reverses=row).exists()
    assert trial_balance() == {"411000": -1100, "512000": 1100}
    assert broken(company) == []


def test_a_small_excess_is_kept_as_income_and_given_back_exactly(company: Company):
    invoice = an_invoice(company)
    payment = money.a_payment(invoice.customer, "1200.40", [(invoice, "1200")])
    with pytest.raises(NotAGain):
        keep_excess(payment=payment, amount=Decimal("0.40"), reason=WriteOffReason.LOSS, note="", **WHO)
    kept = keep_excess(payment=payment, amount=Decimal("0.40"), reason=WriteOffReason.ROUNDING, note="", **WHO)
    payment.refresh_from_db()
    assert (payment.unallocated, payment.allocated) == (0, Decimal("1200.40"))
    assert booked(kept) == {"411000": Decimal("0.40"), "758000": Decimal("-0.40")}
    with pytest.raises(PaymentUsedElsewhere):
        reverse_payment(payment=payment, reason="Erreur", **WHO)
    take_back_write_off(write_off=kept, reason="Le client le réclame", **WHO)
    assert Payment.objects.get(pk=payment.pk).unallocated == Decimal("0.40")
    reverse_payment(payment=payment, reason="Erreur", **WHO)
    assert "758000" not in trial_balance()
    assert broken(company) == []


def test_the_database_refuses_a_written_off_amount_without_its_row(company: Company):
    invoice = an_invoice(company)
    with pytest.raises(IntegrityError, match="what it rests on says"):
        force(invoice, amount_written_off=Decimal(1))


@transaction.atomic
def force(row: Invoice, **columns: Any) -> None:
    Invoice.everywhere.filter(pk=row.pk).update(**columns)
    settle_constraints()
