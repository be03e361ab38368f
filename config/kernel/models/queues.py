"""Rows that a worker holds for a while: the columns that `config/kernel/queue.py` leases them by."""

from __future__ import annotations

from django.db import models

from config.kernel.models.companies import CompanyRow


class LeasedRow(CompanyRow):
    """A row that one worker at a time works on: which, and until when it may be thought alive."""

    lease_owner = models.CharField(max_length=64, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    class Meta(CompanyRow.Meta):
        abstract = True
