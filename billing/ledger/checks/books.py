"""Of the books themselves: 471 is empty, numbers follow each other, old items are lettered, the chain was verified."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F, Sum
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.ledger.accounts import SUSPENSE
from billing.ledger.checks import Check, Finding, Period
from billing.ledger.proof import VERIFIED
from billing.models import JournalLine
from config.kernel import typography
from config.kernel.clock import local_day
from config.kernel.models import AuditEvent
from config.kernel.todo import counted

OLD = timedelta(days=365)


def suspense(period: Period) -> Iterator[Finding]:
    """What waits on 47x is explained before the days that it stands in are closed (PCG 944-47)."""
    lines = JournalLine.objects.filter(account__startswith=SUSPENSE[:2], day__lte=period.through, is_carried=False)
    waiting = lines.filter(account__regex="^47[123]").values("account").annotate(sum=Sum(F("debit") - F("credit")))
    for row in waiting.exclude(sum=0).order_by("account"):
        yield Finding(
            sentence=_("Le compte %(account)s n’est pas soldé : %(balance)s")
            % {"account": row["account"], "balance": typography.money(row["sum"])},
            detail=_("Ce qui y attend doit être expliqué avant la clôture."),
            action=_("Voir le compte"),
            url=ledger_of(period, row["account"]),
            blocking=True,
        )


def ledger_of(period: Period, account: str) -> str:
    """The general ledger of an account over its fiscal year, through the day."""
    query = {
        "from": f"{period.start:%Y-%m-%d}",
        "to": f"{period.through:%Y-%m-%d}",
        "first_account": account,
        "last_account": account,
    }
    return f"{reverse('billing:report', args=['general-ledger'])}?{urlencode(query)}"


_OLD_ITEMS = """
SELECT count(*), coalesce(sum(abs(amount)), 0) FROM (
  SELECT line.debit - line.credit AS amount FROM billing_journalline AS line
  WHERE line.company_id = %(company)s AND line.account ~ '^4[01]' AND line.day <= %(old)s AND NOT line.is_carried
    AND NOT EXISTS (SELECT FROM billing_letteredline AS tied WHERE tied.line_id = line.id AND tied.is_live)
  LIMIT 100000) AS item
"""


def old_items(period: Period) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(_OLD_ITEMS, {"company": period.company.pk, "old": period.through - OLD})
        count, total = cursor.fetchone()
    if count:
        sentence = ngettext(
            "%(n)s écriture de tiers non lettrée depuis plus d’un an",
            "%(n)s écritures de tiers non lettrées depuis plus d’un an",
            count,
        )
        yield Finding(
            sentence=counted(sentence, count),
            detail=_("%(total)s au total : à lettrer, à relancer, ou à passer en perte.")
            % {"total": typography.money(Decimal(total))},
            action=_("Voir les comptes de tiers"),
            url=reverse("billing:report", args=["third-parties"]),
        )


# entries bear the civil year in which their fiscal year ends, invoices that of their day
_NUMBERS = """
WITH numbered AS (
  SELECT number FROM billing_journalentry
  WHERE company_id = %(company)s AND day BETWEEN %(start)s AND %(end)s AND number LIKE '%%-' || %(last)s || '-%%'
  UNION ALL
  SELECT number FROM billing_invoice
  WHERE company_id = %(company)s AND issue_date BETWEEN make_date(%(first)s, 1, 1) AND make_date(%(last)s, 12, 31)
    AND number IS NOT NULL),
written AS (
  SELECT regexp_replace(number, '-[0-9]+$', '') AS series, count(*) AS rows,
         max(substring(number FROM '[0-9]+$')::bigint) AS last FROM numbered GROUP BY 1)
SELECT written.series, counter.last - written.rows
FROM billing_numbersequence AS counter JOIN written ON written.series = counter.series || '-' || counter.year
WHERE counter.company_id = %(company)s AND (counter.last <> written.rows OR counter.last <> written.last)
ORDER BY 1
"""


def numbers(period: Period) -> Iterator[Finding]:
    """Each number that was given stands on a document or an entry (CGI ann. II 242 nonies A; LPF A47 A-1)."""
    start, end = period.year.starts_on, period.year.ends_on
    bounds: dict[str, Any] = {"start": start, "end": end, "first": start.year, "last": end.year}
    with connection.cursor() as cursor:
        cursor.execute(_NUMBERS, bounds | {"company": period.company.pk})
        found: list[Any] = cursor.fetchall()
    for series, missing in found:
        sentence = ngettext(
            "%(n)s numéro manque dans la série %(series)s", "%(n)s numéros manquent dans la série %(series)s", missing
        )
        yield Finding(
            sentence=sentence % {"n": missing, "series": series},
            detail=_("Aucun acte du produit ne le permet : vérifiez la chaîne de preuve, et gardez l’explication."),
            action=_("Vérifier la preuve"),
            url=reverse("billing:closing-proof"),
        )


def proof(period: Period) -> Iterator[Finding]:
    """The chain of facts was recomputed since the last day to close, and held."""
    last = AuditEvent.objects.filter(tag=VERIFIED).order_by("-id").first()
    url, action = reverse("billing:closing-proof"), _("Vérifier la preuve")
    if last is None:
        yield Finding(sentence=_("La chaîne de preuve n’a jamais été vérifiée ici"), action=action, url=url)
        return
    breaks = int(last.data["breaks"])
    if breaks:
        sentence = ngettext("%(n)s rupture de la chaîne de preuve", "%(n)s ruptures de la chaîne de preuve", breaks)
        detail = _("Des faits scellés ont été modifiés hors du produit : faites-les expliquer avant de clôturer.")
        yield Finding(sentence=counted(sentence, breaks), detail=detail, action=action, url=url)
    elif local_day(last.at) <= period.through:
        since = _("La chaîne de preuve a été vérifiée pour la dernière fois le %(day)s")
        yield Finding(sentence=since % {"day": typography.day(last.at)}, action=action, url=url)


CHECKS = (
    Check("suspense", gettext_lazy("Comptes d’attente"), gettext_lazy("Les comptes 471 à 473 sont soldés."), suspense),
    Check("numbers", gettext_lazy("Suites de numéros"), gettext_lazy("Aucun numéro ne manque."), numbers),
    Check(
        "old-items", gettext_lazy("Lettrage"), gettext_lazy("Rien de plus d’un an n’attend d’être lettré."), old_items
    ),
    Check("proof", gettext_lazy("Chaîne de preuve"), gettext_lazy("Elle a été vérifiée, et tient."), proof),
)
