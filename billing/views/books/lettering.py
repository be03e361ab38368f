"""« Comptabilité › Lettrage »: the open lines of an account and third party, chosen until they come to zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.contrib import messages
from django.db.models import Count, Exists, F, OuterRef, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from billing.forms.books.lettering import PlaceForm
from billing.forms.books.third_parties import recent_third_parties
from billing.ledger import account_names
from billing.ledger.lettering_by_hand import MOST_GAP, gap_of, letter_by_hand, may_level, open_lines, unletter
from billing.models import JournalLine, LetteredLine, Lettering
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.errors import DomainError
from config.kernel.sent_once import sent_once
from customers.models import Customer

SHOWN = 300
LATEST = 20


def _address(account: str, customer: Customer | None) -> str:
    typed = {"account": account, **({"customer": customer.siren or customer.name} if customer else {})}
    return f"{reverse('billing:lettering')}?{urlencode(typed)}"


@require_http_methods(["GET", "POST"])
@member("books", posts="books.write")
@sent_once
def lettering(request: HttpRequest) -> HttpResponse:
    form = PlaceForm(request.GET if request.GET.get("account") else {"account": "411000", "customer": ""})
    membership = cast(MemberRequest, request).membership
    if not form.is_valid():
        context = {"form": form, "third_parties": recent_third_parties(), "sides": None, "waiting": []}
        return render(request, "billing/books/lettering/page.html", context)
    account, customer = form.place()
    found = list(open_lines(membership.company_id, account, customer.pk if customer else None)[:SHOWN])
    chosen = _chosen(request, found) if request.method == "POST" else []
    if request.method == "POST" and (done := _letter(request, chosen)) is not None:
        messages.success(request, _("Lettrage %(letter)s enregistré.") % {"letter": done.letter})
        return redirect(_address(account, customer))
    context = {
        "form": form,
        "account": account,
        "name": account_names(membership.company_id).get(account, ""),
        "customer": customer,
        "sides": found,
        "chosen": {line.pk for line in chosen},
        "gap": _gap(chosen),
        "waiting": [] if customer else _waiting(account),
        "letterings": _latest(account, customer),
        "third_parties": recent_third_parties(),
        "may_write": membership.may("books.write"),
        "more": len(found) == SHOWN,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "billing/books/lettering/page.html", context, status=status)


def _letter(request: HttpRequest, chosen: Sequence[JournalLine]) -> Lettering | None:
    """The letter given, or None with the refusal said."""
    try:
        return letter_by_hand(
            lines=chosen, levels=request.POST.get("act") == "level", actor=actor_of(request), at=timezone.now()
        )
    except DomainError as error:
        messages.error(request, _(error.message) % error.params)
        return None


def _chosen(request: HttpRequest, found: Sequence[JournalLine]) -> list[JournalLine]:
    wanted = set(request.POST.getlist("line"))
    return [line for line in found if str(line.pk) in wanted]


def _gap(chosen: Sequence[JournalLine]) -> dict[str, Any]:
    gap = gap_of(chosen)
    return {"count": len(chosen), "amount": gap, "may_level": may_level(gap), "most": MOST_GAP}


@require_POST
@member("books")
def lettering_gap(request: HttpRequest) -> HttpResponse:
    """What the lines that are chosen lack, as they are chosen."""
    keys = [key for key in request.POST.getlist("line")[:SHOWN] if key.isascii() and key.isdigit() and len(key) < 20]
    chosen = list(JournalLine.objects.filter(pk__in=[int(key) for key in keys if int(key) < 2**63]))
    return render(request, "billing/books/lettering/_gap.html", {"gap": _gap(chosen)})


def _waiting(account: str) -> list[dict[str, Any]]:
    """The third parties with open lines on the account, those of the largest sums first."""
    live = LetteredLine.objects.filter(line=OuterRef("pk"), is_live=True)
    rows = JournalLine.objects.filter(~Exists(live), account=account, customer__isnull=False, is_carried=False)
    sums = rows.order_by().values("customer_id", name=F("customer__name"), siren=F("customer__siren"))
    found = sums.annotate(many=Count("id"), net=Sum(F("debit") - F("credit"))).order_by("-many", "customer_id")[:50]
    return [
        {**row, "url": f"{reverse('billing:lettering')}?{urlencode({'account': account, 'customer': _named(row)})}"}
        for row in found
    ]


def _named(row: dict[str, Any]) -> str:
    return str(row["siren"] or row["name"])


def _latest(account: str, customer: Customer | None) -> list[Lettering]:
    rows = Lettering.objects.filter(account=account, customer=customer, undone_at=None).order_by("-at", "-id")
    return list(rows.annotate(many=Count("lines"), sum=Sum("lines__line__debit"))[:LATEST])


@require_POST
@member("books.write")
@sent_once
def lettering_undo(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Lettering.objects.select_related("customer"), pk=pk)
    try:
        unletter(lettering=row, actor=actor_of(request), at=timezone.now())
    except DomainError as error:
        messages.error(request, _(error.message) % error.params)
    else:
        messages.success(request, _("Lettrage %(letter)s défait.") % {"letter": row.letter})
    return redirect(_address(row.account, row.customer))
