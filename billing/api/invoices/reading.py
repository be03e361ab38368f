"""An invoice as its address names it, with all that its shape shows."""

from __future__ import annotations

from typing import cast

from django.shortcuts import get_object_or_404

from billing.api.invoices.shapes import InvoiceShape
from billing.models import Invoice
from config.kernel.api.view import ApiView, Call


class InvoiceView(ApiView):
    """A route under /api/invoices/{id}."""

    area = "invoices"

    def find(self, id: int) -> Invoice:
        """The invoice of the caller's company, in as many queries whatever it holds. Raises Http404."""
        rows = Invoice.objects.select_related("company", "customer__terms", "order", "corrects")
        whole = rows.prefetch_related("lines", "vat_subtotals", "deductions__deposit", "allocations__payment")
        return cast(Invoice, get_object_or_404(whole, pk=id))

    def written(self, request: Call, id: int) -> Invoice:
        """The draft just written, before it is issued. Raises Invalid where the body states something else of it."""
        draft = self.find(id)
        if request.stated:
            self.check_stated(request, InvoiceShape(draft, context=self.context(request)).data)
        return draft
