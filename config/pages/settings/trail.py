"""« Réglages › Piste d’audit »: all that happened in the company, in sentences, to be filtered and taken as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from config.kernel.access import MemberRequest, member, role_of
from config.kernel.canonical import canonical
from config.kernel.exports import Column, Row
from config.kernel.facts import FACTS
from config.kernel.filters import DatedFilter
from config.kernel.folding import holds
from config.kernel.lists.declared import DeclaredList
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.models import AuditEvent, Membership
from config.kernel.roles import READERS
from config.kernel.timeline import item_of, named, opened_by
from config.pages.frame import tabs_of
from config.pages.settings.api_keys import GROUPS

SORTS = {"date": "id"}
# what a sentence says of a datum that it does not know yet
ANY = "…"


class _Anything(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ANY


def acts() -> list[tuple[str, str]]:
    """What may have happened, by its tag, in the order of the alphabet."""
    found = [(tag, named(fact) % _Anything()) for tag, fact in FACTS.items() if fact.sentence or fact.partner_name]
    return sorted(found, key=lambda pair: pair[1].lower())


def domains() -> list[tuple[str, Any]]:
    """The parts of the product as the roles know them, by the words of the keys' rights."""
    found = {scope.removesuffix(".read"): label for label, rights in GROUPS for scope, _words in rights}
    own = {"finance": _("Pilotage"), "audit": _("Listes et actes groupés"), "settings": _("Réglages et personnes")}
    return [(area, own.get(area, found.get(area, area))) for area in READERS]


class TrailFilter(DatedFilter):
    """Who, in which part of the product, what, and when."""

    person = forms.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    kind = forms.ChoiceField(required=False)
    act = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, people: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        self.people = people
        self.base_fields["kind"].choices = domains()  # type: ignore[attr-defined]  # a ChoiceField
        self.base_fields["act"].choices = acts()  # type: ignore[attr-defined]  # the same
        super().__init__(*args, **kwargs)

    def rows(self) -> QuerySet[AuditEvent]:
        found: QuerySet[AuditEvent] = AuditEvent.objects.all()
        if self.value("q"):
            found = found.filter(holds(self.value("q"), "actor_name"))
        if self.value("person"):
            found = found.filter(actor_user_id=self.value("person"))
        if self.value("kind"):
            found = found.filter(tag__in=[tag for tag, fact in FACTS.items() if fact.area == self.value("kind")])
        if self.value("act"):
            found = found.filter(tag=self.value("act"))
        if self.value("from"):
            found = found.filter(at__gte=_midnight(self.value("from")))
        if self.value("to"):
            found = found.filter(at__lt=_midnight(self.value("to") + timedelta(days=1)))
        return found

    def controls(self) -> list[dict[str, Any]]:
        """The acts are those of the part that is chosen: of all of them there are hundreds."""
        person = {**self.control("person", _("Personne")), "choices": self.people}
        act = self.control("act", _("Acte"))
        kind = self.value("kind")
        act["choices"] = [pair for pair in act["choices"] if FACTS[pair[0]].area == kind or pair[0] == act["value"]]
        shown = [act] if act["choices"] else []
        return [person, self.control("kind", _("Domaine")), *shown, *self.dates()]


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _cells(events: Sequence[AuditEvent]) -> Iterator[Row]:
    for event in events:
        item = item_of(event)
        yield {
            "sequence": event.sequence,
            "at": timezone.localtime(event.at).isoformat(sep=" ", timespec="seconds"),
            "who": event.actor_name,
            "what": item.title,
            "detail": item.detail,
            "tag": event.tag,
            "subjects": " ".join(event.subjects),
            "data": canonical(event.data),
            "hash": event.hash,
        }


TRAIL = DeclaredList(
    "trail",
    gettext_lazy("Piste d’audit"),
    (
        Column("sequence", gettext_lazy("Rang"), "number"),
        Column("at", gettext_lazy("Date et heure")),
        Column("who", gettext_lazy("Qui")),
        Column("what", gettext_lazy("Quoi")),
        Column("detail", gettext_lazy("Détail")),
        Column("tag", gettext_lazy("Acte")),
        Column("subjects", gettext_lazy("Fiches")),
        Column("data", gettext_lazy("Données")),
        Column("hash", gettext_lazy("Empreinte")),
    ),
    _cells,
)


@require_GET
@member("audit")
def trail(request: HttpRequest) -> HttpResponse:
    """What happened, newest first, each with its record; `?export=` gives it as a file."""
    membership = cast(MemberRequest, request).membership
    form = TrailFilter(request.GET, people=_people(membership.company_id))
    found = form.rows()
    listed = open_list(request, TRAIL, found, sorts=SORTS, default="-date")
    if not isinstance(listed, ShownList):
        return listed
    page = listed.page
    context = {
        "listed": listed,
        "page": page,
        "rows": [_shown(event, role_of(request)) for event in page],
        "q": form.value("q") or "",
        "filters": form.controls(),
        "tabs": tabs_of(membership.role, "trail"),
    }
    return render(request, "settings/trail.html", context)


def _people(company_id: int) -> list[tuple[int, str]]:
    rows = Membership.objects.filter(company=company_id).select_related("user").order_by("user__email")
    return [(row.user_id, row.user.display_name) for row in rows]


def _shown(event: AuditEvent, role: str) -> dict[str, Any]:
    return {"event": event, "item": item_of(event), "url": opened_by(role, event)}
