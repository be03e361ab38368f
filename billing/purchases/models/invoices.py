"""Supplier invoices as they are received: checked, approved, booked once and frozen from then on.

The supplier gives the number and the totals; we give a reference of our own (ACH-2026-00001), by which the entry is
found. Overdue and partially paid are derived from the date and the amounts, never stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import ExtractYear
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models.invoice_rows import InvoiceKind
from config.kernel.models import CompanyRow
from config.kernel.scope import ScopedManager
from config.kernel.states import can_move
from customers.models import Customer

# what is settled of one: by money, by credit notes of the supplier, by the deposits that it deducts
SETTLED = F("amount_paid") + F("amount_credited") + F("amount_deposited")


class PurchaseStatus(models.TextChoices):
    TO_CHECK = "TO_CHECK", _("À vérifier")
    TO_APPROVE = "TO_APPROVE", _("À approuver")
    APPROVED = "APPROVED", _("Bon à payer")
    BOOKED = "BOOKED", _("Comptabilisée")
    PAID = "PAID", _("Réglée")
    REFUSED = "REFUSED", _("Refusée")
    REPLACED = "REPLACED", _("Remplacée")


# what was booked and has not been taken back
IN_BOOKS = (PurchaseStatus.BOOKED, PurchaseStatus.PAID)
ENDED = (PurchaseStatus.REFUSED, PurchaseStatus.REPLACED)


class PurchaseQuerySet(models.QuerySet["PurchaseInvoice"]):
    def owed(self) -> PurchaseQuerySet:
        """Booked, and not settled whole: credit notes that wait to be used included."""
        return self.filter(status=PurchaseStatus.BOOKED)

    def payable(self) -> PurchaseQuerySet:
        """What a payment run may pay: booked, no credit note, not in dispute."""
        return self.owed().exclude(kind=InvoiceKind.CREDIT_NOTE).filter(disputed_at=None)

    def overdue(self, *, on: date) -> PurchaseQuerySet:
        return self.owed().exclude(kind=InvoiceKind.CREDIT_NOTE).filter(due_date__lt=on)


class PurchaseManager(ScopedManager["PurchaseInvoice"].from_queryset(PurchaseQuerySet)):  # type: ignore[misc]  # dynamic base
    pass


class PurchaseInvoice(CompanyRow):
    """An invoice, deposit, credit note or corrected invoice of a supplier. A credit note's amounts are positive too."""

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        PurchaseStatus.TO_CHECK: frozenset(
            {PurchaseStatus.TO_APPROVE, PurchaseStatus.REFUSED, PurchaseStatus.REPLACED}
        ),
        PurchaseStatus.TO_APPROVE: frozenset(
            {
                PurchaseStatus.APPROVED,
                PurchaseStatus.TO_CHECK,
                PurchaseStatus.REFUSED,
                PurchaseStatus.REPLACED,
            }
        ),
        PurchaseStatus.APPROVED: frozenset(
            {PurchaseStatus.BOOKED, PurchaseStatus.TO_APPROVE, PurchaseStatus.REFUSED, PurchaseStatus.REPLACED}
        ),
        PurchaseStatus.BOOKED: frozenset({PurchaseStatus.PAID, PurchaseStatus.REPLACED}),
        # a transfer can come back
        PurchaseStatus.PAID: frozenset({PurchaseStatus.BOOKED}),
        PurchaseStatus.REFUSED: frozenset(),
        PurchaseStatus.REPLACED: frozenset(),
    }
    # what may still change once it is booked
    MUTABLE: ClassVar[tuple[str, ...]] = (
        "status", "amount_paid", "amount_credited", "disputed_at", "dispute_reason", "internal_notes", "due_date",
        "iban",
    )  # fmt: skip

    reference = models.CharField(_("référence"), max_length=20)  # ours
    kind = models.CharField(_("type"), max_length=3, choices=InvoiceKind.choices, default=InvoiceKind.INVOICE)
    status = models.CharField(_("état"), max_length=10, choices=PurchaseStatus.choices, default=PurchaseStatus.TO_CHECK)
    # found by purchase_by_supplier
    supplier = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="purchases", verbose_name=_("fournisseur"), db_index=False
    )
    supplier_name = models.CharField(_("fournisseur, tel qu’écrit"), max_length=200, blank=True)  # BT-27
    number = models.CharField(_("numéro du fournisseur"), max_length=60)  # BT-1
    issue_date = models.DateField(_("date de facture"))  # BT-2
    due_date = models.DateField(_("échéance"))  # BT-9
    received_on = models.DateField(_("reçue le"))
    # BT-72 or the end of BT-74: where it lies in another period, the charge belongs there
    supply_date = models.DateField(_("date de livraison ou d’exécution"), null=True, blank=True)
    currency = models.CharField(_("devise"), max_length=3, default="EUR")
    # BT-8 and the mention « TVA d’après les débits »: the VAT on services may be deducted at once
    vat_on_debits = models.BooleanField(_("TVA d’après les débits"), default=False)
    total_net = models.DecimalField(_("total HT"), max_digits=16, decimal_places=2)
    total_vat = models.DecimalField(_("TVA"), max_digits=16, decimal_places=2)
    total_gross = models.DecimalField(_("total TTC"), max_digits=16, decimal_places=2)
    amount_deposited = models.DecimalField(_("acomptes déduits"), max_digits=16, decimal_places=2, default=Decimal(0))
    amount_paid = models.DecimalField(_("payé"), max_digits=16, decimal_places=2, default=Decimal(0))
    # of an invoice: by credit notes; of a credit note: what it settled
    amount_credited = models.DecimalField(_("avoirs imputés"), max_digits=16, decimal_places=2, default=Decimal(0))
    iban = models.CharField(_("IBAN à payer"), max_length=34, blank=True)  # BT-84, as the document says
    payment_reference = models.CharField(_("référence à rappeler"), max_length=140, blank=True)  # BT-83
    order_reference = models.CharField(_("n° de commande cité"), max_length=60, blank=True)  # BT-13
    # what a credit note or a corrected invoice names (BG-3), and the invoice of ours that it is
    corrects_number = models.CharField(_("facture corrigée"), max_length=60, blank=True)
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrections")
    # why a person must look before it goes on: codes of the gates that did not hold
    doubts = models.JSONField(_("points à vérifier"), default=list, blank=True)
    is_auto_validated = models.BooleanField(_("validée sans intervention"), default=False, editable=False)
    approved_at = models.DateTimeField(_("approuvée le"), null=True, editable=False)
    booked_on = models.DateField(_("comptabilisée le"), null=True, editable=False)
    disputed_at = models.DateTimeField(_("contestée le"), null=True, blank=True)
    dispute_reason = models.CharField(_("motif du litige"), max_length=300, blank=True)
    refusal_code = models.CharField(_("code de motif du refus"), max_length=40, blank=True)
    refusal_reason = models.CharField(_("motif du refus"), max_length=300, blank=True)
    internal_notes = models.TextField(_("notes internes"), blank=True)
    created_at = models.DateTimeField(_("enregistrée le"))

    objects: ClassVar[PurchaseManager] = PurchaseManager()
    everywhere: ClassVar[models.Manager[Any]] = models.Manager.from_queryset(PurchaseQuerySet)()

    class Meta(CompanyRow.Meta):
        verbose_name = _("facture fournisseur")
        verbose_name_plural = _("factures fournisseurs")
        constraints = [
            models.UniqueConstraint(fields=["company", "reference"], name="one_purchase_per_reference"),
            # the database's word against paying twice: the same number of a supplier in a year is the same invoice
            models.UniqueConstraint(
                "supplier",
                "number",
                ExtractYear("issue_date"),
                condition=~Q(status="REFUSED"),
                name="one_purchase_per_supplier_number_and_year",
            ),
            models.CheckConstraint(
                condition=Q(amount_paid__gte=0)
                & Q(amount_credited__gte=0)
                & Q(amount_deposited__gte=0)
                & Q(total_gross__gte=SETTLED),
                name="a_purchase_is_never_settled_beyond_its_total",
            ),
            models.CheckConstraint(
                condition=Q(total_gross=F("total_net") + F("total_vat")), name="purchase_gross_is_net_plus_vat"
            ),
            models.CheckConstraint(
                condition=~Q(status="PAID") | Q(total_gross=SETTLED), name="a_settled_purchase_has_nothing_left"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["BOOKED", "PAID"], booked_on__isnull=False)
                | Q(status="REPLACED")
                | Q(status__in=["TO_CHECK", "TO_APPROVE", "APPROVED", "REFUSED"], booked_on=None),
                name="a_purchase_is_booked_on_a_day",
            ),
            models.CheckConstraint(condition=~Q(number=""), name="a_purchase_has_its_suppliers_number"),
        ]
        indexes = [
            models.Index(fields=["company", "-received_on", "-id"], name="purchase_by_receipt"),
            models.Index(
                fields=["company", "due_date"], condition=Q(status="BOOKED"), name="purchase_owed_by_due_date"
            ),
            models.Index(fields=["supplier", "-issue_date"], name="purchase_by_supplier"),
            models.Index(fields=["company", "status", "-received_on", "-id"], name="purchase_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} ({self.number})"

    def get_absolute_url(self) -> str:
        return reverse("billing:purchase-detail", args=[self.pk])

    @property
    def is_credit_note(self) -> bool:
        return self.kind == InvoiceKind.CREDIT_NOTE

    @property
    def is_deposit(self) -> bool:
        return self.kind == InvoiceKind.DEPOSIT

    @property
    def sign(self) -> int:
        """+1 for what we owe, -1 for what we are owed."""
        return -1 if self.is_credit_note else 1

    @property
    def is_booked(self) -> bool:
        return self.status in IN_BOOKS

    @property
    def can_change(self) -> bool:
        """Whether its columns and lines may still be edited."""
        return self.status in {PurchaseStatus.TO_CHECK, PurchaseStatus.TO_APPROVE}

    @property
    def can_be_approved(self) -> bool:
        return can_move(self, PurchaseStatus.APPROVED)

    @property
    def balance(self) -> Decimal:
        """What is still to be paid, or of a credit note to be used, in its currency."""
        return self.total_gross - self.amount_paid - self.amount_credited - self.amount_deposited
