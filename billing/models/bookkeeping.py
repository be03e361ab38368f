"""What the accountant decides and writes: names of journals, accounts of sales, entries by hand, opening balances."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models.products import Product
from config.kernel.models import CompanyRow


class LedgerJournal(CompanyRow):
    """A journal that the company added to the common ones, or named in its own words (JournalLib of the FEC)."""

    code = models.CharField(_("code"), max_length=5)
    name = models.CharField(_("intitulé"), max_length=60)

    class Meta(CompanyRow.Meta):
        verbose_name = _("journal")
        verbose_name_plural = _("journaux")
        constraints = [
            models.UniqueConstraint(fields=["company", "code"], name="one_journal_per_code"),
            models.CheckConstraint(condition=Q(code__regex=r"^[A-Z][A-Z0-9]{1,4}$"), name="a_journal_has_a_code"),
            models.CheckConstraint(condition=~Q(name=""), name="a_journal_has_a_name"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Nature(models.TextChoices):
    SERVICES = "SERVICES", _("Prestations de services")
    GOODS = "GOODS", _("Biens")


class SalesAccountRule(CompanyRow):
    """The account of class 7 on which sales go: of a product; else of a group of customers; else of goods or services.

    Without product and without group it is the company's account. Without `nature`: of goods and services alike.
    """

    product = models.ForeignKey(
        Product, on_delete=models.CASCADE, null=True, related_name="+", verbose_name=_("article")
    )
    group = models.CharField(_("groupe de clients"), max_length=40, blank=True)
    nature = models.CharField(_("nature"), max_length=8, choices=Nature.choices, blank=True)
    account = models.CharField(_("compte"), max_length=10)

    class Meta(CompanyRow.Meta):
        verbose_name = _("compte de vente")
        verbose_name_plural = _("comptes de vente")
        constraints = [
            models.UniqueConstraint(
                fields=["product"], condition=Q(product__isnull=False), name="one_sales_account_per_product"
            ),
            models.UniqueConstraint(
                fields=["company", "group", "nature"], condition=Q(product=None), name="one_sales_account_per_case"
            ),
            models.CheckConstraint(
                condition=Q(product=None) | Q(group="", nature=""), name="a_sales_account_is_of_a_product_or_not"
            ),
            models.CheckConstraint(condition=Q(account__regex=r"^7[0-9]{5,9}$"), name="sales_are_of_class_7"),
        ]

    def __str__(self) -> str:
        return self.account


class ManualKind(models.TextChoices):
    MANUAL = "MANUAL", _("Écriture manuelle")
    OPENING = "OPENING", _("À-nouveaux")
    REVERSAL = "REVERSAL", _("Contre-passation")


class ManualEntry(CompanyRow):
    """Why an entry was written by hand, the source of its journal entry: its lines stand there. Frozen as written.

    A REVERSAL is the opposite of the one that it `reverses`. `opens_on`: the first day of the year whose balances came.
    """

    MUTABLE: ClassVar[tuple[str, ...]] = ("reversed_at",)

    kind = models.CharField(_("nature"), max_length=8, choices=ManualKind.choices, default=ManualKind.MANUAL)
    journal = models.CharField(_("journal"), max_length=5)
    day = models.DateField(_("date"))
    piece = models.CharField(_("pièce"), max_length=40)
    label = models.CharField(_("libellé"), max_length=200)
    opens_on = models.DateField(_("à-nouveaux du"), null=True)
    reverses = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="reversal", verbose_name=_("contre-passe")
    )
    reason = models.CharField(_("motif"), max_length=200, blank=True)
    written_at = models.DateTimeField(_("écrite le"))
    reversed_at = models.DateTimeField(_("contre-passée le"), null=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("écriture manuelle")
        verbose_name_plural = _("écritures manuelles")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "opens_on"], condition=Q(reversed_at=None), name="one_opening_per_fiscal_year"
            ),
            models.CheckConstraint(
                condition=Q(kind="MANUAL", opens_on=None, reverses=None)
                | Q(kind="OPENING", opens_on__isnull=False, reverses=None)
                | Q(kind="REVERSAL", opens_on=None, reverses__isnull=False, reversed_at=None),
                name="a_manual_entry_is_what_its_kind_says",
            ),
        ]
        indexes = [models.Index(fields=["company", "-written_at"], name="manual_entry_by_time")]

    def __str__(self) -> str:
        return self.piece

    def get_absolute_url(self) -> str:
        return reverse("billing:manual-entry", args=[self.pk])
