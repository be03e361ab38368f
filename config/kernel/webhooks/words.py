"""The events partners may hear: which audit tag each is, what object it is about, and how it reads in French."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

PING = "ping"
EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Thing:
    """A class of objects as partners know it: its name, and where the API shows it ('' where it does not)."""

    name: str
    path: str
    label: Any

    def url(self, pk: int) -> str | None:
        return f"{self.path}/{pk}" if self.path else None


@dataclass(frozen=True, slots=True)
class Told:
    """An event as partners know it: its name, the class of its object among the audit event's subjects, its words."""

    name: str
    about: str
    label: Any


THINGS: Mapping[str, Thing] = {
    "billing.invoice": Thing("invoice", "/api/invoices", _("Factures et avoirs")),
    "billing.salesorder": Thing("order", "/api/orders", _("Commandes")),
    "billing.product": Thing("product", "/api/products", _("Produits et stock")),
    "payments.payment": Thing("payment", "/api/payments", _("Encaissements")),
    "payments.bankstatement": Thing("statement", "", _("Banque")),
    "customers.customer": Thing("customer", "/api/customers", _("Clients")),
    "einvoicing.transmission": Thing("transmission", "/api/transmissions", _("Transmissions")),
    "payments.feed": Thing("feed", "", _("Flux bancaires")),
}

TOLD: Mapping[str, Told] = {
    "billing.invoice.drafted": Told("invoice.created", "billing.invoice", _("Brouillon créé")),
    "billing.invoice.changed": Told("invoice.updated", "billing.invoice", _("Brouillon modifié")),
    "billing.invoice.draft_deleted": Told("invoice.deleted", "billing.invoice", _("Brouillon supprimé")),
    "billing.invoice.issued": Told("invoice.issued", "billing.invoice", _("Facture ou avoir émis")),
    "billing.invoice.created_and_sent": Told(
        "invoice.created_and_sent", "billing.invoice", _("Facture créée, émise et envoyée en un appel")
    ),
    "billing.invoice.settled": Told("invoice.paid", "billing.invoice", _("Facture entièrement réglée")),
    "billing.invoice.reopened": Told("invoice.reopened", "billing.invoice", _("Facture de nouveau à payer")),
    "billing.invoice.credited": Told("invoice.credited", "billing.invoice", _("Facture annulée par avoir")),
    "billing.invoice.disputed": Told("invoice.disputed", "billing.invoice", _("Facture contestée")),
    "billing.invoice.dispute_closed": Told("invoice.dispute_closed", "billing.invoice", _("Contestation levée")),
    "payments.reminder.sent": Told("invoice.reminder_sent", "billing.invoice", _("Relance envoyée")),
    "billing.order.created": Told("order.created", "billing.salesorder", _("Commande créée")),
    "billing.order.changed": Told("order.updated", "billing.salesorder", _("Commande modifiée")),
    "billing.order.confirmed": Told("order.confirmed", "billing.salesorder", _("Commande confirmée")),
    "billing.order.shipped": Told("order.shipped", "billing.salesorder", _("Commande expédiée")),
    "billing.order.cancelled": Told("order.cancelled", "billing.salesorder", _("Commande annulée")),
    "billing.order.invoiced": Told("order.invoiced", "billing.salesorder", _("Commande facturée")),
    "billing.product.created": Told("product.created", "billing.product", _("Produit créé")),
    "billing.product.changed": Told("product.updated", "billing.product", _("Produit modifié")),
    "billing.product.archived": Told("product.archived", "billing.product", _("Produit archivé")),
    "billing.product.restored": Told("product.restored", "billing.product", _("Produit rétabli")),
    "billing.stock.moved": Told("stock.moved", "billing.product", _("Mouvement de stock")),
    "payments.payment.recorded": Told("payment.recorded", "payments.payment", _("Encaissement enregistré")),
    "payments.payment.allocated": Told("payment.allocated", "payments.payment", _("Encaissement affecté")),
    "payments.payment.released": Told("payment.released", "payments.payment", _("Affectation retirée")),
    "payments.payment.reversed": Told("payment.reversed", "payments.payment", _("Encaissement annulé")),
    "payments.bank.imported": Told("statement.imported", "payments.bankstatement", _("Relevé bancaire importé")),
    "payments.feed.read": Told("sync.completed", "payments.feed", _("Flux lu, avec du nouveau")),
    "customers.customer.created": Told("customer.created", "customers.customer", _("Client créé")),
    "customers.customer.changed": Told("customer.updated", "customers.customer", _("Fiche client modifiée")),
    "customers.customer.archived": Told("customer.archived", "customers.customer", _("Client archivé")),
    "customers.customer.restored": Told("customer.restored", "customers.customer", _("Client rétabli")),
    "einvoicing.transmission.deposited": Told(
        "transmission.deposited", "einvoicing.transmission", _("Facture reçue par la plateforme")
    ),
    "einvoicing.transmission.accepted": Told(
        "transmission.accepted", "einvoicing.transmission", _("Transmission acceptée")
    ),
    "einvoicing.transmission.rejected": Told(
        "transmission.rejected", "einvoicing.transmission", _("Transmission rejetée")
    ),
    "einvoicing.transmission.invalid": Told(
        "transmission.invalid", "einvoicing.transmission", _("Facture non conforme, non transmise")
    ),
    "einvoicing.transmission.given_up": Told(
        "transmission.given_up", "einvoicing.transmission", _("Transmission abandonnée")
    ),
}
NAMES: Mapping[str, Told] = {told.name: told for told in TOLD.values()}


def choices() -> list[tuple[Any, list[tuple[str, Any]]]]:
    """The events by class of object, as a form offers them."""
    return [
        (thing.label, [(told.name, told.label) for told in TOLD.values() if told.about == label])
        for label, thing in THINGS.items()
    ]


def label_of(name: str) -> Any:
    """The words for an event's name; the name itself when it has none."""
    if name == PING:
        return _("Essai")
    return NAMES[name].label if name in NAMES else name
