"""The totals follow EN 16931 to the cent, whatever the basket."""

from __future__ import annotations

import itertools
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.sharing import apportion, split_vat
from billing.totals import (
    Adjustment,
    PricedLine,
    UnpriceableLine,
    VatSubtotal,
    compute,
    line_net,
    net_unit_price,
)
from tests.trust.at_once import a_fifth


def line(quantity="1", unit_price="10", vat_rate="20", **more):
    more = {key: Decimal(value) if key == "discount_percent" else value for key, value in more.items()}
    return PricedLine(quantity=Decimal(quantity), unit_price=Decimal(unit_price), vat_rate=Decimal(vat_rate), **more)


def decimals(low, high, places):
    return st.integers(int(low * 10**places), int(high * 10**places)).map(
        lambda number: Decimal(number).scaleb(-places)
    )


RATES = st.sampled_from([Decimal(rate) for rate in ("20", "10", "5.5", "2.1", "8.5")])
LINES = st.builds(
    PricedLine,
    quantity=decimals(-50, 500, 3),
    unit_price=decimals(0, 5000, 4),
    vat_rate=RATES,
    discount_percent=decimals(0, 100, 2),
)
GROSS_LINES = st.builds(
    PricedLine,
    quantity=st.integers(1, 50).map(Decimal),
    unit_price=decimals(0, 500, 2),
    vat_rate=RATES,
    prices_include_vat=st.just(True),
)


def test_ten_at_a_hundred_and_twenty_percent_is_twelve_hundred():
    totals = compute([line("10", "100.00", "20")])
    assert (totals.net, totals.vat, totals.gross, totals.payable) == (
        Decimal("1000.00"),
        Decimal("200.00"),
        Decimal("1200.00"),
        Decimal("1200.00"),
    )


def test_the_vat_is_rounded_once_per_rate_and_not_once_per_line():
    totals = compute([line("1", "0.13", "20")] * 3)
    per_line = 3 * (Decimal("0.13") * Decimal("0.2")).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    assert per_line == Decimal("0.09")
    assert totals.vat == Decimal("0.08")


def test_half_a_cent_of_a_line_goes_up():
    assert line_net(line("0.5", "0.01")) == Decimal("0.01")
    assert line_net(line("3", "0.335")) == Decimal("1.01")


def test_a_discount_is_taken_off_the_price_before_the_quantity():
    assert line_net(line("3", "19.99", discount_percent="12.5")) == Decimal("52.47")


def test_what_is_taken_back_has_a_negative_quantity():
    assert compute([line("-2", "10")]).gross == Decimal("-24.00")


def test_a_negative_unit_price_is_refused():
    with pytest.raises(UnpriceableLine) as refusal:
        compute([line("1", "-10")])
    assert "unit_price" in refusal.value.fields


def test_a_discount_above_the_price_is_refused():
    with pytest.raises(UnpriceableLine):
        compute([line(discount_percent="100.01")])


@pytest.mark.parametrize(("category", "rate"), [("S", "0"), ("E", "20"), ("AE", "5.5"), ("L", "7")])
def test_a_rate_that_contradicts_its_category_is_refused(category, rate):
    with pytest.raises(UnpriceableLine):
        compute([line(vat_rate=rate, vat_category=category)])


def test_a_float_price_is_refused():
    with pytest.raises(TypeError):
        compute([PricedLine(quantity=Decimal(1), unit_price=9.99, vat_rate=Decimal(20))])


def test_an_exempt_line_keeps_its_reason_in_the_breakdown():
    totals = compute([line(vat_rate="0", vat_category="E", exemption_code="VATEX-FR-FRANCHISE"), line()])
    assert [(row.category, row.exemption_code) for row in totals.subtotals] == [
        ("S", ""),
        ("E", "VATEX-FR-FRANCHISE"),
    ]


def test_two_reasons_for_one_category_are_refused():
    with pytest.raises(UnpriceableLine):
        compute(
            [
                line(vat_rate="0", vat_category="E", exemption_code="VATEX-FR-FRANCHISE"),
                line(vat_rate="0", vat_category="E", exemption_code="VATEX-FR-CGI275"),
            ]
        )


def test_twenty_and_twenty_point_zero_are_one_rate():
    assert len(compute([line(vat_rate="20"), line(vat_rate="20.00")]).subtotals) == 1


def test_document_allowances_charges_and_deposits_reach_the_amount_due():
    twenty = Decimal(20)
    totals = compute(
        [line("10", "100")],
        allowances=[Adjustment(amount=Decimal("100"), vat_rate=twenty)],
        charges=[Adjustment(amount=Decimal("15.50"), vat_rate=Decimal("5.5"))],
        prepaid=Decimal("300"),
    )
    assert (totals.lines_net, totals.allowances, totals.charges) == (1000, 100, Decimal("15.50"))
    assert totals.net == Decimal("915.50")
    assert [(row.rate, row.base, row.amount) for row in totals.subtotals] == [
        (twenty, Decimal("900.00"), Decimal("180.00")),
        (Decimal("5.5"), Decimal("15.50"), Decimal("0.85")),
    ]
    assert totals.payable == totals.gross - 300 == Decimal("796.35")


def test_a_document_without_lines_is_worth_nothing():
    assert compute([]).payable == 0


def test_three_articles_at_ten_euros_with_vat_cost_thirty():
    typed_with_vat = line("3", "10", prices_include_vat=True)
    assert net_unit_price(typed_with_vat) == Decimal("8.333333")
    totals = compute([typed_with_vat])
    assert (totals.net, totals.gross, totals.entered_gap) == (Decimal("25.00"), Decimal("30.00"), 0)


def test_the_residue_of_prices_typed_with_vat_is_stated():
    totals = compute([line("1", "10", prices_include_vat=True)] * 3)
    assert (totals.gross, totals.entered_gap) == (Decimal("29.99"), Decimal("0.01"))


@pytest.mark.trust
@settings(max_examples=a_fifth(1000), deadline=None)
@given(st.lists(LINES, max_size=6))
def test_every_basket_obeys_the_rules_of_the_standard(lines):
    totals = compute(lines)
    bases = defaultdict(Decimal)
    for priced, net in zip(lines, totals.line_nets, strict=True):
        bases[priced.vat_rate] += net
        # half a cent of the line, and half a millionth for each unit of the six-decimal price (BR-FR-DEC-03)
        plain = priced.quantity * priced.unit_price * (100 - priced.discount_percent) / 100
        assert abs(net - plain) <= Decimal("0.005") + abs(priced.quantity) * Decimal("0.0000005")
    assert totals.lines_net == sum(totals.line_nets)  # BR-CO-10
    assert totals.net == totals.lines_net - totals.allowances + totals.charges  # BR-CO-13
    assert totals.vat == sum(row.amount for row in totals.subtotals)  # BR-CO-14
    assert totals.gross == totals.net + totals.vat  # BR-CO-15
    assert totals.payable == totals.gross  # BR-CO-16
    for row in totals.subtotals:
        assert row.base == bases.pop(row.rate)
        assert row.amount == (row.base * row.rate / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)  # BR-CO-17
    assert not bases
    for amount in (totals.net, totals.vat, totals.gross, *totals.line_nets):
        assert amount.as_tuple().exponent == -2


@pytest.mark.trust
@settings(max_examples=a_fifth(100), deadline=None)
@given(st.lists(LINES, max_size=8).flatmap(lambda lines: st.tuples(st.just(lines), st.permutations(lines))))
def test_the_order_of_the_lines_changes_no_total(baskets):
    typed, shuffled = map(compute, baskets)
    assert (typed.net, typed.vat, typed.gross, typed.subtotals) == (
        shuffled.net,
        shuffled.vat,
        shuffled.gross,
        shuffled.subtotals,
    )


@pytest.mark.trust
@settings(max_examples=a_fifth(100), deadline=None)
@given(st.lists(LINES, max_size=8))
def test_taking_everything_back_gives_the_opposite_totals(lines):
    sale = compute(lines)
    back = compute(
        [
            PricedLine(
                quantity=-priced.quantity,
                unit_price=priced.unit_price,
                vat_rate=priced.vat_rate,
                discount_percent=priced.discount_percent,
            )
            for priced in lines
        ]
    )
    assert (back.net, back.vat, back.gross) == (-sale.net, -sale.vat, -sale.gross)


@pytest.mark.trust
@settings(max_examples=a_fifth(100), deadline=None)
@given(st.lists(GROSS_LINES, min_size=1, max_size=8))
def test_prices_typed_with_vat_miss_the_typed_total_by_a_cent_a_line_at_most(lines):
    totals = compute(lines)
    typed = sum(priced.quantity * priced.unit_price for priced in lines)
    assert totals.gross + totals.entered_gap == typed
    assert abs(totals.entered_gap) <= Decimal("0.01") * (len(lines) + len(totals.subtotals))


@pytest.mark.trust
@settings(max_examples=a_fifth(100), deadline=None)
@given(st.lists(LINES, min_size=1, max_size=8), st.lists(decimals(0, 3000, 2), min_size=1, max_size=6))
def test_instalments_shared_by_rate_sum_to_the_cent_and_end_on_each_row(lines, instalments):
    kept = [priced for priced in lines if priced.quantity > 0]
    totals = compute(kept)
    if totals.gross == 0:
        return
    received = defaultdict(Decimal)
    already = Decimal("0.00")
    for instalment in instalments:
        due = min(instalment, totals.gross - already)
        shares = split_vat(due, totals.subtotals, already_paid=already)
        assert sum(share.amount for share in shares) == due
        for share in shares:
            received[share.rate] += share.amount
        already += due
    for share in split_vat(totals.gross - already, totals.subtotals, already_paid=already):
        received[share.rate] += share.amount
    assert received == {row.rate: row.base + row.amount for row in totals.subtotals}


WEIGHTS = st.lists(st.integers(-2000, 5000), min_size=1, max_size=7).filter(lambda weights: sum(weights) > 0)


@pytest.mark.trust
@settings(max_examples=a_fifth(300), deadline=None)
@given(WEIGHTS, st.lists(st.integers(0, 10_000), min_size=1, max_size=8))
def test_no_share_has_the_wrong_sign_exceeds_its_rate_or_takes_back_what_it_was_given(weights, instalments):
    paid, had = 0, [0 for _ in weights]
    for instalment in [*instalments, sum(weights)]:
        paid = min(paid + instalment, sum(weights))
        shares = apportion(paid, weights)
        assert sum(shares) == paid
        for share, before, weight in zip(shares, had, weights, strict=True):
            assert 0 <= before <= share <= weight or weight <= share <= before <= 0
        had = shares
    assert had == weights
    assert apportion(-1, weights) == [-share for share in apportion(1, weights)]


def test_a_share_does_not_shrink_while_the_amount_grows():
    """The largest remainder gives 1, 1, 1 of three cents and 0, 2, 2 of four: the fourth would be −1, +1, +1."""
    given = [apportion(amount, [1, 3, 3]) for amount in range(8)]
    assert all(now >= before for one, two in itertools.pairwise(given) for before, now in zip(one, two, strict=True))


def test_the_last_cent_goes_to_the_largest_remainder():
    rows = [VatSubtotal("S", Decimal(rate), Decimal("100"), Decimal("0")) for rate in ("20", "10", "5.5")]
    assert [share.amount for share in split_vat(Decimal("100.00"), rows)] == [
        Decimal("33.34"),
        Decimal("33.33"),
        Decimal("33.33"),
    ]


def test_a_refund_is_shared_like_a_payment():
    rows = compute([line("10", "100"), line("1", "50", "5.5")]).subtotals
    refund = split_vat(Decimal("-100.00"), rows, already_paid=Decimal("500.00"))
    assert sum(share.amount for share in refund) == Decimal("-100.00")


def test_a_document_worth_nothing_cannot_be_paid():
    with pytest.raises(UnpriceableLine):
        split_vat(Decimal("1.00"), compute([line("0", "10")]).subtotals)
