"""A number that the columns cannot hold is refused at its field, never rounded in silence nor met by the database."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billing.models import Invoice
from config.kernel.errors import Invalid
from tests.factories.story import a_company, a_customer, a_draft, a_line

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quantity", "12345678901"),
        ("quantity", "0.00001"),
        ("unit_price", "10000000000"),
        ("unit_price", "0.0000001"),
        ("discount_percent", "12.345"),
        ("vat_rate", "5.555"),
    ],
)
def test_a_number_too_long_for_its_column_is_refused_at_its_field(field, value):
    customer = a_customer(a_company())
    with pytest.raises(Invalid) as refused:
        a_draft(customer, lines=[a_line(), a_line(**{field: Decimal(value)})])
    assert [*refused.value.fields] == [f"lines.2.{field}"]
    assert "trop long" in refused.value.fields[f"lines.2.{field}"]
    assert not Invoice.everywhere.filter(customer=customer).exists()


def test_a_line_whose_amount_no_invoice_can_hold_is_refused():
    with pytest.raises(Invalid) as refused:
        a_draft(
            a_customer(a_company()),
            lines=[a_line(quantity=Decimal("9999999999"), unit_price=Decimal("9999999999"))],
        )
    assert [*refused.value.fields] == ["lines.1.unit_price"]


def test_a_sum_that_no_invoice_can_hold_is_refused():
    large = a_line(quantity=Decimal("9999"), unit_price=Decimal("9999999999"))
    with pytest.raises(Invalid, match="dépasse ce qu’un document peut porter"):
        a_draft(a_customer(a_company()), lines=[large, large])
