"""Refunds, what payments each takes its money from, and the orders (pain.001) by which the bank makes them."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from config.kernel.models import CompanyRow
from customers.models import Customer
from payments.models.bank import BankAccount
from payments.models.payments import Method, Payment


class RefundKind(models.TextChoices):
    REFUND = "REFUND", _("Remboursement")
    RETURN = "RETURN", _("Paiement rejeté")


class PaymentOrder(CompanyRow):
    """A pain.001 file of transfers, kept as it was made: what the bank is asked to pay, from one account."""

    number = models.CharField(_("numéro"), max_length=20)
    bank_account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="orders")
    executes_on = models.DateField(_("date d’exécution"))
    currency = models.CharField(_("devise"), max_length=3)
    count = models.PositiveIntegerField(_("virements"))
    total = models.DecimalField(_("total"), max_digits=16, decimal_places=2)
    content = models.BinaryField(editable=False)
    sha256 = models.CharField("SHA-256", max_length=64)
    made_at = models.DateTimeField(_("créé le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("ordre de virement")
        verbose_name_plural = _("ordres de virement")
        constraints = [models.UniqueConstraint(fields=["company", "number"], name="one_payment_order_per_number")]
        indexes = [models.Index(fields=["company", "-made_at", "-id"], name="payment_order_by_date")]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("payments:order-detail", args=[self.pk])


class Refund(CompanyRow):
    """Money given back to a customer out of its credit, or a payment of its that the bank took back (RETURN).

    Never changed: cancelled, an opposite entry and opposite shares follow, and the credit is there again.
    """

    MUTABLE: ClassVar[tuple[str, ...]] = ("cancelled_at", "cancelled_because", "order")

    number = models.CharField(_("numéro"), max_length=20)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="refunds", verbose_name=_("client"))
    kind = models.CharField(_("nature"), max_length=6, choices=RefundKind.choices, default=RefundKind.REFUND)
    amount = models.DecimalField(_("montant"), max_digits=16, decimal_places=2)
    currency = models.CharField(_("devise"), max_length=3, default="EUR")
    method = models.CharField(_("moyen"), max_length=10, choices=Method.choices)
    iban = models.CharField(_("IBAN du bénéficiaire"), max_length=34, blank=True)
    bank_account = models.ForeignKey(
        BankAccount,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="refunds",
        verbose_name=_("compte bancaire"),
    )
    account = models.CharField(_("compte comptable"), max_length=10)
    reason = models.CharField(_("motif"), max_length=200)
    made_on = models.DateField(_("date"))
    end_to_end_id = models.CharField(_("référence de bout en bout"), max_length=35)
    # what a return took off invoices: [invoice id, amount]; given back to them when the return is cancelled
    released = models.JSONField(_("factures rouvertes"), default=list, editable=False)
    at = models.DateTimeField(_("enregistré le"))
    order = models.ForeignKey(
        PaymentOrder, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="refunds"
    )
    cancelled_at = models.DateTimeField(_("annulé le"), null=True, blank=True, editable=False)
    cancelled_because = models.CharField(_("motif d’annulation"), max_length=200, blank=True, editable=False)

    class Meta(CompanyRow.Meta):
        verbose_name = _("remboursement")
        verbose_name_plural = _("remboursements")
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="one_refund_per_number"),
            models.UniqueConstraint(fields=["company", "end_to_end_id"], name="one_refund_per_end_to_end_id"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_refund_gives_something"),
            models.CheckConstraint(
                condition=~Q(kind="REFUND", method="TRANSFER") | ~Q(iban=""), name="a_transfer_has_an_iban"
            ),
        ]
        indexes = [
            models.Index(fields=["company", "-made_on", "-id"], name="refund_by_date"),
            models.Index(fields=["customer", "-made_on"], name="refund_by_customer"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("payments:refund-detail", args=[self.pk])

    @property
    def is_live(self) -> bool:
        return self.cancelled_at is None

    @property
    def waits_for_an_order(self) -> bool:
        """Whether a file of transfers may still carry it."""
        return self.is_live and self.kind == RefundKind.REFUND and self.method == Method.TRANSFER and not self.order_id


class RefundShare(CompanyRow):
    """So much of a refund is money of that payment. Negative when the refund is cancelled."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="shares")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refund_shares")
    amount = models.DecimalField(_("montant"), max_digits=16, decimal_places=2)
    at = models.DateTimeField(_("date"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("part de remboursement")
        verbose_name_plural = _("parts de remboursement")
        constraints = [models.CheckConstraint(condition=~Q(amount=Decimal(0)), name="a_refund_share_is_something")]
        indexes = [
            models.Index(fields=["payment", "at"], name="refund_share_by_payment"),
            models.Index(fields=["refund", "at"], name="refund_share_by_refund"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} ← {self.payment_id}"
