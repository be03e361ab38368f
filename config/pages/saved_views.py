"""Saved views: a list as it is shown now gets a name, for oneself or for the company; then another one, or goes."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from config.kernel.access import MemberRequest, may_open, member
from config.kernel.confirming import Confirmation, confirm
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.forms import TextField
from config.kernel.lists.shown import address_of
from config.kernel.lists.views import delete_view, may_change, may_share, save_view, views_of
from config.kernel.models import Membership, SavedView
from config.kernel.sent_once import sent_once


class ViewForm(forms.Form):
    name = TextField(label=gettext_lazy("Nom"), max_length=60)
    is_shared = forms.BooleanField(label=gettext_lazy("Pour toute la société"), required=False)
    is_default = forms.BooleanField(label=gettext_lazy("Ouvrir la liste ainsi pour moi"), required=False)

    def __init__(self, *args: Any, may_share: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_share:
            del self.fields["is_shared"]


@require_http_methods(["GET", "POST"])
@member("company")
@sent_once
def view_new(request: HttpRequest) -> HttpResponse:
    """`?page=` names the list, `?query=` is what its address says."""
    return _form(request, None, request.GET.get("page", ""))


@require_http_methods(["GET", "POST"])
@member("company")
def view_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """`?query=` is what its list shows now, to be kept from now on; without it the view keeps its own."""
    view = _load(request, pk)
    return _form(request, view, view.page)


def _form(request: HttpRequest, view: SavedView | None, page: str) -> HttpResponse:
    membership, address = cast(MemberRequest, request).membership, _address(request, page)
    query = request.GET.get("query", view.query if view else "")
    initial = {"name": view.name, "is_shared": view.is_shared, "is_default": _is_default(request, view)} if view else {}
    sent = request.POST if request.method == "POST" else None
    form = ViewForm(sent, initial=initial, may_share=may_share(membership))
    if sent is not None and form.is_valid():
        values = {"is_shared": view is not None and view.is_shared, **form.cleaned_data}
        try:
            saved = save_view(view=view, page=page, query=query, membership=membership, at=timezone.now(), **values)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Vue « %(name)s » enregistrée.") % {"name": saved.name})
            return redirect(f"{address}?{address_of(saved)}")
    context = {"form": form, "view": view, "back": f"{address}?{query}" if query else address}
    return render(request, "views/form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@member("company")
@sent_once
def view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    view = _load(request, pk)
    address = _address(request, view.page)
    if request.method == "POST":
        delete_view(view=view, membership=cast(MemberRequest, request).membership)
        messages.success(request, _("Vue « %(name)s » supprimée.") % {"name": view.name})
        return redirect(f"{address}?view=all")
    shared = _("Elle disparaît aussi pour les autres personnes de la société.")
    confirmation = Confirmation(
        title=_("Supprimer la vue"),
        effect=shared if view.is_shared else _("La liste et ses lignes restent ; ce filtre n’a plus de nom."),
        facts=[(_("Nom"), view.name)],
        back=f"{address}?{address_of(view)}",
        back_label=view.name,
        icon="trash",
        danger=True,
    )
    return confirm(request, confirmation)


def _load(request: HttpRequest, pk: int) -> SavedView:
    """One that the reader may change; another's own does not exist for them."""
    membership: Membership = cast(MemberRequest, request).membership
    mine = SavedView.objects.filter(Q(owner=membership.user_id) | Q(is_shared=True))
    view: SavedView = get_object_or_404(mine, pk=pk)
    if not may_change(view, membership):
        raise Http404
    return view


def _is_default(request: HttpRequest, view: SavedView) -> bool:
    views = views_of(view.page, cast(MemberRequest, request).user)
    return any(one.pk == view.pk and one.is_default for one in views)  # type: ignore[attr-defined]  # of views_of


def _address(request: HttpRequest, page: str) -> str:
    """Of the list. Raises Http404 for none that the role opens."""
    try:
        address = reverse(page)
    except NoReverseMatch:
        raise Http404 from None
    if not may_open(cast(MemberRequest, request).membership.role, address):
        raise Http404
    return address
