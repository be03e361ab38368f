"""What simulated services remember, and the failures that were ordered."""

from __future__ import annotations

from typing import ClassVar

from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

_LOCK = 0x5A_12_013


def lock() -> None:
    """One writer or reader of the simulated services at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


class SandboxRecord(models.Model):
    """One thing that a simulated service remembers, by service, kind and key."""

    service = models.CharField(max_length=20)
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=200)
    client_id = models.CharField(max_length=200, blank=True)
    number = models.CharField(max_length=100, blank=True)  # of the invoice, where the thing is one
    facts = models.JSONField(default=dict)
    content = models.BinaryField(default=bytes)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["id"]
        verbose_name = _("fiche du bac à sable")
        verbose_name_plural = _("fiches du bac à sable")
        constraints = [
            models.UniqueConstraint(fields=["service", "kind", "key", "client_id"], name="sandbox_record_once")
        ]
        indexes = [models.Index(fields=["service", "number"], name="sandbox_record_number")]

    def __str__(self) -> str:
        return f"{self.service} {self.kind} {self.key}"


class SandboxFault(models.Model):
    """A failure to have, `remaining` times. An empty `client_id` or `operation` means any."""

    kind = models.CharField(max_length=40)
    value = models.CharField(max_length=40, blank=True)
    client_id = models.CharField(max_length=200, blank=True)
    operation = models.CharField(max_length=10, blank=True)
    remaining = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["id"]
        verbose_name = _("panne du bac à sable")
        verbose_name_plural = _("pannes du bac à sable")
        constraints = [
            models.CheckConstraint(condition=~Q(kind=""), name="sandbox_fault_has_a_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} × {self.remaining}"
