"""The official verdict on a report, read with the defect that its rules are known for.

G1.16 of the schematron refuses a negative amount received, which rule G7.07 of the same specification admits: money
that was paid back has no other way to be said (France_RFE #60, open). That refusal alone is turned into a warning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from einvoicing.formats import ereporting
from einvoicing.services.verdicts import official_verdict
from einvoicing.validation.artefacts import REPORTING, SCHEMA
from einvoicing.validation.report import WARNING, Report, Violation, build

KNOWN_DEFECT = "G1.16"
ADMITTED = (
    "Un montant encaissé est négatif : la règle G7.07 l’admet, le contrôle officiel le refuse encore (défaut connu)."
)


def judge(data: bytes) -> Report:
    """The verdict of the XSD and the schematron on a report, its known defect told as a warning. In no transaction."""
    return admit_negative_payments(official_verdict(data, (SCHEMA, REPORTING)), data)


def admit_negative_payments(report: Report, data: bytes) -> Report:
    """The same verdict where only negative amounts received break G1.16; unchanged where anything else does."""
    refused = [violation for violation in report.violations if violation.rule == KNOWN_DEFECT]
    if not refused or len(refused) > _negative_payments(data) or not all(_is_about_sign(one) for one in refused):
        return report
    kept: Sequence[Violation] = [one for one in report.violations if one.rule != KNOWN_DEFECT]
    admitted = Violation(KNOWN_DEFECT, WARNING, ADMITTED, official=refused[0].official)
    return build(
        [*kept, admitted],
        syntax=report.syntax,
        profile=report.profile,
        checks=report.checks,
        milliseconds=report.milliseconds,
    )


def _negative_payments(data: bytes) -> int:
    content = ereporting.parse(data)
    by_invoice = [share for paid in content.invoice_payments for share in paid.amounts]
    by_day = [share for paid in content.payments for share in paid.amounts]
    return sum(share.amount < 0 for share in (*by_invoice, *by_day))


def _is_about_sign(violation: Violation) -> bool:
    """Of the two sentences of G1.16, the one on the form of an amount received, not on its length."""
    return bool(re.search(r"signe négatif", violation.official or violation.text))
