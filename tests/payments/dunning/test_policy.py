"""A reminder leaves only when it is due, deserved, and sure not to cross a payment."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.working_days import easter, is_working_day, public_holidays
from payments.dunning.late_interest import HalfYearRates, late_charges
from payments.dunning.policy import FINAL, FIRM, FRIENDLY, Facts, Level, Policy, decide

DUE = date(2026, 3, 31)


def facts(days_late=7, **more):
    late = Facts(
        due_on=DUE,
        balance=Decimal("600.00"),
        today=DUE + timedelta(days=days_late),
        bank_data_age_hours=Decimal(2),
    )
    return replace(late, **more)


@pytest.mark.parametrize(
    ("days_late", "last", "level"),
    [(6, "", None), (7, "", FRIENDLY), (14, FRIENDLY, None), (15, FRIENDLY, FIRM), (29, FIRM, None), (30, FIRM, FINAL)],
)
def test_each_level_leaves_on_its_day_and_not_before(days_late, last, level):
    assert decide(facts(days_late, last_level=last)).level == level


def test_a_customer_never_reminded_gets_the_friendly_one_first_however_late():
    assert decide(facts(90)).level == FRIENDLY


def test_the_final_one_waits_for_a_person():
    assert decide(facts(30, last_level=FIRM)).needs_person
    assert not decide(facts(15, last_level=FRIENDLY)).needs_person


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"balance": Decimal("0.00")}, "settled"),
        ({"is_draft": True}, "not_issued"),
        ({"is_credited": True}, "credited"),
        ({"today": DUE}, "not_due"),
        ({"is_disputed": True}, "disputed"),
        ({"paused_until": DUE + timedelta(days=7)}, "paused"),
        ({"unmatched_credit_could_cover": True}, "credit_waiting"),
        ({"bank_data_age_hours": None}, "no_bank_data"),
        ({"bank_data_age_hours": Decimal("24.01")}, "stale_bank_data"),
        ({"is_working_day": False}, "not_a_working_day"),
        ({"last_sent_on": DUE + timedelta(days=1)}, "too_soon"),
        ({"last_level": FINAL, "today": DUE + timedelta(days=60)}, "all_sent"),
    ],
)
def test_nothing_leaves_and_the_reason_is_told(more, reason):
    decision = decide(facts(**more))
    assert (decision.level, decision.reason) == (None, reason)
    assert str(decision).startswith("Aucune relance")
    assert "%(" not in str(decision)


def test_the_day_after_a_pause_and_a_day_old_statement_are_fine():
    assert decide(facts(paused_until=DUE + timedelta(days=6))).level == FRIENDLY
    assert decide(facts(bank_data_age_hours=Decimal(24))).level == FRIENDLY
    assert decide(facts(last_sent_on=DUE)).level == FRIENDLY


def test_a_company_that_records_payments_by_hand_needs_no_bank_data():
    by_hand = Policy(requires_bank_data=False)
    assert decide(facts(bank_data_age_hours=None), by_hand).level == FRIENDLY


def test_a_company_chooses_its_own_levels():
    own = Policy(levels=(Level(FIRM, 3), Level("DOORSTEP", 10)))
    assert decide(facts(3), own).level == FIRM
    assert str(decide(facts(12, last_level=FIRM), own)) == "Relance\u00a0: 12 jours de retard."


def test_levels_out_of_order_are_refused():
    with pytest.raises(ValueError, match="in order"):
        Policy(levels=(Level(FIRM, 15), Level(FRIENDLY, 7)))


def test_charges_are_never_shown_to_an_individual():
    assert decide(facts(15, last_level=FRIENDLY)).with_charges
    assert not decide(facts(15, last_level=FRIENDLY, is_individual=True)).with_charges


RATES = {
    (2024, 1): HalfYearRates(Decimal("4.50"), Decimal("5.07")),
    (2025, 1): HalfYearRates(Decimal("3.15"), Decimal("3.71")),
    (2025, 2): HalfYearRates(Decimal("2.15"), Decimal("2.76")),
    (2026, 1): HalfYearRates(Decimal("2.15"), Decimal("2.62")),
}


def charges(today, **more):
    asked = {"total": Decimal("1200.00"), "due_on": DUE, "today": today, "is_individual": False, "rates": RATES}
    return late_charges(**asked | more)


def test_interest_runs_from_the_day_after_the_due_date_at_the_default_rate():
    owed = charges(DUE + timedelta(days=30))
    # 1200 × 12.15 % × 30 / 365
    assert (owed.interest, owed.indemnity) == (Decimal("11.98"), Decimal("40.00"))


def test_nothing_is_owed_on_the_due_date():
    assert charges(DUE).interest == charges(DUE).indemnity == 0


def test_three_times_the_legal_rate_is_the_floor_of_the_default_rate():
    assert RATES[2024, 1].default == Decimal("15.21")
    assert RATES[2025, 2].default == Decimal("12.15")


def test_a_contract_may_not_go_below_the_floor():
    low = charges(DUE + timedelta(days=365 // 5), contract_rate=Decimal(1))
    assert {period.rate for period in low.periods} == {Decimal("7.86")}


def test_interest_is_cut_at_half_years_and_payments():
    owed = charges(
        date(2025, 7, 31),
        due_on=date(2025, 5, 31),
        payments=[(date(2025, 7, 10), Decimal("600.00")), (date(2025, 5, 1), Decimal("200.00"))],
    )
    assert [(one.first, one.last, one.open_amount, one.rate, one.days) for one in owed.periods] == [
        (date(2025, 6, 1), date(2025, 6, 30), 1000, Decimal("13.15"), 30),
        (date(2025, 7, 1), date(2025, 7, 10), 1000, Decimal("12.15"), 10),
        (date(2025, 7, 11), date(2025, 7, 31), 400, Decimal("12.15"), 21),
    ]
    assert owed.interest == Decimal("16.93")  # (1000×13.15×30 + 1000×12.15×10 + 400×12.15×21) / 36500


def test_an_unknown_half_year_is_never_guessed():
    owed = charges(date(2026, 7, 1))
    assert (owed.interest, owed.indemnity, owed.missing) == (None, Decimal("40.00"), ((2026, 2),))
    assert "second semestre 2026" in str(owed)


def test_an_invoice_paid_before_the_unknown_half_year_is_computed():
    assert charges(date(2026, 12, 1), payments=[(date(2026, 6, 30), Decimal("1200.00"))]).interest is not None


def test_an_individual_owes_neither_interest_nor_indemnity():
    owed = charges(date(2026, 6, 1), is_individual=True)
    assert (owed.interest, owed.indemnity) == (0, 0)


@pytest.mark.parametrize(
    "sunday", [date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5), date(2027, 3, 28), date(2038, 4, 25)]
)
def test_easter_falls_on_its_day(sunday):
    assert easter(sunday.year) == sunday


def test_the_eleven_public_holidays_of_2026():
    assert sorted(public_holidays(2026)) == [
        date(2026, 1, 1),
        date(2026, 4, 6),
        date(2026, 5, 1),
        date(2026, 5, 8),
        date(2026, 5, 14),
        date(2026, 5, 25),
        date(2026, 7, 14),
        date(2026, 8, 15),
        date(2026, 11, 1),
        date(2026, 11, 11),
        date(2026, 12, 25),
    ]


def test_weekends_and_holidays_are_not_working_days():
    assert [is_working_day(date(2026, 11, day)) for day in (11, 13, 14, 15, 16)] == [False, True, False, False, True]
