"""« Mon compte »: name, address, password, language, theme, notices."""

from __future__ import annotations

from typing import cast

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.kernel.errors import DomainError
from config.kernel.middleware import say
from config.kernel.models import User
from config.kernel.people.passwords import change_password
from config.kernel.people.profile import address_of_link, ask_another_address, confirm_address, save_profile
from config.kernel.sign_in import remember_choices
from config.pages.account.forms import AddressForm, PasswordForm, ProfileForm


@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """How the person is called and how they like the product, everywhere they sign in."""
    user = cast(User, request.user)
    form = ProfileForm(user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        person = save_profile(user=user, **form.values())
        messages.success(request, _("Compte enregistré."))
        return remember_choices(redirect("account"), person)
    return render(request, "account/profile.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@reauthentication_required(app="allauth.mfa")
def change_address(request: HttpRequest) -> HttpResponse:
    """Ask for another address: a link leaves to it, and nothing changes before it is opened."""
    user = cast(User, request.user)
    form = AddressForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        ask_another_address(user=user, email=form.cleaned_data["email"], at=timezone.now())
        sentence = _("Ouvrez le lien envoyé à %(address)s pour confirmer. D’ici là rien ne change.")
        messages.success(request, sentence % {"address": form.cleaned_data["email"]})
        return redirect("account")
    return render(request, "account/address.html", {"form": form}, status=422 if form.errors else 200)


@login_not_required
@require_http_methods(["GET", "POST"])
def confirm_new_address(request: HttpRequest, token: str) -> HttpResponse:
    """What a link confirms, and the button that does it: programs that follow links of mails press none."""
    context = {}
    try:
        context["address"] = address_of_link(token)
        if request.method == "POST":
            confirm_address(token, at=timezone.now())
            messages.success(request, _("Adresse changée : connectez-vous avec elle désormais."))
            return redirect("account")
    except DomainError as error:
        return render(request, "account/bad_link.html", {"sentence": say(error)}, status=error.status)
    return render(request, "account/confirm_address.html", context)


@require_http_methods(["GET", "POST"])
@reauthentication_required(app="allauth.mfa")
def password(request: HttpRequest) -> HttpResponse:
    """Another password; every other session ends."""
    user = cast(User, request.user)
    form = PasswordForm(user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        person = change_password(user=user, password=form.cleaned_data["new_password1"], at=timezone.now())
        update_session_auth_hash(request, person)
        messages.success(request, _("Mot de passe changé. Vos autres sessions sont fermées."))
        return redirect("mfa_index")
    return render(request, "account/password.html", {"form": form}, status=422 if form.errors else 200)
