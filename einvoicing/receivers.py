"""What happens below and concerns e-invoicing: each receiver only inserts a row; the sweep does the work."""

from __future__ import annotations


def connect() -> None:
    """Called once, when the app is ready."""
