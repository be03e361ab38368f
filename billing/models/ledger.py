"""The journal: double entry, written in the same transaction as the fact. Source of the FEC (LPF A47 A-1)."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.invoices import Invoice
from config.kernel.models import CompanyRow
from customers.models import Customer


class Journal(models.TextChoices):
    SALES = "VE", _("Ventes")
    PURCHASES = "HA", _("Achats")
    BANK = "BQ", _("Banque")
    MISCELLANEOUS = "OD", _("Opérations diverses")
    OPENING = "AN", _("À-nouveaux")


class JournalEntry(CompanyRow):
    """One balanced entry. `source` names the fact it records ("billing.invoice:…", "payments.payment:…")."""

    # one of Journal, or that of a bank: BQ1
    journal = models.CharField(_("journal"), max_length=5)
    number = models.CharField(_("numéro d’écriture"), max_length=20)
    day = models.DateField(_("date"))
    label = models.CharField(_("libellé"), max_length=200)
    piece = models.CharField(_("pièce"), max_length=40)
    piece_date = models.DateField(_("date de pièce"))
    source = models.CharField(max_length=60)
    created_at = models.DateTimeField()

    class Meta(CompanyRow.Meta):
        verbose_name = _("écriture")
        verbose_name_plural = _("écritures")
        constraints = [models.UniqueConstraint(fields=["company", "number"], name="one_entry_per_number")]
        indexes = [
            models.Index(fields=["company", "day", "number"], name="entry_by_day"),
            models.Index(fields=["source"], name="entry_by_source"),
        ]

    def __str__(self) -> str:
        return self.number


class JournalLine(CompanyRow):
    """One side of an entry: an account of the PCG, debit or credit, never both. `day` is that of its entry.

    `currency_amount` is the same in `currency`, debit positive, where the fact was in another than that of the books.
    A line that `is_carried` repeats at the head of a year what stands in earlier ones, `carried_line` where that is
    one open item: sums over several years leave it out.
    `base` is what a line of VAT is the tax of, debit positive. `invoice` is the one whose VAT waits for its payment, on
    44574, and moves to 44571 with what is paid of it.
    """

    # found by journal_line_by_entry
    entry = models.ForeignKey(JournalEntry, on_delete=models.PROTECT, related_name="lines", db_index=False)
    position = models.PositiveSmallIntegerField()
    day = models.DateField(_("date"))
    account = models.CharField(_("compte"), max_length=10)
    # found by journal_line_by_customer
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    label = models.CharField(_("libellé"), max_length=200)
    debit = models.DecimalField(_("débit"), max_digits=16, decimal_places=2, default=Decimal("0"))
    credit = models.DecimalField(_("crédit"), max_digits=16, decimal_places=2, default=Decimal("0"))

    due_date = models.DateField(_("échéance"), null=True)
    currency = models.CharField(_("devise"), max_length=3, blank=True, default="")
    currency_amount = models.DecimalField(_("montant en devise"), max_digits=16, decimal_places=2, null=True)
    is_carried = models.BooleanField(_("report à nouveau"), default=False)
    carried_line = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("ligne reportée")
    )
    base = models.DecimalField(_("base de TVA"), max_digits=16, decimal_places=2, null=True)
    # found by journal_line_by_invoice
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta(CompanyRow.Meta):
        verbose_name = _("ligne d’écriture")
        verbose_name_plural = _("lignes d’écriture")
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(
                condition=Q(debit__gt=0, credit=0) | Q(debit=0, credit__gt=0), name="a_line_has_one_side"
            ),
            models.CheckConstraint(condition=Q(account__regex=r"^\d{3,10}$"), name="account_is_of_the_pcg"),
            models.CheckConstraint(
                condition=Q(currency="", currency_amount=None) | ~Q(currency="") & Q(currency_amount__isnull=False),
                name="a_currency_has_its_amount",
            ),
        ]
        indexes = [
            models.Index(fields=["entry", "position"], name="journal_line_by_entry"),
            models.Index(fields=["company", "account", "day"], name="journal_line_by_account"),
            models.Index(
                fields=["customer", "account", "day"],
                condition=Q(customer__isnull=False),
                name="journal_line_by_customer",
            ),
            models.Index(
                fields=["invoice", "account"], condition=Q(invoice__isnull=False), name="journal_line_by_invoice"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.debit - self.credit}"
