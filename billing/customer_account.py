"""What billing adds to the record and the list of customers: what they owe, their last documents, the next ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from django.db.models import Count, Min, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import BALANCE, Invoice, OrderStatus, SalesOrder, in_books
from billing.standing import chips_of
from config.kernel.clock import local_day
from customers import panels
from customers.models import Customer
from customers.panels import Action, Figure, Panel

LAST = 5


def register() -> None:
    """Called once, when the app is ready."""
    panels.register(figures=figures, panels=side_panels, actions=actions, balances=balances)


def figures(customer: Customer) -> Iterator[Figure]:
    late = Q(due_date__lt=local_day(timezone.now()))
    sums = (
        Invoice.objects.outstanding()
        .for_customer(customer)
        .aggregate(
            rows=Count("pk"),
            books=Min("accounting_currency"),
            owed=Sum(in_books(BALANCE)),
            late_rows=Count("pk", filter=late),
            late=Sum(in_books(BALANCE), filter=late),
        )
    )
    query = f"{reverse('billing:invoice-list')}?customer={customer.pk}"
    books, bills = sums["books"] or customer.company.currency, _bills(sums["rows"])
    yield Figure(_("Reste à payer"), sums["owed"] or Decimal(0), f"{query}&status=due", bills, currency=books)
    if sums["late_rows"]:
        bills = _bills(sums["late_rows"])
        yield Figure(_("Dont en retard"), sums["late"], f"{query}&status=overdue", bills, "bad", books)


def _bills(rows: int) -> str:
    return ngettext("%(rows)s facture", "%(rows)s factures", rows) % {"rows": rows} if rows else ""


def side_panels(customer: Customer) -> Iterator[Panel]:
    today = local_day(timezone.now())
    invoices = list(Invoice.objects.for_customer(customer).order_by("-created_at", "-id")[:LAST])
    if invoices:
        chips = chips_of(invoices, today)
        rows = [
            {"invoice": invoice, "label": chips[invoice.pk].label, "tone": chips[invoice.pk].tone}
            for invoice in invoices
        ]
        everything = f"{reverse('billing:invoice-list')}?customer={customer.pk}"
        yield Panel(_("Factures"), "billing/customer/_invoices.html", {"rows": rows, "url": everything})
    orders = list(SalesOrder.objects.filter(customer=customer).order_by("-created_at", "-id")[:LAST])
    if orders:
        everything = f"{reverse('billing:order-list')}?customer={customer.pk}"
        tones = {OrderStatus.SHIPPED: "good", OrderStatus.PENDING: "info"}
        listed = [{"order": order, "tone": tones.get(OrderStatus(order.status), "neutral")} for order in orders]
        yield Panel(_("Commandes"), "billing/customer/_orders.html", {"rows": listed, "url": everything})


def actions(customer: Customer) -> Iterator[Action]:
    query = f"?customer={customer.pk}"
    yield Action(
        _("Nouvelle facture"), reverse("billing:invoice-new") + query, "invoice", "invoices.edit", primary=True
    )
    here = [customer.pk]
    if customer.is_supplier:
        url = reverse("billing:supplier-detail", args=here)
        yield Action(_("Ouvrir sa fiche fournisseur"), url, "bag", "")
    else:
        become = _("En faire aussi un fournisseur")
        yield Action(become, reverse("billing:supplier-from-customer", args=here), "bag", "purchases.edit", post=True)
    rebate = _("Convenir d’une remise de fin d’année")
    yield Action(rebate, reverse("billing:rebate-new") + query, "coins", "invoices.credit")
    yield Action(_("Nouvelle commande"), reverse("billing:order-new") + query, "cart", "orders.edit")


def balances(keys: Sequence[int]) -> Mapping[int, Decimal]:
    """What remains to be paid by each of the customers, in the currency of the books, in one query."""
    owing = Invoice.objects.outstanding().filter(customer_id__in=keys).order_by()
    rows = owing.values("customer_id").annotate(owed=Sum(in_books(BALANCE)))
    return {row["customer_id"]: row["owed"] for row in rows}
