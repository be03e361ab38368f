"""The payment terms of a company."""

from __future__ import annotations

from django.http import HttpResponseBase

from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.fields import Page
from config.kernel.api.operation import operation
from config.kernel.api.view import ApiView, Call
from customers.api.shapes import TermsShape
from customers.models import PaymentTerms


class TermsList(ApiView):
    area = "customers"

    @operation(query=Page, answer=TermsShape, many=True)
    @documented(id="payment_terms_list")
    def get(self, request: Call) -> HttpResponseBase:
        """The payment terms a customer may have, the shortest first."""
        rows = PaymentTerms.objects.all()
        return lists.page(self, rows, by="days", descending=False, name="payment-terms")
