"""What each app declares of itself: the audit tags it writes, how timelines word them, and the events partners know.

An app's declarations stand in its `facts.py`, read when the kernel is ready; the kernel's own stand below.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as n


@dataclass(frozen=True, slots=True)
class PartnerObject:
    """A model as partners know it: the name of one row, and where the API shows it ('' where it does not)."""

    model: str
    name: str
    path: str
    label: Any

    def url(self, pk: int) -> str | None:
        return f"{self.path}/{pk}" if self.path else None


@dataclass(frozen=True, slots=True)
class Fact:
    """An audit tag, in words whose places are the event's data. Without a sentence: a step that tells a person nothing.

    With a `partner_name`, webhooks tell it under that name, of the row of `about` among the event's subjects; its label
    is the sentence unless another is given.
    """

    tag: str
    sentence: str = ""
    icon: str = ""
    tone: str = "neutral"
    partner_name: str = ""
    partner_label: Any = ""
    about: PartnerObject | None = None
    area: str = ""


FACTS: dict[str, Fact] = {}
PARTNER_EVENTS: dict[str, Fact] = {}
PARTNER_OBJECTS: dict[str, PartnerObject] = {}


def declare(area: str, *facts: Fact, about: PartnerObject | None = None) -> None:
    """Declare the facts that whoever reads the area (`roles.READERS`) may know; partners hear of them `about` a row."""
    for fact in facts:
        if fact.tag in FACTS or fact.partner_name in PARTNER_EVENTS:
            raise ValueError(f"declared twice: {fact}")
        label = fact.partner_label or gettext_lazy(fact.sentence)
        declared = replace(fact, area=area, about=about if fact.partner_name else None, partner_label=label)
        FACTS[fact.tag] = declared
        if declared.about:
            PARTNER_EVENTS[fact.partner_name] = declared
            PARTNER_OBJECTS[declared.about.model] = declared.about


declare(
    "settings",
    Fact("kernel.restoration.released", n("Activité reprise sur une base restaurée"), "check", "warn"),
    Fact("kernel.company.changed", n("Réglages de la société modifiés"), "settings"),
    Fact("kernel.company.logo_changed", n("Logo des documents changé"), "settings"),
    Fact("kernel.company.logo_removed", n("Logo des documents retiré"), "settings"),
    Fact("kernel.company.created", n("Société créée"), "settings"),
    Fact("kernel.member.added", n("Membre ajouté : %(name)s"), "user"),
    Fact("kernel.member.changed", n("Droits de %(name)s modifiés"), "user", "warn"),
    Fact("kernel.member.removed", n("Membre retiré : %(name)s"), "close", "warn"),
    Fact("kernel.member.erased", n("Compte d’une personne partie effacé (RGPD)"), "trash", "warn"),
    Fact("kernel.invitation.sent", n("Invitation envoyée à %(name)s"), "send"),
    Fact("kernel.invitation.resent", n("Invitation renvoyée à %(name)s"), "refresh"),
    Fact("kernel.invitation.withdrawn", n("Invitation de %(name)s retirée"), "close", "warn"),
    Fact("kernel.invitation.accepted", n("Invitation acceptée par %(name)s"), "check", "good"),
    Fact("kernel.person.created", n("Compte de %(name)s créé"), "user"),
    Fact("kernel.person.changed", n("Compte de %(name)s modifié"), "user", "warn"),
    Fact("kernel.person.exported", n("Données d’une personne exportées"), "user"),
    Fact("kernel.person.deleted", n("Compte de %(name)s supprimé"), "trash", "warn"),
    Fact("kernel.person.factor_added", n("%(name)s a ajouté un second facteur"), "lock", "good"),
    Fact("kernel.person.factor_removed", n("%(name)s a retiré un second facteur"), "lock", "warn"),
    Fact("kernel.person.codes_renewed", n("%(name)s a renouvelé ses codes de secours"), "lock"),
    Fact("kernel.person.sessions_ended", n("%(name)s s’est déconnecté partout"), "logout"),
    Fact("kernel.person.password_changed", n("%(name)s a changé son mot de passe"), "lock"),
    Fact("kernel.person.password_reset", n("%(name)s a réinitialisé son mot de passe"), "lock", "warn"),
    Fact("kernel.person.email_changed", n("Adresse de %(before)s changée en %(name)s"), "user", "warn"),
    Fact("kernel.webhook.created", n("Destination de webhooks ajoutée"), "globe"),
    Fact("kernel.webhook.changed", n("Destination de webhooks modifiée"), "edit"),
    Fact("kernel.webhook.secret_rotated", n("Secret du webhook changé"), "lock"),
    Fact("kernel.webhook.tested", n("Essai du webhook demandé"), "send"),
    Fact("kernel.webhook.replayed", n("Message rejoué : %(event)s"), "refresh"),
    Fact("kernel.webhook.disabled", n("Destination de webhooks désactivée"), "alert", "warn"),
    Fact("kernel.webhook.enabled", n("Destination de webhooks réactivée"), "check", "good"),
    Fact("kernel.webhook.deleted", n("Destination de webhooks supprimée"), "trash"),
    Fact("kernel.source.created", n("Système appelant ajouté : %(source)s"), "globe"),
    Fact("kernel.source.changed", n("Système appelant modifié : %(source)s"), "edit"),
    Fact("kernel.exchange_rate.saved", n("Cours de change %(pair)s enregistré"), "edit"),
    Fact("kernel.exchange_rate.imported", n("%(count)s cours de change importés"), "upload"),
    Fact("kernel.key.created", n("Clé d’API %(name)s créée"), "lock"),
    Fact("kernel.key.revoked", n("Clé d’API %(name)s révoquée"), "lock", "warn"),
    Fact("kernel.received.failed", n("Message reçu non appliqué : %(event)s"), "alert", "bad"),
    Fact("kernel.received.replayed", n("Message reçu rejoué : %(event)s"), "refresh"),
    Fact("kernel.received.applied"),
    Fact("kernel.received.ignored"),
)
declare(
    "finance",
    Fact("kernel.job.started"),
    Fact("kernel.job.completed", partner_name="job.completed", partner_label=_("Travail demandé terminé")),
    Fact(
        "kernel.job.failed",
        n("Travail demandé en échec : %(error)s"),
        "alert",
        "bad",
        partner_name="job.failed",
        partner_label=_("Travail demandé en échec"),
    ),
    about=PartnerObject("kernel.job", "job", "", _("Travaux demandés")),
)
declare(
    "audit",
    Fact("kernel.bulk.started", n("« %(act)s » demandé (%(list)s : %(rows)s)"), "clock"),
    Fact("kernel.bulk.finished", n("Acte groupé terminé, faites : %(done)s, refusées : %(refused)s"), "check"),
    Fact("kernel.bulk.stopped", n("Acte groupé arrêté"), "close", "warn"),
    Fact("kernel.import.received", n("Fichier à reprendre reçu : %(name)s"), "clock"),
    Fact("kernel.import.checking", n("Colonnes confirmées, lignes à vérifier"), "clock"),
    Fact("kernel.import.checked", n("Lignes vérifiées : %(rows)s, en erreur : %(errors)s"), "check"),
    Fact("kernel.import.columns", n("Colonnes à choisir de nouveau"), "edit"),
    Fact("kernel.import.confirmed", n("Reprise demandée"), "clock"),
    Fact("kernel.import.refused", n("Rien n’est repris : %(reason)s"), "alert", "bad"),
    Fact("kernel.import.finished", n("Repris, créées : %(created)s, mises à jour : %(updated)s"), "check"),
    Fact("kernel.import.cancelled", n("Reprise abandonnée"), "close", "warn"),
    Fact("kernel.list.exported", n("%(list)s : %(rows)s lignes exportées (%(format)s)"), "download"),
)
declare(
    "bank",
    Fact("kernel.sync.completed", partner_name="sync.completed", partner_label=_("Source lue, à son terme ou non")),
    about=PartnerObject("kernel.company", "company", "", _("Lecture des sources")),
)
declare(
    "invoices",
    Fact("kernel.file.refused", n("Fichier %(name)s altéré ou manquant : il n’est plus remis"), "alert", "bad"),
)
