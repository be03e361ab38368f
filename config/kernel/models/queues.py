"""Rows that a worker holds for a while: the columns that `config/kernel/queue.py` leases them by."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from config.kernel.models.companies import CompanyRow


class Leased(models.Model):
    """A row that one worker at a time works on: which, and until when it may be thought alive."""

    lease_owner = models.CharField(max_length=64, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    company_id: int | None  # None: the row belongs to no company
    everywhere: ClassVar[models.Manager[Any]]

    class Meta:
        abstract = True

    @property
    def subject(self) -> str:
        return f"{self._meta.label_lower}:{self.pk}"


class LeasedRow(CompanyRow, Leased):
    """One of a company."""

    class Meta(CompanyRow.Meta):
        abstract = True
