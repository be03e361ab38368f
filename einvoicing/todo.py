"""What e-invoicing asks for today: platforms that do not answer, transmissions that were refused or stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Min
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from config.kernel import typography
from config.kernel.middleware import translated
from config.kernel.todo import FirstStep, Today, Todo, counted, first_step, one_or_list, watch
from einvoicing.models import PlatformAccount, Transmission
from einvoicing.problems.waiting import ProblemKind, find_problems
from einvoicing.reporting import overview
from einvoicing.services.routing import CHORUS_PRO
from einvoicing.services.technical_accounts import password_warning

PLATFORM_PATIENCE = timedelta(minutes=3)
# the most pressing first: how many, what it means, what to do
PROBLEMS: dict[ProblemKind, tuple[Callable[[int], str], Any, Any]] = {
    ProblemKind.REFUSED: (
        lambda n: ngettext("%(n)s facture refusée ou rejetée", "%(n)s factures refusées ou rejetées", n),
        _("La plateforme ou le client l’a refusée : elle doit être corrigée par un avoir et une nouvelle facture."),
        _("Voir le motif"),
    ),
    ProblemKind.DUPLICATED: (
        lambda n: ngettext("%(n)s second numéro légal", "%(n)s seconds numéros légaux", n),
        _("Une copie a été finalisée chez Abby : la même vente y porte un autre numéro."),
        _("Ce qu’il faut faire"),
    ),
    ProblemKind.INVALID: (
        lambda n: ngettext("%(n)s facture non conforme", "%(n)s factures non conformes", n),
        _("Elle n’est pas partie : une règle du format n’est pas respectée."),
        _("Corriger"),
    ),
    ProblemKind.STOPPED: (
        lambda n: ngettext("%(n)s transmission abandonnée", "%(n)s transmissions abandonnées", n),
        _("Tous les essais ont échoué : la facture n’est pas chez le client."),
        _("Renvoyer"),
    ),
    ProblemKind.REQUESTED: (
        lambda n: ngettext("%(n)s facture en attente de réponse", "%(n)s factures en attente de réponse", n),
        _("Le client conteste, suspend ou n’approuve qu’en partie : lisez ce qu’il demande."),
        _("Répondre"),
    ),
    ProblemKind.UNDECLARED: (
        lambda n: ngettext("%(n)s statut non déclaré", "%(n)s statuts non déclarés", n),
        _("La plateforme ne l’a pas pris. La facture elle-même n’est pas en cause."),
        _("Renvoyer"),
    ),
}


def _accounts(_day: date) -> list[PlatformAccount]:
    return list(PlatformAccount.objects.filter(is_enabled=True).order_by("name"))


@watch("platforms", needs="einvoicing.send")
def silent_platforms(today: Today) -> Iterator[Todo]:
    """Platforms that have not been reached for minutes: nothing leaves, and nothing is read."""
    late = today.at - PLATFORM_PATIENCE
    silent = [
        account
        for account in today.once(_accounts)
        if account.last_error and not account.is_offline and (account.polled_at is None or account.polled_at < late)
    ]
    for account in silent[:5]:
        sentence = _("%(name)s ne répond pas") % {"name": account.name}
        since = _("Dernière lecture le %(at)s.") % {"at": typography.moment(account.polled_at)}
        detail = f"{_(account.last_error)} {since if account.polled_at else ''}".strip()
        yield Todo(sentence, detail, "alert", "bad", str(_("Voir")), reverse("einvoicing:compliance"))


@watch("technical-accounts", needs="settings.edit")
def ending_passwords(today: Today) -> Iterator[Todo]:
    """Technical accounts of Chorus Pro whose password ends within fifteen days: then every call is refused."""
    for account in today.once(_accounts):
        if account.kind == CHORUS_PRO and (warning := password_warning(account, today.date)):
            title = _("%(name)s : mot de passe à renouveler") % {"name": account.name}
            url = reverse("platform-edit", args=[CHORUS_PRO])
            yield Todo(title, translated(warning), "alert", "warn", str(_("Renouveler")), url)


@watch("transmissions", needs="einvoicing.send")
def stopped_transmissions(_today: Today) -> Iterator[Todo]:
    """What stopped on its way or was refused, until it is credited, sent again or answered."""
    broken = find_problems(Transmission.objects.all()).order_by().values("problem_kind")
    found = {row["problem_kind"]: row for row in broken.annotate(count=Count("pk"), only=Min("pk"))}
    for kind, (sentence, detail, action) in PROBLEMS.items():
        if row := found.get(kind):
            url = one_or_list(
                row["count"],
                row["only"],
                "einvoicing:transmission-detail",
                "einvoicing:transmission-list",
                f"status={kind.value}",
            )
            yield Todo(counted(sentence(row["count"]), row["count"]), str(detail), "send", "bad", str(action), url)


REPORTS: dict[str, tuple[Callable[[int], str], str, Any]] = {
    overview.LATE: (
        lambda n: ngettext(
            "%(n)s déclaration d’e-reporting en retard", "%(n)s déclarations d’e-reporting en retard", n
        ),
        "bad",
        _("Transmettre"),
    ),
    overview.REFUSED: (
        lambda n: ngettext("%(n)s déclaration d’e-reporting refusée", "%(n)s déclarations d’e-reporting refusées", n),
        "bad",
        _("Voir le motif"),
    ),
    overview.DIFFERS: (
        lambda n: ngettext("%(n)s période comptée autrement", "%(n)s périodes comptées autrement", n),
        "bad",
        _("Voir les écarts"),
    ),
    overview.MISSING: (
        lambda n: ngettext(
            "%(n)s période non déclarée par la plateforme", "%(n)s périodes non déclarées par la plateforme", n
        ),
        "bad",
        _("Voir"),
    ),
    overview.TO_CORRECT: (
        lambda n: ngettext("%(n)s période à rectifier", "%(n)s périodes à rectifier", n),
        "warn",
        _("Rectifier"),
    ),
    overview.READY: (
        lambda n: ngettext(
            "%(n)s déclaration d’e-reporting à transmettre", "%(n)s déclarations d’e-reporting à transmettre", n
        ),
        "warn",
        _("Transmettre"),
    ),
}


@watch("e-reporting", needs="einvoicing.send")
def reports_to_send(today: Today) -> Iterator[Todo]:
    """What is to be reported, by what was last read of the facts: the first legal day, and the one page to open."""
    found = overview.waiting(on=today.date) if settings.ENABLE_EINVOICING else []
    for state, (sentence, tone, action) in REPORTS.items():
        periods = [one for one in found if one.state == state]
        if not periods:
            continue
        first = min(periods, key=lambda one: one.period.due_on)
        detail = _("Échéance légale le %(day)s.") % {"day": typography.day(first.period.due_on)}
        url = reverse("einvoicing:reporting")
        if len(periods) == 1:
            url = reverse("einvoicing:report-period", args=[first.period.kind.lower(), first.period.code])
        yield Todo(counted(sentence(len(periods)), len(periods)), detail, "calendar", tone, str(action), url)


first_step(
    FirstStep(
        "company-settings",
        _("Reliez votre plateforme agréée"),
        _("Les factures y partent à l’émission, et leurs statuts en reviennent."),
        _("Régler"),
        is_done=lambda: PlatformAccount.objects.filter(is_enabled=True).exists(),
    )
)
