"""What people type about deposits and corrected invoices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice
from config.kernel import typography
from config.kernel.editing import RecordForm
from config.kernel.forms import FrenchDecimalField, TextField

PERCENT, AMOUNT = "percent", "amount"


class DepositForm(forms.Form):
    """The size of a deposit, VAT included: a percentage of the total, or an amount in euros."""

    basis = forms.ChoiceField(
        label=_("L’acompte est"),
        initial=PERCENT,
        widget=forms.RadioSelect,
        choices=[(PERCENT, _("un pourcentage du total")), (AMOUNT, _("un montant TTC"))],
    )
    amount = FrenchDecimalField(
        label=_("Pourcentage ou montant"),
        max_digits=16,
        decimal_places=2,
        initial=Decimal(30),
        shown=0,
        help_text=_("Par exemple 30 pour 30 %, ou 1 500,00 pour 1 500,00 € TTC."),
    )

    @property
    def percent(self) -> Decimal | None:
        """The share asked for, None when an amount is."""
        return self.cleaned_data["amount"] if self.cleaned_data["basis"] == PERCENT else None


class DeductionsForm(RecordForm):
    """Which of the customer's deposits the invoice deducts."""

    deposits = forms.MultipleChoiceField(
        label=_("Acomptes à déduire"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, offered: list[Invoice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["deposits"]
        field.choices = [(str(deposit.pk), _deposit_label(deposit)) for deposit in offered]

    def keys(self) -> list[int]:
        return [int(key) for key in self.cleaned_data["deposits"]]


def _deposit_label(deposit: Invoice) -> str:
    """The deposit in one line, and whether its money came."""
    paid = (
        _("payé")
        if not deposit.balance
        else _("reste %(amount)s à encaisser") % {"amount": typography.money(deposit.balance, deposit.currency)}
    )
    total = typography.money(deposit.total_gross, deposit.currency)
    return f"{deposit.number} · {typography.day(deposit.issue_date)} · {total} · {paid}"


class CorrectionForm(forms.Form):
    reason = TextField(
        label=_("Motif de la rectification"),
        max_length=200,
        help_text=_("Imprimé sur la facture rectificative, par exemple « Adresse de facturation erronée »."),
        error_messages={"required": _("Dites pourquoi : la facture rectificative porte son motif.")},
    )
