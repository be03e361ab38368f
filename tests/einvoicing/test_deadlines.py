"""The days the law sets, by the size of the company."""

from __future__ import annotations

from datetime import date

import pytest

from config.kernel.models import CompanySize
from einvoicing.deadlines import ISSUING, RECEPTION, days_left, issuing_deadline


def test_every_company_receives_from_september_2026():
    assert date(2026, 9, 1) == RECEPTION


@pytest.mark.parametrize(
    ("size", "day"),
    [
        ("GE", date(2026, 9, 1)),
        ("ETI", date(2026, 9, 1)),
        ("PME", date(2027, 9, 1)),
        ("MICRO", date(2027, 9, 1)),
    ],
)
def test_large_companies_issue_a_year_before_small_ones(size, day):
    assert issuing_deadline(size) == day


def test_every_size_a_company_can_have_has_its_day():
    assert set(ISSUING) == set(CompanySize.values)


def test_an_unknown_size_has_no_day():
    with pytest.raises(KeyError):
        issuing_deadline("TGE")


def test_the_days_left_end_on_the_day_itself_and_go_on_below_zero():
    assert days_left("PME", date(2026, 11, 21)) == 284
    assert days_left("PME", date(2027, 9, 1)) == 0
    assert days_left("GE", date(2026, 11, 21)) == -81
