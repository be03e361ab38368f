"""What happens to transmissions, legal files and platforms, as timelines word it and partners know it."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as n

from config.kernel.facts import Fact, PartnerObject, declare
from config.kernel.people.notices import declare_notice

declare(
    "einvoicing",
    Fact("einvoicing.account.created", n("Plateforme %(platform)s reliée"), "settings", "good"),
    Fact("einvoicing.account.changed", n("Réglages de la plateforme %(platform)s modifiés"), "settings"),
    Fact("einvoicing.account.removed", n("Plateforme %(platform)s supprimée"), "trash", "warn"),
    Fact("einvoicing.document.made", n("Document légal produit et contrôlé"), "file", "good"),
    Fact("einvoicing.completion.queued", n("Complément à envoyer à %(platform)s"), "send"),
    Fact("einvoicing.recycling.queued", n("Autre service à demander à %(platform)s"), "send"),
    Fact(
        "einvoicing.account.strangers",
        n("%(platform)s tient %(count)s documents qui ne viennent pas d’ici"),
        "alert",
        "warn",
    ),
    Fact("einvoicing.copy.sent", n("%(platform)s : copie envoyée au client"), "mail"),
    Fact("einvoicing.copy.overdue", n("%(platform)s : copie en retard de paiement"), "clock", "warn"),
    Fact("einvoicing.copy.cancelled", n("%(platform)s : copie annulée"), "alert", "warn"),
    Fact("einvoicing.copy.finalized", n("%(platform)s : second numéro légal donné, %(detail)s"), "alert", "bad"),
    Fact("einvoicing.copy.signed", n("%(platform)s : copie signée par le client"), "check", "good"),
    Fact("einvoicing.copy.refused", n("%(platform)s : copie refusée par le client"), "alert", "warn"),
    Fact("einvoicing.copy.received", n("%(platform)s : %(detail)s € encaissés, noté sans effet ici"), "coins"),
    Fact("einvoicing.copy.unpaid", n("%(platform)s : payée, encaissement non enregistré ici"), "alert", "warn"),
    Fact("einvoicing.copy.deleted", n("%(platform)s : copie supprimée"), "trash", "warn"),
    Fact("einvoicing.copy.unknown", n("%(platform)s : état inconnu « %(detail)s »"), "alert"),
    Fact("einvoicing.receipt.queued", n("Encaissement à inscrire chez %(platform)s"), "send"),
    Fact("einvoicing.status.queued", n("Statut %(code)s – %(label)s, à déclarer à %(platform)s"), "send"),
    Fact("einvoicing.status.declared", n("Statut %(code)s – %(label)s, déclaré"), "send", "good"),
    Fact("einvoicing.status.received", n("Statut %(code)s – %(label)s"), "send", "info"),
    Fact("einvoicing.status.unknown", n("État que nous ne connaissons pas : %(reason)s"), "send", "info"),
)
declare(
    "einvoicing",
    Fact("einvoicing.transmission.queued", n("À transmettre à %(platform)s"), "send"),
    Fact(
        "einvoicing.transmission.deposited",
        n("Reçue par %(platform)s"),
        "send",
        "good",
        partner_name="transmission.deposited",
        partner_label=_("Facture reçue par la plateforme"),
    ),
    Fact(
        "einvoicing.transmission.in_doubt",
        n("Transmission : issue inconnue, vérification avant tout renvoi"),
        "alert",
        "warn",
    ),
    Fact("einvoicing.transmission.postponed", n("Transmission reportée"), "alert", "warn"),
    Fact(
        "einvoicing.transmission.given_up",
        n("Transmission abandonnée, action requise"),
        "alert",
        "bad",
        partner_name="transmission.given_up",
        partner_label=_("Transmission abandonnée"),
    ),
    Fact(
        "einvoicing.transmission.invalid",
        n("Non conforme : non transmise"),
        "alert",
        "bad",
        partner_name="transmission.invalid",
        partner_label=_("Facture non conforme, non transmise"),
    ),
    Fact("einvoicing.transmission.retried", n("Transmission relancée"), "send"),
    Fact("einvoicing.transmission.skipped", n("%(platform)s : sans objet"), "check"),
    Fact("einvoicing.transmission.dismissed", n("Classée sans suite"), "check"),
    Fact(
        "einvoicing.transmission.rejected",
        n("Rejetée par la plateforme"),
        "alert",
        "bad",
        partner_name="transmission.rejected",
        partner_label=_("Transmission rejetée"),
    ),
    Fact("einvoicing.transmission.answered", n("Réponse reçue par %(platform)s"), "send", "good"),
    Fact("einvoicing.transmission.missing", n("%(platform)s n’a pas ce document"), "alert", "bad"),
    Fact("einvoicing.transmission.claimed"),
    Fact("einvoicing.transmission.carrier_died"),
    Fact(
        "einvoicing.transmission.accepted",
        partner_name="transmission.accepted",
        partner_label=_("Transmission acceptée"),
    ),
    about=PartnerObject("einvoicing.transmission", "transmission", "/api/transmissions", _("Transmissions")),
)
declare(
    "einvoicing",
    Fact("einvoicing.reporting.chosen", n("E-reporting : nouveau réglage à partir du %(since)s"), "settings"),
    Fact("einvoicing.report.queued", n("Déclaration %(period)s établie, à transmettre à %(platform)s"), "send"),
    Fact("einvoicing.report.claimed"),
    Fact("einvoicing.report.deposited", n("Déclaration reçue par %(platform)s"), "send", "good"),
    Fact("einvoicing.report.accepted", n("Déclaration acceptée"), "check", "good"),
    Fact("einvoicing.report.rejected", n("Déclaration rejetée par la plateforme"), "alert", "bad"),
    Fact("einvoicing.report.invalid", n("Déclaration non conforme : non transmise"), "alert", "bad"),
    Fact(
        "einvoicing.report.in_doubt",
        n("Déclaration : issue inconnue, vérification avant tout renvoi"),
        "alert",
        "warn",
    ),
    Fact("einvoicing.report.postponed", n("Déclaration reportée"), "alert", "warn"),
    Fact("einvoicing.report.given_up", n("Déclaration abandonnée, action requise"), "alert", "bad"),
    Fact("einvoicing.report.retried", n("Déclaration relancée"), "send"),
    Fact("einvoicing.report.replaced", n("Déclaration refaite avant de partir"), "file"),
    Fact("einvoicing.count.compared", n("Compte de la plateforme comparé au nôtre"), "check"),
)
declare(
    "einvoicing",
    Fact("einvoicing.received.stored", n("Document reçu : %(name)s"), "file", "info"),
    Fact("einvoicing.received.read", n("Document lu"), "check", "good"),
    Fact("einvoicing.received.unreadable", n("Document illisible : %(problem)s"), "alert", "bad"),
    Fact("einvoicing.received.duplicate", n("Retenu comme doublon"), "alert", "warn"),
    Fact("einvoicing.received.recorded", n("Facture fournisseur %(reference)s enregistrée"), "check", "good"),
    Fact("einvoicing.received.set_aside", n("Document écarté : %(reason)s"), "trash", "warn"),
    Fact("einvoicing.received.taught", n("Repères de lecture retenus pour %(name)s"), "edit"),
    Fact("einvoicing.received.again", n("Document à lire de nouveau"), "file"),
    Fact("einvoicing.received.status", n("Statut %(code)s – %(label)s"), "send", "info"),
    Fact("einvoicing.reception.changed", n("Réception des factures fournisseurs : réglages modifiés"), "settings"),
    Fact(
        "einvoicing.reception.compared",
        n("%(source)s : documents comparés aux nôtres, %(missing)s manquent"),
        "check",
    ),
)
declare(
    "einvoicing",
    Fact(
        "einvoicing.received.ocr_processed",
        n("Document numérisé lu"),
        "eye",
        partner_name="ocr.processed",
        partner_label=_("Document numérisé lu"),
    ),
    about=PartnerObject("einvoicing.receiveddocument", "document", "", _("Documents reçus")),
)
declare(
    "einvoicing",
    Fact("einvoicing.answer.queued", n("Réponse au fournisseur : %(code)s – %(label)s"), "send", "info"),
    Fact("einvoicing.answer.claimed"),
    Fact("einvoicing.answer.deposited", n("Statut %(code)s remis à %(platform)s"), "send", "good"),
    Fact("einvoicing.answer.accepted", n("Statut %(code)s accepté par la plateforme"), "check", "good"),
    Fact("einvoicing.answer.rejected", n("Statut %(code)s rejeté par la plateforme"), "alert", "bad"),
    Fact("einvoicing.answer.invalid", n("Statut %(code)s non conforme : non transmis"), "alert", "bad"),
    Fact(
        "einvoicing.answer.in_doubt",
        n("Statut %(code)s : issue inconnue, la plateforme sera interrogée"),
        "alert",
        "warn",
    ),
    Fact("einvoicing.answer.postponed", n("Statut %(code)s reporté"), "alert", "warn"),
    Fact("einvoicing.answer.given_up", n("Statut %(code)s abandonné, action requise"), "alert", "bad"),
    Fact("einvoicing.answer.retried", n("Statut %(code)s relancé"), "send"),
)

declare_notice("action_needed", _("Facture refusée, rejetée ou bloquée par une plateforme"))
