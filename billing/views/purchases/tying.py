"""Which order a purchase bills, chosen by a person where its document quotes none, or another's number."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.forms.purchases.orders import OrderTieForm
from billing.models import PurchaseInvoice
from billing.purchases.changeable import check_open
from billing.purchases.checking import save_purchase
from billing.purchases.matching import order_of
from billing.purchases.models import PurchaseOrder
from billing.views.purchases.acts import small_form
from billing.views.purchases.records import load_purchase
from config.kernel import typography
from config.kernel.access import actor_of, member
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error

MOST = 50


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
def purchase_tie(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which order of the supplier it bills, the latest first; its lines are held against it at once."""
    purchase = load_purchase(pk)
    check_open(purchase)
    placed = PurchaseOrder.objects.filter(supplier=purchase.supplier, status__in=["PLACED", "CLOSED"])
    choices = [(row.number, _labelled(row)) for row in placed.order_by("-order_date", "-pk")[:MOST]]
    known = order_of(purchase)
    initial = {"order": known.number if known else ""}
    sent = request.POST if request.method == "POST" else None
    form = OrderTieForm(sent, choices=[*choices, ("", _("Aucune"))], initial=initial)
    if sent is not None and form.is_valid():
        try:
            return _tied(request, purchase, form.cleaned_data["order"])
        except DomainError as error:
            add_domain_error(form, error)
    words = _("Chaque ligne se compare à ce qui a été commandé et reçu ; ce qui dépasse est à vérifier.")
    if not choices:
        words = _("Aucune commande passée à ce fournisseur.")
    return small_form(request, purchase, form, _("Rattacher à une commande"), words=words)


def _tied(request: HttpRequest, purchase: PurchaseInvoice, number: str) -> HttpResponse:
    values = {"order_reference": number}
    save_purchase(purchase=purchase, values=values, actor=actor_of(request), at=timezone.now())
    done = _("Facture rattachée à la commande %(number)s.") % {"number": number}
    messages.success(request, done if number else _("Facture détachée de toute commande."))
    return redirect(purchase)


def _labelled(order: PurchaseOrder) -> str:
    total = typography.money(order.total_net, order.currency)
    return f"{order.number} · {typography.day(order.order_date)} · {total}"
