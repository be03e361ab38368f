"""Answering a supplier of what it sent: which status, why, what is expected, shown whole before it leaves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from billing.purchases.disputing import dispute_purchase
from billing.purchases.refusing import refuse_purchase
from config.kernel.access import actor_of, member
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.forms import TextField
from config.kernel.sent_once import sent_once
from einvoicing import lifecycle
from einvoicing.models import ReceivedDocument, SupplierAnswer
from einvoicing.reception.answers.answering import (
    DISPUTED,
    REFUSED,
    answer_supplier,
    possible_answers,
    refuse_document,
)
from einvoicing.reception.answers.transmitting import retry_answer

EFFECTS = {
    "204": gettext_lazy("Le fournisseur saura que vous avez pris sa facture en charge. Rien d’autre ne change ici."),
    "205": gettext_lazy("Le fournisseur saura que sa facture est approuvée. Le bon à payer se donne sur sa fiche."),
    "206": gettext_lazy("Le fournisseur saura ce que vous n’approuvez pas, et ce que vous attendez de lui."),
    "207": gettext_lazy("La facture est contestée : elle n’est ni approuvée ni payée tant que le litige dure."),
    "208": gettext_lazy("Le fournisseur saura ce qui manque : sa facture reste en attente jusqu’à ce qu’il complète."),
    "210": gettext_lazy("Un refus est définitif : le fournisseur doit émettre un avoir et une nouvelle facture."),
}


class AnswerForm(forms.Form):
    """Why, and what is expected in return (MDT-113, MDT-121, MDT-126)."""

    reason_code = forms.ChoiceField(label=gettext_lazy("Motif"))
    action_code = forms.ChoiceField(label=gettext_lazy("Action attendue"), required=False)
    reason = TextField(
        label=gettext_lazy("Précision"), max_length=300, required=False, widget=forms.Textarea({"rows": 3})
    )

    def __init__(self, code: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reasons = lifecycle.REASONS_OF.get(code, ())
        choices = [(one, _(lifecycle.reason(one))) for one in reasons]
        self.fields["reason_code"].choices = [("", "—"), *choices]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["reason_code"].required = lifecycle.STATUSES[code].reason_required
        actions = [(one, _(label)) for one, label in lifecycle.ACTIONS.items()]
        self.fields["action_code"].choices = [("", "—"), *actions]  # type: ignore[attr-defined]  # a ChoiceField
        if not reasons:
            del self.fields["reason_code"], self.fields["action_code"]


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
@sent_once
def received_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose a status, then say why: `code` is in the address, so that the form is the one of that status."""
    rows = ReceivedDocument.objects.select_related("account", "company", "purchase__supplier")
    document = get_object_or_404(rows, pk=pk)
    possible = possible_answers(document)
    code = request.GET.get("code", "")
    form = AnswerForm(code, request.POST or None) if code in possible else None
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            _answer(request, document, code, form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Réponse en file : elle part dans un instant."))
            return redirect(document.purchase or document)
    context = {
        "document": document,
        "back": document.purchase or document,
        "form": form,
        "chosen": _shown(code) if form is not None else None,
        "choices": [_shown(one) for one in possible],
    }
    status = 422 if form is not None and form.errors else 200
    return render(request, "einvoicing/received/answer.html", context, status=status)


def _shown(code: str) -> dict[str, Any]:
    return {"code": code, "label": _(lifecycle.label(code)), "effect": EFFECTS[code], "final": code == REFUSED}


def _answer(request: HttpRequest, document: ReceivedDocument, code: str, typed: dict[str, Any]) -> None:
    """A dispute and a refusal are the purchase's own facts, and are told by them; the others are said as they are."""
    who: dict[str, Any] = {"actor": actor_of(request), "at": timezone.now()}
    reason_code, reason = typed.get("reason_code", ""), typed["reason"]
    if code == DISPUTED and document.purchase is not None:
        dispute_purchase(purchase=document.purchase, code=reason_code, reason=reason, **who)
    elif code == REFUSED and document.purchase is not None:
        refuse_purchase(purchase=document.purchase, code=reason_code, reason=reason, **who)
    elif code == REFUSED:
        refuse_document(document=document, reason_code=reason_code, reason=reason, **who)
    else:
        action = typed.get("action_code", "")
        answer_supplier(document=document, code=code, reason_code=reason_code, reason=reason, action_code=action, **who)


@require_POST
@member("purchases.edit")
def answer_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Send again what stopped."""
    answer = get_object_or_404(SupplierAnswer.objects.select_related("document__purchase"), pk=pk)
    retry_answer(answer=answer, actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Réponse en file : elle part dans un instant."))
    return redirect(answer.document.purchase or answer.document)
