"""Sums as people type them in a field: 12/3, 1 234,5 + 10, 2 x (3,50 + 1). A reader of its own, never `eval`.

Figures are ASCII digits with a comma or a point for decimals, thousands set apart by spaces, points or commas. An
exponent is no figure. Whatever is typed costs a bounded time: LONGEST characters, DEEPEST parentheses.
"""

from __future__ import annotations

import re
from decimal import Decimal, localcontext

LONGEST = 120
# Longer than any amount of the product (19 digits, EN 16931).
LONGEST_FIGURE = 40
DEEPEST = 10
# What a sum is computed with: more than any column keeps.
PRECISION = 60

_SPACES = re.compile("[\\s\u00a0\u2007\u2009\u202f]+")
# « 1 1/2 » is no thousand: in a sum a space inside a figure stands before three digits
_ODD_SPACE = re.compile(r"[0-9.,][\s\u00a0\u2007\u2009\u202f]+(?![0-9]{3}(?![0-9]))[0-9.,]")
_FIGURE = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
# two marks at least: « 1.234 » alone is read as one and some
_DOTTED_THOUSANDS = re.compile(r"[0-9]{1,3}(?:(?:\.[0-9]{3})+,[0-9]*|(?:\.[0-9]{3}){2,})")
_COMMA_THOUSANDS = re.compile(r"[0-9]{1,3}(?:(?:,[0-9]{3})+\.[0-9]*|(?:,[0-9]{3}){2,})")
# « 1 €5 » and « 0x10 » are no figures either
_NO_FIGURE = re.compile(r"€[\s\u00a0\u202f]*[0-9.,]|(?<![0-9.,])0[xX]")
_TOKEN = re.compile(r"[0-9.,]+|[-+*/()]")
_SIGNS = str.maketrans({"\u2212": "-", "×": "*", "x": "*", "X": "*", "÷": "/", "’": "", "'": "", "€": ""})


class NotASum(ValueError):
    """The text is no figure and no sum."""


class TooLong(NotASum):
    """More characters or parentheses than anybody needs."""


class DividedByZero(NotASum):
    """A division by zero."""


def reckon(text: str) -> tuple[Decimal, bool]:
    """The value of the text, and whether something was computed (a mere figure is taken as it stands).

    Raises NotASum, TooLong, DividedByZero.
    """
    if len(text) > LONGEST:
        raise TooLong
    plain = _SPACES.sub("", text).translate(_SIGNS).removesuffix("%").removeprefix("=")
    tokens = _TOKEN.findall(plain)
    if not tokens or "".join(tokens) != plain or _NO_FIGURE.search(text):
        raise NotASum
    # a context of its own: 28 digits would round what is typed before the column does
    with localcontext(prec=PRECISION):
        value, rest = _sum(tokens, 0, 0)
    computed = sum(token[0] not in "+-*/()" for token in tokens) > 1
    # « 200 - 10 % » would be 190 to one reader and 180 to the other
    if rest != len(tokens) or (computed and (_ODD_SPACE.search(text) or "%" in text)):
        raise NotASum
    return value, computed


def _sum(tokens: list[str], at: int, depth: int) -> tuple[Decimal, int]:
    value, at = _product(tokens, at, depth)
    while at < len(tokens) and tokens[at] in "+-":
        term, following = _product(tokens, at + 1, depth)
        value = value + term if tokens[at] == "+" else value - term
        at = following
    return value, at


def _product(tokens: list[str], at: int, depth: int) -> tuple[Decimal, int]:
    value, at = _signed(tokens, at, depth)
    while at < len(tokens) and tokens[at] in "*/":
        factor, following = _signed(tokens, at + 1, depth)
        if tokens[at] == "/" and not factor:
            raise DividedByZero
        value = value * factor if tokens[at] == "*" else value / factor
        at = following
    return value, at


def _signed(tokens: list[str], at: int, depth: int) -> tuple[Decimal, int]:
    """A figure or a parenthesis, after at most one sign."""
    sign = Decimal(1)
    if at < len(tokens) and tokens[at] in "+-":
        sign, at = Decimal(-1 if tokens[at] == "-" else 1), at + 1
    if at >= len(tokens):
        raise NotASum
    if tokens[at] != "(":
        return sign * _figure(tokens[at]), at + 1
    # bounded: each parenthesis is a call, and Python's own limit would end the request
    if depth == DEEPEST:
        raise TooLong
    value, at = _sum(tokens, at + 1, depth + 1)
    if at >= len(tokens) or tokens[at] != ")":
        raise NotASum
    return sign * value, at + 1


def _figure(text: str) -> Decimal:
    if len(text) > LONGEST_FIGURE:
        raise TooLong
    if _DOTTED_THOUSANDS.fullmatch(text):
        text = text.replace(".", "")
    elif _COMMA_THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    text = text.replace(",", ".", 1)
    if not _FIGURE.fullmatch(text):
        raise NotASum
    return Decimal(text)
