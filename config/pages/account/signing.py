"""Signing in, and the way back for who forgot the password."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from config.kernel.models import User
from config.kernel.people.adapters import key_domain
from config.kernel.people.passwords import ask_reset, change_password
from config.kernel.sign_in import SignInForm
from config.pages.account.forms import ForgottenForm, PasswordForm


@method_decorator(login_not_required, name="dispatch")
class SignIn(auth.LoginView):
    """The password; the second factor, where there is one, is asked by allauth before anybody is signed in."""

    redirect_authenticated_user = True
    authentication_form = SignInForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"keys_work": bool(key_domain())}

    def form_valid(self, form: Any) -> HttpResponse:
        user = form.get_user()
        # a password that was just typed need not be typed again for five minutes
        record_authentication(self.request, user, "password", reauthenticated=True)
        return cast(HttpResponse, perform_login(self.request, Login(user=user, redirect_url=self.get_success_url())))


@login_not_required
def admin_sign_in(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """The admin has no door of its own."""
    back = request.GET.get(REDIRECT_FIELD_NAME, "/admin/")
    if request.user.is_authenticated:
        return render(request, "403.html", status=403)
    return redirect_to_login(back)


@login_not_required
@require_http_methods(["GET", "POST"])
def password_forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for a link. The answer tells nothing of who has an account."""
    form = ForgottenForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        ask_reset(form.cleaned_data["email"], request, language=get_language() or "fr", at=timezone.now())
        return redirect("password-asked")
    return render(request, "account/forgotten.html", {"form": form}, status=422 if form.errors else 200)


@login_not_required
@require_GET
def password_asked(request: HttpRequest) -> HttpResponse:
    """The same words for everybody."""
    return render(request, "account/asked.html")


@method_decorator(login_not_required, name="dispatch")
class ResetPassword(auth.PasswordResetConfirmView):
    """Choose another password by a link. Django moves its secret out of the address before the page is shown."""

    form_class = PasswordForm
    template_name = "account/reset.html"
    success_url = reverse_lazy("login")

    def get_user(self, uidb64: str) -> User | None:
        user = super().get_user(uidb64)
        return user if user is not None and user.is_active and not user.is_partner else None

    def form_valid(self, form: Any) -> HttpResponse:
        password = form.cleaned_data["new_password1"]
        change_password(user=form.user, password=password, at=timezone.now(), tag="kernel.person.password_reset")
        del self.request.session[auth.INTERNAL_RESET_SESSION_TOKEN]
        messages.success(self.request, _("Mot de passe changé. Connectez-vous."))
        return redirect("login")
