"""The lines of a printed table: read where they stand when together they are the net, and none otherwise."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from einvoicing.reception.judging.contents import content_of, missing_of
from einvoicing.reception.reading.cascade import read_quick
from tests.einvoicing.reception.drawn import facts, layouts, sheets
from tests.einvoicing.reception.drawn.facts import Facts

# (seed, layout): rates mixed, notes under lines, a column of the bank beside the table
DRAWN = [(7005, "freelance"), (7020, "classic"), (7026, "sidebar"), (7023, "ledger"), (7018, "wide"), (7049, "small")]


def read(drawn: Facts, layout: str):  # type: ignore[no-untyped-def]
    return read_quick(sheets.as_pdf(layouts.draw(drawn, layout)))


@pytest.mark.parametrize(("seed", "layout"), DRAWN)
def test_each_line_is_read_as_it_is_drawn(seed: int, layout: str) -> None:
    drawn = facts.invent(seed)
    lines = read(drawn, layout).lines
    assert [line.net for line in lines] == [item.net for item in drawn.items]
    for line, item in zip(lines, drawn.items, strict=True):
        # kerning cuts a word at times: its letters are there
        assert item.name.replace(" ", "") in line.description.replace(" ", "")
        assert line.quantity in (None, item.quantity)
        assert line.unit_price in (None, item.price)
        assert line.page == 1
        assert line.box is not None


def test_the_purchase_has_those_lines_each_at_its_rate() -> None:
    drawn = facts.invent(7005)
    content = content_of(read(drawn, "freelance"))
    assert content is not None
    assert [(line.net, line.vat_rate) for line in content.lines] == [(item.net, item.rate) for item in drawn.items]


def test_a_table_that_is_not_the_net_says_nothing_and_one_line_a_rate_is_recorded() -> None:
    drawn = facts.invent(7032)
    drawn.items = [replace(drawn.items[0], price=drawn.items[0].price + Decimal("0.01")), *drawn.items[1:]]
    reading = read(drawn, "letter")
    assert reading.value("net") == drawn.net  # of the totals, which are as they were
    assert reading.lines == ()
    content = content_of(reading)
    assert content is not None
    assert {(line.net, line.vat_rate) for line in content.lines} == {(base, rate) for rate, base, _vat in drawn.rows}


def test_rates_that_are_nowhere_printed_are_asked_for_and_never_invented() -> None:
    drawn = facts.invent(7005)
    reading = read(drawn, "freelance")
    silent = {name: item for name, item in reading.fields.items() if name != "vat_rows"}
    reading = replace(reading, fields=silent, lines=())
    assert missing_of(reading) == ("vat_rows",)
    assert content_of(reading) is None
