"""Judge an electronic document by the official rules before it is sent, and when one arrives."""

from __future__ import annotations

from collections.abc import Collection

from einvoicing.validation.artefacts import FACTUR_X, FRENCH, PDF, PROFILE, RULE_SETS, SCHEMA
from einvoicing.validation.report import Report, Violation

__all__ = ["FACTUR_X", "FRENCH", "PDF", "PROFILE", "RULE_SETS", "SCHEMA", "Report", "Violation", "check"]


def check(data: bytes, *, rules: Collection[str] | None = None) -> Report:
    """Judge a CII or UBL invoice, a Factur-X PDF, a CDAR message or an e-reporting flow, in a process of its own.

    `rules` names the rule sets to run (see RULE_SETS); None runs all that apply: the schema, the profile, BR-FR
    when the seller is in France, PDF/A for a PDF. PROFILE stands for the schematron of whatever the document is; with
    FACTUR_X beside it a bare CII is judged as if a PDF were around it.
    Never raises for what is in `data`; when the engine cannot be reached, the report is not valid and says ENGINE.
    """
    from einvoicing.validation.engine import ENGINE

    return ENGINE.check(data, rules)
