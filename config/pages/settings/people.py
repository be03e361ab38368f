"""« Réglages › Personnes »: who works in the company and what each may do; owners invite, change and remove."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member, role_of
from config.kernel.confirming import Confirmation, confirm
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.models import ApiKey, Company, Invitation, InvitationStatus, Membership
from config.kernel.people.invitations import invite, resend_invitation, withdraw_invitation
from config.kernel.people.members import change_member, owners_besides, remove_member
from config.kernel.people.second_factor import has_second_factor
from config.kernel.roles import Role, allows
from config.kernel.sent_once import sent_once
from config.kernel.services import require_second_factor
from config.pages.settings.api_keys import GROUPS
from config.pages.settings.company import settings_page
from config.pages.settings.people_forms import InvitationForm, MemberForm

PAGE = "people-settings"
LABEL = gettext_lazy("Personnes")
LIMIT_LABELS = {
    "credit_note_limit": gettext_lazy("avoir %(most)s"),
    "write_off_limit": gettext_lazy("différence %(most)s"),
    "payment_run_limit": gettext_lazy("règlements %(most)s"),
}


@require_GET
@member("settings")
def people_list(request: HttpRequest) -> HttpResponse:
    """Members with their limits, invitations that wait, and what each role may do."""
    company = cast(MemberRequest, request).membership.company
    return settings_page(
        request,
        "settings/people.html",
        PAGE,
        forms.Form(),
        members=[{"row": row, "limits": _limits_of(row, company.currency)} for row in _members(company)],
        invitations=_invitations(timezone.now()),
        requires_mfa=company.requires_mfa,
        roles=[role.label for role in Role],
        parts=role_table(),
    )


def _members(company: Company) -> list[Membership]:
    rows = Membership.objects.filter(company=company).select_related("user")
    return sorted(rows, key=lambda row: (list(Role).index(Role(row.role)), row.user.display_name.lower(), row.pk))


def _limits_of(row: Membership, currency: str) -> str:
    held = {name: getattr(row, name) for name in Membership.LIMITS}
    return " · ".join(
        LIMIT_LABELS[name] % {"most": typography.money(most, currency)}
        for name, most in held.items()
        if most is not None
    )


def _invitations(at: datetime) -> list[dict[str, Any]]:
    rows = (
        Invitation.objects.filter(status=InvitationStatus.PENDING)
        .select_related("invited_by")
        .order_by("-invited_at", "-pk")
    )
    return [{"row": row, "open": row.is_open(at)} for row in rows]


def role_table() -> list[dict[str, Any]]:
    """Each right in words, by part of the product, and whether each role has it (`config/kernel/roles.py`)."""
    return [
        {
            "label": label,
            "rights": [{"label": words, "held": [_has(role, scope) for role in Role]} for scope, words in rights],
        }
        for label, rights in GROUPS
    ]


def _has(role: str, scope: str) -> bool:
    area, _dot, verb = scope.rpartition(".")
    return allows(role, area if verb == "read" else scope)


@require_http_methods(["GET", "POST"])
@member("settings.edit")
@sent_once
def invitation_new(request: HttpRequest) -> HttpResponse:
    """Invite somebody by e-mail into one or several of the companies that the person owns."""
    own = cast(MemberRequest, request)
    form = InvitationForm(request.POST if request.method == "POST" else None, owned=_owned(own))
    if request.method == "POST" and form.is_valid():
        try:
            invite(
                email=form.cleaned_data["email"],
                role=form.cleaned_data["role"],
                companies=form.companies(),
                actor=actor_of(request),
                language=get_language() or "fr",
                at=timezone.now(),
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Invitation envoyée à %(email)s.") % {"email": form.cleaned_data["email"]})
            return redirect(PAGE)
    return settings_page(request, "settings/people_invite.html", PAGE, form)


def _owned(request: MemberRequest) -> list[Company]:
    here = request.membership.company
    others = [row.company for row in request.memberships if row.may("settings.edit") and row.company_id != here.pk]
    return [here, *sorted(others, key=lambda company: company.name.lower())]


@require_POST
@member("settings.edit")
@sent_once
def invitation_resend(request: HttpRequest, pk: int) -> HttpResponse:
    """A new link; the one before opens nothing more of this company."""
    row = cast(Invitation, get_object_or_404(Invitation.objects, pk=pk))
    resend_invitation(invitation=row, actor=actor_of(request), language=get_language() or "fr", at=timezone.now())
    messages.success(request, _("Invitation envoyée à %(email)s.") % {"email": row.email})
    return redirect(PAGE)


@require_http_methods(["GET", "POST"])
@member("settings.edit")
def invitation_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    row = cast(Invitation, get_object_or_404(Invitation.objects, pk=pk))
    if request.method == "POST":
        withdraw_invitation(invitation=row, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Invitation de %(email)s retirée.") % {"email": row.email})
        return redirect(PAGE)
    facts = [(_("Adresse e-mail"), row.email), (_("Rôle"), row.get_role_display())]
    effect = _("Le lien déjà envoyé n’ouvrira plus cette société.")
    return confirm(request, _confirmation(_("Retirer l’invitation"), effect, facts))


@require_http_methods(["GET", "POST"])
@member("settings.edit")
def second_factor(request: HttpRequest) -> HttpResponse:
    """Ask a second factor of all who work here (`?required=1`), or no longer."""
    company, is_required = cast(MemberRequest, request).membership.company, request.GET.get("required") == "1"
    if request.method == "POST":
        require_second_factor(company=company, is_required=is_required, actor=actor_of(request), at=timezone.now())
        sentence = _("Un second facteur est exigé.") if is_required else _("Un second facteur n’est plus exigé.")
        messages.success(request, sentence)
        return redirect(PAGE)
    title, effect = _("Ne plus exiger de second facteur"), _("Un mot de passe suffira à qui n’a pas de second facteur.")
    if is_required:
        title = _("Exiger un second facteur")
        effect = _("Qui n’en a pas n’ouvre plus, dès sa prochaine page, que celle où l’ajouter.")
    without = [row.user.display_name for row in _members(company) if not has_second_factor(row.user)]
    facts = [(_("Sans second facteur aujourd’hui"), ", ".join(without) or _("tous en ont un"))]
    return confirm(request, replace(_confirmation(title, effect, facts), icon="lock", danger=not is_required))


def _confirmation(title: str, effect: str, facts: list[tuple[str, Any]], warning: str = "") -> Confirmation:
    return Confirmation(
        title=title,
        effect=effect,
        facts=facts,
        warning=warning,
        back=reverse(PAGE),
        back_label=LABEL,
        icon="close",
        danger=True,
    )


@require_http_methods(["GET", "POST"])
@member("settings.edit")
def member_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Another role or other limits, from the member's next request on."""
    row = _member_of(request, pk)
    form = MemberForm(request.POST if request.method == "POST" else None, member=row)
    if request.method == "POST" and form.is_valid():
        role, limits = form.cleaned_data["role"], form.limits()
        try:
            change_member(membership=row, role=role, limits=limits, actor=actor_of(request), at=timezone.now())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Droits de %(name)s enregistrés.") % {"name": row.user.display_name})
            return redirect(PAGE if row.user_id != request.user.pk or allows(role, "settings") else "home")
    is_last = row.role == Role.OWNER and not owners_besides(row)
    return settings_page(request, "settings/people_member.html", PAGE, form, member=row, is_last=is_last)


def _member_of(request: HttpRequest, pk: int) -> Membership:
    rows = Membership.objects.filter(company=cast(MemberRequest, request).membership.company_id)
    found: Membership = get_object_or_404(rows.select_related("user", "company"), pk=pk)
    return found


@require_http_methods(["GET", "POST"])
@member("settings.edit")
def member_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take somebody out, after a page that says what ends and what stays."""
    row = _member_of(request, pk)
    if request.method == "POST":
        remove_member(membership=row, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("%(name)s ne travaille plus dans cette société.") % {"name": row.user.display_name})
        return redirect("home" if row.user_id == request.user.pk else PAGE)
    facts = [(_("Personne"), f"{row.user.display_name} ({row.user.email})"), (_("Rôle"), row.get_role_display())]
    effect = _(
        "Dès sa prochaine page, cette personne n’ouvre plus la société ; ses jetons d’API et ses invitations en "
        "attente prennent fin. Ce qu’elle a fait reste, avec son nom."
    )
    return confirm(request, _confirmation(_("Retirer de la société"), effect, facts, _keys_of(row)))


def _keys_of(row: Membership) -> str:
    """The company's keys outlive who made them: said before, since only an owner takes them back."""
    names = [key.name for key in ApiKey.objects.filter(created_by=row.user_id, revoked_at=None).order_by("name")[:10]]
    if not names:
        return ""
    sentence = _("Ses clés d’API restent valables : %(names)s. Révoquez-les dans « Accès API » s’il le faut.")
    return sentence % {"names": ", ".join(names)}


@require_http_methods(["GET", "POST"])
@member("company")
def leave_company(request: HttpRequest) -> HttpResponse:
    """Leave the company in scope, of one's own will."""
    row = cast(MemberRequest, request).membership
    if request.method == "POST":
        remove_member(membership=row, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Vous avez quitté %(company)s.") % {"company": row.company.name})
        return redirect("dossiers")
    effect = _("Vous ne l’ouvrirez plus avant qu’un gérant ne vous invite de nouveau. Ce que vous avez fait reste.")
    facts = [(_("Société"), row.company.name), (_("Votre rôle"), Role(role_of(request)).label)]
    return confirm(
        request,
        Confirmation(
            title=_("Quitter la société"),
            effect=effect,
            facts=facts,
            back=reverse("dossiers"),
            back_label=_("Mes dossiers"),
            icon="logout",
            danger=True,
        ),
    )
