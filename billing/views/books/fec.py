"""« Comptabilité › FEC »: the file of each fiscal year, what the checker says of it, the dossier for an inspector."""

from __future__ import annotations

import tempfile
from typing import cast

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from billing.ledger.calendar import calendar_of
from billing.ledger.dossier import dossier_name, write_dossier
from billing.ledger.fec import Fec, Report, check_fec, fec_of
from billing.ledger.fec.streaming import streamed
from billing.ledger.years import year_ending_in
from billing.views.books.closing import company_of
from billing.views.books.years import year_rows
from config.kernel import typography
from config.kernel.access import actor_of, member
from config.kernel.clock import local_day
from config.kernel.confirming import Confirmation, confirm
from config.kernel.errors import DomainError

CHECKED = 200_000  # lines that a page waits for; beyond, `manage.py check_fec` does it
SHOWN = 200


def fec_asked(request: HttpRequest, number: int) -> Fec:
    """Raises Http404."""
    company, today = company_of(request), local_day(timezone.now())
    try:
        return fec_of(company, year_ending_in(calendar_of(company.pk), number, today=today), today=today)
    except DomainError as error:
        raise Http404(str(error)) from error


@require_GET
@member("books")
def fec_page(request: HttpRequest) -> HttpResponse:
    """The fiscal years; `?check=2026` reads the file of one with the checker."""
    today, asked = local_day(timezone.now()), request.GET.get("check", "")
    report, checked = None, None
    if asked.isdecimal() and len(asked) == 4:
        checked = fec_asked(request, int(asked))
        report = _checked(checked)
    context = {
        "rows": year_rows(company_of(request).pk, today),
        "today": today,
        "checked": checked,
        "report": report,
        "findings": report.findings[:SHOWN] if report else [],
        "is_too_long": checked is not None and report is None,
        "siren": company_of(request).legal_number,
    }
    return render(request, "billing/books/fec.html", context)


def _checked(fec: Fec) -> Report | None:
    """What the checker says; None where the file is longer than a page waits for."""
    with tempfile.TemporaryFile() as file:
        lines = 0
        for chunk in fec.chunks():
            lines += chunk.count(b"\n")
            if lines > CHECKED:
                return None
            file.write(chunk)
        file.seek(0)
        return check_fec(file, fec.name)


@require_GET
@member("books")
def fec_file(request: HttpRequest, number: int) -> HttpResponse:
    """The file as it is read, under the name that the law gives it."""
    return cast(HttpResponse, streamed(fec_asked(request, number)))


@require_http_methods(["GET", "POST"])
@member("books", posts="books.close")
def dossier(request: HttpRequest, number: int) -> HttpResponse:
    """All that an inspector asks for, in one file; GET says what it holds, and who takes it is written down."""
    fec = fec_asked(request, number)
    if request.method == "POST":
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
        write_dossier(file, fec=fec, actor=actor_of(request), at=timezone.now())
        file.seek(0)
        answer = FileResponse(file, as_attachment=True, filename=dossier_name(fec), content_type="application/zip")
        return cast(HttpResponse, answer)
    return confirm(
        request,
        Confirmation(
            title=_("Prendre le dossier de contrôle"),
            effect=_(
                "Un fichier ZIP pour un vérificateur ou un commissaire aux comptes : FEC, journal de la chaîne de "
                "preuve et programme qui la vérifie sans ce logiciel, factures émises avec leurs empreintes, statuts, "
                "suites de numéros. Il contient tout ce que la société a fait : l’historique dit qui l’a pris."
            ),
            facts=[
                (_("Exercice"), f"{typography.day(fec.year.starts_on)} – {typography.day(fec.year.ends_on)}"),
                (_("Jusqu’au"), typography.day(fec.through)),
            ],
            back=reverse("billing:fec"),
            back_label="FEC",
            icon="download",
        ),
    )
