"""The document that an entry was written for, where it has a page; and the entries of a document."""

from __future__ import annotations

from typing import Any

from django.apps import apps

from billing.models import JournalEntry, ManualEntry

# what leads to a page in the place of a row that has none
_BEHIND = ("invoice", "payment", "purchase", "line", "refund")


def document_of(entry: JournalEntry) -> Any:
    """The row with a page that the entry is about; None for what has none, or is gone. One or two queries."""
    label, _colon, key = entry.source.partition(":")
    try:
        model: Any = apps.get_model(label)
    except (LookupError, ValueError):
        return None
    row = model.everywhere.filter(pk=key, company=entry.company_id).first() if key.isdigit() else None
    if row is None or isinstance(row, ManualEntry) or hasattr(row, "get_absolute_url"):
        return row
    behind = (getattr(row, name, None) for name in _BEHIND)
    return next((one for one in behind if hasattr(one, "get_absolute_url")), None)


def manual_entry_of(entry: JournalEntry) -> ManualEntry | None:
    """Why it was written by hand; None for what the product booked of a document."""
    label, _colon, key = entry.source.partition(":")
    if label != ManualEntry._meta.label_lower or not key.isdigit():
        return None
    found: ManualEntry | None = ManualEntry.everywhere.filter(pk=int(key)).first()
    return found
