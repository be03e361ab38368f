"""What the worktable proposes of invoices, credits, differences, slips, payouts and money back, and what is refused."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Invoice, InvoiceStatus
from config.kernel.models import Company
from config.kernel.roles import Role
from payments.models import (
    Allocation,
    BankLine,
    LineStatus,
    Match,
    MatchPart,
    Method,
    Payment,
    Refund,
    RefundKind,
    WriteOff,
    WriteOffReason,
)
from payments.outgoing.refunding import refund_customer
from payments.services.remittances import remit_payments
from tests.factories import money, story
from tests.factories.people import a_person
from tests.payments.money_state import money_state
from tests.payments.test_worktable import a_line, address, an_invoice, first_form, status

pytestmark = pytest.mark.usefixtures("in_scope")

AT, ACTOR = story.AT, story.ACTOR


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def client(company: Company) -> Client:
    return a_client(company)


def a_client(company: Company, role: str = Role.OWNER) -> Client:
    client = Client()
    client.force_login(a_person(company, role))
    return client


def test_an_invoice_in_another_currency_is_paid_by_what_the_bank_changed(company: Company, client: Client):
    customer = story.a_customer(company)
    invoice = story.an_issued_invoice(customer, at=AT - timedelta(days=10), currency="USD")
    line = a_line(company, "1330.00", invoice.number, instructed=invoice.balance, instructed_in="USD")
    page = plain(client.get(address(line)).text)
    assert "La ligne est en EUR, la facture en USD" in page
    accept(client, line)
    assert left_of(invoice) == 0
    payment = Payment.objects.get(bank_account=line.account)
    assert (payment.amount, payment.currency, payment.accounting_amount) == (invoice.total_gross, "USD", 1330)
    undo(client, line)
    assert left_of(invoice) == invoice.total_gross
    line.refresh_from_db()
    assert line.status == LineStatus.OPEN


def plain(page: str) -> str:
    return re.sub(r"[\s\u00a0\u202f]+", " ", page)


def accept(client: Client, line: BankLine, **changed: str) -> Any:
    return client.post(address(line), {**first_form(client.get(address(line)).text), **changed})


def undo(client: Client, line: BankLine) -> None:
    client.post(reverse("payments:worktable-undo", args=[Match.objects.get(line=line, undone_at=None).pk]))


def left_of(invoice: Invoice) -> Decimal:
    invoice.refresh_from_db()
    return invoice.balance


def test_rivals_are_shown_with_why_they_lost(company, customer, client):
    first, second = an_invoice(customer), an_invoice(customer)
    line = a_line(company, "1200.00", counterparty=customer.name)
    page = plain(client.get(address(line)).text)
    assert f"{second.number} vient après : la dette la plus ancienne est payée d’abord" in page
    accept(client, line)
    assert (left_of(first), left_of(second)) == (0, 1200)


def test_what_a_payer_owes_is_shown_where_nothing_adds_up_and_his_invoices_are_ready_to_be_split(
    company, customer, client
):
    invoice, _other = an_invoice(customer), an_invoice(story.a_customer(company, name="Dubois"), "300.00")
    answer = client.get(address(a_line(company, "333.00", counterparty=customer.name)))
    assert "Non rapproché" in answer.text
    assert f"{invoice.number} n’a pas ce montant" in answer.text
    assert [row["invoice"] for row in answer.context["split"].rows()] == [invoice]


def test_a_small_difference_goes_to_the_account_of_its_reason_and_comes_back_with_undo(company, customer, client):
    invoice = an_invoice(customer)
    line = a_line(company, "1195.00", invoice.number, counterparty=customer.name)
    before = money_state(company)
    page = plain(client.get(address(line)).text)
    assert "Il manque 5,00 €" in page
    for label in ("Frais bancaires (627)", "Arrondi (658)", "Escompte accordé (665), TVA récupérée", "(654)"):
        assert label in page
    sent = first_form(client.get(address(line)).text)
    assert sent["difference_reason"] == WriteOffReason.BANK_FEE, "the matcher's word is chosen before"
    accept(client, line)
    written = WriteOff.everywhere.get()
    assert (written.reason, written.account, left_of(invoice)) == ("BANK_FEE", "627000", 0)
    undo(client, line)
    assert money_state(company).differences(before) == []


@pytest.mark.parametrize(
    ("reason", "account", "vat"),
    [("ROUNDING", "658000", "0.00"), ("DISCOUNT", "665000", "0.00"), ("DISCOUNT+VAT", "665000", "0.83")],
)
def test_the_reason_is_a_persons_choice(company, customer, client, reason, account, vat):
    invoice = an_invoice(customer)
    line = a_line(company, "1195.00", invoice.number, counterparty=customer.name)
    accept(client, line, difference_reason=reason)
    written = WriteOff.everywhere.get()
    assert (written.account, written.vat_amount) == (account, Decimal(vat))


def test_a_loss_asks_for_its_proof_and_nothing_is_written_without(company, customer, client):
    invoice = an_invoice(customer)
    line = a_line(company, "1195.00", invoice.number, counterparty=customer.name)
    before = money_state(company)
    assert accept(client, line, difference_reason="LOSS").status_code == 422
    assert money_state(company).differences(before) == []
    assert accept(client, line, difference_reason="LOSS", difference_note="Certificat").status_code == 302
    assert WriteOff.everywhere.get().account == "654000"


def test_left_owed_the_difference_stays_on_the_invoice(company, customer, client):
    invoice = an_invoice(customer)
    line = a_line(company, "1195.00", invoice.number, counterparty=customer.name)
    accept(client, line, difference_reason="")
    assert (left_of(invoice), WriteOff.everywhere.exists()) == (5, False)


def test_beyond_the_limit_of_the_role_it_is_not_offered_and_not_taken(company, customer):
    accountant = a_client(company, Role.ACCOUNTANT)
    invoice = an_invoice(customer)
    line = a_line(company, "1188.00", invoice.number, counterparty=customer.name)
    page = plain(accountant.get(address(line)).text)
    assert "Escompte accordé (665)" in page
    assert "(627)" not in page, "an accountant writes off five euros of fees at most"
    before = money_state(company)
    sent = {**first_form(accountant.get(address(line)).text), "difference": "12.00", "difference_reason": "BANK_FEE"}
    assert accountant.post(address(line), sent).status_code == 422
    assert money_state(company).differences(before) == []


def test_a_rounding_in_excess_is_kept_as_income(company, customer, client):
    invoice = an_invoice(customer)
    line = a_line(company, "1200.40", invoice.number, counterparty=customer.name)
    before = money_state(company)
    assert first_form(client.get(address(line)).text)["difference_reason"] == WriteOffReason.ROUNDING
    accept(client, line)
    assert WriteOff.everywhere.get().account == "758000"
    undo(client, line)
    assert money_state(company).differences(before) == []


def test_older_credits_are_deducted_as_the_person_chooses(company, customer, client):
    older = money.a_payment(customer, "300.00")
    invoice = an_invoice(customer)
    line = a_line(company, "900.00", "REGLEMENT", counterparty=customer.name)
    before = money_state(company)
    sent = first_form(client.get(address(line)).text)
    assert sent[f"credit_{older.pk}"] == "300.00", "the evidence deducts it: it is ticked"
    unticked = {name: value for name, value in sent.items() if not name.startswith("credit_")}
    client.post(address(line), unticked)
    assert left_of(invoice) == 300
    undo(client, line)
    client.post(address(line), sent)
    assert left_of(invoice) == 0
    assert Allocation.everywhere.filter(payment=older, amount=300).exists()
    undo(client, line)
    assert money_state(company).differences(before) == []


def test_of_a_credit_no_more_is_taken_than_is_missing(company, customer, client):
    older, invoice = money.a_payment(customer, "500.00"), an_invoice(customer)
    line = a_line(company, "1000.00", invoice.number, counterparty=customer.name)
    page = client.get(address(line)).text
    assert f'name="credit_{older.pk}"' in page
    accept(client, line, **{f"credit_{older.pk}": "500.00"})
    older.refresh_from_db()
    assert (left_of(invoice), older.unallocated) == (0, 300)


def test_a_difference_that_is_another_now_is_refused_and_said(company, customer, client):
    older, invoice = money.a_payment(customer, "2.00"), an_invoice(customer)
    line = a_line(company, "1195.00", invoice.number, counterparty=customer.name)
    before = money_state(company)
    answer = accept(client, line, **{f"credit_{older.pk}": "2.00"})
    assert (answer.status_code, "La différence est de 3,00 €" in plain(answer.text)) == (422, True)
    assert money_state(company).differences(before) == []


@pytest.mark.parametrize(
    "forged",
    [
        {"difference": "NaN"},
        {"difference": "1E400", "difference_reason": "BANK_FEE"},
        {"difference": "5.00", "difference_reason": "NOTHING"},
        {"difference": "5.00", "difference_reason": "EXCHANGE+VAT"},
        {"credit_99999999999999999999": "1"},
        {"credit_1": "NaN"},
        {"credit_1": "-5"},
        {"owed_1": "sNaN"},
    ],
)
def test_what_is_forged_writes_nothing_of_it_and_is_no_crash(company, customer, client, forged):
    invoice = an_invoice(customer)
    line = a_line(company, "1195.00", invoice.number, counterparty=customer.name)
    answer = client.post(address(line), {"act": "match", f"owed_{invoice.pk}": "1200.00", **forged})
    assert answer.status_code in {302, 422}
    assert not WriteOff.everywhere.exists()


def test_a_second_payment_of_what_is_settled_goes_to_the_credit(company, customer, client):
    invoice, following = an_invoice(customer), an_invoice(customer)
    money.a_payment(customer, "1200.00", [(invoice, "1200.00")], paid_on=(AT - timedelta(days=9)).date())
    line = a_line(company, "1200.00", invoice.number, counterparty=customer.name)
    before = money_state(company)
    page = plain(client.get(address(line)).text)
    assert f"Au crédit de {customer.name}" in page
    assert f"{following.number} n’est pas la facture citée" in page
    accept(client, line)
    assert (left_of(following), status(line)) == (1200, LineStatus.MATCHED)
    undo(client, line)
    assert money_state(company).differences(before) == []


def test_a_slip_is_one_key_and_the_other_of_its_amount_the_next(company, customer, client):
    account = money.a_bank_account(company)
    slips = []
    for _place in range(2):
        cheques = [money.a_payment(customer, "250.00", method=Method.CHECK) for _cheque in range(2)]
        slips.append(
            remit_payments(
                company=company, method=Method.CHECK, payments=cheques, bank_account=account,
                remitted_on=AT.date(), actor=ACTOR, at=AT,
            )
        )  # fmt: skip
    line = a_line(company, "500.00", "REMISE CHEQUES", counterparty="")
    before = money_state(company)
    page = client.get(address(line)).text
    sent = first_form(page)
    assert sent == {"act": "known", f"found:remittance:{slips[0].pk}": "500.00"}
    assert f"found:remittance:{slips[1].pk}" in page
    client.post(address(line), sent)
    assert MatchPart.objects.filter(match__line=line).count() == 2
    undo(client, line)
    assert money_state(company).differences(before) == []


def test_a_debit_is_our_refund_or_a_payment_returned(company, customer, client):
    money.a_payment(customer, "80.00")
    refund = refund_customer(
        customer=customer, amount=Decimal("80.00"), method=Method.TRANSFER, iban="FR7630006000011234567890189",
        reason="Trop-perçu", made_on=AT.date(), actor=ACTOR, at=AT,
    )  # fmt: skip
    line = a_line(company, "-80.00", "VIREMENT", counterparty=customer.name)
    before = money_state(company)
    sent = first_form(client.get(address(line)).text)
    assert sent == {"act": "known", f"refunds:{refund.pk}": "80.00"}
    client.post(address(line), sent)
    assert status(line) == LineStatus.MATCHED
    undo(client, line)
    assert money_state(company).differences(before) == []

    invoice = an_invoice(customer)
    paid = money.a_payment(customer, "1200.00", [(invoice, "1200.00")])
    line = a_line(company, "-1200.00", f"REJET PRLV {invoice.number}", counterparty="BANQUE")
    before = money_state(company)
    sent = first_form(client.get(address(line)).text)
    assert sent == {"act": "known", f"returned:{paid.pk}": "1200.00"}
    client.post(address(line), sent)
    assert (left_of(invoice), Refund.objects.get(kind=RefundKind.RETURN).amount) == (1200, 1200)
    undo(client, line)
    assert (left_of(invoice), Invoice.objects.get(pk=invoice.pk).status) == (0, InvoiceStatus.PAID)
    assert money_state(company).differences(before) == []


def test_the_money_of_another_company_is_none_of_ours(company, customer, client):
    other = story.a_company()
    theirs = money.a_payment(story.a_customer(other), "1200.00")
    line = a_line(company, "1200.00")
    answer = client.post(address(line), {"act": "known", f"found:payment:{theirs.pk}": "1200.00"})
    assert (answer.status_code, status(line)) == (422, LineStatus.OPEN)
    answer = client.post(address(line), {"act": "credit", "customer": str(theirs.customer_id)})
    assert (answer.status_code, status(line)) == (404, LineStatus.OPEN)
    assert Payment.objects.count() == 0


def test_the_form_of_another_kind_is_refused_without_a_crash(company, client):
    line = a_line(company, "12.00")
    for sent in (
        {"act": "known", "found:x:1": "12"},
        {"act": "known", "found:1": "12"},
        {"act": "known", "refunds:1": "x"},
        {"act": "match"},
        {"act": "payout", "payout": "0"},
    ):
        assert client.post(address(line), sent).status_code in {404, 422}
    assert status(line) == LineStatus.OPEN
