"""What a company has to do today, and the first steps of a new one, in the order of the page.

Apps declare theirs in their `todo.py`; what the kernel knows is looked for here.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Min
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.kernel import typography
from config.kernel.access import may_open
from config.kernel.models import DamagedFile, LoopFailure, WebhookEndpoint
from config.kernel.places import SHOWN_AT, record_url
from config.kernel.quiet import is_quiet
from config.kernel.roles import allows
from config.kernel.scope import across_companies
from config.kernel.todo import FIRST_STEPS, WATCHES, FirstStep, Today, Todo, counted, one_or_list, watch
from config.pages.operations.naming import name_of
from config.runtime import heartbeats

# the most pressing first
ORDER = (
    "restoration",
    "safekeeping",
    "workers", "files", "failures", "platforms", "technical-accounts", "transmissions", "e-reporting", "received",
    "reception", "emails", "bank", "suspense", "debit-returns", "supplier-ibans", "purchases", "approvals",
    "purchase-orders",
    "payment-runs", "supplier-payments", "card-payments", "late-invoices", "notices", "formal-notices", "promises",
    "refused-addresses", "orders", "drafts", "credits", "webhooks",
)  # fmt: skip
OF_THE_INSTALLATION = ("safekeeping", "workers")  # superusers are told too
FIRST_STEPS_IN_ORDER = (
    "customers:customer-new",
    "billing:product-new",
    "company-settings",
    "payments:bankline-list",
    "billing:invoice-new",
)


def todos(today: Today, role: str, *, is_superuser: bool = False) -> list[Todo]:
    """What needs this person today. What the role may not do is not asked of them."""
    watches = [WATCHES[name] for name in ORDER]
    found = (todo for watch in watches if allows(role, watch.needs) for todo in watch.find(today))
    mine = [todo for todo in found if not todo.url or may_open(role, todo.url)]
    if is_superuser and not allows(role, WATCHES["workers"].needs):
        mine = [todo for name in OF_THE_INSTALLATION for todo in WATCHES[name].find(today)] + mine
    return [*failures_of_no_company(), *mine] if is_superuser else mine


def first_steps(role: str) -> list[tuple[FirstStep, bool]]:
    """The way to the first invoice: the steps that the role may take, and whether each is done. A query a step."""
    steps = [FIRST_STEPS[name] for name in FIRST_STEPS_IN_ORDER]
    return [(step, step.is_done()) for step in steps if may_open(role, step.url, "POST")]


@watch("restoration", needs="settings.edit")
def restored_copy(_today: Today) -> Iterator[Todo]:
    """A database that came back from a copy does nothing until it is released."""
    if is_quiet():
        sentence = _("Base restaurée d’une sauvegarde : rien n’est numéroté ni envoyé")
        detail = _("Voyez ce qu’elle ignore, puis reprenez l’activité.")
        yield Todo(sentence, detail, "alert", "bad", _("Voir"), reverse("restoration"))


@watch("workers", needs="settings.edit")
def stopped_workers(today: Today) -> Iterator[Todo]:
    """Background processes that give no sign of life, or take no task: only a person starts them again."""
    stopped = heartbeats.not_working(heartbeats.workers(today.at))
    if stopped:
        names = ", ".join(name_of(worker) for worker in stopped)
        since = min((worker.since for worker in stopped if worker.since), default=None)
        sentence = _("À l’arrêt : %(names)s") % {"names": names}
        detail = _("Depuis le %(since)s.") % {"since": typography.moment(since)} if since else _("Jamais démarré.")
        yield Todo(sentence, f"{detail} {stopped[0].remedy}", "alert", "bad", _("Voir"), reverse("operations"))


@watch("files", needs="company")
def damaged_files(_today: Today) -> Iterator[Todo]:
    """Kept files that were refused when they were read: somebody has to restore them."""
    damaged = list(DamagedFile.objects.order_by("found_at", "id")[:100])
    if damaged:
        sentence = ngettext(
            "%(n)s fichier conservé altéré ou manquant", "%(n)s fichiers conservés altérés ou manquants", len(damaged)
        )
        detail = _("%(name)s n’est plus remis à personne : restaurez-le depuis une sauvegarde.")
        url = record_url(damaged[0].record)
        yield Todo(counted(sentence, len(damaged)), detail % {"name": damaged[0].name}, "alert", "bad", _("Voir"), url)


@watch("failures", needs="finance")
def loop_failures(_today: Today) -> Iterator[Todo]:
    """What background loops could not do, until a later run does it."""
    yield from map(_failed, LoopFailure.objects.order_by("failing_since", "id")[:10])


def failures_of_no_company() -> list[Todo]:
    """Those of rows that belong to no company, for superusers."""
    # the policy shows what is of no company only to whoever sees every one
    with across_companies():
        return [
            _failed(row) for row in LoopFailure.everywhere.filter(company=None).order_by("failing_since", "id")[:10]
        ]


def _failed(failure: LoopFailure) -> Todo:
    sentence = _("Traitement automatique en échec : %(loop)s") % {"loop": _(failure.loop)}
    label, _colon, _pk = failure.row.partition(":")
    url = reverse(SHOWN_AT[label]) if label in SHOWN_AT else record_url(failure.row)
    detail = f"{failure.name} – {_(failure.problem)}"
    return Todo(sentence, detail, "alert", "bad", _("Voir") if url else "", url)


@watch("webhooks", needs="settings.edit")
def lost_webhooks(_today: Today) -> Iterator[Todo]:
    """Partner systems that are told nothing any more: only a person can mend that."""
    lost = WebhookEndpoint.objects.filter(is_active=False).exclude(disabled_reason="")
    row = lost.aggregate(count=Count("pk"), only=Min("pk"))
    if row["count"]:
        sentence = ngettext("%(n)s webhook désactivé", "%(n)s webhooks désactivés", row["count"])
        detail = _("Le système partenaire n’est plus prévenu de rien.")
        url = one_or_list(row["count"], row["only"], "webhook-detail", "webhook-settings")
        yield Todo(counted(sentence, row["count"]), detail, "globe", "warn", _("Réactiver"), url)
