"""What moves a purchase on: each act shows what will happen, then does it by one service call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.forms.purchases.purchases import AmendForm, ReasonForm, WithdrawForm
from billing.ledger import account_names
from billing.models import InvoiceKind, PurchaseInvoice
from billing.purchases.approving import approve_purchase, awaited_of, withdraw_approval
from billing.purchases.booking import book_purchase, entry_of
from billing.purchases.checking import amend_purchase, check_purchase
from billing.purchases.disputing import dispute_purchase, settle_dispute
from billing.purchases.doubts import sentence_of, settle_doubt
from billing.purchases.models import ENDED
from billing.purchases.panels import say_reason
from billing.purchases.reasons import DISPUTES, REFUSALS
from billing.purchases.refusing import refuse_purchase
from billing.views.purchases.records import load_purchase
from config.kernel import typography
from config.kernel.access import actor_of, member
from config.kernel.clock import local_day
from config.kernel.confirming import Confirmation, confirm
from config.kernel.editing import as_read
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.sent_once import sent_once

Facts = list[tuple[str, Any]]


def whose(purchase: PurchaseInvoice) -> Facts:
    """Of which invoice the page speaks, and what leaves the books for a corrected one."""
    facts: Facts = [
        (_("Fournisseur"), purchase.supplier.name),
        (_("Facture"), purchase.number),
        (_("Total TTC"), typography.money(purchase.total_gross, purchase.currency)),
    ]
    replaced = purchase.corrects if purchase.kind == InvoiceKind.CORRECTED else None
    if replaced is not None and replaced.status not in ENDED:
        amount = typography.money(replaced.total_gross, replaced.currency)
        facts.append((_("Remplace, et annule"), f"{replaced.number} · {amount}"))
    return facts


def entry_facts(purchase: PurchaseInvoice) -> Facts:
    """What would be booked of it, line by line."""
    facts: Facts = []
    names = account_names(purchase.company_id)
    for posting in entry_of(purchase).postings:
        if posting.amount:
            side = _("%(amount)s au débit") if posting.amount > 0 else _("%(amount)s au crédit")
            shown = side % {"amount": typography.money(abs(posting.amount), purchase.currency)}
            facts.append((f"{posting.account} {names.get(posting.account, '')}", shown))
    return facts


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
@sent_once
def purchase_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Complete: it goes to its approvers, or is approved and booked at once where no rule applies."""
    purchase = load_purchase(pk)
    if request.method == "POST":
        row = check_purchase(purchase=purchase, actor=actor_of(request), at=timezone.now())
        messages.success(request, _done(row))
        return redirect(row)
    awaited = awaited_of(purchase)
    if awaited:
        names = [", ".join(user.display_name for user in one.approvers) for one in awaited]
        facts = [(one.rule.name, people) for one, people in zip(awaited, names, strict=True)]
        effect = _("Elle attend le bon à payer des personnes nommées ici ; jusque-là elle se corrige encore.")
        return _ask(request, purchase, _("Envoyer à l’approbation"), effect, facts=[*whose(purchase), *facts])
    effect = _("Aucune règle ne demande de bon à payer : elle est comptabilisée tout de suite, et ne se modifie plus.")
    facts = [*whose(purchase), *entry_facts(purchase)]
    return _ask(request, purchase, _("Valider et comptabiliser"), effect, facts=facts)


def _done(row: PurchaseInvoice) -> str:
    if row.is_booked:
        return _("Comptabilisée : elle attend son règlement.")
    return _("Elle attend son bon à payer.")


@require_http_methods(["GET", "POST"])
@member("purchases.approve")
@sent_once
def purchase_approve(request: HttpRequest, pk: int) -> HttpResponse:
    """« Bon à payer »: with the last yes it is booked."""
    purchase = load_purchase(pk)
    if request.method == "POST":
        row = approve_purchase(purchase=purchase, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Bon à payer donné. %(next)s") % {"next": _done(row)})
        return redirect(row)
    effect = _(
        "Vous engagez la société à la payer. Avec le dernier accord elle est comptabilisée et ne se modifie plus."
    )
    facts = [*whose(purchase), *entry_facts(purchase)]
    return _ask(request, purchase, _("Donner le bon à payer"), effect, facts=facts)


@require_http_methods(["GET", "POST"])
@member("purchases.approve")
@sent_once
def purchase_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    purchase = load_purchase(pk)
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        withdraw_approval(purchase=purchase, reason=reason, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Bon à payer retiré."))
        return redirect(purchase)
    words = _("Les accords déjà donnés ne comptent plus : elle attend de nouveau son bon à payer.")
    return small_form(request, purchase, form, _("Retirer le bon à payer"), words=words)


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
@sent_once
def purchase_book(request: HttpRequest, pk: int) -> HttpResponse:
    """An approved one whose booking had to wait."""
    purchase = load_purchase(pk)
    if request.method == "POST":
        at = timezone.now()
        row = book_purchase(purchase=purchase, on=local_day(at), actor=actor_of(request), at=at)
        messages.success(request, _done(row))
        return redirect(row)
    effect = _("L’écriture s’ajoute au journal des achats à la date du jour. La facture ne se modifie plus.")
    return _ask(request, purchase, _("Comptabiliser"), effect, facts=[*whose(purchase), *entry_facts(purchase)])


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
@sent_once
def purchase_refuse(request: HttpRequest, pk: int) -> HttpResponse:
    purchase = load_purchase(pk)
    form = _reason_form(request, REFUSALS)
    if request.method == "POST" and form.is_valid():
        refuse_purchase(purchase=purchase, actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        messages.success(request, _("Facture refusée."))
        return redirect(purchase)
    words = _(
        "Le refus est définitif ; si elle est arrivée par une plateforme, le fournisseur l’y apprend. Il peut renvoyer "
        "une facture sous le même numéro."
    )
    return small_form(request, purchase, form, _("Refuser la facture"), words=words, danger=True)


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
@sent_once
def purchase_dispute(request: HttpRequest, pk: int) -> HttpResponse:
    purchase = load_purchase(pk)
    form = _reason_form(request, DISPUTES)
    if request.method == "POST" and form.is_valid():
        dispute_purchase(purchase=purchase, actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        messages.success(request, _("Litige noté : aucun règlement ne part."))
        return redirect(purchase)
    words = _("Personne ne l’approuve ni ne la paie tant que le litige n’est pas levé.")
    return small_form(request, purchase, form, _("Contester la facture"), words=words)


def _reason_form(request: HttpRequest, codes: Sequence[str]) -> ReasonForm:
    choices = [(code, _(say_reason(code))) for code in codes]
    return ReasonForm(request.POST if request.method == "POST" else None, choices=choices)


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
@sent_once
def purchase_dispute_close(request: HttpRequest, pk: int) -> HttpResponse:
    purchase = load_purchase(pk)
    if request.method == "POST":
        settle_dispute(purchase=purchase, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Litige levé."))
        return redirect(purchase)
    facts = [*whose(purchase), (_("En litige depuis"), typography.moment(purchase.disputed_at))]
    effect = _("Elle reprend là où elle en était : approbation, ou règlement à l’échéance.")
    return _ask(request, purchase, _("Lever le litige"), effect, facts=[*facts, (_("Motif"), purchase.dispute_reason)])


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
@sent_once
def purchase_doubt(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    """A person has looked at a point and answers for it."""
    purchase = load_purchase(pk)
    if request.method == "POST":
        settle_doubt(purchase=purchase, doubt=code, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Point levé."))
        return redirect(f"{purchase.get_absolute_url()}#doubts")
    effect = _("Vous avez vérifié ce point et en répondez : votre nom reste dans l’historique.")
    facts = [*whose(purchase), (_("Point à vérifier"), sentence_of(code))]
    return _ask(request, purchase, _("Lever ce point"), effect, facts=facts)


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
def purchase_amend(request: HttpRequest, pk: int) -> HttpResponse:
    """Due date, IBAN and notes, which stay open on a booked purchase."""
    purchase = load_purchase(pk)
    form = _amend_form(purchase, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        values, actor = form.cleaned_data, actor_of(request)
        try:
            with as_read(form, purchase, _amend_form):
                amend_purchase(purchase=purchase, values=values, actor=actor, at=timezone.now())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Modifications enregistrées."))
            return redirect(purchase)
    return small_form(request, purchase, form, _("Échéance, IBAN et notes"), button=_("Enregistrer"))


def _amend_form(purchase: PurchaseInvoice, sent: Any = None) -> AmendForm:
    initial = {name: getattr(purchase, name) for name in ("due_date", "iban", "internal_notes")}
    return AmendForm(sent, initial=initial)


def _ask(request: HttpRequest, purchase: PurchaseInvoice, title: str, effect: str, *, facts: Facts) -> HttpResponse:
    warning = _("L’IBAN qu’elle demande n’est pas confirmé : son règlement restera retenu.")
    held = purchase.iban_waits  # type: ignore[attr-defined]  # annotated
    return confirm(
        request,
        Confirmation(
            title=title,
            effect=effect,
            facts=facts,
            warning=warning if held else "",
            back=purchase.get_absolute_url(),
            back_label=purchase,
            icon="check",
        ),
    )


def small_form(
    request: HttpRequest, purchase: PurchaseInvoice, form: Any, title: str, *, words: str = "", **more: Any
) -> HttpResponse:
    context = {
        "form": form,
        "title": title,
        "button": title,
        "words": words,
        "facts": whose(purchase),
        "back": purchase.get_absolute_url(),
        "back_label": purchase,
        **more,
    }
    return render(request, "billing/purchases/small_form.html", context, status=422 if form.errors else 200)
