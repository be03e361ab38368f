"""The forms of « Mon compte »."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import SetPasswordForm
from django.utils.translation import gettext_lazy as _

from config.kernel.forms import TextField
from config.kernel.models import Theme, User
from config.kernel.people.notices import NOTICES


class ProfileForm(forms.Form):
    """How the person is called, and how they like the product."""

    first_name = TextField(label=_("Prénom"), max_length=150, required=False)
    last_name = TextField(label=_("Nom"), max_length=150, required=False)
    language = forms.ChoiceField(label=_("Langue"), required=False)
    theme = forms.ChoiceField(label=_("Thème"), required=False)
    notices = forms.MultipleChoiceField(label=_("Avis par e-mail"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, user: User, data: Any = None) -> None:
        wanted = [name for name in NOTICES if name not in user.muted_notices]
        initial = {name: getattr(user, name) for name in ("first_name", "last_name", "language", "theme")}
        super().__init__(data, initial=initial | {"notices": wanted})
        fields: dict[str, Any] = self.fields
        fields["language"].choices = [("", _("Celle du navigateur")), *settings.LANGUAGES]
        fields["theme"].choices = [("", _("Celui de l’appareil")), *Theme.choices]
        fields["notices"].choices = list(NOTICES.items())

    def values(self) -> dict[str, Any]:
        """What `save_profile` keeps."""
        values = dict(self.cleaned_data)
        wanted = values.pop("notices")
        return values | {"muted": [name for name in NOTICES if name not in wanted]}


class AddressForm(forms.Form):
    email = forms.EmailField(label=_("Nouvelle adresse e-mail"), max_length=254)


class ForgottenForm(forms.Form):
    email = forms.EmailField(
        label=_("Adresse e-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )


class PasswordForm(SetPasswordForm):
    """Twice, judged by the validators of the settings."""
