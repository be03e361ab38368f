"""`manage.py ereport --company SIREN --period P`: what is to be reported of a period, from the facts as they stand.

One report each: transactions of a décade; payments of a month, and its transactions where the regime reports them by
month. Purchases are told only where there are some. Exit code: 0 when each is valid, 1 when one is not, 2 when nothing
answers to the names.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.kernel.clock import local_day
from config.kernel.companies import companies_numbered
from config.kernel.models import Company
from config.kernel.scope import company_scope
from einvoicing.formats import ereporting
from einvoicing.formats.ereporting import message
from einvoicing.reporting.building import Draft, build_draft
from einvoicing.reporting.choosing import choice_at, regime_of
from einvoicing.reporting.judging import judge
from einvoicing.reporting.models import Report, ReportStatus
from einvoicing.reporting.periods import KINDS, PURCHASES, UnknownPeriod, parse_period
from einvoicing.reporting.shapes import content_of, period_of
from einvoicing.validation.report import Report as Verdict

INVALID, UNKNOWN = 1, 2
DRAFT, DUE = "draft", "due"


class Command(BaseCommand):
    help = "Ce qu’une société doit transmettre en e-reporting (flux 10) pour une période, d’après ses factures."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--company", required=True, metavar="SIREN")
        parser.add_argument("--period", required=True, metavar="P", help="2026-11-1, -2, -3 (décade) ou 2026-11 (mois)")
        parser.add_argument("--kind", choices=[kind.lower() for kind in KINDS], help="un seul rapport de la période")
        shape = parser.add_mutually_exclusive_group()
        shape.add_argument("--json", action="store_true", help="un objet JSON par rapport, un par ligne")
        shape.add_argument("--xml", action="store_true", help="le fichier de chaque rapport, l’un après l’autre")

    def handle(self, *_args: Any, **options: Any) -> None:
        company = companies_numbered(options["company"]).first()
        if company is None:
            raise CommandError(f"Aucune société n’a le SIREN {options['company']}.", returncode=UNKNOWN)
        if company.is_swiss:
            raise CommandError(f"{company.name} est suisse : elle ne déclare rien en France.", returncode=UNKNOWN)
        now = timezone.now()
        with company_scope(company):
            drafts = _drafts(company, options["period"], options["kind"], now)
        valid = True
        for draft in drafts:
            data = ereporting.render(draft.content)
            verdict = judge(data)
            valid = valid and verdict.valid
            if options["xml"]:
                self.stdout.write(data.decode())
            else:
                tell = _line if options["json"] else _story
                self.stdout.write(tell(draft, verdict, now))
        if not valid:
            raise CommandError("Un rapport au moins n’est pas conforme aux règles officielles.", returncode=INVALID)


def _drafts(company: Company, text: str, kind: str | None, now: datetime) -> list[Draft]:
    """Raises CommandError."""
    try:
        periods = parse_period(text, regime=regime_of(company, text))
    except UnknownPeriod as error:
        raise CommandError(str(error), returncode=UNKNOWN) from error
    if kind:
        periods = [period for period in periods if period.kind == kind.upper()]
        if not periods:
            raise CommandError(
                f"Aucun rapport {kind} n’a « {text} » pour période : transactions par décade, paiements par mois, ou "
                "selon le régime de TVA.",
                returncode=UNKNOWN,
            )
    drafts = [build_draft(company=company, period=period, at=now) for period in periods]
    return [draft for draft in drafts if kind or draft.period.kind != PURCHASES or not draft.is_empty]


def _state(draft: Draft, now: datetime) -> str:
    return DUE if draft.period.is_over(local_day(now)) else DRAFT


def _line(draft: Draft, verdict: Verdict, now: datetime) -> str:
    state = _state(draft, now)
    return json.dumps(
        {
            **period_of(draft),
            **_choice(draft),
            "state": state,
            "is_draft": state == DRAFT,
            **content_of(draft),
            "valid": verdict.valid,
            "violations": [
                {"rule": one.rule, "severity": one.severity, "text": one.text, "location": one.location}
                for one in verdict.violations
            ],
            "sha256": draft.fingerprint,
        },
        ensure_ascii=False,
    )


def _choice(draft: Draft) -> dict[str, Any]:
    """How the company reports that period, and where its last report stands; null where none was made."""
    with company_scope(draft.company):
        choice = choice_at(draft.company, draft.period.start)
        reports = Report.objects.filter(period__kind=draft.period.kind, period__start=draft.period.start)
        last = reports.defer("content", "rows").order_by("turn").last()
        is_told = reports.filter(status=ReportStatus.ACCEPTED).exists()
    report = {"turn": last.turn, "type": last.type_code, "status": last.status.lower()} if last else None
    return {
        "regime": choice.regime.lower(),
        "channel": choice.channel.lower(),
        "type": message.CORRECTIVE if is_told else message.INITIAL,
        "report": report,
    }


_TITLES = {"SALES": "ventes", "PURCHASES": "achats", "PAYMENTS": "encaissements"}


def _story(draft: Draft, verdict: Verdict, now: datetime) -> str:
    period = draft.period
    state = (
        "brouillon, période en cours"
        if _state(draft, now) == DRAFT
        else f"à transmettre d’ici au {period.due_on:%d/%m/%Y}"
    )
    lines = [
        f"{draft.company.name} : {_TITLES[period.kind]} du {period.start:%d/%m/%Y} au {period.end:%d/%m/%Y} ({state})"
    ]
    if draft.is_empty:
        lines.append("  rien à déclarer")
    for row in draft.rows:
        rate = "" if row.rate is None else f" à {row.rate.normalize():f} %"
        sums = f"{row.amount} TTC" if period.carries_payments else f"{row.net} HT, {row.vat} de TVA"
        lines.append(f"  {row.flux} {row.day:%d/%m/%Y} {row.label}{rate} : {sums}".replace("  :", " :"))
        names = sorted({" ".join(filter(None, (piece.document, piece.payment))) for piece in row.pieces})
        lines.append(f"       {', '.join(names)}")
    lines += [f"  ! {one.document} : {one.sentence}" for one in draft.difficulties]
    lines += [f"  {'!' if one.severity == 'warning' else '✗'} {one.rule} : {one.text}" for one in verdict.violations]
    return "\n".join(lines)
