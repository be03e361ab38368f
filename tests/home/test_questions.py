"""What cannot be undone is shown before it is done: reading the question changes nothing, answering it does the act."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.models import EmailKind, EmailStatus, SalesOrder
from billing.services.emails import queue_email
from billing.services.invoices import open_dispute
from billing.services.orders import confirm_order, save_order
from billing.services.products import count_stock, save_product
from config.kernel.models import AuditEvent, Company, DeliveryStatus, WebhookDelivery, WebhookEndpoint
from config.kernel.webhooks import endpoints
from customers.models import Contact
from payments.dunning import evidence
from payments.models import Reminder
from tests.factories import money, story
from tests.factories.people import read, signed_in
from tests.factories.platforms import a_platform_account

pytestmark = pytest.mark.django_db
Asked = tuple[str, Mapping[str, object], tuple[str, ...]]  # the address, what is answered, what must be shown


def an_order(company: Company) -> SalesOrder:
    values = {"reference": "CH-1", "name": "Chaise", "unit_price": Decimal(120), "tracks_stock": True}
    product = save_product(product=None, company_id=company.pk, values=values, actor=story.ACTOR, at=story.AT)
    count_stock(product=product, counted=Decimal(10), actor=story.ACTOR, at=story.AT)
    line = story.a_line(product_id=product.pk, quantity=Decimal(4))
    order = save_order(
        order=None, customer=story.a_customer(company), values={}, lines=[line], actor=story.ACTOR, at=story.AT
    )
    return confirm_order(order=order, actor=story.ACTOR, at=story.AT)


def an_endpoint(company: Company) -> WebhookEndpoint:
    values = {"url": "https://erp.example/hooks", "events": ["*"]}
    return endpoints.create_endpoint(company=company, actor=story.ACTOR, at=timezone.now(), **values)[0]


def ship(company: Company) -> Asked:
    address = reverse("billing:order-ship", args=[an_order(company).pk])
    return address, {}, ("Maison Lumière", "Chaise", "4 sur 10 : il en restera 6")


def cancel(company: Company) -> Asked:
    return reverse("billing:order-cancel", args=[an_order(company).pk]), {}, ("Maison Lumière", "576,00 €")


def delete_draft(company: Company) -> Asked:
    draft = story.a_draft(story.a_customer(company))
    return reverse("billing:invoice-delete", args=[draft.pk]), {}, ("Maison Lumière", "1 440,00 €")


def close_dispute(company: Company) -> Asked:
    invoice = story.an_issued_invoice(story.a_customer(company))
    open_dispute(invoice=invoice, reason="Chaise cassée", actor=story.ACTOR, at=story.AT)
    return reverse("billing:invoice-dispute-close", args=[invoice.pk]), {}, ("Chaise cassée", "Les relances")


def resend(company: Company) -> Asked:
    email = queue_email(
        company_id=company.pk,
        invoice=None,
        kind=EmailKind.INVOICE,
        recipient="compta@client.example",
        subject_line="Votre facture",
        body="Bonjour Ada",
        needs_document=False,
        at=story.AT,
    )
    type(email).everywhere.filter(pk=email.pk).update(status=EmailStatus.UNKNOWN)
    shown = ("compta@client.example", "Votre facture", "Bonjour Ada", "peut-être parti")
    return reverse("billing:email-resend", args=[email.pk]), {}, shown


def remove_contact(company: Company) -> Asked:
    customer = story.a_customer(company)
    contact = Contact.everywhere.create(
        company=company, customer=customer, name="Ada Martin", email="ada@client.example"
    )
    return reverse("customers:contact-delete", args=[contact.pk]), {}, ("Ada Martin", "ada@client.example")


def transmit(company: Company) -> Asked:
    invoice = story.an_issued_invoice(story.a_customer(company))
    a_platform_account(company)  # later: what is issued leaves by itself
    shown = ("Maison Lumière", "1 440,00 €", "Plateforme d’essai")
    return reverse("einvoicing:invoice-transmit", args=[invoice.pk]), {}, shown


def reverse_payment(company: Company) -> Asked:
    customer = story.a_customer(company)
    invoice = story.an_issued_invoice(customer)
    payment = money.a_payment(customer, "600.00", [(invoice, "600.00")])
    shown = (str(invoice.number), "600,00 €")
    return reverse("payments:payment-reverse", args=[payment.pk]), {"reason": "Chèque sans provision"}, shown


def delete_webhook(company: Company) -> Asked:
    return reverse("webhook-delete", args=[an_endpoint(company).pk]), {}, ("https://erp.example/hooks",)


def rotate_secret(company: Company) -> Asked:
    return reverse("webhook-rotate", args=[an_endpoint(company).pk]), {}, ("https://erp.example/hooks", "24 heures")


def enable_webhook(company: Company) -> Asked:
    endpoint = an_endpoint(company)
    endpoints.send_test(endpoint=endpoint, actor=story.ACTOR, at=timezone.now())
    endpoints.disable_endpoint(endpoint=endpoint, reason="", actor=story.ACTOR, at=timezone.now())
    return reverse("webhook-enable", args=[endpoint.pk]), {}, ("Messages en attente", "1")


def replay_webhook(company: Company) -> Asked:
    delivery = endpoints.send_test(endpoint=an_endpoint(company), actor=story.ACTOR, at=timezone.now())
    WebhookDelivery.everywhere.update(status=DeliveryStatus.FAILED)
    return reverse("webhook-replay", args=[delivery.pk]), {}, ("https://erp.example/hooks",)


ACTS: tuple[Callable[[Company], Asked], ...] = (
    ship, cancel, delete_draft, close_dispute, resend, remove_contact, transmit, reverse_payment, delete_webhook,
    rotate_secret, enable_webhook, replay_webhook,
)  # fmt: skip


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_a_question_shows_what_it_bears_on_and_only_its_answer_acts(
    company: Company, act: Callable[[Company], Asked]
) -> None:
    address, answer, shown = act(company)
    client = signed_in(company)
    before = AuditEvent.everywhere.count()
    page = client.get(address)
    assert page.status_code == 200
    assert [words for words in shown if words not in read(page)] == []
    assert re.search(r'<form[^>]*method="post"', page.text)
    assert AuditEvent.everywhere.count() == before
    assert client.post(address, answer).status_code in (200, 302)
    assert AuditEvent.everywhere.count() > before


@pytest.mark.parametrize("act", [ship, transmit, resend])
def test_a_question_about_what_is_done_already_is_refused(company: Company, act: Callable[[Company], Asked]) -> None:
    address, answer, _shown = act(company)
    client = signed_in(company)
    client.post(address, answer)
    page = client.get(address)
    assert page.status_code == 409
    assert '<form class="form" method="post"' not in page.text


def test_reminders_are_shown_one_letter_a_customer_and_those_unticked_stay(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "is_working_day", lambda _day: True)
    now = timezone.now()
    money.bank_lines(company, [money.a_credit("-1.00")], at=now)
    wanted, spared = story.a_customer(company, email="a@client.example"), story.a_customer(company)
    due = ((wanted, 60), (wanted, 50), (spared, 40))
    late = [story.an_issued_invoice(one, at=now - timedelta(days=days)) for one, days in due]
    client = signed_in(company)
    page = client.get(reverse("payments:reminder-send-due"))
    assert [one["invoice"].pk for one in page.context["rows"]] == [late[0].pk, late[2].pk]
    assert all(words in read(page) for words in ("a@client.example", "Amicale", "1 440,00 €"))
    assert not Reminder.everywhere.exists()
    client.post(reverse("payments:reminder-send-due"), {"invoice": [late[0].pk, "x", "9" * 30]})
    assert [one.invoice_id for one in Reminder.everywhere.all()] == [late[0].pk]
