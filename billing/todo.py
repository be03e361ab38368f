"""What billing asks for today: orders to ship and to invoice, drafts to issue, late invoices, refused e-mails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Min, Q, Sum
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.invoice_sums import invoice_sums
from billing.invoiced import is_invoiced
from billing.models import Email, EmailStatus, Invoice, OrderStatus, Product, SalesOrder
from billing.services.bounces import addresses_to_mend
from config.kernel import typography
from config.kernel.todo import FirstStep, Today, Todo, counted, first_step, one_or_list, watch

MOST_ADDRESSES = 100


@watch("emails", needs="einvoicing.send")
def refused_emails(_today: Today) -> Iterator[Todo]:
    rows = Email.objects.filter(status__in=[EmailStatus.FAILED, EmailStatus.UNKNOWN])
    found = {row["status"]: row for row in rows.values("status").annotate(count=Count("pk"), only=Min("pk"))}
    if row := found.get(EmailStatus.FAILED):
        sentence = counted(ngettext("%(n)s e-mail refusé", "%(n)s e-mails refusés", row["count"]), row["count"])
        detail = _("Le serveur de messagerie ne l’a pas pris : vérifiez l’adresse.")
        yield Todo(sentence, detail, "mail", "bad", _("Corriger"), _email_url(row, "status=FAILED"))
    if row := found.get(EmailStatus.UNKNOWN):
        sentence = ngettext("%(n)s e-mail à l’issue inconnue", "%(n)s e-mails à l’issue inconnue", row["count"])
        detail = _("Il est peut-être parti : demandez au client avant de le renvoyer.")
        url = _email_url(row, "status=UNKNOWN")
        yield Todo(counted(sentence, row["count"]), detail, "mail", "warn", _("Vérifier"), url)


@watch("refused-addresses", needs="customers.edit")
def refused_customers(_today: Today) -> Iterator[Todo]:
    """Addresses that refuse our messages and stand in a customer's record: one query."""
    found = addresses_to_mend().values_list("address", flat=True).distinct().order_by("address")
    addresses = list(found[:MOST_ADDRESSES])
    if not addresses:
        return
    sentence = ngettext("%(n)s adresse refusée", "%(n)s adresses refusées", len(addresses))
    detail = ", ".join(addresses[:3])
    query = urlencode({"q": addresses[0]})
    alone = len(addresses) == 1
    url = (
        f"{reverse('customers:customer-list')}?{query}" if alone else f"{reverse('billing:email-list')}?status=BOUNCED"
    )
    yield Todo(counted(sentence, len(addresses)), detail, "mail", "bad", _("Corriger"), url)


def _email_url(row: dict[str, Any], query: str) -> str:
    return one_or_list(row["count"], row["only"], "billing:email-detail", "billing:email-list", query)


@watch("late-invoices", needs="invoices")
def late_invoices(today: Today) -> Iterator[Todo]:
    sums = today.once(invoice_sums)
    if not sums.late or sums.oldest is None:
        return
    sentence = counted(ngettext("%(n)s facture en retard", "%(n)s factures en retard", sums.late), sums.late)
    days = (today.date - sums.oldest).days
    age = ngettext("la plus ancienne de %(days)s jour", "la plus ancienne de %(days)s jours", days) % {"days": days}
    url = one_or_list(sums.late, sums.only_late, "billing:invoice-detail", "billing:invoice-list", "status=overdue")
    yield Todo(sentence, f"{typography.money(sums.late_total)} · {age}", "alert", "bad", _("Voir"), url)


@watch("orders", needs="invoices.edit")
def open_orders(_today: Today) -> Iterator[Todo]:
    """Shipped ones to invoice, confirmed ones to ship. One query."""
    orders = SalesOrder.objects.annotate(invoiced=is_invoiced())
    rows = orders.filter(Q(status=OrderStatus.PENDING) | Q(status=OrderStatus.SHIPPED, invoiced=False)).values("status")
    found = {row["status"]: row for row in rows.annotate(count=Count("pk"), only=Min("pk"), total=Sum("total_gross"))}
    if row := found.get(OrderStatus.SHIPPED):
        count = row["count"]
        sentence = ngettext("%(n)s commande expédiée à facturer", "%(n)s commandes expédiées à facturer", count)
        yield _of_orders(row, sentence, "cart", "info", _("Facturer"), "status=TO_INVOICE")
    if row := found.get(OrderStatus.PENDING):
        count = row["count"]
        sentence = ngettext("%(n)s commande confirmée à expédier", "%(n)s commandes confirmées à expédier", count)
        yield _of_orders(row, sentence, "box", "neutral", _("Expédier"), "status=PENDING")


def _of_orders(row: dict[str, Any], sentence: str, icon: str, tone: str, action: str, query: str) -> Todo:
    url = one_or_list(row["count"], row["only"], "billing:order-detail", "billing:order-list", query)
    detail = _("%(total)s TTC") % {"total": typography.money(row["total"])}
    return Todo(counted(sentence, row["count"]), detail, icon, tone, action, url)


@watch("drafts", needs="invoices.edit")
def drafts(today: Today) -> Iterator[Todo]:
    sums = today.once(invoice_sums)
    if not sums.drafts:
        return
    sentence = counted(ngettext("%(n)s brouillon à émettre", "%(n)s brouillons à émettre", sums.drafts), sums.drafts)
    detail = _("%(total)s TTC") % {"total": typography.money(sums.draft_total)}
    url = one_or_list(sums.drafts, sums.only_draft, "billing:invoice-detail", "billing:invoice-list", "status=draft")
    yield Todo(sentence, detail, "invoice", "neutral", _("Émettre"), url)


first_step(
    FirstStep(
        "billing:product-new",
        gettext_lazy("Décrivez ce que vous vendez"),
        gettext_lazy("Prix, unité et TVA se reprennent ensuite sur chaque ligne."),
        gettext_lazy("Nouveau produit"),
        is_done=lambda: Product.objects.exists(),
    )
)
first_step(
    FirstStep(
        "billing:invoice-new",
        gettext_lazy("Préparez votre première facture"),
        gettext_lazy("Aucun numéro n’est pris avant l’émission."),
        gettext_lazy("Nouvelle facture"),
        is_done=lambda: Invoice.objects.exists(),
    )
)
