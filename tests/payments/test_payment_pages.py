"""The pages of payments: record, allocate, reverse; refusals at their field with nothing written."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.kernel.roles import Role
from payments.models import Payment
from tests.factories.money import a_payment
from tests.factories.people import read, signed_in
from tests.factories.story import a_company, a_customer, an_issued_invoice

pytestmark = pytest.mark.django_db
LIST = "payments:payment-list"
NEW = "payments:payment-new"


def typed(invoice, **changes):
    values = {
        "customer": invoice.customer_id,
        "invoice": invoice.pk,
        "amount": "1 440,00",
        "paid_on": "16/11/2026",
        "method": "TRANSFER",
        f"share_{invoice.pk}": "1440",
    }
    return {**values, **changes}


def test_the_list_filters_what_is_left_to_allocate_and_sums_the_whole_filter(company, customer):
    invoice = an_issued_invoice(customer)
    a_payment(customer, "1440", [(invoice, "1440")])
    free = a_payment(customer, "100")
    client = signed_in(company)
    page = client.get(reverse(LIST), {"left": "yes"})
    assert [row.pk for row in page.context["page"]] == [free.pk]
    assert "1 encaissement · reçu 100,00" in read(page)
    assert "2 encaissements · reçu 1 540,00" in read(client.get(reverse(LIST)))


def test_a_damaged_filter_shows_the_list(company, customer):
    a_payment(customer, "100")
    query = {"method": "GOLD", "from": "hier", "left": "?", "cursor": "%%", "sort": "secret"}
    page = signed_in(company).get(reverse(LIST), query)
    assert page.status_code == 200
    assert len(page.context["page"]) == 1


def test_the_list_costs_the_same_for_three_payments_and_thirty(company, customer):
    client = signed_in(company)
    counts = []
    for more in (3, 27):
        for _payment in range(more):
            a_payment(customer, "10")
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse(LIST))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_payment_asked_for_from_an_invoice_is_filled_with_its_balance(company, customer):
    invoice = an_issued_invoice(customer)
    page = signed_in(company).get(reverse(NEW), {"invoice": invoice.pk})
    form = page.context["form"]
    assert form["amount"].value() == f"{invoice.balance:.2f}".replace(".", ",")
    assert form[f"share_{invoice.pk}"].value() == "1440,00"


def test_without_a_customer_it_asks_who_paid(company, customer):
    page = signed_in(company).get(reverse(NEW))
    assert page.status_code == 200
    assert "Client qui a payé" in page.text


def test_money_received_settles_the_invoice(company, customer):
    invoice = an_issued_invoice(customer)
    page = signed_in(company).post(reverse(NEW), typed(invoice))
    assert page.status_code == 302
    invoice.refresh_from_db()
    assert invoice.status == "PAID"


def test_what_is_beyond_the_invoice_stays_the_customer_s_and_is_said(company, customer):
    invoice = an_issued_invoice(customer)
    page = signed_in(company).post(reverse(NEW), typed(invoice, amount="1 540"), follow=True)
    assert "100,00 € restent au crédit du client" in read(page)
    assert Payment.everywhere.get(company=company).unallocated == Decimal("100.00")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "beaucoup"}, "amount"),
        ({"paid_on": "31/12/2099"}, "paid_on"),
        ({"paid_on": "jamais"}, "paid_on"),
        ({"method": "GOLD"}, "method"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_nothing_is_written(company, customer, changes, field):
    invoice = an_issued_invoice(customer)
    page = signed_in(company).post(reverse(NEW), typed(invoice, reference="VIR 42", **changes))
    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert "VIR 42" in page.text
    assert not Payment.everywhere.filter(company=company).exists()


def test_more_than_the_invoice_owes_is_refused_and_nothing_is_written(company, customer):
    invoice = an_issued_invoice(customer)
    page = signed_in(company).post(reverse(NEW), typed(invoice, amount="2000", **{f"share_{invoice.pk}": "1 440,01"}))
    assert page.status_code == 422
    assert page.context["form"].errors
    invoice.refresh_from_db()
    assert invoice.amount_paid == 0
    assert not Payment.everywhere.filter(company=company).exists()


def test_shares_beyond_the_amount_received_are_refused(company, customer):
    invoice = an_issued_invoice(customer)
    page = signed_in(company).post(reverse(NEW), typed(invoice, amount="100"))
    assert page.status_code == 422
    assert not Payment.everywhere.filter(company=company).exists()


def test_the_rest_is_allocated_later(company, customer):
    payment = a_payment(customer, "1440")
    invoice = an_issued_invoice(customer)
    client = signed_in(company)
    client.post(reverse("payments:payment-allocate", args=[payment.pk]), {f"share_{invoice.pk}": "1440"})
    payment.refresh_from_db()
    assert payment.unallocated == 0


def test_allocating_to_two_invoices_is_all_or_nothing(company, customer):
    payment = a_payment(customer, "1500")
    small, large = an_issued_invoice(customer), an_issued_invoice(customer)
    url = reverse("payments:payment-allocate", args=[payment.pk])
    page = signed_in(company).post(url, {f"share_{small.pk}": "1440", f"share_{large.pk}": "100"})
    assert page.status_code == 422
    payment.refresh_from_db()
    assert payment.allocated == 0


def test_allocating_nothing_is_refused(company, customer):
    payment = a_payment(customer, "1500")
    an_issued_invoice(customer)
    page = signed_in(company).post(reverse("payments:payment-allocate", args=[payment.pk]))
    assert page.status_code == 422
    assert "Indiquez un montant" in page.text


def test_a_payment_is_reversed_with_a_reason_and_its_invoice_is_open_again(company, customer):
    invoice = an_issued_invoice(customer)
    payment = a_payment(customer, "1440", [(invoice, "1440")])
    client = signed_in(company)
    url = reverse("payments:payment-reverse", args=[payment.pk])
    page = client.post(url, {"reason": " "})
    assert page.status_code == 422
    assert "reason" in page.context["form"].errors
    client.post(url, {"reason": "Chèque impayé"})
    invoice.refresh_from_db()
    assert invoice.status == "ISSUED"
    page = client.get(reverse("payments:payment-detail", args=[payment.pk]))
    assert "Chèque impayé" in page.text
    assert "Annulé" in page.text


def test_only_the_words_of_a_payment_change(company, customer):
    payment = a_payment(customer, "100")
    url = reverse("payments:payment-edit", args=[payment.pk])
    signed_in(company).post(url, {"reference": "CHQ 7", "notes": "Reçu au guichet", "amount": "900"})
    payment.refresh_from_db()
    assert (payment.reference, payment.notes, payment.amount) == ("CHQ 7", "Reçu au guichet", Decimal("100.00"))


@pytest.mark.parametrize("name", ["detail", "allocate", "edit", "reverse"])
def test_another_company_s_payment_does_not_exist(company, name):
    stranger = a_payment(a_customer(a_company()), "100")
    client = signed_in(company)
    assert client.get(reverse(f"payments:payment-{name}", args=[stranger.pk])).status_code == 404
    assert client.post(reverse(f"payments:payment-{name}", args=[stranger.pk])).status_code in {404, 405}


@pytest.mark.parametrize("parameter", ["invoice", "customer"])
def test_another_company_s_invoice_or_customer_cannot_be_paid_here(company, parameter):
    invoice = an_issued_invoice(a_customer(a_company()))
    key = invoice.pk if parameter == "invoice" else invoice.customer_id
    assert signed_in(company).get(reverse(NEW), {parameter: key}).status_code == 404


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SALES])
@pytest.mark.parametrize("name", ["allocate", "edit", "reverse"])
def test_those_who_may_not_touch_money_only_look(company, customer, role, name):
    payment = a_payment(customer, "100")
    client = signed_in(company, role)
    page = client.get(reverse("payments:payment-detail", args=[payment.pk]))
    assert page.status_code == 200
    assert reverse(f"payments:payment-{name}", args=[payment.pk]) not in page.text
    assert client.get(reverse(f"payments:payment-{name}", args=[payment.pk])).status_code == 403
    assert client.get(reverse(NEW)).status_code == 403


def test_a_partial_payment_wants_one_edit(company, customer):
    invoice = an_issued_invoice(customer)
    values = typed(invoice, amount="500", spread="1", **{f"share_{invoice.pk}": "1440,00"})
    assert signed_in(company).post(reverse(NEW), values).status_code == 302
    invoice.refresh_from_db()
    assert (invoice.amount_paid, Payment.everywhere.get().unallocated) == (500, 0)


def test_one_amount_is_spread_over_the_oldest_first_and_what_is_typed_stands(company, customer):
    old, middle, young = sorted(
        (an_issued_invoice(customer) for _row in range(3)), key=lambda row: (row.due_date, row.pk)
    )
    client = signed_in(company)
    values = {"customer": customer.pk, "paid_on": "16/11/2026", "method": "TRANSFER", "spread": "1"}
    client.post(reverse(NEW), {**values, "amount": "2000", f"share_{middle.pk}": "0", f"share_{young.pk}": "100"})
    paid = {row.pk: row.amount_paid for row in type(old).everywhere.filter(customer=customer)}
    assert paid == {old.pk: 1440, middle.pk: 0, young.pk: 100}
    payment = Payment.everywhere.get()
    assert payment.unallocated == 460
    client.post(reverse("payments:payment-allocate", args=[payment.pk]), {"spread": "1"})
    assert type(old).everywhere.get(pk=middle.pk).amount_paid == 460


def test_shares_beyond_the_amount_are_told_in_french_figures_before_any_payment_exists(company, customer):
    invoice = an_issued_invoice(customer)
    page = signed_in(company).post(reverse(NEW), typed(invoice, amount="500"))
    assert page.status_code == 422
    text = read(page)
    assert "Les factures recevraient 1 440,00 € alors que 500,00 € sont encaissés" in text
    assert "ENC-" not in text
