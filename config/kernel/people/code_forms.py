"""The fields in which a code is typed, decided by our own count of tries."""

from __future__ import annotations

from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.kernel.errors import DomainError
from config.kernel.middleware import say
from config.kernel.people.second_factor import use_code


class CodeField(forms.CharField):
    """Six digits of an application, or a recovery code; spaces are for the eye."""

    def __init__(self) -> None:
        # 20: longer than any code
        super().__init__(label=_("Code"), max_length=20)
        self.widget.attrs |= {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}


class _Counted:
    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"])  # type: ignore[attr-defined]  # mixed into allauth's forms
        try:
            self.authenticator = use_code(self.user, code, at=timezone.now())  # type: ignore[attr-defined]
        except DomainError as error:
            raise ValidationError(say(error), code=error.code) from error
        return code


class SignInCodeForm(_Counted, AuthenticateForm):
    """After the password."""

    code = CodeField()


class ConfirmCodeForm(_Counted, ReauthenticateForm):
    """Before an act that changes who may sign in."""

    code = CodeField()
