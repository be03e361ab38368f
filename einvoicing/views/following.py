"""The record of an invoice follows its transmission by itself: often while something moves, seldom until the end."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from billing.models import Invoice
from billing.views.invoices import invoice_detail
from config.kernel.access import member
from einvoicing.following import fingerprint, pace

NO_CONTENT = 204  # htmx then changes nothing, and asks again


@require_GET
@member("invoices")
def invoice_follow(request: HttpRequest, pk: int) -> HttpResponse:
    """The record again once something changed since the state `seen`; nothing before."""
    invoice = get_object_or_404(Invoice.objects.all(), pk=pk)
    every = pace(invoice, timezone.now())
    if every and fingerprint(invoice, every) == request.GET.get("seen"):
        return HttpResponse(status=NO_CONTENT)
    return invoice_detail(request, pk)
