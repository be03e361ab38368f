"""Payments to suppliers, what purchases each settles, and the runs that prepare them in number."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.purchases.models import PurchaseInvoice
from config.kernel.models import CompanyRow, User
from customers.models import Customer
from payments.models.bank import BankAccount
from payments.models.payments import Method
from payments.outgoing.models import PaymentOrder


class SupplierPaymentKind(models.TextChoices):
    PAYMENT = "PAYMENT", _("Règlement")
    RETURN = "RETURN", _("Règlement revenu")


class RunStatus(models.TextChoices):
    DRAFT = "DRAFT", _("En préparation")
    TO_CONFIRM = "TO_CONFIRM", _("À confirmer")
    ORDERED = "ORDERED", _("Ordre fait")
    CANCELLED = "CANCELLED", _("Annulé")


class PayingSettings(CompanyRow):
    """How a company pays its suppliers: above what total another person confirms, and what is proposed by default."""

    # 0: every run is confirmed by another person
    confirm_above = models.DecimalField(
        _("confirmation par une autre personne au-delà de (€)"),
        max_digits=16,
        decimal_places=2,
        default=Decimal("5000"),
    )
    horizon_days = models.PositiveSmallIntegerField(_("échéances proposées sous (jours)"), default=7)
    # a year's yield from which an early payment is worth its discount
    discount_rate = models.DecimalField(
        _("escompte intéressant à partir de (% par an)"), max_digits=6, decimal_places=2, default=Decimal("8")
    )
    one_transfer_per_supplier = models.BooleanField(_("un seul virement par fournisseur"), default=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("réglages des règlements fournisseurs")
        verbose_name_plural = _("réglages des règlements fournisseurs")
        constraints = [
            models.UniqueConstraint(fields=["company"], name="one_paying_settings_per_company"),
            models.CheckConstraint(
                condition=Q(confirm_above__gte=0, horizon_days__lte=365, discount_rate__gte=0),
                name="paying_settings_are_sensible",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.confirm_above}"


class PaymentRun(CompanyRow):
    """What is to be paid on a day from one account: prepared by one person, ordered by himself or by another.

    `total` is what leaves the bank: invoices less credit notes and discounts.
    """

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        RunStatus.DRAFT: frozenset({RunStatus.TO_CONFIRM, RunStatus.ORDERED, RunStatus.CANCELLED}),
        RunStatus.TO_CONFIRM: frozenset({RunStatus.DRAFT, RunStatus.ORDERED, RunStatus.CANCELLED}),
        # before the bank did anything
        RunStatus.ORDERED: frozenset({RunStatus.CANCELLED}),
        RunStatus.CANCELLED: frozenset(),
    }
    # whose lines may still change
    OPEN: ClassVar[tuple[str, ...]] = (RunStatus.DRAFT, RunStatus.TO_CONFIRM)

    number = models.CharField(_("numéro"), max_length=20)
    bank_account = models.ForeignKey(
        BankAccount, on_delete=models.PROTECT, related_name="runs", verbose_name=_("compte bancaire")
    )
    executes_on = models.DateField(_("date d’exécution"))
    status = models.CharField(_("état"), max_length=10, choices=RunStatus.choices, default=RunStatus.DRAFT)
    is_by_supplier = models.BooleanField(_("un seul virement par fournisseur"), default=True)
    total = models.DecimalField(_("total"), max_digits=16, decimal_places=2, default=Decimal(0))
    prepared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("préparé par"))
    confirmed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("confirmé par")
    )
    order = models.OneToOneField(PaymentOrder, on_delete=models.PROTECT, null=True, related_name="run")
    created_at = models.DateTimeField(_("créé le"))
    ordered_at = models.DateTimeField(_("ordre fait le"), null=True)
    cancelled_at = models.DateTimeField(_("annulé le"), null=True)
    cancelled_because = models.CharField(_("motif d’annulation"), max_length=200, blank=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("lot de règlements")
        verbose_name_plural = _("lots de règlements")
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="one_payment_run_per_number"),
            models.CheckConstraint(
                condition=Q(status="ORDERED", order__isnull=False, ordered_at__isnull=False)
                | Q(status="CANCELLED")
                | Q(status__in=["DRAFT", "TO_CONFIRM"], order=None, ordered_at=None),
                name="an_ordered_run_has_its_order",
            ),
            models.CheckConstraint(
                condition=Q(status="CANCELLED", cancelled_at__isnull=False)
                | ~Q(status="CANCELLED") & Q(cancelled_at=None),
                name="a_cancelled_run_says_when",
            ),
        ]
        indexes = [models.Index(fields=["company", "-created_at", "-id"], name="payment_run_by_date")]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("payments:run-detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN


class PaymentRunLine(CompanyRow):
    """So much of a purchase in a run: an invoice to pay, or a credit note netted. Ended, it stays as history.

    `amount` is settled of the purchase, `discount` (TTC) of it without money; `iban` is where it goes.
    """

    run = models.ForeignKey(PaymentRun, on_delete=models.PROTECT, related_name="lines")
    purchase = models.ForeignKey(PurchaseInvoice, on_delete=models.PROTECT, related_name="run_lines")
    amount = models.DecimalField(_("montant"), max_digits=16, decimal_places=2)
    discount = models.DecimalField(_("escompte"), max_digits=16, decimal_places=2, default=Decimal(0))
    iban = models.CharField("IBAN", max_length=34)
    removed_at = models.DateTimeField(_("retirée le"), null=True)
    # ordered, removed or given up: the purchase may be in another run for what is left of it
    ended_at = models.DateTimeField(_("terminée le"), null=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("ligne d’un lot de règlements")
        verbose_name_plural = _("lignes des lots de règlements")
        constraints = [
            # of two people who choose it at once, one finds it taken
            models.UniqueConstraint(
                fields=["purchase"], condition=Q(ended_at=None), name="a_purchase_is_in_one_open_run"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, discount__gte=0, discount__lt=F("amount")), name="a_run_line_pays_something"
            ),
            models.CheckConstraint(
                condition=Q(removed_at=None) | Q(ended_at__isnull=False), name="a_removed_run_line_is_ended"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} → {self.purchase_id}"

    @property
    def paid(self) -> Decimal:
        """What leaves the bank for it; negative for a credit note."""
        return self.purchase.sign * self.amount - self.discount


class SupplierPayment(CompanyRow):
    """Money given to a supplier, or one that came back (RETURN). Booked at once, never changed.

    Cancelled, opposite shares and an opposite entry follow, and its purchases are open again. `announced_at`: when it
    was told that the money has really left.
    """

    MUTABLE: ClassVar[tuple[str, ...]] = ("cancelled_at", "cancelled_because", "announced_at")

    number = models.CharField(_("numéro"), max_length=20)
    kind = models.CharField(
        _("nature"), max_length=7, choices=SupplierPaymentKind.choices, default=SupplierPaymentKind.PAYMENT
    )
    supplier = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="supplier_payments", verbose_name=_("fournisseur")
    )
    amount = models.DecimalField(_("montant"), max_digits=16, decimal_places=2)
    currency = models.CharField(_("devise"), max_length=3, default="EUR")
    method = models.CharField(_("moyen"), max_length=10, choices=Method.choices)
    iban = models.CharField(_("IBAN du bénéficiaire"), max_length=34, blank=True)
    bank_account = models.ForeignKey(
        BankAccount,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="supplier_payments",
        verbose_name=_("compte bancaire"),
    )
    account = models.CharField(_("compte comptable"), max_length=10)
    reference = models.CharField(_("référence"), max_length=140, blank=True)
    made_on = models.DateField(_("date"))
    end_to_end_id = models.CharField(_("référence de bout en bout"), max_length=35)
    run = models.ForeignKey(PaymentRun, on_delete=models.PROTECT, null=True, related_name="payments")
    order = models.ForeignKey(PaymentOrder, on_delete=models.PROTECT, null=True, related_name="supplier_payments")
    returns = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="returned_by")
    at = models.DateTimeField(_("enregistré le"))
    announced_at = models.DateTimeField(_("annoncé le"), null=True, editable=False)
    cancelled_at = models.DateTimeField(_("annulé le"), null=True, editable=False)
    cancelled_because = models.CharField(_("motif d’annulation"), max_length=200, blank=True, editable=False)

    class Meta(CompanyRow.Meta):
        verbose_name = _("règlement fournisseur")
        verbose_name_plural = _("règlements fournisseurs")
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="one_supplier_payment_per_number"),
            models.UniqueConstraint(fields=["company", "end_to_end_id"], name="one_supplier_payment_per_id"),
            models.UniqueConstraint(
                fields=["returns"], condition=Q(cancelled_at=None), name="a_supplier_payment_comes_back_once"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_supplier_payment_gives_something"),
            models.CheckConstraint(
                condition=Q(kind="PAYMENT", returns=None) | Q(kind="RETURN", returns__isnull=False, run=None),
                name="a_returned_supplier_payment_says_which",
            ),
            models.CheckConstraint(
                condition=Q(run=None, order=None) | Q(run__isnull=False, order__isnull=False) & ~Q(iban=""),
                name="a_payment_of_a_run_is_in_its_order",
            ),
        ]
        indexes = [
            models.Index(fields=["company", "-made_on", "-id"], name="supplier_payment_by_date"),
            models.Index(fields=["supplier", "-made_on"], name="supplier_payment_by_supplier"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("payments:supplier-payment-detail", args=[self.pk])

    @property
    def is_live(self) -> bool:
        return self.cancelled_at is None

    @property
    def is_return(self) -> bool:
        return self.kind == SupplierPaymentKind.RETURN

    @property
    def sign(self) -> int:
        """+1 for what leaves, -1 for what comes back."""
        return -1 if self.is_return else 1


class SupplierShare(CompanyRow):
    """So much of a purchase that a payment settles; of a credit note, so much of it that is netted.

    `discount` (TTC) is the part of it that no money pays. Both negative when it is taken back or comes back.
    """

    payment = models.ForeignKey(SupplierPayment, on_delete=models.PROTECT, related_name="shares")
    purchase = models.ForeignKey(PurchaseInvoice, on_delete=models.PROTECT, related_name="payment_shares")
    amount = models.DecimalField(_("montant"), max_digits=16, decimal_places=2)
    discount = models.DecimalField(_("escompte"), max_digits=16, decimal_places=2, default=Decimal(0))
    at = models.DateTimeField(_("date"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("part d’un règlement fournisseur")
        verbose_name_plural = _("parts des règlements fournisseurs")
        constraints = [
            models.CheckConstraint(condition=~Q(amount=Decimal(0)), name="a_supplier_share_is_something"),
            models.CheckConstraint(
                condition=Q(discount=0)
                | Q(amount__gt=F("discount"), discount__gt=0)
                | Q(amount__lt=F("discount"), discount__lt=0),
                name="a_discount_is_a_part_of_its_share",
            ),
        ]
        indexes = [
            models.Index(fields=["purchase", "at"], name="supplier_share_by_purchase"),
            models.Index(fields=["payment", "at"], name="supplier_share_by_payment"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} → {self.purchase_id}"

    @property
    def paid(self) -> Decimal:
        """What money of it left, signed."""
        return self.purchase.sign * self.amount - self.discount
