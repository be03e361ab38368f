"""Reading the elements of an ISO 20022 message by their local names, whatever the version's namespace."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from lxml.etree import _Element as Element

from config.kernel.money import round2
from payments.statements.base import InvalidStatement

AMOUNT = re.compile(r"[0-9]{1,18}(\.[0-9]{0,18})?")


def name_of(element: Element) -> str:
    """The local name of the element, whatever the version's namespace."""
    tag = str(element.tag)
    return tag[tag.rfind("}") + 1 :]


def children(element: Element, *path: str) -> list[Element]:
    """The elements at `path`, whatever the version's namespace."""
    found = [element]
    for name in path:
        found = [child for one in found for child in one.iterchildren(f"{{*}}{name}")]
    return found


def first(element: Element, *path: str) -> Element | None:
    """The first element at `path`."""
    if not path:
        return element
    name, *rest = path
    for child in element.iterchildren(f"{{*}}{name}"):
        found = first(child, *rest)
        if found is not None:
            return found
    return None


def text(element: Element, *path: str) -> str:
    """The text at `path` on one line; '' when there is none."""
    found = first(element, *path)
    return " ".join((found.text or "").split()) if found is not None else ""


def line_of(element: Element) -> int | None:
    """The line of the file where the element begins."""
    found = element.sourceline
    return found if isinstance(found, int) else None


def amount_of(element: Element | None, label: str, line: int | None = None) -> tuple[Decimal, str]:
    """The amount, at two decimals, and its currency. Five decimals are read when the last three are zeros."""
    written = (element.text or "").strip() if element is not None else ""
    line = line_of(element) if element is not None else line
    currency = (element.get("Ccy") or "") if element is not None else ""
    if element is None or not AMOUNT.fullmatch(written) or not re.fullmatch("[A-Z]{3}", currency):
        raise InvalidStatement("Relevé %(where)s : un montant ou sa devise est illisible.", where=label, line=line)
    amount = Decimal(written)
    if round2(amount) != amount:
        raise InvalidStatement(
            "Relevé %(where)s : le montant %(amount)s est plus fin que le centime.",
            where=label,
            amount=written,
            line=line,
        )
    return round2(amount), currency


def day(element: Element, *path: str) -> date | None:
    """The date at `path`, written as Dt, DtTm or directly; None when absent or unreadable."""
    found = first(element, *path)
    if found is None:
        return None
    written = text(found, "Dt") or text(found, "DtTm") or (found.text or "").strip()
    try:
        # the time zone of a DtTm is left aside: the day is the one that the bank writes
        return date.fromisoformat(written[:10])
    except ValueError:
        return None
