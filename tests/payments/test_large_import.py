"""A hundred thousand lines in one file: each once, told as they come, and a second time none.

`make test` reads a tenth of them.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from config.kernel.scope import company_scope
from payments.models import BankLine
from payments.services.bank import import_statement
from tests.factories import money, story
from tests.trust.at_once import WHOLE

pytestmark = [pytest.mark.trust, pytest.mark.django_db]
LINES = 100_000 if WHOLE else 10_000


def table(*, name: str) -> bytes:
    """A CSV of many days, four hundred movements a day, every tenth of them like the one before it."""
    rows = [f"Date;{name};Montant"]
    for place in range(LINES):
        day = date(2026, 1, 5) + timedelta(days=place // 400)
        amount = Decimal(place // 10 % 97 + 1) if place % 10 < 2 else Decimal(place % 4001 + 100) / 100
        rows.append(
            f"{day:%d/%m/%Y};CARTE {place if place % 10 > 1 else place // 10} MAGASIN;-{amount}".replace(".", ",")
        )
    return "\n".join(rows).encode()


def test_a_hundred_thousand_lines_are_kept_once_with_progress(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    company = story.a_company()
    money.a_bank_account(company)
    seen: list[tuple[int, int]] = []
    with company_scope(company):
        [first] = import_statement(
            company=company, data=table(name="Libellé"), filename="a.csv", actor=story.ACTOR, at=story.AT,
            progress=lambda done, total: seen.append((done, total)),
        )  # fmt: skip
        assert (first.line_count, first.new_count) == (LINES, LINES)
        assert seen[-1] == (LINES, LINES)
        assert len(seen) > LINES // 2000, "a person sees it advance"
        [again] = import_statement(
            company=company, data=table(name="Opération"), filename="b.csv", actor=story.ACTOR, at=story.AT
        )
        assert (again.line_count, again.new_count) == (LINES, 0)
        assert BankLine.objects.count() == LINES
