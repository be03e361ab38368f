"""« Payer par carte » on the customer's page: to the provider's page, and back."""

from __future__ import annotations

from typing import cast

import structlog
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from billing.models import Invoice
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, RemoteError
from payments.checkouts.following import WAITING, read_checkout
from payments.checkouts.models import Checkout
from payments.checkouts.opening import open_checkout
from payments.portal.access import LinkRequest, by_link
from payments.portal.links import visitor
from payments.portal.views import address_in, find_invoice, frame_of, home_of

logger = structlog.get_logger(__name__)


@require_POST
@by_link
def portal_card(request: HttpRequest, token: str, number: str) -> HttpResponse:
    """Ask the provider for a payment of what is due now, and send the customer to its page."""
    invoice = find_invoice(request, number)
    path = address_in("portal-card-back", token, invoice, "{reference}")
    checkout = open_checkout(
        invoice=invoice,
        return_url=f"{settings.PUBLIC_URL.rstrip('/')}{path.replace('%7Breference%7D', '{reference}')}",
        language=get_language() or "fr",
        actor=visitor(cast(LinkRequest, request).link),
        at=timezone.now(),
    )
    # to no other place than the page that the owner configured: `open_checkout` holds the address to it
    return HttpResponseRedirect(checkout.page_url)


@require_GET
@by_link
def portal_card_back(request: HttpRequest, token: str, number: str, reference: str) -> HttpResponse:
    """Back from the provider's page: the provider is asked what became of it, and the customer is told."""
    invoice = find_invoice(request, number)
    checkout = _read(invoice, reference)
    context = {
        **frame_of(request, token, cast(LinkRequest, request).link),
        "invoice": invoice,
        "checkout": checkout,
        "waits": checkout.status in WAITING,
        "home": home_of(request, token, invoice),
    }
    return render(request, "payments/portal/card.html", context)


def _read(invoice: Invoice, reference: str) -> Checkout:
    """The checkout as the provider has it now; as it was known where that cannot be asked. Raises Http404."""
    rows = Checkout.objects.select_related("account", "invoice__customer")
    checkout: Checkout | None = rows.filter(invoice=invoice, reference=reference).first()
    if checkout is None:
        raise Http404
    if checkout.status not in WAITING:
        return checkout
    try:
        return read_checkout(checkout=checkout, actor=Actor.platform(str(checkout.account)), at=timezone.now())
    except (RemoteError, DomainError) as error:
        logger.warning("checkout_not_read", checkout=checkout.pk, problem=str(error))
        return checkout
