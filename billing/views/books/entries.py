"""« Comptabilité › Écritures »: all entries and their search, one of them, and those written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from django.contrib import messages
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing.forms.books.entries import EntryFilter, EntryForm, ReversalForm, entry_lines, lines_of, sums_of
from billing.forms.books.third_parties import recent_third_parties
from billing.forms.purchases.accounts import open_accounts
from billing.ledger import account_names
from billing.ledger.documents import document_of, manual_entry_of
from billing.ledger.journals import journal_names
from billing.ledger.manual import journal_entry_of, reverse_entry, write_entry
from billing.models import JournalEntry, JournalLine, LetteredLine, ManualEntry, ManualKind
from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, may_open, member
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.exports import Column, Row
from config.kernel.form_errors import add_domain_error
from config.kernel.lists.declared import DeclaredList
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of

SORTS: dict[str, Any] = {"date": "day", "number": "number", "piece": "piece", "written": "created_at"}


def _cells(entries: Sequence[JournalEntry]) -> Iterator[Row]:
    totals = _totals(entries)
    for entry in entries:
        yield {
            "journal": entry.journal,
            "number": entry.number,
            "day": entry.day,
            "piece": entry.piece,
            "piece_date": entry.piece_date,
            "label": entry.label,
            "amount": totals.get(entry.pk),
            "written": entry.created_at,
        }


ENTRIES = DeclaredList(
    "entries",
    gettext_lazy("Écritures"),
    (
        Column("journal", gettext_lazy("Journal")),
        Column("number", gettext_lazy("Numéro")),
        Column("day", gettext_lazy("Date"), "date"),
        Column("piece", gettext_lazy("Pièce")),
        Column("piece_date", gettext_lazy("Date de pièce"), "date"),
        Column("label", gettext_lazy("Libellé")),
        Column("amount", gettext_lazy("Montant"), "money"),
        Column("written", gettext_lazy("Écrite le"), "date"),
    ),
    _cells,
    ("number", "day", "piece", "label", "amount"),
)


@require_GET
@member("books")
def entry_list(request: HttpRequest) -> HttpResponse:
    membership = cast(MemberRequest, request).membership
    filters = EntryFilter(request.GET)
    found = filters.narrow(JournalEntry.objects.all())
    listed = open_list(request, ENTRIES, found, sorts=SORTS, default="-date")
    if not isinstance(listed, ShownList):
        return listed
    page = listed.page
    totals = _totals(list(page))
    context = {
        "listed": listed,
        "summary": _summary(found) if filters.is_used else "",
        "page": page,
        "rows": [{"entry": entry, "amount": totals.get(entry.pk)} for entry in page],
        "q": filters.value("q") or "",
        "filters": filters.choices(membership.company_id),
        "filtered": any(filters.cleaned_data.values()),
    }
    return render(request, "billing/books/entries/list.html", context)


def _summary(found: QuerySet[JournalEntry]) -> str:
    """Of a filter alone: the sum of all that was ever booked tells nothing, and costs."""
    rows = JournalLine.objects.filter(entry__in=found.order_by().values("pk"))
    sums = rows.aggregate(entries=Count("entry", distinct=True), debit=Sum("debit"))
    if not sums["entries"]:
        return ""
    counted = ngettext("%(rows)s écriture", "%(rows)s écritures", sums["entries"])
    return f"{counted % {'rows': typography.number(sums['entries'])}} · {typography.money(sums['debit'])}"


def _totals(entries: Sequence[JournalEntry]) -> dict[int, Any]:
    """The debit of each. One query."""
    sums = JournalLine.objects.filter(entry__in=entries).order_by().values("entry_id").annotate(sum=Sum("debit"))
    return {row["entry_id"]: row["sum"] for row in sums}


@require_GET
@member("books")
def journal_entry(request: HttpRequest, pk: int) -> HttpResponse:
    entry = get_object_or_404(JournalEntry.objects.prefetch_related("lines__customer"), pk=pk)
    membership = cast(MemberRequest, request).membership
    manual, document = manual_entry_of(entry), document_of(entry)
    address = document.get_absolute_url() if document is not None and manual is None else ""
    names, letters = account_names(entry.company_id), _letters(entry)
    context = {
        "entry": entry,
        "journal": journal_names(entry.company_id).get(entry.journal, ""),
        "lines": [
            {"line": line, "name": names.get(line.account, ""), "letter": letters.get(line.pk, "")}
            for line in entry.lines.all()
        ],
        "document": document if manual is None else None,
        "document_url": address if address and may_open(membership.role, address) else "",
        "manual": manual,
        "counterpart": _counterpart(manual),
        "may_reverse": manual is not None
        and membership.may("books.write")
        and manual.kind != ManualKind.REVERSAL
        and manual.reversed_at is None,
        "timeline": timeline_of(manual or entry, membership.role),
    }
    return render(request, "billing/books/entries/detail.html", context)


def _letters(entry: JournalEntry) -> dict[int, str]:
    rows = LetteredLine.objects.filter(line__entry=entry, is_live=True).values_list("line_id", "lettering__letter")
    return dict(rows)


def _counterpart(manual: ManualEntry | None) -> JournalEntry | None:
    """What reverses it, or what it reverses."""
    if manual is None:
        return None
    other = manual.reverses or ManualEntry.objects.filter(reverses=manual).first()
    return journal_entry_of(other) if other is not None else None


@require_GET
@member("books")
def manual_entry(request: HttpRequest, pk: int) -> HttpResponse:
    """Where the trail and links lead: the entry in the journal."""
    manual = get_object_or_404(ManualEntry.objects, pk=pk)
    return redirect("billing:journal-entry", journal_entry_of(manual).pk)


@require_http_methods(["GET", "POST"])
@member("books.write")
@sent_once
def entry_new(request: HttpRequest) -> HttpResponse:
    sent = request.POST if request.method == "POST" else None
    company = cast(MemberRequest, request).membership.company
    at = timezone.now()
    form = EntryForm(sent, company_id=company.pk, today=local_day(at))
    formset = entry_lines(sent)
    if sent is not None and all([form.is_valid(), formset.is_valid()]):
        try:
            manual = write_entry(
                company=company, lines=lines_of(formset), actor=actor_of(request), at=at, **form.cleaned_data
            )
        except DomainError as error:
            add_domain_error(form, error, formset)
        else:
            entry = journal_entry_of(manual)
            messages.success(request, _("Écriture %(number)s enregistrée.") % {"number": entry.number})
            return redirect("billing:journal-entry", entry.pk)
    context = {
        "form": form,
        "formset": formset,
        "totals": _foot(formset) if sent is not None else "",
        "accounts": open_accounts(),
        "third_parties": recent_third_parties(),
    }
    return render(request, "billing/books/entries/form.html", context, status=200 if sent is None else 422)


@require_POST
@member("books")
def entry_totals(request: HttpRequest) -> HttpResponse:
    """Debit, credit and what they lack, of the rows being typed."""
    return HttpResponse(_foot(entry_lines(request.POST)))


def _foot(formset: Any) -> str:
    return render_to_string("billing/books/entries/_totals.html", {"sums": sums_of(formset)})


@require_http_methods(["GET", "POST"])
@member("books.write")
@sent_once
def entry_reverse(request: HttpRequest, pk: int) -> HttpResponse:
    """« Contre-passer »: the opposite entry, on a day that is open."""
    entry = get_object_or_404(JournalEntry.objects, pk=pk)
    manual = manual_entry_of(entry)
    if manual is None:
        messages.error(request, _("Cette écriture vient d’un document : c’est lui qui se corrige."))
        return redirect("billing:journal-entry", entry.pk)
    at = timezone.now()
    form = ReversalForm(request.POST if request.method == "POST" else None, initial={"day": local_day(at)})
    if request.method == "POST" and form.is_valid():
        try:
            opposite = reverse_entry(entry=manual, actor=actor_of(request), at=at, **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Écriture %(number)s contre-passée.") % {"number": entry.number})
            return redirect("billing:journal-entry", journal_entry_of(opposite).pk)
    context = {
        "form": form,
        "title": _("Contre-passer %(number)s") % {"number": entry.number},
        "words": _("L’écriture opposée est numérotée et ne se modifie plus ; celle-ci reste au journal."),
        "button": _("Contre-passer"),
        "back": reverse("billing:journal-entry", args=[entry.pk]),
        "back_label": entry.number,
    }
    status = 422 if form.errors else 200
    return render(request, "billing/purchases/small_form.html", context, status=status)
