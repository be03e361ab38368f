"""How a company reminds, and how one of its customers wants it otherwise: what is empty follows the company."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from config.kernel.models import CompanyRow
from customers.models import Contact, Customer
from payments.dunning.models.reminders import ReminderLevel


class Language(models.TextChoices):
    FRENCH = "fr", "Français"
    ENGLISH = "en", "English"


class ReminderSettings(CompanyRow):
    """One row for the company (`customer` empty), one for each customer that differs.

    The company's own delays are columns of the company. `notice_days`: what a formal notice leaves to pay, in days.
    """

    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, null=True, blank=True, related_name="reminder_settings"
    )
    never = models.BooleanField(_("ne jamais relancer"), default=False)
    is_grouped = models.BooleanField(_("une seule lettre pour toutes ses factures"), null=True)
    with_statement = models.BooleanField(_("relevé de compte joint"), null=True)
    language = models.CharField(_("langue des lettres"), max_length=2, choices=Language.choices, blank=True)
    friendly_after_days = models.PositiveSmallIntegerField(_("relance amicale à J+"), null=True, blank=True)
    firm_after_days = models.PositiveSmallIntegerField(_("relance ferme à J+"), null=True, blank=True)
    final_after_days = models.PositiveSmallIntegerField(_("mise en demeure à J+"), null=True, blank=True)
    notice_days = models.PositiveSmallIntegerField(
        _("délai laissé par la mise en demeure (jours)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(8), MaxValueValidator(15)],
    )
    contact = models.ForeignKey(
        Contact, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("destinataire"), related_name="+"
    )

    class Meta(CompanyRow.Meta):
        verbose_name = _("réglages des relances")
        verbose_name_plural = _("réglages des relances")
        constraints = [
            models.UniqueConstraint(fields=["company"], condition=Q(customer=None), name="one_reminder_settings"),
            models.CheckConstraint(
                condition=Q(friendly_after_days=None, firm_after_days=None, final_after_days=None)
                | Q(friendly_after_days__gte=1)
                & Q(firm_after_days__gt=F("friendly_after_days"))
                & Q(final_after_days__gt=F("firm_after_days")),
                name="own_delays_in_order",
            ),
            models.CheckConstraint(condition=~Q(customer=None, never=True), name="a_company_has_its_own_switch"),
            models.CheckConstraint(
                condition=Q(notice_days=None) | Q(notice_days__range=(8, 15)), name="a_notice_leaves_8_to_15_days"
            ),
        ]

    def __str__(self) -> str:
        return str(self.customer or self.company)


class ReminderText(CompanyRow):
    """The words of one level in one language, in the place of the product's own; for one customer, of the company's."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, null=True, blank=True, related_name="reminder_texts"
    )
    level = models.PositiveSmallIntegerField(_("niveau"), choices=ReminderLevel.choices)
    language = models.CharField(_("langue"), max_length=2, choices=Language.choices)
    subject_line = models.CharField(_("objet"), max_length=200)
    body = models.TextField(_("texte"), max_length=5000)

    class Meta(CompanyRow.Meta):
        verbose_name = _("texte de relance")
        verbose_name_plural = _("textes de relance")
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "level", "language"], condition=~Q(customer=None), name="one_text_of_a_customer"
            ),
            models.UniqueConstraint(
                fields=["company", "level", "language"], condition=Q(customer=None), name="one_text_of_a_company"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()} ({self.language})"
