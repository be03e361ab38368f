"""The worktable: one line at a time, accepted, split, booked, put on 471, noted, undone; without JavaScript."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import Invoice, InvoiceStatus
from config.kernel.models import AuditEvent, Company
from customers.models import Customer
from payments.matching.folding import squeeze
from payments.models import BankLine, LineStatus, Match, MatchPart, Payment
from payments.services.nearby import _ends_within, customers_near
from payments.services.proposing import build_index, propose
from payments.services.settling import settle_line
from payments.services.settling_parts import Booked
from tests.factories import money, story
from tests.factories.people import a_person
from tests.payments.money_state import money_state

pytestmark = pytest.mark.usefixtures("in_scope")

AT, ACTOR = story.AT, story.ACTOR


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def client(company: Company) -> Client:
    client = Client()
    client.force_login(a_person(company))
    return client


def an_invoice(customer: Customer, net: str = "1000.00") -> Invoice:
    lines = [story.a_line(quantity=Decimal(1), unit_price=Decimal(net))]
    return story.an_issued_invoice(customer, lines, at=AT - timedelta(days=10))


def a_line(company: Company, amount: str, remittance: str = "", **values: Any) -> BankLine:
    [line] = money.bank_lines(company, [money.a_credit(amount, remittance=remittance, **values)])
    return line


def address(line: BankLine) -> str:
    return reverse("payments:worktable-line", args=[line.pk])


def first_form(page: str) -> dict[str, str]:
    """What the first proposal's button sends."""
    form = next(form for form in re.findall(r"<form.*?</form>", page, re.DOTALL) if 'data-key="1"' in form)
    sent = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    sent += re.findall(r'type="checkbox"\s+name="(credit_\d+)"\s+value="([^"]*)"\s+checked', form)
    chosen = re.search(r'<option value="([^"]*)" selected>', form)
    if chosen:
        sent.append(("difference_reason", chosen[1]))
    return {name: value for name, value in sent if name != "csrfmiddlewaretoken"}


def status(line: BankLine) -> str:
    line.refresh_from_db()
    return line.status


def test_accepting_goes_to_the_next_line_and_undoing_comes_back_with_all_as_before(company, customer, client):
    invoice = an_invoice(customer)
    line, second = a_line(company, "1200.00", invoice.number), a_line(company, "7.00")
    before = money_state(company)
    page = client.get(address(line)).text
    assert invoice.number in page
    answer = client.post(address(line), first_form(page))
    match = Match.objects.get(line=line)
    assert answer.url == f"{address(second)}?done={match.pk}"
    assert status(line) == LineStatus.MATCHED
    shown = client.get(answer.url).text
    undo = reverse("payments:worktable-undo", args=[match.pk])
    assert undo in shown
    assert client.post(undo).url == address(line)
    assert money_state(company).differences(before) == []


def test_without_a_key_the_first_open_line_is_shown_and_in_the_end_nothing_is(company, client):
    line = a_line(company, "-3.00", "FRAIS")
    assert client.get(reverse("payments:worktable")).context["line"] == line
    client.post(address(line), {"act": "book", "account": "627000", "vat_rate": "20", "label": "Frais"})
    parts = MatchPart.objects.filter(match__line=line).order_by("position")
    assert [(part.account, part.amount) for part in parts] == [
        ("627000", Decimal("-2.50")),
        ("445660", Decimal("-0.50")),
    ]
    assert "line" not in client.get(reverse("payments:worktable")).context


def test_a_payout_is_split_over_two_customers_less_a_fee(company, customer, client):
    other = story.a_customer(company, name="Dubois")
    ours, theirs = an_invoice(customer), an_invoice(other, "500.00")
    line = a_line(company, "1788.00", "STRIPE PAYOUT")
    searched = f"{address(line)}?q={ours.number} ; Dubois"
    page = client.get(searched)
    assert {row["invoice"] for row in page.context["split"].rows()} == {ours, theirs}
    typed = {
        "act": "split", f"share_{ours.pk}": "1200", f"share_{theirs.pk}": "600", "fee_amount": "11",
        "fee_account": "627000", "fee_vat": "",
    }  # fmt: skip
    refused = client.post(searched, typed)
    assert refused.status_code == 422
    assert "1 789,00" in refused.text.replace("\u202f", " ").replace("\xa0", " ")
    assert client.post(searched, {**typed, "fee_amount": "12"}).status_code == 302
    assert {Invoice.objects.get(pk=row.pk).status for row in (ours, theirs)} == {InvoiceStatus.PAID}


def test_two_lines_pay_one_invoice(company, customer, client):
    invoice = an_invoice(customer)
    for amount in ("700.00", "500.00"):
        line = a_line(company, amount, "ACOMPTE")
        typed = {"act": "split", f"share_{invoice.pk}": amount, "fee_account": "627000"}
        assert client.post(f"{address(line)}?q={invoice.number}", typed).status_code == 302
    invoice.refresh_from_db()
    assert invoice.status == InvoiceStatus.PAID


def test_a_payment_typed_before_is_found_and_no_money_enters_twice(company, customer, client):
    invoice = an_invoice(customer)
    payment = money.a_payment(customer, "1200.00", [(invoice, "1200.00")])
    line = a_line(company, "1200.00", "SANS REFERENCE", counterparty="INCONNU")
    sent = first_form(client.get(address(line)).text)
    assert sent == {"act": "found", "payment": str(payment.pk)}
    client.post(address(line), sent)
    payments = Payment.objects.values_list("pk", "amount", "allocated")
    assert (status(line), list(payments)) == (LineStatus.MATCHED, [(payment.pk, 1200, 1200)])


def test_a_line_waits_on_471_with_a_reason_and_a_note_stays_in_its_timeline(company, client):
    line = a_line(company, "40.00")
    assert client.post(address(line), {"act": "note", "note": " "}).status_code == 422
    client.post(address(line), {"act": "note", "note": "Demander à Paul"})
    assert AuditEvent.everywhere.get(tag="payments.bank.noted").data["note"] == "Demander à Paul"
    assert "Demander à Paul" in client.get(address(line)).text
    assert client.post(address(line), {"act": "suspend", "reason": ""}).status_code == 422
    client.post(address(line), {"act": "suspend", "reason": "À demander"})
    assert status(line) == LineStatus.SUSPENSE
    home = client.get(reverse("home")).text
    assert "471" in home
    assert client.get(address(line)).status_code == 200, "it is still to be explained"


def test_what_was_booked_twice_alike_is_one_key_away(company, client):
    for place in range(2):
        line = a_line(company, "-24.00", f"PRLV OPERATEUR {place}")
        parts = [Booked("626000", line.amount, "Téléphone")]
        settle_line(line=line, parts=parts, rule="person", is_automatic=False, actor=ACTOR, at=AT)
    third = a_line(company, "-31.00", "PRLV OPERATEUR 77")
    sent = first_form(client.get(address(third)).text)
    assert sent == {"act": "book", "account": "626000", "vat_rate": "", "label": "Téléphone"}
    client.post(address(third), sent)
    assert status(third) == LineStatus.MATCHED


def test_a_balance_that_moved_since_it_was_shown_is_refused_and_said(company, customer, client):
    invoice = an_invoice(customer)
    line = a_line(company, "1200.00", invoice.number)
    sent = first_form(client.get(address(line)).text)
    money.a_payment(customer, "100.00", [(invoice, "100.00")])
    assert client.post(address(line), sent).status_code == 422
    assert status(line) == LineStatus.OPEN


def test_looking_at_whom_a_line_names_is_enough_for_the_same_verdict(company, customer):
    """Ten customers: by number, serial, amount, name; the verdict on an index of everybody is the same."""
    others = [story.a_customer(company, name=f"Société {word}") for word in ("Alpha", "Beta", "Gamma", "Delta")]
    invoices = [an_invoice(one, f"{100 * place}.00") for place, one in enumerate([customer, *others], start=1)]
    lines = [
        a_line(company, "120.00", invoices[0].number),
        a_line(company, "240.00", invoices[1].number.replace("-", " ")),
        a_line(company, "240.00", f"RF {invoices[1].payment_reference}"),
        a_line(company, "360.00", f"FACTURE {int(invoices[2].number[-5:])}", counterparty="BETA SOCIETE"),
        a_line(company, "480.00", "SANS RIEN", counterparty="INCONNU"),
        a_line(company, "50.00", "ACOMPTE", counterparty="SOCIETE DELTA"),
        a_line(company, "9.99", "BONJOUR", counterparty="PERSONNE"),
    ]
    whole = build_index(company, at=AT)
    for line in lines:
        near = build_index(company, at=AT, customers=customers_near(line, at=AT))
        # how probable it is depends on how many others there are
        found, wanted = (propose(line, index)._replace(probability=0.0) for index in (near, whole))
        assert found == wanted, line.remittance
    assert customers_near(lines[-1], at=AT) == set(), "the control: it is not everybody"


def test_looking_at_a_line_takes_the_same_queries_whatever_is_open(
    company, customer, client, django_assert_max_num_queries
):
    an_invoice(customer)
    line = a_line(company, "1200.00", "VIREMENT", counterparty=customer.name)
    client.get(address(line))
    with CaptureQueriesContext(connection) as few:
        client.get(address(line))
    for place in range(4):
        an_invoice(story.a_customer(company, name=f"Autre {place}"), "100.00")
        a_line(company, f"{place + 1}.00")
    with django_assert_max_num_queries(len(few)):
        client.get(address(line))
    assert len(few) <= 36


def test_a_number_is_found_however_it_ends(company, customer):
    invoice = an_invoice(customer)
    for number in ("F-7", "FAC/2026.A", "fac 12", "H_9"):
        line = a_line(company, "5.00", f"REGLEMENT {number.upper()} MERCI", counterparty="INCONNU")
        ends = _ends_within(squeeze(line.remittance))
        assert number[-2:].upper() in ends
    assert customers_near(a_line(company, "5.00", f"x{invoice.number}y"), at=AT) == {customer.pk}
