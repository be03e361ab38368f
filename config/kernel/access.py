"""Who may open a view: members of the company in scope, and for an action the roles that include it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.kernel.actor import Actor
from config.kernel.errors import NotAllowed
from config.kernel.models import Company, Membership, User
from config.kernel.roles import ACTIONS

P = ParamSpec("P")


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


def member(action: str = "") -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """View decorator. Without a company: a page that says so. With `action`, safe methods too need the role."""
    if action and action not in ACTIONS:
        raise KeyError(action)

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            membership: Membership | None = getattr(request, "membership", None)
            if membership is None:
                return render(request, "no_company.html", status=403)
            if action and not membership.may(action):
                raise NotAllowed
            return view(request, *args, **kwargs)

        guarded.member_action = action  # type: ignore[attr-defined]  # read by the house test that no view is open
        return guarded

    return decorate
