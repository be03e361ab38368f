"""What the owner types about the company, its platform and its bank accounts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.forms.models import fields_for_model
from django.utils.translation import gettext_lazy as _

from config.kernel import typography
from config.kernel.editing import RecordForm
from config.kernel.forms import TextField
from config.kernel.models import Company, VatRegime
from payments.models import BankAccount
from payments.services.accounts import free_ledger_account

SECRET_KEPT = _("Enregistré chiffré, jamais affiché. Laissez vide pour garder celui qui est enregistré.")
# how the long form reads, part by part
SECTIONS: tuple[tuple[Any, Any, tuple[str, ...]], ...] = (
    (
        _("Identité"), "",
        (
            "name", "legal_form", "share_capital", "size", "siret", "rcs_city", "vat_number", "vat_regime",
            "vat_on_debits",
        ),
    ),
    (_("Coordonnées"), "", ("address_line", "address_extra", "postcode", "city", "email", "phone")),
    (
        _("Facturation"), _("Imprimé sur les factures émises à partir de maintenant ; les autres ne changent pas."),
        (
            "electronic_address", "iban", "bic", "late_penalty_mention", "recovery_mention", "discount_mention",
        ),
    ),
    (
        _("Relances"), _("En jours après l’échéance. La mise en demeure attend toujours qu’une personne l’envoie."),
        ("reminders_enabled", "friendly_after_days", "firm_after_days", "final_after_days"),
    ),
)  # fmt: skip

# what of it is of French law, and no question to a Swiss company
FRENCH_ALONE = ("siret", "rcs_city", "size", "vat_on_debits", "electronic_address")
SWISS_REGIMES = [
    (VatRegime.NORMAL, _("Assujettie, contre-prestations convenues")),
    (VatRegime.FRANCHISE, _("Non assujettie (art. 10 LTVA)")),
]


class CompanyForm(RecordForm):
    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        shown = [name for _title, _words, names in SECTIONS for name in names]
        initial = {name: getattr(company, name) for name in shown}
        initial |= {"iban": typography.iban(company.iban), "siret": company.siret and typography.siret(company.siret)}
        super().__init__(*args, **{**kwargs, "initial": initial})
        self.fields.update(fields_for_model(Company, fields=shown))
        for name in ("late_penalty_mention", "recovery_mention", "discount_mention"):
            self.fields[name].widget = forms.Textarea(attrs={"rows": 2})
        for name in FRENCH_ALONE if company.is_swiss else ():
            del self.fields[name]
        for name in () if company.is_swiss else ("siret", "electronic_address", "recovery_mention"):
            self.fields[name].required = True
        # people paste them with their spaces
        for name, length in (("siret", 20), ("iban", 50), ("bic", 20), ("vat_number", 30)):
            if name in self.fields:
                self.fields[name] = TextField(
                    label=self.fields[name].label, required=self.fields[name].required, max_length=length
                )
        if company.is_swiss:
            self.fields["vat_number"].label = _("n° de TVA")
            regime: Any = self.fields["vat_regime"]
            regime.choices = SWISS_REGIMES

    def sections(self) -> list[dict[str, Any]]:
        return [
            {"title": title, "explanation": explanation, "fields": [self[name] for name in names]}
            for title, explanation, names in self._shown()
        ]

    def _shown(self) -> Iterator[tuple[Any, Any, list[str]]]:
        for title, explanation, names in SECTIONS:
            yield title, explanation, [name for name in names if name in self.fields]


def _ledger_account(**options: Any) -> TextField:
    hint = _("Un sous-compte de 512, en six à dix chiffres : un par banque, pour que le journal se rapproche d’elle.")
    return TextField(label=_("Compte comptable"), max_length=20, help_text=hint, **options)


class BankAccountForm(forms.Form):
    name = TextField(label=_("Intitulé"), max_length=100)
    iban = TextField(label="IBAN", max_length=50)
    bic = TextField(label="BIC", required=False, max_length=20)
    currency = TextField(label=_("Devise"), required=False, max_length=3)
    ledger_account = _ledger_account(required=False)

    def __init__(self, data: Any = None, *, company: Company) -> None:
        super().__init__(data, initial={"ledger_account": free_ledger_account(company), "currency": company.currency})

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()


class BankAccountChangeForm(RecordForm):
    """What of a bank account may change: statements know it by its IBAN."""

    name = TextField(label=_("Intitulé"), max_length=100)
    ledger_account = _ledger_account()

    def __init__(self, data: Any = None, *, account: BankAccount) -> None:
        super().__init__(data, initial={"name": account.name, "ledger_account": account.ledger_account})
