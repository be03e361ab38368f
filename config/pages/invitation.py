"""The page of an invitation's link: whoever has an account signs in and joins, whoever has none chooses a password.

Every link that opens nothing gets one answer, whatever it once opened.
"""

from __future__ import annotations

from typing import Any, cast

from allauth.usersessions.models import UserSession
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, password_validation
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.forms import TextField
from config.kernel.models import Company, User
from config.kernel.people.invitations import (
    accept_as_new_person,
    accept_invitations,
    has_account,
    open_invitations,
)


class NewPersonForm(forms.Form):
    first_name = TextField(
        label=gettext_lazy("Prénom"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "given-name"})
    )
    last_name = TextField(
        label=gettext_lazy("Nom"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )
    password = forms.CharField(
        label=gettext_lazy("Mot de passe"),
        max_length=500,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["password"].help_text = " ".join(password_validation.password_validators_help_texts())


@never_cache
@login_not_required
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Shown to whoever holds the link; let in is the invited address alone."""
    found = open_invitations(token, at=timezone.now())
    if not found:
        return render(request, "people/invitation_closed.html", status=404)
    context = {"invitations": found, "email": found[0].email, "until": found[0].expires_at}
    if request.user.is_authenticated:
        return _of_signed_in(request, token, context)
    if has_account(found[0].email):
        return render(request, "people/invitation.html", {**context, "signs_in": True})
    return _of_new_person(request, token, context)


def _of_signed_in(request: HttpRequest, token: str, context: dict[str, Any]) -> HttpResponse:
    user = cast(User, request.user)
    if user.email != context["email"]:
        return render(request, "people/invitation.html", {**context, "other": user.email}, status=403)
    if request.method == "POST":
        return _welcome(request, accept_invitations(token=token, user=user, at=timezone.now()))
    return render(request, "people/invitation.html", {**context, "joins": True})


def _of_new_person(request: HttpRequest, token: str, context: dict[str, Any]) -> HttpResponse:
    form = NewPersonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            # one transaction with the session: whoever is let in is signed in
            with transaction.atomic():
                user, companies = accept_as_new_person(token=token, at=timezone.now(), **form.cleaned_data)
                login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
                UserSession.objects.create_from_request(request)  # listed on « Mon compte » as every other
        except DomainError as error:
            add_domain_error(form, error)
        else:
            return _welcome(request, companies)
    return render(request, "people/invitation.html", {**context, "form": form}, status=422 if form.errors else 200)


def _welcome(request: HttpRequest, companies: list[Company]) -> HttpResponse:
    request.session["company_id"] = companies[0].pk
    names = ", ".join(company.name for company in companies)
    messages.success(request, _("Bienvenue dans %(companies)s.") % {"companies": names})
    return redirect("home")
