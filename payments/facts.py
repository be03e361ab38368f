"""What happens to payments, bank lines, feeds and reminders, as timelines word it and partners know it."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as n

from billing.facts import INVOICE
from config.kernel.facts import Fact, PartnerObject, declare

declare(
    "payments",
    Fact(
        "payments.payment.recorded",
        n("Encaissement %(number)s de %(amount)s"),
        "coins",
        "good",
        partner_name="payment.recorded",
        partner_label=_("Encaissement enregistré"),
    ),
    Fact(
        "payments.payment.allocated",
        n("%(amount)s de %(payment)s affectés à %(invoice)s"),
        "coins",
        "good",
        partner_name="payment.allocated",
        partner_label=_("Encaissement affecté"),
    ),
    Fact(
        "payments.payment.released",
        n("%(amount)s de %(payment)s retirés de %(invoice)s"),
        "coins",
        "warn",
        partner_name="payment.released",
        partner_label=_("Affectation retirée"),
    ),
    Fact(
        "payments.payment.reversed",
        n("Encaissement %(number)s annulé"),
        "close",
        "bad",
        partner_name="payment.reversed",
        partner_label=_("Encaissement annulé"),
    ),
    Fact("payments.payment.changed", n("Référence ou notes modifiées"), "edit"),
    about=PartnerObject("payments.payment", "payment", "/api/payments", _("Encaissements")),
)
declare(
    "payments",
    Fact(
        "payments.refund.made",
        n("Remboursement %(number)s de %(amount)s"),
        "coins",
        "warn",
        partner_name="refund.made",
        partner_label=_("Client remboursé"),
    ),
    Fact(
        "payments.refund.returned",
        n("%(amount)s rejetés par la banque (%(number)s)"),
        "alert",
        "bad",
        partner_name="refund.returned",
        partner_label=_("Encaissement rejeté par la banque"),
    ),
    Fact(
        "payments.refund.cancelled",
        n("Remboursement %(number)s annulé"),
        "close",
        "warn",
        partner_name="refund.cancelled",
        partner_label=_("Remboursement ou rejet annulé"),
    ),
    Fact("payments.order.made", n("Ordre %(number)s : %(count)s virements, %(total)s"), "bank"),
    about=PartnerObject("payments.refund", "refund", "/api/refunds", _("Remboursements et rejets")),
)
declare(
    "invoices",
    Fact(
        "payments.write_off.written",
        n("%(amount)s soldés sans paiement sur %(number)s"),
        "coins",
        "warn",
        partner_name="write_off.made",
        partner_label=_("Facture soldée sans paiement"),
    ),
    Fact(
        "payments.write_off.kept",
        n("Trop-perçu de %(amount)s gardé sur %(number)s"),
        "coins",
        partner_name="write_off.kept",
        partner_label=_("Trop-perçu gardé"),
    ),
    Fact(
        "payments.write_off.taken_back",
        n("Différence de %(amount)s annulée sur %(number)s"),
        "undo",
        "warn",
        partner_name="write_off.undone",
        partner_label=_("Différence annulée"),
    ),
    about=PartnerObject("payments.writeoff", "write_off", "", _("Différences")),
)
declare(
    "settings",
    Fact("payments.write_off.limits_changed", n("Limites des différences modifiées"), "edit", "warn"),
)
declare(
    "bank",
    Fact("payments.bank.account_added", n("Compte bancaire %(name)s ajouté"), "bank"),
    Fact("payments.bank.account_changed", n("Compte bancaire %(name)s modifié"), "bank", "warn"),
    Fact("payments.bank.account_named", n("Compte bancaire %(name)s nommé d’après un fichier"), "bank"),
    Fact("payments.bank.account_removed", n("Compte bancaire %(name)s supprimé"), "trash", "warn"),
    Fact(
        "payments.bank.imported",
        n("Relevé importé"),
        "bank",
        partner_name="statement.imported",
        partner_label=_("Relevé bancaire importé"),
    ),
    Fact("payments.bank.matched", n("Ligne bancaire rapprochée"), "link", "good"),
    Fact("payments.bank.unmatched", n("Rapprochement défait"), "close", "warn"),
    Fact("payments.bank.suspended", n("Ligne bancaire en attente sur 471 : %(note)s"), "clock", "warn"),
    Fact("payments.bank.voided", n("Ligne bancaire annulée par la banque"), "close", "warn"),
    Fact("payments.bank.reopened", n("Ligne bancaire rouverte"), "alert"),
    Fact("payments.bank.noted", n("Note : %(note)s"), "edit"),
    Fact("payments.rule.made", n("Règle bancaire « %(name)s » créée"), "filter"),
    Fact("payments.rule.changed", n("Règle bancaire « %(name)s » modifiée"), "filter"),
    Fact("payments.rule.archived", n("Règle bancaire « %(name)s » archivée"), "archive"),
    about=PartnerObject("payments.bankstatement", "statement", "", _("Banque")),
)
declare(
    "bank",
    Fact("payments.feed.connected", n("Flux %(service)s relié"), "link", "good"),
    Fact("payments.feed.changed", n("Flux %(service)s modifié"), "edit"),
    Fact("payments.feed.removed", n("Flux %(service)s supprimé"), "trash"),
    Fact("payments.feed.recorded", n("%(amount)s lus dans %(service)s"), "coins", "good"),
    Fact("payments.feed.refused", n("%(service)s : %(amount)s pour %(number)s non enregistrés"), "alert", "warn"),
    Fact("payments.feed.left_out", n("%(service)s : les comptes non lus ont changé"), "alert", "warn"),
    Fact("payments.feed.read", n("Flux %(service)s lu"), "refresh"),
)
declare(
    "invoices",
    Fact("payments.reminder.queued", n("Relance préparée"), "bell"),
    Fact("payments.reminder.drafted", n("Mise en demeure à relire et envoyer"), "bell", "warn"),
    Fact("payments.reminder.sent", n("Relance envoyée"), "bell", "info", partner_name="invoice.reminder_sent"),
    Fact("payments.reminder.noted", n("Relance partie avant la restauration, notée d’après la trace"), "bell", "warn"),
    Fact("payments.reminder.posted", n("Mise en demeure postée %(tracking_number)s"), "bell", "info"),
    Fact("payments.reminder.returned", n("Relance revenue : %(recipient)s refuse nos messages"), "bell", "bad"),
    Fact("payments.reminder.cancelled", n("Relance annulée avant envoi"), "bell"),
    Fact("payments.hold.made", n("Relances suspendues jusqu’au %(until)s"), "clock"),
    Fact("payments.hold.ended", n("Relances reprises"), "clock"),
    Fact("payments.reminder.settings_changed", n("Réglages des relances modifiés"), "edit"),
    about=INVOICE,
)
declare(
    "bank",
    Fact("payments.remittance.made", n("Remise %(number)s de %(amount)s"), "bank"),
    Fact("payments.remittance.shortened", n("%(payment)s retiré de la remise %(number)s"), "close", "warn"),
    Fact("payments.remittance.cancelled", n("Remise %(number)s annulée"), "undo", "warn"),
)
declare(
    "invoices",
    Fact("payments.link.made", n("Lien créé pour le client"), "link"),
    Fact("payments.link.opened", n("Lien ouvert par le client"), "eye", "info"),
    Fact("payments.link.revoked", n("Lien du client révoqué"), "close", "warn"),
    Fact("payments.notice.paid", n("Le client dit avoir payé le %(day)s (%(label)s)"), "mail", "info"),
    Fact("payments.notice.handled", n("Message du client traité : %(label)s"), "check"),
)
declare(
    "settings",
    Fact("payments.provider.saved", n("Service de paiement enregistré : %(service)s"), "settings"),
    Fact("payments.portal.changed", n("Réglages des pages des clients modifiés"), "settings"),
)
declare(
    "payments",
    Fact("payments.checkout.opened", n("Paiement par carte commencé par le client : %(amount)s"), "coins", "info"),
    Fact("payments.checkout.paid", n("Payé par carte : %(amount)s (%(number)s)"), "coins", "good"),
    Fact("payments.checkout.ended", n("Paiement par carte sans suite"), "close"),
    Fact("payments.checkout.alerted", n("Paiement par carte à vérifier"), "alert", "bad"),
    Fact("payments.checkout.looked_at", n("Paiement par carte vérifié"), "check"),
)
declare(
    "bank",
    Fact("payments.mandate.prepared", n("Mandat %(reference)s préparé"), "edit"),
    Fact("payments.mandate.signed", n("Mandat %(reference)s signé"), "check", "good"),
    Fact("payments.mandate.revoked", n("Mandat %(reference)s révoqué"), "close", "warn"),
    Fact("payments.debit.announced", n("Prélèvement de %(amount)s annoncé pour le %(day)s"), "calendar"),
    Fact("payments.debit.cancelled", n("Prélèvement annulé"), "undo", "warn"),
    Fact("payments.debit.ordered", n("Prélèvement demandé à la banque par %(number)s"), "bank"),
    Fact("payments.debit.returned_to_list", n("Prélèvement en attente d’un autre fichier"), "undo"),
    Fact("payments.debit.collected", n("Prélèvement de %(amount)s encaissé"), "coins", "good"),
    Fact("payments.debit.reopened", n("Prélèvement de nouveau attendu de la banque"), "undo", "warn"),
    Fact("payments.debit.returned", n("Prélèvement de %(amount)s revenu (%(code)s) : %(reason)s"), "alert", "bad"),
    Fact("payments.debit.restored", n("Retour de prélèvement annulé"), "undo"),
    Fact("payments.debit.handled", n("Retour de prélèvement classé"), "check"),
    Fact("payments.debit_order.made", n("Ordre de prélèvement %(number)s de %(amount)s"), "bank"),
    Fact("payments.debit_order.cancelled", n("Ordre de prélèvement %(number)s annulé"), "undo", "warn"),
    Fact("payments.collection.changed", n("Réglages d’encaissement modifiés"), "settings"),
)
declare(
    "purchases",
    Fact(
        "payments.supplier_payment.recorded",
        n("Règlement fournisseur %(number)s de %(amount)s"),
        "coins",
        "good",
        partner_name="supplier_payment.recorded",
        partner_label=_("Règlement fournisseur enregistré"),
    ),
    Fact(
        "payments.supplier_payment.returned",
        n("%(amount)s revenus de la banque (%(number)s)"),
        "alert",
        "bad",
        partner_name="supplier_payment.returned",
        partner_label=_("Règlement fournisseur revenu de la banque"),
    ),
    Fact(
        "payments.supplier_payment.cancelled",
        n("Règlement fournisseur %(number)s annulé"),
        "close",
        "warn",
        partner_name="supplier_payment.cancelled",
        partner_label=_("Règlement fournisseur ou retour annulé"),
    ),
    Fact("payments.run.prepared", n("Lot de règlements %(number)s préparé : %(total)s"), "edit"),
    Fact("payments.run.changed", n("Lot de règlements %(number)s modifié : %(total)s"), "edit"),
    Fact("payments.run.line_removed", n("%(purchases)s retirée du lot de règlements %(number)s"), "close"),
    Fact("payments.run.submitted", n("Lot de règlements %(number)s soumis à confirmation : %(total)s"), "send"),
    Fact("payments.run.reopened", n("Lot de règlements %(number)s repris"), "undo"),
    Fact("payments.run.ordered", n("Lot de règlements %(number)s ordonné : %(total)s (%(order)s)"), "bank", "good"),
    Fact("payments.run.cancelled", n("Lot de règlements %(number)s annulé"), "close", "warn"),
    about=PartnerObject(
        "payments.supplierpayment", "supplier_payment", "/api/supplier-payments", _("Règlements fournisseurs")
    ),
)
declare(
    "settings",
    Fact("payments.paying.changed", n("Réglages des règlements fournisseurs modifiés"), "settings"),
)
