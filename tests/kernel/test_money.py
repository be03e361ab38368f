"""Amounts are Decimals rounded half up, and floats never get in."""

from __future__ import annotations

from decimal import Decimal

import pytest

from config.kernel.money import NotAnAmount, cents, exact, from_cents, round2


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.005", "0.01"), ("1.005", "1.01"), ("2.675", "2.68"), ("-0.005", "-0.01"), ("0.00499", "0.00")],
)
def test_half_a_cent_goes_up_away_from_zero(amount, rounded):
    assert str(round2(Decimal(amount))) == rounded


def test_zero_is_never_negative():
    assert str(round2(Decimal("-0.001"))) == "0.00"


@pytest.mark.parametrize("value", [0.1, True, None, [1]])
def test_what_is_not_an_exact_number_is_a_programming_error(value):
    with pytest.raises(TypeError):
        exact(value)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "sNaN", "douze", ""])
def test_what_is_not_finite_or_not_a_number_is_refused(value):
    with pytest.raises(NotAnAmount):
        exact(value)


@pytest.mark.parametrize("value", ["NaN", "Infinity"])
def test_rounding_refuses_what_is_not_finite(value):
    with pytest.raises(NotAnAmount):
        round2(Decimal(value))


def test_rounding_refuses_a_float():
    with pytest.raises(TypeError):
        round2(1.005)


def test_cents_go_and_come_back():
    assert cents(Decimal("-1234.56")) == -123456
    assert from_cents(-123456) == Decimal("-1234.56")


def test_a_fraction_of_a_cent_is_not_a_number_of_cents():
    with pytest.raises(ValueError, match="fraction"):
        cents(Decimal("0.001"))


def test_large_amounts_keep_every_digit():
    assert round2(Decimal("12345678901234567890123456789012.345")) == Decimal("12345678901234567890123456789012.35")
