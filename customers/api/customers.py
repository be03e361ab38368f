"""Customers over REST: find them, keep them, archive them."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_noop
from rest_framework import serializers

from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.examples import received, sent
from config.kernel.api.expand import Expandable
from config.kernel.api.fields import Page, Word
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.versions import conditional, versioned
from config.kernel.api.view import ApiView, Call
from config.kernel.errors import Invalid
from customers.api.contacts import write_contacts
from customers.api.identity import IDENTITY, corrected, wrong_identity
from customers.api.shapes import CustomerBody, CustomerChange, CustomerShape
from customers.models import Address, AddressKind, Contact, Customer, CustomerKind, PaymentTerms
from customers.services import archive_customer, ensure_terms, restore_customer, save_customer

NO_ADDRESS = gettext_noop("Indiquez l’adresse de facturation.")

EXAMPLE = {
    "customer_type": "organisation",
    "name": "Acme Corporation",
    "siret": "73282932000074",
    "email": "contact@acme.com",
    "billing_address": {"line": "2 avenue Foch", "postcode": "69006", "city": "Lyon", "country": "FR"},
    "contacts": [{"name": "Ada Martin", "email": "compta@acme.com"}],
}
ANSWER = {
    "id": 5, "customer_type": "organisation", "name": "Acme Corporation", "first_name": "", "last_name": "",
    "email": "contact@acme.com", "phone": "", "siren": "732829320", "siret": "73282932000074",
    "vat_number": "", "electronic_address": "732829320", "is_public_body": False, "service_code": "",
    "requires_service_code": False, "requires_commitment": False, "exemption_code": "", "payment_terms_id": 1,
    "payment_terms": {
        "id": 1, "name": "30 jours", "days": 30, "end_of_month": False, "month_first": False, "then_day": None,
    },
    "reminders_paused_until": None, "notes": "", "archived": False, "created_at": "2026-11-21T09:00:00Z",
    "billing_address": {"line": "2 avenue Foch", "extra": "", "postcode": "69006", "city": "Lyon", "country": "FR"},
    "delivery_address": None,
    "contacts": [
        {
            "id": 8, "name": "Ada Martin", "position": "", "email": "compta@acme.com", "phone": "",
            "gets_invoices": True, "gets_reminders": True,
        }
    ],
}  # fmt: skip


class CustomerQuery(Page):
    q = serializers.CharField(
        required=False, max_length=100, help_text="In the name, the e-mail address, or how the SIREN or SIRET begins."
    )
    customer_type = Word(CustomerKind, required=False)
    archived = serializers.BooleanField(default=False, help_text="true shows the archived customers, and only them.")


def customers() -> QuerySet[Customer]:
    """The company's customers with all that their shape shows, in a number of queries that no row adds to."""
    return cast(
        "QuerySet[Customer]",
        Customer.objects.customers()
        .select_related("terms")
        .prefetch_related(
            Prefetch("addresses", Address.objects.order_by("id")),
            Prefetch("contacts", Contact.objects.order_by("name", "id")),
        ),
    )


CUSTOMER = Expandable(CustomerShape, customers, area="customers")


class CustomerList(ApiView):
    area = "customers"

    @operation(query=CustomerQuery, answer=CustomerShape, many=True)
    @documented(id="customer_list")
    def get(self, request: Call) -> HttpResponseBase:
        """The customers, by name."""
        query = request.query
        rows: Any = customers().filter(archived_at__isnull=not query["archived"])
        if query.get("customer_type"):
            rows = rows.filter(kind=query["customer_type"])
        if query.get("q"):
            rows = rows.matching(query["q"])
        return lists.page(self, rows, by="name", descending=False, name="customers")

    @operation(action="customers.edit", body=CustomerBody, answer=CustomerShape)
    @created(at="api:customer")
    @repeatable(OPTIONAL)
    @documented(id="customer_create", examples=[sent(EXAMPLE), received(ANSWER, status=201)])
    def post(self, request: Call) -> Customer:
        """Create a customer with its addresses and contacts.

        The SIREN follows from the SIRET, and the electronic address from the SIREN, where they are not given.
        A SIRET that another customer bears, with the same service code, is refused (409).
        """
        values = {name: request.values[name] for name in IDENTITY if name in request.values}
        values.setdefault("terms", _usual_terms(request))
        return _saved(request, None, values)


class CustomerItem(ApiView):
    area = "customers"

    def context(self, request: Any) -> dict[str, Any]:
        return {**super().context(request), "find": partial(self.find, **self.kwargs)}

    def find(self, **path: Any) -> Customer:
        return get_object_or_404(customers(), pk=path["id"])

    @operation(answer=CustomerShape)
    @versioned
    @documented(id="customer_retrieve")
    def get(self, request: Call, **path: Any) -> Customer:
        """A customer with its addresses and contacts."""
        return self.find(**path)

    @operation(action="customers.edit", body=CustomerChange, answer=CustomerShape)
    @conditional
    @documented(
        id="customer_update",
        examples=[sent({"email": "factures@acme.com", "contacts": [{"id": 8, "name": "Ada Martin-Roy"}]})],
    )
    def put(self, request: Call, **path: Any) -> Customer:
        """Correct a customer.

        A field left out stays as it is. `contacts`, where given, is the whole list: one without an id is added, one
        that is missing is removed. A new SIRET gives a new SIREN and electronic address, unless they are given too.
        Documents already issued keep what they said.
        """
        customer = self.find(**path)
        return _saved(request, customer, corrected(customer, request.values))

    @operation(action="customers.edit", answer=CustomerShape)
    @conditional
    @documented(id="customer_delete")
    def delete(self, request: Call, **path: Any) -> Customer:
        """Archive a customer: it leaves lists and searches; what was billed stays. `PUT` brings it back."""
        customer = self.find(**path)
        if customer.archived_at is None:
            archive_customer(customer=customer, actor=request.caller.actor, at=request.at)
        return self.find(**path)


def _usual_terms(request: Call) -> PaymentTerms:
    usual = PaymentTerms.objects.filter(days=30, end_of_month=False, month_first=False).order_by("id").first()
    return cast(PaymentTerms, usual or ensure_terms(request.caller.company.pk))


def _saved(request: Call, customer: Customer | None, values: dict[str, Any]) -> Customer:
    """The customer as written, with its addresses, its contacts and its place in or out of the lists."""
    sent, actor, at = request.values, request.caller.actor, request.at
    if problems := wrong_identity(values, sent):
        raise Invalid(fields=problems)
    row = save_customer(
        customer=customer,
        company_id=request.caller.company.pk,
        values=values,
        address=sent.get("billing_address") or _billing_address(customer),
        delivery=(sent["delivery_address"] or {}) if "delivery_address" in sent else None,
        actor=actor,
        at=at,
    )
    if "contacts" in sent:
        write_contacts(customer=row, wanted=sent["contacts"], actor=actor, at=at)
    if "archived" in sent and sent["archived"] is (row.archived_at is None):
        change = archive_customer if sent["archived"] else restore_customer
        change(customer=row, actor=actor, at=at)
    return customers().get(pk=row.pk)


def _billing_address(customer: Customer | None) -> dict[str, str]:
    """The address as it is. Raises Invalid for a customer that has none yet."""
    row = Address.objects.filter(customer=customer, kind=AddressKind.BILLING).first()
    if row is None:
        raise Invalid(fields={"billing_address": NO_ADDRESS})
    return {name: getattr(row, name) for name in ("line", "extra", "postcode", "city", "country")}
