"""What an invoice is made of, frozen with it: lines, VAT breakdown, deposits deducted; and the files made of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.invoices import Invoice
from billing.models.lines import DocumentLine
from billing.totals import PricedLine
from config.kernel.models import CompanyRow


class InvoiceLine(DocumentLine):
    """A line; in a credit note, what it takes back of the line it credits: a quantity, or with none its price only."""

    # found by line_by_invoice
    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines", db_index=False)
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

    # found by one_subtotal_per_category_and_rate
    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="vat_subtotals", db_index=False)
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
