"""« Réglages › Sauvegarde »: when the last backup was made and rehearsed, how far chain and files were looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from billing.retention import ARTICLE, YEARS, passed_term
from config.kernel.access import MemberRequest, member
from config.kernel.clock import local_day
from config.kernel.models import ProofProgress, SafekeepingKind
from config.kernel.safekeeping import State, states
from config.kernel.todo import Today, Todo, watch
from config.kernel.typography import moment, number
from config.pages.frame import tabs_of

OLDEST_BACKUP = timedelta(hours=26)
LABELS = {
    SafekeepingKind.BACKUP: gettext_lazy("Sauvegarde"),
    SafekeepingKind.REHEARSAL: gettext_lazy("Restauration d’essai"),
    SafekeepingKind.CHAIN: gettext_lazy("Chaîne des faits"),
    SafekeepingKind.FILES: gettext_lazy("Fichiers conservés"),
    SafekeepingKind.STAMP: gettext_lazy("Horodatage"),
}
ALWAYS = {SafekeepingKind.BACKUP, SafekeepingKind.CHAIN, SafekeepingKind.FILES}


@dataclass(frozen=True, slots=True)
class Row:
    """A care as the page shows it: its state in a word, when it went well last, its figures, what is wrong."""

    label: Any
    state: tuple[str, Any]
    at: Any
    figures: str
    problem: str


@require_GET
@member("settings")
def safekeeping(request: HttpRequest) -> HttpResponse:
    """Of the installation, then of the company."""
    now, found = timezone.now(), states()
    membership = cast(MemberRequest, request).membership
    context = {
        "rows": [_row(found[kind]) for kind in LABELS if kind in ALWAYS or found[kind].last],
        "alerts": list(_alerts(now)),
        "progress": ProofProgress.objects.first(),
        "within": settings.FILES_CHECKED_WITHIN,
        "years": YEARS,
        "article": ARTICLE,
        "passed": passed_term(membership.company_id, today=local_day(now)),
        "tabs": tabs_of(membership.role, "safekeeping"),
    }
    return render(request, "settings/safekeeping.html", context)


def _row(state: State) -> Row:
    word = (
        ("neutral", _("Jamais"))
        if state.last is None
        else ("bad", _("En échec"))
        if state.problem
        else ("good", _("En ordre"))
    )
    figures = _figures(state.kind, state.good.facts) if state.good else ""
    return Row(LABELS[state.kind], word, state.good and state.good.finished_at, figures, state.problem)


def _figures(kind: SafekeepingKind, facts: dict[str, Any]) -> str:
    if kind == SafekeepingKind.BACKUP and "total_size" in facts:
        return _("%(total)s en tout, dont %(new)s envoyés cette fois (%(count)s fichiers conservés)") % {
            "total": filesizeformat(facts["total_size"]),
            "new": filesizeformat(facts["size"]),
            "count": number(facts["files"]),
        }
    if kind == SafekeepingKind.REHEARSAL and "backup" in facts:
        return _("sauvegarde %(backup)s, %(events)s événements vérifiés") % {
            "backup": facts["backup"],
            "events": number(facts["events"]),
        }
    if kind == SafekeepingKind.FILES and "read" in facts:
        count = facts["read"]
        return ngettext("%(n)s fichier lu cette nuit", "%(n)s fichiers lus cette nuit", count) % {"n": number(count)}
    return ""


def _alerts(now: Any) -> Iterator[tuple[str, str, str]]:
    """Tone, sentence and detail of what somebody has to do."""
    found = states()
    backup, rehearsal = found[SafekeepingKind.BACKUP], found[SafekeepingKind.REHEARSAL]
    chain, stamp = found[SafekeepingKind.CHAIN], found[SafekeepingKind.STAMP]
    if settings.BACKUP_TO or backup.last:
        if backup.good is None:
            yield "bad", _("Aucune sauvegarde n’a réussi"), backup.problem or _("La première se fait cette nuit.")
        elif now - backup.good.started_at > OLDEST_BACKUP:
            sentence = _("Dernière sauvegarde : %(at)s") % {"at": moment(backup.good.started_at)}
            yield "bad", sentence, backup.problem or _("Elle devrait dater de moins de 26 heures.")
    elif settings.PRODUCTION:
        yield (
            "warn",
            _("Aucune sauvegarde n’est réglée"),
            _("Qui exploite ce serveur doit en régler le lieu et la clé."),
        )
    if rehearsal.problem:
        yield "bad", _("La restauration d’essai a échoué"), rehearsal.problem
    if stamp.problem:
        yield "warn", _("L’horodatage a échoué"), stamp.problem
    if chain.problem:
        own = ProofProgress.objects.exclude(breaks=[]).first()
        yield "bad", _("La chaîne des faits ne tient pas"), own.breaks[0] if own else chain.problem


@watch("safekeeping", needs="settings.edit")
def badly_kept(today: Today) -> Iterator[Todo]:
    """A backup that is too old, a rehearsal that failed, a chain that does not hold."""
    for tone, sentence, detail in _alerts(today.at):
        yield Todo(sentence, detail, "alert", tone, _("Voir"), reverse("safekeeping"))
