"""A credit note of a supplier, used on one of its open invoices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.forms.purchases.purchases import CreditUseForm
from billing.models import InvoiceKind, PurchaseInvoice
from billing.purchases.crediting import take_back_credit, use_supplier_credit
from billing.purchases.models import PurchaseCredit
from billing.views.purchases.acts import small_form, whose
from billing.views.purchases.records import load_purchase
from config.kernel import typography
from config.kernel.access import actor_of, member
from config.kernel.confirming import Confirmation, confirm
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.sent_once import sent_once

MOST = 50


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
@sent_once
def purchase_credit(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose the invoice that the credit note settles; the oldest due first."""
    note = load_purchase(pk)
    if not note.is_credit_note:
        raise Http404
    owed = PurchaseInvoice.objects.owed().filter(supplier=note.supplier, currency=note.currency)
    rows = list(owed.exclude(kind=InvoiceKind.CREDIT_NOTE).order_by("due_date", "pk")[:MOST])
    form = _form(request, note, rows)
    if request.method == "POST" and form.is_valid():
        chosen = next(row for row in rows if str(row.pk) == form.cleaned_data["purchase"])
        amount = form.cleaned_data["amount"]
        try:
            use_supplier_credit(
                credit_note=note, purchase=chosen, amount=amount, actor=actor_of(request), at=timezone.now()
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Avoir imputé sur %(number)s.") % {"number": chosen.number})
            return redirect(note)
    words = _("Les deux sont soldés d’autant, sans argent. L’imputation se reprend tant que rien d’autre n’en dépend.")
    if not rows:
        words = _("Aucune facture comptabilisée de ce fournisseur n’attend de règlement.")
    return small_form(request, note, form, _("Imputer l’avoir"), words=words)


def _form(request: HttpRequest, note: PurchaseInvoice, rows: list[PurchaseInvoice]) -> CreditUseForm:
    choices = [(str(row.pk), _labelled(row)) for row in rows]
    first = rows[0] if rows else None
    initial: dict[str, Any] = {"amount": min(first.balance, note.balance), "purchase": str(first.pk)} if first else {}
    return CreditUseForm(request.POST if request.method == "POST" else None, choices=choices, initial=initial)


def _labelled(row: PurchaseInvoice) -> str:
    return _("%(number)s du %(day)s, reste %(balance)s") % {
        "number": row.number,
        "day": typography.day(row.issue_date),
        "balance": typography.money(row.balance, row.currency),
    }


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
@sent_once
def purchase_credit_undo(request: HttpRequest, pk: int, other: int) -> HttpResponse:
    """Take back what the credit note settles of another purchase."""
    note = load_purchase(pk)
    rows = PurchaseCredit.objects.filter(credit_note=note, purchase_id=other).select_related("purchase")
    used = sum((row.amount for row in rows), Decimal(0))
    if not used:
        raise Http404
    invoice = rows[0].purchase
    if request.method == "POST":
        take_back_credit(credit_note=note, purchase=invoice, amount=used, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Imputation reprise : la facture et l’avoir sont de nouveau ouverts."))
        return redirect(note)
    amount = typography.money(used, note.currency)
    return confirm(
        request,
        Confirmation(
            title=_("Reprendre l’imputation"),
            effect=_("La facture attend de nouveau ce montant, et l’avoir peut régler une autre facture."),
            facts=[*whose(invoice), (_("Montant imputé"), amount)],
            back=note.get_absolute_url(),
            back_label=note,
            icon="undo",
        ),
    )
