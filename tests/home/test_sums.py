"""What a sum makes is shown while it is typed, by the field that will read it."""

from __future__ import annotations

import pytest

from tests.factories.people import signed_in

pytestmark = pytest.mark.django_db


def test_a_sum_being_typed_shows_what_it_makes(company):
    client = signed_in(company)
    page = client.get("/figure/", {"text": "1 234,5 / 2", "places": "2"}, headers={"Accept-Language": "fr"})
    assert page.content.decode() == "= 617,25"
    refused = client.get("/figure/", {"text": "12/0", "places": "x"}, headers={"Accept-Language": "fr"})
    assert refused.status_code == 422
    assert "diviser par zéro" in refused.content.decode()
