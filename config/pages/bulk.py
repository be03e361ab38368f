"""Acts on many rows of a list: what would be done and to which, then how far it is, and what became of each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from django.contrib import messages
from django.db.models import QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from config.kernel import listing, typography
from config.kernel.access import MemberRequest, NotYourAct, NotYourPage, actor_of, member
from config.kernel.bulk.acts import ACTS, LISTS, BulkAct, BulkList
from config.kernel.bulk.choosing import ChoiceChanged, chosen, fingerprint, start_run, taken
from config.kernel.bulk.running import counts_of, stop_run
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, NotAllowed
from config.kernel.exports import Column, Row
from config.kernel.folding import holds
from config.kernel.htmx import is_part
from config.kernel.lists.declared import DeclaredList
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.middleware import say
from config.kernel.models import BulkRow, BulkRowStatus, BulkRun, BulkStatus
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of

SHOWN = 50  # of the rows that would be treated
TONES = {BulkRowStatus.WAITING: "neutral", BulkRowStatus.DONE: "good", BulkRowStatus.REFUSED: "bad"}
SORTS = {"position": "position"}


@require_http_methods(["GET", "POST"])
@member("invoices.edit")
@sent_once
def bulk_new(request: HttpRequest) -> HttpResponse:
    """`?list=&act=` and the boxes that were checked, or `all=1` and the list's filter: shown first, then asked for."""
    declared, act = _asked(request)
    at = timezone.now()
    on = local_day(at)
    rows = chosen(declared, request.GET, on=on)
    form = act.form(request.POST if request.method == "POST" else None) if act.form else None
    context: dict[str, Any] = {"form": form, "act": act, "list": declared, "back": _back(request, declared)}
    try:
        keys = taken(declared, act, rows, on=on)
        if request.method == "POST" and (form is None or form.is_valid()):
            run = start_run(
                declared=declared,
                act=act,
                keys=keys,
                shown=request.POST.get("shown", ""),
                options=form.values() if form else {},  # type: ignore[attr-defined]  # what BulkAct asks of its form
                user=cast(MemberRequest, request).user,
                company=cast(MemberRequest, request).membership.company,
                language=get_language() or "fr",
                at=at,
            )
            return redirect("bulk-run", run.pk)
    except ChoiceChanged as error:
        context["warning"] = say(error)
    except DomainError as error:
        return render(request, "bulk/new.html", {**context, "refusal": say(error)}, status=422)
    return render(request, "bulk/new.html", {**context, **_to_treat(declared, act, rows, keys)})


def _asked(request: HttpRequest) -> tuple[BulkList, BulkAct]:
    """Raises Http404 for what is not declared, NotAllowed for what the role does not include."""
    name = request.GET.get("list", "")
    declared, act = LISTS.get(name), ACTS.get(name, {}).get(request.GET.get("act", ""))
    if declared is None or act is None:
        raise Http404
    if not cast(MemberRequest, request).membership.may(act.needs):
        raise NotAllowed
    return declared, act


def _back(request: HttpRequest, declared: BulkList) -> str:
    """The list as it was filtered."""
    query = request.GET.copy()
    for name in ("list", "act", "all", declared.field):
        query.pop(name, None)
    return f"{reverse(declared.page)}?{query.urlencode()}".rstrip("?")


def _to_treat(declared: BulkList, act: BulkAct, rows: QuerySet[Any], keys: Sequence[int]) -> dict[str, Any]:
    """What the page shows before anything is done."""
    first = declared.rows().in_bulk(keys[:SHOWN])
    sums = list[dict[str, Any]]()
    if act.amount:
        found = declared.model.objects.filter(pk__in=keys).order_by()  # type: ignore[attr-defined]  # a company row
        sums = list(found.values("currency").annotate(total=Sum(act.amount)).order_by("currency"))
    return {
        "count": len(keys),
        "left_out": rows.order_by().count() - len(keys),
        "shown": fingerprint(keys),
        "names": [declared.named(first[key]) for key in keys[:SHOWN] if key in first],
        "others": max(0, len(keys) - SHOWN),
        "totals": " · ".join(typography.money(row["total"], row["currency"]) for row in sums),
    }


def _cells(rows: Sequence[BulkRow]) -> Iterator[Row]:
    for row in rows:
        yield {
            "position": row.position,
            "label": row.label,
            "state": row.get_status_display(),
            "sentence": row.sentence,
            "done": row.done_at,
        }


RESULTS = DeclaredList(
    "bulk_rows",
    gettext_lazy("Résultats"),
    (
        Column("position", gettext_lazy("Ligne"), "number"),
        Column("label", gettext_lazy("Désignation")),
        Column("state", gettext_lazy("État")),
        Column("sentence", gettext_lazy("Résultat")),
        Column("done", gettext_lazy("Fait le"), "date"),
    ),
    _cells,
    ("label", "state", "sentence"),
)


@require_GET
@member("company")
def bulk_run(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is, and each row with its sentence; `?export=` gives them as a file. The part is asked for again."""
    run = _load(request, pk)
    declared, act = LISTS[run.rows_of], ACTS[run.rows_of][run.act]
    status = request.GET.get("status", "")
    rows = BulkRow.objects.filter(run=run)
    text = request.GET.get("q", "").strip()[:100]
    if status in BulkRowStatus.values:
        rows = rows.filter(status=status)
    if text:
        rows = rows.filter(holds(text, "label", "sentence"))
    listed = open_list(request, RESULTS, rows, sorts=SORTS, default="position")
    if not isinstance(listed, ShownList):
        return listed
    membership, counts = cast(MemberRequest, request).membership, counts_of(run)
    page = listed.page
    states = {"name": "status", "label": _("État"), "kind": "select", "value": status}
    context = {
        "run": run,
        "act": act,
        "list": declared,
        "list_url": reverse(declared.page),
        "counts": counts,
        "settled": run.total - counts["WAITING"] if run.status == BulkStatus.RUNNING else run.total,
        "running": run.status == BulkStatus.RUNNING,
        "summary": _summary(counts),
        "listed": listed,
        "page": page,
        "rows": [{"row": row, "tone": TONES[BulkRowStatus(row.status)], "url": _url(declared, row)} for row in page],
        "q": text,
        "filters": [{**states, "choices": BulkRowStatus.choices}],
        "may_stop": run.status == BulkStatus.RUNNING and membership.may(act.needs),
        "timeline": timeline_of(run, membership.role),
    }
    template = "bulk/_progress.html" if is_part(request) and "part" in request.GET else "bulk/run.html"
    return render(request, template, context)


def _url(declared: BulkList, row: BulkRow) -> str:
    return str(declared.model(pk=row.record).get_absolute_url())  # type: ignore[attr-defined]  # records of lists have a page


def _summary(counts: dict[str, int]) -> str:
    done, refused, waiting = counts["DONE"], counts["REFUSED"], counts["WAITING"]
    parts = [(ngettext("%(count)s faite", "%(count)s faites", done), done)]
    parts += [(ngettext("%(count)s refusée", "%(count)s refusées", refused), refused)] if refused else []
    parts += [(ngettext("%(count)s en attente", "%(count)s en attente", waiting), waiting)] if waiting else []
    return " · ".join(words % {"count": typography.number(count)} for words, count in parts)


def _load(request: HttpRequest, pk: int) -> BulkRun:
    run: BulkRun = get_object_or_404(BulkRun.objects.select_related("requested_by"), pk=pk)
    if not cast(MemberRequest, request).membership.may_read(LISTS[run.rows_of].area):
        raise NotYourPage(owners="")
    return run


@require_http_methods(["POST"])
@member("invoices.edit")
@sent_once
def bulk_stop(request: HttpRequest, pk: int) -> HttpResponse:
    """What is done stays done; the rest is left as it is."""
    run = _load(request, pk)
    if not cast(MemberRequest, request).membership.may(ACTS[run.rows_of][run.act].needs):
        raise NotYourAct(owners="")
    stop_run(run=run, actor=actor_of(request), at=timezone.now())
    messages.info(request, _("Arrêté : ce qui est fait reste fait, le reste n’est pas touché."))
    return redirect("bulk-run", run.pk)


@require_GET
@member("company")
def bulk_list(request: HttpRequest) -> HttpResponse:
    """What was asked for, the latest first."""
    page = listing.page(
        BulkRun.objects.select_related("requested_by"),
        sorts={"date": "requested_at"},
        default="-date",
        query=request.GET,
    )
    rows = [{"run": run, "act": ACTS[run.rows_of][run.act], "list": LISTS[run.rows_of]} for run in page]
    return render(request, "bulk/list.html", {"page": page, "rows": rows})
