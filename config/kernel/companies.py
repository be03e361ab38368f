"""A company found by the number that people and partners name it by: its SIREN, or its IDE in Switzerland."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from config.kernel.identifiers import siren, uid
from config.kernel.models import Company


def companies_numbered(number: str) -> QuerySet[Company]:
    """The company of this SIREN or IDE, however it is typed; none where no company has it, nor without a number."""
    typed = {"siren": siren.compact(number), "uid": uid.compact(number)}
    wanted = Q(pk=None)
    for name, value in typed.items():
        wanted |= Q(**{name: value}) if value else Q()
    return Company.objects.filter(wanted)


def is_numbered(company: Company, typed: str) -> bool:
    """Whether a partner's text names this company."""
    return bool(typed) and company.legal_number in (siren.compact(typed), uid.compact(typed))
