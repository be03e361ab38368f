"""VAT returns: the periods, the boxes of each with what stands behind them, and declaring one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as format_day
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from billing.ledger.chart import account_names
from billing.ledger.reports.paper import is_figure, report_pdf
from billing.ledger.reports.table import ReportTable
from billing.ledger.vat.boxes import Declaration, declaration_of
from billing.ledger.vat.filing import (
    NotToFrance,
    check_fileable,
    check_refund,
    credit_before,
    file_return,
    filed_declaration,
    least_refund,
    settlement_of,
    settlement_postings,
)
from billing.ledger.vat.listing import periods_of
from billing.ledger.vat.periods import MONTH, QUARTER, UnknownVatPeriod, VatPeriod, parse_vat_period, period_of
from billing.ledger.vat.schedule import choose_schedule, schedule_of, usual_rhythm
from billing.ledger.vat.tables import box_table, line_table
from billing.models import VatReturn
from billing.views.books.reports import FILES, first_row, shown_rows
from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.clock import local_day
from config.kernel.confirming import Confirmation, confirm
from config.kernel.errors import DomainError
from config.kernel.exports import FORMATS, export_response, safe_filename
from config.kernel.forms import TextField
from config.kernel.middleware import say
from config.kernel.models import Company, VatRegime
from config.kernel.money import ZERO, exact
from config.kernel.sent_once import sent_once


@require_GET
@member("books")
def vat_list(request: HttpRequest) -> HttpResponse:
    """The running period first, then those to declare, then those that are declared."""
    company = cast(MemberRequest, request).membership.company
    schedule, usual = schedule_of(company), usual_rhythm(company)
    by = request.GET.get("by", usual)
    by = by if by in (MONTH, QUARTER) and not schedule else usual
    today = local_day(timezone.now())
    tabs = [
        {"label": label, "url": f"?by={name}", "active": name == by}
        for name, label in ((MONTH, _("Par mois")), (QUARTER, _("Par trimestre")))
    ]
    rows = [_listed(period, filed, today) for period, filed in periods_of(company, by=by, today=today)]
    may = cast(MemberRequest, request).membership.may("books.close")
    context = {"rows": rows, "tabs": tabs, "regime": _regime(company), "schedule": schedule, "may_schedule": may}
    return render(request, "billing/books/vat/list.html", context)


class ScheduleForm(forms.Form):
    first = TextField(
        label=gettext_lazy("Première période déclarée ici"),
        max_length=7,
        help_text=gettext_lazy("2026-11 pour déclarer chaque mois depuis novembre 2026, 2026-T4 chaque trimestre."),
    )


@require_http_methods(["GET", "POST"])
@member("books.close")
def vat_schedule(request: HttpRequest) -> HttpResponse:
    """By months or by quarters, and from which period on; those before were declared elsewhere."""
    company = cast(MemberRequest, request).membership.company
    row = schedule_of(company)
    initial = {"first": period_of(row.starts_on, by=row.rhythm).code if row else ""}
    form = ScheduleForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            first = parse_vat_period(form.cleaned_data["first"])
            choose_schedule(company=company, first=first, actor=actor_of(request), at=timezone.now())
        except DomainError as error:
            form.add_error("first", say(error))
        else:
            messages.success(request, _("Rythme des déclarations enregistré."))
            return redirect("billing:vat-list")
    return render(request, "billing/books/vat/schedule.html", {"form": form}, status=422 if form.errors else 200)


def _listed(period: VatPeriod, filed: VatReturn | None, today: date) -> dict[str, Any]:
    first, last = period.due_on
    if filed is not None:
        state, tone = _("Déclarée"), "good"
    elif not period.is_over(today):
        state, tone = _("En cours"), "neutral"
    else:
        state, tone = (_("À déclarer"), "warn") if today <= last else (_("En retard"), "bad")
    return {
        "name": period_name(period),
        "url": reverse("billing:vat-period", args=[period.code]),
        "state": state,
        "tone": tone,
        "due": f"{typography.day(first)} – {typography.day(last)}",
        "filed": filed,
    }


def period_name(period: VatPeriod) -> str:
    if period.is_quarter:
        words = _("T%(quarter)s %(year)s")
        return words % {"quarter": (period.starts_on.month + 2) // 3, "year": period.starts_on.year}
    return format_day(period.starts_on, "F Y")


def _regime(company: Company) -> str:
    """What its regime means for its returns, in words; '' under the normal one."""
    if company.is_swiss:
        return _(NotToFrance.message)
    if company.vat_regime == VatRegime.FRANCHISE:
        return _("En franchise de TVA (CGI 293 B) : rien n’est facturé, rien n’est dû, rien n’est déduit.")
    if company.vat_regime == VatRegime.SIMPLIFIED:
        return _(
            "Réel simplifié : la déclaration annuelle CA12 se fait hors d’ici, la dernière pour 2026. "
            "À partir de 2027, la CA3 se dépose chaque trimestre jusqu’à 1 000 000 € de chiffre d’affaires, chaque "
            "mois au-delà."
        )
    return ""


@require_GET
@member("books")
def vat_period(request: HttpRequest, code: str) -> HttpResponse:
    """The boxes of a period; `?box=` shows what makes one, `?format=` gives either as a file."""
    membership = cast(MemberRequest, request).membership
    company, period = membership.company, _period(code)
    filed = VatReturn.objects.filter(starts_on=period.starts_on, ends_on=period.ends_on).first()
    declaration = _declaration(company, period, filed)
    address = reverse("billing:vat-period", args=[period.code])
    table = box_table(declaration, period, address=address)
    figure = declaration.figures.get(request.GET.get("box", ""))
    lines = line_table(figure, period) if figure is not None and figure.lines else None
    answer = _file(request, lines or table, company)
    if answer is not None:
        return answer
    today = local_day(timezone.now())
    credit, least = declaration.tax("25"), least_refund(period)
    context = {
        "period": period,
        "name": period_name(period),
        "listed": _listed(period, filed, today),
        "regime": _regime(company),
        "to_pay": declaration.tax("32"),
        "credit": declaration.tax("27"),
        "boxes": _shown(table, 0, membership.role),
        "lines": _shown(lines, first_row(request.GET), membership.role) if lines else None,
        "box": figure.box.code if figure else "",
        "files": FILES,
        "settlement": _settlement(company, filed),
        "may_file": membership.may("books.close") and filed is None and _is_fileable(company, period, today),
        "least": least if credit >= least else None,
        "credit_shown": credit,
        "address": address,
    }
    return render(request, "billing/books/vat/period.html", context)


def _period(code: str) -> VatPeriod:
    try:
        return parse_vat_period(code)
    except UnknownVatPeriod as error:
        raise Http404 from error


def _is_fileable(company: Company, period: VatPeriod, today: date) -> bool:
    try:
        check_fileable(company, period, on=today)
    except DomainError:
        return False
    return True


def _declaration(
    company: Company, period: VatPeriod, filed: VatReturn | None = None, refund: Decimal = ZERO
) -> Declaration:
    """Of a period that is declared, the boxes as they were."""
    if filed is not None:
        return filed_declaration(filed)
    credit = credit_before(company, period.starts_on)
    return declaration_of(company, period.starts_on, period.ends_on, credit=credit, refund=refund)


def _shown(table: ReportTable, first: int, role: str) -> dict[str, Any]:
    heads = [{"label": column.label, "is_figure": is_figure(column)} for column in table.columns]
    return {**shown_rows(table, first, role), "table": table, "heads": heads}


def _file(request: HttpRequest, table: ReportTable, company: Company) -> HttpResponse | None:
    file_format = request.GET.get("format", "")
    if file_format in FORMATS:
        answer = export_response(
            file_format=file_format, filename=table.filename, columns=table.columns, rows=table.lines()
        )
        return cast(HttpResponse, answer)
    pdf = report_pdf(table, company=company, at=timezone.now()) if file_format == "pdf" else None
    if pdf is None:
        return None
    name = f'inline; filename="{safe_filename(table.filename)}.pdf"'
    return HttpResponse(pdf, content_type="application/pdf", headers={"Content-Disposition": name})


def _settlement(company: Company, filed: VatReturn | None) -> dict[str, Any] | None:
    entry = settlement_of(filed) if filed else None
    if entry is None:
        return None
    names = account_names(company.pk)
    lines = [(line.account, names.get(line.account, ""), line.debit, line.credit) for line in entry.lines.all()]
    return {"entry": entry, "lines": lines}


@require_http_methods(["GET", "POST"])
@member("books", posts="books.close")
@sent_once
def vat_file(request: HttpRequest, code: str) -> HttpResponse:
    """Declare a period, after a page that says what will be written. `?refund=` is what is asked back of a credit."""
    company, period = cast(MemberRequest, request).membership.company, _period(code)
    now, back = timezone.now(), reverse("billing:vat-period", args=[code])
    try:
        refund = _refund(request)
        if request.method == "POST":
            file_return(company=company, period=period, refund=refund, actor=actor_of(request), at=now)
            messages.success(request, _("TVA déclarée. Les livres sont clôturés jusqu’à la fin de la période."))
            return redirect(back)
        check_fileable(company, period, on=local_day(now))
        declaration = _declaration(company, period, refund=refund)
        check_refund(declaration, period, refund)
    except DomainError as error:
        messages.error(request, error.sentence)
        return redirect(back)
    return confirm(request, _confirmation(company, period, declaration, back))


def _refund(request: HttpRequest) -> Decimal:
    """As people write it. Raises NotAnAmount."""
    text = request.GET.get("refund", "").replace("\u202f", "").replace("\xa0", "").replace(" ", "").replace(",", ".")
    return exact(text[:20]) if text else ZERO


def _confirmation(company: Company, period: VatPeriod, declaration: Declaration, back: str) -> Confirmation:
    names = account_names(company.pk)
    entry = [
        (
            f"{posting.account} {names.get(posting.account, '')}",
            f"{_('débit') if posting.amount > 0 else _('crédit')} {typography.money(abs(posting.amount), 'EUR')}",
        )
        for posting in settlement_postings(declaration)
    ]
    return Confirmation(
        title=_("Marquer comme déclarée"),
        effect=_(
            "À faire une fois la CA3 déposée sur impots.gouv.fr. Ses cases sont figées, l’écriture ci-dessous est "
            "passée, et les livres sont clôturés jusqu’au %(day)s, définitivement sauf si l’exercice précédent est "
            "ouvert ou si un contrôle l’interdit : ce qui viendra encore de cette période sera déclaré dans la "
            "suivante."
        )
        % {"day": typography.day(period.ends_on)},
        facts=[
            (_("Période"), period_name(period)),
            (_("À payer"), typography.money(declaration.tax("32"), "EUR")),
            (_("Remboursement demandé"), typography.money(declaration.tax("26"), "EUR")),
            (_("Crédit à reporter"), typography.money(declaration.tax("27"), "EUR")),
            *entry,
        ],
        back=back,
        back_label=_("TVA"),
        icon="check",
    )
