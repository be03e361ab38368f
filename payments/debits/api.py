"""Direct debits over REST: mandates, the debit of an invoice announced, and the files that ask the bank for them."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from billing.models import Invoice
from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.fields import Body, Day, Id, Moment, Money, Page, Reference, Switch, Word
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import REQUIRED, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.view import ApiView, Call
from customers.models import Customer
from payments.api import rows
from payments.debits.announcing import announce_debit
from payments.debits.mandates import prepare_mandate
from payments.debits.orders import MOST_DEBITS, make_order
from payments.models import BankAccount, DebitOrder, DebitStatus, DirectDebit, Mandate, Scheme, Sequence

XML = "application/xml"


class MandateShape(serializers.Serializer):
    """What allows the company to debit an account of a customer."""

    id = Id()
    customer_id = Id()
    reference = serializers.CharField(help_text="The unique mandate reference (UMR).")
    scheme = Word(Scheme)
    is_one_off = serializers.BooleanField()
    debtor_name = serializers.CharField()
    iban = serializers.CharField()
    bic = serializers.CharField(help_text="'' where it is not known.")
    notice_days = serializers.IntegerField(allow_null=True, help_text="Agreed with the debtor; null: the company's.")
    language = serializers.CharField()
    signed_on = serializers.DateField(allow_null=True, help_text="Null: it debits nothing yet.")
    revoked_at = Moment(allow_null=True)
    created_at = Moment()


class DirectDebitShape(serializers.Serializer):
    """One debit of one invoice, from its notice to what the bank says of it."""

    id = Id()
    invoice_id = Id()
    mandate_id = Id()
    order_id = Id(allow_null=True)
    status = Word(DebitStatus)
    amount = Money()
    collected_on = serializers.DateField()
    sequence = Word(Sequence)
    end_to_end_id = serializers.CharField(help_text="What the bank's line names.")
    return_code = serializers.CharField(help_text="Why it came back, as AM04 (ISO 20022); '' where it did not.")
    returned_on = serializers.DateField(allow_null=True)


class DebitOrderShape(serializers.Serializer):
    """A file pain.008.001.08 for the bank, kept as it was made."""

    id = Id()
    number = serializers.CharField(help_text="The MsgId of the file.")
    scheme = Word(Scheme)
    bank_account_id = Id()
    debit_count = serializers.IntegerField()
    total = Money()
    first_collected_on = serializers.DateField()
    sha256 = serializers.CharField()
    made_at = Moment()
    cancelled_at = Moment(allow_null=True)


class MandateBody(Body):
    debtor_name = serializers.CharField(max_length=70)
    iban = serializers.CharField(max_length=42)
    bic = serializers.CharField(max_length=11, required=False, allow_blank=True, default="")
    reference = serializers.CharField(
        max_length=35, required=False, allow_blank=True, default="", help_text="A new one when absent."
    )
    scheme = Word(Scheme, required=False, default="core")
    is_one_off = Switch(default=False)
    notice_days = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1, max_value=60)
    language = serializers.ChoiceField(["fr", "en"], required=False, default="fr")
    signed_on = Day(required=False, help_text="Absent: it is to be signed, and debits nothing yet.")


class DirectDebitBody(Body):
    collected_on = Day(required=False, help_text="Put off until the notice has run and banks settle.")


class DebitOrderBody(Body):
    bank_account_id = Reference(BankAccount)
    debits = serializers.ListField(child=Reference(DirectDebit), min_length=1, max_length=MOST_DEBITS)


class MandateFilter(Page):
    customer_id = Id(required=False)


class DebitFilter(Page):
    status = Word(DebitStatus, required=False)
    invoice_id = Id(required=False)
    order_id = Id(required=False)


class MandateList(ApiView):
    area = "bank"

    @operation(query=MandateFilter, answer=MandateShape, many=True)
    @documented(id="mandate_list")
    def get(self, request: Call) -> HttpResponseBase:
        """Mandates, the latest first; revoked ones too."""
        return lists.page(self, Mandate.objects.filter(**_given(request)), by="created_at", name="mandates")


class MandateItem(ApiView):
    area = "bank"

    def find(self, **path: Any) -> Mandate:
        mandate: Mandate = get_object_or_404(Mandate.objects, pk=path["id"])
        return mandate

    @operation(answer=MandateShape)
    @documented(id="mandate_retrieve")
    def get(self, request: Call, id: int) -> Mandate:
        """One mandate."""
        return self.find(id=id)


class CustomerMandates(ApiView):
    area = "bank"

    def find(self, **path: Any) -> Customer:
        customer: Customer = get_object_or_404(Customer.objects.active(), pk=path["id"])
        return customer

    @operation(action="payments.collect", body=MandateBody, answer=MandateShape)
    @created(at="api:mandate")
    @repeatable(REQUIRED)
    @documented(
        id="customer_mandate_create",
        examples=[
            sent({"debtor_name": "Maison", "iban": "FR7630006000011234567890189", "signed_on": "2026-01-05"}),
        ],
    )
    def post(self, request: Call, id: int) -> Mandate:
        """Record a mandate of a customer, signed or to be signed. Another account is another mandate."""
        return prepare_mandate(
            customer=self.find(id=id), actor=request.caller.actor, at=request.at, **dict(request.values)
        )


class DebitList(ApiView):
    area = "bank"

    @operation(query=DebitFilter, answer=DirectDebitShape, many=True)
    @documented(id="direct_debit_list")
    def get(self, request: Call) -> HttpResponseBase:
        """Direct debits, the latest day first."""
        return lists.page(self, DirectDebit.objects.filter(**_given(request)), by="collected_on", name="direct-debits")


class InvoiceDebits(ApiView):
    area = "bank"

    def find(self, **path: Any) -> Invoice:
        return rows.invoice_of(path["id"])

    @operation(action="payments.collect", body=DirectDebitBody, answer=DirectDebitShape)
    @created()
    @repeatable(REQUIRED)
    @documented(id="invoice_debit_announce", examples=[sent({"collected_on": "2026-12-15"})])
    def post(self, request: Call, id: int) -> DirectDebit:
        """Announce the debit of what an invoice still asks for: its debtor gets the notice by e-mail.

        Refused where it owes nothing, is disputed or is being debited (409 `not_debitable`), or where its customer has
        no mandate that is signed and may be used (409 `no_mandate`).
        """
        collected_on = request.values.get("collected_on")
        return announce_debit(
            invoice=self.find(id=id), collected_on=collected_on, actor=request.caller.actor, at=request.at
        )


class OrderList(ApiView):
    area = "bank"

    @operation(query=Page, answer=DebitOrderShape, many=True)
    @documented(id="debit_order_list")
    def get(self, request: Call) -> HttpResponseBase:
        """Files for the bank, the latest first."""
        return lists.page(self, DebitOrder.objects.defer("xml"), by="made_at", name="debit-orders")

    @operation(action="payments.collect", body=DebitOrderBody, answer=DebitOrderShape)
    @created(at="api:debit-order")
    @repeatable(REQUIRED)
    @documented(id="debit_order_create", examples=[sent({"bank_account_id": 12, "debits": [34, 35]})])
    def post(self, request: Call) -> DebitOrder:
        """Make one file of announced debits, of mandates of one scheme. All of them or nothing.

        An invoice that was paid, credited or disputed since its notice, that its customer has promised to pay or says
        is paid, or whose notice has not left yet is refused by name (409 `debit_refused`).
        """
        values = request.values
        return make_order(
            company=request.caller.company,
            debits=values["debits"],
            bank_account=values["bank_account_id"],
            actor=request.caller.actor,
            at=request.at,
        )


class OrderView(ApiView):
    area = "bank"

    def find(self, **path: Any) -> DebitOrder:
        order: DebitOrder = get_object_or_404(DebitOrder.objects, pk=path["id"])
        return order


class OrderItem(OrderView):
    @operation(answer=DebitOrderShape)
    @documented(id="debit_order_retrieve")
    def get(self, request: Call, id: int) -> DebitOrder:
        """One file, by its figures."""
        return self.find(id=id)


class OrderFile(OrderView):
    @operation()
    @documented(id="debit_order_file", media_types=(XML,))
    def get(self, request: Call, id: int) -> HttpResponseBase:
        """Download the file pain.008.001.08 as it was made, byte for byte."""
        order = self.find(id=id)
        answer = HttpResponse(order.xml.encode(), content_type=XML)
        answer["Content-Disposition"] = f'attachment; filename="{order.number}.xml"'
        answer["X-Content-Type-Options"] = "nosniff"
        return answer


def _given(request: Call) -> dict[str, Any]:
    names = ("customer_id", "status", "invoice_id", "order_id")
    return {name: request.query[name] for name in names if name in request.query}
