"""Saved views: kept, changed and thrown away by who made them; those of the company also by who may share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict

from config.kernel.errors import DomainError, NotAllowed
from config.kernel.models import DefaultView, Membership, SavedView, User
from config.kernel.roles import Role
from config.kernel.rows import edit, lock

VIEW = "view"  # of a page's address: the view that it shows
MOST = 50  # views of a list
LONGEST = 2000
SHARERS = frozenset({Role.OWNER, Role.ACCOUNTANT})
# of an address, what is of a moment and not of a view
_PASSING = (VIEW, "cursor", "export")


class ViewNameTaken(DomainError):
    code = "view_name_taken"
    message = "Vous avez déjà une vue de ce nom pour cette liste : donnez-lui un autre nom."


class TooManyViews(DomainError):
    code = "too_many_views"
    message = "Cinquante vues par liste au plus : supprimez-en une d’abord."


class ViewTooLong(DomainError):
    code = "view_too_long"
    message = "Ce filtre est trop long pour être gardé : retirez-en une partie."


def views_of(page: str, user: User) -> Sequence[SavedView]:
    """The reader's own and the company's, by name, each with `is_default`: whether the list opens in it. One query."""
    mine = DefaultView.objects.filter(user=user, page=page, view=OuterRef("pk"))
    rows = SavedView.objects.filter(Q(owner=user) | Q(is_shared=True), page=page)
    return list(rows.annotate(is_default=Exists(mine)).order_by("name", "id")[: 2 * MOST])


def kept_query(query: str) -> str:
    """What a view keeps of the address of a list. Raises ViewTooLong."""
    kept = QueryDict(query, mutable=True)
    for name in _PASSING:
        kept.pop(name, None)
    for name, values in list(kept.lists()):
        kept.setlist(name, [value for value in values if value])
    text = kept.urlencode()
    if len(text) > LONGEST or "%00" in text:
        raise ViewTooLong
    return text


def may_share(membership: Membership) -> bool:
    """Whether the role gives views to the whole company."""
    return membership.role in SHARERS


def may_change(view: SavedView, membership: Membership) -> bool:
    return view.owner_id == membership.user_id or (view.is_shared and may_share(membership))


@transaction.atomic
def save_view(
    *,
    view: SavedView | None,
    page: str,
    query: str,
    name: str,
    is_shared: bool,
    is_default: bool,
    membership: Membership,
    at: datetime,
) -> SavedView:
    """A new view of a list, or other words and another filter for one.

    Raises NotAllowed where the role shares no views, ViewNameTaken, TooManyViews, ViewTooLong.
    """
    if view is not None and not may_change(view, membership):
        raise NotAllowed
    if is_shared and not (may_share(membership) or (view is not None and view.is_shared)):
        raise NotAllowed
    owner = view.owner_id if view is not None else membership.user_id
    same = SavedView.objects.filter(owner_id=owner, page=page)
    if same.filter(name=name).exclude(pk=view.pk if view else None).exists():
        raise ViewNameTaken(fields={"name": ViewNameTaken.message})
    values = {"name": name, "query": kept_query(query), "is_shared": is_shared}
    if view is not None:
        saved = lock(view)
        edit(saved, values)
    elif same.count() >= MOST:
        raise TooManyViews
    else:
        saved = SavedView.objects.create(
            company_id=membership.company_id, owner_id=owner, page=page, created_at=at, **values
        )
    _prefer(saved, membership, is_default=is_default)
    return saved


def _prefer(view: SavedView, membership: Membership, *, is_default: bool) -> None:
    mine = DefaultView.objects.filter(user_id=membership.user_id, page=view.page)
    if is_default:
        DefaultView.objects.update_or_create(
            company_id=membership.company_id, user_id=membership.user_id, page=view.page, defaults={"view": view}
        )
    else:
        mine.filter(view=view).delete()


@transaction.atomic
def delete_view(*, view: SavedView, membership: Membership) -> None:
    """Lists that opened in it open as they are. Raises NotAllowed."""
    if not may_change(view, membership):
        raise NotAllowed
    view.delete()
