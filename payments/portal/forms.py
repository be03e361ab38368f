"""What a customer types on its page, in few fields."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from config.kernel.forms import FrenchDateField, TextField
from payments.models.payments import Method

# what a customer does by itself: a direct debit is ours
WAYS = [(method.value, method.label) for method in Method if method != Method.DIRECT_DEBIT]


class PaidForm(forms.Form):
    paid_on = FrenchDateField(label=_("Date du paiement"))
    method = forms.ChoiceField(label=_("Moyen"), choices=WAYS)
    reference = TextField(
        label=_("Référence"), required=False, max_length=140, help_text=_("Celle du virement, ou le numéro du chèque.")
    )


class DisputeForm(forms.Form):
    reason = TextField(
        label=_("Ce qui ne va pas"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Dites en une phrase ce que vous contestez.")},
    )
