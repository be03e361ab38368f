"""What the money adds up to: who owes what for how long, days of sales, and one customer's account."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from rest_framework import serializers

from config.kernel.api.documented import documented
from config.kernel.api.fields import Day, Id, Money, Query
from config.kernel.api.operation import operation
from config.kernel.api.view import ApiView, Call
from config.kernel.clock import local_day
from config.kernel.errors import Invalid
from customers.models import Customer
from payments.services.reports import account_of, aging, days_of_sales

BACKWARDS = "La fin de la période est avant son début."


def _currency() -> serializers.RegexField:
    return serializers.RegexField(r"^[A-Z]{3}$", default="EUR", max_length=3)


class AgingQuery(Query):
    currency = _currency()
    limit = serializers.IntegerField(
        min_value=1, max_value=1000, default=100, help_text="Customers, those who owe most first."
    )


class BucketsShape(serializers.Serializer):
    """What is due, by how late it is."""

    not_due = Money()
    days_1_30 = Money()
    days_31_60 = Money()
    days_61_90 = Money()
    days_over_90 = Money()
    total = Money()
    invoices = serializers.IntegerField()
    credit = Money(help_text="Received and not allocated yet: not deducted from the total.")


class CustomerBuckets(BucketsShape):
    customer_id = Id()
    customer_name = serializers.CharField()


class AgingShape(serializers.Serializer):
    on = serializers.DateField()
    currency = serializers.CharField()
    total = BucketsShape()
    customers = CustomerBuckets(many=True)


class AgingReport(ApiView):
    area = "finance"

    @operation(query=AgingQuery, answer=AgingShape)
    @documented(id="report_aging")
    def get(self, request: Call) -> dict[str, Any]:
        """What customers owe today, by how many days it is late."""
        on, query = local_day(request.at), request.query
        found = aging(on=on, currency=query["currency"], limit=query["limit"])
        return {"on": on, "currency": query["currency"], "total": found.total, "customers": found.customers}


class DsoQuery(Query):
    currency = _currency()
    days = serializers.IntegerField(min_value=1, max_value=730, default=90)


class DsoShape(serializers.Serializer):
    on = serializers.DateField()
    currency = serializers.CharField()
    days = serializers.IntegerField()
    receivable = Money(help_text="What is due today, VAT included.")
    overdue = Money()
    billed = Money(help_text="What was billed in the period, VAT included, credit notes taken off.")
    dso = serializers.DecimalField(12, 1, allow_null=True, coerce_to_string=False, help_text="Null: nothing billed.")
    best_possible_dso = serializers.DecimalField(
        12, 1, allow_null=True, coerce_to_string=False, help_text="If nothing were late."
    )


class DsoReport(ApiView):
    area = "finance"

    @operation(query=DsoQuery, answer=DsoShape)
    @documented(id="report_dso")
    def get(self, request: Call) -> dict[str, Any]:
        """Days of sales outstanding: what is due, divided by what was billed in the period, times its days."""
        on, query = local_day(request.at), request.query
        found = days_of_sales(on=on, days=query["days"], currency=query["currency"])
        return {
            "on": on,
            **query,
            "receivable": found.receivable,
            "overdue": found.overdue,
            "billed": found.billed,
            "dso": found.dso,
            "best_possible_dso": found.best_possible_dso,
        }


class AccountQuery(Query):
    from_date = Day(required=False, help_text="The first of January when absent.")
    to_date = Day(required=False, help_text="Today when absent.")


class MoveShape(serializers.Serializer):
    date = serializers.DateField(help_text="When it was written in the journal.")
    piece = serializers.CharField(help_text="The number of the invoice, credit note or payment.")
    piece_date = serializers.DateField()
    label = serializers.CharField()
    invoice_id = Id(allow_null=True)
    payment_id = Id(allow_null=True)
    debit = Money()
    credit = Money()
    balance = Money(help_text="After this move; positive when the customer owes.")

    def to_representation(self, instance: dict[str, Any]) -> Any:
        line, entry = instance["line"], instance["entry"]
        model, _colon, key = entry.source.partition(":")
        return super().to_representation(
            {
                "date": entry.day,
                "piece": entry.piece,
                "piece_date": entry.piece_date,
                "label": line.label,
                "invoice_id": int(key) if model == "billing.invoice" else None,
                "payment_id": int(key) if model == "payments.payment" else None,
                "debit": line.debit,
                "credit": line.credit,
                "balance": instance["balance"],
            }
        )


class AccountShape(serializers.Serializer):
    customer_id = Id()
    customer_name = serializers.CharField()
    from_date = serializers.DateField()
    to_date = serializers.DateField()
    opening_balance = Money()
    moves = MoveShape(many=True)
    closing_balance = Money()


class CustomerStatement(ApiView):
    area = "payments"

    def find(self, **path: Any) -> Customer:
        customer: Customer = get_object_or_404(Customer.objects, pk=path["id"])
        return customer

    @operation(query=AccountQuery, answer=AccountShape)
    @documented(id="customer_statement")
    def get(self, request: Call, id: int) -> dict[str, Any]:
        """A customer's account: opening balance, each invoice, credit note and payment, closing balance.

        Read from the journal (account 411). Positive when the customer owes. A period of more than 2,000 moves is
        refused (400): ask for a shorter one.
        """
        customer = self.find(id=id)
        to_date: date = request.query.get("to_date") or local_day(request.at)
        from_date: date = request.query.get("from_date") or to_date.replace(month=1, day=1)
        if to_date < from_date:
            raise Invalid(fields={"to_date": _(BACKWARDS)})
        account = account_of(customer, from_date=from_date, to_date=to_date)
        return {
            "customer_id": customer.pk,
            "customer_name": customer.name,
            "from_date": from_date,
            "to_date": to_date,
            "opening_balance": account.opening,
            "moves": account.moves,
            "closing_balance": account.closing,
        }
