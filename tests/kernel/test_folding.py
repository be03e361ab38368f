"""Search without case and accents, however the accents are written."""

from __future__ import annotations

import unicodedata

import pytest

from config.kernel.folding import holds
from customers.models import Customer
from tests.factories import story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_scope")]

NAMES = ["Hôtel Régina", "Cœur d’Œuvre SARL", "Straße & Söhne", "Çà et là", "100 % Coton_Bio"]


@pytest.fixture
def named(company):
    for name in NAMES:
        story.a_customer(company, name=name)


def found(text):
    return list(Customer.objects.filter(holds(text, "name")).order_by("pk").values_list("name", flat=True))


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("hotel", "Hôtel Régina"),
        ("HÔTEL", "Hôtel Régina"),
        (unicodedata.normalize("NFD", "hôtel régina"), "Hôtel Régina"),
        ("coeur d'oeuvre", "Cœur d’Œuvre SARL"),
        ("ŒUVRE", "Cœur d’Œuvre SARL"),
        ("strasse", "Straße & Söhne"),
        ("ca et la", "Çà et là"),
        ("100 %", "100 % Coton_Bio"),
        ("n_b", "100 % Coton_Bio"),
    ],
)
def test_what_people_type_finds_the_name(text, name):
    assert found(text) == [name]


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("text", ["hotl", "1%0", "C_et", "\\"])
def test_a_sign_of_a_pattern_is_only_a_sign(text):
    assert found(text) == []


@pytest.mark.usefixtures("customer")
def test_a_name_stored_decomposed_is_found_all_the_same(company):
    Customer.objects.update(name=unicodedata.normalize("NFD", "Hôtel Régina"))
    assert len(found("hôtel")) == len(found("hotel")) == 1


@pytest.mark.usefixtures("named")
def test_no_text_is_found_across_two_columns(company):
    story.a_customer(company, name="Nord", email="sud@nord.example")
    assert Customer.objects.filter(holds("sud", "name", "email")).count() == 1
    assert Customer.objects.filter(holds("nordsud", "name", "email")).count() == 0
