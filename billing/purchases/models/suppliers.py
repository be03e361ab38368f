"""What is known of a supplier as one who is paid: its accounts at the bank, and how what it bills is booked."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.purchases.regimes import Regime
from config.kernel.models import CompanyRow, User
from customers.models import Customer


class SupplierIban(CompanyRow):
    """An account that a supplier was seen to ask for. Nothing is paid to one that no person has confirmed."""

    supplier = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="ibans")
    iban = models.CharField("IBAN", max_length=34)
    bic = models.CharField("BIC", max_length=11, blank=True)
    holder = models.CharField(_("titulaire"), max_length=70, blank=True)
    seen_at = models.DateTimeField(_("vu la première fois le"))
    seen_in = models.CharField(_("vu dans"), max_length=60, blank=True)  # the subject of the row that said it
    confirmed_at = models.DateTimeField(_("confirmé le"), null=True, blank=True)
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    rejected_at = models.DateTimeField(_("écarté le"), null=True, blank=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("IBAN de fournisseur")
        verbose_name_plural = _("IBAN de fournisseurs")
        constraints = [
            models.UniqueConstraint(fields=["supplier", "iban"], name="one_row_per_supplier_iban"),
            models.CheckConstraint(
                condition=Q(confirmed_at=None) | Q(rejected_at=None), name="an_iban_is_confirmed_or_rejected"
            ),
        ]
        indexes = [models.Index(fields=["company", "iban"], name="supplier_by_iban")]

    def __str__(self) -> str:
        return self.iban

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_at is not None


class SupplierRule(CompanyRow):
    """How what a supplier bills is booked: account, regime, deductible share; and whether it may pass by itself."""

    supplier = models.OneToOneField(Customer, on_delete=models.CASCADE, related_name="purchase_rule")
    account = models.CharField(_("compte de charge"), max_length=10, blank=True)
    regime = models.CharField(_("régime"), max_length=16, choices=Regime.choices, blank=True)
    deductible_share = models.DecimalField(
        _("part de TVA déductible %"), max_digits=5, decimal_places=2, default=Decimal(100)
    )
    # obtained when paid within so many days of the invoice (765)
    discount_percent = models.DecimalField(_("escompte %"), max_digits=5, decimal_places=2, default=Decimal(0))
    discount_days = models.PositiveSmallIntegerField(_("si payée sous (jours)"), default=0)
    spreads_over_months = models.PositiveSmallIntegerField(_("charge étalée sur (mois)"), default=0)
    may_validate_itself = models.BooleanField(_("validation automatique permise"), default=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("règle d’achat")
        verbose_name_plural = _("règles d’achat")
        constraints = [
            models.CheckConstraint(
                condition=Q(account="") | Q(account__regex=r"^[1-7]\d{2,9}$"), name="rule_account_is_of_the_pcg"
            ),
            models.CheckConstraint(
                condition=Q(discount_percent__gte=0) & Q(discount_percent__lt=100),
                name="purchase_discount_is_a_percent",
            ),
        ]

    def __str__(self) -> str:
        return str(self.supplier_id)
