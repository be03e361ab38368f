"""Invoices and credit notes: drafts until issued, frozen for ever after (CGI ann. II 242 nonies A, art. 289 V).

Issuing copies the seller, the buyer, the mentions and the totals; triggers refuse any later change to them.
Overdue and partially paid are derived from the date and the amounts, never stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models.invoice_rows import IN_FORCE, SETTLED, InvoiceKind, InvoiceManager, InvoiceQuerySet, InvoiceStatus
from billing.models.orders import SalesOrder
from config.kernel.models import CompanyRow
from config.kernel.states import can_move
from customers.models import Customer


class Invoice(CompanyRow):
    """An invoice, credit note, deposit or corrected invoice."""

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        InvoiceStatus.DRAFT: frozenset({InvoiceStatus.ISSUED}),
        InvoiceStatus.ISSUED: frozenset({InvoiceStatus.PAID, InvoiceStatus.CREDITED}),
        # a payment can bounce
        InvoiceStatus.PAID: frozenset({InvoiceStatus.ISSUED, InvoiceStatus.CREDITED}),
        InvoiceStatus.CREDITED: frozenset(),
    }
    # What may still change once issued: where it stands, and the notes nobody prints.
    MUTABLE: ClassVar[tuple[str, ...]] = (
        "status", "amount_paid", "amount_credited", "amount_written_off", "internal_notes", "disputed_at",
        "dispute_reason", "replaced_at", "ahead_of", "abby_invoice_id", "abby_invoice_number",
    )  # fmt: skip

    kind = models.CharField(_("type"), max_length=3, choices=InvoiceKind.choices, default=InvoiceKind.INVOICE)
    status = models.CharField(_("état"), max_length=10, choices=InvoiceStatus.choices, default=InvoiceStatus.DRAFT)
    number = models.CharField(_("numéro"), max_length=20, null=True, blank=True)
    external_reference = models.CharField(_("référence externe"), max_length=50, blank=True)
    # found by invoice_by_customer
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="invoices", verbose_name=_("client"), db_index=False
    )
    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, null=True, blank=True, related_name="invoices")
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrections")
    # issued anew for one that a platform rejected and a credit note annulled
    replaces = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="replacements",
        verbose_name=_("remplace"),
    )
    # the draft that a deposit without an order is asked ahead of, and within whose total it stays
    ahead_of = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        db_column="ahead_of",
        related_name="deposits_ahead",
        verbose_name=_("en avance sur"),
    )
    credit_reason = models.CharField(_("motif de l’avoir"), max_length=200, blank=True)
    issue_date = models.DateField(_("date d’émission"), null=True, blank=True)
    due_date = models.DateField(_("échéance"), null=True, blank=True)
    supply_date = models.DateField(_("date de livraison ou d’exécution"), null=True, blank=True)
    currency = models.CharField(_("devise"), max_length=3, default="EUR")
    # BT-6, and the rate that issuing froze: so much of `currency` is one unit of it; BT-111 where the two differ
    accounting_currency = models.CharField(_("monnaie des livres"), max_length=3, default="EUR", editable=False)
    exchange_rate = models.DecimalField(
        _("cours de change"), max_digits=18, decimal_places=8, default=Decimal("1"), editable=False
    )
    exchange_day = models.DateField(_("jour du cours"), null=True, editable=False)
    exchange_source = models.CharField(_("source du cours"), max_length=200, blank=True, default="", editable=False)
    accounting_vat = models.DecimalField(
        _("TVA en monnaie des livres"), max_digits=16, decimal_places=2, null=True, editable=False
    )
    purchase_order = models.CharField(_("n° de commande ou d’engagement du client"), max_length=50, blank=True)
    service_code = models.CharField(_("code service"), max_length=100, blank=True)
    contract_reference = models.CharField(_("n° de marché ou de contrat"), max_length=50, blank=True)  # BT-12
    # BG-15 as typed; empty: where the customer has its goods delivered, read at issue and frozen in `buyer`
    delivery = models.JSONField(_("adresse de livraison"), default=dict, blank=True)
    notes = models.TextField(_("notes imprimées"), blank=True)
    internal_notes = models.TextField(_("notes internes"), blank=True)
    # RF (ISO 11649), or the 27 digits of a Swiss QR reference
    payment_reference = models.CharField(_("référence de paiement"), max_length=35, blank=True)
    buyer_name = models.CharField(_("client"), max_length=200, blank=True)
    seller = models.JSONField(default=dict, blank=True)
    buyer = models.JSONField(default=dict, blank=True)
    mentions = models.JSONField(default=dict, blank=True)
    total_net = models.DecimalField(_("total HT"), max_digits=16, decimal_places=2, default=Decimal("0"))
    total_vat = models.DecimalField(_("TVA"), max_digits=16, decimal_places=2, default=Decimal("0"))
    total_gross = models.DecimalField(_("total TTC"), max_digits=16, decimal_places=2, default=Decimal("0"))
    # what deposit invoices already asked for (BT-113), and the VAT in it: chosen on the draft, frozen with the rest
    amount_deposited = models.DecimalField(_("acomptes déduits"), max_digits=16, decimal_places=2, default=Decimal("0"))
    deposited_vat = models.DecimalField(_("TVA des acomptes"), max_digits=16, decimal_places=2, default=Decimal("0"))
    amount_paid = models.DecimalField(_("payé"), max_digits=16, decimal_places=2, default=Decimal("0"))
    amount_credited = models.DecimalField(_("crédité"), max_digits=16, decimal_places=2, default=Decimal("0"))
    # what nobody will pay: a bank's fee, a rounding, a discount, a loss; each is a row of payments' write-offs
    amount_written_off = models.DecimalField(
        _("soldé sans paiement"), max_digits=16, decimal_places=2, default=Decimal("0")
    )
    disputed_at = models.DateTimeField(_("contestée le"), null=True, blank=True)
    dispute_reason = models.CharField(_("motif de contestation"), max_length=300, blank=True)
    replaced_at = models.DateTimeField(_("remplacée le"), null=True, blank=True, editable=False)
    # its copy at Abby, and the number that Abby gave it where somebody finalised it there
    abby_invoice_id = models.CharField(_("identifiant chez Abby"), max_length=100, blank=True, editable=False)
    abby_invoice_number = models.CharField(_("numéro chez Abby"), max_length=40, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    issued_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[InvoiceManager] = InvoiceManager()
    everywhere: ClassVar[models.Manager[Any]] = models.Manager.from_queryset(InvoiceQuerySet)()

    class Meta(CompanyRow.Meta):
        verbose_name = _("facture")
        verbose_name_plural = _("factures")
        constraints = [
            # drafts have none: NULL is never equal to NULL, so they do not hinder each other
            models.UniqueConstraint(fields=["company", "number"], name="one_invoice_per_number"),
            models.UniqueConstraint(
                fields=["company", "abby_invoice_id"],
                condition=~Q(abby_invoice_id=""),
                name="one_invoice_per_abby_id",
            ),
            models.UniqueConstraint(
                fields=["company", "abby_invoice_number"],
                condition=~Q(abby_invoice_number=""),
                name="one_invoice_per_abby_number",
            ),
            models.UniqueConstraint(
                # partial: after a credit note of the whole, or a corrected invoice, the order may be invoiced again
                fields=["order"],
                condition=Q(order__isnull=False) & IN_FORCE,
                name="one_invoice_per_order",
            ),
            models.CheckConstraint(
                condition=Q(status="DRAFT", number=None, issue_date=None, issued_at=None)
                | (
                    ~Q(status="DRAFT")
                    & Q(number__isnull=False)
                    & Q(issue_date__isnull=False)
                    & Q(issued_at__isnull=False)
                    & Q(due_date__isnull=False)
                ),
                name="a_number_if_and_only_if_issued",
            ),
            models.CheckConstraint(
                # BR-FR-02: a number with another sign is refused by every platform, long after it was given for ever
                condition=Q(number=None) | Q(number__regex=r"^[A-Za-z0-9/_-]{1,20}$"),
                name="number_fits_br_fr_02",
            ),
            models.CheckConstraint(
                condition=Q(amount_paid__gte=0)
                & Q(amount_credited__gte=0)
                & Q(amount_deposited__gte=0)
                & Q(amount_written_off__gte=0)
                & Q(total_gross__gte=SETTLED),
                name="never_paid_beyond_its_total",
            ),
            models.CheckConstraint(
                condition=Q(total_gross=F("total_net") + F("total_vat")), name="gross_is_net_plus_vat"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["PAID", "CREDITED"]) | Q(total_gross=SETTLED),
                name="settled_means_nothing_remains",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["381", "384"]) | Q(corrects__isnull=False), name="a_correction_names_its_invoice"
            ),
            models.UniqueConstraint(
                fields=["corrects"], condition=Q(kind="384"), name="one_corrected_invoice_per_invoice"
            ),
            models.CheckConstraint(
                condition=Q(replaced_at=None) | Q(status="CREDITED"), name="what_is_replaced_is_cancelled"
            ),
            models.CheckConstraint(
                condition=Q(status="DRAFT")
                | Q(currency=F("accounting_currency"), exchange_rate=1, accounting_vat=None)
                | ~Q(currency=F("accounting_currency"))
                & Q(exchange_rate__gt=0, exchange_day__isnull=False, accounting_vat__isnull=False)
                & ~Q(exchange_source=""),
                name="another_currency_has_its_rate",
            ),
            models.CheckConstraint(
                condition=Q(disputed_at=None) | ~Q(status="DRAFT"), name="what_is_disputed_is_issued"
            ),
            models.CheckConstraint(
                condition=~Q(kind="386") | Q(amount_deposited=0), name="a_deposit_deducts_no_deposit"
            ),
        ]
        indexes = [
            models.Index(fields=["company", "-created_at", "-id"], name="invoice_by_creation"),
            models.Index(fields=["company", "-issue_date", "-id"], name="invoice_by_date"),
            models.Index(fields=["company", "due_date"], condition=Q(status="ISSUED"), name="invoice_open_by_due_date"),
            models.Index(fields=["customer", "-issue_date"], name="invoice_by_customer"),
        ]

    def __str__(self) -> str:
        return self.number or str(_("%(kind)s (brouillon)") % {"kind": self.get_kind_display()})

    def get_absolute_url(self) -> str:
        return reverse("billing:invoice-detail", args=[self.pk])

    @property
    def is_draft(self) -> bool:
        return self.status == InvoiceStatus.DRAFT

    @property
    def is_foreign(self) -> bool:
        """Whether it was issued in another currency than that of the books."""
        return self.currency != self.accounting_currency

    @property
    def is_credit_note(self) -> bool:
        return self.kind == InvoiceKind.CREDIT_NOTE

    @property
    def is_deposit(self) -> bool:
        return self.kind == InvoiceKind.DEPOSIT

    @property
    def is_deducted(self) -> bool:
        """Whether a final invoice deducts this deposit. One query for a deposit, none for the others."""
        return self.is_deposit and self.deducted_by.filter(is_live=True).exists()

    @property
    def payable(self) -> Decimal:
        """What the document asks for, or gives back: its total less the deposits it deducts (BT-115)."""
        return self.total_gross - self.amount_deposited

    @property
    def billed_orders(self) -> list[SalesOrder]:
        """The orders that it bills, the oldest first: its own, or several together. One query where it has any.

        Until a corrected invoice is issued, those of the first are still billed by the first.
        """
        if self.order is None:
            return []
        together = type(self.order).everywhere.filter(billed_by__in=[self.pk, self.corrects_id])
        return list(together.order_by("order_date", "number")) or [self.order]

    @property
    def balance(self) -> Decimal:
        """What is still to be paid, in the invoice's currency (BT-115 as of now). Zero for a credit note."""
        if self.is_credit_note:
            return Decimal("0.00")
        return self.payable - self.amount_paid - self.amount_credited - self.amount_written_off

    @property
    def can_be_issued(self) -> bool:
        return can_move(self, InvoiceStatus.ISSUED) and self.is_draft

    @property
    def can_be_credited(self) -> bool:
        return not self.is_credit_note and can_move(self, InvoiceStatus.CREDITED) and not self.is_deducted

    @property
    def can_be_corrected(self) -> bool:
        """Whether a corrected invoice (384) may replace it: a deposit is credited and made again instead."""
        kinds = {InvoiceKind.INVOICE, InvoiceKind.CORRECTED}
        return self.kind in kinds and not self.is_draft and self.can_be_credited and not self.amount_credited

    @property
    def takes_deposits(self) -> bool:
        """Whether deposits may be chosen to be deducted from it."""
        return self.is_draft and self.kind in {InvoiceKind.INVOICE, InvoiceKind.CORRECTED}

    @property
    def can_be_paid(self) -> bool:
        return not self.is_credit_note and self.status == InvoiceStatus.ISSUED

    @property
    def can_be_disputed(self) -> bool:
        """Whether the customer may contest it: issued and not cancelled. A paid one too, whose payment may bounce."""
        return can_move(self, InvoiceStatus.CREDITED)

    def is_overdue(self, on: date) -> bool:
        return self.can_be_paid and self.due_date is not None and self.due_date < on

    @property
    def operation_nature(self) -> str:
        """B goods, S services, M both: the first letter of the "cadre de facturation" (BT-23)."""
        natures = {line.is_service for line in self.lines.all()}
        return {frozenset({True}): "S", frozenset({False}): "B"}.get(frozenset(natures), "M")
