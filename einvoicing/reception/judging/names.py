"""Whether two names are of the same company, or one is made to look like the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from billing.purchases.resemblance import plain_name, resembles

SAME = 0.9  # the same name, or one whole within the other
SHORTEST = 4  # letters: below, everything looks alike
_GLYPHS = (("rn", "m"), ("vv", "w"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"))


def is_same(printed: str, known: str) -> bool:
    """The same words without the legal form, or one name whole within the other.

    >>> is_same("DURAND SAS", "Durand"), is_same("Durand Électricité SARL", "DURAND"), is_same("Dupont", "Durand")
    (True, True, False)
    """
    one, other = plain_name(printed), plain_name(known)
    # printed in capitals with gaps, or joined by an engine
    return one.replace(" ", "") == other.replace(" ", "") or resembles(one, other) >= SAME


def look_alike(printed: str, known: str) -> bool:
    """Nearly the same letters, which an eye takes for the same name.

    >>> look_alike("Martirn Conseil", "Martin Conseil"), look_alike("Boulangerie Paul", "Martin Conseil")
    (True, False)
    """
    one, other = _seen(printed), _seen(known)
    return min(len(one), len(other)) >= SHORTEST and resembles(one, other) > 0


def _seen(name: str) -> str:
    """Letters that are drawn alike, as one."""
    seen = plain_name(name)
    for drawn, meant in _GLYPHS:
        seen = seen.replace(drawn, meant)
    return seen


def resembling(printed: str, known: Iterable[tuple[int, str]]) -> Iterator[int]:
    """Those of the known whose name is, or looks like, the printed one."""
    if printed:
        yield from (key for key, name in known if is_same(printed, name) or look_alike(printed, name))
