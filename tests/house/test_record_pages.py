"""A page of news names records by their keys alone: each kind of record answers without being read."""

from __future__ import annotations

import pytest
from django.apps import apps

from config.kernel.places import record_url

RECORDS = sorted(model._meta.label_lower for model in apps.get_models() if hasattr(model, "get_absolute_url"))


@pytest.mark.parametrize("label", RECORDS)
def test_each_record_has_its_address_or_none_by_its_key_alone(label: str) -> None:
    assert record_url(f"{label}:7").startswith("/") or record_url(f"{label}:7") == ""
