"""What the product knows of a person in one company (GDPR, art. 15 and 20): every row that holds their address.

Of a record that is itself a person, what hangs on it comes too. Secrets never leave.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core import serializers
from django.db import models, transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.models import Company, CompanyRow

SECRET = re.compile(r"secret|token|cipher|password|lease|fingerprint")


@transaction.atomic
def export_person(*, company: Company, email: str, actor: Actor, at: datetime) -> dict[str, list[dict[str, Any]]]:
    """The rows of the company in scope that hold the address, by kind; audited without the address."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in {row.subject: row for row in _rows_of(company, email)}.values():
        found.setdefault(str(row._meta.verbose_name), []).append(_columns(row))
    count = sum(len(rows) for rows in found.values())
    audit.record("kernel.person.exported", subject=company, actor=actor, at=at, data={"rows": count})
    return found


def _rows_of(company: Company, email: str) -> Iterator[Any]:
    for model in apps.get_models():
        if issubclass(model, CompanyRow) and not model._meta.proxy:
            for field in (field for field in model._meta.fields if isinstance(field, models.EmailField)):
                for row in model.everywhere.filter(company=company, **{f"{field.name}__iexact": email}):
                    yield row
                    yield from _hanging_on(row) if getattr(row, "is_individual", False) else ()


def _hanging_on(row: Any) -> Iterator[Any]:
    for relation in row._meta.related_objects:
        if issubclass(relation.related_model, CompanyRow):
            yield from relation.related_model.everywhere.filter(**{relation.field.name: row})


def _columns(row: Any) -> dict[str, Any]:
    (stored,) = serializers.serialize("python", [row])
    return {"id": row.pk, **{name: value for name, value in stored["fields"].items() if not SECRET.search(name)}}
