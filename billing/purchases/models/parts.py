"""What a supplier invoice is made of, and what settles it without money: credit notes used, deposits deducted."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.purchases.models.invoices import PurchaseInvoice
from billing.purchases.regimes import Regime
from config.kernel.models import CompanyRow


class PurchaseLine(CompanyRow):
    """So much of a purchase, on one account, under one regime of VAT. `net` is BT-131."""

    purchase = models.ForeignKey(PurchaseInvoice, on_delete=models.CASCADE, related_name="lines", db_index=False)
    position = models.PositiveSmallIntegerField(_("position"))
    description = models.CharField(_("désignation"), max_length=500)
    quantity = models.DecimalField(_("quantité"), max_digits=14, decimal_places=4, null=True, blank=True)
    unit_price = models.DecimalField(_("prix unitaire HT"), max_digits=16, decimal_places=6, null=True, blank=True)
    net = models.DecimalField(_("montant HT"), max_digits=16, decimal_places=2)
    vat_category = models.CharField(_("catégorie de TVA"), max_length=2, default="S")
    vat_rate = models.DecimalField(_("taux de TVA"), max_digits=5, decimal_places=2)
    regime = models.CharField(_("régime"), max_length=16, choices=Regime.choices, default=Regime.SERVICES)
    account = models.CharField(_("compte"), max_length=10, blank=True)
    # why this account was proposed: {kind, …}; empty where a person chose it
    proposed_because = models.JSONField(_("proposé parce que"), default=dict, blank=True)
    deductible_share = models.DecimalField(
        _("part de TVA déductible %"), max_digits=5, decimal_places=2, default=Decimal(100)
    )
    # what is paid for in advance: the charge is spread over these days (486)
    starts_on = models.DateField(_("période du"), null=True, blank=True)
    ends_on = models.DateField(_("au"), null=True, blank=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("ligne d’achat")
        verbose_name_plural = _("lignes d’achat")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["purchase", "position"], name="one_purchase_line_per_position"),
            models.CheckConstraint(
                condition=Q(deductible_share__gte=0) & Q(deductible_share__lte=100),
                name="deductible_share_is_a_percent",
            ),
            models.CheckConstraint(
                condition=Q(account="") | Q(account__regex=r"^[1-7]\d{2,9}$"), name="purchase_account_is_of_the_pcg"
            ),
            models.CheckConstraint(
                condition=Q(starts_on=None, ends_on=None) | Q(starts_on__lte=F("ends_on")),
                name="a_prepaid_period_has_both_ends",
            ),
            models.CheckConstraint(condition=Q(vat_rate__gte=0), name="purchase_rate_is_not_negative"),
        ]

    def __str__(self) -> str:
        return self.description


class PurchaseVat(CompanyRow):
    """One row of the supplier's VAT breakdown (BG-23), as written: no more than that is deducted."""

    purchase = models.ForeignKey(PurchaseInvoice, on_delete=models.CASCADE, related_name="vat_rows", db_index=False)
    category = models.CharField(_("catégorie"), max_length=2, default="S")
    rate = models.DecimalField(_("taux"), max_digits=5, decimal_places=2)
    base = models.DecimalField(_("base HT"), max_digits=16, decimal_places=2)
    amount = models.DecimalField(_("TVA"), max_digits=16, decimal_places=2)

    class Meta(CompanyRow.Meta):
        verbose_name = _("TVA d’un achat")
        verbose_name_plural = _("TVA des achats")
        ordering = ["-rate", "category"]
        constraints = [
            models.UniqueConstraint(fields=["purchase", "category", "rate"], name="one_purchase_vat_per_rate"),
        ]

    def __str__(self) -> str:
        return f"{self.rate} % : {self.amount}"


class PurchaseCredit(CompanyRow):
    """So much of a supplier's credit note settles an invoice of the same supplier. Negative when it is taken back."""

    credit_note = models.ForeignKey(PurchaseInvoice, on_delete=models.PROTECT, related_name="credits_given")
    purchase = models.ForeignKey(PurchaseInvoice, on_delete=models.PROTECT, related_name="credits_taken")
    amount = models.DecimalField(_("montant"), max_digits=16, decimal_places=2)
    at = models.DateTimeField(_("date"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("avoir imputé")
        verbose_name_plural = _("avoirs imputés")
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="a_used_credit_is_something"),
            models.CheckConstraint(condition=~Q(credit_note=F("purchase")), name="a_credit_note_settles_another"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} ← {self.credit_note_id}"


class PurchaseSettlement(CompanyRow):
    """Money that was counted on a purchase. Negative when it is taken back; `day` is that of the entries, in Paris."""

    purchase = models.ForeignKey(PurchaseInvoice, on_delete=models.PROTECT, related_name="settlements")
    amount = models.DecimalField(_("montant"), max_digits=16, decimal_places=2)
    paid_on = models.DateField(_("payé le"))
    day = models.DateField(_("comptabilisé le"))
    at = models.DateTimeField(_("date"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("règlement d’un achat")
        verbose_name_plural = _("règlements d’achats")
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="a_purchase_settlement_is_something")]

    def __str__(self) -> str:
        return f"{self.amount} → {self.purchase_id}"


class PurchaseDeposit(CompanyRow):
    """A deposit invoice that a final one deducts (BT-113), with the VAT that was in it.

    `is_live` ends when the final is replaced: the invoice that replaces it may deduct the deposit again.
    """

    purchase = models.ForeignKey(PurchaseInvoice, on_delete=models.CASCADE, related_name="deposits")
    deposit = models.ForeignKey(PurchaseInvoice, on_delete=models.PROTECT, related_name="deducted_by")
    amount = models.DecimalField(_("montant TTC"), max_digits=16, decimal_places=2)
    vat = models.DecimalField(_("TVA"), max_digits=16, decimal_places=2)
    is_live = models.BooleanField(_("en vigueur"), default=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("acompte déduit d’un achat")
        verbose_name_plural = _("acomptes déduits d’achats")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_deducted_purchase_deposit_is_something"),
            models.UniqueConstraint(
                fields=["deposit"], condition=Q(is_live=True), name="one_living_deduction_per_purchase_deposit"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deposit_id} → {self.purchase_id}"
