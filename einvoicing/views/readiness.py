"""« Se préparer »: the steps to e-invoicing with their state, the drafts that would be rejected, the legal deadline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.forms.models import fields_for_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as format_day
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from billing.models import Invoice
from config.kernel import listing, typography
from config.kernel.access import MemberRequest, actor_of, may_open, member, role_of
from config.kernel.clock import local_day
from config.kernel.htmx import page_or_part
from config.kernel.models import Company
from einvoicing import deadlines
from einvoicing.platforms.presets import preset_of
from einvoicing.problems.broken_rules import BrokenRule, broken_rules_of, for_role
from einvoicing.services import readiness
from einvoicing.views.tabs import tabs

CUSTOMERS_PER_PAGE = 20
DRAFTS_PER_PAGE = 10
DONE = (gettext_lazy("Fait"), "good")
TO_DO = (gettext_lazy("À faire"), "warn")
NOT_NEEDED = (gettext_lazy("Sans objet"), "neutral")
TO_CHECK = (gettext_lazy("À vérifier"), "info")
LACKING: dict[str, Any] = {
    "siret": "SIRET",
    "electronic_address": gettext_lazy("adresse de facturation électronique"),
    "billing_line": gettext_lazy("adresse de facturation"),
    "service_code": gettext_lazy("code service"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its state in words, what it is about, and the one action."""

    name: str
    title: str
    state: tuple[Any, str]
    detail: str
    url: str = ""
    action: str = ""

    @property
    def is_done(self) -> bool:
        return self.state is DONE


@require_GET
@member("einvoicing")
def readiness_steps(request: HttpRequest) -> HttpResponse:
    """The whole way on one page. The number of queries does not depend on the number of customers or drafts."""
    membership = cast(MemberRequest, request).membership
    company, today = membership.company, local_day(timezone.now())
    platform = readiness.platform_of(company)
    counts = readiness.customer_counts()
    has_drafts = readiness.drafts().exists()
    rows = readiness.waiting_customers()
    page = listing.page(rows, sorts={"name": "name"}, default="name", query=request.GET, size=CUSTOMERS_PER_PAGE)
    steps = [_identity(company), _platform(platform), _customers(counts), _drafts(has_drafts), _active(platform)]
    context = {
        "tabs": tabs("einvoicing:readiness"),
        "deadline": deadline_words(company, today),
        "reception": ""
        if company.is_swiss
        else _("Réception obligatoire depuis le %(day)s.") % {"day": in_full(deadlines.RECEPTION)},
        "steps": [step if may_open(membership.role, step.url, "POST") else replace(step, action="") for step in steps],
        "page": page,
        "customers": [
            {
                "row": row,
                "lacks": ", ".join(str(LACKING[name]) for name in readiness.lacks(row)),
                "anchor": readiness.lacks(row)[0],
            }
            for row in page
        ],
        "has_drafts": has_drafts,
        "is_ready": readiness.is_ready(company, platform),
        "is_active": platform.is_active,
        "account": platform.account,
        "may_activate": membership.may("settings.edit"),
        "may_edit": membership.may("customers.edit"),
        "may_check": membership.may("invoices.issue"),
    }
    return render(request, "einvoicing/readiness/steps.html", context)


def _identity(company: Company) -> Step:
    gaps = readiness.identity_gaps(company)
    names = ", ".join(str(field.label) for field in fields_for_model(Company, fields=gaps).values())
    detail = (
        _("À compléter : %(names)s.") % {"names": names} if gaps else _("Identité, adresses et mentions complètes.")
    )
    url = reverse("company-settings")
    return Step("identity", _("Fiche de la société"), TO_DO if gaps else DONE, detail, url, _("Compléter"))


def _platform(platform: readiness.Platform) -> Step:
    title, account = _("Plateforme reliée et testée"), platform.account
    if account is None:
        detail = _("Aucune plateforme active ne prend vos factures.")
        return Step("platform", title, TO_DO, detail, reverse("platform-settings"), _("Relier une plateforme"))
    url = reverse("platform-edit", args=[preset_of(account.kind, account.base_url).slug])
    if platform.answers:
        sentence = _("« %(name)s » répond : dernière lecture le %(at)s.")
        detail = sentence % {"name": account.name, "at": typography.moment(account.polled_at)}
        return Step("platform", title, DONE, detail, url)
    if account.is_offline:
        detail = _("« %(name)s » est hors ligne : tout reste en file.") % {"name": account.name}
    elif account.last_error:
        params = {"name": account.name, "problem": _(account.last_error)}
        detail = _("« %(name)s » ne nous reconnaît pas : %(problem)s") % params
    else:
        detail = _("« %(name)s » n’a pas encore répondu.") % {"name": account.name}
    return Step("platform", title, TO_DO, detail, url, _("Tester la connexion"))


def _customers(counts: readiness.CustomerCounts) -> Step:
    title = _("Clients joignables")
    if not counts.organisations:
        return Step("customers", title, NOT_NEEDED, _("Aucune organisation parmi vos clients."))
    if not counts.waiting:
        return Step("customers", title, DONE, _("Toutes les organisations ont ce qu’il faut."))
    sentence = ngettext(
        "%(n)s client à compléter sur %(all)s.", "%(n)s clients à compléter sur %(all)s.", counts.waiting
    )
    params = {"n": typography.number(counts.waiting), "all": typography.number(counts.organisations)}
    return Step("customers", title, TO_DO, sentence % params, "#customers", _("Voir"))


def _drafts(has_drafts: bool) -> Step:
    title = _("Brouillons conformes")
    if not has_drafts:
        return Step("drafts", title, NOT_NEEDED, _("Aucun brouillon en cours."))
    detail = _("Le contrôle dit lesquels seraient rejetés, et pourquoi.")
    return Step("drafts", title, TO_CHECK, detail, "#drafts", _("Contrôler"))


def _active(platform: readiness.Platform) -> Step:
    title = _("Transmission automatique")
    if platform.is_active:
        return Step("active", title, DONE, _("Chaque facture part à sa plateforme dès son émission."))
    return Step("active", title, TO_DO, _("Les factures émises ne partent pas encore d’elles-mêmes."))


@require_GET
@member("invoices.issue")
def readiness_drafts(request: HttpRequest) -> HttpResponse:
    """Ten drafts judged by the official rules, as they would be issued now; each rule with the field to mend."""
    at = timezone.now()
    page = listing.page(
        readiness.drafts(), sorts={"date": "created_at"}, default="-date", query=request.GET, size=DRAFTS_PER_PAGE
    )
    role = role_of(request)
    rows = [_judged(draft, for_role(broken_rules_of(draft, at), role)) for draft in page]
    context = {"page": page, "rows": rows, "tabs": tabs("einvoicing:readiness")}
    return page_or_part(request, "einvoicing/readiness/drafts.html", "einvoicing/readiness/_drafts.html", context)


def _judged(draft: Invoice, rules: list[BrokenRule]) -> dict[str, Any]:
    return {"invoice": draft, "broken_rules": rules, "rejected": any(rule.fatal for rule in rules)}


@require_POST
@member("settings.edit")
def readiness_activate(request: HttpRequest) -> HttpResponse:
    """« Activer »: from now on what is issued leaves by itself."""
    company = cast(MemberRequest, request).membership.company
    readiness.activate(company=company, actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Transmission automatique activée : chaque facture partira dès son émission."))
    return redirect("einvoicing:readiness")


def readiness_banner(company: Company, on: date) -> str | None:
    """The deadline in words, until the essential steps are done and the transmission is on. One query."""
    if not settings.ENABLE_EINVOICING:
        return None
    platform = readiness.platform_of(company)
    if platform.is_active and readiness.is_ready(company, platform):
        return None
    return deadline_words(company, on)


def deadline_words(company: Company, on: date) -> str:
    """When this company must issue e-invoices, and the days that are left; '' where it must never."""
    if company.is_swiss:
        return ""
    day, left = in_full(deadlines.issuing_deadline(company.size)), deadlines.days_left(company.size, on)
    if left <= 0:
        return _("Émission obligatoire depuis le %(day)s.") % {"day": day}
    sentence = ngettext(
        "Émission obligatoire le %(day)s : il reste %(days)s jour.",
        "Émission obligatoire le %(day)s : il reste %(days)s jours.",
        left,
    )
    return sentence % {"day": day, "days": typography.number(left)}


def in_full(day: date) -> str:
    """1er septembre 2027, or 1 September 2027."""
    text = format_day(day, "j F Y")
    return f"1er{text[1:]}" if day.day == 1 and typography.in_french() else text
