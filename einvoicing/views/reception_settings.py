"""« À traiter › Réglages »: the mailbox that is read for supplier invoices, and which sources are in service."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.forms import TextField
from einvoicing.models import ReceptionChannel, ReceptionSource
from einvoicing.reception.connecting import save_mailbox, switch_source
from einvoicing.reception.sources.folders import folder_of

LONGEST_PASSWORD = 500


class MailboxForm(forms.Form):
    host = TextField(
        label=gettext_lazy("Serveur IMAP"),
        max_length=200,
        widget=forms.TextInput({"placeholder": "imap.exemple.fr", "autocomplete": "off", "spellcheck": "false"}),
    )
    port = forms.IntegerField(label=gettext_lazy("Port"), min_value=1, max_value=65535, initial=993)
    is_encrypted = forms.BooleanField(label=gettext_lazy("Connexion chiffrée (TLS)"), required=False, initial=True)
    login = TextField(
        label=gettext_lazy("Identifiant"), max_length=200, widget=forms.TextInput({"autocomplete": "off"})
    )
    password = forms.CharField(
        label=gettext_lazy("Mot de passe"),
        required=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=gettext_lazy("Enregistré chiffré, jamais affiché. Vide : celui qui est enregistré reste."),
    )
    folder = TextField(
        label=gettext_lazy("Dossier"), max_length=100, required=False, help_text=gettext_lazy("Vide : INBOX.")
    )


@require_http_methods(["GET", "POST"])
@member("settings", posts="settings.edit")
def reception_settings(request: HttpRequest) -> HttpResponse:
    company = cast(MemberRequest, request).membership.company
    mailbox = ReceptionSource.objects.filter(channel=ReceptionChannel.MAILBOX).first()
    names = ("host", "port", "is_encrypted", "login", "folder")
    initial: dict[str, Any] | None = {name: getattr(mailbox, name) for name in names} if mailbox else None
    form = MailboxForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            save_mailbox(
                company=company,
                values={name: form.cleaned_data[name] for name in names} | {"is_enabled": True},
                password=form.cleaned_data["password"],
                actor=actor_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Boîte aux lettres enregistrée : elle est lue dans quelques minutes."))
            return redirect("einvoicing:reception-settings")
    context = {
        "form": form,
        "sources": list(ReceptionSource.objects.select_related("account").order_by("channel", "id")),
        "place": folder_of(company),
    }
    return render(request, "einvoicing/received/settings.html", context, status=422 if form.errors else 200)


@require_POST
@member("settings.edit")
def reception_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Read a source, or leave it alone; what was received stays."""
    source = get_object_or_404(ReceptionSource.objects.select_related("account"), pk=pk)
    switch_source(source=source, is_enabled="on" in request.POST, actor=actor_of(request), at=timezone.now())
    return redirect("einvoicing:reception-settings")
