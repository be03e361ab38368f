"""The codes with which purchases are refused and contested are those that the statuses 210 and 207 may carry."""

from __future__ import annotations

from billing.purchases import reasons
from einvoicing.lifecycle import REASONS_OF


def test_billing_and_the_life_cycle_know_the_same_codes() -> None:
    assert set(reasons.REFUSALS) == set(REASONS_OF["210"])
    assert set(reasons.DISPUTES) == set(REASONS_OF["207"])
