"""The payment terms of a company."""

from __future__ import annotations

from django.http import HttpResponseBase

from config.kernel.api import lists
from config.kernel.api.fields import Page
from config.kernel.api.operation import ApiView, Call, operation
from customers.api.shapes import TermsShape
from customers.models import PaymentTerms


class TermsList(ApiView):
    area = "customers"

    @operation(query=Page, answer=TermsShape, many=True, id="payment_terms_list")
    def get(self, request: Call) -> HttpResponseBase:
        """The payment terms a customer may have, the shortest first."""
        rows = PaymentTerms.objects.all()
        context = self.context(request)
        return lists.page(request, rows, TermsShape, by="days", descending=False, context=context, name="payment-terms")
