"""What billing itself offers on the record of a purchase, in its present state."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.models import InvoiceKind, PurchaseInvoice
from billing.panels import Action
from billing.purchases.approving import may_approve
from billing.purchases.completeness import problems_of
from billing.purchases.doubts import sentence_of
from billing.purchases.ibans import CHANGED, NEW
from billing.purchases.models import PurchaseStatus, SupplierIban
from billing.purchases.panels import APPROVE, BOOK, CHECK, say_doubts
from config.kernel.middleware import translated
from config.kernel.states import can_move


def own_actions(purchase: PurchaseInvoice, *, user_id: int, on: date) -> Iterator[Action]:
    """Buttons from the table of moves; who may press them, the role and the rules of approval say."""
    here = [purchase.pk]

    def action(label: str, name: str, icon: str, rank: int = 0, **more: Any) -> Action:
        needs = more.pop("needs", "purchases.edit")
        return Action(label, reverse(f"billing:{name}", args=here), icon, primary_rank=rank, needs=needs, **more)

    if purchase.status == PurchaseStatus.TO_CHECK and not purchase.doubts:
        yield action(_("Valider la facture"), "purchase-check", "check", CHECK)
    if may_approve(purchase, user_id, on=on):
        yield action(_("Donner le bon à payer"), "purchase-approve", "check", APPROVE, needs="purchases.approve")
    if purchase.status == PurchaseStatus.APPROVED:
        yield action(_("Comptabiliser"), "purchase-book", "check", BOOK)
    if purchase.status in {PurchaseStatus.TO_APPROVE, PurchaseStatus.APPROVED}:
        yield action(_("Retirer le bon à payer"), "purchase-withdraw", "undo", needs="purchases.approve")
    yield from _after_booking(purchase, action)
    if purchase.can_change and not purchase.is_credit_note and not purchase.is_deposit:
        yield action(_("Rattacher à une commande"), "purchase-tie", "cart")
    if purchase.disputed_at:
        yield action(_("Lever le litige"), "purchase-dispute-close", "check")
    elif _can_be_disputed(purchase):
        yield action(_("Contester"), "purchase-dispute", "alert")
    if can_move(purchase, PurchaseStatus.REFUSED):
        yield action(_("Refuser"), "purchase-refuse", "close", danger=True)


def _after_booking(purchase: PurchaseInvoice, action: Any) -> Iterator[Action]:
    if not purchase.is_booked:
        return
    if purchase.is_credit_note and purchase.status == PurchaseStatus.BOOKED:
        yield action(_("Imputer l’avoir"), "purchase-credit", "coins", BOOK)
    yield action(_("Échéance, IBAN et notes"), "purchase-amend", "edit")
    if not purchase.is_credit_note:
        new = reverse("billing:purchase-new")
        for kind, label in (
            (InvoiceKind.CREDIT_NOTE, _("Saisir un avoir")),
            (InvoiceKind.CORRECTED, _("Saisir la facture qui la remplace")),
        ):
            url = f"{new}?corrects={purchase.pk}&kind={kind.value}"
            yield Action(label, url, "plus", needs="purchases.edit")


def _can_be_disputed(purchase: PurchaseInvoice) -> bool:
    ended = {PurchaseStatus.PAID, PurchaseStatus.REFUSED, PurchaseStatus.REPLACED}
    return purchase.status not in ended and not purchase.is_credit_note


def points_of(purchase: PurchaseInvoice) -> list[dict[str, Any]]:
    """What stands before its approval, the worst first: doubts, each with what was found and its act, then gaps."""
    if not purchase.can_change:
        return []
    exactly, account = say_doubts(purchase), _account_to_confirm(purchase)
    points = [
        {"sentence": sentence_of(code), "details": exactly[code], **_answer_to(purchase, code, account)}
        for code in purchase.doubts
    ]
    edit = {
        "url": reverse("billing:purchase-edit", args=[purchase.pk]),
        "label": _("Corriger"),
        "needs": "purchases.edit",
    }
    if purchase.status == PurchaseStatus.TO_CHECK:
        points += [{"sentence": _located(field, problem), **edit} for field, problem in problems_of(purchase)]
    return points


def _account_to_confirm(purchase: PurchaseInvoice) -> SupplierIban | None:
    if not {NEW, CHANGED} & set(purchase.doubts):
        return None
    rows = SupplierIban.objects.filter(supplier=purchase.supplier, iban=purchase.iban, rejected_at=None)
    return rows.first()


def _answer_to(purchase: PurchaseInvoice, code: str, account: SupplierIban | None) -> dict[str, str]:
    """An account is confirmed on its own page; any other point is settled by who has looked."""
    if code in {NEW, CHANGED} and account is not None:
        url = reverse("billing:supplier-iban-confirm", args=[account.pk])
        return {"url": url, "label": _("Vérifier l’IBAN"), "needs": "purchases.pay"}
    url = reverse("billing:purchase-doubt", args=[purchase.pk, code])
    return {"url": url, "label": _("J’ai vérifié"), "needs": "purchases.edit"}


def _located(field: str, problem: str) -> str:
    """The problem with the line it is about."""
    sentence = translated(problem)
    if not field.startswith("line_"):
        return sentence
    return _("Ligne %(number)s : %(problem)s") % {"number": field.removeprefix("line_"), "problem": sentence}
