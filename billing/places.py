"""Where products, orders, invoices and e-mails are found and made."""

from django.utils.translation import gettext_lazy as _

from config.kernel.places import Place, declare_acts, declare_pages, declare_tabs

declare_pages(
    Place("billing:product-list", _("Produits"), "box"),
    Place("billing:order-list", _("Commandes"), "cart"),
    Place("billing:invoice-list", _("Factures"), "invoice"),
    Place("billing:purchase-list", _("Achats"), "bag", _("fournisseurs dépenses")),
    Place("billing:books-home", _("Comptabilité"), "book", _("livres balance grand livre journal rapports")),
    Place("billing:email-list", _("Boîte d’envoi"), "mail"),
)
declare_tabs(
    Place("billing:rebate-list", _("Remises de fin d’année"), "coins", _("BFA ristourne palier")),
    Place("billing:purchase-list", _("Factures"), "bag"),
    Place("billing:approval-list", _("À approuver"), "check"),
    Place("billing:purchase-order-list", _("Commandes"), "cart", _("réception livraison fournisseur")),
    Place("billing:supplier-list", _("Fournisseurs"), "users"),
)
declare_acts(
    Place("billing:purchase-new", _("Saisir une facture fournisseur"), "plus", _("achat dépense enregistrer")),
    Place("billing:purchase-order-new", _("Nouvelle commande fournisseur"), "plus", _("commander achat")),
    Place("billing:supplier-new", _("Nouveau fournisseur"), "plus", _("créer achat")),
    Place("billing:invoice-new", _("Nouvelle facture"), "plus", _("créer facturer brouillon")),
    Place("billing:order-new", _("Nouvelle commande"), "plus", _("créer vente devis")),
    Place("billing:product-new", _("Nouveau produit"), "plus", _("créer article prestation")),
)
