"""« Achats › Factures »: the list of supplier invoices, the totals of its filter, and its export."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Any, cast

from django.db.models import Case, Count, F, Q, Sum, When
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from billing.forms.purchases.filters import PurchaseFilter
from billing.models import InvoiceKind
from billing.purchases.models import PurchaseInvoice, PurchaseQuerySet, PurchaseStatus
from billing.purchases.models.invoices import SETTLED
from billing.purchases.standing import chip_of, days_late, with_standing
from config.kernel import listing, typography
from config.kernel.access import MemberRequest, member
from config.kernel.clock import local_day
from config.kernel.scope import company_scope

BALANCE = F("total_gross") - SETTLED
SORTS: dict[str, Any] = {
    "received": "received_on",
    "supplier": "supplier__name",
    "number": "number",
    "date": "issue_date",
    "due": "due_date",
    "total": "total_gross",
    "remaining": BALANCE,
}
CHUNK = 500


@require_GET
@member("purchases")
def purchase_list(request: HttpRequest) -> HttpResponse:
    """`?export=csv` streams the whole filter as a file."""
    today = local_day(timezone.now())
    filters = PurchaseFilter(request.GET)
    found = filters.narrow(PurchaseInvoice.objects.all(), on=today)
    rows = with_standing(found).select_related("supplier")
    membership = cast(MemberRequest, request).membership
    if request.GET.get("export") == "csv":
        return _csv(rows.order_by("-received_on", "-pk"), today, membership.company_id)
    page = listing.page(rows, sorts=SORTS, default="-received", query=request.GET)
    context = {
        "page": page,
        "rows": [_row(purchase, today) for purchase in page],
        "q": filters.value("q") or "",
        "filters": filters.choices(),
        "filtered": any(filters.cleaned_data.values()),
        "summary": _summary(found),
        "may_edit": membership.may("purchases.edit"),
    }
    return render(request, "billing/purchases/list.html", context)


def _row(purchase: PurchaseInvoice, today: date) -> dict[str, Any]:
    return {
        "purchase": purchase,
        "chip": chip_of(purchase, today),
        "late": days_late(purchase, today),
        "total": purchase.sign * purchase.total_gross,
        "remaining": purchase.sign * purchase.balance if purchase.status == PurchaseStatus.BOOKED else None,
    }


def _summary(found: PurchaseQuerySet) -> str:
    """The totals of the whole filter in one query, a currency after the other; credit notes take off."""
    credit = Q(kind=InvoiceKind.CREDIT_NOTE)
    sums = {name: Sum(Case(When(credit, then=-F(f"total_{name}")), default=f"total_{name}")) for name in _TOTALS}
    owed = Sum(Case(When(credit, then=-BALANCE), default=BALANCE), filter=Q(status=PurchaseStatus.BOOKED))
    rows: Any = found.order_by().values("currency").annotate(rows=Count("pk"), owed=owed, **sums).order_by("currency")
    return " · ".join(_figures(row) for row in rows)


_TOTALS = ("net", "vat", "gross")


def _figures(row: dict[str, Any]) -> str:
    counted = ngettext("%(rows)s facture", "%(rows)s factures", row["rows"]) % {"rows": typography.number(row["rows"])}
    figures = _("HT %(net)s · TVA %(vat)s · TTC %(gross)s · reste à régler %(owed)s") % {
        name: typography.money(row[name] or 0, row["currency"]) for name in (*_TOTALS, "owed")
    }
    return f"{counted} · {figures}"


def _csv(rows: PurchaseQuerySet, today: date, company_id: int) -> HttpResponse:
    heads = (
        _("Référence"), _("Numéro"), _("Type"), _("Fournisseur"), _("SIREN"), _("Reçue le"), _("Date"), _("Échéance"),
        _("État"), _("Devise"), _("HT"), _("TVA"), _("TTC"), _("Reste à régler"),
    )  # fmt: skip
    answer = StreamingHttpResponse(_lines(heads, rows, today, company_id), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="achats-{today:%Y%m%d}.csv"'
    return cast(HttpResponse, answer)


def _lines(heads: tuple[str, ...], rows: PurchaseQuerySet, today: date, company_id: int) -> Iterator[str]:
    """The file part by part, with semicolons and decimal commas, as spreadsheets open it in French."""
    text = io.StringIO("\ufeff")
    text.seek(1)
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(heads)
    with company_scope(company_id):  # streamed after the view has left its scope
        for purchase in rows.iterator(chunk_size=CHUNK):
            writer.writerow(_cells(purchase, today))
            if text.tell() > 32_768:
                yield text.getvalue()
                text.seek(0)
                text.truncate()
    yield text.getvalue()


def _cells(purchase: PurchaseInvoice, today: date) -> list[str]:
    owed = purchase.balance if purchase.status == PurchaseStatus.BOOKED else 0
    days = (purchase.received_on, purchase.issue_date, purchase.due_date)
    amounts = (purchase.total_net, purchase.total_vat, purchase.total_gross, owed)
    words = (purchase.reference, purchase.number, purchase.get_kind_display(), purchase.supplier.name)
    return [
        *(_text(word) for word in (*words, purchase.supplier.siren)),
        *(f"{day:%d/%m/%Y}" for day in days),
        chip_of(purchase, today).label,
        purchase.currency,
        *(f"{purchase.sign * amount:.2f}".replace(".", ",") for amount in amounts),
    ]


def _text(value: str) -> str:
    """A number or a name that starts like a formula is one for a spreadsheet (OWASP, CSV injection)."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
