"""SEPA direct debits: the mandate a debtor signed, each debit of an invoice, and the orders given to the bank.

EPC016-06 (Core) and EPC222-07 (B2B) rulebooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models import Email, Invoice
from config.kernel.models import CompanyRow
from customers.models import Customer
from payments.models.bank import BankAccount
from payments.models.payments import Payment


class Scheme(models.TextChoices):
    CORE = "CORE", _("SEPA Core (tous débiteurs)")
    B2B = "B2B", _("SEPA interentreprises (B2B)")


class Sequence(models.TextChoices):
    """Of a mandate. No last one (FNAL): recurrent is valid for every collection since 2016 (EPC016-06), and a mandate
    that ends is revoked, which no bank needs to be told in advance.
    """

    FIRST = "FRST", _("Premier")
    RECURRENT = "RCUR", _("Récurrent")
    ONE_OFF = "OOFF", _("Ponctuel")


class Mandate(CompanyRow):
    """What allows the company to debit an account. Signed it is frozen: another account is another mandate."""

    LAPSES_AFTER_MONTHS: ClassVar[int] = 36  # without a collection (EPC016-06, 4.1)

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="mandates", verbose_name=_("client"))
    reference = models.CharField(_("référence unique du mandat (RUM)"), max_length=35)
    scheme = models.CharField(_("type"), max_length=4, choices=Scheme.choices, default=Scheme.CORE)
    is_one_off = models.BooleanField(_("pour un seul prélèvement"), default=False)
    debtor_name = models.CharField(_("titulaire du compte"), max_length=70)
    iban = models.CharField("IBAN", max_length=34)
    bic = models.CharField("BIC", max_length=11, blank=True)
    # agreed with the debtor; the company's own when empty
    notice_days = models.PositiveSmallIntegerField(
        _("préavis convenu (jours)"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(60)]
    )
    language = models.CharField(_("langue de l’avis"), max_length=2, choices=[("fr", "Français"), ("en", "English")])
    signed_on = models.DateField(_("signé le"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("révoqué le"), null=True)
    revoked_because = models.CharField(_("motif de révocation"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("créé le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("mandat de prélèvement")
        verbose_name_plural = _("mandats de prélèvement")
        constraints = [models.UniqueConstraint(fields=["company", "reference"], name="one_mandate_per_reference")]
        indexes = [models.Index(fields=["company", "-created_at", "-id"], name="mandate_by_creation")]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return reverse("payments:mandate-detail", args=[self.pk])


class DebitOrder(CompanyRow):
    """One file pain.008 for the bank, kept as it was made. Cancelled before its date, its invoices come back."""

    number = models.CharField(_("numéro"), max_length=20)
    scheme = models.CharField(_("type"), max_length=4, choices=Scheme.choices)
    bank_account = models.ForeignKey(
        BankAccount, on_delete=models.PROTECT, related_name="debit_orders", verbose_name=_("compte bancaire")
    )
    debit_count = models.PositiveIntegerField(_("prélèvements"))
    total = models.DecimalField(_("total"), max_digits=16, decimal_places=2)
    first_collected_on = models.DateField(_("premier prélèvement le"))
    xml = models.TextField(_("fichier"), editable=False)
    sha256 = models.CharField("SHA-256", max_length=64)
    made_at = models.DateTimeField(_("fait le"))
    cancelled_at = models.DateTimeField(_("annulé le"), null=True)
    cancelled_because = models.CharField(_("motif"), max_length=200, blank=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("ordre de prélèvement")
        verbose_name_plural = _("ordres de prélèvement")
        constraints = [models.UniqueConstraint(fields=["company", "number"], name="one_debit_order_per_number")]
        indexes = [models.Index(fields=["company", "-made_at", "-id"], name="debit_order_by_date")]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("payments:debit-order-detail", args=[self.pk])


class DebitStatus(models.TextChoices):
    ANNOUNCED = "ANNOUNCED", _("Annoncé")
    ORDERED = "ORDERED", _("Demandé à la banque")
    COLLECTED = "COLLECTED", _("Encaissé")
    RETURNED = "RETURNED", _("Rejeté ou retourné")
    CANCELLED = "CANCELLED", _("Annulé")


class DirectDebit(CompanyRow):
    """One debit of one invoice: announced to the debtor, ordered from the bank, collected, perhaps returned."""

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        DebitStatus.ANNOUNCED: frozenset({DebitStatus.ORDERED, DebitStatus.CANCELLED}),
        # back to ANNOUNCED where its order is cancelled
        DebitStatus.ORDERED: frozenset({DebitStatus.ANNOUNCED, DebitStatus.COLLECTED, DebitStatus.RETURNED}),
        # back to ORDERED where the match with the bank's line is undone
        DebitStatus.COLLECTED: frozenset({DebitStatus.ORDERED, DebitStatus.RETURNED}),
        # back where the return is undone
        DebitStatus.RETURNED: frozenset({DebitStatus.COLLECTED, DebitStatus.ORDERED}),
        DebitStatus.CANCELLED: frozenset(),
    }
    PENDING: ClassVar[tuple[str, ...]] = (DebitStatus.ANNOUNCED, DebitStatus.ORDERED)

    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="debits")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="debits")
    status = models.CharField(_("état"), max_length=10, choices=DebitStatus.choices, default=DebitStatus.ANNOUNCED)
    amount = models.DecimalField(_("montant"), max_digits=16, decimal_places=2)
    collected_on = models.DateField(_("date de prélèvement"))
    sequence = models.CharField(_("séquence"), max_length=4, choices=Sequence.choices)
    end_to_end_id = models.CharField(_("référence de bout en bout"), max_length=35)
    notice = models.OneToOneField(Email, on_delete=models.PROTECT, null=True, related_name="debit")
    order = models.ForeignKey(DebitOrder, on_delete=models.PROTECT, null=True, related_name="debits")
    batch = models.CharField(_("lot"), max_length=35, blank=True)  # of the file: PmtInfId, which the bank's line bears
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, null=True, related_name="debit")
    announced_at = models.DateTimeField(_("annoncé le"))
    return_code = models.CharField(_("motif du retour"), max_length=4, blank=True)
    returned_on = models.DateField(_("retourné le"), null=True)
    handled_at = models.DateTimeField(_("retour traité le"), null=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("prélèvement")
        verbose_name_plural = _("prélèvements")
        constraints = [
            models.UniqueConstraint(fields=["company", "end_to_end_id"], name="one_debit_per_end_to_end_id"),
            # of two that debit the same invoice at once, one finds it taken
            models.UniqueConstraint(
                fields=["invoice"],
                condition=Q(status__in=["ANNOUNCED", "ORDERED"]),
                name="one_pending_debit_per_invoice",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_debit_is_positive"),
        ]
        indexes = [
            models.Index(fields=["company", "status", "collected_on"], name="debit_by_status"),
            models.Index(fields=["order", "id"], name="debit_by_order"),
        ]

    def __str__(self) -> str:
        return self.end_to_end_id

    @property
    def is_pending(self) -> bool:
        return self.status in self.PENDING

    def is_late(self, today: date) -> bool:
        """Its day has passed and the bank says nothing yet."""
        return self.status == DebitStatus.ORDERED and self.collected_on < today
