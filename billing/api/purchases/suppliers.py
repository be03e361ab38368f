"""The routes of suppliers, and of the accounts that are known of them. Whom to trust, a person decides on a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from billing.purchases.ibans import see_iban
from billing.purchases.models import SupplierIban, SupplierRule
from billing.purchases.owed import suppliers_with_owed
from billing.purchases.regimes import Regime
from billing.purchases.suppliers import save_supplier
from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.examples import received, sent
from config.kernel.api.fields import Body, Id, Moment, Money, Number, Page, Reference, Switch, Word
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.versions import conditional, versioned
from config.kernel.api.view import ApiView, Call
from customers.api.shapes import AddressBody
from customers.models import Address, AddressKind, Customer, PaymentTerms

IDENTITY = ("name", "siret", "siren", "vat_number", "email", "phone", "notes", "terms")
ADDRESS = ("line", "extra", "postcode", "city", "country")
RULE = {"account": "", "regime": None, "deductible_percent": 100.00, "may_validate_itself": True}
ANSWER = {
    "id": 6, "name": "Papeteries du Rhône", "siret": "70000042500012", "siren": "700000425", "vat_number": "",
    "email": "", "phone": "0472000000", "notes": "", "payment_terms_id": 1, "is_customer": False, "archived": False,
    "amount_owed": 120.00, "rule": RULE, "created_at": "2026-11-16T09:00:00Z",
}  # fmt: skip
IBAN = {
    "id": 3, "iban": "FR7630006000011234567890189", "bic": "", "holder": "", "state": "to_confirm",
    "seen_at": "2026-11-16T09:00:00Z", "confirmed_at": None,
}  # fmt: skip


class RuleShape(serializers.Serializer):
    """How what the supplier bills is booked."""

    account = serializers.CharField(help_text="'': proposed from what was booked before.")
    regime = serializers.SerializerMethodField(help_text="null: by each document.")
    deductible_percent = Number(max_digits=5, decimal_places=2, source="deductible_share")
    may_validate_itself = serializers.BooleanField()

    def get_regime(self, rule: SupplierRule) -> str | None:
        return rule.regime.lower() or None


class SupplierShape(serializers.Serializer):
    """A third party that bills us."""

    id = Id()
    name = serializers.CharField()
    siret = serializers.CharField()
    siren = serializers.CharField()
    vat_number = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField()
    notes = serializers.CharField()
    payment_terms_id = Id(source="terms_id")
    is_customer = serializers.BooleanField()
    archived = serializers.SerializerMethodField()
    amount_owed = Money(source="owed", help_text="Booked and not settled, in euros, credit notes taken off.")
    rule = serializers.SerializerMethodField()
    created_at = Moment()

    def get_archived(self, supplier: Customer) -> bool:
        return supplier.archived_at is not None

    def get_rule(self, supplier: Customer) -> Any:
        rule = getattr(supplier, "purchase_rule", None) or SupplierRule()
        return RuleShape(rule).data


class IbanShape(serializers.Serializer):
    """An account that the supplier was seen to ask for. Nothing is paid to one that no person has confirmed."""

    id = Id()
    iban = serializers.CharField()
    bic = serializers.CharField()
    holder = serializers.CharField()
    state = serializers.SerializerMethodField()
    seen_at = Moment()
    confirmed_at = Moment(allow_null=True)

    def get_state(self, row: SupplierIban) -> str:
        return "confirmed" if row.is_confirmed else "rejected" if row.rejected_at else "to_confirm"


class RuleBody(Body):
    account = serializers.RegexField(r"^([1-7][0-9]{2,9})?$", required=False, allow_blank=True)
    regime = Word(Regime, required=False, allow_null=True)
    deductible_percent = Number(max_digits=5, decimal_places=2, min_value=0, max_value=100, required=False)
    may_validate_itself = Switch(required=False)


class SupplierChange(Body):
    """What changes of a supplier. A field left out stays as it is."""

    name = serializers.CharField(max_length=200, required=False)
    siret = serializers.CharField(max_length=14, required=False, allow_blank=True)
    siren = serializers.CharField(max_length=9, required=False, allow_blank=True)
    vat_number = serializers.CharField(max_length=20, required=False, allow_blank=True)
    email = serializers.EmailField(required=False, allow_blank=True)
    phone = serializers.CharField(max_length=30, required=False, allow_blank=True)
    notes = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    payment_terms_id = Reference(PaymentTerms, required=False)
    rule = RuleBody(required=False)
    address = AddressBody(required=False)


class SupplierBody(SupplierChange):
    """A new supplier. A customer of the same SIRET becomes one."""

    name = serializers.CharField(max_length=200)


class IbanBody(Body):
    iban = serializers.CharField(max_length=50)
    bic = serializers.CharField(max_length=11, required=False, allow_blank=True)
    holder = serializers.CharField(max_length=70, required=False, allow_blank=True)


class SupplierQuery(Page):
    q = serializers.CharField(required=False, max_length=100, help_text="A part of the name, the e-mail or the SIREN.")
    owed = serializers.BooleanField(required=False, help_text="true: only those to whom something is owed.")
    archived = serializers.BooleanField(required=False, default=False)


def suppliers() -> Any:
    return suppliers_with_owed().select_related("terms", "purchase_rule")


class SupplierList(ApiView):
    area = "purchases"

    @operation(query=SupplierQuery, answer=SupplierShape, many=True)
    @documented(id="supplier_list")
    def get(self, request: Call) -> HttpResponseBase:
        """The suppliers, by name."""
        rows = suppliers().filter(archived_at__isnull=not request.query["archived"])
        if request.query.get("owed"):
            rows = rows.filter(owed__gt=0)
        if text := request.query.get("q"):
            rows = rows.matching(text)
        return lists.page(self, rows, by="name", descending=False, name="suppliers")

    @operation(action="purchases.edit", body=SupplierBody, answer=SupplierShape)
    @created(at="api:supplier")
    @repeatable(OPTIONAL)
    @documented(id="supplier_create", examples=[sent({"name": "Papeteries du Rhône"}), received(ANSWER, status=201)])
    def post(self, request: Call) -> Customer:
        """Create a supplier."""
        return _saved(request, None)


class SupplierView(ApiView):
    """A route under /api/suppliers/{id}."""

    area = "purchases"

    def find(self, **path: Any) -> Customer:
        return cast(Customer, get_object_or_404(suppliers(), pk=path["id"]))


class SupplierItem(SupplierView):
    @operation(answer=SupplierShape)
    @versioned
    @documented(id="supplier_retrieve")
    def get(self, request: Call, **path: Any) -> Customer:
        """A supplier, how what it bills is booked, and what is owed to it."""
        return self.find(**path)

    @operation(action="purchases.edit", body=SupplierChange, answer=SupplierShape)
    @conditional
    @documented(id="supplier_update", examples=[sent({"rule": {"account": "606400"}})])
    def put(self, request: Call, **path: Any) -> Customer:
        """Correct a supplier. A field left out stays as it is."""
        return _saved(request, self.find(**path))


class SupplierIbans(SupplierView):
    @operation(answer=IbanShape, many=True)
    @documented(id="supplier_iban_list")
    def get(self, request: Call, **path: Any) -> Any:
        """The accounts that the supplier was seen to ask for, the latest first."""
        return self.find(**path).ibans.order_by("-seen_at", "-pk")

    @operation(action="purchases.edit", body=IbanBody, answer=IbanShape)
    @created()
    @repeatable(OPTIONAL)
    @documented(id="supplier_iban_create", examples=[sent({"iban": IBAN["iban"]}), received(IBAN, status=201)])
    def post(self, request: Call, **path: Any) -> SupplierIban:
        """Tell an account of the supplier. Nothing is paid there before a person has confirmed it on its page."""
        supplier = self.find(**path)
        return see_iban(
            supplier=supplier,
            seen_in=supplier.subject,
            actor=request.caller.actor,
            at=request.at,
            **request.values,
        )


def _saved(request: Call, supplier: Customer | None) -> Customer:
    values = dict(request.values)
    address, rule = values.pop("address", None), values.pop("rule", None)
    if "payment_terms_id" in values:
        values["terms"] = values.pop("payment_terms_id")
    row = save_supplier(
        supplier=supplier,
        company_id=request.caller.company.pk,
        values=_identity(supplier, values),
        address=address or _address(supplier),
        rule=_rule(rule) if rule else None,
        actor=request.caller.actor,
        at=request.at,
    )
    return cast(Customer, suppliers().get(pk=row.pk))


def _identity(supplier: Customer | None, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The identity as it was, with what was sent; what follows from a changed number follows anew."""
    if supplier is None:
        return dict(sent)
    kept = ("kind", "first_name", "last_name", "is_public_body", "service_code", "requires_service_code")
    values = {name: getattr(supplier, name) for name in (*IDENTITY, *kept, "electronic_address")}
    if any(name in sent and sent[name] != values[name] for name in ("siret", "siren")):
        values |= {"siren": "", "electronic_address": ""}
    return values | dict(sent)


def _address(supplier: Customer | None) -> dict[str, str]:
    row = Address.objects.filter(customer=supplier, kind=AddressKind.BILLING).first() if supplier else None
    return {name: getattr(row, name) for name in ADDRESS} if row else {}


def _rule(sent: Mapping[str, Any]) -> dict[str, Any]:
    names = {"deductible_percent": "deductible_share"}
    said = {names.get(name, name): value for name, value in sent.items()}
    return said | ({"regime": said["regime"] or ""} if "regime" in said else {})
