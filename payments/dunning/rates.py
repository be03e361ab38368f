"""The dated table of late interest: read for the letters, edited by an owner with its source."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.models import Company
from config.kernel.rows import edit
from payments.dunning.late_interest import HalfYear, HalfYearRates
from payments.dunning.models import LateInterestRate


def rates_of(company_id: int) -> dict[HalfYear, HalfYearRates]:
    """Every half-year that the company's table knows."""
    rows = LateInterestRate.everywhere.filter(company_id=company_id)
    return {(row.year, row.half): HalfYearRates(row.ecb, row.legal, row.source) for row in rows}


@transaction.atomic
def save_rate(
    *, company: Company, year: int, half: int, ecb: Decimal, legal: Decimal, source: str, actor: Actor, at: datetime
) -> LateInterestRate:
    """Add a half-year, or correct it; `ecb` and `legal` in percent. Raises Invalid without a source."""
    if not source.strip():
        raise Invalid(fields={"source": "Indiquez où ce taux a été lu (arrêté, site de la BCE…)."})
    rows = LateInterestRate.everywhere.select_for_update(no_key=True)
    existing = rows.filter(company=company, year=year, half=half).first()
    before = existing and [existing.ecb, existing.legal, existing.source]
    row = existing or LateInterestRate(company=company, year=year, half=half)
    if edit(row, {"ecb": ecb, "legal": legal, "source": source.strip()}):
        audit.record(
            "billing.rate.saved",
            subject=company,
            actor=actor,
            at=at,
            data={"half_year": f"{year}-{half}", "before": before, "after": [ecb, legal, row.source]},
        )
    return row
