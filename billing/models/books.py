"""What frames the journal: the accounts of a company, its fiscal years, what is closed, and what is lettered."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models.ledger import JournalLine
from config.kernel.models import CompanyRow
from customers.models import Customer


class LedgerAccount(CompanyRow):
    """An account that the company added to the common chart, or named in its own words. A code in use never changes."""

    code = models.CharField(_("compte"), max_length=10)
    name = models.CharField(_("intitulé"), max_length=100)
    is_open = models.BooleanField(_("utilisable"), default=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("compte comptable")
        verbose_name_plural = _("comptes comptables")
        constraints = [
            models.UniqueConstraint(fields=["company", "code"], name="one_account_per_code"),
            models.CheckConstraint(condition=Q(code__regex=r"^[1-8]\d{2,9}$"), name="a_code_is_of_the_chart"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class FiscalYear(CompanyRow):
    """An accounting period (exercice, C. com. L123-12). Where none is written, years are those of the calendar."""

    starts_on = models.DateField(_("du"))
    ends_on = models.DateField(_("au"))
    closed_at = models.DateTimeField(_("clôturé le"), null=True, editable=False)

    MUTABLE: ClassVar[tuple[str, ...]] = ("starts_on", "ends_on", "closed_at")

    class Meta(CompanyRow.Meta):
        verbose_name = _("exercice")
        verbose_name_plural = _("exercices")
        constraints = [
            models.UniqueConstraint(fields=["company", "starts_on"], name="one_fiscal_year_per_start"),
            models.UniqueConstraint(fields=["company", "ends_on"], name="one_fiscal_year_per_end"),
            models.CheckConstraint(condition=Q(ends_on__gt=F("starts_on")), name="a_fiscal_year_ends_after_its_start"),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on:%d/%m/%Y} – {self.ends_on:%d/%m/%Y}"


class ClosedName(CompanyRow):
    """How an account, a journal or a third party was called on the day a fiscal year was closed. Append-only.

    The file of that year says it, whatever it is called since. `code`: of a third party, its key.
    """

    ACCOUNT, JOURNAL, THIRD = "ACCOUNT", "JOURNAL", "THIRD"

    year = models.ForeignKey(FiscalYear, on_delete=models.PROTECT, related_name="names", verbose_name=_("exercice"))
    kind = models.CharField(_("nature"), max_length=7)
    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("intitulé"), max_length=255)

    class Meta(CompanyRow.Meta):
        verbose_name = _("intitulé à la clôture")
        verbose_name_plural = _("intitulés à la clôture")
        constraints = [models.UniqueConstraint(fields=["year", "kind", "code"], name="one_name_at_closing")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class ClosingKind(models.TextChoices):
    SOFT = "SOFT", _("Réservée au comptable")
    HARD = "HARD", _("Définitive")


class Closing(CompanyRow):
    """The books are closed through a day. Append-only.

    HARD: PostgreSQL refuses every entry of those days, and the greatest day counts. SOFT: only owners and accountants
    write there, and the latest row counts, so that it can be lifted.
    """

    kind = models.CharField(_("clôture"), max_length=4, choices=ClosingKind.choices)
    through = models.DateField(_("jusqu’au"))
    at = models.DateTimeField(_("le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("clôture")
        verbose_name_plural = _("clôtures")
        indexes = [models.Index(fields=["company", "kind", "-through"], name="closing_by_company")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.through:%d/%m/%Y}"


class LetteringOrigin(models.TextChoices):
    ALLOCATION = "ALLOCATION", _("Affectation")
    HAND = "HAND", _("À la main")


class Lettering(CompanyRow):
    """Lines of one account and third party that settle one another to zero (EcritureLet, DateLet of the FEC).

    Not part of the entries: it is undone without touching them. `effective_on` is the latest day of its lines, by which
    reports of a past day read it; `lettered_on` the day of the act. A letter is never used again on its account.
    """

    MUTABLE: ClassVar[tuple[str, ...]] = ("undone_at",)

    account = models.CharField(_("compte"), max_length=10)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("tiers")
    )
    letter = models.CharField(_("lettre"), max_length=6)
    lettered_on = models.DateField(_("lettré le"))
    effective_on = models.DateField(_("effet au"))
    origin = models.CharField(_("origine"), max_length=10, choices=LetteringOrigin.choices)
    at = models.DateTimeField(_("date"))
    undone_at = models.DateTimeField(_("délettré le"), null=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("lettrage")
        verbose_name_plural = _("lettrages")
        constraints = [
            models.UniqueConstraint(fields=["company", "account", "letter"], name="a_letter_is_used_once"),
        ]
        indexes = [models.Index(fields=["company", "customer", "account"], name="lettering_by_third_party")]

    def __str__(self) -> str:
        return f"{self.account} {self.letter}"


class LetteredLine(CompanyRow):
    """A line of a lettering. A line is in one that stands at most."""

    MUTABLE: ClassVar[tuple[str, ...]] = ("is_live",)

    lettering = models.ForeignKey(Lettering, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(JournalLine, on_delete=models.PROTECT, related_name="letterings", db_index=False)
    is_live = models.BooleanField(default=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("ligne lettrée")
        verbose_name_plural = _("lignes lettrées")
        constraints = [
            models.UniqueConstraint(fields=["line"], condition=Q(is_live=True), name="a_line_is_lettered_once")
        ]
        indexes = [models.Index(fields=["line"], name="lettering_by_line")]

    def __str__(self) -> str:
        return f"{self.lettering} {self.line_id}"
