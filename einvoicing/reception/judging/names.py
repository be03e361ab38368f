"""Whether two names are of the same company, or one is made to look like the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from einvoicing.reception.reading.extraction.names import core
from einvoicing.reception.reading.texts import fold, squeezed

LOOKALIKE = 0.82  # of two names without their legal form
SHORTEST = 4  # letters: below, everything looks alike
_GLYPHS = (("rn", "m"), ("vv", "w"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"))


def is_same(printed: str, known: str) -> bool:
    """The same letters without the legal form, or one name whole within the other.

    >>> is_same("DURAND SAS", "Durand"), is_same("Durand Électricité SARL", "DURAND"), is_same("Dupont", "Durand")
    (True, True, False)
    """
    one, other = core(printed), core(known)
    if one == other:
        return True
    words, known_words = set(fold(printed).split()), set(fold(known).split())
    shorter = min(one, other, key=len)
    whole = shorter in (squeezed(word) for word in words | known_words) or len(shorter) >= 2 * SHORTEST
    return len(shorter) >= SHORTEST and whole and (one in other or other in one)


def look_alike(printed: str, known: str) -> bool:
    """Nearly the same letters, which an eye takes for the same name.

    >>> look_alike("Martirn Conseil", "Martin Conseil"), look_alike("Boulangerie Paul", "Martin Conseil")
    (True, False)
    """
    one, other = _seen(printed), _seen(known)
    if min(len(one), len(other)) < SHORTEST:
        return False
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return one == other or (
        matcher.real_quick_ratio() >= LOOKALIKE and matcher.quick_ratio() >= LOOKALIKE and matcher.ratio() >= LOOKALIKE
    )


def _seen(name: str) -> str:
    """Letters that are drawn alike, as one."""
    seen = core(name)
    for drawn, meant in _GLYPHS:
        seen = seen.replace(drawn, meant)
    return seen


def resembling(printed: str, known: Iterable[tuple[int, str]]) -> Iterator[int]:
    """Those of the known whose name is, or looks like, the printed one."""
    if printed:
        yield from (key for key, name in known if is_same(printed, name) or look_alike(printed, name))
