"""What billing asks for today: orders to ship and to invoice, drafts to issue, late invoices, refused e-mails; and of
what it buys: purchases to check and to approve, accounts of suppliers to confirm.
"""

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
from billing.purchases.awaiting import awaiting
from billing.purchases.models import PurchaseInvoice, PurchaseOrder, PurchaseStatus, SupplierIban
from billing.purchases.order_standing import with_order_standing
from billing.services.bounces import addresses_to_mend
from config.kernel import typography
from config.kernel.currency_sums import CurrencySums, by_value_and_currency
from config.kernel.scope import current_company_id
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
    yield Todo(sentence, f"{typography.money(sums.late_total, sums.currency)} · {age}", "alert", "bad", _("Voir"), url)


@watch("orders", needs="invoices.edit")
def open_orders(_today: Today) -> Iterator[Todo]:
    """Shipped ones to invoice, confirmed ones to ship. One query."""
    orders = SalesOrder.objects.annotate(invoiced=is_invoiced())
    rows = orders.filter(Q(status=OrderStatus.PENDING) | Q(status=OrderStatus.SHIPPED, invoiced=False))
    found = by_value_and_currency(rows, "status", "total_gross")
    if shipped := found.get(OrderStatus.SHIPPED):
        count = shipped.count
        sentence = ngettext("%(n)s commande expédiée à facturer", "%(n)s commandes expédiées à facturer", count)
        yield _of_orders(shipped, sentence, "cart", "info", _("Facturer"), "status=TO_INVOICE")
    if pending := found.get(OrderStatus.PENDING):
        count = pending.count
        sentence = ngettext("%(n)s commande confirmée à expédier", "%(n)s commandes confirmées à expédier", count)
        yield _of_orders(pending, sentence, "box", "neutral", _("Expédier"), "status=PENDING")


def _of_orders(found: CurrencySums, sentence: str, icon: str, tone: str, action: str, query: str) -> Todo:
    url = one_or_list(found.count, found.only, "billing:order-detail", "billing:order-list", query)
    detail = _("%(total)s TTC") % {"total": str(found)}
    return Todo(counted(sentence, found.count), detail, icon, tone, action, url)


@watch("drafts", needs="invoices.edit")
def drafts(today: Today) -> Iterator[Todo]:
    sums = today.once(invoice_sums)
    if not sums.drafts:
        return
    sentence = counted(ngettext("%(n)s brouillon à émettre", "%(n)s brouillons à émettre", sums.drafts), sums.drafts)
    detail = _("%(total)s TTC") % {"total": typography.sums(sums.draft_totals)}
    url = one_or_list(sums.drafts, sums.only_draft, "billing:invoice-detail", "billing:invoice-list", "status=draft")
    yield Todo(sentence, detail, "invoice", "neutral", _("Émettre"), url)


@watch("supplier-ibans", needs="purchases.pay")
def ibans_to_confirm(_today: Today) -> Iterator[Todo]:
    """Accounts that no person has confirmed, counted by supplier as their list is: nothing is paid to them."""
    waiting = SupplierIban.objects.filter(confirmed_at=None, rejected_at=None, supplier__archived_at=None)
    waiting = waiting.filter(supplier__is_supplier=True)
    row = waiting.aggregate(count=Count("supplier", distinct=True), only=Min("supplier"))
    if row["count"]:
        sentence = ngettext(
            "%(n)s fournisseur à l’IBAN non confirmé", "%(n)s fournisseurs à l’IBAN non confirmé", row["count"]
        )
        detail = _("Appelez-le à un numéro déjà connu : rien n’est payé à un IBAN que personne n’a confirmé.")
        url = one_or_list(row["count"], row["only"], "billing:supplier-detail", "billing:supplier-list", "state=iban")
        yield Todo(counted(sentence, row["count"]), detail, "bank", "bad", _("Vérifier l’IBAN"), url)


@watch("purchases", needs="purchases.edit")
def purchases_to_check(_today: Today) -> Iterator[Todo]:
    """What was recorded and goes on by itself no further: those with doubts first. One query."""
    doubtful, total = ~Q(doubts=[]), Sum("total_gross", filter=Q(currency="EUR"), default=0)
    rows = PurchaseInvoice.objects.filter(status=PurchaseStatus.TO_CHECK).order_by().values(doubtful=doubtful)
    found = {row["doubtful"]: row for row in rows.annotate(count=Count("pk"), only=Min("pk"), total=total)}
    if row := found.get(True):
        sentence = ngettext(
            "%(n)s facture fournisseur à vérifier", "%(n)s factures fournisseurs à vérifier", row["count"]
        )
        yield _of_purchases(row, sentence, "bad", _("Vérifier"), "status=doubtful")
    if row := found.get(False):
        sentence = ngettext(
            "%(n)s facture fournisseur à valider", "%(n)s factures fournisseurs à valider", row["count"]
        )
        yield _of_purchases(row, sentence, "warn", _("Valider"), "status=to_check")


def _of_purchases(row: dict[str, Any], sentence: str, tone: str, action: str, query: str) -> Todo:
    url = one_or_list(row["count"], row["only"], "billing:purchase-detail", "billing:purchase-list", query)
    detail = _("%(total)s TTC") % {"total": typography.money(row["total"])}
    return Todo(counted(sentence, row["count"]), detail, "bag", tone, action, url)


@watch("approvals", needs="purchases.approve")
def purchases_to_approve(today: Today) -> Iterator[Todo]:
    """What waits for the yes of the person who reads the page: two queries at most."""
    if today.user_id is None:
        return
    rows = awaiting(
        PurchaseInvoice.objects.all(),
        user_id=today.user_id,
        role=today.role,
        company_id=current_company_id(),
        on=today.date,
    )
    total = Sum("total_gross", filter=Q(currency="EUR"), default=0)
    row = rows.order_by().aggregate(count=Count("pk"), total=total, first=Min("due_date"))
    if row["count"]:
        sentence = ngettext(
            "%(n)s facture fournisseur à approuver", "%(n)s factures fournisseurs à approuver", row["count"]
        )
        detail = _("%(total)s TTC, première échéance le %(day)s")
        detail %= {"total": typography.money(row["total"]), "day": typography.day(row["first"])}
        url = reverse("billing:approval-list")
        yield Todo(counted(sentence, row["count"]), detail, "check", "warn", _("Approuver"), url)


@watch("purchase-orders", needs="purchases.edit")
def late_deliveries(today: Today) -> Iterator[Todo]:
    """Orders to suppliers that should have come. One query."""
    placed = PurchaseOrder.objects.filter(status="PLACED", expected_on__lt=today.date)
    orders: Any = with_order_standing(placed, today.date)
    row = (
        orders.filter(standing="late").order_by().aggregate(count=Count("pk"), only=Min("pk"), first=Min("expected_on"))
    )
    if row["count"]:
        sentence = ngettext("%(n)s livraison en retard", "%(n)s livraisons en retard", row["count"])
        detail = _("La plus ancienne était attendue le %(day)s.") % {"day": typography.day(row["first"])}
        names = ("billing:purchase-order-detail", "billing:purchase-order-list")
        url = one_or_list(row["count"], row["only"], *names, "status=late")
        yield Todo(counted(sentence, row["count"]), detail, "box", "warn", _("Réceptionner"), url)


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
