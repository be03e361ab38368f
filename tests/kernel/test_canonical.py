"""The canonical form: the same facts give the same bytes for ever. These hashes are written down, never recomputed."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from config.kernel import chain
from config.kernel.canonical import VERSION, canonical, plain, sha256

NOON = dt.datetime(2026, 11, 16, 12, 0, 0, 250, tzinfo=dt.UTC)

GOLDEN = [
    ({}, '{"v":1}', "afbf9d0f3560b0fd7795e81c42a0a79ee6b6fc67e064f77826aee642cad28d91"),
    (
        {"b": "é – ’", "a": None, "yes": True},
        '{"a":null,"b":"é – ’","v":1,"yes":true}',
        "8113132c6bd3e533f786ccaecd86ec9f0d36cc5072882c75ff6dcbe21dffb86f",
    ),
    (
        {"amount": Decimal("1200.00"), "rate": Decimal("5.5"), "count": 3, "nothing": Decimal("-0.00")},
        '{"amount":"1200","count":3,"nothing":"0","rate":"5.5","v":1}',
        "0355df4f18cce6ea4c674bff32afcf9119d3474de7d84031811abced04c5b6e2",
    ),
    (
        {"day": dt.date(2026, 11, 16), "at": NOON, "lines": [{"position": 1, "net": Decimal("0.10")}, ()]},
        '{"at":"2026-11-16T12:00:00.000250Z","day":"2026-11-16","lines":[{"net":"0.1","position":1},[]],"v":1}',
        "d295e51cde9b00b89c550c59aed1e3e23e47d45645241bef65fe97e2ada917b5",
    ),
]


def test_the_version_is_that_of_the_hashes_below():
    assert VERSION == 1


@pytest.mark.parametrize(("facts", "text", "digest"), GOLDEN)
def test_these_facts_give_these_bytes_and_this_hash(facts, text, digest):
    assert canonical(facts) == text
    assert sha256(canonical(facts)) == digest


def test_a_link_is_the_hash_of_the_one_before_its_place_and_its_content():
    first = chain.link("", 1, "a" * 64)
    assert first == "2713f3d3fa5b8c86cf4d1e3b602f03f0a9b7f642f0045c989079837e2db32142"
    assert chain.link(first, 2, "b" * 64) == "06b5e9534622d094cc80a3f0a11718111fcd0c11be8bf5c2ed79dadd6a316e07"


@pytest.mark.parametrize("written", ["1.5", "1.50", "1.500000", "15E-1", "+1.5"])
def test_the_scale_of_a_decimal_does_not_matter(written):
    assert canonical({"amount": Decimal(written)}) == '{"amount":"1.5","v":1}'


@pytest.mark.parametrize("written", ["1E+3", "1000", "1000.000"])
def test_a_large_amount_is_never_written_with_an_exponent(written):
    assert canonical({"amount": Decimal(written)}) == '{"amount":"1000","v":1}'


def test_the_largest_amount_of_a_column_keeps_every_digit():
    assert canonical({"amount": Decimal("99999999999999.99")}) == '{"amount":"99999999999999.99","v":1}'


@pytest.mark.parametrize("value", [0.1, [0.5], {"deep": (1, 2.0)}])
def test_a_float_is_refused_however_deep(value):
    with pytest.raises(TypeError, match="Decimal"):
        canonical({"amount": value})


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes"])
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises(TypeError, match="canonical form"):
        canonical({"value": value})


def test_the_order_in_which_facts_are_given_does_not_matter():
    assert canonical({"b": 1, "a": {"d": 2, "c": 3}}) == canonical({"a": {"c": 3, "d": 2}, "b": 1})


def test_an_instant_is_the_same_in_every_time_zone():
    in_paris = NOON.astimezone(ZoneInfo("Europe/Paris"))
    assert in_paris.hour == 13
    assert canonical({"at": in_paris}) == canonical({"at": NOON})


def test_what_json_keeps_of_the_facts_hashes_as_the_facts_do():
    facts = {"total": Decimal("1200.00"), "due": dt.date(2026, 12, 16), "at": NOON, "lines": [1, "é", None]}
    assert canonical(json.loads(json.dumps(plain(facts)))) == canonical(facts)


@pytest.mark.parametrize(
    ("one", "other"),
    [({"a": 1}, {"a": "1"}), ({"a": None}, {"a": ""}), ({"a": [1, 2]}, {"a": [2, 1]}), ({"a": "b"}, {"b": "a"})],
)
def test_different_facts_have_different_forms(one, other):
    assert canonical(one) != canonical(other)
