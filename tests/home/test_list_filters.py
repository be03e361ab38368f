"""Lists are narrowed by amounts and by customer, as people type figures; what is no figure narrows nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from tests.factories import money, story
from tests.factories.people import read, signed_in

pytestmark = pytest.mark.django_db


def test_invoices_from_an_amount_to_another(company: Any) -> None:
    customer = story.a_customer(company)
    for net in (100, 1000, 2000):
        story.a_draft(customer, [story.a_line(quantity=Decimal(1), unit_price=Decimal(net))])
    client = signed_in(company)

    def shown(**query: str) -> list[Decimal]:
        rows = client.get(reverse("billing:invoice-list"), {"sort": "total", **query}).context["rows"]
        return [row["total"] for row in rows]

    assert shown(min="1 200,00", max="2400") == [Decimal(1200), Decimal(2400)]
    assert shown(max="1199,99") == [Decimal(120)]
    assert len(shown(min="beaucoup", max="12/3")) == 3
    page = read(client.get(reverse("billing:invoice-list"), {"min": "1200.5"}))
    assert 'value="1200,5"' in page


def test_receipts_of_one_customer(company: Any) -> None:
    first, second = story.a_customer(company), story.a_customer(company, name="Autre")
    money.a_payment(first, "10.00")
    kept = money.a_payment(second, "20.00")
    client = signed_in(company)
    page = client.get(reverse("payments:payment-list"), {"customer": str(second.pk)})
    assert [payment.pk for payment in page.context["page"]] == [kept.pk]
    assert "Autre" in page.text
    assert len(client.get(reverse("payments:payment-list"), {"min": "10", "max": "10"}).context["page"]) == 1


@pytest.mark.parametrize("page", ["billing:order-list", "payments:bankline-list", "billing:purchase-list"])
def test_the_other_lists_take_amounts_too(company: Any, page: str) -> None:
    answer = signed_in(company).get(reverse(page), {"min": "1", "max": "2"})
    assert answer.status_code == 200
    assert answer.context["filtered"]
