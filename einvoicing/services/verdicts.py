"""What the official rules say of a file: asked once for the same bytes, with no transaction open.

The page that shows the verdict before issuing and the issuing itself judge the same file, as do two readers of a legal
file that is being made. Other bytes, other rule sets or another version of the rules are another question. A verdict
that the engine could not reach is not kept. It stays in the memory of this process: nothing outside can write one.
"""

from __future__ import annotations

import hashlib

from django.core.cache import caches

from config.kernel import outside
from einvoicing import validation
from einvoicing.validation.artefacts import rules_version
from einvoicing.validation.report import Report

ENGINE = "ENGINE"  # the validation's own word for "could not be run"
KEPT = 3600  # seconds: from the look at a draft to its issue
VERDICTS = "verdicts"  # of settings.CACHES


def official_verdict(data: bytes, rules: tuple[str, ...] | None = None) -> Report:
    """The verdict on these bytes, by all the rules that apply where none are named.

    Raises AskedInside in a transaction that is not of `outside.atomic`.
    """
    key = ":".join((hashlib.sha256(data).hexdigest(), *(rules or ("all",)), rules_version()))
    # a kept one is asked for outside too: one that is forgotten between two runs of the work is no other question
    return outside.ask({key: lambda: _judge(key, data, rules)})[key]


def _judge(key: str, data: bytes, rules: tuple[str, ...] | None) -> Report:
    kept: Report | None = caches[VERDICTS].get(key)
    if kept is not None:
        return kept
    report = validation.check(data, rules=rules)
    if ENGINE not in report.rules:
        caches[VERDICTS].set(key, report, KEPT)
    return report
