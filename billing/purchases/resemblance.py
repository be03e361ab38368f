"""How near two names of companies come, for candidates and for the look-alikes that fraud lives on. Plain Python."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache

from config.kernel.folding import fold

# what says how a company is made, not which one it is
_FORMS = frozenset(
    re.findall(
        r"\w+",
        "sa sas sasu sarl eurl sci scop snc sca se gmbh ag kg ltd limited llc inc plc bv nv srl spa slu sl ei societe "
        "ste ets etablissements group groupe france",
    )
)
NEAR = 0.8


@lru_cache(4096)
def plain_name(name: str) -> str:
    """The name without case, accents, punctuation and legal form; all of its words where nothing else is left."""
    words = re.findall(r"[a-z0-9]+", fold(name))
    return " ".join([word for word in words if word not in _FORMS] or words)


def resembles(one: str, other: str) -> float:
    """From NEAR to 1 (the same) how alike two plain names are; 0 below. One name within the other is near."""
    if not one or not other:
        return 0.0
    if one == other:
        return 1.0
    if min(len(one), len(other)) >= 4 and (f" {one} " in f" {other} " or f" {other} " in f" {one} "):
        return 0.9
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.real_quick_ratio() < NEAR or matcher.quick_ratio() < NEAR:
        return 0.0
    likeness = matcher.ratio()
    return likeness if likeness >= NEAR else 0.0
