"""A form sent twice without JavaScript acts once, and the second sending is led to what the first made."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Email, Invoice, Product, SalesOrder, StockMovement
from billing.services.products import save_product
from config.kernel.models import Company, User
from config.kernel.scope import company_scope
from customers.models import Contact, Customer
from payments.models import Allocation, BankAccount, Payment
from tests.factories import money, story
from tests.factories.people import a_person
from tests.house.test_one_click import methods_of, pages
from tests.trust.at_once import at_once

# why a second sending of the same form does no harm, where `sent_once` does not stand
HARMLESS_TWICE = {
    **dict.fromkeys(["company-switch", "language", "login", "account_login", "logout"], "chooses the same again"),
    **dict.fromkeys(
        ["mfa_authenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "mfa_login_webauthn"],
        "a code or an answer of a key is taken once",
    ),
    **dict.fromkeys(
        ["mfa_activate_totp", "mfa_deactivate_totp", "mfa_add_webauthn", "mfa_remove_webauthn", "password-reset"],
        "the second is refused, or finds it done",
    ),
    **dict.fromkeys(["account_reauthenticate", "account", "mfa_edit_webauthn"], "says the same again"),
    **dict.fromkeys(["account-password", "mfa_generate_recovery_codes", "usersessions_list"], "the last one holds"),
    **dict.fromkeys(["account-email", "password-forgotten"], "another mail with a link; the first to be opened holds"),
    "account-email-confirm": "a link is good once",
    **dict.fromkeys(
        [
            "company-settings", "platform-edit", "bank-account-edit", "rate-settings", "reminder-settings",
            "restoration", "member-edit",
            "exchange-settings", "exchange-import", "view-edit", "billing:vat-schedule",
            "feed-edit", "feed-switch",
            "webhook-edit", "inbound-source", "inbound-switch", "webhook-enable", "webhook-disable",
            "customers:customer-edit", "customers:contact-edit", "billing:product-edit", "billing:product-archive",
            "billing:product-restore", "billing:order-edit", "billing:invoice-edit", "billing:invoice-deductions",
            "billing:invoice-notes", "payments:payment-edit", "payments:rule-edit", "portal-settings",
            "provider-settings", "write-off-settings", "einvoicing:readiness-activate",
            "billing:purchase-edit", "billing:purchase-amend", "billing:purchase-tie", "billing:purchase-order-edit",
            "billing:supplier-edit", "purchase-settings", "look-settings",
            "look-logo", "numbering-settings", "terms-edit", "line-settings", "billing:account-switch",
            "billing:sales-account-remove",
            "billing:sales-accounts", "billing:journal-list",
            "approval-rule-edit",
            "einvoicing:reception-settings", "einvoicing:reception-switch",
        ],
        "writes the same values again",
    ),
    **dict.fromkeys(
        [
            "billing:line-totals", "billing:lines-paste", "billing:purchase-totals", "billing:purchase-order-totals",
            "billing:entry-totals", "billing:lettering-gap",
            "einvoicing:credit-total", "einvoicing:directory-lookup", "look-preview",
        ],
        "writes nothing",
    ),
    **dict.fromkeys(
        ["platform-test", "feed-read", "feed-disconnect", "einvoicing:platforms-read"],
        "talks to a remote system, which says the same",
    ),
    **dict.fromkeys(
        ["webhook-new", "webhook-rotate", "inbound-new", "api-key-new"],
        "shows a secret once: the last answer is the one that is read",
    ),
    "founding-new": "a company is known by its SIREN",
    "api-key-revoke": "revoked is revoked",
    **dict.fromkeys(["member-remove", "company-leave"], "who is gone is gone"),
    "second-factor": "what is required is required",
    **dict.fromkeys(["invitation", "invitation-withdraw"], "the second is refused, and says so"),
    "billing:dossier": "gives the same file again, and says that it was taken again",
    **dict.fromkeys(["payments:link-new", "payments:statement-link-new"], "gives the link that is there"),
    **dict.fromkeys(["payments:notice-handle", "payments:checkout-settle"], "dealt with is dealt with"),
    "payments:portal-card": "leads to the checkout that is open",
    **dict.fromkeys(["payments:portal-paid", "payments:portal-dispute"], "a message is known by its form"),
    "payments:bankline-list": "a statement is known by its content",
    "payments:upload-batch": "a file is kept once, and known by its content",
    "payments:upload-account": "reads the file again",
    **dict.fromkeys(["payments:upload-columns", "payments:upload-payout-columns"], "reads the file again"),
    "payments:upload-new-account": "an account is known by its IBAN",
    "payments:bank-reconcile": "matches what is left to match",
    "einvoicing:invoice-issue": "an issued invoice leads to its record",
    "einvoicing:invoice-issue-many": "issues what is a draft still",
    "einvoicing:transmit-many": "queues what is not queued yet",
    **dict.fromkeys(
        [
            "einvoicing:transmission-answer", "einvoicing:transmission-dismiss", "einvoicing:received-again",
            "einvoicing:received-set-aside", "einvoicing:answer-retry", "installation-replay",
        ],
        "the second is refused, and says so",
    ),
}  # fmt: skip
Sent = tuple[str, Mapping[str, object], Callable[[], int]]  # the address, what is typed, how many there are


def test_each_page_that_acts_does_so_once_or_says_why_twice_is_no_harm() -> None:
    acting = {name: pattern.callback for name, pattern in pages() if "POST" in methods_of(pattern)}
    guarded = {name for name, view in acting.items() if getattr(view, "sent_once", False)}
    assert guarded | HARMLESS_TWICE.keys() == acting.keys()
    assert not guarded & HARMLESS_TWICE.keys()


def a_browser(company: Company, person: User | None = None) -> Client:
    """One that holds to CSRF tokens, as browsers must."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(person or a_person(company))
    return client


def open_form(client: Client, address: str) -> dict[str, str]:
    """The token of the page's own form."""
    main = client.get(address).text.partition("<main")[2]
    return {"csrfmiddlewaretoken": re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', main)[-1]}


LINE = {
    "lines-TOTAL_FORMS": "1", "lines-INITIAL_FORMS": "0", "lines-0-description": "Chaise", "lines-0-quantity": "2",
    "lines-0-unit_price": "120", "lines-0-vat": "S:20", "lines-0-unit": "C62",
}  # fmt: skip


def payment(customer: Customer) -> Sent:
    typed = {"customer": customer.pk, "amount": "100", "paid_on": "16/11/2026", "method": "TRANSFER"}
    return f"{reverse('payments:payment-new')}?customer={customer.pk}", typed, Payment.objects.count


def share(customer: Customer) -> Sent:
    invoice = story.an_issued_invoice(customer)
    free = money.a_payment(customer, "1000")
    typed = {f"share_{invoice.pk}": "300"}
    return reverse("payments:payment-allocate", args=[free.pk]), typed, Allocation.objects.count


def invoice(customer: Customer) -> Sent:
    typed = {"customer": customer.pk, "kind": "380", **LINE}
    return reverse("billing:invoice-new"), typed, Invoice.objects.count


def order(customer: Customer) -> Sent:
    typed = {"customer": customer.pk, "customer_text": customer.name, "order_date": "16/11/2026", **LINE}
    return reverse("billing:order-new"), typed, SalesOrder.objects.count


def credit_note(customer: Customer) -> Sent:
    issued = story.an_issued_invoice(customer)
    (line,) = issued.lines.all()
    typed = {"scope": "part", "reason": "Retour", f"quantity_{line.pk}": "1"}
    return reverse("einvoicing:invoice-credit", args=[issued.pk]), typed, Invoice.objects.count


def deposit(customer: Customer) -> Sent:
    draft = story.a_draft(customer)
    return (
        reverse("billing:invoice-deposit", args=[draft.pk]),
        {"basis": "percent", "amount": "30"},
        Invoice.objects.count,
    )


def new_customer(customer: Customer) -> Sent:
    typed = {
        "kind": "ORGANISATION",
        "name": "Galerie Nord",
        "siret": story.a_siret(story.a_siren()),
        "terms": customer.terms.pk,
        "billing_line": "3 place du Marché",
        "billing_postcode": "59000",
        "billing_city": "Lille",
        "billing_country": "FR",
    }
    return reverse("customers:customer-new"), typed, Customer.objects.count


def contact(customer: Customer) -> Sent:
    typed = {"name": "Ada", "email": "ada@client.example"}
    return reverse("customers:contact-new", args=[customer.pk]), typed, Contact.objects.count


def a_product(customer: Customer) -> Product:
    values = {"reference": "CH-1", "name": "Chaise", "unit_price": Decimal(120), "tracks_stock": True}
    return save_product(product=None, company_id=customer.company_id, values=values, actor=story.ACTOR, at=story.AT)


def stock(customer: Customer) -> Sent:
    typed = {"reason": "RECEIPT", "quantity": "10"}
    return reverse("billing:product-stock", args=[a_product(customer).pk]), typed, StockMovement.objects.count


def email(customer: Customer) -> Sent:
    issued = story.an_issued_invoice(customer)
    typed = {"addresses": "compta@client.example"}
    return reverse("einvoicing:invoice-send", args=[issued.pk]), typed, Email.objects.count


def bank_account(_customer: Customer) -> Sent:
    typed = {"name": "Courant", "iban": story.IBAN}
    return reverse("bank-settings"), typed, BankAccount.objects.count


@pytest.mark.django_db
@pytest.mark.parametrize(
    "world",
    [payment, share, invoice, order, credit_note, deposit, new_customer, contact, stock, email, bank_account],
    ids=lambda world: world.__name__,
)
def test_sent_twice_it_acts_once_and_leads_to_the_same_place(
    customer: Customer, world: Callable[[Customer], Sent]
) -> None:
    with company_scope(customer.company_id):
        address, typed, count = world(customer)
        client, before = a_browser(customer.company), count()
        typed = {**typed, **open_form(client, address)}
        first, second = client.post(address, typed), client.post(address, typed)
        assert first.status_code == 302, first.context and first.context["form"].errors
        assert (second.status_code, second["Location"]) == (302, first["Location"])
        assert count() == before + 1
        assert "envoyé deux fois" in client.get(second["Location"]).text


@pytest.mark.django_db
def test_what_is_created_beside_a_form_is_created_once(customer: Customer) -> None:
    address = f"{reverse('billing:product-new')}?beside=1"
    client = a_browser(customer.company)
    typed = {"reference": "T-1", "name": "Table", "unit_price": "120", "vat": "S:20", "unit": "C62"}
    typed |= open_form(client, address)
    first, second = client.post(address, typed), client.post(address, typed)
    assert first["Content-Type"] == "application/json", first.context["form"].errors
    assert second.json() == first.json()
    assert Product.everywhere.count() == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("in_scope")
def test_the_same_typed_in_another_page_or_otherwise_is_another_payment(customer: Customer) -> None:
    address, typed, count = payment(customer)
    client = a_browser(customer.company)
    page = open_form(client, address)
    client.post(address, {**typed, **page})
    client.post(address, {**typed, **page, "amount": "200"})
    client.post(address, {**typed, **open_form(client, address)})
    assert count() == 3


@pytest.mark.django_db
@pytest.mark.usefixtures("in_scope")
def test_a_refused_form_is_judged_anew(customer: Customer) -> None:
    address, typed, count = order(customer)
    client = a_browser(customer.company)
    typed = {**typed, **open_form(client, address), "lines-0-quantity": "beaucoup"}
    assert [client.post(address, typed).status_code for _sending in range(2)] == [422, 422]
    assert count() == 0


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_make_one_payment() -> None:
    company = story.a_company()
    customer = story.a_customer(company)
    person = a_person(company)
    clients = [a_browser(company, person)]
    with company_scope(company):
        address, typed, _count = payment(customer)
    typed = {**typed, **open_form(clients[0], address)}
    for _click in range(3):  # the same browser, in which each thread has its own
        clients.append(Client(enforce_csrf_checks=True))
        clients[-1].cookies = clients[0].cookies.copy()
    answers = at_once(4, lambda place: clients[place].post(address, typed))
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, answers[0]["Location"])}
    assert Payment.everywhere.count() == 1


@pytest.mark.django_db
def test_issuing_twice_leads_to_the_record(customer: Customer) -> None:
    draft = story.a_draft(customer)
    address = reverse("einvoicing:invoice-issue", args=[draft.pk])
    client = a_browser(customer.company)
    typed = {"send": "no", **open_form(client, address)}
    first, second = client.post(address, typed), client.post(address, typed)
    assert first["Location"] == second["Location"] == draft.get_absolute_url()
