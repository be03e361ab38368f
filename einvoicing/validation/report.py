"""The verdict on a document: what was checked, and each rule that says no."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

FATAL = "fatal"
WARNING = "warning"
UNREADABLE = "FORMAT"  # the rule of what is neither XML nor PDF


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule broken at one place."""

    rule: str  # BR-FR-05, BR-CO-10, FX-SCH-A-000164, XSD, PDF-AF, ENGINE…
    severity: str  # fatal or warning
    text: str  # the sentence to show, in French where we have one, else the official message
    location: str = ""  # a readable path in the document
    term: str = ""  # BT- or BG- number, which tells the field to edit
    official: str = ""  # the official message, unchanged


@dataclass(frozen=True, slots=True)
class Report:
    """`valid` is true only when every check asked for has run and none is fatal."""

    valid: bool
    syntax: str  # CII, UBL, FACTURX, CDAR, '' when not recognised
    profile: str  # BT-24, or MDT-3 of a CDAR
    violations: tuple[Violation, ...]
    milliseconds: int
    checks: tuple[str, ...] = ()  # the names of the rule sets that ran, in order

    @property
    def fatal(self) -> tuple[Violation, ...]:
        return tuple(violation for violation in self.violations if violation.severity == FATAL)

    @property
    def rules(self) -> frozenset[str]:
        return frozenset(violation.rule for violation in self.violations)


def build(
    violations: list[Violation], *, syntax: str, profile: str, checks: tuple[str, ...], milliseconds: int
) -> Report:
    """A report whose verdict follows from its violations."""
    valid = bool(checks) and not any(violation.severity == FATAL for violation in violations)
    return Report(valid, syntax, profile, tuple(violations), milliseconds, checks)


def refusal(rule: str, text: str, *, milliseconds: int = 0, official: str = "") -> Report:
    """A report with one fatal violation and nothing else checked."""
    return Report(False, "", "", (Violation(rule, FATAL, text, official=official),), milliseconds)


def with_more(report: Report, violations: tuple[Violation, ...]) -> Report:
    """The same report with other violations found elsewhere."""
    valid = report.valid and not any(violation.severity == FATAL for violation in violations)
    return replace(report, valid=valid, violations=(*report.violations, *violations))


def to_dict(report: Report) -> dict[str, Any]:
    return asdict(report)


def from_dict(data: dict[str, Any]) -> Report:
    violations = tuple(Violation(**item) for item in data["violations"])
    return Report(**{**data, "violations": violations, "checks": tuple(data["checks"])})
