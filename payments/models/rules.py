"""What a company always books in the same way: bank lines that pay no invoice."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from config.kernel.models import CompanyRow
from payments.models.bank import BankAccount


class Direction(models.TextChoices):
    ANY = "ANY", _("Entrées et sorties")
    IN = "IN", _("Entrées")
    OUT = "OUT", _("Sorties")


class BankRule(CompanyRow):
    """Lines like this are booked on that account. The first rule that fits counts, by `position`.

    `text`: words that all stand in what the bank writes. `amount_min` and `amount_max` are without sign. Alone it only
    proposes: it acts by itself once a person has made it `is_automatic`, and after all that may be an invoice's.
    """

    position = models.PositiveSmallIntegerField()
    name = models.CharField(_("nom"), max_length=80)
    text = models.CharField(_("mots du libellé"), max_length=140, blank=True)
    counterparty = models.CharField(_("contrepartie"), max_length=140, blank=True)
    counterparty_iban = models.CharField(_("IBAN de la contrepartie"), max_length=34, blank=True)
    direction = models.CharField(_("sens"), max_length=3, choices=Direction.choices, default=Direction.ANY)
    amount_min = models.DecimalField(_("montant minimal"), max_digits=16, decimal_places=2, null=True)
    amount_max = models.DecimalField(_("montant maximal"), max_digits=16, decimal_places=2, null=True)
    bank_account = models.ForeignKey(
        BankAccount, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("compte bancaire")
    )
    ledger_account = models.CharField(_("compte"), max_length=10)
    vat_rate = models.DecimalField(_("taux de TVA"), max_digits=5, decimal_places=2, null=True)
    vat_account = models.CharField(_("compte de TVA"), max_length=10, blank=True)
    label = models.CharField(_("libellé de l’écriture"), max_length=140, blank=True)
    is_automatic = models.BooleanField(_("s’applique seule"), default=False)
    made_at = models.DateTimeField(_("faite le"))
    archived_at = models.DateTimeField(_("archivée le"), null=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("règle bancaire")
        verbose_name_plural = _("règles bancaires")
        constraints = [
            models.CheckConstraint(
                condition=~Q(text="") | ~Q(counterparty="") | ~Q(counterparty_iban=""), name="a_rule_names_something"
            ),
            models.CheckConstraint(
                condition=Q(vat_rate=None, vat_account="") | Q(vat_rate__gt=0) & ~Q(vat_account=""),
                name="vat_has_rate_and_account",
            ),
        ]
        indexes = [models.Index(fields=["company", "position"], name="rule_by_position")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("payments:rule-edit", args=[self.pk])
