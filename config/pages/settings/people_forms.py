"""What an owner types of the people of the company: whom to invite, what a member may do."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.kernel.companies import is_numbered
from config.kernel.forms import FrenchDecimalField, TextField
from config.kernel.models import Company, Membership
from config.kernel.roles import Role

MOST_LISTED = 30  # companies beyond are named by their SIREN


class InvitationForm(forms.Form):
    """`owned`: the companies that the person may invite into, the one in scope first."""

    email = TextField(label=_("Adresse e-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label=_("Rôle"), choices=Role.choices, initial=Role.VIEWER)

    def __init__(self, data: Any = None, *, owned: Sequence[Company]) -> None:
        super().__init__(data, initial={"companies": [str(owned[0].pk)]})
        self.owned = owned
        if len(owned) > 1:
            choices = [(str(company.pk), company.name) for company in owned[:MOST_LISTED]]
            self.fields["companies"] = forms.MultipleChoiceField(
                label=_("Sociétés"),
                choices=choices,
                widget=forms.CheckboxSelectMultiple,
                error_messages={"required": _("Choisissez au moins une société.")},
                help_text=_("Un seul lien les ouvre toutes, avec le même rôle."),
            )
        if len(owned) > MOST_LISTED:
            self.fields["sirens"] = TextField(
                label=_("Autres sociétés"),
                required=False,
                max_length=4000,
                widget=forms.Textarea(attrs={"rows": 3}),
                help_text=_("Par leur SIREN, un par ligne : la liste ci-dessus s’arrête à trente."),
            )

    def clean_sirens(self) -> list[str]:
        typed = self.cleaned_data["sirens"].replace("\u202f", " ").replace("\xa0", " ")
        sirens = ["".join(line.split()) for line in typed.replace(",", "\n").replace(";", "\n").splitlines()]
        wanted = [siren for siren in sirens if siren]
        if unknown := [siren for siren in wanted if not any(is_numbered(company, siren) for company in self.owned)]:
            message = _("Vous n’êtes gérant d’aucune société de SIREN %(siren)s.")
            raise forms.ValidationError(message, params={"siren": unknown[0]})
        return wanted

    def companies(self) -> list[Company]:
        """Those that were chosen; the one in scope where there is no other."""
        if "companies" not in self.fields:
            return list(self.owned)
        chosen, sirens = set(self.cleaned_data["companies"]), set(self.cleaned_data.get("sirens", ()))
        return [
            company
            for company in self.owned
            if str(company.pk) in chosen or any(is_numbered(company, siren) for siren in sirens)
        ]


def _limit(label: Any) -> FrenchDecimalField:
    return FrenchDecimalField(
        label=label, required=False, min_value=Decimal(0), max_digits=14, decimal_places=2, shown=2
    )


class MemberForm(forms.Form):
    """A role, and the most that this person does alone where it is less than the role may."""

    role = forms.ChoiceField(label=_("Rôle"), choices=Role.choices)
    credit_note_limit = _limit(_("Avoir, au plus"))
    write_off_limit = _limit(_("Différence soldée, au plus par document"))
    payment_run_limit = _limit(_("Lot de règlements confirmé, au plus"))

    def __init__(self, data: Any = None, *, member: Membership) -> None:
        super().__init__(data, initial={name: getattr(member, name) for name in ("role", *Membership.LIMITS)})

    def clean(self) -> dict[str, Any]:
        typed = dict(super().clean() or {})
        if typed.get("role") == Role.OWNER:
            for name in Membership.LIMITS:
                if typed.get(name) is not None:
                    self.add_error(name, _("Un gérant n’a pas de limite : laissez-les vides."))
        return typed

    def limits(self) -> dict[str, Decimal | None]:
        return {name: self.cleaned_data[name] for name in Membership.LIMITS}

    def limit_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in Membership.LIMITS]
