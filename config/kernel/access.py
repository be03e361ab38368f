"""Who may open a page: members of the company in scope whose role has what the page asks, as the API asks it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from config.kernel.actor import Actor
from config.kernel.errors import NotAllowed
from config.kernel.models import Company, Membership, User
from config.kernel.roles import ACTIONS, READERS, Role, allows

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class MemberRequest(HttpRequest):
    """A request past `member`: its company and membership are there."""

    membership: Membership
    memberships: list[Membership]
    user: User  # never anonymous here
    htmx: Any

    @property
    def company(self) -> Company:  # pragma: no cover - for type checkers; requests are not re-classed
        return self.membership.company


def actor_of(request: HttpRequest) -> Actor:
    return Actor.user(cast(User, request.user))


def role_of(request: HttpRequest) -> str:
    """The reader's role in the company in scope."""
    return cast(MemberRequest, request).membership.role


class Asks(NamedTuple):
    """What a page asks of the role: an area it reads, or an act (`config/kernel/roles.py`)."""

    reading: str
    posting: str

    def of(self, method: str | None) -> str:
        return self.reading if method in SAFE else self.posting


class NotYourPage(NotAllowed):
    message = "Votre rôle n’ouvre pas cette page. Demandez cet accès à %(owners)s."


class NotYourAct(NotAllowed):
    message = "Votre rôle ne permet pas cette action. Demandez-la à %(owners)s."


def member(asks: str, *, posts: str = "") -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """View decorator: the area or the act that the page asks of the role, `posts` for what is sent to it where another.

    Without a company: a page that says so. Without the right: 403, and who can give it.
    """
    declared = Asks(asks, posts or asks)
    if unknown := set(declared) - ACTIONS.keys() - READERS.keys():
        raise KeyError(unknown)

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            membership: Membership | None = getattr(request, "membership", None)
            if membership is None:
                return render(request, "no_company.html", status=403)
            required = declared.of(request.method)
            if not allows(membership.role, required):
                refusal = NotYourAct if required in ACTIONS else NotYourPage
                raise refusal(owners=_owners(membership.company_id))
            return view(request, *args, **kwargs)

        guarded.asks = declared  # type: ignore[attr-defined]  # read by may_open, and by the test of every page
        return guarded

    return decorate


def may_open(role: str, address: str, method: str = "GET") -> bool:
    """True when the page at this address of ours (a place on the same page too) lets the role in; False for no page."""
    try:
        declared = _asks_of(urlsplit(address).path)
    except Resolver404:
        return False
    return declared is None or allows(role, declared.of(method))


@lru_cache(maxsize=4096)  # the frame of each page asks for the same twenty
def _asks_of(path: str) -> Asks | None:
    view = resolve(path).func if path else None
    return getattr(view, "asks", None)


def _owners(company_id: int) -> str:
    """Who gives rights in the company, by name."""
    rows = Membership.objects.filter(company_id=company_id, role=Role.OWNER, user__is_active=True)
    names = [row.user.display_name for row in rows.select_related("user").order_by("id")[:3]]
    return ", ".join(names) or _("un gérant de la société")
