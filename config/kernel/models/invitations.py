"""Who was asked to join a company, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from config.kernel.models.companies import CompanyRow
from config.kernel.models.users import User
from config.kernel.roles import Role


class InvitationStatus(models.TextChoices):
    PENDING = "PENDING", _("En attente")
    ACCEPTED = "ACCEPTED", _("Acceptée")
    WITHDRAWN = "WITHDRAWN", _("Retirée")


class Invitation(CompanyRow):
    """A place in one company, kept for an e-mail address. Its link is a secret: only the digest is here.

    A link that opens several companies is a row of each, with one digest: each company resends and withdraws its own.
    """

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        InvitationStatus.PENDING: frozenset({InvitationStatus.ACCEPTED, InvitationStatus.WITHDRAWN}),
        InvitationStatus.ACCEPTED: frozenset(),
        InvitationStatus.WITHDRAWN: frozenset(),
    }

    email = models.EmailField(_("adresse e-mail"))
    role = models.CharField(_("rôle"), max_length=12, choices=Role.choices)
    status = models.CharField(
        _("état"), max_length=9, choices=InvitationStatus.choices, default=InvitationStatus.PENDING
    )
    digest = models.CharField("SHA-256", max_length=64, db_index=True, editable=False)
    # none for a program's
    invited_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("invitée par")
    )
    invited_at = models.DateTimeField(_("invitée le"))
    expires_at = models.DateTimeField(_("expire le"))
    closed_at = models.DateTimeField(_("close le"), null=True)
    accepted_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("acceptée par")
    )

    class Meta(CompanyRow.Meta):
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "email"], condition=Q(status="PENDING"), name="one_pending_invitation_per_address"
            ),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="invited_address_is_in_lower_case"),
            models.CheckConstraint(
                condition=Q(status="ACCEPTED", accepted_by__isnull=False)
                | Q(~Q(status="ACCEPTED"), accepted_by__isnull=True),
                name="accepted_invitation_says_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def is_pending(self) -> bool:
        return self.status == InvitationStatus.PENDING

    def is_open(self, at: datetime) -> bool:
        """True while its link lets somebody in."""
        return self.is_pending and at < self.expires_at
