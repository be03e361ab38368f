"""Choosing how numbers are written. The counters are locked: what is issued at the same moment is before or after.

A changed pattern applies to the next number. A counter never goes back, and where it has begun it skips nothing (CGI
ann. II 242 nonies A, I-7°): only a series without any number may start elsewhere than at 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from billing.ledger.journals import journal_names
from billing.models import Invoice, InvoiceKind, NumberedKind, NumberPattern, NumberSequence
from billing.number_patterns import USUAL, Pattern, counter_of, read_pattern, taken_apart
from billing.numbering import lock_counters
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import Invalid
from config.kernel.models import Company

USUAL_SERIES = {NumberedKind.INVOICE: "FAC", NumberedKind.DEPOSIT: "ACO", NumberedKind.CREDIT_NOTE: "AVO"}
# of orders, purchases, money and entries: their counters are no documents of the law's series
OTHERS = frozenset({"ACH", "CDF", "CMD", "ENC", "LOT", "PRL", "RBT", "REG", "REM", "VIR"})
LARGEST_FIRST = 999_999


class SeriesTaken(Invalid):
    code = "series_taken"
    message = (
        "« %(series)s » numérote déjà autre chose (écritures, commandes, règlements) : choisissez d’autres lettres."
    )


class NumberGiven(Invalid):
    code = "number_given"
    message = "Cette série a déjà donné le numéro %(last)s : elle continue par le suivant, sans saut ni retour."


def kind_of(kind: str) -> NumberedKind:
    """The series in which a document of this kind is numbered."""
    return NumberedKind.INVOICE if kind == InvoiceKind.CORRECTED else NumberedKind(kind)


def usual_pattern(kind: NumberedKind) -> Pattern:
    return Pattern(USUAL % USUAL_SERIES[kind])


def patterns_of(company_id: int) -> dict[NumberedKind, tuple[Pattern, str, int]]:
    """Of each kind its pattern, and the place of the first number of a stem; '' and 1 where nothing was chosen."""
    rows = {row.kind: row for row in NumberPattern.everywhere.filter(company=company_id)}
    return {
        kind: (Pattern(rows[kind].pattern), rows[kind].stem, rows[kind].first)
        if kind in rows
        else (usual_pattern(kind), "", 1)
        for kind in NumberedKind
    }


def place_of_next(company_id: int, pattern: Pattern, on: date, *, stem: str = "", first: int = 1) -> int:
    """The place that the next number would have if it were given now; somebody else may take it."""
    series, year = counter_of(pattern.stem(on))
    counter = NumberSequence.everywhere.filter(company=company_id, series=series, year=year).first()
    last = counter.last if counter else 0
    return last + 1 if last else first if pattern.stem(on) == stem else 1


def last_place(company_id: int, stem: str) -> int:
    """The greatest place given after this stem, by the counter or on an invoice that came with its number."""
    series, year = counter_of(stem)
    counter = NumberSequence.everywhere.filter(company=company_id, series=series, year=year).first()
    given = Invoice.everywhere.filter(company=company_id, number__startswith=stem).values_list("number", flat=True)
    return max(counter.last if counter else 0, _greatest(given, stem))


def _greatest(numbers: Iterable[str | None], stem: str) -> int:
    parts = (taken_apart(number or "") for number in numbers)
    return max((part[1] for part in parts if part and part[0] == stem), default=0)


@transaction.atomic
def change_pattern(
    *, company: Company, kind: NumberedKind, text: str, first: int | None, actor: Actor, at: datetime
) -> NumberPattern:
    """Write the next numbers of the kind so, from `first` where nothing was given yet.

    Raises PatternRefused, SeriesTaken, NumberGiven, each at its field.
    """
    try:
        pattern = read_pattern(text)
    except Invalid as error:
        raise type(error)(error.message, fields={"pattern": error.sentence}) from error
    lock_counters(company.pk)
    stem = pattern.stem(local_day(at))
    series, year = counter_of(stem)
    if year and (series in OTHERS or series in journal_names(company.pk)):
        refused = SeriesTaken(series=series)
        raise SeriesTaken(series=series, fields={"pattern": refused.sentence})
    last = last_place(company.pk, stem)
    wanted = first or last + 1
    if last and wanted != last + 1:
        refused_first = NumberGiven(last=pattern.number(local_day(at), last))
        raise NumberGiven(fields={"first": refused_first.sentence}, **refused_first.params)
    values = {"pattern": pattern.text, "stem": stem, "first": wanted, "changed_at": at}
    row: NumberPattern
    row, _new = NumberPattern.everywhere.update_or_create(company=company, kind=kind, defaults=values)
    data = {"kind": str(kind), "pattern": pattern.text, "next": pattern.number(local_day(at), wanted)}
    audit.record("billing.numbering.changed", subject=row, also=[], actor=actor, at=at, data=data)
    return row
