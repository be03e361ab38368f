"""Pointing at the words of a page: one showing of the worktable, and which words its fields were given."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.http import QueryDict
from django.utils.translation import gettext as _

from einvoicing.models import ReceivedDocument
from einvoicing.reception.forms import written
from einvoicing.reception.learning import Place
from einvoicing.reception.reading import Reading
from einvoicing.reception.reading.picking import PICKED, layout_of, value_at
from einvoicing.reception.reading.result import PageText

# fields of several words: the second that is pressed extends the first
_EXTENDED = frozenset({"number", "order_reference", "supplier_name"})


@dataclass(slots=True)
class Paper:
    """One showing of the page: what was read, what is typed, and what is being pointed at."""

    document: ReceivedDocument
    read: Reading
    typed: dict[str, str]
    picking: str = ""
    notice: str = ""
    shown: dict[str, Place] = field(default_factory=dict)


def take_word(paper: Paper, place: str) -> None:
    """What the pressed word says becomes the value of the field that is pointed at; a second word extends it."""
    name = paper.picking
    found = _word(paper.read, place)
    if name not in PICKED or found is None:
        return
    page, index = found
    layout = layout_of(page)
    first = paper.typed.get(f"shown_{name}", "")
    before = _word(paper.read, ".".join(first.split(".")[:2])) if first else None
    start = before[1] if before is not None and before[0] is page and name in _EXTENDED else index
    picked = value_at(layout, layout.words[start], layout.words[index], name)
    if picked is None:
        paper.notice = _("Ces mots ne disent rien pour ce champ : choisissez-en d’autres, ou tapez la valeur.")
        return
    paper.typed[name] = written(picked.value)
    paper.typed[f"shown_{name}"] = f"{page.number}.{start}.{index}"
    paper.shown[name] = (layout, picked)
    if name not in _EXTENDED:
        paper.picking = ""


def _word(read: Reading, place: str) -> tuple[PageText, int] | None:
    """The page and index of `page.index`."""
    number, _dot, index = place.partition(".")
    if not (number.isdecimal() and index.isdecimal()):
        return None
    page = next((one for one in read.pages if one.number == int(number)), None)
    return (page, int(index)) if page is not None and int(index) < len(page.words) else None


def pointed_places(read: Reading, data: QueryDict) -> dict[str, Place]:
    """The words that were pointed at so far."""
    places: dict[str, Place] = {}
    for name in PICKED:
        parts = data.get(f"shown_{name}", "").split(".")
        found = _word(read, ".".join(parts[:2])) if len(parts) == 3 else None
        last = _word(read, f"{parts[0]}.{parts[2]}") if found else None
        if found is None or last is None:
            continue
        layout = layout_of(found[0])
        if picked := value_at(layout, layout.words[found[1]], layout.words[last[1]], name):
            places[name] = (layout, picked)
    return places
