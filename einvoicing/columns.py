"""The lists of transmissions and of received documents: their columns."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from billing.models import InvoiceKind
from config.kernel.lists.declared import Field, list_of
from einvoicing.models import ReceivedDocument
from einvoicing.panels import status_label

TRANSMISSIONS = list_of(
    "transmissions",
    _("Transmissions"),
    Field("invoice", _("Facture"), "invoice.number"),
    Field("customer", _("Client"), "invoice.buyer_name"),
    Field("platform", _("Plateforme"), "account.name"),
    Field("queued", _("Mise en file"), "created_at", "date"),
    Field("code", _("Statut déclaré"), "declared_code"),
    Field("state", _("État"), status_label),
    Field("attempts", _("Tentatives"), "attempts", "number"),
    Field("error", _("Dernière erreur"), "last_error"),
    drawn=("invoice", "customer", "platform", "queued", "state", "attempts"),
)


def signed_gross(document: ReceivedDocument) -> Decimal | None:
    """The total that was read; a credit note takes away."""
    return -document.gross if document.kind == InvoiceKind.CREDIT_NOTE and document.gross else document.gross


RECEIVED = list_of(
    "received",
    _("Documents reçus"),
    Field("supplier", _("Fournisseur"), "supplier_name"),
    Field("number", _("Numéro"), "number"),
    Field("issued", _("Date de facture"), "issue_date", "date"),
    Field("received", _("Reçu le"), "received_at", "date"),
    Field("channel", _("Arrivée par"), "get_channel_display"),
    Field("sender", _("Expéditeur"), "sender"),
    Field("file", _("Fichier"), "name"),
    Field("state", _("État"), "get_status_display"),
    Field("currency", _("Devise"), "currency"),
    Field("gross", _("Total TTC"), signed_gross, "money"),
    Field("sha256", "SHA-256", "sha256"),
    drawn=("supplier", "number", "issued", "received", "channel", "state", "gross"),
)
