"""« Lecture automatique »: Revolut Business and Invoice Ninja, how each is doing, and connecting it step by step."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.kernel.access import MemberRequest, actor_of, member, role_of
from config.kernel.confirming import Confirmation, confirm
from config.kernel.errors import DomainError, RemoteError
from config.kernel.form_errors import add_domain_error
from config.kernel.models import WebhookSource
from config.kernel.outbound import is_simulator
from config.kernel.timeline import timeline_of
from config.pages.settings.company import settings_page
from config.pages.settings.feed_forms import FORMS
from payments.feeds.revolut.client import consent_address
from payments.models import Feed, FeedKind
from payments.services.feeds import connecting
from payments.services.feeds.reading import read_feed, refusals
from payments.services.reconciliation import reconcile

TAB = "bank-settings"
CONSENT_WITHIN = 900  # seconds between leaving for Revolut and coming back
_SALT = "bank feed consent"
_NONCE = "revolut_consent"

HINTS = {
    FeedKind.REVOLUT: gettext_lazy("Les mouvements de vos comptes Revolut arrivent d’eux-mêmes et sont rapprochés."),
    FeedKind.INVOICE_NINJA: gettext_lazy("Les encaissements notés dans Invoice Ninja soldent ici les mêmes factures."),
}


def state_of(feed: Feed | None) -> tuple[str, str]:
    """How a feed is doing: words and tone."""
    if feed is None or not feed.key_cipher:
        return _("Non relié"), "neutral"
    if not feed.is_enabled:
        return _("Coupé"), "warn"
    if feed.kind == FeedKind.REVOLUT and not feed.grant_cipher:
        return _("Autorisation à donner") if feed.client_id else _("Certificat à déposer"), "warn"
    if feed.failing_since:
        return _("En échec"), "bad"
    return (_("Lu"), "good") if feed.read_at else (_("Lecture en attente"), "info")


def left_undone(feed: Feed, at: datetime) -> str:
    """What a reading that succeeded at that instant could not keep, in words; '' when it kept all."""
    words = [_("Non enregistré : %(reason)s") % {"reason": _(reason)} for reason in refusals(feed, at)]
    if feed.left_out:
        words.append(_("Non lus, faute de compte ici : %(names)s.") % {"names": ", ".join(feed.left_out)})
    return " ".join(words)


def _may_read(feed: Feed | None) -> bool:
    """True once nothing is left to do for a reading to succeed."""
    return bool(feed and feed.key_cipher and (feed.grant_cipher or feed.kind != FeedKind.REVOLUT))


def _kind(slug: str) -> FeedKind:
    kind = slug.replace("-", "_")
    if kind not in FeedKind.values:
        raise Http404
    return FeedKind(kind)


def _find(slug: str) -> Feed:
    return cast(Feed, get_object_or_404(Feed.objects, kind=_kind(slug)))


def _page_of(feed: Feed) -> HttpResponse:
    return redirect("feed-edit", slug=feed.kind.replace("_", "-"))


@require_GET
@member("bank")
def feed_list(request: HttpRequest) -> HttpResponse:
    found = {feed.kind: feed for feed in Feed.objects.all()}
    rows = []
    for kind in FeedKind:
        feed = found.get(kind)
        slug = kind.value.replace("_", "-")
        rows.append(
            {
                "slug": slug,
                "label": kind.label,
                "hint": HINTS[kind],
                "feed": feed,
                "state": state_of(feed),
                "left_out": feed.left_out if feed else [],
                "may_read": _may_read(feed),
            },
        )
    return settings_page(request, "settings/feeds.html", TAB, forms.Form(), rows=rows)


@require_http_methods(["GET", "POST"])
@member("settings.edit")
def feed_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """One service: its state, what to do next, and the form of what opens it."""
    kind = _kind(slug)
    feed = Feed.objects.filter(kind=kind).first()
    form = FORMS[kind](request.POST if request.method == "POST" else None, feed=feed)
    if request.method == "POST" and form.is_valid():
        try:
            saved = connecting.save_feed(
                company=cast(MemberRequest, request).membership.company,
                kind=kind,
                values=form.cleaned_data,
                secret=form.typed_secret(),
                actor=actor_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Enregistré. Suivez l’étape suivante, ou lisez maintenant."))
            return _page_of(saved)
    context = {
        "kind": kind,
        "slug": slug,
        "feed": feed if feed and feed.key_cipher else None,
        "may_read": _may_read(feed),
        "state": state_of(feed),
        "left_out": feed.left_out if feed else [],
        "callback": _callback(),
        "simulator": f"{settings.SANDBOX_URL}/sandbox/revolut/clients" if feed and is_simulator(feed.base_url) else "",
        "webhook_source": WebhookSource.objects.filter(source=kind, is_active=True).order_by("pk").first(),
        "timeline": timeline_of(feed, role_of(request)) if feed else [],
    }
    return settings_page(request, f"settings/feeds_{kind}.html", TAB, form, **context)


@require_POST
@member("bank.reconcile")
def feed_read(request: HttpRequest, slug: str) -> HttpResponse:
    """« Lire maintenant »: what is new, then what it matches."""
    feed, actor, now = _find(slug), actor_of(request), timezone.now()
    try:
        found = read_feed(feed=feed, actor=actor, at=now)
    except (RemoteError, DomainError) as error:
        messages.error(request, _("La lecture a échoué : %(problem)s") % {"problem": _(str(error))})
        return redirect("feed-settings")
    if found:
        reconcile(company=cast(MemberRequest, request).membership.company, actor=actor, at=now)
    sentence = ngettext("Lu : %(count)s nouveauté.", "Lu : %(count)s nouveautés.", found)
    messages.success(request, sentence % {"count": found} if found else _("Lu : rien de nouveau."))
    if undone := left_undone(feed, now):
        messages.warning(request, undone)
    return redirect("feed-settings")


@require_POST
@member("settings.edit")
def feed_switch(request: HttpRequest, slug: str) -> HttpResponse:
    """On when it was off, off when it was on: the form says which it asks for."""
    wanted = request.POST.get("active") == "on"
    feed = connecting.switch_feed(feed=_find(slug), is_enabled=wanted, actor=actor_of(request), at=timezone.now())
    messages.success(request, _("La lecture reprend.") if wanted else _("La lecture est coupée."))
    return _page_of(feed)


@require_http_methods(["GET", "POST"])
@member("settings.edit")
def feed_disconnect(request: HttpRequest, slug: str) -> HttpResponse:
    """Forget what opens it, after a page that says what that means."""
    feed = _find(slug)
    if request.method == "GET":
        effect = _(
            "Ce qui l’ouvre est effacé : pour le lire de nouveau, il faudra tout refaire, l’autorisation comprise. "
            "Ce qui a été lu reste. Pour une pause, coupez plutôt la lecture."
        )
        return confirm(
            request,
            Confirmation(
                title=_("Délier ce service"),
                effect=effect,
                back=reverse("feed-edit", args=[slug]),
                back_label=feed,
                icon="trash",
                danger=True,
            ),
        )
    connecting.disconnect(feed=feed, actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Service délié : ce qui l’ouvrait est oublié, ce qui a été lu reste."))
    return _page_of(feed)


# -- Revolut's consent ---------------------------------------------------------------------------------------------


def _callback() -> str:
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('revolut-consent')}"


def _bound_to(request: HttpRequest, feed: Feed) -> list[int]:
    """Whose consent a state is: the person, the company, its feed."""
    return [cast(int, request.user.pk), feed.company_id, feed.pk]


@require_GET
@member("settings.edit")
def revolut_authorise(request: HttpRequest) -> HttpResponse:
    """Leave for Revolut's consent page, with a state that only this session can bring back, once."""
    feed = _find(FeedKind.REVOLUT)
    if not (feed.key_cipher and feed.client_id):
        return _page_of(feed)
    request.session[_NONCE] = secrets.token_urlsafe(16)
    state = signing.dumps([*_bound_to(request, feed), request.session[_NONCE]], salt=_SALT)
    return redirect(consent_address(feed.base_url, client_id=feed.client_id, redirect_uri=_callback(), state=state))


@require_GET
@member("settings.edit")
def revolut_consent(request: HttpRequest) -> HttpResponse:
    """Back from Revolut with a code, which is exchanged at once and kept nowhere."""
    feed = _find(FeedKind.REVOLUT)
    code = request.GET.get("code", "")
    if not _is_ours(request, feed):
        problem = _("Cette autorisation n’a pas été demandée ici, ou l’a été il y a trop longtemps. Recommencez.")
        messages.error(request, problem)
    elif not code:
        messages.error(request, _("Revolut n’a pas donné d’autorisation."))
    else:
        try:
            connecting.accept_consent(feed=feed, code=code[:2000], actor=actor_of(request), at=timezone.now())
        except (RemoteError, DomainError) as error:
            messages.error(request, _("L’autorisation n’a pas abouti : %(problem)s") % {"problem": _(str(error))})
        else:
            messages.success(request, _("Revolut est relié : la première lecture commence dans quelques minutes."))
    return _page_of(feed)


def _is_ours(request: HttpRequest, feed: Feed) -> bool:
    """True for the state this session left with, fresh, for this person, company and feed. It serves once."""
    nonce = request.session.pop(_NONCE, "")
    try:
        *bound_to, brought = signing.loads(request.GET.get("state", ""), salt=_SALT, max_age=CONSENT_WITHIN)
    except (signing.BadSignature, ValueError):
        return False
    return bool(nonce) and constant_time_compare(nonce, brought) and bound_to == _bound_to(request, feed)
