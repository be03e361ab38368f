"""Forms that are printed and signed or handed over: a slip for the bank, a mandate. PDF, the same bytes each time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from django.template.loader import render_to_string

STYLESHEET = "form.css"


def print_form(template: str, context: Mapping[str, Any], *, name: str) -> bytes:
    """The template as PDF; `name` tells the document apart from others."""
    from billing.pdf_engine import make_pdf  # WeasyPrint takes half a second to import

    html = render_to_string(template, dict(context))
    return make_pdf(html, stylesheet=STYLESHEET, identifier=hashlib.sha256(name.encode()).digest()[:16])
