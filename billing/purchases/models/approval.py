"""Who gives the « bon à payer » to what: rules, who stands in for whom, and what was given."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.purchases.models.invoices import PurchaseInvoice
from config.kernel.models import CompanyRow, User
from config.kernel.scope import ScopedManager
from customers.models import Customer


class ApprovalRule(CompanyRow):
    """From an amount on, of a supplier or of any, for an account or any: one of its approvers must say yes."""

    name = models.CharField(_("intitulé"), max_length=80)
    above = models.DecimalField(_("à partir de (TTC)"), max_digits=16, decimal_places=2, default=Decimal(0))
    supplier = models.ForeignKey(
        Customer, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("fournisseur")
    )
    # the beginning of an account, as 2 for every fixed asset
    account = models.CharField(_("compte commençant par"), max_length=10, blank=True)
    # from this amount on, who recorded or corrected the invoice may not approve it too
    separate_above = models.DecimalField(
        _("autre personne que celle qui a saisi, à partir de (TTC)"),
        max_digits=16,
        decimal_places=2,
        null=True,
        blank=True,
    )
    ended_at = models.DateTimeField(_("retirée le"), null=True, blank=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("règle d’approbation")
        verbose_name_plural = _("règles d’approbation")
        ordering = ["above", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(above__gte=0), name="approval_begins_at_an_amount"),
            models.CheckConstraint(
                condition=Q(account="") | Q(account__regex=r"^[1-7]\d{0,9}$"), name="approval_account_is_of_the_pcg"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RuleApprover(CompanyRow):
    """One of those who may approve under a rule."""

    rule = models.ForeignKey(ApprovalRule, on_delete=models.CASCADE, related_name="approvers")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", verbose_name=_("approbateur"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("approbateur")
        verbose_name_plural = _("approbateurs")
        constraints = [models.UniqueConstraint(fields=["rule", "user"], name="one_row_per_rule_and_approver")]

    def __str__(self) -> str:
        return str(self.user_id)


class DelegationQuerySet(models.QuerySet["Delegation"]):
    def in_force(self, *, on: date) -> DelegationQuerySet:
        return self.filter(ended_at=None, starts_on__lte=on, ends_on__gte=on)


class DelegationManager(ScopedManager["Delegation"].from_queryset(DelegationQuerySet)):  # type: ignore[misc]  # dynamic base
    pass


class Delegation(CompanyRow):
    """Between two days, both included, `delegate` may approve in place of `approver`."""

    approver = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", verbose_name=_("approbateur"))
    delegate = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", verbose_name=_("remplaçant"))
    starts_on = models.DateField(_("du"))
    ends_on = models.DateField(_("au"))
    ended_at = models.DateTimeField(_("retirée le"), null=True, blank=True)

    objects: ClassVar[DelegationManager] = DelegationManager()
    everywhere: ClassVar[models.Manager[Any]] = models.Manager.from_queryset(DelegationQuerySet)()

    class Meta(CompanyRow.Meta):
        verbose_name = _("délégation")
        verbose_name_plural = _("délégations")
        ordering = ["starts_on", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(starts_on__lte=F("ends_on")), name="a_delegation_begins_and_ends"),
            models.CheckConstraint(condition=~Q(approver=F("delegate")), name="nobody_delegates_to_themselves"),
        ]

    def __str__(self) -> str:
        return f"{self.approver_id} → {self.delegate_id}"


class PurchaseApproval(CompanyRow):
    """That a person approved a purchase under a rule, for themselves or in the place of another."""

    purchase = models.ForeignKey(PurchaseInvoice, on_delete=models.CASCADE, related_name="approvals")
    rule = models.ForeignKey(ApprovalRule, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    on_behalf_of = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(_("donné le"))
    withdrawn_at = models.DateTimeField(_("retiré le"), null=True, blank=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("bon à payer")
        verbose_name_plural = _("bons à payer")
        constraints = [
            models.UniqueConstraint(
                fields=["purchase", "rule"], condition=Q(withdrawn_at=None), name="one_living_approval_per_rule"
            )
        ]

    def __str__(self) -> str:
        return f"{self.purchase_id}: {self.user_id}"


class PurchaseSettings(CompanyRow):
    """What a company decided about its purchases: how far an invoice may lie from its order and its receipt."""

    price_tolerance_percent = models.DecimalField(
        _("écart de prix toléré %"), max_digits=5, decimal_places=2, default=Decimal(0)
    )
    # of a line, whatever the percentage: cents of rounding are no quarrel
    price_tolerance_amount = models.DecimalField(
        _("écart de prix toléré par ligne"), max_digits=16, decimal_places=2, default=Decimal("0.05")
    )
    quantity_tolerance_percent = models.DecimalField(
        _("écart de quantité toléré %"), max_digits=5, decimal_places=2, default=Decimal(0)
    )
    requires_receipt = models.BooleanField(_("réception exigée avant le paiement"), default=True)
    # from this amount on nothing passes without a person, however sure its reading is; none: no limit
    person_above = models.DecimalField(
        _("une personne vérifie à partir de (TTC)"), max_digits=16, decimal_places=2, null=True, blank=True
    )

    class Meta(CompanyRow.Meta):
        verbose_name = _("réglages des achats")
        verbose_name_plural = _("réglages des achats")
        constraints = [
            models.UniqueConstraint(fields=["company"], name="one_row_of_purchase_settings"),
            models.CheckConstraint(
                condition=Q(price_tolerance_percent__gte=0)
                & Q(price_tolerance_amount__gte=0)
                & Q(quantity_tolerance_percent__gte=0),
                name="purchase_tolerances_are_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return str(self.company_id)
