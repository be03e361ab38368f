"""What the Chorus Pro module says and takes, in its own names."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.kernel.api.fields import Day, Moment, Money, Page
from config.kernel.api.json import loads
from config.kernel.clock import local_day
from einvoicing.api.camel import CamelBody, CamelQuery, CamelShape
from einvoicing.models import Environment, Transmission
from einvoicing.platforms.chorus_pro.structures import Service
from einvoicing.services.chorus_statuses import STATUSES, history, rejection_of

# of the demands: other types are refused, and the issued document says its own
INVOICE_TYPES = ("FACTURE", "ACOMPTE", "AVOIR")
DOCUMENT_FORMATS = ("FACTURX",)
LARGEST_FILE = 20 * 1024 * 1024
TOO_LARGE = "Ce fichier dépasse 20 Mo."
NOT_JSON = "Envoyez invoiceData comme un objet JSON en UTF-8."
BACKWARDS = "La fin vient avant le début."


class Siret(serializers.CharField):
    """Fourteen digits; spaces are left out. Whether the number can exist is judged after: SIRET_INVALIDE."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": 30, **options})

    def to_internal_value(self, data: Any) -> str:
        return "".join(str(super().to_internal_value(data)).split())


class ServiceReference(CamelBody):
    service_code = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")


class Engagement(CamelBody):
    engagement_number = serializers.CharField(max_length=50, required=False, allow_blank=True, default="")


class InvoiceData(CamelBody):
    """What you have of the invoice: compared with what was issued, field by field."""

    invoice_number = serializers.CharField(max_length=50, help_text="Ours, given at issue.")
    invoice_date = Day()
    invoice_type = serializers.ChoiceField(INVOICE_TYPES, required=False)
    supplier_siret = Siret()
    supplier_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    recipient_siret = Siret()
    recipient_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    service_reference = ServiceReference(required=False)
    engagement = Engagement(required=False)
    purchase_order = serializers.CharField(
        max_length=50, required=False, allow_blank=True, default="", help_text="BT-13, as the commitment number."
    )
    contract_reference = serializers.CharField(
        max_length=50, required=False, allow_blank=True, default="", help_text="BT-12."
    )
    amount_excluding_tax = Money()
    vat_amount = Money()
    amount_including_tax = Money()
    document_format = serializers.ChoiceField(DOCUMENT_FORMATS, required=False)


@extend_schema_field(InvoiceData)
class InvoiceDataPart(serializers.Field):
    """The JSON part of a form: text, a file of type application/json, or the object itself in a JSON body."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, UploadedFile):
            data = data.read()
        if isinstance(data, str | bytes):
            try:
                data = loads(data if isinstance(data, bytes) else data.encode())
            except (ValueError, RecursionError):
                raise serializers.ValidationError(_(NOT_JSON)) from None
        return InvoiceData(context=self.context).run_validation(data)

    def to_representation(self, value: Any) -> Any:
        return value


class SubmitBody(CamelBody):
    invoice_data = InvoiceDataPart()
    document = serializers.FileField(
        required=False, max_length=255, help_text="The legal Factur-X of that invoice, byte for byte; may be left out."
    )

    def validate_document(self, file: Any) -> Any:
        if file.size > LARGEST_FILE:
            raise serializers.ValidationError(_(TOO_LARGE))
        return file


class SubmitAnswer(CamelShape):
    chorus_invoice_id = serializers.CharField(source="pk", help_text="Ask for the status by it.")
    invoice_number = serializers.CharField(source="invoice.number")
    status = serializers.ChoiceField(STATUSES, source="chorus_status")
    submitted_at = Moment(source="created_at")


class PassageShape(CamelShape):
    status = serializers.ChoiceField(STATUSES)
    date = Moment(source="at")
    comment = serializers.CharField(help_text="The words of Chorus Pro or of the public body.")


class ChorusInvoice(CamelShape):
    """An invoice that went, or goes, to Chorus Pro.

    `status` is of the module's words, and of Chorus Pro's where it has none. EN_ATTENTE: in our queue. ABANDONNEE: it
    did not leave, somebody has to act (GET /api/transmissions/{id} says what). SOLDEE: the bank proved the payment.
    """

    chorus_invoice_id = serializers.CharField(source="pk")
    chorus_flow_number = serializers.CharField(source="remote_id", help_text="numeroFluxDepot; '' while it waits.")
    invoice_number = serializers.CharField(source="invoice.number")
    invoice_date = serializers.DateField(source="invoice.issue_date")
    supplier_siret = serializers.CharField(source="invoice.seller.siret", default="")
    recipient_siret = serializers.CharField(source="invoice.buyer.siret", default="")
    recipient_name = serializers.CharField(source="invoice.buyer_name")
    service_code = serializers.CharField(source="invoice.service_code")
    engagement_number = serializers.CharField(source="invoice.purchase_order")
    contract_reference = serializers.CharField(source="invoice.contract_reference")
    amount_excluding_tax = Money(source="invoice.total_net")
    vat_amount = Money(source="invoice.total_vat")
    amount_including_tax = Money(source="invoice.total_gross")
    status = serializers.ChoiceField(STATUSES, source="chorus_status")
    submitted_at = Moment(source="created_at")
    deposited_at = Moment(allow_null=True)
    payment_date = serializers.DateField(source="paid_on", allow_null=True, help_text="Of the last payment received.")


class ChorusStatus(ChorusInvoice):
    """Where it stands, and how it came there."""

    status_history = PassageShape(many=True)
    rejection_reason = serializers.CharField(help_text="'' unless it was rejected.")

    def to_representation(self, instance: Transmission) -> Any:
        passages = history(instance)
        vars(instance).update(status_history=passages, rejection_reason=rejection_of(instance))
        return super().to_representation(instance)


class Period(CamelBody):
    """The days the invoices were issued on, both included."""

    date_from = Day(required=False)
    date_to = Day(required=False)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        return in_order(values)


def in_order(values: dict[str, Any]) -> dict[str, Any]:
    """Raises ValidationError at dateTo."""
    if "date_from" in values and "date_to" in values and values["date_to"] < values["date_from"]:
        raise serializers.ValidationError({"dateTo": [_(BACKWARDS)]})
    return values


class QueryBody(Period):
    supplier_siret = Siret(required=False, help_text="Your company's own by default.")
    recipient_siret = Siret(required=False)
    invoice_number = serializers.CharField(max_length=50, required=False)
    status = serializers.ChoiceField(STATUSES, required=False)
    page = serializers.IntegerField(min_value=1, max_value=10_000, default=1)
    page_size = serializers.IntegerField(min_value=1, max_value=200, default=100)


class QueryAnswer(CamelShape):
    total = serializers.IntegerField()
    page = serializers.IntegerField()
    page_size = serializers.IntegerField()
    invoices = ChorusInvoice(many=True)


class SupplierQuery(Page):
    """The same manners as every list."""


class PeriodQuery(CamelQuery):
    date_from = Day(required=False, help_text="By the day of issue, included.")
    date_to = Day(required=False)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        return in_order(values)


class LookupBody(CamelBody):
    siret = Siret(required=False)
    name = serializers.CharField(
        max_length=200, required=False, help_text="Without siret: words of its name, of your customers or Chorus Pro's."
    )


class ServiceShape(CamelShape):
    service_code = serializers.CharField(source="code")
    service_name = serializers.CharField(source="name")
    is_active = serializers.SerializerMethodField("is_open_today", help_text="Takes invoices today.")
    starts_on = serializers.DateField(allow_null=True)
    ends_on = serializers.DateField(allow_null=True)

    def is_open_today(self, service: Service) -> bool:
        return service.is_open(local_day(timezone.now()))


class EntityShape(CamelShape):
    """A public body of Chorus Pro, and what it wants on an invoice."""

    siret = serializers.CharField()
    name = serializers.CharField()
    is_active = serializers.BooleanField()
    service_code_required = serializers.BooleanField(source="requirements.service_code")
    engagement_required = serializers.BooleanField(source="requirements.engagement")
    service_code_or_engagement_required = serializers.BooleanField(source="requirements.either")
    reports_payment = serializers.BooleanField()
    services = ServiceShape(many=True)


class NamedShape(CamelShape):
    siret = serializers.CharField()
    name = serializers.CharField()


class LookupAnswer(CamelShape):
    found = serializers.BooleanField()
    entity = EntityShape(allow_null=True)
    candidates = NamedShape(many=True, help_text="When several bear that name: twenty at most, to be asked by SIRET.")


class AcceptsAnswer(CamelShape):
    siret = serializers.CharField()
    accepts_e_invoices = serializers.BooleanField(help_text="Known to Chorus Pro and active.")


class StatusFigures(CamelShape):
    status = serializers.ChoiceField(STATUSES)
    count = serializers.IntegerField()
    amount = Money()


class StatisticsShape(CamelShape):
    """Gross amounts, each invoice once; those of credit notes are taken off. `pending`: as the list of that name."""

    supplier_siret = serializers.CharField()
    date_from = serializers.DateField(allow_null=True)
    date_to = serializers.DateField(allow_null=True)
    total_invoices = serializers.IntegerField()
    total_amount = Money()
    paid_invoices = serializers.IntegerField()
    paid_amount = Money()
    rejected_invoices = serializers.IntegerField()
    rejected_amount = Money()
    pending_invoices = serializers.IntegerField()
    pending_amount = Money()
    rejection_rate = serializers.FloatField(help_text="In per cent of all.")
    average_payment_days = serializers.FloatField(allow_null=True, help_text="From issue to payment.")
    by_status = StatusFigures(many=True)


class ConnectionShape(CamelShape):
    connected = serializers.BooleanField()
    environment = serializers.ChoiceField(Environment.values, allow_null=True)
    problem = serializers.CharField(help_text="Why not, in words; '' when connected.")
    warnings = serializers.ListField(
        child=serializers.CharField(),
        help_text="What does not work all the same: an API not subscribed to, no structure, a password near its end.",
    )
    password_expires_on = serializers.DateField(allow_null=True, help_text="Of the technical account, as last told.")
    tested_at = Moment()


def amounts(data: dict[str, Any]) -> dict[str, Decimal]:
    """The three amounts of an `InvoiceData`, as the service names them."""
    return {
        "net": data["amount_excluding_tax"],
        "vat": data["vat_amount"],
        "gross": data["amount_including_tax"],
    }
