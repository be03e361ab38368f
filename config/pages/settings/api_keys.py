"""« Accès API »: the keys of the company's programs. The owner sees them, makes them, takes them back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.api import keys
from config.kernel.confirming import Confirmation, confirm
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.forms import FrenchDateField
from config.kernel.models import ApiKey
from config.pages.settings.company import settings_page

USUAL_LIFE = timedelta(days=365)
READ = gettext_lazy("Lire")

# every scope as people read it, by part of the product
GROUPS: tuple[tuple[Any, tuple[tuple[str, Any], ...]], ...] = (
    (gettext_lazy("Société"), (("company.read", READ),)),
    (gettext_lazy("Clients"), (("customers.read", READ), ("customers.edit", gettext_lazy("Créer et modifier")))),
    (
        gettext_lazy("Produits"),
        (
            ("products.read", READ),
            ("products.edit", gettext_lazy("Créer et modifier")),
            ("stock.move", gettext_lazy("Enregistrer des mouvements de stock")),
        ),
    ),
    (
        gettext_lazy("Commandes"),
        (("orders.read", READ), ("orders.edit", gettext_lazy("Saisir, confirmer, expédier, annuler"))),
    ),
    (
        gettext_lazy("Factures"),
        (
            ("invoices.read", READ),
            ("invoices.edit", gettext_lazy("Préparer des brouillons")),
            ("invoices.issue", gettext_lazy("Émettre et envoyer")),
            ("invoices.credit", gettext_lazy("Établir des avoirs")),
            ("invoices.write_off", gettext_lazy("Solder des différences")),
        ),
    ),
    (
        gettext_lazy("Encaissements"),
        (
            ("payments.read", READ),
            ("payments.record", gettext_lazy("Enregistrer et contre-passer")),
            ("payments.refund", gettext_lazy("Rembourser")),
            ("payments.collect", gettext_lazy("Prélever : mandats, avis et ordres")),
            ("reminders.send", gettext_lazy("Envoyer des relances")),
        ),
    ),
    (
        gettext_lazy("Achats"),
        (
            ("purchases.read", READ),
            ("purchases.edit", gettext_lazy("Enregistrer, corriger et comptabiliser")),
            ("purchases.approve", gettext_lazy("Donner le bon à payer")),
            ("purchases.pay", gettext_lazy("Préparer les règlements")),
        ),
    ),
    (
        gettext_lazy("Banque"),
        (("bank.read", READ), ("bank.reconcile", gettext_lazy("Importer des relevés et rapprocher"))),
    ),
    (
        gettext_lazy("Comptabilité"),
        (
            ("books.read", READ),
            ("books.write", gettext_lazy("Écrire au journal, tenir le plan et lettrer")),
            ("books.close", gettext_lazy("Clôturer des périodes et des exercices")),
        ),
    ),
    (
        gettext_lazy("E-facturation"),
        (("einvoicing.read", READ), ("einvoicing.send", gettext_lazy("Transmettre aux plateformes"))),
    ),
    (
        gettext_lazy("Pilotage et réglages"),
        (
            ("finance.read", gettext_lazy("Lire les indicateurs et les files")),
            ("audit.read", gettext_lazy("Lire la piste d’audit")),
            ("settings.read", gettext_lazy("Lire les réglages")),
            ("settings.edit", gettext_lazy("Modifier les réglages")),
        ),
    ),
)


class ApiKeyForm(forms.Form):
    """Which program, what it may do, until when and from where."""

    name = forms.CharField(
        label=gettext_lazy("Nom"), max_length=80, help_text=gettext_lazy("Le système qui l’emploie : ERP, boutique…")
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Droits"),
        choices=[choice for _label, choices in GROUPS for choice in choices],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choisissez au moins un droit de la liste.")},
    )
    expires_at = FrenchDateField(
        label=gettext_lazy("Dernier jour de validité"),
        required=False,
        help_text=gettext_lazy("Un an si rien n’est changé. Vide : la clé n’expire pas."),
    )
    networks = forms.CharField(
        label=gettext_lazy("Adresses IP autorisées"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Une adresse ou un réseau par ligne, par exemple 203.0.113.0/24. Vide : toutes."),
    )

    def groups(self) -> list[dict[str, Any]]:
        """The boxes of the scopes, part by part of the product."""
        boxes = {str(box.data["value"]): box for box in self["scopes"].subwidgets}
        return [{"label": label, "boxes": [boxes[scope] for scope, _right in choices]} for label, choices in GROUPS]

    def values(self) -> dict[str, Any]:
        """What the service takes: the key is good to the end of its last day."""
        typed, last = self.cleaned_data, self.cleaned_data["expires_at"]
        return {
            "name": typed["name"],
            "scopes": typed["scopes"],
            "networks": typed["networks"].replace(",", " ").split(),
            "expires_at": timezone.make_aware(datetime.combine(last, time.max)) if last else None,
        }


@require_GET
@member("settings.edit")
def key_list(request: HttpRequest) -> HttpResponse:
    """The keys there are, and those there were: a revoked one stays, to be accounted for."""
    at = timezone.now()
    found = ApiKey.objects.order_by(F("revoked_at").desc(nulls_first=True), "-created_at", "id")
    rows = [{"key": key, "rights": rights_of(key.scopes), **_standing(key, at)} for key in found]
    return settings_page(request, "settings/api_keys.html", "api-keys", forms.Form(), rows=rows)


def rights_of(scopes: Iterable[str]) -> list[dict[str, str]]:
    """[{"part": "Clients", "rights": "lire, créer et modifier"}, …] in the order of the form."""
    held = set(scopes)
    by_part = ((label, [str(right) for scope, right in choices if scope in held]) for label, choices in GROUPS)
    return [{"part": str(label), "rights": ", ".join(rights).lower()} for label, rights in by_part if rights]


def _standing(key: ApiKey, at: datetime) -> dict[str, Any]:
    if key.revoked_at:
        return {"state": _("Révoquée"), "tone": "neutral", "live": False}
    if not key.is_live(at):
        return {"state": _("Expirée"), "tone": "warn", "live": False}
    return {"state": _("Active"), "tone": "good", "live": True}


@never_cache
@require_http_methods(["GET", "POST"])
@member("settings.edit")
def key_new(request: HttpRequest) -> HttpResponse:
    """A new key. Its text stands in the answer to this very form, and nowhere else, ever."""
    today = timezone.localdate()
    form = ApiKeyForm(request.POST if request.method == "POST" else None, initial={"expires_at": today + USUAL_LIFE})
    if request.method == "POST" and form.is_valid():
        member_request = cast(MemberRequest, request)
        try:
            key, text = keys.create_key(
                company=member_request.membership.company, by=member_request.user, at=timezone.now(), **form.values()
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            context = {"key": key, "text": text, "rights": rights_of(key.scopes)}
            return settings_page(request, "settings/api_keys_made.html", "api-keys", forms.Form(), **context)
    return settings_page(request, "settings/api_keys_new.html", "api-keys", form, groups=form.groups())


@require_http_methods(["GET", "POST"])
@member("settings.edit")
def key_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a key back, after a page that says which one: its program is refused from its next call on."""
    key = cast(ApiKey, get_object_or_404(ApiKey.objects, pk=pk))
    if request.method == "POST":
        keys.revoke_key(key=key, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Clé « %(name)s » révoquée.") % {"name": key.name})
        return redirect("api-keys")
    effect = _("Le programme qui la présente sera refusé dès son prochain appel. Une clé révoquée ne se rétablit pas.")
    facts = [(_("Clé"), f"{key.name} (qk_{key.prefix}…)"), (_("Dernier usage"), typography.moment(key.last_used_at))]
    return confirm(
        request,
        Confirmation(
            title=_("Révoquer la clé"),
            effect=effect,
            facts=facts,
            back=reverse("api-keys"),
            back_label=_("Accès API"),
            icon="lock",
            danger=True,
        ),
    )
