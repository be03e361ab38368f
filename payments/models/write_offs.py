"""Differences nobody will pay: a small rest of an invoice written off, a small excess of a payment kept.

Append-only like allocations: what is taken back is a row of its own, the exact opposite.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice
from config.kernel.models import CompanyRow
from config.kernel.roles import Role
from payments.models.payments import Payment


class WriteOffReason(models.TextChoices):
    BANK_FEE = "BANK_FEE", _("Frais bancaires")
    ROUNDING = "ROUNDING", _("Arrondi")
    DISCOUNT = "DISCOUNT", _("Escompte accordé")
    LOSS = "LOSS", _("Créance irrécouvrable")
    EXCHANGE = "EXCHANGE", _("Écart de change")


class WriteOff(CompanyRow):
    """So much of an invoice is settled without money, or so much of a payment is kept as income (`account` 7…).

    In the currency of its invoice or payment. `vat` is what of it is given back on 44571, by rate ("20": "16.67").
    """

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, null=True, related_name="write_offs")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, related_name="kept")
    match = models.ForeignKey("payments.Match", on_delete=models.PROTECT, null=True, related_name="write_offs")
    amount = models.DecimalField(_("montant"), max_digits=16, decimal_places=2)
    vat_amount = models.DecimalField(_("TVA récupérée"), max_digits=16, decimal_places=2, default=Decimal("0"))
    vat = models.JSONField(_("TVA récupérée par taux"), default=dict)
    reason = models.CharField(_("motif"), max_length=10, choices=WriteOffReason.choices)
    account = models.CharField(_("compte comptable"), max_length=10)
    note = models.CharField(_("note"), max_length=300, blank=True)
    at = models.DateTimeField(_("date"))
    reverses = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="reversal", verbose_name=_("annule")
    )

    class Meta(CompanyRow.Meta):
        verbose_name = _("différence soldée")
        verbose_name_plural = _("différences soldées")
        constraints = [
            models.CheckConstraint(
                condition=Q(invoice__isnull=False, payment=None) | Q(invoice=None, payment__isnull=False, vat_amount=0),
                name="a_write_off_is_of_an_invoice_or_a_payment",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, reverses=None) | Q(amount__lt=0, reverses__isnull=False),
                name="a_write_off_or_its_opposite",
            ),
        ]
        indexes = [
            models.Index(fields=["invoice", "at"], name="writeoff_by_invoice"),
            models.Index(fields=["payment", "at"], name="writeoff_by_payment"),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} {self.amount}"


class WriteOffLimit(CompanyRow):
    """The most that people of a role write off an invoice for a reason; where there is no row, DEFAULTS."""

    # in the invoice's currency; a role that is not named writes nothing off
    DEFAULTS: ClassVar[dict[str, dict[str, Decimal]]] = {
        Role.OWNER: {
            WriteOffReason.BANK_FEE: Decimal(50),
            WriteOffReason.ROUNDING: Decimal(50),
            WriteOffReason.DISCOUNT: Decimal(5_000),
            WriteOffReason.LOSS: Decimal(100_000),
            WriteOffReason.EXCHANGE: Decimal(500),
        },
        Role.ACCOUNTANT: {
            WriteOffReason.BANK_FEE: Decimal(5),
            WriteOffReason.ROUNDING: Decimal(5),
            WriteOffReason.DISCOUNT: Decimal(500),
            WriteOffReason.LOSS: Decimal(1_000),
            WriteOffReason.EXCHANGE: Decimal(50),
        },
    }

    role = models.CharField(_("rôle"), max_length=12, choices=Role.choices)
    reason = models.CharField(_("motif"), max_length=10, choices=WriteOffReason.choices)
    most = models.DecimalField(_("au plus"), max_digits=12, decimal_places=2)

    class Meta(CompanyRow.Meta):
        verbose_name = _("limite des différences")
        verbose_name_plural = _("limites des différences")
        constraints = [
            models.UniqueConstraint(fields=["company", "role", "reason"], name="one_limit_per_role_and_reason"),
            models.CheckConstraint(condition=Q(most__gte=0), name="a_limit_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.reason} {self.most}"
