"""Payments and what they pay. Append-only: a mistake is corrected by a reversal, an allocation by its opposite."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice
from config.kernel.models import CompanyRow
from customers.models import Customer


class Method(models.TextChoices):
    TRANSFER = "TRANSFER", _("Virement")
    CARD = "CARD", _("Carte bancaire")
    CHECK = "CHECK", _("Chèque")
    CASH = "CASH", _("Espèces")
    DIRECT_DEBIT = "DEBIT", _("Prélèvement")


class Payment(CompanyRow):
    """Money received (amount > 0), or the reversal of an earlier payment (amount < 0, `reverses` set).

    `allocated` is the sum of its allocations; the rest is the customer's credit, never lost.
    """

    MUTABLE: ClassVar[tuple[str, ...]] = ("reference", "transaction_id", "notes", "allocated", "reversed_at")

    number = models.CharField(_("numéro"), max_length=20)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="payments", verbose_name=_("client"))
    amount = models.DecimalField(_("montant"), max_digits=16, decimal_places=2)
    currency = models.CharField(_("devise"), max_length=3, default="EUR")
    # at the rate of its day, where it is in another currency than the books
    accounting_amount = models.DecimalField(
        _("valeur en monnaie des livres"), max_digits=16, decimal_places=2, null=True, editable=False
    )
    method = models.CharField(_("moyen"), max_length=10, choices=Method.choices)
    paid_on = models.DateField(_("date de paiement"))
    bank_account = models.ForeignKey(
        "payments.BankAccount",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="payments",
        verbose_name=_("compte bancaire"),
    )
    reference = models.CharField(_("référence"), max_length=140, blank=True)
    transaction_id = models.CharField(_("transaction du service de paiement"), max_length=100, blank=True, default="")
    notes = models.TextField(_("notes"), blank=True)
    allocated = models.DecimalField(_("affecté"), max_digits=16, decimal_places=2, default=Decimal("0"))
    reverses = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversal", verbose_name=_("annule")
    )
    reversed_at = models.DateTimeField(_("annulé le"), null=True, blank=True)
    reversal_reason = models.CharField(_("motif d’annulation"), max_length=200, blank=True)
    recorded_at = models.DateTimeField(_("enregistré le"))
    # where a feed read it, all three or none; on a reversal: the same service took it back, no person did
    origin_service = models.CharField(_("lu dans le service"), max_length=20, blank=True, default="", editable=False)
    origin_payment = models.CharField(_("encaissement là-bas"), max_length=60, blank=True, default="", editable=False)
    origin_invoice = models.CharField(_("facture là-bas"), max_length=60, blank=True, default="", editable=False)

    ORIGIN: ClassVar[tuple[str, ...]] = ("origin_service", "origin_payment", "origin_invoice")

    class Meta(CompanyRow.Meta):
        verbose_name = _("encaissement")
        verbose_name_plural = _("encaissements")
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="one_payment_per_number"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, reverses=None, allocated__gte=0, allocated__lte=F("amount"))
                | Q(amount__lt=0, reverses__isnull=False, allocated=0),
                name="never_allocated_beyond_its_amount",
            ),
            models.CheckConstraint(
                condition=Q(reversed_at=None) | Q(allocated=0), name="a_reversed_payment_pays_nothing"
            ),
            models.CheckConstraint(
                condition=Q(origin_service="", origin_payment="", origin_invoice="")
                | ~Q(origin_service="") & ~Q(origin_payment="") & ~Q(origin_invoice=""),
                name="an_origin_is_whole",
            ),
            models.UniqueConstraint(
                fields=["company", "origin_service", "origin_payment", "origin_invoice"],
                # partial: what the service took back and gave again is a new payment, not a second copy of a living one
                condition=~Q(origin_service="") & Q(reversed_at=None, reverses=None),
                name="one_live_payment_per_origin",
            ),
        ]
        indexes = [
            models.Index(fields=["company", "-paid_on", "-id"], name="payment_by_date"),
            models.Index(fields=["customer", "-paid_on"], name="payment_by_customer"),
            models.Index(
                fields=["company", "origin_payment"], condition=~Q(origin_service=""), name="payment_by_origin"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("payments:payment-detail", args=[self.pk])

    @property
    def unallocated(self) -> Decimal:
        """What is still the customer's credit."""
        if self.reversed_at or self.reverses_id:
            return Decimal("0.00")
        return self.amount - self.allocated

    @property
    def can_be_reversed(self) -> bool:
        return self.reverses_id is None and self.reversed_at is None


class Allocation(CompanyRow):
    """So much of a payment pays so much of an invoice. Negative when it takes an earlier one back."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="allocations")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="allocations")
    amount = models.DecimalField(_("montant"), max_digits=16, decimal_places=2)
    at = models.DateTimeField(_("date"))
    reason = models.CharField(_("motif"), max_length=200, blank=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("affectation")
        verbose_name_plural = _("affectations")
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="an_allocation_pays_something")]
        indexes = [
            models.Index(fields=["invoice", "at"], name="allocation_by_invoice"),
            models.Index(fields=["payment", "at"], name="allocation_by_payment"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} → {self.invoice_id}"
