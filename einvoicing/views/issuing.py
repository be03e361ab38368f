"""« Émettre la sélection »: many drafts, first what would be frozen and what would be refused, then the deed.

What is asked is what was read: each row carries the digest of the draft it shows, and one that changed since stays one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from billing.forms.invoices import InvoiceFilter
from billing.models import Email, Invoice, InvoiceLine, InvoiceQuerySet
from billing.services.crediting import rooms_of
from billing.services.invoices import InvoiceIssued
from config.kernel import listing, typography
from config.kernel.access import actor_of, member
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.middleware import say, translated
from config.kernel.money import ZERO, cents
from einvoicing.problems import public_rules
from einvoicing.services.readiness import judge
from einvoicing.services.sending import DraftDeleted, issue_many, version_of

MOST = 100  # at once: the rules judge each, some thirty milliseconds, while the person waits
TOLD = "issued_selection"  # of the session: what the last sending said of each, by its key


@dataclass(frozen=True, slots=True)
class Choice:
    """An invoice that was chosen: a draft with what refuses it ('' for nothing), issued already, or None if deleted."""

    invoice: Invoice | None
    refusal: str = ""
    note: str = ""  # what is told of one that is issued, or could not be asked of a draft
    version: str = ""  # of a draft that may be issued, as it is shown

    @property
    def is_ready(self) -> bool:
        return self.invoice is not None and self.invoice.is_draft and not self.refusal

    @property
    def total(self) -> Decimal:
        """What it adds to the sum: a credit note takes away."""
        return self._signed(self.invoice.total_gross) if self.invoice else ZERO

    @property
    def payable(self) -> Decimal:
        return self._signed(self.invoice.payable) if self.invoice else ZERO

    @property
    def cents(self) -> int:
        return cents(self.total)

    def _signed(self, amount: Decimal) -> Decimal:
        return -amount if self.invoice and self.invoice.is_credit_note else amount


@require_http_methods(["GET", "POST"])
@member("invoices.issue")
def invoice_issue_many(request: HttpRequest) -> HttpResponse:
    """Show the chosen drafts, or those of the list's filter, and ask; then issue the ones that were left checked.

    The page after it is the same: it says of each invoice its number, or what refused it, and leads on.
    """
    at = timezone.now()
    if request.method == "POST":
        return _issue(request, at)
    done = bool(request.GET.get("done"))
    # « all of the filter » counts for more than the boxes, until the page tells what became of some
    is_all = bool(request.GET.get("all")) and not done
    page, keys = None, [] if is_all else _keys(request.GET.getlist("invoice"))[:MOST]
    if keys:
        invoices = list(_rows().filter(pk__in=keys))
    else:
        page = _page(request, at)
        invoices = list(page)
    told: Mapping[str, str] = request.session.get(TOLD, {}) if done else {}
    choices = _within_what_they_credit(_choice(invoice, at, told.get(str(invoice.pk), "")) for invoice in invoices)
    ready = [choice for choice in choices if choice.is_ready]
    gone = {str(key) for key in keys} - {str(invoice.pk) for invoice in invoices}
    choices += [Choice(None, told[key]) for key in sorted(gone & told.keys())]
    context: dict[str, Any] = {
        "choices": choices,
        "ready": len(ready),
        "refused": sum(bool(choice.refusal) for choice in choices),
        "total": sum((choice.total for choice in ready), ZERO),
        "page": page,
        "day": local_day(at),
        "done": done,
        "next_url": _next_url(request) if done else "",
        "job_query": _job_query(request),
    }
    return render(request, "einvoicing/invoice/issue_many.html", context)


def _rows() -> InvoiceQuerySet:
    """The oldest first: they are numbered in this order."""
    rows: InvoiceQuerySet = Invoice.objects.select_related("company", "customer__terms", "order", "corrects")
    return rows.order_by("created_at", "id")


def _page(request: HttpRequest, at: datetime) -> listing.Page:
    """A hundred drafts of the list's filter; nothing where none is asked for."""
    rows = _rows().filter(number=None) if request.GET.get("all") else _rows().none()
    found = InvoiceFilter(request.GET).narrow(rows, on=local_day(at))
    return listing.page(found, sorts={"created": "created_at"}, default="created", query=request.GET, size=MOST)


def _next_url(request: HttpRequest) -> str:
    """The rest of the filter that the issued ones were chosen from; '' when there is none."""
    query = request.GET.copy()
    for name in ("invoice", "done"):
        query.pop(name, None)
    return f"{request.path}?{query.urlencode()}" if query.get("all") and query.get("cursor") else ""


def _job_query(request: HttpRequest) -> str:
    """What asks for all of the filter as a job, for more than this page takes."""
    query = request.GET.copy()
    for name in ("invoice", "done", "cursor", "act"):
        query.pop(name, None)
    query["list"] = "invoices"
    return query.urlencode()


def _keys(given: list[str]) -> list[int]:
    return [int(key) for key in dict.fromkeys(given) if key.isascii() and key.isdigit() and len(key) < 19]


def _choice(invoice: Invoice, at: datetime, told: str) -> Choice:
    if not invoice.is_draft:
        return Choice(invoice, note=told)
    refusal, remark = _judged(invoice, at)
    refusal = refusal or told  # as the rules say it, rather than as the sending did
    return Choice(invoice, refusal, note=remark, version="" if refusal else version_of(invoice))


def _within_what_they_credit(choices: Iterable[Choice]) -> list[Choice]:
    """The same, but for credit notes that give back more than those before them will leave of their invoice."""
    notes: dict[int, list[Invoice]] = {}
    found = []
    for choice in choices:
        note = choice.invoice
        if choice.is_ready and note and note.is_credit_note and note.corrects:
            before = notes.setdefault(note.corrects.pk, [])
            refusal = _credited_twice(note, note.corrects, before) if before else ""
            if refusal:
                choice = Choice(note, refusal)
            else:
                before.append(note)
        found.append(choice)
    return found


def _credited_twice(note: Invoice, invoice: Invoice, before: Sequence[Invoice]) -> str:
    """What the notes before it do not leave, of the invoice or of one of its lines; '' when they leave enough."""
    room = invoice.payable - invoice.amount_credited - sum((other.payable for other in before), ZERO)
    if note.payable > room:
        refusal = _("Les avoirs choisis avant lui ne laissent que %(room)s à créditer sur %(number)s.")
        return refusal % {"room": typography.money(room, note.currency), "number": invoice.number}
    wanted: Counter[int | None] = Counter()
    for row in InvoiceLine.objects.filter(invoice__in=[*before, note]):
        wanted[row.credited_line_id] += row.credited_quantity
    for left in rooms_of(invoice):
        if abs(wanted[left.line.pk]) > abs(left.quantity):
            refusal = _("Les avoirs choisis avant lui ne laissent pas assez de « %(line)s » à créditer sur %(number)s.")
            return refusal % {"line": left.line.description, "number": invoice.number}
    return ""


def _judged(invoice: Invoice, at: datetime) -> tuple[str, str]:
    """What refuses the draft, '' for nothing; and what is said of its public body, as « it could not be asked »."""
    if not invoice.lines.exists():
        return _("Ajoutez au moins une ligne avant d’émettre."), ""
    verdict = judge(invoice=invoice, at=at)
    if isinstance(verdict, DomainError):
        return say(verdict), ""
    refused = verdict.fatal
    remarks = [row.text for row in verdict.violations if row not in refused and row.rule in public_rules.RULES]
    return translated(refused[0].text) if refused else "", translated(remarks[0]) if remarks else ""


def _issue(request: HttpRequest, at: datetime) -> HttpResponse:
    given = _keys(request.POST.getlist("invoice"))
    keys, left_out = given[:MOST], len(given[MOST:])
    chosen = list(_rows().filter(pk__in=keys))
    drafts = [invoice for invoice in chosen if invoice.is_draft]
    by_mail = request.POST.get("send") == "yes"
    versions = {key: request.POST.get(f"version-{key}", "") for key in keys}
    query = request.GET.copy()
    try:
        outcomes = issue_many(invoices=drafts, actor=actor_of(request), at=at, by_mail=by_mail, versions=versions)
    except DomainError as error:
        messages.error(request, say(error))
    else:
        found = dict(zip((draft.pk for draft in drafts), outcomes, strict=True))
        told = {str(key): _(DraftDeleted.message) for key in keys}
        told |= {str(row.pk): _already(row) for row in chosen if not row.is_draft}
        told |= {str(key): text for key, text in _told(found, by_mail=by_mail)}
        request.session[TOLD] = told
        query["done"] = "1"
        query["cursor"] = request.POST.get("next", "")
        _summarise(request, [row for row in outcomes if isinstance(row, Invoice)], left_out)
    query.setlist("invoice", [str(key) for key in keys])
    return redirect(f"{request.path}?{query.urlencode()}")


def _told(outcomes: Mapping[int, Invoice | DomainError], *, by_mail: bool) -> Iterator[tuple[int, str]]:
    """What the page after says of each draft: '' for one that was issued as asked."""
    mailed = (
        set(Email.objects.filter(invoice__in=list(outcomes)).values_list("invoice_id", flat=True)) if by_mail else set()
    )
    issued = Invoice.objects.filter(pk__in=list(outcomes)).exclude(number=None).in_bulk()
    for key, outcome in outcomes.items():
        if isinstance(outcome, InvoiceIssued):
            yield key, _already(issued[key])
        elif isinstance(outcome, DomainError):
            yield key, say(outcome)
        elif by_mail and key not in mailed:
            yield key, _("Émise, sans e-mail : le client n’a pas d’adresse.")
        else:
            yield key, ""


def _already(invoice: Invoice) -> str:
    return _("Déjà émise : %(number)s") % {"number": invoice.number}


def _summarise(request: HttpRequest, issued: Sequence[Invoice], left_out: int) -> None:
    """One sentence for all; each row tells its own."""
    if any(invoice.is_credit_note for invoice in issued):
        sentence = ngettext("%(count)s document émis.", "%(count)s documents émis.", len(issued))
    else:
        sentence = ngettext("%(count)s facture émise.", "%(count)s factures émises.", len(issued))
    text = sentence % {"count": len(issued)} if issued else _("Rien de plus n’est émis : chaque ligne dit pourquoi.")
    if left_out:
        more = ngettext(
            "%(count)s brouillon est laissé de côté : cent au plus s’émettent à la fois.",
            "%(count)s brouillons sont laissés de côté : cent au plus s’émettent à la fois.",
            left_out,
        )
        text = f"{text} {more % {'count': left_out}}"
    (messages.success if issued else messages.info)(request, text)
