"""Cheques, cash and cards taken to the bank together (remise), and what the company decided about collecting."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from config.kernel.models import CompanyRow
from payments.models.bank import BankAccount
from payments.models.payments import Method, Payment

REMITTED = (Method.CHECK, Method.CASH, Method.CARD)  # what waits outside the bank until it is taken there


class CollectionSettings(CompanyRow):
    """How a company collects: its creditor identifier (ICS), its notice of debits, the limits of cash (D112-3 CMF)."""

    creditor_identifier = models.CharField(_("identifiant créancier SEPA (ICS)"), max_length=35, blank=True)
    notice_days = models.PositiveSmallIntegerField(
        _("préavis de prélèvement (jours)"),
        default=14,
        validators=[MinValueValidator(1), MaxValueValidator(60)],
    )
    # since November 2016 a first collection may be presented as a recurrent one (EPC016-06, AT-21)
    first_is_recurrent = models.BooleanField(_("premier prélèvement présenté comme récurrent"), default=True)
    cash_limit = models.DecimalField(
        _("plafond d’un paiement en espèces (€)"), max_digits=16, decimal_places=2, default=Decimal("1000")
    )
    # a debtor who has no tax home in France and does not act for a business
    cash_limit_abroad = models.DecimalField(
        _("plafond pour un particulier non résident (€)"), max_digits=16, decimal_places=2, default=Decimal("15000")
    )

    class Meta(CompanyRow.Meta):
        verbose_name = _("réglages d’encaissement")
        verbose_name_plural = _("réglages d’encaissement")
        constraints = [
            models.UniqueConstraint(fields=["company"], name="one_collection_settings_per_company"),
            models.CheckConstraint(
                condition=Q(cash_limit__gte=0, cash_limit_abroad__gte=0, notice_days__gte=1),
                name="collection_settings_are_sensible",
            ),
        ]

    def __str__(self) -> str:
        return self.creditor_identifier or "–"


class Remittance(CompanyRow):
    """What was taken to the bank on one slip. Nothing is booked by it: 512 is debited when the bank credits it."""

    number = models.CharField(_("numéro"), max_length=20)
    method = models.CharField(_("moyen"), max_length=10, choices=[(one.value, one.label) for one in REMITTED])
    bank_account = models.ForeignKey(
        BankAccount, on_delete=models.PROTECT, related_name="remittances", verbose_name=_("compte bancaire")
    )
    remitted_on = models.DateField(_("date de remise"))
    at = models.DateTimeField(_("enregistrée le"))
    cancelled_at = models.DateTimeField(_("annulée le"), null=True)
    cancelled_because = models.CharField(_("motif"), max_length=200, blank=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("remise")
        verbose_name_plural = _("remises")
        constraints = [models.UniqueConstraint(fields=["company", "number"], name="one_remittance_per_number")]
        indexes = [models.Index(fields=["company", "-remitted_on", "-id"], name="remittance_by_date")]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("payments:remittance-detail", args=[self.pk])


class RemittanceLine(CompanyRow):
    """One payment on the slip. Taken off it, the line stays as history and the payment may be remitted again.

    `amount` is the payment's, less for cash of which a part stayed in the till.
    """

    remittance = models.ForeignKey(Remittance, on_delete=models.PROTECT, related_name="lines")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="remittance_lines")
    amount = models.DecimalField(_("montant"), max_digits=16, decimal_places=2)
    removed_at = models.DateTimeField(_("retiré le"), null=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("ligne de remise")
        verbose_name_plural = _("lignes de remise")
        constraints = [
            # of two slips made at once, one finds the payment taken
            models.UniqueConstraint(
                fields=["payment"], condition=Q(removed_at=None), name="a_payment_is_remitted_once"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_remitted_amount_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} → {self.remittance_id}"
