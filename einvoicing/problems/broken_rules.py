"""The rules that a draft or a sent invoice breaks, each with the page where it is mended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from billing.models import Invoice
from billing.services.issuing import NothingToIssue
from config.kernel.access import may_open
from config.kernel.errors import DomainError
from config.kernel.middleware import say, translated
from config.kernel.roles import allows
from einvoicing.problems.fixes import Fix, fix_for
from einvoicing.problems.places import customer_url, draft_url, place_of
from einvoicing.services.readiness import judge
from einvoicing.validation.report import FATAL, Violation


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """One thing to mend: the rule, one sentence, where, and what one press of a button mends."""

    rule: str
    sentence: str
    fatal: bool
    url: str
    label: str
    fix: Fix | None = None


def broken_rules_of(draft: Invoice, at: datetime) -> list[BrokenRule]:
    """What issuing this draft now would meet: the rules it breaks, or what is refused before any rule runs."""
    if not draft.lines.exists():
        return [BrokenRule("", say(NothingToIssue()), True, draft_url(draft), _("Lignes du brouillon"))]
    verdict = judge(invoice=draft, at=at)
    if isinstance(verdict, DomainError):
        return [BrokenRule("", say(verdict), True, customer_url(draft), _("Fiche du client"))]
    return [broken_rule(violation, draft) for violation in verdict.violations]


def broken_rule(violation: Violation, invoice: Invoice) -> BrokenRule:
    url, label = place_of(violation.rule, violation.term, invoice)
    fix = fix_for(violation.rule, invoice)
    return BrokenRule(violation.rule, translated(violation.text), violation.severity == FATAL, url, label, fix)


def kept_rule(violation: Mapping[str, Any], invoice: Invoice) -> BrokenRule:
    """The same, from a violation kept with a transmission."""
    url, label = place_of(violation["rule"], violation.get("term", ""), invoice)
    return BrokenRule(violation["rule"], _(violation["text"]), violation["severity"] == FATAL, url, label)


def for_role(rules: Iterable[BrokenRule], role: str) -> list[BrokenRule]:
    """The same with the buttons that this role may press and the pages that it may open."""
    return [
        replace(
            rule,
            fix=rule.fix if rule.fix and allows(role, rule.fix.needs) else None,
            url=rule.url if may_open(role, rule.url) else "",
        )
        for rule in rules
    ]
