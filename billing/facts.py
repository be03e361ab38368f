"""What happens to products, orders, invoices and e-mails, as timelines word it and partners know it."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as n

from config.kernel.facts import Fact, PartnerObject, declare

PURCHASE = PartnerObject("billing.purchaseinvoice", "purchase", "", _("Factures fournisseurs"))
INVOICE = PartnerObject("billing.invoice", "invoice", "/api/invoices", _("Factures et avoirs"))

declare(
    "products",
    Fact(
        "billing.product.created",
        n("Produit créé à %(unit_price)s HT"),
        "box",
        partner_name="product.created",
        partner_label=_("Produit créé"),
    ),
    Fact(
        "billing.product.changed",
        n("Produit modifié, %(unit_price)s HT"),
        "edit",
        partner_name="product.updated",
        partner_label=_("Produit modifié"),
    ),
    Fact("billing.product.archived", n("Produit archivé"), "box", partner_name="product.archived"),
    Fact("billing.product.restored", n("Produit rétabli"), "check", partner_name="product.restored"),
    Fact(
        "billing.stock.moved",
        n("Mouvement de stock : %(quantity)s %(product)s"),
        "box",
        partner_name="stock.moved",
        partner_label=_("Mouvement de stock"),
    ),
    about=PartnerObject("billing.product", "product", "/api/products", _("Produits et stock")),
)
declare(
    "invoices",
    Fact("billing.rate.saved", n("Taux de retard %(half_year)s enregistré"), "edit"),
    Fact("billing.journal.written", n("Écriture comptable %(number)s"), "file"),
    Fact("billing.email.queued", n("E-mail en attente d’envoi"), "mail"),
    Fact("billing.email.sent", n("E-mail accepté par le serveur de messagerie"), "mail", "good"),
    Fact("billing.email.kept", n("E-mail conservé : aucun serveur de messagerie"), "mail", "warn"),
    Fact("billing.email.failed", n("E-mail refusé par le serveur de messagerie"), "mail", "bad"),
    Fact("billing.email.postponed", n("E-mail reporté, nouvel essai prévu"), "mail", "warn"),
    Fact("billing.email.unknown", n("E-mail : issue inconnue"), "mail", "warn"),
    Fact("billing.email.cancelled", n("E-mail annulé avant envoi"), "mail"),
    Fact("billing.email.requeued", n("E-mail remis en file"), "mail"),
    Fact("billing.email.bounced", n("Adresse refusée : %(recipient)s"), "mail", "bad"),
    Fact("billing.email.delayed", n("E-mail retardé par le serveur du destinataire"), "mail", "warn"),
    Fact("billing.email.cleared", n("L’adresse %(recipient)s fonctionne de nouveau"), "mail", "good"),
    Fact("billing.email.claimed"),
)
declare(
    "orders",
    Fact(
        "billing.order.created",
        n("Commande %(number)s créée, %(total)s TTC"),
        "cart",
        partner_name="order.created",
        partner_label=_("Commande créée"),
    ),
    Fact(
        "billing.order.changed",
        n("Commande modifiée, %(total)s TTC"),
        "edit",
        partner_name="order.updated",
        partner_label=_("Commande modifiée"),
    ),
    Fact("billing.order.confirmed", n("Commande confirmée"), "check", "info", partner_name="order.confirmed"),
    Fact("billing.order.shipped", n("Commande expédiée"), "check", "good", partner_name="order.shipped"),
    Fact("billing.order.cancelled", n("Commande annulée"), "close", "bad", partner_name="order.cancelled"),
    Fact(
        "billing.order.invoiced",
        n("Facture générée"),
        "invoice",
        "info",
        partner_name="order.invoiced",
        partner_label=_("Commande facturée"),
    ),
    about=PartnerObject("billing.salesorder", "order", "/api/orders", _("Commandes")),
)
declare(
    "invoices",
    Fact(
        "billing.invoice.drafted",
        n("Brouillon créé, %(total)s TTC"),
        "edit",
        partner_name="invoice.created",
        partner_label=_("Brouillon créé"),
    ),
    Fact("billing.invoice.deposit_drafted", n("Acompte préparé, %(total)s TTC"), "invoice", "info"),
    Fact(
        "billing.invoice.changed",
        n("Brouillon modifié, %(total)s TTC"),
        "edit",
        partner_name="invoice.updated",
        partner_label=_("Brouillon modifié"),
    ),
    Fact("billing.invoice.draft_deleted", n("Brouillon supprimé"), "close", partner_name="invoice.deleted"),
    Fact(
        "billing.invoice.issued",
        n("%(number)s émise, %(total)s TTC"),
        "check",
        "good",
        partner_name="invoice.issued",
        partner_label=_("Facture ou avoir émis"),
    ),
    Fact(
        "billing.invoice.created_and_sent",
        n("Créée, émise et envoyée en un appel"),
        "send",
        partner_name="invoice.created_and_sent",
        partner_label=_("Facture créée, émise et envoyée en un appel"),
    ),
    Fact(
        "billing.invoice.settled",
        n("%(number)s entièrement réglée"),
        "coins",
        "good",
        partner_name="invoice.paid",
        partner_label=_("Facture entièrement réglée"),
    ),
    Fact(
        "billing.invoice.reopened",
        n("%(number)s de nouveau à payer"),
        "alert",
        "warn",
        partner_name="invoice.reopened",
        partner_label=_("Facture de nouveau à payer"),
    ),
    Fact(
        "billing.invoice.credited",
        n("%(number)s annulée par avoir"),
        "close",
        "warn",
        partner_name="invoice.credited",
        partner_label=_("Facture annulée par avoir"),
    ),
    Fact(
        "billing.invoice.overdue",
        n("%(number)s échue le %(due_date)s, %(balance)s restent dus"),
        "clock",
        "warn",
        partner_name="invoice.overdue",
        partner_label=_("Facture devenue en retard"),
    ),
    Fact("billing.invoice.replaced", n("%(number)s remplacée par une facture rectificative"), "close", "warn"),
    Fact("billing.invoice.annotated", n("Notes internes modifiées"), "edit"),
    Fact("billing.invoice.disputed", n("Facture contestée"), "alert", "bad", partner_name="invoice.disputed"),
    Fact(
        "billing.invoice.dispute_closed",
        n("Contestation levée"),
        "check",
        "good",
        partner_name="invoice.dispute_closed",
    ),
    about=INVOICE,
)
declare(
    "purchases",
    Fact(
        "billing.purchase.recorded",
        n("%(number)s de %(supplier)s enregistrée sous %(reference)s, %(total)s TTC"),
        "invoice",
        partner_name="purchase.recorded",
        partner_label=_("Facture fournisseur enregistrée"),
    ),
    Fact("billing.purchase.doubt_settled", n("Point vérifié : %(doubt)s"), "check"),
    Fact("billing.purchase.deposits_chosen", n("Acomptes déduits : %(total)s"), "coins"),
    about=PURCHASE,
)
declare(
    "purchases",
    Fact("billing.supplier.rule_saved", n("Règle d’achat enregistrée"), "edit"),
    Fact("billing.supplier.iban_seen", n("IBAN vu : %(iban)s"), "bank"),
    Fact("billing.supplier.iban_confirmed", n("IBAN confirmé : %(iban)s"), "bank", "good"),
    Fact("billing.supplier.iban_rejected", n("IBAN écarté : %(iban)s"), "bank", "bad"),
)
