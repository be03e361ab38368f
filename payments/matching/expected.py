"""Money that the account is about to show: slips taken to the bank, payments recorded by hand, our refunds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta

from payments.matching.cases import Case, write
from payments.matching.folding import fold, squeeze
from payments.matching.index import FEWEST_DIGITS, SHORTEST_NUMBER
from payments.matching.items import DEBIT_ORDER, Evidence, OpenItem, Verdict, amount_text

# of the day it was recorded for, and the day the bank shows it
BEFORE, AFTER = timedelta(days=7), timedelta(days=60)
SLIPS = re.compile(r"\b(REMISE|REM|CHEQUES?|CHQ|VERSEMENT|ESPECES|CARTES?|CB|PRLV|PRELEVEMENTS?)\b")


def judge_expected(case: Case) -> Verdict | None:
    """What is expected of this very amount: proven where the line bears its reference or number, proposed where the
    line is a slip and says no more.
    """
    waiting = case.index.waiting(DEBIT_ORDER, case.line.currency, case.line.amount)
    if not waiting:
        return None
    equal = _around(case, waiting)
    told = [item for item in equal if is_told(case, item)]
    if told:
        evidence = [Evidence("expected", told[0].number), Evidence("amount", amount_text(case.line.amount))]
        return _write(case, told, evidence, is_proven=len(told) == 1)
    if equal and not case.named.items and any(SLIPS.search(fold(text)) for text in case.line.texts):
        return _write(
            case, equal, [Evidence("slip", equal[0].number), Evidence("amount", amount_text(case.line.amount))]
        )
    return None


def _write(case: Case, items: Sequence[OpenItem], evidence: Iterable[Evidence], *, is_proven: bool = False) -> Verdict:
    item = items[0]
    return write(
        case,
        "expected",
        [],
        evidence,
        is_proven=is_proven,
        rivals=items[1:],
        found=((item.id, item.balance),),
        customer_id=item.customer_id,
    )


def _around(case: Case, items: Iterable[OpenItem]) -> list[OpenItem]:
    day = case.line.booked_on
    return [item for item in items if day is None or item.due_on - BEFORE <= day <= item.due_on + AFTER]


def is_told(case: Case, item: OpenItem) -> bool:
    """The line bears its number or one of its references, whole."""
    return bears(case, (item.number, *item.end_to_end_ids))


def bears(case: Case, references: Iterable[str]) -> bool:
    """An element of the line is one of the references, or one of its texts bears one, whole."""
    line = case.line
    references = tuple(references)
    if {line.end_to_end_id, line.mandate_reference, line.batch_reference} & set(filter(None, references)):
        return True
    texts = [squeeze(text) for text in (line.structured_reference, line.end_to_end_id, *line.texts) if text]
    keys = [squeeze(key) for key in references]
    return any(
        len(key) >= SHORTEST_NUMBER
        and sum(map(str.isdigit, key)) >= FEWEST_DIGITS
        and any(re.search(rf"(?<![0-9]){key}(?![0-9])", text) for text in texts)
        for key in keys
    )
