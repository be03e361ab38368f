"""The worktable of a document that was read with doubts: its pages beside what they say, until it is recorded."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.cache import caches
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from billing.purchases.suppliers import save_supplier
from config.kernel.access import MemberRequest, actor_of, member, role_of
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.middleware import say, translated
from config.kernel.roles import allows
from config.kernel.sent_once import sent_once
from customers.models import Customer
from einvoicing.models import ReceivedDocument, ReceivedStatus
from einvoicing.reception.correcting import corrected, reading_of, record_corrected
from einvoicing.reception.forms import ADDRESS, IDENTITY, PaperForm, initial_of, shown_again
from einvoicing.reception.judging import Doubt, Verdict, judge
from einvoicing.reception.pointing import Paper, pointed_places, take_word
from einvoicing.reception.reading import draw_page
from einvoicing.reception.reading.picking import PICKED
from einvoicing.reception.sheets import sheet_of
from einvoicing.reception.storing import read_content

KEPT_SECONDS = 3600
MOST_FOUND = 8
MOST_PAGES = 20  # that are shown; the whole file is one click away
FIELDS = ("kind", "number", "date", "due_date", "net", "vat", "gross", "currency")
WIDE = ("iban", "order_reference")
_OF_SUPPLIER = frozenset(IDENTITY)
_OF_READING = frozenset({"low_confidence", "checksum"})  # stands at the number itself; the rest is about who it is
# what an act of the form is, beside recording: nothing is kept by it
STEPS = ("pick", "word", "search", "create")


@dataclass(slots=True)
class Row:
    """A field of the form with what is doubted of it."""

    field: forms.BoundField
    doubts: list[str]
    can_pick: bool
    is_picked: bool


@require_http_methods(["GET", "POST"])
@member("purchases", posts="purchases.edit")
@sent_once
def received_correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct what was read beside its picture, and record the purchase."""
    document = get_object_or_404(ReceivedDocument.objects.select_related("company", "purchase"), pk=pk)
    if document.status != ReceivedStatus.READ:
        return redirect(document)
    read = reading_of(document)
    if request.method == "GET":
        return _show(request, Paper(document, read, initial_of(read)))
    data = request.POST.copy()
    paper = Paper(document, read, shown_again(data), picking=data.get("picking", ""))
    paper.shown = pointed_places(read, data)
    if "word" in data:
        take_word(paper, str(data["word"]))
    elif "pick" in data:
        paper.picking = str(data["pick"]) if data["pick"] in PICKED else ""
    elif "create" in data:
        return _create(request, paper)
    elif not any(step in data for step in STEPS):
        return _record(request, paper)
    return _show(request, paper)


def _record(request: HttpRequest, paper: Paper) -> HttpResponse:
    form = PaperForm(paper.typed, suppliers=_suppliers(paper, None))
    if form.is_valid():
        supplier: Customer = get_object_or_404(Customer.objects, pk=form.cleaned_data["supplier"])
        try:
            document = record_corrected(
                document=paper.document,
                supplier=supplier,
                values=form.values(),
                shown=paper.shown,
                actor=actor_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Facture enregistrée."))
            return redirect(document.purchase or document)
    return _show(request, paper, form=form, status=422)


def _create(request: HttpRequest, paper: Paper) -> HttpResponse:
    """A supplier from what was read and typed; the form comes back with it chosen."""
    form = PaperForm(paper.typed, suppliers=_suppliers(paper, None))
    form.is_valid()
    wrong = [name for name in (*IDENTITY, *ADDRESS) if name in form.errors]
    if not wrong:
        data = form.cleaned_data
        try:
            supplier = save_supplier(
                supplier=None,
                company_id=paper.document.company_id,
                values={
                    "name": data["supplier_name"],
                    "siren": data["supplier_siren"],
                    "vat_number": data["supplier_vat"],
                },
                address={name: data[name] for name in ADDRESS},
                # its account is not confirmed by this: nobody has called it yet
                actor=actor_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            paper.notice = " ".join(translated(one) for one in error.fields.values()) or say(error)
        else:
            paper.typed["supplier"] = str(supplier.pk)
            paper.notice = _("Fournisseur créé : il est choisi pour cette facture.")
        return _show(request, paper)
    paper.notice = " ".join(str(error) for name in wrong for error in form.errors[name])
    return _show(request, paper)


def _show(request: HttpRequest, paper: Paper, *, form: PaperForm | None = None, status: int = 200) -> HttpResponse:
    document = paper.document
    asked = PaperForm(paper.typed, suppliers=())
    asked.is_valid()
    now = corrected(paper.read, asked.values()) if request.method == "POST" else paper.read
    chosen = _chosen(paper.typed.get("supplier", ""))
    verdict = judge(
        company=cast(MemberRequest, request).membership.company,
        reading=now,
        on=local_day(timezone.now()),
        supplier=chosen,
    )
    suppliers = _suppliers(paper, verdict)
    if not paper.typed.get("supplier") and verdict.supplier is not None:
        paper.typed["supplier"] = str(verdict.supplier.pk)
    form = form or PaperForm(initial=paper.typed, suppliers=suppliers)
    form.fields["supplier"].choices = suppliers  # type: ignore[attr-defined]
    identity = [_row(form, name, verdict, paper) for name in IDENTITY]
    context = {
        "document": document,
        "paper": paper,
        "form": form,
        "rows": [_row(form, name, verdict, paper) for name in FIELDS],
        "wide_rows": [_row(form, name, verdict, paper) for name in WIDE],
        "supplier_doubts": _sentences(
            verdict, lambda doubt: doubt.field in _OF_SUPPLIER and doubt.code not in _OF_READING
        ),
        "identity": identity,
        "shows_identity": verdict.supplier is None or any(row.doubts or row.is_picked for row in identity),
        "vat_doubts": _sentences(verdict, lambda doubt: doubt.field == "vat_rows"),
        "other_doubts": _sentences(verdict, lambda doubt: doubt.field in ("", "currency", "kind")),
        "count": len(verdict.doubts),
        "is_known": verdict.supplier is not None,
        "sheets": [sheet_of(page, now, verdict, paper) for page in paper.read.pages[:MOST_PAGES]],
        "hidden": [(name, paper.typed[name]) for name in paper.typed if name.startswith("shown_")],
        "may_edit": allows(role_of(request), "purchases.edit"),
        "address": [form[name] for name in ADDRESS],
    }
    response = render(request, "einvoicing/received/correct.html", context, status=status)
    # to the page while one points at it, back to the field when it is filled
    if "pick" in request.POST or "word" in request.POST:
        place = "paper" if paper.picking else f"at-{request.POST.get('picking', '')}"
        response["HX-Reswap"] = f"outerHTML show:#{place}:top"
    return response


def _sentences(verdict: Verdict, wanted: Any) -> list[str]:
    return [translated(doubt.sentence) for doubt in verdict.doubts if wanted(doubt)]


def _row(form: PaperForm, name: str, verdict: Verdict, paper: Paper) -> Row:
    doubts: list[Doubt] = verdict.about(name) if name not in ("kind", "currency") else []
    if name in _OF_SUPPLIER:
        doubts = [doubt for doubt in doubts if doubt.code in _OF_READING]
    can_pick = name in PICKED and bool(paper.read.pages)
    return Row(form[name], [translated(doubt.sentence) for doubt in doubts], can_pick, paper.picking == name)


def _chosen(key: str) -> Customer | None:
    found: Customer | None = Customer.objects.filter(pk=key).first() if key.isdecimal() else None
    return found


def _suppliers(paper: Paper, verdict: Verdict | None) -> list[tuple[str, str]]:
    """Whom the form offers: found by its numbers, candidates by the name, searched for, chosen."""
    found: dict[int, Customer] = {}
    if verdict is not None:
        found |= {one.pk: one for one in (verdict.supplier, *verdict.candidates) if one}
    if (chosen := _chosen(paper.typed.get("supplier", ""))) is not None:
        found.setdefault(chosen.pk, chosen)
    if text := paper.typed.get("find", "").strip():
        rows = Customer.objects.active().matching(text).order_by("-is_supplier", "name", "pk")
        found |= {one.pk: one for one in rows[:MOST_FOUND]}
    return [(str(one.pk), f"{one.name} · {one.siren}" if one.siren else one.name) for one in found.values()]


@require_GET
@member("purchases")
def received_page(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """A page of the document as a picture, drawn by a process of its own: nothing of the file itself is sent."""
    document: ReceivedDocument = get_object_or_404(ReceivedDocument.objects, pk=pk)
    key = f"received-page:{document.sha256}:{number}"
    kept = caches["shared"].get(key)
    if kept is None:
        drawn = draw_page(read_content(document, at=timezone.now()), number)
        if drawn is None:
            raise Http404
        kept = [drawn[0], base64.b64encode(drawn[1]).decode()]
        caches["shared"].set(key, kept, KEPT_SECONDS)
    response = HttpResponse(base64.b64decode(kept[1]), content_type=kept[0])
    response["Cache-Control"] = "private, max-age=86400, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    return response
