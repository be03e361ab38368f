"""The page that says what an act will do before it is done: for what cannot be undone, and for nothing else.

The act's own address answers GET with that page and does it on POST, so that no single click starts it. What can be
undone answers POST alone, and is listed with its undoing in tests/house/test_one_click.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """`title` is the act, as on the button; `effect` what it does; `facts` to what, as pairs of label and value."""

    title: str
    effect: str
    back: str
    back_label: Any
    icon: str = "send"
    facts: Sequence[tuple[str, Any]] = ()
    warning: str = ""
    letter: str = ""  # a message, as it leaves
    danger: bool = False  # something is lost by it


def confirm(request: HttpRequest, confirmation: Confirmation) -> HttpResponse:
    return render(request, "confirmation.html", {"confirmation": confirmation})
