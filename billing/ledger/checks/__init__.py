"""What is looked at before books are closed: each app declares its own checks, in AppConfig.ready.

A check reads the books through a day and answers what is not in order: a sentence, and the page where it is mended.
What is `blocking` must be mended first; the rest is for the accountant to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from billing.ledger.calendar import Year
from config.kernel.models import Company


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What is to be closed: a company's days through `through`, of which those from `start` are not closed yet."""

    company: Company
    year: Year
    start: date
    through: date
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not in order. `action` is the act that mends it, at `url` ('' where no page does)."""

    sentence: str
    detail: str = ""
    action: str = ""
    url: str = ""
    blocking: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """What is looked at under one name, and what the page says when it is in order."""

    name: str
    title: Any
    in_order: Any
    find: Callable[[Period], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Outcome:
    check: Check
    findings: Sequence[Finding] = field(default_factory=tuple)

    @property
    def tone(self) -> str:
        if not self.findings:
            return "good"
        return "bad" if any(one.blocking for one in self.findings) else "warn"


CHECKS: dict[str, Check] = {}


def declare(*checks: Check) -> None:
    for check in checks:
        if check.name in CHECKS:
            raise ValueError(f"declared twice: {check.name}")
        CHECKS[check.name] = check


def run_checks(period: Period) -> list[Outcome]:
    """Each check with what it found, in the order of the apps. Reads only."""
    return [Outcome(check, tuple(check.find(period))) for check in CHECKS.values()]


def blocking(outcomes: Sequence[Outcome]) -> list[Finding]:
    return [one for outcome in outcomes for one in outcome.findings if one.blocking]
