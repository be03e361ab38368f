"""What happens to customers, contacts and payment terms, as timelines word it and partners know it."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as n

from config.kernel.facts import Fact, PartnerObject, declare

declare(
    "customers",
    Fact("customers.customer.created", n("Client créé"), "user", partner_name="customer.created"),
    Fact("customers.customer.changed", n("Fiche client modifiée"), "edit", partner_name="customer.updated"),
    Fact("customers.customer.archived", n("Client archivé"), "box", partner_name="customer.archived"),
    Fact("customers.customer.restored", n("Client rétabli"), "check", partner_name="customer.restored"),
    Fact("customers.customer.merged", n("Fiche « %(name)s » réunie à celle-ci"), "users", "warn"),
    Fact("customers.person.erased", n("Personne effacée (RGPD)"), "trash", "warn"),
    # of who only bills us; the API of customers does not show them, so partners are told nothing
    Fact("customers.supplier.created", n("Fournisseur créé"), "box"),
    Fact("customers.supplier.changed", n("Fiche fournisseur modifiée"), "edit"),
    Fact("customers.supplier.archived", n("Fournisseur archivé"), "box"),
    Fact("customers.supplier.restored", n("Fournisseur rétabli"), "check"),
    Fact("customers.customer.became_supplier", n("Devient aussi fournisseur"), "box"),
    Fact("customers.customer.became_customer", n("Devient aussi client"), "user"),
    about=PartnerObject("customers.customer", "customer", "/api/customers", _("Clients")),
)
declare(
    "customers",
    Fact("customers.contact.added", n("Contact ajouté : %(name)s"), "user"),
    Fact("customers.contact.changed", n("Contact modifié : %(name)s"), "edit"),
    Fact("customers.contact.removed", n("Contact retiré : %(name)s"), "close"),
    Fact("customers.contact.erased", n("Contact effacé (RGPD)"), "trash", "warn"),
    Fact("customers.terms.created", n("Conditions de paiement ajoutées : %(name)s"), "clock"),
    Fact("customers.terms.changed", n("Conditions de paiement modifiées : %(name)s"), "edit"),
    Fact("customers.terms.deleted", n("Conditions de paiement supprimées : %(name)s"), "trash"),
)
