"""The lists of what is collected and paid in numbers: remittances, debits, statements, cards, runs, messages."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from config.kernel import typography
from config.kernel.lists.declared import Field, list_of

REMITTANCES = list_of(
    "remittances",
    _("Remises"),
    Field("number", _("Numéro"), "number"),
    Field("method", _("Nature"), "get_method_display"),
    Field("remitted", _("Date"), "remitted_on", "date"),
    Field("account", _("Compte bancaire"), "bank_account.name"),
    Field("count", _("Nombre"), "count", "number"),
    Field("credited", _("Crédité par la banque"), "credited", "money"),
    Field("total", _("Total"), "total", "money"),
    Field("cancelled", _("Annulée le"), "cancelled_at", "date"),
    drawn=("number", "method", "remitted", "account", "", "total"),
)

# without whole IBANs: whoever may not reconcile sees but their ends
MANDATES = list_of(
    "mandates",
    _("Mandats de prélèvement"),
    Field("reference", _("RUM"), "reference"),
    Field("customer", _("Client"), "customer.name"),
    Field("scheme", _("Type"), "scheme"),
    Field("iban", "IBAN", lambda mandate: typography.iban_ends(mandate.iban)),
    Field("debtor", _("Titulaire du compte"), "debtor_name"),
    Field("signed", _("Signé le"), "signed_on", "date"),
    Field("revoked", _("Révoqué le"), "revoked_at", "date"),
    drawn=("reference", "customer", "scheme", "iban", "signed", ""),
)

DEBIT_ORDERS = list_of(
    "debit_orders",
    _("Ordres de prélèvement"),
    Field("number", _("Numéro"), "number"),
    Field("made", _("Fait le"), "made_at", "date"),
    Field("first", _("Premier prélèvement"), "first_collected_on", "date"),
    Field("scheme", _("Type"), "scheme"),
    Field("account", _("Compte bancaire"), "bank_account.name"),
    Field("count", _("Nombre"), "debit_count", "number"),
    Field("total", _("Total"), "total", "money"),
    Field("cancelled", _("Annulé le"), "cancelled_at", "date"),
    drawn=("number", "made", "first", "account", "count", "total"),
)

DEBIT_RETURNS = list_of(
    "debit_returns",
    _("Retours de prélèvements"),
    Field("invoice", _("Facture"), "invoice.number"),
    Field("customer", _("Client"), "mandate.customer.name"),
    Field("returned", _("Date"), "returned_on", "date"),
    Field("reason", _("Motif"), "return_code"),
    Field("mandate", _("RUM"), "mandate.reference"),
    Field("collected", _("Prélevé le"), "collected_on", "date"),
    Field("amount", _("Montant"), "amount", "money"),
    Field("handled", _("Classé le"), "handled_at", "date"),
    drawn=("invoice", "customer", "returned", "reason", "amount"),
)

STATEMENTS = list_of(
    "statements",
    _("Relevés importés"),
    Field("reference", _("Relevé"), "reference"),
    Field("account", _("Compte"), "account.name"),
    Field("period", _("Période"), lambda row: f"{typography.day(row.opened_on)} – {typography.day(row.closed_on)}"),
    Field("currency", _("Devise"), "account.currency"),
    Field("opening", _("Solde initial"), "opening", "money"),
    Field("closing", _("Solde final"), "closing", "money"),
    Field("new", _("Lignes nouvelles"), "new_count", "number"),
    Field("lines", _("Lignes"), "line_count", "number"),
    Field("imported", _("Importé le"), "imported_at", "date"),
    Field("sha256", "SHA-256", "sha256"),
    drawn=("reference", "account", "period", "opening", "closing", "new", "imported"),
)

CHECKOUTS = list_of(
    "checkouts",
    _("Paiements par carte"),
    Field("reference", _("Référence"), "reference"),
    Field("invoice", _("Facture"), "invoice.number"),
    Field("customer", _("Client"), "invoice.customer.name"),
    Field("created", _("Créé le"), "created_at", "date"),
    Field("paid", _("Payé le"), "paid_at", "date"),
    Field("state", _("État"), "get_status_display"),
    Field("alert", _("À vérifier"), "alert"),
    Field("currency", _("Devise"), "currency"),
    Field("amount", _("Montant"), "amount", "money"),
    Field("fee", _("Frais"), "fee", "money"),
    Field("refunded", _("Remboursé"), "refunded", "money"),
    drawn=(),
)

RUNS = list_of(
    "payment_runs",
    _("Lots de règlements"),
    Field("number", _("Numéro"), "number"),
    Field("account", _("Depuis le compte"), "bank_account.name"),
    Field("executes", _("Exécution"), "executes_on", "date"),
    Field("state", _("État"), "get_status_display"),
    Field("order", _("Ordre"), lambda run: str(run.order or "")),
    Field("prepared", _("Préparé par"), "prepared_by.display_name"),
    Field("created", _("Créé le"), "created_at", "date"),
    Field("total", _("Total"), "total", "money"),
    drawn=("number", "account", "executes", "state", "order", "total"),
)

NOTICES = list_of(
    "notices",
    _("Messages des clients"),
    Field("invoice", _("Facture"), "invoice.number"),
    Field("customer", _("Client"), "invoice.customer.name"),
    Field("kind", _("Nature"), "get_kind_display"),
    Field("at", _("Reçu le"), "at", "date"),
    Field("paid", _("Payé le"), "paid_on", "date"),
    Field("text", _("Message"), "text"),
    Field("handled", _("Traité le"), "handled_at", "date"),
    drawn=(),
)
