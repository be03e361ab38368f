"""Lists from other software: a file, its columns, what each row would become, and then all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.kernel import listing
from config.kernel.access import MemberRequest, NotYourAct, actor_of, member
from config.kernel.errors import DomainError
from config.kernel.exports import Column, Row
from config.kernel.folding import holds
from config.kernel.form_errors import add_domain_error
from config.kernel.htmx import is_part
from config.kernel.importing import receiving
from config.kernel.importing.guessing import Layout
from config.kernel.importing.kinds import KINDS, ImportKind
from config.kernel.importing.running import progress_of
from config.kernel.importing.tables import letter
from config.kernel.lists.declared import DeclaredList
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.middleware import say
from config.kernel.models import ImportChoice, ImportRow, ImportRun, ImportStatus, Membership
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of

SAMPLE = 3  # rows shown of each column
TONES = {ImportStatus.DONE: "good", ImportStatus.CANCELLED: "neutral", ImportStatus.CHECKED: "warn"}
SHOWS = (("errors", gettext_lazy("En erreur")), ("likely", gettext_lazy("Déjà connues")))


class FileForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("Que reprendre"), widget=forms.RadioSelect)
    file = forms.FileField(
        label=gettext_lazy("Fichier"),
        help_text=gettext_lazy("CSV ou XLSX, 20 000 lignes au plus. Rien n’est repris ici."),
    )

    def __init__(self, *args: Any, membership: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = [(kind.name, kind.label) for kind in KINDS.values() if membership.may(kind.needs)]
        self.fields["kind"].choices = allowed  # type: ignore[attr-defined]  # a choice field
        self.fields["kind"].initial = allowed[0][0] if allowed else ""


class ColumnsForm(forms.Form):
    """For each column of the file, what it holds."""

    def __init__(self, *args: Any, kind: ImportKind, run: ImportRun, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        table, layout = receiving.table_of(run), Layout.from_json(run.layout)
        self.heads, body = layout.heads(table), layout.body(table)
        self.samples = [[cells[place] for _line, cells in body[:SAMPLE]] for place in range(len(body[0][1]))]
        held = {place: name for name, place in layout.columns.items()}
        choices = [("", _("Ne pas reprendre")), *((column.name, column.label) for column in kind.columns)]
        for place in range(len(self.samples)):
            head = self.heads[place] if self.heads and self.heads[place] else ""
            label = f"{letter(place)} · {head}" if head else letter(place)
            self.fields[f"column-{place}"] = forms.ChoiceField(
                label=label,
                choices=choices,
                required=False,
                initial=held.get(place, ""),
                widget=forms.Select(attrs={"class": "input"}),
            )

    def clean(self) -> dict[str, Any]:
        typed = dict(super().clean() or {})
        chosen = [name for name in typed.values() if name]
        for field, name in typed.items():
            if name and chosen.count(name) > 1:
                self.add_error(field, ValidationError(_("Deux colonnes ne peuvent pas contenir la même chose.")))
        return typed

    def columns(self) -> dict[str, int]:
        return {name: int(field.removeprefix("column-")) for field, name in self.cleaned_data.items() if name}

    def rows(self) -> list[dict[str, Any]]:
        return [{"field": field, "sample": sample} for field, sample in zip(self, self.samples, strict=True)]


def _cells(rows: Sequence[ImportRow]) -> Iterator[Row]:
    """One line for each error; rows without any have one of their own."""
    for row in rows:
        for column, label, sentence in row.problems or [["", "", ""]]:
            yield {
                "line": row.line,
                "label": row.label,
                "column": column,
                "head": label,
                "problem": sentence,
                "known": row.known_label,
                "choice": row.get_choice_display() if row.sign else "",
            }


ROWS = DeclaredList(
    "import_rows",
    gettext_lazy("Lignes à reprendre"),
    (
        Column("line", gettext_lazy("Ligne"), "number"),
        Column("label", gettext_lazy("Désignation")),
        Column("column", gettext_lazy("Colonne")),
        Column("head", gettext_lazy("Champ")),
        Column("problem", gettext_lazy("Erreur")),
        Column("known", gettext_lazy("Fiche connue")),
        Column("choice", gettext_lazy("Choix")),
    ),
    _cells,
)


@require_http_methods(["GET", "POST"])
@member("customers.edit")
@sent_once
def import_list(request: HttpRequest) -> HttpResponse:
    """What was imported before, and the file to import now: it is read and shown, nothing is taken over."""
    membership = cast(MemberRequest, request).membership
    kind = {"kind": request.GET.get("kind", "")}
    form = FileForm(request.POST or None, request.FILES or None, membership=membership, initial=kind)
    if request.method == "POST" and form.is_valid():
        try:
            run = receiving.receive_file(
                kind=KINDS[form.cleaned_data["kind"]],
                company=membership.company,
                name=form.cleaned_data["file"].name,
                data=form.cleaned_data["file"].read(),
                user=cast(MemberRequest, request).user,
                actor=actor_of(request),
                language=get_language() or "fr",
                at=timezone.now(),
            )
            return redirect(run)
        except DomainError as error:
            form.add_error("file", say(error))
    runs = ImportRun.objects.select_related("requested_by").defer("content")
    page = listing.page(runs, sorts={"date": "requested_at"}, default="-date", query=request.GET)
    rows = [{"run": run, "kind": KINDS[run.kind], "tone": TONES.get(ImportStatus(run.status), "info")} for run in page]
    context = {"form": form, "page": page, "rows": rows, "kinds": KINDS.values()}
    return render(request, "imports/list.html", context, status=422 if form.errors else 200)


def _load(request: HttpRequest, pk: int) -> tuple[ImportRun, ImportKind]:
    run: ImportRun = get_object_or_404(ImportRun.objects.select_related("company", "requested_by"), pk=pk)
    kind = KINDS[run.kind]
    if not cast(MemberRequest, request).membership.may(kind.needs):
        raise NotYourAct(owners="")
    return run, kind


@require_http_methods(["GET", "POST"])
@member("customers.edit")
@sent_once
def import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Where the file is: its columns, its rows, what became of it. `act` says what is sent."""
    run, kind = _load(request, pk)
    context: dict[str, Any] = {"run": run, "kind": kind, "tone": TONES.get(ImportStatus(run.status), "info")}
    if request.method == "POST":
        try:
            if _acted(request, run, kind, context):
                return redirect(run)
        except DomainError as error:
            context["refusal"] = say(error)
            run.refresh_from_db(fields=["status"])
    if run.status == ImportStatus.COLUMNS:
        context.setdefault("form", ColumnsForm(kind=kind, run=run))
    elif run.status in {ImportStatus.CHECKING, ImportStatus.APPLYING}:
        context["done"], context["total"] = progress_of(run)
        if is_part(request):
            return render(request, "imports/_progress.html", context)
    else:
        rows = _narrowed(request, run)
        listed = open_list(request, ROWS, rows, sorts={"line": "line"}, default="line")
        if not isinstance(listed, ShownList):
            return listed
        context |= _shown(request, run, kind, listed)
    context["timeline"] = timeline_of(run, cast(MemberRequest, request).membership.role)
    refused = "refusal" in context or (context.get("form") and context["form"].errors)
    return render(request, "imports/detail.html", context, status=422 if refused else 200)


def _narrowed(request: HttpRequest, run: ImportRun) -> Any:
    rows = ImportRow.objects.filter(run=run)
    show, text = request.GET.get("show", ""), request.GET.get("q", "").strip()[:100]
    if show == "errors":
        rows = rows.filter(has_problems=True)
    elif show == "likely":
        rows = rows.filter(has_problems=False).exclude(sign="")
    return rows.filter(holds(text, "label", "known_label")) if text else rows


def _shown(request: HttpRequest, run: ImportRun, kind: ImportKind, listed: ShownList) -> dict[str, Any]:
    show = {"name": "show", "label": _("Lignes"), "kind": "select", "value": request.GET.get("show", "")}
    return {
        "counts": receiving.counts_of(run),
        "shown": receiving.shown_of(run),
        "listed": listed,
        "page": listed.page,
        "rows": [_row(row, kind) for row in listed.page],
        "q": request.GET.get("q", ""),
        "filters": [{**show, "choices": SHOWS}],
        "choices": ImportChoice.choices,
        "may_choose": run.status == ImportStatus.CHECKED,
        "list_url": reverse(kind.page),
    }


def _row(row: ImportRow, kind: ImportKind) -> dict[str, Any]:
    offered = [
        choice
        for choice in ImportChoice.choices
        if (choice[0] != ImportChoice.CREATE or row.sign not in kind.exact)
        and (choice[0] != ImportChoice.UPDATE or row.known)
    ]
    return {"row": row, "sign": kind.sign_labels.get(row.sign, ""), "choices": offered}


def _columns(request: HttpRequest, run: ImportRun, kind: ImportKind, context: dict[str, Any]) -> bool:
    form = context["form"] = ColumnsForm(request.POST, kind=kind, run=run)
    if not form.is_valid():
        return False
    try:
        receiving.choose_columns(run=run, columns=form.columns(), actor=actor_of(request), at=timezone.now())
    except receiving.ColumnsMissing as error:
        add_domain_error(form, error)
        return False
    return True


def _back(request: HttpRequest, run: ImportRun, _kind: ImportKind, _context: dict[str, Any]) -> bool:
    receiving.change_columns(run=run, actor=actor_of(request), at=timezone.now())
    return True


def _settle(request: HttpRequest, run: ImportRun, _kind: ImportKind, _context: dict[str, Any]) -> bool:
    """The choices of the rows on the page; `every`: the same for all that resemble a known record."""
    if every := request.POST.get("every", ""):
        receiving.settle_all(run=run, choice=every, at=timezone.now())
        return True
    keys = {name.removeprefix("choice-"): value for name, value in request.POST.items() if name.startswith("choice-")}
    choices = {int(key): str(value) for key, value in keys.items() if key.isascii() and key.isdigit() and len(key) < 19}
    receiving.settle_likenesses(run=run, choices=choices, at=timezone.now())
    messages.success(request, _("Choix gardés."))
    return True


def _confirm(request: HttpRequest, run: ImportRun, _kind: ImportKind, _context: dict[str, Any]) -> bool:
    receiving.confirm_run(
        run=run,
        shown=request.POST.get("shown", ""),
        leaves_errors=bool(request.POST.get("leaves_errors")),
        actor=actor_of(request),
        at=timezone.now(),
    )
    return True


def _cancel(request: HttpRequest, run: ImportRun, _kind: ImportKind, _context: dict[str, Any]) -> bool:
    receiving.cancel_run(run=run, actor=actor_of(request), at=timezone.now())
    messages.info(request, _("Abandonné : rien n’a été repris."))
    return True


ACTS: Mapping[str, Callable[[HttpRequest, ImportRun, ImportKind, dict[str, Any]], bool]] = {
    "columns": _columns,
    "back": _back,
    "settle": _settle,
    "confirm": _confirm,
    "cancel": _cancel,
}


def _acted(request: HttpRequest, run: ImportRun, kind: ImportKind, context: dict[str, Any]) -> bool:
    """Whether it is done; what was wrong stands in the context, or is raised."""
    act = ACTS.get(request.POST.get("act", ""))
    return act(request, run, kind, context) if act else False
