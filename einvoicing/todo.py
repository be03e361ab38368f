"""What e-invoicing asks for today: platforms that do not answer, transmissions that were refused or stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Min, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from billing.purchases.models.invoices import ENDED
from config.kernel import typography
from config.kernel.middleware import translated
from config.kernel.todo import FirstStep, Today, Todo, counted, first_step, one_or_list, watch
from einvoicing.models import PlatformAccount, ReceivedDocument, ReceivedStatus, ReceptionSource, Transmission
from einvoicing.problems.waiting import ProblemKind, find_problems
from einvoicing.reception.statuses import SENT_BACK
from einvoicing.reporting import overview
from einvoicing.services.routing import CHORUS_PRO
from einvoicing.services.technical_accounts import password_warning

PLATFORM_PATIENCE = timedelta(minutes=3)
SOURCE_PATIENCE = timedelta(hours=1)
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


RECEIVED: dict[str, tuple[Callable[[int], str], Any, str]] = {
    ReceivedStatus.UNREADABLE: (
        lambda n: ngettext("%(n)s document reçu illisible", "%(n)s documents reçus illisibles", n),
        _("Un fournisseur attend peut-être d’être payé : demandez-lui une autre copie."),
        "bad",
    ),
    ReceivedStatus.READ: (
        lambda n: ngettext("%(n)s document reçu à traiter", "%(n)s documents reçus à traiter", n),
        _("Le fournisseur est à choisir, ou la lecture à vérifier, avant l’enregistrement."),
        "warn",
    ),
    ReceivedStatus.DUPLICATE: (
        lambda n: ngettext("%(n)s doublon retenu", "%(n)s doublons retenus", n),
        _("Retenu pour ne pas être payé deux fois : écartez-le, ou dites que ce n’en est pas un."),
        "warn",
    ),
}


@watch("received", needs="purchases.edit")
def waiting_documents(_today: Today) -> Iterator[Todo]:
    """Supplier documents that wait for a person, and those that their platform took back."""
    rows = ReceivedDocument.objects.waiting().order_by().values("status").annotate(count=Count("pk"), only=Min("pk"))
    found = {row["status"]: row for row in rows}
    for status, (sentence, detail, tone) in RECEIVED.items():
        if row := found.get(status):
            url = one_or_list(
                row["count"], row["only"], "einvoicing:received-detail", "einvoicing:received-list", f"status={status}"
            )
            yield Todo(counted(sentence(row["count"]), row["count"]), str(detail), "bag", tone, str(_("Traiter")), url)
    # one that waits to be checked is among the doubtful purchases; one that a person approved since has been looked at
    nobody_looked = Q(purchase=None) | Q(statuses__received_at__gt=F("purchase__approved_at"))
    rejected = ReceivedDocument.objects.filter(nobody_looked, statuses__code__in=SENT_BACK)
    rejected = rejected.exclude(status=ReceivedStatus.SET_ASIDE)
    for document in rejected.exclude(purchase__status__in=ENDED).distinct().order_by("-received_at")[:5]:
        title = _("%(name)s : facture reçue, puis rejetée par sa plateforme") % {"name": document}
        words = str(_("Ne la payez pas : demandez au fournisseur une autre facture."))
        yield Todo(title, words, "alert", "bad", str(_("Voir")), document.get_absolute_url())


@watch("reception", needs="purchases.edit")
def incomplete_sources(today: Today) -> Iterator[Todo]:
    """Sources that cannot be read, and what a platform lists that is not here, with the day of the comparison."""
    url, late = reverse("einvoicing:received-list"), today.at - SOURCE_PATIENCE
    for source in ReceptionSource.objects.filter(is_enabled=True).select_related("account").order_by("id"):
        if source.last_error and (source.polled_at is None or source.polled_at < late):
            title = _("%(name)s : factures fournisseurs non lues") % {"name": source}
            yield Todo(title, translated(source.last_error), "alert", "bad", str(_("Voir")), f"{url}#sources")
        count = len({one["id"] for one in [*source.missing, *source.owed]})
        if count:
            sentence = ngettext("%(n)s document annoncé et pas reçu", "%(n)s documents annoncés et pas reçus", count)
            at = typography.moment(source.compared_at or source.polled_at)
            detail = _("%(name)s, comparée le %(at)s.") % {"name": source, "at": at}
            yield Todo(counted(sentence, count), detail, "bag", "warn", str(_("Voir")), f"{url}#sources")


first_step(
    FirstStep(
        "company-settings",
        _("Reliez votre plateforme agréée"),
        _("Les factures y partent à l’émission, et leurs statuts en reviennent."),
        _("Régler"),
        is_done=lambda: PlatformAccount.objects.filter(is_enabled=True).exists(),
    )
)
