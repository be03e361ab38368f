"""« Achats › À traiter »: the inbox of supplier documents, and each of them beside what was read of it."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.db.models import Case, Count, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, NullIf
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.kernel.access import MemberRequest, actor_of, member, role_of
from config.kernel.errors import DomainError
from config.kernel.filters import ListFilter
from config.kernel.forms import TextField
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.lists.totals import summary_of
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of
from einvoicing import lifecycle
from einvoicing.columns import RECEIVED, signed_gross
from einvoicing.forms import DocumentsForm
from einvoicing.models import ReceivedDocument, ReceivedStatus, ReceptionChannel, ReceptionSource
from einvoicing.reception import showing
from einvoicing.reception.answers.panels import shown_answers
from einvoicing.reception.handling import read_again, set_aside
from einvoicing.reception.panels import shown_document
from einvoicing.reception.serving import file_response, shown_type
from einvoicing.reception.storing import MOST_BYTES, store_document

WAITING = "waiting"
ALL = "all"
STATES = (ReceivedStatus.STORED, ReceivedStatus.READ, ReceivedStatus.UNREADABLE, ReceivedStatus.DUPLICATE)
MOST_AT_ONCE = 100
SORTS: dict[str, Any] = {"received": "received_at", "supplier": "supplier_name", "date": "issue_date"}
SIGNED = Case(When(kind="381", then=-F("gross")), default=F("gross"))


class ReceivedFilter(ListFilter):
    """`?q=&status=&channel=&from=&to=&min=&max=`: without a state nor a text, those that ask for a person."""

    day = "received_at__date"
    amount = "gross"
    texts = ("name", "number", "supplier_name", "sender")
    exact = ("channel",)
    status = forms.ChoiceField(
        required=False,
        label=gettext_lazy("État"),
        choices=[("", ""), (ALL, gettext_lazy("Tous les documents")), *ReceivedStatus.choices],
    )
    channel = forms.ChoiceField(
        required=False, label=gettext_lazy("Arrivée par"), choices=[("", ""), *ReceptionChannel.choices]
    )

    def narrow(self, rows: QuerySet[ReceivedDocument]) -> QuerySet[ReceivedDocument]:
        rows, status = super().narrow(rows), self.value("status")
        if status and status != ALL:
            return rows.filter(status=status)
        return rows if status or self.value("q") else rows.filter(status__in=STATES)

    def controls(self) -> list[dict[str, Any]]:
        return [self.control("status", _("État")), *super().controls()]


class SetAsideForm(forms.Form):
    reason = TextField(
        label=gettext_lazy("Pourquoi rien n’est à en faire"),
        max_length=300,
        error_messages={"required": gettext_lazy("Dites pourquoi : le journal le garde.")},
    )


@require_http_methods(["GET", "POST"])
@member("purchases", posts="purchases.edit")
@sent_once
def received_list(request: HttpRequest) -> HttpResponse:
    """The documents that wait, and where files are brought."""
    form = DocumentsForm(request.POST, request.FILES) if request.method == "POST" else DocumentsForm()
    if request.method == "POST" and form.is_valid():
        _store(request, form.cleaned_data["documents"])
        return redirect("einvoicing:received-list")
    filters = ReceivedFilter(request.GET)
    rows = filters.narrow(ReceivedDocument.objects.all())
    records = rows.select_related("duplicate_of", "purchase").defer("reading", "verdict")
    listed = open_list(request, RECEIVED, records, sorts=SORTS, default="-received")
    if not isinstance(listed, ShownList):
        return listed
    sources = list(ReceptionSource.objects.select_related("account").order_by("channel", "id"))
    context = {
        "page": listed.page,
        "rows": [_row(document) for document in listed.page],
        "listed": listed,
        "q": filters.value("q") or "",
        "filters": filters.controls(),
        "filtered": filters.is_used,
        "summary": summary_of(rows, SIGNED, currency=Coalesce(NullIf("currency", Value("")), Value("EUR"))),
        "form": form,
        "sources": sources,
        "role": role_of(request),
        "troubled": [source for source in sources if source.is_enabled and source.last_error],
        "owed": [(source, entry) for source in sources for entry in source.owed][:20],
        "counts": _counts(),
        "may_edit": cast(MemberRequest, request).membership.may("purchases.edit"),
    }
    return render(request, "einvoicing/received/list.html", context, status=422 if form.errors else 200)


received_list.largest_body = MOST_BYTES + 1024 * 1024  # type: ignore[attr-defined]  # read before the body is


def _store(request: HttpRequest, files: list[Any]) -> None:
    """Keep each file; one that is refused is named, and stops no other."""
    stored = 0
    for file in files:
        try:
            store_document(
                company_id=cast(MemberRequest, request).membership.company.pk,
                channel=ReceptionChannel.UPLOAD,
                name=str(file.name),
                data=file.read(),
                media_type=str(file.content_type or ""),
                actor=actor_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            messages.warning(request, _(error.message) % error.params)
        else:
            stored += 1
    if stored:
        sentence = ngettext("%(n)s document reçu, à lire.", "%(n)s documents reçus, à lire.", stored)
        messages.success(request, sentence % {"n": stored})


def _row(document: ReceivedDocument) -> dict[str, Any]:
    return {
        "row": document,
        "tone": showing.TONES[ReceivedStatus(document.status)],
        "why": showing.why_it_waits(document),
        "gross": signed_gross(document),
    }


def _counts() -> dict[str, int]:
    names = {
        "waiting": ReceivedStatus.READ,
        "unreadable": ReceivedStatus.UNREADABLE,
        "copies": ReceivedStatus.DUPLICATE,
    }
    found: dict[str, int] = ReceivedDocument.objects.aggregate(
        **{name: Count("pk", filter=Q(status=status)) for name, status in names.items()}
    )
    return found


def load_received(pk: int) -> ReceivedDocument:
    rows = ReceivedDocument.objects.select_related("duplicate_of", "purchase__supplier", "account")
    return cast(ReceivedDocument, get_object_or_404(rows, pk=pk))


@require_GET
@member("purchases")
def received_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _show(request, load_received(pk))


def _show(request: HttpRequest, document: ReceivedDocument, *, form: SetAsideForm | None = None) -> HttpResponse:
    reading = showing.reading_of(document)
    statuses = document.statuses.order_by("-occurred_at")
    context = {
        "document": document,
        "tone": showing.TONES[ReceivedStatus(document.status)],
        "why": showing.why_it_waits(document),
        "advice": showing.what_to_do(document),
        "doubts": [] if document.purchase else list(showing.doubts_of(document)),
        "reading": reading,
        "fields": showing.shown_fields(reading) if reading else [],
        "vat_rows": (reading.value("vat_rows") or ()) if reading else (),
        "read_from": showing.READ_FROM.get(document.syntax, ""),
        "shown": shown_document(document),
        "verdict": showing.verdict_of(document),
        "statuses": [_status(one) for one in statuses],
        "answers": shown_answers(document),
        "copies": list(document.copies.order_by("received_at")[:20]),
        "form": form or SetAsideForm(),
        "may_edit": cast(MemberRequest, request).membership.may("purchases.edit"),
        "timeline": timeline_of(document, role_of(request)),
    }
    return render(request, "einvoicing/received/detail.html", context, status=422 if form else 200)


def _status(one: Any) -> dict[str, Any]:
    return {
        "code": one.code,
        "label": lifecycle.label(one.code),
        "at": one.occurred_at,
        "reason": one.reason or (lifecycle.reason(one.reason_code) if one.reason_code else ""),
        "tone": "bad" if lifecycle.is_bad(one.code) else "info",
    }


@require_POST
@member("purchases.edit")
def received_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Read it again; with `not_copy`, a person says that it is no duplicate."""
    document = load_received(pk)
    read_again(document=document, is_copy="not_copy" not in request.POST, actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Le document est remis en lecture."))
    return redirect(document)


@require_POST
@member("purchases.edit")
def received_set_aside(request: HttpRequest, pk: int) -> HttpResponse:
    document, form = load_received(pk), SetAsideForm(request.POST)
    if not form.is_valid():
        return _show(request, document, form=form)
    set_aside(document=document, reason=form.cleaned_data["reason"], actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Document écarté. Il se retrouve parmi « Tous les documents »."))
    return redirect("einvoicing:received-list")


@require_GET
@member("purchases")
def received_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The file as it came: to be kept, or with `?inline` shown by a browser that runs nothing of it."""
    document = load_received(pk)
    media_type = shown_type(document) if "inline" in request.GET else ""
    return file_response(document, media_type=media_type, at=timezone.now())
