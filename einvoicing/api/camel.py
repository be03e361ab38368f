"""The Chorus Pro module says its names in camelCase, as it prints them; Python keeps its own."""

from __future__ import annotations

import re
from typing import Any

from rest_framework import serializers

from config.kernel.api.fields import Body, Query


def camel(name: str) -> str:
    """amount_excluding_tax → amountExcludingTax."""
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


class _Camel(serializers.Serializer):
    """`supplier_siret` in Python is `supplierSiret` on the wire."""

    def get_fields(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, field in super().get_fields().items():
            if field.source is None and camel(name) != name:
                field.source = name
            found[camel(name)] = field
        return found


class CamelShape(_Camel):
    """An answer."""


class CamelBody(_Camel, Body):
    """What a partner sends."""


class CamelQuery(_Camel, Query):
    """The parameters after the question mark."""
