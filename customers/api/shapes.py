"""Customers as partner systems read and write them."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.kernel.api.cross_fields import CrossFieldBody
from config.kernel.api.fields import Body, Id, Moment, Reference, Switch, Word
from customers.api.identity import corrected, wrong_identity
from customers.countries import CODES
from customers.models import Address, AddressKind, Contact, Customer, CustomerKind, PaymentTerms
from customers.services import ADDRESS_WANTED

MOST_CONTACTS = 100


class TermsShape(serializers.Serializer):
    """When an invoice falls due: so many days after its date, or after the end of its month (`month_first`), then the
    end of the month reached (`end_of_month`) and that day of the next one (`then_day`), where agreed."""

    id = Id()
    name = serializers.CharField()
    days = serializers.IntegerField()
    end_of_month = serializers.BooleanField()
    month_first = serializers.BooleanField()
    then_day = serializers.IntegerField(allow_null=True)


class AddressShape(serializers.Serializer):
    line = serializers.CharField()
    extra = serializers.CharField()
    postcode = serializers.CharField()
    city = serializers.CharField()
    country = serializers.CharField(help_text="ISO 3166-1, two letters.")


class ContactShape(serializers.Serializer):
    id = Id()
    name = serializers.CharField()
    position = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField()
    gets_invoices = serializers.BooleanField()
    gets_reminders = serializers.BooleanField()


class CustomerShape(serializers.Serializer):
    """An organisation or an individual. The fields of the other kind are there, and empty."""

    id = Id()
    customer_type = Word(CustomerKind, source="kind")
    name = serializers.CharField(help_text="What documents print: the legal name, or the first and last name.")
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField()
    siren = serializers.CharField()
    siret = serializers.CharField()
    vat_number = serializers.CharField()
    electronic_address = serializers.CharField(help_text="Where e-invoices go (scheme 0225).")
    is_public_body = serializers.BooleanField()
    service_code = serializers.CharField()
    requires_service_code = serializers.BooleanField()
    requires_commitment = serializers.BooleanField()
    exemption_code = serializers.CharField(
        help_text="Why its exempt lines bear no VAT (VATEX), where neither line nor product says it; '' for the usual."
    )
    payment_terms_id = Id(source="terms_id")
    payment_terms = TermsShape(source="terms")
    reminders_paused_until = serializers.DateField(allow_null=True)
    notes = serializers.CharField(help_text="Never printed nor sent.")
    archived = serializers.SerializerMethodField()
    created_at = Moment()
    billing_address = serializers.SerializerMethodField()
    delivery_address = serializers.SerializerMethodField()
    contacts = ContactShape(many=True)

    def get_archived(self, customer: Customer) -> bool:
        return customer.archived_at is not None

    @extend_schema_field(AddressShape(allow_null=True))
    def get_billing_address(self, customer: Customer) -> Any:
        return _address(customer, AddressKind.BILLING)

    @extend_schema_field(AddressShape(allow_null=True))
    def get_delivery_address(self, customer: Customer) -> Any:
        return _address(customer, AddressKind.DELIVERY)


def _address(customer: Customer, kind: AddressKind) -> Any:
    """The address of that use among those read with the customer."""
    found: Address | None = next((address for address in customer.addresses.all() if address.kind == kind), None)
    return AddressShape(found).data if found else None


class AddressBody(Body):
    line = serializers.CharField(max_length=200)
    extra = serializers.CharField(max_length=200, allow_blank=True, default="")
    postcode = serializers.CharField(max_length=12)
    city = serializers.CharField(max_length=100)
    country = serializers.ChoiceField(sorted(CODES), default="FR")


class ContactBody(CrossFieldBody):
    id = Reference(Contact, required=False, help_text="Of a contact to change; a new one has none.")
    name = serializers.CharField(max_length=200)
    position = serializers.CharField(max_length=100, allow_blank=True, default="")
    email = serializers.EmailField(max_length=254, allow_blank=True, default="")
    phone = serializers.CharField(max_length=30, allow_blank=True, default="")
    gets_invoices = Switch(default=True)
    gets_reminders = Switch(default=True)

    def between(self, values: dict[str, Any], refused: Set[str]) -> dict[str, list[str]]:
        if not (values.get("gets_invoices") or values.get("gets_reminders")) or values.get("email"):
            return {}
        return {"email": [_(ADDRESS_WANTED)]}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if problems := self.between(attrs, frozenset()):
            raise serializers.ValidationError(problems)
        return attrs


class CustomerBody(CrossFieldBody):
    """A new customer. SIREN and electronic address follow from the SIRET where they are not given."""

    shape = CustomerShape
    stated = ("name",)  # of an individual it follows from the two others

    customer_type = Word(CustomerKind, source="kind")
    name = serializers.CharField(
        max_length=200,
        allow_blank=True,
        required=False,
        help_text="The legal name of an organisation; of an individual, its first and last name.",
    )
    first_name = serializers.CharField(max_length=100, allow_blank=True, required=False)
    last_name = serializers.CharField(max_length=99, allow_blank=True, required=False)
    email = serializers.EmailField(max_length=254, allow_blank=True, required=False)
    phone = serializers.CharField(max_length=30, allow_blank=True, required=False)
    siren = serializers.CharField(max_length=20, allow_blank=True, required=False)
    siret = serializers.CharField(max_length=30, allow_blank=True, required=False)
    vat_number = serializers.CharField(max_length=30, allow_blank=True, required=False)
    electronic_address = serializers.CharField(max_length=125, allow_blank=True, required=False)
    is_public_body = Switch(required=False)
    service_code = serializers.CharField(max_length=100, allow_blank=True, required=False)
    requires_service_code = Switch(required=False)
    requires_commitment = Switch(required=False)
    exemption_code = serializers.CharField(
        max_length=30,
        allow_blank=True,
        required=False,
        help_text="Why its exempt lines bear no VAT (VATEX, category E), where neither line nor product says it.",
    )
    payment_terms_id = Reference(
        PaymentTerms, source="terms", required=False, help_text="Of /api/payment-terms; 30 days where none is named."
    )
    reminders_paused_until = serializers.DateField(allow_null=True, required=False)
    notes = serializers.CharField(max_length=10_000, allow_blank=True, required=False)
    billing_address = AddressBody()
    delivery_address = AddressBody(
        allow_null=True, required=False, help_text="Where goods go, when not to the billing address."
    )
    contacts = ContactBody(many=True, required=False, max_length=MOST_CONTACTS)

    def between(self, values: dict[str, Any], refused: Set[str]) -> dict[str, str]:
        """What is wrong with the identity, as far as it can be read. On the whole of it, the view asks."""
        return wrong_identity(self.meant(values), values)

    def meant(self, values: dict[str, Any]) -> dict[str, Any]:
        """The identity that would be written."""
        return values


class CustomerChange(CustomerBody):
    """What changes. A field left out stays as it is; `contacts`, where given, is the whole list."""

    customer_type = Word(CustomerKind, source="kind", required=False)
    billing_address = AddressBody(required=False)
    archived = Switch(required=False, help_text="false takes an archived customer up again.")

    def meant(self, values: dict[str, Any]) -> dict[str, Any]:
        return corrected(self.context["find"](), values)
