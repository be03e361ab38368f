"""The flows that the simulated AFNOR platform received and produced."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


def new_flow_id() -> str:
    return str(uuid.uuid4())


class SandboxFlow(models.Model):
    """One flow of XP Z12-013. `Out`: deposited by the client. `In`: produced here, shown once `updated_at` is past."""

    flow_id = models.CharField(max_length=64, unique=True, default=new_flow_id)
    client_id = models.CharField(max_length=200)
    organization_id = models.CharField(max_length=200, blank=True)
    origin = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="answers")
    direction = models.CharField(max_length=3, choices=[("In", "In"), ("Out", "Out")])
    flow_type = models.CharField(max_length=40)
    tracking_id = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=255)
    syntax = models.CharField(max_length=10)
    profile = models.CharField(max_length=20, default="Undefined")
    processing_rule = models.CharField(max_length=20, default="Undefined")
    data = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    seller = models.CharField(max_length=100, blank=True)
    invoice_number = models.CharField(max_length=100, blank=True)
    status_code = models.CharField(max_length=3, blank=True)
    behaviour = models.CharField(max_length=20, default="accepts")
    delivery = models.CharField(max_length=20, blank=True)
    holds_number = models.BooleanField(default=False)
    ack_status = models.CharField(max_length=10, default="Pending")
    ack_details = models.JSONField(default=list)
    submitted_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["updated_at", "id"]
        verbose_name = _("flux du bac à sable")
        verbose_name_plural = _("flux du bac à sable")
        indexes = [
            models.Index(fields=["client_id", "direction", "updated_at", "id"], name="sandbox_flow_search"),
            models.Index(fields=["client_id", "tracking_id"], name="sandbox_flow_tracking"),
            models.Index(fields=["invoice_number", "seller"], name="sandbox_flow_number"),
            models.Index(fields=["client_id"], condition=Q(ack_status="Pending"), name="sandbox_flow_pending"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["seller", "invoice_number"],
                condition=Q(holds_number=True) & ~Q(invoice_number=""),
                name="sandbox_one_holder_per_number",
            )
        ]

    def __str__(self) -> str:
        return f"{self.flow_type} {self.invoice_number or self.name} {self.status_code}".strip()
