"""The timeline of a record: its audit events in words, newest first, each with who, when and its proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import reduce
from typing import Any

from django.apps import apps
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as n

from config.kernel import typography
from config.kernel.models import AuditEvent, Company, CompanyRow
from config.kernel.roles import may_read

# tag → (sentence, icon, tone). Places: what the event's data holds; amounts are written as people write them.
WORDS: Mapping[str, tuple[str, str, str]] = {
    "kernel.company.changed": (n("Réglages de la société modifiés"), "settings", "neutral"),
    "kernel.company.created": (n("Société créée"), "settings", "neutral"),
    "kernel.member.added": (n("Membre ajouté : %(name)s"), "user", "neutral"),
    "kernel.member.changed": (n("Rôle de %(name)s modifié"), "user", "warn"),
    "kernel.member.removed": (n("Membre retiré : %(name)s"), "close", "warn"),
    "kernel.person.changed": (n("Compte de %(name)s modifié"), "user", "warn"),
    "kernel.person.deleted": (n("Compte de %(name)s supprimé"), "trash", "warn"),
    "kernel.webhook.created": (n("Destination de webhooks ajoutée"), "globe", "neutral"),
    "kernel.webhook.changed": (n("Destination de webhooks modifiée"), "edit", "neutral"),
    "kernel.webhook.secret_rotated": (n("Secret du webhook changé"), "lock", "neutral"),
    "kernel.webhook.tested": (n("Essai du webhook demandé"), "send", "neutral"),
    "kernel.webhook.replayed": (n("Message rejoué : %(event)s"), "refresh", "neutral"),
    "kernel.webhook.disabled": (n("Destination de webhooks désactivée"), "alert", "warn"),
    "kernel.webhook.enabled": (n("Destination de webhooks réactivée"), "check", "good"),
    "kernel.webhook.deleted": (n("Destination de webhooks supprimée"), "trash", "neutral"),
    "kernel.source.created": (n("Système appelant ajouté : %(source)s"), "globe", "neutral"),
    "kernel.source.changed": (n("Système appelant modifié : %(source)s"), "edit", "neutral"),
    "kernel.received.failed": (n("Message reçu non appliqué : %(event)s"), "alert", "bad"),
    "kernel.received.replayed": (n("Message reçu rejoué : %(event)s"), "refresh", "neutral"),
    "kernel.file.refused": (n("Fichier %(name)s altéré ou manquant : il n’est plus remis"), "alert", "bad"),
    "customers.customer.created": (n("Client créé"), "user", "neutral"),
    "customers.customer.changed": (n("Fiche client modifiée"), "edit", "neutral"),
    "customers.customer.archived": (n("Client archivé"), "box", "neutral"),
    "customers.customer.restored": (n("Client rétabli"), "check", "neutral"),
    "customers.contact.added": (n("Contact ajouté : %(name)s"), "user", "neutral"),
    "customers.contact.changed": (n("Contact modifié : %(name)s"), "edit", "neutral"),
    "customers.contact.removed": (n("Contact retiré : %(name)s"), "close", "neutral"),
    "customers.terms.created": (n("Conditions de paiement ajoutées : %(name)s"), "clock", "neutral"),
    "customers.terms.changed": (n("Conditions de paiement modifiées : %(name)s"), "edit", "neutral"),
    "customers.terms.deleted": (n("Conditions de paiement supprimées : %(name)s"), "trash", "neutral"),
    "billing.product.created": (n("Produit créé à %(unit_price)s HT"), "box", "neutral"),
    "billing.product.changed": (n("Produit modifié, %(unit_price)s HT"), "edit", "neutral"),
    "billing.product.archived": (n("Produit archivé"), "box", "neutral"),
    "billing.product.restored": (n("Produit rétabli"), "check", "neutral"),
    "billing.rate.saved": (n("Taux de retard %(half_year)s enregistré"), "edit", "neutral"),
    "billing.stock.moved": (n("Mouvement de stock : %(quantity)s %(product)s"), "box", "neutral"),
    "billing.order.created": (n("Commande %(number)s créée, %(total)s TTC"), "cart", "neutral"),
    "billing.order.changed": (n("Commande modifiée, %(total)s TTC"), "edit", "neutral"),
    "billing.order.confirmed": (n("Commande confirmée"), "check", "info"),
    "billing.order.shipped": (n("Commande expédiée"), "check", "good"),
    "billing.order.cancelled": (n("Commande annulée"), "close", "bad"),
    "billing.order.invoiced": (n("Facture générée"), "invoice", "info"),
    "billing.invoice.drafted": (n("Brouillon créé, %(total)s TTC"), "edit", "neutral"),
    "billing.invoice.deposit_drafted": (n("Acompte préparé, %(total)s TTC"), "invoice", "info"),
    "billing.invoice.changed": (n("Brouillon modifié, %(total)s TTC"), "edit", "neutral"),
    "billing.invoice.draft_deleted": (n("Brouillon supprimé"), "close", "neutral"),
    "billing.invoice.issued": (n("%(number)s émise, %(total)s TTC"), "check", "good"),
    "billing.invoice.created_and_sent": (n("Créée, émise et envoyée en un appel"), "send", "neutral"),
    "billing.invoice.settled": (n("%(number)s entièrement réglée"), "coins", "good"),
    "billing.invoice.reopened": (n("%(number)s de nouveau à payer"), "alert", "warn"),
    "billing.invoice.credited": (n("%(number)s annulée par avoir"), "close", "warn"),
    "billing.invoice.replaced": (n("%(number)s remplacée par une facture rectificative"), "close", "warn"),
    "billing.invoice.annotated": (n("Notes internes modifiées"), "edit", "neutral"),
    "billing.invoice.disputed": (n("Facture contestée"), "alert", "bad"),
    "billing.invoice.dispute_closed": (n("Contestation levée"), "check", "good"),
    "billing.journal.written": (n("Écriture comptable %(number)s"), "file", "neutral"),
    "billing.email.queued": (n("E-mail en attente d’envoi"), "mail", "neutral"),
    "billing.email.sent": (n("E-mail accepté par le serveur de messagerie"), "mail", "good"),
    "billing.email.kept": (n("E-mail conservé : aucun serveur de messagerie"), "mail", "warn"),
    "billing.email.failed": (n("E-mail refusé par le serveur de messagerie"), "mail", "bad"),
    "billing.email.postponed": (n("E-mail reporté, nouvel essai prévu"), "mail", "warn"),
    "billing.email.unknown": (n("E-mail : issue inconnue"), "mail", "warn"),
    "billing.email.cancelled": (n("E-mail annulé avant envoi"), "mail", "neutral"),
    "billing.email.requeued": (n("E-mail remis en file"), "mail", "neutral"),
    "payments.payment.recorded": (n("Encaissement %(number)s de %(amount)s"), "coins", "good"),
    "payments.payment.allocated": (n("%(amount)s de %(payment)s affectés à %(invoice)s"), "coins", "good"),
    "payments.payment.released": (n("%(amount)s de %(payment)s retirés de %(invoice)s"), "coins", "warn"),
    "payments.payment.reversed": (n("Encaissement %(number)s annulé"), "close", "bad"),
    "payments.payment.changed": (n("Référence ou notes modifiées"), "edit", "neutral"),
    "payments.bank.account_added": (n("Compte bancaire %(name)s ajouté"), "bank", "neutral"),
    "payments.bank.account_changed": (n("Compte bancaire %(name)s modifié"), "bank", "warn"),
    "payments.bank.account_removed": (n("Compte bancaire %(name)s supprimé"), "trash", "warn"),
    "payments.feed.connected": (n("Flux %(service)s relié"), "link", "good"),
    "payments.feed.changed": (n("Flux %(service)s modifié"), "edit", "neutral"),
    "payments.feed.removed": (n("Flux %(service)s supprimé"), "trash", "neutral"),
    "payments.feed.recorded": (n("%(amount)s lus dans %(service)s"), "coins", "good"),
    "payments.feed.refused": (n("%(service)s : %(amount)s pour %(number)s non enregistrés"), "alert", "warn"),
    "payments.feed.left_out": (n("%(service)s : les comptes non lus ont changé"), "alert", "warn"),
    "payments.feed.read": (n("Flux %(service)s lu"), "refresh", "neutral"),
    "payments.bank.imported": (n("Relevé importé"), "bank", "neutral"),
    "payments.bank.matched": (n("Ligne bancaire rapprochée"), "link", "good"),
    "payments.bank.unmatched": (n("Rapprochement défait"), "close", "warn"),
    "payments.bank.ignored": (n("Ligne bancaire sans suite"), "close", "neutral"),
    "payments.bank.reopened": (n("Ligne bancaire rouverte"), "alert", "neutral"),
    "payments.reminder.queued": (n("Relance préparée"), "bell", "neutral"),
    "payments.reminder.drafted": (n("Mise en demeure à relire et envoyer"), "bell", "warn"),
    "payments.reminder.sent": (n("Relance envoyée"), "bell", "info"),
    "payments.reminder.cancelled": (n("Relance annulée avant envoi"), "bell", "neutral"),
    "einvoicing.account.created": (n("Plateforme %(platform)s reliée"), "settings", "good"),
    "einvoicing.account.changed": (n("Réglages de la plateforme %(platform)s modifiés"), "settings", "neutral"),
    "einvoicing.account.removed": (n("Plateforme %(platform)s supprimée"), "trash", "warn"),
    "einvoicing.document.made": (n("Document légal produit et contrôlé"), "file", "good"),
    "einvoicing.transmission.queued": (n("À transmettre à %(platform)s"), "send", "neutral"),
    "einvoicing.transmission.deposited": (n("Reçue par %(platform)s"), "send", "good"),
    "einvoicing.transmission.in_doubt": (
        n("Transmission : issue inconnue, vérification avant tout renvoi"),
        "alert",
        "warn",
    ),
    "einvoicing.transmission.postponed": (n("Transmission reportée"), "alert", "warn"),
    "einvoicing.transmission.given_up": (n("Transmission abandonnée, action requise"), "alert", "bad"),
    "einvoicing.transmission.invalid": (n("Non conforme : non transmise"), "alert", "bad"),
    "einvoicing.transmission.retried": (n("Transmission relancée"), "send", "neutral"),
    "einvoicing.transmission.dismissed": (n("Classée sans suite"), "check", "neutral"),
    "einvoicing.transmission.rejected": (n("Rejetée par la plateforme"), "alert", "bad"),
    "einvoicing.transmission.answered": (n("Réponse reçue par %(platform)s"), "send", "good"),
    "einvoicing.completion.queued": (n("Complément à envoyer à %(platform)s"), "send", "neutral"),
    "einvoicing.recycling.queued": (n("Autre service à demander à %(platform)s"), "send", "neutral"),
    "einvoicing.transmission.missing": (n("%(platform)s n’a pas ce document"), "alert", "bad"),
    "einvoicing.account.strangers": (
        n("%(platform)s tient %(count)s documents qui ne viennent pas d’ici"),
        "alert",
        "warn",
    ),
    "einvoicing.copy.sent": (n("%(platform)s : copie envoyée au client"), "mail", "neutral"),
    "einvoicing.copy.overdue": (n("%(platform)s : copie en retard de paiement"), "clock", "warn"),
    "einvoicing.copy.cancelled": (n("%(platform)s : copie annulée"), "alert", "warn"),
    "einvoicing.status.queued": (n("Statut %(code)s – %(label)s, à déclarer à %(platform)s"), "send", "neutral"),
    "einvoicing.status.declared": (n("Statut %(code)s – %(label)s, déclaré"), "send", "good"),
    "einvoicing.status.received": (n("Statut %(code)s – %(label)s"), "send", "info"),
}
# what an event tells something of, by how its tag begins: who may not read that area is not told
AREAS: Mapping[str, str] = {
    "kernel.": "settings",
    "kernel.file.": "invoices",
    "customers.": "customers",
    "billing.": "invoices",
    "billing.product.": "products",
    "billing.order.": "orders",
    "payments.": "payments",
    "payments.bank.": "bank",
    "payments.feed.": "bank",
    "payments.reminder.": "invoices",
    "einvoicing.": "einvoicing",
}
# steps of the machine that tell a person nothing
SILENT = frozenset(
    {"einvoicing.transmission.claimed", "einvoicing.transmission.carrier_died", "einvoicing.transmission.accepted",
     "billing.email.claimed", "kernel.received.applied", "kernel.received.ignored"}
)  # fmt: skip
AMOUNTS = frozenset({"amount", "total", "unit_price", "balance"})
DETAILS = ("reason", "error", "sentence", "recipient")
MOST = 200


@dataclass(frozen=True, slots=True)
class Item:
    at: datetime
    who: str
    icon: str
    tone: str
    title: str
    detail: str
    hash: str
    proof_url: str = ""
    proof_label: str = ""


def timeline_of(row: CompanyRow | Company, role: str) -> list[Item]:
    """What happened to the row, as far as the role may read it, newest first. One query."""
    events = AuditEvent.everywhere.filter(company_id=row.company_id, subjects__contains=[row.subject])
    return [_item(event) for event in events.filter(_readable_by(role)).order_by("-id")[:MOST]]


def latest_of(most: int, role: str) -> list[Item]:
    """The last things that happened in the company in scope, as far as the role may read them. One query."""
    events = AuditEvent.objects.filter(_readable_by(role), tag__in=WORDS)
    return [
        replace(_item(event), hash="", proof_url=_address_of(event.subjects[0]), proof_label=_("Ouvrir la fiche"))
        for event in events.order_by("-id")[:most]
    ]


def _readable_by(role: str) -> Q:
    hidden = Q(tag__in=SILENT)
    for start, area in AREAS.items():
        if not may_read(role, area):
            hidden |= _of(start)
    return ~hidden


def _of(start: str) -> Q:
    """The tags of this entry of AREAS: those that begin so, and not with a longer one."""
    longer = [one for one in AREAS if one != start and one.startswith(start)]
    return reduce(lambda found, one: found & ~Q(tag__startswith=one), longer, Q(tag__startswith=start))


def _address_of(subject: str) -> str:
    """The page of the row an event is about; '' for rows that have none. No query."""
    label, _colon, pk = subject.partition(":")
    model: Any = apps.get_model(label)
    return str(model(pk=int(pk)).get_absolute_url()) if hasattr(model, "get_absolute_url") else ""


def _item(event: AuditEvent) -> Item:
    sentence, icon, tone = WORDS.get(event.tag, (event.tag, "info", "neutral"))
    data = {key: _readable(key, value) for key, value in event.data.items()}
    try:
        title = _(sentence) % data if "%(" in sentence else _(sentence)
    except KeyError:
        title = event.tag
    detail = " · ".join(_(str(data[key])) for key in DETAILS if data.get(key))
    proof = event.data.get("sha256") or event.digest
    return Item(event.at, event.actor_name, icon, tone, title, detail, proof)


def _readable(key: str, value: Any) -> Any:
    if key in AMOUNTS and isinstance(value, str):
        try:
            return typography.money(Decimal(value))
        except InvalidOperation:
            return value
    return _(value) if key == "label" and value else value
