"""Where payments, bank lines and reminders are found and entered."""

from django.utils.translation import gettext_lazy as _

from config.kernel.places import Place, declare_acts, declare_pages, declare_tabs

declare_pages(
    Place("payments:payment-list", _("Encaissements"), "coins"),
    Place("payments:bankline-list", _("Banque"), "bank"),
    Place("payments:reminder-list", _("Relances"), "bell"),
)
declare_tabs(Place("payments:supplier-due", _("Règlements"), "bank", _("payer fournisseurs virements")))
declare_acts(
    Place("payments:refund-list", _("Remboursements"), "undo", _("rembourser ordre de virement")),
    Place("payments:remittance-new", _("Remettre des chèques ou des espèces"), "bank", _("remise bordereau caisse")),
    Place("payments:payment-new", _("Enregistrer un encaissement"), "plus", _("paiement règlement")),
    Place("payments:bankline-list", _("Importer un relevé bancaire"), "upload", _("banque camt")),
    Place("payments:worktable", _("Rapprocher ligne à ligne"), "link", _("banque rapprochement virements")),
    Place("payments:valuing", _("Évaluer les soldes en devises"), "coins", _("écart de conversion change clôture 476")),
    Place("payments:rule-list", _("Règles bancaires"), "filter", _("banque frais salaires automatique")),
)
