"""Invoices and credit notes: drafts until issued, frozen for ever after (CGI ann. II 242 nonies A, art. 289 V).

Issuing copies the seller, the buyer, the mentions and the totals; triggers refuse any later change to them.
Overdue and partially paid are derived from the date and the amounts, never stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models.lines import DocumentLine
from billing.models.orders import SalesOrder
from billing.totals import PricedLine
from config.kernel.models import CompanyRow
from config.kernel.scope import ScopedManager
from config.kernel.states import can_move
from customers.models import Customer


class InvoiceKind(models.TextChoices):
    """BT-3, UNTDID 1001."""

    INVOICE = "380", _("Facture")
    CREDIT_NOTE = "381", _("Avoir")
    CORRECTED = "384", _("Facture rectificative")
    DEPOSIT = "386", _("Facture d’acompte")


class InvoiceStatus(models.TextChoices):
    DRAFT = "DRAFT", _("Brouillon")
    ISSUED = "ISSUED", _("Émise")
    PAID = "PAID", _("Payée")
    CREDITED = "CREDITED", _("Annulée par avoir")


# what remains to be paid, for SQL: `Invoice.balance` says the same of one row
BALANCE = F("total_gross") - F("amount_deposited") - F("amount_paid") - F("amount_credited")
# the final invoice of an order: once issued, a corrected invoice stands where the cancelled one did
IN_FORCE = Q(kind="380") & ~Q(status="CREDITED") | Q(kind="384", status__in=["ISSUED", "PAID"])


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    def issued(self) -> InvoiceQuerySet:
        return self.exclude(status=InvoiceStatus.DRAFT)

    def outstanding(self) -> InvoiceQuerySet:
        """Issued invoices on which money is still expected (credit notes are not)."""
        return self.filter(status=InvoiceStatus.ISSUED).exclude(kind=InvoiceKind.CREDIT_NOTE)

    def overdue(self, *, on: date) -> InvoiceQuerySet:
        return self.outstanding().filter(due_date__lt=on)

    def partially_paid(self) -> InvoiceQuerySet:
        return self.outstanding().filter(amount_paid__gt=0)

    def in_force(self) -> InvoiceQuerySet:
        """The final invoices, drafts included, that nothing cancelled or replaced: at most one per order."""
        return self.filter(IN_FORCE)

    def oldest_debt_first(self) -> InvoiceQuerySet:
        """As money without a word of its payer pays them (art. 1342-10 C. civ.); those contested come last."""
        return self.order_by(F("disputed_at").asc(nulls_first=True), "due_date", "id")

    def for_customer(self, customer: Customer) -> InvoiceQuerySet:
        return self.filter(customer=customer)

    def with_balance(self) -> InvoiceQuerySet:
        return self.annotate(open_balance=BALANCE)

    def deductible(self) -> InvoiceQuerySet:
        """Issued deposits (386) that no credit note touches and no final invoice deducts yet."""
        live = DepositDeduction.everywhere.filter(deposit=models.OuterRef("pk"), is_live=True)
        whole = self.issued().filter(kind=InvoiceKind.DEPOSIT, amount_credited=0)
        return whole.exclude(models.Exists(live))


class InvoiceManager(ScopedManager["Invoice"].from_queryset(InvoiceQuerySet)):  # type: ignore[misc]  # dynamic base
    pass


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
        "status", "amount_paid", "amount_credited", "internal_notes", "disputed_at", "dispute_reason", "replaced_at",
        "ahead_of",
    )  # fmt: skip

    kind = models.CharField(_("type"), max_length=3, choices=InvoiceKind.choices, default=InvoiceKind.INVOICE)
    status = models.CharField(_("état"), max_length=10, choices=InvoiceStatus.choices, default=InvoiceStatus.DRAFT)
    number = models.CharField(_("numéro"), max_length=20, null=True, blank=True)
    external_reference = models.CharField(_("référence externe"), max_length=50, blank=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="invoices", verbose_name=_("client"))
    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, null=True, blank=True, related_name="invoices")
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrections")
    # the draft that a deposit without an order is asked ahead of, and within whose total it stays
    ahead_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, editable=False, db_column="ahead_of",
        related_name="deposits_ahead", verbose_name=_("en avance sur"),
    )  # fmt: skip
    credit_reason = models.CharField(_("motif de l’avoir"), max_length=200, blank=True)
    issue_date = models.DateField(_("date d’émission"), null=True, blank=True)
    due_date = models.DateField(_("échéance"), null=True, blank=True)
    supply_date = models.DateField(_("date de livraison ou d’exécution"), null=True, blank=True)
    currency = models.CharField(_("devise"), max_length=3, default="EUR")
    purchase_order = models.CharField(_("n° de commande ou d’engagement du client"), max_length=50, blank=True)
    service_code = models.CharField(_("code service"), max_length=100, blank=True)
    # BG-15 as typed; empty: where the customer has its goods delivered, read at issue and frozen in `buyer`
    delivery = models.JSONField(_("adresse de livraison"), default=dict, blank=True)
    notes = models.TextField(_("notes imprimées"), blank=True)
    internal_notes = models.TextField(_("notes internes"), blank=True)
    payment_reference = models.CharField(_("référence de paiement (RF)"), max_length=25, blank=True)
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
    disputed_at = models.DateTimeField(_("contestée le"), null=True, blank=True)
    dispute_reason = models.CharField(_("motif de contestation"), max_length=300, blank=True)
    replaced_at = models.DateTimeField(_("remplacée le"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    issued_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[InvoiceManager] = InvoiceManager()
    everywhere: ClassVar[models.Manager[Any]] = models.Manager.from_queryset(InvoiceQuerySet)()

    class Meta(CompanyRow.Meta):
        verbose_name = _("facture")
        verbose_name_plural = _("factures")
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="one_invoice_per_number"),
            models.UniqueConstraint(
                fields=["order"], condition=Q(order__isnull=False) & IN_FORCE, name="one_invoice_per_order"
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
                condition=Q(number=None) | Q(number__regex=r"^[A-Za-z0-9/_-]{1,20}$"), name="number_fits_br_fr_02"
            ),
            models.CheckConstraint(
                condition=Q(amount_paid__gte=0)
                & Q(amount_credited__gte=0)
                & Q(amount_deposited__gte=0)
                & Q(total_gross__gte=F("amount_deposited") + F("amount_paid") + F("amount_credited")),
                name="never_paid_beyond_its_total",
            ),
            models.CheckConstraint(
                condition=Q(total_gross=F("total_net") + F("total_vat")), name="gross_is_net_plus_vat"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["PAID", "CREDITED"])
                | Q(total_gross=F("amount_deposited") + F("amount_paid") + F("amount_credited")),
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
    def balance(self) -> Decimal:
        """What is still to be paid (BT-115 as of now). Zero for a credit note."""
        if self.is_credit_note:
            return Decimal("0.00")
        return self.payable - self.amount_paid - self.amount_credited

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


class InvoiceLine(DocumentLine):
    """A line; in a credit note, what it takes back of the line it credits: a quantity, or with none its price only."""

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines")
    credited_line = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="credits"
    )
    credited_quantity = models.DecimalField(
        _("quantité créditée"), max_digits=14, decimal_places=4, default=Decimal(0), editable=False
    )

    class Meta(DocumentLine.Meta):
        verbose_name = _("ligne de facture")
        verbose_name_plural = _("lignes de facture")
        indexes = [models.Index(fields=["invoice", "position"], name="line_by_invoice")]
        constraints = [
            *DocumentLine.Meta.constraints,
            models.CheckConstraint(
                condition=Q(credited_quantity=0) | Q(credited_line__isnull=False),
                name="a_credited_quantity_is_of_a_line",
            ),
        ]

    def __str__(self) -> str:
        return self.description

    def priced(self) -> PricedLine:
        line = super().priced()
        return line if self.credited_line_id is None else replace(line, net=self.net_amount)


class VatSubtotal(CompanyRow):
    """One row of the VAT breakdown (BG-23): base and tax for a category and rate, rounded once."""

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="vat_subtotals")
    category = models.CharField(_("catégorie"), max_length=2)
    rate = models.DecimalField(_("taux"), max_digits=5, decimal_places=2)
    base = models.DecimalField(_("base HT"), max_digits=16, decimal_places=2)
    amount = models.DecimalField(_("TVA"), max_digits=16, decimal_places=2)
    exemption_code = models.CharField(_("motif (VATEX)"), max_length=30, blank=True)
    exemption_reason = models.CharField(_("mention"), max_length=200, blank=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("sous-total de TVA")
        verbose_name_plural = _("sous-totaux de TVA")
        ordering = ["-rate", "category"]
        constraints = [
            models.UniqueConstraint(fields=["invoice", "category", "rate"], name="one_subtotal_per_category_and_rate")
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.rate} %"


class DepositDeduction(CompanyRow):
    """A deposit invoice (386) deducted by a final one: part of BT-113, and one of its preceding invoices (BG-3).

    A draft only proposes it. It is live from the day the final invoice is issued until that one is cancelled or
    replaced: meanwhile no other invoice deducts the deposit. A credit note carries the deductions it takes back,
    which are never live.
    """

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="deductions")
    deposit = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="deducted_by")
    gross = models.DecimalField(_("montant TTC"), max_digits=16, decimal_places=2)
    vat = models.DecimalField(_("dont TVA"), max_digits=16, decimal_places=2)
    is_live = models.BooleanField(_("déduit"), default=False)

    class Meta(CompanyRow.Meta):
        verbose_name = _("acompte déduit")
        verbose_name_plural = _("acomptes déduits")
        ordering = ["deposit_id"]
        constraints = [
            models.UniqueConstraint(fields=["invoice", "deposit"], name="a_deposit_once_per_invoice"),
            models.UniqueConstraint(fields=["deposit"], condition=Q(is_live=True), name="a_deposit_is_deducted_once"),
            models.CheckConstraint(condition=Q(gross__gt=0), name="a_deduction_is_positive"),
        ]

    def __str__(self) -> str:
        return str(self.deposit)


class DocumentKind(models.TextChoices):
    FACTURX = "FACTURX", _("Factur-X (PDF/A-3)")
    CII = "CII", _("XML CII")
    UBL = "UBL", _("XML UBL")


def _document_path(document: Any, name: str) -> str:
    return f"invoices/{document.company_id}/{document.invoice_id}/{name}"


class InvoiceDocument(CompanyRow):
    """A file made once from an issued invoice, kept byte for byte for ten years (C. com. L123-22)."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(_("format"), max_length=10, choices=DocumentKind.choices)
    file = models.FileField(_("fichier"), upload_to=_document_path, max_length=255)
    sha256 = models.CharField("SHA-256", max_length=64)
    size = models.PositiveIntegerField(_("taille"))
    verdict = models.JSONField(_("verdict de validation"), default=dict)
    created_at = models.DateTimeField(_("créé le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        constraints = [models.UniqueConstraint(fields=["invoice", "kind"], name="one_document_per_format")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.invoice_id}"
