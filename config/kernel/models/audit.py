"""The chained audit trail of everything that happens in a company."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.models.companies import Company
from config.kernel.scope import ScopedManager


class AuditChain(models.Model):
    """The head of a company's chain. Written by PostgreSQL alone, at the end of each transaction."""

    company = models.OneToOneField(Company, on_delete=models.PROTECT, primary_key=True, related_name="+")
    length = models.BigIntegerField(default=0)
    head = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("tête de chaîne d’audit")
        verbose_name_plural = _("têtes de chaîne d’audit")

    def __str__(self) -> str:
        return f"{self.company_id}: {self.length}"


class AuditEvent(models.Model):
    """One thing that happened: who, when, to what. Append-only, and chained by SHA-256 per company.

    `content_hash` covers every column below; `digest` covers the frozen row the event is about; `hash` chains the
    event to the one before. `sequence`, `previous_hash` and `hash` are given by a deferred trigger at commit, so the
    chain's lock is held last and shortest.
    """

    id = models.BigAutoField(primary_key=True)
    # found by audit_by_company
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    tag = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=10)
    actor_name = models.CharField(max_length=200)
    actor_user_id = models.IntegerField(null=True)
    subjects = ArrayField(models.CharField(max_length=60))
    data = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    content_hash = models.CharField(max_length=64)
    sequence = models.BigIntegerField(null=True)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)

    objects: ClassVar[ScopedManager[Any]] = ScopedManager()
    everywhere: ClassVar[models.Manager[AuditEvent]] = models.Manager()

    class Meta:
        verbose_name = _("événement d’audit")
        verbose_name_plural = _("événements d’audit")
        base_manager_name = "everywhere"
        constraints = [models.UniqueConstraint(fields=["company", "sequence"], name="one_event_per_place_in_chain")]
        indexes = [
            GinIndex(fields=["subjects"], name="audit_by_subject"),
            models.Index(fields=["company", "-id"], name="audit_by_company"),
        ]

    def __str__(self) -> str:
        return f"{self.tag} #{self.pk}"

    def facts(self) -> dict[str, Any]:
        """The columns that `content_hash` covers."""
        return {
            "company": self.company_id,
            "at": self.at,
            "tag": self.tag,
            "actor": [self.actor_kind, self.actor_name, self.actor_user_id],
            "subjects": list(self.subjects),
            "data": self.data,
            "digest": self.digest,
            "request_id": self.request_id,
        }
