"""The invoices that the words of a line nearly name: zeros lost, glued after a stroke, cut, one digit wrong or turned.

Evidence, never a proof: without the payer and the amount it applies nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from payments.matching.folding import HAS_DIGIT, squeeze
from payments.matching.index import Index, figures_of, series_of, without_zeros
from payments.matching.items import Line, OpenItem, in_order

INVOICE_WORD = re.compile(r"F|FA|FACT?S?|FACTURES?|INV|INVOICE|N|NO|NUM|NUMERO|REF")
ENDS = r"(?![A-Z0-9])(?![-_.][0-9])"  # not within a longer number
NEARLY = re.compile(
    r"(?<![A-Z0-9])(?:(?<![0-9][-_.])(?P<letters>[A-Z]+)[^A-Z0-9|]{0,2}|(?<![A-Z0-9][-_.]))"
    r"(?P<before>[0-9]{1,6})[^A-Z0-9|]{1,2}(?P<serial>[0-9]+)" + ENDS
)
SERIAL_ONLY = re.compile(rf"(?<![A-Z0-9])(?:{INVOICE_WORD.pattern})[^A-Z0-9]{{0,3}}(?P<serial>[0-9]+){ENDS}(?!/[0-9])")
LIKE_OURS = re.compile(r"(?<![A-Z0-9])(?P<letters>[A-Z]{1,8})[-_/. ]{0,2}(?P<figures>[0-9]+(?:[-_/.][0-9]+)*)")
REFERENCE = re.compile(r"(?<![A-Z0-9])RF[0-9]{2}[A-Z0-9]{4,21}(?![A-Z0-9])")
DIGITS = "0123456789"


@dataclass(slots=True)
class Nearly:
    """`found`: the open invoices that may be meant; `unclear`: some of them by a text that may mean several, or that
    is only one digit from them; `unknown`: texts that look like our numbers and are near none.
    """

    found: dict[Hashable, OpenItem] = field(default_factory=dict)
    unclear: set[Hashable] = field(default_factory=set)
    unknown: list[str] = field(default_factory=list)
    is_cut: bool = False  # a text ends within a number

    def add(self, items: Sequence[OpenItem], *, is_clear: bool) -> None:
        self.found |= {item.id: item for item in items}
        if len(items) > 1 or not is_clear:
            self.unclear |= {item.id for item in items}

    @property
    def items(self) -> list[OpenItem]:
        return sorted(self.found.values(), key=in_order)


NOTHING_NEAR = Nearly()


def find_near(
    texts: Sequence[str], line: Line, index: Index, own: Sequence[OpenItem], barred: Collection[Hashable]
) -> Nearly:
    """What the texts nearly name; `own`: what the payer owes, if it is known.

    Figures alone are often a date: without the letters of the series they count for the exact amount, or among the
    payer's own invoices; the last figure alone (« facture 12 ») only there.
    """
    nearly = Nearly()
    own_ids = {item.id for item in own}
    for text in texts:
        if not HAS_DIGIT(text):
            continue
        for written in NEARLY.finditer(text):
            items = [item for item in _of_figures(written, line, index, own_ids) if _is_usable(item, line, barred)]
            if items:
                nearly.add(items, is_clear=not _begins_another(written.group(), items, own))
                text = text.replace(written.group(), "|")
        for written in SERIAL_ONLY.finditer(text) if own else ():
            serial = without_zeros(written["serial"])
            items = [item for item in own if figures_of(item.number)[-1:] == (serial,)]
            if items:
                nearly.add(items, is_clear=not _begins_another(written.group(), items, own))
        _add_mistaken(text, nearly, line, index, own, barred)
    return nearly


def _begins_another(written: str, items: Sequence[OpenItem], own: Sequence[OpenItem]) -> bool:
    """What is read with its zeros lost may as well be another number of the payer's, cut."""
    key = squeeze(written)
    return any(squeeze(item.number).startswith(key) for item in own if item not in items)


def _is_usable(item: OpenItem, line: Line, barred: Collection[Hashable]) -> bool:
    return item.balance > 0 and item.id not in barred and item.currency == line.currency


def _of_figures(written: re.Match[str], line: Line, index: Index, own: Collection[Hashable]) -> Iterator[OpenItem]:
    letters = written["letters"] or ""
    key = without_zeros(written["before"]), without_zeros(written["serial"])
    for found in index.by_serial.get(key, ()):
        item = index.items[found]
        is_likely = found in own or item.balance == line.amount
        if letters == (series_of(item.number) or " ") or (
            is_likely and (not letters or INVOICE_WORD.fullmatch(letters))
        ):
            yield item


def _add_mistaken(
    text: str, nearly: Nearly, line: Line, index: Index, own: Sequence[OpenItem], barred: Collection[Hashable]
) -> None:
    """Texts that begin as our numbers do: cut, or with one digit wrong; or quite unknown."""
    if "RF" in text:
        nearly.unknown += REFERENCE.findall(text)
    for written in LIKE_OURS.finditer(text):
        if written["letters"] not in index.series:
            continue
        key = squeeze(written.group())
        ends = not text[written.end() :].strip(" -_/.,")
        items = [item for item in own if is_near(key, squeeze(item.number))]
        if not items and index.owing(line.currency, line.amount, most=1):
            mistaken = (index.items[one] for near in neighbours(key) for one in index.by_number.get(near, ()))
            items = [item for item in mistaken if item.balance == line.amount and _is_usable(item, line, barred)]
        if items:
            nearly.add(items, is_clear=False)
        elif ends and len(key) < index.shortest:
            nearly.is_cut = True
        elif len(key) >= 6:
            nearly.unknown.append(written.group())


def is_near(key: str, number: str) -> bool:
    """Cut before its end, one digit wrong or missing, or two neighbours turned round."""
    if number.startswith(key):
        return len(key) >= len(number) - 3 and key != number
    if len(key) != len(number):
        return len(key) == len(number) - 1 and any(number[:at] + number[at + 1 :] == key for at in range(len(number)))
    wrong = [at for at, (one, two) in enumerate(zip(key, number, strict=True)) if one != two]
    if len(wrong) == 1:
        return True
    return (
        len(wrong) == 2
        and wrong[1] == wrong[0] + 1
        and key[wrong[0]] + key[wrong[1]] == number[wrong[1]] + number[wrong[0]]
    )


def neighbours(key: str) -> Iterator[str]:
    """All that one wrong digit, or two turned round, would make of it."""
    for at, sign in enumerate(key):
        if sign.isdigit():
            yield from (key[:at] + other + key[at + 1 :] for other in DIGITS if other != sign)
            if key[at + 1 : at + 2].isdigit() and key[at + 1] != sign:
                yield key[:at] + key[at + 1] + sign + key[at + 2 :]
