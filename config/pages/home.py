"""What a company has to do today, and the first steps of a new one.

Everything is asked of SQL as sums and counts: the number of queries does not depend on the number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, Min, OuterRef, Q, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import Email, EmailStatus, Invoice, OrderStatus, Product, SalesOrder
from config.kernel import typography
from config.kernel.access import may_open
from config.kernel.clock import local_day
from config.kernel.models import DamagedFile, LoopFailure, Membership, WebhookEndpoint
from config.pages.figures import ZERO, Sums
from customers.models import Customer
from einvoicing.models import PlatformAccount, Transmission
from einvoicing.problems.waiting import ProblemKind, find_problems
from payments.models import BankAccount, BankLine, LineStatus, Payment, Reminder, ReminderStatus

PLATFORM_PATIENCE = timedelta(minutes=3)
# where people find the row a loop failed on, and whether it has a page of its own
RECORD_PAGES = {
    "billing.invoice": ("billing:invoice-detail", True),
    "billing.email": ("billing:email-detail", True),
    "einvoicing.transmission": ("einvoicing:transmission-detail", True),
    "einvoicing.remotedocument": ("einvoicing:transmission-list", False),
    "einvoicing.platformaccount": ("einvoicing:compliance", False),
    "payments.bankline": ("payments:bankline-detail", True),
}


@dataclass(frozen=True, slots=True)
class Task:
    """One line of the home page: what waits, since when or for how much, and the one action.

    `name`, `pk` and `query` are the address of the action: the record itself when there is only one.
    """

    words: str
    detail: str
    icon: str
    tone: str
    action: str
    name: str
    pk: int | None = None
    query: str = ""

    @property
    def url(self) -> str:
        """'' for what has no page."""
        page = reverse(self.name, args=[self.pk] if self.pk else []) if self.name else ""
        return f"{page}?{self.query}" if self.query else page


@dataclass(frozen=True, slots=True)
class Step:
    words: str
    detail: str
    done: bool
    action: str
    name: str

    @property
    def url(self) -> str:
        return reverse(self.name)


def tasks(found: Sums, at: datetime, membership: Membership) -> list[Task]:
    """What needs this person today, the most pressing first. What the role may not do is not asked of them."""
    rows: list[Task] = [*_files()]
    if membership.may_read("finance"):
        rows += [*_failures()]
    if membership.may("einvoicing.send"):
        rows += [*_platforms(at), *_transmissions(), *_emails()]
    if membership.may("bank.reconcile"):
        rows += [*_bank(at)]
    if membership.may_read("invoices"):
        rows += [*_late(found, local_day(at))]
    if membership.may("reminders.send"):
        rows += [*_notices()]
    if membership.may("invoices.edit"):
        rows += [*_orders(), *_drafts(found)]
    if membership.may("payments.record"):
        rows += [*_credits()]
    if membership.may("settings.edit"):
        rows += [*_webhooks()]
    return [task for task in rows if not task.name or may_open(membership.role, task.url)]


def _alone(count: int, pk: int | None, record: str, every: str, query: str) -> dict[str, Any]:
    return {"name": record, "pk": pk} if count == 1 else {"name": every, "query": query}


def _files() -> Iterator[Task]:
    """Kept files that were refused when they were read: somebody has to restore them."""
    damaged = list(DamagedFile.objects.order_by("found_at", "id")[:100])
    if damaged:
        words = ngettext(
            "%(n)s fichier conservé altéré ou manquant", "%(n)s fichiers conservés altérés ou manquants", len(damaged)
        )
        detail = _("%(name)s n’est plus remis à personne : restaurez-le depuis une sauvegarde.")
        first = damaged[0]
        title = words % {"n": typography.number(len(damaged))}
        yield Task(
            title, detail % {"name": first.name}, "alert", "bad", _("Voir"),
            "billing:invoice-detail", int(first.record.rpartition(":")[2]),
        )  # fmt: skip


def _failures() -> Iterator[Task]:
    """What background loops could not do, until a later run does it."""
    for failure in LoopFailure.objects.order_by("failing_since", "id")[:10]:
        words = _("Traitement automatique en échec : %(loop)s") % {"loop": _(failure.loop)}
        label, _separator, pk = failure.row.rpartition(":")
        name, has_page = RECORD_PAGES.get(label, ("", False))
        action = _("Voir") if name else ""
        detail = f"{failure.name} – {_(failure.problem)}"
        yield Task(words, detail, "alert", "bad", action, name, int(pk) if has_page else None)


def _platforms(at: datetime) -> Iterator[Task]:
    """Platforms that have not been reached for minutes: nothing leaves, and nothing is read."""
    silent = PlatformAccount.objects.filter(is_enabled=True, is_offline=False).exclude(last_error="")
    silent = silent.filter(Q(polled_at=None) | Q(polled_at__lt=at - PLATFORM_PATIENCE))
    for account in silent.order_by("name")[:5]:
        words = _("%(name)s ne répond pas") % {"name": account.name}
        since = _("Dernière lecture le %(at)s.") % {"at": typography.moment(account.polled_at)}
        detail = f"{_(account.last_error)} {since if account.polled_at else ''}".strip()
        yield Task(words, detail, "alert", "bad", _("Voir"), "einvoicing:compliance")


def _transmissions() -> Iterator[Task]:
    """What stopped on its way or was refused, until it is credited, sent again or answered."""
    broken = find_problems(Transmission.objects.all()).order_by().values("problem_kind")
    counts = {row["problem_kind"]: row for row in broken.annotate(rows=Count("pk"), one=Min("pk"))}
    wording = {
        ProblemKind.REFUSED: (
            lambda n: ngettext("%(n)s facture refusée ou rejetée", "%(n)s factures refusées ou rejetées", n),
            _("La plateforme ou le client l’a refusée : elle doit être corrigée par un avoir et une nouvelle facture."),
            _("Voir le motif"),
        ),
        ProblemKind.INVALID: (
            lambda n: ngettext("%(n)s facture non conforme", "%(n)s factures non conformes", n),
            _("Elle n’est pas partie : une règle du format n’est pas respectée."),
            _("Corriger"),
        ),
        ProblemKind.STOPPED: (
            lambda n: ngettext("%(n)s transmission abandonnée", "%(n)s transmissions abandonnées", n),
            _("Tous les essais ont échoué : la facture n’est pas chez le client."),
            _("Relancer"),
        ),
        ProblemKind.REQUESTED: (
            lambda n: ngettext("%(n)s facture en attente de réponse", "%(n)s factures en attente de réponse", n),
            _("Le client conteste, suspend ou n’approuve qu’en partie : lisez ce qu’il demande."),
            _("Répondre"),
        ),
        ProblemKind.UNDECLARED: (
            lambda n: ngettext("%(n)s statut non déclaré", "%(n)s statuts non déclarés", n),
            _("La plateforme ne l’a pas pris. La facture elle-même n’est pas en cause."),
            _("Relancer"),
        ),
    }
    for kind, (words, detail, action) in wording.items():
        row = counts.get(kind)
        if row:
            place = _alone(
                row["rows"], row["one"], "einvoicing:transmission-detail", "einvoicing:transmission-list",
                f"status={kind.value}",
            )  # fmt: skip
            title = words(row["rows"]) % {"n": typography.number(row["rows"])}
            yield Task(title, detail, "send", "bad", action, **place)


def _emails() -> Iterator[Task]:
    rows = Email.objects.filter(status__in=[EmailStatus.FAILED, EmailStatus.UNKNOWN])
    counts = {row["status"]: row for row in rows.values("status").annotate(rows=Count("pk"), one=Min("pk"))}
    if row := counts.get(EmailStatus.FAILED):
        words = ngettext("%(n)s e-mail refusé", "%(n)s e-mails refusés", row["rows"])
        place = _alone(row["rows"], row["one"], "billing:email-detail", "billing:email-list", "status=FAILED")
        detail = _("Le serveur de messagerie ne l’a pas pris : vérifiez l’adresse.")
        title = words % {"n": typography.number(row["rows"])}
        yield Task(title, detail, "mail", "bad", _("Corriger"), **place)
    if row := counts.get(EmailStatus.UNKNOWN):
        words = ngettext("%(n)s e-mail à l’issue inconnue", "%(n)s e-mails à l’issue inconnue", row["rows"])
        place = _alone(row["rows"], row["one"], "billing:email-detail", "billing:email-list", "status=UNKNOWN")
        detail = _("Il est peut-être parti : demandez au client avant de le renvoyer.")
        title = words % {"n": typography.number(row["rows"])}
        yield Task(title, detail, "mail", "warn", _("Vérifier"), **place)


def _bank(at: datetime) -> Iterator[Task]:
    """Old bank data holds every reminder back; open lines hide who has paid."""
    limit = at - BankAccount.STALE_AFTER
    old = BankAccount.objects.filter(Q(imported_at=None) | Q(imported_at__lt=limit))
    stale = old.aggregate(rows=Count("pk"), last=Min("imported_at"))
    if stale["rows"] and stale["last"]:
        words = _("Relevé bancaire de plus de 24 heures")
        detail = _("Le plus ancien date du %(at)s. Aucune relance ne part avant un relevé récent.")
        detail %= {"at": typography.moment(stale["last"])}
        yield Task(words, detail, "bank", "warn", _("Importer un relevé"), "payments:bankline-list")
    lines = BankLine.objects.filter(status=LineStatus.OPEN, amount__gt=0).aggregate(
        rows=Count("pk"), one=Min("pk"), total=Sum("amount", default=ZERO)
    )
    if lines["rows"]:
        words = ngettext("%(n)s virement à rapprocher", "%(n)s virements à rapprocher", lines["rows"])
        place = _alone(
            lines["rows"], lines["one"], "payments:bankline-detail", "payments:bankline-list", "status=TO_MATCH"
        )
        title = words % {"n": typography.number(lines["rows"])}
        yield Task(title, typography.money(lines["total"]), "bank", "info", _("Rapprocher"), **place)


def _late(found: Sums, today: date) -> Iterator[Task]:
    if not found.late or found.oldest is None:
        return
    words = ngettext("%(n)s facture en retard", "%(n)s factures en retard", found.late)
    days = (today - found.oldest).days
    age = ngettext("la plus ancienne de %(days)s jour", "la plus ancienne de %(days)s jours", days) % {"days": days}
    place = _alone(found.late, found.only_late, "billing:invoice-detail", "billing:invoice-list", "status=overdue")
    title = words % {"n": typography.number(found.late)}
    yield Task(title, f"{typography.money(found.late_total)} · {age}", "alert", "bad", _("Voir"), **place)


def _notices() -> Iterator[Task]:
    row = Reminder.objects.filter(status=ReminderStatus.DRAFTED).aggregate(
        rows=Count("pk"), one=Min("pk"), total=Sum("balance", default=ZERO)
    )
    if row["rows"]:
        words = ngettext("%(n)s mise en demeure à envoyer", "%(n)s mises en demeure à envoyer", row["rows"])
        place = _alone(row["rows"], row["one"], "payments:reminder-letter", "payments:reminder-letters", "")
        title = words % {"n": typography.number(row["rows"])}
        yield Task(title, typography.money(row["total"]), "bell", "warn", _("Relire et envoyer"), **place)


def _orders() -> Iterator[Task]:
    """Shipped ones to invoice, confirmed ones to ship. One query."""
    invoiced = Invoice.objects.filter(order=OuterRef("pk")).in_force()
    open_orders = SalesOrder.objects.filter(
        Q(status=OrderStatus.PENDING) | Q(status=OrderStatus.SHIPPED) & ~Exists(invoiced)
    )
    counted = open_orders.values("status").annotate(rows=Count("pk"), one=Min("pk"), total=Sum("total_gross"))
    counts = {row["status"]: row for row in counted}
    if row := counts.get(OrderStatus.SHIPPED):
        words = ngettext("%(n)s commande expédiée à facturer", "%(n)s commandes expédiées à facturer", row["rows"])
        yield _order_task(row, words, "cart", "info", _("Facturer"), "status=TO_INVOICE")
    if row := counts.get(OrderStatus.PENDING):
        words = ngettext("%(n)s commande confirmée à expédier", "%(n)s commandes confirmées à expédier", row["rows"])
        yield _order_task(row, words, "box", "neutral", _("Expédier"), "status=PENDING")


def _order_task(row: dict[str, Any], words: str, icon: str, tone: str, action: str, query: str) -> Task:
    place = _alone(row["rows"], row["one"], "billing:order-detail", "billing:order-list", query)
    detail = _("%(total)s TTC") % {"total": typography.money(row["total"])}
    return Task(words % {"n": typography.number(row["rows"])}, detail, icon, tone, action, **place)


def _drafts(found: Sums) -> Iterator[Task]:
    if not found.drafts:
        return
    words = ngettext("%(n)s brouillon à émettre", "%(n)s brouillons à émettre", found.drafts)
    place = _alone(found.drafts, found.only_draft, "billing:invoice-detail", "billing:invoice-list", "status=draft")
    detail = _("%(total)s TTC") % {"total": typography.money(found.draft_total)}
    title = words % {"n": typography.number(found.drafts)}
    yield Task(title, detail, "invoice", "neutral", _("Émettre"), **place)


def _credits() -> Iterator[Task]:
    """Money received that pays nothing yet, where the customer still owes something."""
    owed = Invoice.objects.outstanding().filter(customer=OuterRef("customer"))
    free = Payment.objects.filter(Exists(owed), amount__gt=F("allocated"), reverses=None, reversed_at=None)
    row = free.aggregate(rows=Count("pk"), one=Min("pk"), total=Sum(F("amount") - F("allocated"), default=ZERO))
    if row["rows"]:
        words = ngettext("%(n)s encaissement à affecter", "%(n)s encaissements à affecter", row["rows"])
        place = _alone(row["rows"], row["one"], "payments:payment-detail", "payments:payment-list", "left=owed")
        detail = _("%(total)s au crédit de clients qui doivent encore") % {"total": typography.money(row["total"])}
        title = words % {"n": typography.number(row["rows"])}
        yield Task(title, detail, "coins", "neutral", _("Affecter"), **place)


def _webhooks() -> Iterator[Task]:
    """Partner systems that are told nothing any more: only a person can mend that."""
    lost = WebhookEndpoint.objects.filter(is_active=False).exclude(disabled_reason="")
    row = lost.aggregate(rows=Count("pk"), one=Min("pk"))
    if row["rows"]:
        words = ngettext("%(n)s webhook désactivé", "%(n)s webhooks désactivés", row["rows"])
        place = _alone(row["rows"], row["one"], "webhook-detail", "webhook-settings", "")
        detail = _("Le système partenaire n’est plus prévenu de rien.")
        title = words % {"n": typography.number(row["rows"])}
        yield Task(title, detail, "globe", "warn", _("Réactiver"), **place)


def first_steps(role: str) -> list[Step]:
    """The way to the first invoice, for a company that has issued none: the steps that the role may take."""
    return [step for step in _steps() if may_open(role, step.url, "POST")]


def _steps() -> list[Step]:
    """Five queries."""
    return [
        Step(
            _("Ajoutez un client"), _("Son SIRET suffit pour une organisation."), Customer.objects.exists(),
            _("Nouveau client"), "customers:customer-new",
        ),
        Step(
            _("Décrivez ce que vous vendez"), _("Prix, unité et TVA se reprennent ensuite sur chaque ligne."),
            Product.objects.exists(), _("Nouveau produit"), "billing:product-new",
        ),
        Step(
            _("Reliez votre plateforme agréée"),
            _("Les factures y partent à l’émission, et leurs statuts en reviennent."),
            PlatformAccount.objects.filter(is_enabled=True).exists(), _("Régler"), "company-settings",
        ),
        Step(
            _("Importez un relevé bancaire"), _("Les virements qui citent une facture se rapprochent seuls."),
            BankAccount.objects.exclude(imported_at=None).exists(), _("Importer"), "payments:bankline-list",
        ),
        Step(
            _("Préparez votre première facture"), _("Aucun numéro n’est pris avant l’émission."),
            Invoice.objects.exists(), _("Nouvelle facture"), "billing:invoice-new",
        ),
    ]  # fmt: skip
