"""Deposit invoices (386), what the final invoice deducts, and corrected invoices (384): drafts that `send` issues."""

from __future__ import annotations

from collections.abc import Sequence, Set
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from rest_framework import serializers

from billing.api.invoices.bodies import partner_fields
from billing.api.invoices.reading import InvoiceView
from billing.api.invoices.shapes import InvoiceShape
from billing.models import DepositDeduction, Invoice, SalesOrder
from billing.services.correcting import draft_correction
from billing.services.deducting import deductible_from
from billing.services.deposits import choose_deposits, deposit_description, draft_deposit, percent_of
from config.kernel.api.cross_fields import CrossFieldBody
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.fields import Body, Id, Money
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.view import Call

AMOUNT_OR_PERCENT = "Donnez soit « amount », soit « percent »."


class DepositBody(CrossFieldBody):
    """How much is asked for in advance: one of the two."""

    amount = Money(required=False, min_value=Decimal("0.01"), help_text="With VAT.")
    percent = serializers.DecimalField(
        max_digits=5,
        decimal_places=2,
        min_value=Decimal("0.01"),
        max_value=100,
        coerce_to_string=False,
        required=False,
        help_text="Of the total with VAT.",
    )
    description = serializers.CharField(max_length=200, required=False, help_text="Of its lines; ours where not said.")

    def between(self, values: dict[str, Any], refused: Set[str]) -> dict[str, list[str]]:
        named = values.keys() | refused
        return {"amount": [_(AMOUNT_OR_PERCENT)]} if ("amount" in named) == ("percent" in named) else {}

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if problems := self.between(values, frozenset()):
            raise serializers.ValidationError(problems)
        return values


class DeductionsBody(Body):
    deposit_ids = serializers.ListField(
        child=Id(), max_length=100, help_text="All the deposits to deduct; an empty list deducts none."
    )


class CorrectionBody(Body):
    reason = serializers.CharField(max_length=200, help_text="Printed on the corrected invoice.")


class DeductibleShape(serializers.Serializer):
    """A deposit invoice of the customer, deducted here or free."""

    deposit_id = Id(source="pk")
    invoice_number = serializers.CharField(source="number")
    issue_date = serializers.DateField()
    total_ttc = Money(source="total_gross")
    total_vat = Money()
    balance_due = Money(source="balance", help_text="What the customer still owes of it.")
    is_deducted = serializers.BooleanField(source="deducted_here", help_text="Whether this draft deducts it.")


class Deposits(InvoiceView):
    """Asking for a deposit, on an order or on a draft."""

    def drafted(self, request: Call, source: SalesOrder | Invoice) -> Invoice:
        values = request.values
        percent = values.get("percent")
        gross = values["amount"] if percent is None else percent_of(source, percent)
        description = values.get("description") or deposit_description(source, percent)
        deposit = draft_deposit(
            source=source, gross=gross, description=description, actor=request.caller.actor, at=request.at
        )
        return super().find(deposit.pk)


class OrderDeposits(Deposits):
    area = "orders"

    def find(self, id: int) -> SalesOrder:  # type: ignore[override]  # this address names an order
        order: SalesOrder = get_object_or_404(SalesOrder.objects.select_related("customer"), pk=id)
        return order

    @operation(action="invoices.edit", body=DepositBody, answer=InvoiceShape)
    @created(at="api:invoice")
    @repeatable(OPTIONAL)
    @documented(id="order_deposit_create", examples=[sent({"percent": 30})])
    def post(self, request: Call, id: int) -> Invoice:
        """Draft a deposit invoice (386) on a confirmed order, its VAT shared over the rates of the order.

        Issue it with POST /api/invoices/{id}/send. The final invoice deducts it by itself. At some rates an amount with
        VAT does not exist: the draft may be a cent less. Refused with `no_deposit_here` before the order is confirmed
        and once it is invoiced, with `deposit_too_large` beyond what is left to invoice.
        """
        return self.drafted(request, self.find(id))


class InvoiceDeposits(Deposits):
    @operation(action="invoices.edit", body=DepositBody, answer=InvoiceShape)
    @created(at="api:invoice")
    @repeatable(OPTIONAL)
    @documented(id="invoice_deposit_create", examples=[sent({"amount": 1500})])
    def post(self, request: Call, id: int) -> Invoice:
        """Draft a deposit invoice (386) ahead of a draft without an order.

        Once it is issued, deduct it with PUT /api/invoices/{id}/deductions on the draft. Refused with
        `deposit_too_large` beyond its total less the deposits already drafted ahead of it.
        """
        return self.drafted(request, self.find(id))


class InvoiceDeductions(InvoiceView):
    @operation(answer=DeductibleShape, many=True)
    @documented(id="deduction_list")
    def get(self, request: Call, id: int) -> Sequence[Invoice]:
        """The deposits that a draft deducts or may deduct: its customer's, in its currency, of its order or of none.

        Empty on what is issued: its own `deductions` say what it deducted.
        """
        invoice = self.find(id)
        if not invoice.takes_deposits:
            return []
        chosen = DepositDeduction.objects.filter(invoice=invoice, deposit=OuterRef("pk"))
        return list(deductible_from(invoice).annotate(deducted_here=Exists(chosen)))

    @operation(action="invoices.edit", body=DeductionsBody, answer=InvoiceShape)
    @documented(id="deduction_update", examples=[sent({"deposit_ids": [4503599627370498]})])
    def put(self, request: Call, id: int) -> Invoice:
        """Deduct these deposits from the draft, and no others. Each is deducted whole, by one invoice only.

        Refused with `deposit_not_deductible` (credited, deducted elsewhere, another customer's) and with
        `deposits_beyond_total`.
        """
        invoice = self.find(id)
        with partner_fields(invoice):
            choose_deposits(
                invoice=invoice, keys=request.values["deposit_ids"], actor=request.caller.actor, at=request.at
            )
        return self.find(id)


class InvoiceCorrections(InvoiceView):
    @operation(action="invoices.credit", body=CorrectionBody, answer=InvoiceShape)
    @created(at="api:invoice")
    @repeatable(OPTIONAL)
    @documented(id="correction_create", examples=[sent({"reason": "Adresse de facturation erronée"})])
    def post(self, request: Call, id: int) -> Invoice:
        """Draft the corrected invoice (384) that will replace an issued one, with its lines and deposits.

        Change it with PUT /api/invoices/{id}, issue it with POST /api/invoices/{id}/send: only then is the first one
        cancelled, and the money received on it goes to the corrected one. Refused with `not_correctable` (a deposit, a
        credit note, or already credited) and `already_corrected`.
        """
        draft = draft_correction(
            invoice=self.find(id), reason=request.values["reason"], actor=request.caller.actor, at=request.at
        )
        return self.find(draft.pk)
