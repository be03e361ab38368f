"""What an owner decides of purchases: tolerances, who gives the « bon à payer » to what, who stands in for whom."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from billing.purchases.models import ApprovalRule, PurchaseSettings
from config.kernel.editing import RecordForm
from config.kernel.forms import FrenchDateField, FrenchDecimalField, TextField
from config.kernel.models import Membership, User
from config.kernel.roles import ACTIONS
from customers.models import Customer

SETTINGS = (
    "person_above", "price_tolerance_percent", "price_tolerance_amount", "quantity_tolerance_percent",
    "requires_receipt",
)  # fmt: skip
RULE = ("name", "above", "supplier", "account", "separate_above")


def approvers_of(company_id: int) -> list[User]:
    """The members whose role lets them approve, by name."""
    rows = Membership.objects.filter(
        company_id=company_id, role__in=ACTIONS["purchases.approve"], user__is_active=True
    ).select_related("user")
    return sorted((row.user for row in rows), key=lambda user: user.display_name)


def _percent(label: Any, **options: Any) -> FrenchDecimalField:
    return FrenchDecimalField(label=label, max_digits=5, decimal_places=2, min_value=0, max_value=100, **options)


def _amount(label: Any, **options: Any) -> FrenchDecimalField:
    return FrenchDecimalField(label=label, max_digits=16, decimal_places=2, min_value=0, shown=2, **options)


class PurchaseSettingsForm(RecordForm):
    person_above = _amount(
        _("Une personne vérifie toujours à partir de (TTC)"),
        required=False,
        help_text=_("Vide : une facture lue sans doute passe seule, quel que soit son montant."),
    )
    price_tolerance_percent = _percent(_("Écart de prix toléré avec la commande, en %"))
    price_tolerance_amount = _amount(_("ou, par ligne, jusqu’à"))
    quantity_tolerance_percent = _percent(_("Écart de quantité toléré, en %"))
    requires_receipt = forms.BooleanField(label=_("La réception est exigée avant le paiement"), required=False)

    def __init__(self, *args: Any, settings: PurchaseSettings | None, **kwargs: Any) -> None:
        row = settings or PurchaseSettings()
        super().__init__(*args, **{"initial": {name: getattr(row, name) for name in SETTINGS}, **kwargs})


class ApprovalRuleForm(RecordForm):
    """From which amount on, of which supplier or account, and who may say yes."""

    name = TextField(label=_("Intitulé"), max_length=80, error_messages={"required": _("Donnez un nom à cette règle.")})
    above = _amount(_("À partir de (TTC)"), initial=Decimal(0))
    supplier = TextField(
        label=_("Seulement ce fournisseur"),
        required=False,
        max_length=200,
        help_text=_("Son nom exact ; vide : tous les fournisseurs."),
    )
    account = TextField(
        label=_("Seulement les comptes qui commencent par"),
        required=False,
        max_length=10,
        help_text=_("Par exemple 2 pour toutes les immobilisations."),
    )
    separate_above = _amount(
        _("Une autre personne que celle qui a saisi, à partir de (TTC)"),
        required=False,
        help_text=_("Vide : qui a saisi la facture peut aussi l’approuver."),
    )
    approvers = forms.MultipleChoiceField(
        label=_("Qui peut donner le bon à payer"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choisissez au moins une personne.")},
    )

    def __init__(self, *args: Any, company_id: int, rule: ApprovalRule | None = None, **kwargs: Any) -> None:
        initial: dict[str, Any] = {}
        if rule is not None:
            initial = {name: getattr(rule, name) for name in RULE}
            initial["supplier"] = rule.supplier.name if rule.supplier else ""
            initial["approvers"] = [str(key) for key in rule.approvers.values_list("user_id", flat=True)]
        super().__init__(*args, **{"initial": initial, **kwargs})
        self.people = {str(user.pk): user for user in approvers_of(company_id)}
        approvers: Any = self.fields["approvers"]
        approvers.choices = [(key, user.display_name) for key, user in self.people.items()]

    def clean_supplier(self) -> Customer | None:
        name = self.cleaned_data["supplier"]
        if not name:
            return None
        found = list(Customer.objects.suppliers().filter(name__folded=name)[:2])
        if len(found) == 1:
            return found[0]
        raise ValidationError(
            _("Plusieurs fournisseurs portent ce nom.") if found else _("Aucun fournisseur ne s’appelle ainsi.")
        )

    def clean_account(self) -> str:
        digits = self.cleaned_data["account"]
        if digits and not (digits.isascii() and digits.isdigit() and "1" <= digits[0] <= "7"):
            raise ValidationError(_("Écrivez les premiers chiffres d’un compte, de la classe 1 à 7."))
        return digits

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in RULE}

    def chosen(self) -> list[User]:
        return [self.people[key] for key in self.cleaned_data["approvers"]]


class DelegationForm(forms.Form):
    """Somebody approves in the place of another between two days."""

    approver = forms.ChoiceField(label=_("Qui est absent"))
    delegate = forms.ChoiceField(label=_("Qui approuve à sa place"))
    starts_on = FrenchDateField(label=_("Du"))
    ends_on = FrenchDateField(label=_("Au (compris)"))

    def __init__(self, *args: Any, company_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(user.pk): user for user in approvers_of(company_id)}
        for name in ("approver", "delegate"):
            field: Any = self.fields[name]
            field.choices = [("", "—"), *((key, user.display_name) for key, user in self.people.items())]

    def values(self) -> dict[str, Any]:
        typed = dict(self.cleaned_data)
        return typed | {name: self.people[typed[name]] for name in ("approver", "delegate")}
