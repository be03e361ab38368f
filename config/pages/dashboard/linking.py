"""Addresses within the dashboard: each keeps what the page was asked for."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.urls import reverse

from config.pages.dashboard.asking import Asked


def page_url(asked: Asked, **changes: Any) -> str:
    return f"{reverse('dashboard')}?{asked.query(**changes)}"


def ahead_url(asked: Asked) -> str:
    return f"{reverse('dashboard-ahead')}?{asked.query()}"


def lines_url(asked: Asked, figure: str, *, month: date | None = None, **changes: Any) -> str:
    """The documents behind a figure of the day, or of a month."""
    of_month = f"{month:%Y-%m}" if month else None
    return f"{reverse('dashboard-lines')}?{asked.query(figure=figure, month=of_month, **changes)}"
