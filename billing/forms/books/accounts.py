"""What people type of the chart: an account, a journal, the account of a sale; and the filter of the chart."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from billing.forms.purchases.accounts import AccountField
from billing.ledger.chart import AccountClass
from billing.models import Nature, Product
from config.kernel.forms import TextField
from customers.models import Customer

USED = [("used", _("Mouvementés")), ("own", _("Ajoutés ou renommés")), ("closed", _("Fermés"))]


class AccountFilter(forms.Form):
    """`?q=&class=&state=`: what is not understood is left out, never an error."""

    q = forms.CharField(required=False, max_length=100)
    state = forms.ChoiceField(required=False, choices=USED)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["class"] = forms.ChoiceField(required=False, choices=AccountClass.choices)
        self.is_valid()

    def value(self, name: str) -> str:
        return self.cleaned_data.get(name) or ""

    def controls(self) -> list[dict[str, Any]]:
        """The controls of `_filters.html`."""
        state = {"name": "state", "label": _("Comptes"), "kind": "select", "value": self.value("state")}
        return [{**state, "choices": USED}]


class AccountForm(forms.Form):
    code = TextField(label=_("Compte"), max_length=10, help_text=_("Six à dix chiffres, par exemple 706100 sous 706."))
    name = TextField(label=_("Intitulé"), max_length=100)


class JournalForm(forms.Form):
    code = TextField(label=_("Code"), max_length=5)
    name = TextField(label=_("Intitulé"), max_length=60)


class SalesRuleForm(forms.Form):
    product: forms.ModelChoiceField = forms.ModelChoiceField(
        label=_("Article"), queryset=None, required=False, to_field_name="reference", widget=forms.TextInput,
        error_messages={"invalid_choice": _("Aucun article n’a cette référence.")},
        help_text=_("Sa référence ; laissez vide pour un groupe ou une nature."),
    )  # fmt: skip
    group = TextField(label=_("Groupe de clients"), max_length=40, required=False)
    nature = forms.ChoiceField(label=_("Nature"), required=False, choices=[("", _("Les deux")), *Nature.choices])
    account = AccountField(
        label=_("Compte de vente"), whole=True, error_messages={"required": _("Indiquez le compte.")}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        products: QuerySet[Product] = Product.objects.all()
        self.fields["product"].queryset = products  # type: ignore[attr-defined]  # a model choice field
        self.fields["group"].widget.attrs["list"] = "customer-groups"


def customer_groups() -> list[str]:
    """The groups in use, for the list that completes the field. One query."""
    rows = Customer.objects.exclude(group="").order_by("group").values_list("group", flat=True)
    return list(rows.distinct()[:200])
