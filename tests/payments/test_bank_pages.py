"""The pages of the bank: import, reconcile, decide line by line, undo; refusals said, nothing written."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.kernel.roles import Role
from payments.models import BankLine, BankStatement, LineStatus, Match
from tests.factories.money import a_bank_account, a_credit, a_payment, a_statement_file, bank_lines
from tests.factories.people import read, signed_in
from tests.factories.story import a_company, a_customer, an_issued_invoice

pytestmark = pytest.mark.django_db
LIST = "payments:bankline-list"


@pytest.fixture
def invoice(customer):
    return an_issued_invoice(customer, at=timezone.now())


def upload(client, data, name="releve.xml"):
    """Sent and, where it may be, confirmed."""
    answer = client.post(reverse(LIST), {"file": SimpleUploadedFile(name, data)})
    if answer.status_code != 302:
        return answer
    page = client.get(answer.url)
    client.post(answer.url, {"keep": "all"})
    return page


def url_of(name, row):
    return reverse(f"payments:{name}", args=[row.pk])


def test_a_statement_is_imported_from_the_list_and_twice_changes_nothing(company):
    a_bank_account(company)
    data = a_statement_file(company, [a_credit("100.00"), a_credit("200.00")])
    client = signed_in(company)
    for _time in range(2):
        assert upload(client, data).status_code == 200
    assert BankLine.everywhere.filter(company=company).count() == 2
    assert "mouvements 300,00" in read(client.get(reverse(LIST)))
    assert client.get(reverse("payments:statement-list")).status_code == 200


@pytest.mark.parametrize("data", [b"", b"not a statement", b"<?xml version='1.0'?><a/>", b"\x00\xff" * 100])
def test_a_file_that_is_no_statement_is_refused_with_its_reason(company, data):
    a_bank_account(company)
    page = upload(signed_in(company), data)
    assert page.context["uploads"][0]["problem"]
    assert not page.context["ready"]
    assert not BankStatement.everywhere.filter(company=company).exists()


def test_the_statement_of_another_account_is_refused(company):
    page = upload(signed_in(company), a_statement_file(company, [a_credit("100.00")]))
    assert "qui n’est pas un compte de la société" in page.text
    assert not BankLine.everywhere.filter(company=company).exists()


def test_a_transfer_that_names_its_invoice_is_matched_by_the_run(company, invoice):
    (line,) = bank_lines(company, [a_credit("1440.00", remittance=f"REGLEMENT {invoice.number}")])
    page = signed_in(company).post(reverse("payments:bank-reconcile"), follow=True)
    assert "1 rapprochées" in page.text
    invoice.refresh_from_db()
    line.refresh_from_db()
    assert (invoice.status, line.status) == ("PAID", "MATCHED")


def test_an_open_line_shows_its_proposal_with_the_evidence_and_is_accepted(company, invoice):
    (line,) = bank_lines(company, [a_credit("1440.00", remittance=f"REGLEMENT {invoice.number}")])
    client = signed_in(company)
    page = client.get(url_of("bankline-detail", line))
    assert invoice.number in page.context["sentence"]
    assert page.context["form"][f"share_{invoice.pk}"].value() == "1440,00"
    assert client.post(url_of("bankline-detail", line), {f"share_{invoice.pk}": "1440,00"}).status_code == 302
    invoice.refresh_from_db()
    assert invoice.status == "PAID"


def test_another_invoice_is_found_and_chosen(company, customer):
    now = timezone.now()
    invoices = [an_issued_invoice(customer, at=now) for _time in range(2)]
    (line,) = bank_lines(company, [a_credit("700.00", counterparty="INCONNU", remittance="acompte")])
    client = signed_in(company)
    page = client.get(url_of("bankline-detail", line), {"q": invoices[1].number})
    assert [row["invoice"].pk for row in page.context["rows"]] == [invoices[1].pk]
    assert page.context["form"][f"share_{invoices[1].pk}"].value() == "700,00"
    url = f"{url_of('bankline-detail', line)}?q={invoices[1].number}"
    assert client.post(url, {f"share_{invoices[1].pk}": "700"}).status_code == 302
    invoices[1].refresh_from_db()
    assert invoices[1].amount_paid == 700


def test_choosing_nothing_or_too_much_is_refused_and_nothing_is_written(company, invoice):
    (line,) = bank_lines(company, [a_credit("1440.00", remittance=invoice.number)])
    client = signed_in(company)
    for share in ("", "1 440,01", "-5", "beaucoup"):
        page = client.post(url_of("bankline-detail", line), {f"share_{invoice.pk}": share})
        assert page.status_code == 422, share
    assert not Match.everywhere.filter(company=company).exists()


def test_a_match_is_undone_with_a_reason_and_everything_is_as_before(company, invoice):
    (line,) = bank_lines(company, [a_credit("1440.00", remittance=f"REGLEMENT {invoice.number}")])
    client = signed_in(company)
    client.post(reverse("payments:bank-reconcile"))
    match = Match.everywhere.get(line=line)
    assert client.post(url_of("match-undo", match), {"reason": ""}).status_code == 422
    assert client.post(url_of("match-undo", match), {"reason": "Autre facture"}).status_code == 302
    invoice.refresh_from_db()
    line.refresh_from_db()
    assert (invoice.status, invoice.amount_paid, line.status) == ("ISSUED", 0, "OPEN")


def test_a_line_is_set_aside_with_a_reason_and_reopened(company):
    (line,) = bank_lines(company, [a_credit("12.00")])
    client = signed_in(company)
    assert client.post(url_of("bankline-ignore", line), {"reason": " "}).status_code == 422
    client.post(url_of("bankline-ignore", line), {"reason": "Virement interne"})
    line.refresh_from_db()
    assert line.status == LineStatus.SUSPENSE
    client.post(url_of("bankline-reopen", line))
    line.refresh_from_db()
    assert line.status == LineStatus.OPEN


def test_a_debit_asks_for_no_invoice(company):
    (line,) = bank_lines(company, [a_credit("-12.00")])
    page = signed_in(company).get(url_of("bankline-detail", line))
    assert page.status_code == 200
    assert page.context["rows"] == []


@pytest.mark.parametrize("query", [{"status": "x", "from": "?"}, {"q": "%_\\'"}, {"cursor": "x", "sort": "y"}])
def test_a_damaged_filter_shows_the_list(company, query):
    bank_lines(company, [a_credit("12.00")])
    assert signed_in(company).get(reverse(LIST), query).status_code == 200


def test_the_list_costs_the_same_for_three_lines_and_thirty(company):
    client = signed_in(company)
    counts = []
    for more in (3, 27):
        bank_lines(company, [a_credit(f"{place}.00") for place in range(1, more + 1)])
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse(LIST))
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("name", ["bankline-detail", "bankline-ignore", "bankline-reopen"])
def test_another_company_s_line_does_not_exist(company, name):
    (line,) = bank_lines(a_company(), [a_credit("12.00")])
    client = signed_in(company)
    assert client.post(url_of(name, line), {"reason": "x"}).status_code == 404
    line.refresh_from_db()
    assert line.status == LineStatus.OPEN


def test_another_company_s_invoice_cannot_be_paid_with_my_line(company):
    stranger = an_issued_invoice(a_customer(a_company()), at=timezone.now())
    (line,) = bank_lines(company, [a_credit("1440.00", remittance=stranger.number)])
    client = signed_in(company)
    assert client.get(url_of("bankline-detail", line), {"q": stranger.number}).context["rows"] == []
    assert client.post(url_of("bankline-detail", line), {f"share_{stranger.pk}": "1440"}).status_code == 422
    stranger.refresh_from_db()
    assert stranger.amount_paid == 0


def test_a_viewer_looks_but_decides_nothing(company, invoice):
    (line,) = bank_lines(company, [a_credit("1440.00", remittance=invoice.number)])
    client = signed_in(company, Role.VIEWER)
    assert client.get(url_of("bankline-detail", line)).status_code == 200
    for url in (url_of("bankline-detail", line), url_of("bankline-ignore", line), reverse("payments:bank-reconcile")):
        assert client.post(url, {f"share_{invoice.pk}": "1440", "reason": "x"}).status_code == 403, url
    assert upload(client, a_statement_file(company, [a_credit("5.00")])).status_code == 403
    assert not Match.everywhere.filter(company=company).exists()


def test_an_invoice_is_found_by_what_remains_of_it(company, customer):
    """1440.00, of which 1000.00 came already."""
    owed = an_issued_invoice(customer)
    a_payment(customer, "1000.00", [(owed, "1000.00")])
    (line,) = bank_lines(company, [a_credit("440.00", counterparty="INCONNU", remittance="-")])
    page = signed_in(company).get(f"{url_of('bankline-detail', line)}?q=440,00")
    assert owed.number in page.text
