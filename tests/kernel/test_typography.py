"""Amounts, days and identifiers as pages and documents show them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils.translation import override

from config.kernel import typography

NARROW = "\u202f"
NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("amount", "currency", "french", "english"),
    [
        (Decimal("1200"), "EUR", f"1{NARROW}200,00{NBSP}€", "€1,200.00"),
        (Decimal("-340.2"), "EUR", f"−340,20{NBSP}€", "−€340.20"),
        (Decimal("999999999999.99"), "EUR", f"999{NARROW}999{NARROW}999{NARROW}999,99{NBSP}€", "€999,999,999,999.99"),
        (Decimal("12.5"), "CHF", f"12,50{NBSP}CHF", f"CHF{NBSP}12.50"),
        (Decimal("-0.004"), "EUR", f"0,00{NBSP}€", "€0.00"),
        ("19.995", "EUR", f"20,00{NBSP}€", "€20.00"),
    ],
)
def test_money_is_written_in_the_language_of_the_reader(amount, currency, french, english):
    with override("fr"):
        assert typography.money(amount, currency) == french
    with override("en"):
        assert typography.money(amount, currency) == english


def test_a_float_is_refused_because_it_is_no_amount():
    with pytest.raises(TypeError):
        typography.money(12.5)  # what is refused
    with pytest.raises(TypeError):
        typography.number(0.1)  # what is refused


def test_what_is_absent_is_a_dash_and_zero_is_not_absent():
    with override("fr"):
        assert typography.money(None) == typography.day(None) == typography.moment(None) == typography.iban("") == "—"
        assert typography.money(Decimal(0)) == f"0,00{NBSP}€"
        assert typography.number(0) == "0"


def test_a_quantity_drops_its_idle_zeros_and_a_price_keeps_two_decimals():
    with override("fr"):
        assert typography.number(Decimal("2.5000")) == "2,5"
        assert typography.number(Decimal("1000.0000")) == f"1{NARROW}000"
        assert typography.number(Decimal(3), 2) == "3,00"
        assert typography.price(Decimal("4.900000")) == "4,90"
        assert typography.price(Decimal("812.345678")) == "812,345678"
        assert typography.percent(Decimal("5.50")) == f"5,5{NBSP}%"
    with override("en"):
        assert typography.percent(Decimal("20.00")) == "20%"


def test_a_day_is_written_whole_and_an_instant_falls_on_its_day_in_paris():
    just_before_midnight_utc = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    with override("fr"):
        assert typography.day(date(2026, 3, 1)) == "01/03/2026"
        assert typography.day(just_before_midnight_utc) == "21/11/2026"
        assert typography.moment(just_before_midnight_utc) == "21/11/2026 à 00:30"
    with override("en"):
        assert typography.day(date(2026, 11, 21)) == "21 Nov 2026"
        assert typography.moment(just_before_midnight_utc) == "21 Nov 2026, 00:30"


def test_an_instant_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        typography.moment(datetime(2026, 11, 21, 14, 5))  # noqa: DTZ001 – the refusal is the point


def test_identifiers_are_grouped_as_people_read_them():
    assert typography.iban("FR7630006000011234567890189") == "FR76 3000 6000 0112 3456 7890 189"
    assert typography.siren("732829320") == f"732{NBSP}829{NBSP}320"
    assert typography.siret("73282932000074") == f"732{NBSP}829{NBSP}320{NBSP}00074"
