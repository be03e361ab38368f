"""What can be read of a refused body, so that what is wrong between its fields is said with the rest, at once."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from django.core.exceptions import ValidationError as ValueRefused
from rest_framework.fields import SkipField
from rest_framework.serializers import ValidationError

from config.kernel.api.fields import Body


class CrossFieldBody(Body):
    """A body whose fields are also held against each other, even where some of them cannot be read."""

    def between(self, values: dict[str, Any], refused: Set[str]) -> Mapping[str, Any]:
        """What is wrong between the values, by field; `refused` are the fields that could not be read."""
        raise NotImplementedError

    def to_internal_value(self, data: Any) -> Any:
        try:
            return super().to_internal_value(data)
        except ValidationError as error:
            if not isinstance(data, Mapping) or not isinstance(error.detail, dict):
                raise
            wrong = self.between(self._readable(data), error.detail.keys())
            raise ValidationError({**wrong, **error.detail}) from error

    def _readable(self, data: Mapping[str, Any]) -> dict[str, Any]:
        found = {}
        for field in self._writable_fields:
            try:
                found[field.source] = field.run_validation(field.get_value(data))
            except (ValidationError, ValueRefused, SkipField):
                continue
        return found
