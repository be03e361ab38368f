"""A company, its customer, and an invoice of 1,440.00 that the customer opens by a link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing.models import Invoice
from config.kernel.models import Company
from config.kernel.scope import company_scope
from customers.models import Customer
from payments.models import CustomerLink
from payments.portal.links import link_to_invoice, link_to_statement
from payments.portal.tokens import token_of
from tests.factories import story
from tests.factories.people import read as as_typed


def path_to(link: CustomerLink, *more: str) -> str:
    return "/".join(["/c", token_of(link.public_id), *more, ""])


def a_link(invoice: Invoice, recipient: str = "compta@client.example", **values: Any) -> CustomerLink:
    with company_scope(invoice.company_id):
        defaults: dict[str, Any] = {"actor": story.ACTOR, "at": timezone.now()}
        return link_to_invoice(invoice=invoice, recipient=recipient, **{**defaults, **values})


def a_statement_link(customer: Customer, **values: Any) -> CustomerLink:
    with company_scope(customer.company_id):
        defaults: dict[str, Any] = {"recipient": "", "actor": story.ACTOR, "at": timezone.now()}
        return link_to_statement(customer=customer, **{**defaults, **values})


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def invoice(company: Company) -> Invoice:
    return story.an_issued_invoice(story.a_customer(company))


@pytest.fixture
def visitor() -> Client:
    """A browser in which nobody has signed in, and which has no cookie."""
    return Client()


@pytest.fixture
def seen(visitor: Client) -> Callable[[CustomerLink], str]:
    """The page of a link as its customer reads it."""

    def see(link: CustomerLink, *more: str) -> str:
        answer = visitor.get(path_to(link, *more))
        assert answer.status_code == 200, answer.content.decode()[:500]
        return as_typed(answer)

    return see
