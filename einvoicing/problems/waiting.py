"""The transmissions that ask a person to act now: one question for the home page, lists, dashboard and invoices.

`transmissions.problem_of` says of one row what to do; `find_problems` finds the same rows in SQL. What a later
transmission overtook, what a credit note ended and what was answered asks nothing any more.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import models
from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import Invoice, InvoiceQuerySet, InvoiceStatus
from billing.standing import Chip
from einvoicing import lifecycle
from einvoicing.models import ANSWERS, LifecycleEvent, Transmission, TransmissionKind, TransmissionStatus
from einvoicing.platforms.registry import PLATFORMS

MIRRORS = tuple(kind for kind, provider in PLATFORMS.items() if provider.is_mirror)
BAD = tuple(code for code, status in lifecycle.STATUSES.items() if status.bad)
REFUSALS = tuple(code for code in BAD if lifecycle.is_final(code))
PARTLY_APPROVED, DISPUTED = "206", "207"


class ProblemKind(models.TextChoices):
    """What stopped an invoice; the value is the filter in the URL."""

    REFUSED = "refused", gettext_lazy("Refusées ou rejetées")
    INVALID = "invalid", gettext_lazy("Non conformes")
    STOPPED = "stopped", gettext_lazy("Abandonnées")
    REQUESTED = "asked", gettext_lazy("Le client attend quelque chose")
    UNDECLARED = "undeclared", gettext_lazy("Statuts non déclarés")
    DUPLICATED = "duplicated", gettext_lazy("Second numéro légal")


def find_problems(rows: QuerySet[Transmission]) -> QuerySet[Any]:
    """Those of `rows` on which somebody has to act, each with its `problem_kind`."""
    stopped = Q(status__in=[TransmissionStatus.INVALID, TransmissionStatus.DEAD])
    of_invoice = Q(kind=TransmissionKind.INVOICE)
    refused = ~Q(kind__in=ANSWERS) & Q(status=TransmissionStatus.REJECTED)
    bad_status = of_invoice & Q(lifecycle_code__in=BAD) & ~Q(account__kind__in=MIRRORS)
    bad_status &= ~Q(lifecycle_code=DISPUTED, invoice__disputed_at=None)
    bad_status &= ~Q(lifecycle_code=PARTLY_APPROVED, invoice__amount_credited__gt=0)
    ended = of_invoice & (Q(invoice__status=InvoiceStatus.CREDITED) | Exists(_later()))
    answered_again = Transmission.everywhere.filter(request=OuterRef("request"), created_at__gt=OuterRef("created_at"))
    # a mirror's copy that somebody finalized there, whatever became of our invoice
    duplicated = of_invoice & Q(copy_facts__has_key="finalized") & ~Q(copy_facts__has_key="cancelled")
    waiting = stopped | refused | (bad_status & ~Exists(_live_answer())) | duplicated
    return (
        rows.filter(waiting, dismissed_at=None)
        .exclude(ended & ~duplicated)
        .exclude(Exists(answered_again))
        .annotate(problem_kind=_problem_kind())
    )


def _later() -> QuerySet[Transmission]:
    """The same invoice sent again: to the same platform, or to another that carries it to its buyer."""
    again = Transmission.everywhere.filter(
        invoice=OuterRef("invoice"), kind=TransmissionKind.INVOICE, created_at__gt=OuterRef("created_at")
    )
    return again.filter(Q(account=OuterRef("account")) | ~Q(account__kind__in=MIRRORS))


def _live_answer() -> QuerySet[Transmission]:
    """An answer to the latest status, on its way or arrived."""
    latest = LifecycleEvent.everywhere.filter(
        transmission=OuterRef(OuterRef("pk")), code=OuterRef(OuterRef("lifecycle_code"))
    )
    latest = latest.order_by("-occurred_at").values("pk")[:1]
    answers = Transmission.everywhere.filter(kind__in=ANSWERS, request=Subquery(latest))
    return answers.exclude(status=TransmissionStatus.DEAD)


def _problem_kind() -> Case:
    return Case(
        When(kind__in=[TransmissionKind.STATUS, TransmissionKind.RECEIPT], then=Value(ProblemKind.UNDECLARED)),
        When(copy_facts__has_key="finalized", then=Value(ProblemKind.DUPLICATED)),
        When(status=TransmissionStatus.INVALID, then=Value(ProblemKind.INVALID)),
        When(status=TransmissionStatus.DEAD, then=Value(ProblemKind.STOPPED)),
        When(Q(status=TransmissionStatus.REJECTED) | Q(lifecycle_code__in=REFUSALS), then=Value(ProblemKind.REFUSED)),
        default=Value(ProblemKind.REQUESTED),
        output_field=CharField(),
    )


def _of_invoices() -> QuerySet[Transmission]:
    """What concerns the invoice itself: neither a copy, nor a status or an answer about it."""
    rows = find_problems(Transmission.everywhere.filter(kind=TransmissionKind.INVOICE))
    return rows.exclude(account__kind__in=MIRRORS)


def chips(invoices: Collection[Invoice]) -> dict[int, Chip]:
    """The bad news of each invoice that has some, as its chip. One query."""
    rows = _of_invoices().filter(invoice__in=[invoice.pk for invoice in invoices]).order_by("created_at", "id")
    return {row.invoice_id: Chip(chip_label(row), "bad") for row in rows}


def chip_label(row: Transmission) -> str:
    if row.status == TransmissionStatus.INVALID:
        return _("Non conforme")
    if row.status == TransmissionStatus.DEAD:
        return _("Non transmise")
    return _(lifecycle.label(row.lifecycle_code)) if row.lifecycle_code in BAD else _("Rejetée")


def with_problems(invoices: InvoiceQuerySet) -> InvoiceQuerySet:
    """Only the invoices that have bad news."""
    return invoices.filter(Exists(_of_invoices().filter(invoice=OuterRef("pk"))))
