"""The fields every resource of the API is made of, and bodies that refuse what they do not know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date
from decimal import Context, Decimal
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Model, TextChoices
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.kernel import characters
from config.kernel.forms import refuse_undrawable

LARGEST_ID = 2**53 - 1
NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")
_WIDE = Context(prec=60)
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
NO_OBJECTS = "Un tableau ne contient pas d’objets : retirez « expand », ou demandez du JSON."
WITH_LINES = frozenset({"notes", "internal_notes", "description", "reason", "dispute_reason", "comment", "text"})
UNPRINTED = frozenset({"password", "refresh", "secret", "token", "signature", "cursor"})  # compared sign by sign
ID_SCHEMA = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}


class Exact(serializers.DecimalField):
    """A decimal number as JSON writes one. What is given out may be a sum, with more digits than one may send."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and not NUMBER.fullmatch(data):
            self.fail("invalid")
        return super().to_internal_value(data)

    def to_representation(self, value: Any) -> Decimal:
        return Decimal(value).quantize(Decimal(1).scaleb(-self.decimal_places), context=_WIDE)


@extend_schema_field({"type": "number", "multipleOf": 0.01})
class Money(Exact):
    """An amount: a JSON number with two decimals."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_digits": 16, "decimal_places": 2, "coerce_to_string": False, **options})


@extend_schema_field({"type": "number"})
class Number(Exact):
    """A quantity, a price or a rate: a JSON number with at least two decimals, and more where it has more."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"coerce_to_string": False, **options})

    def to_representation(self, value: Any) -> Decimal:
        number = super().to_representation(value).normalize()
        exponent = number.as_tuple().exponent
        return number if isinstance(exponent, int) and exponent < -2 else number.quantize(Decimal("0.01"))


@extend_schema_field(ID_SCHEMA)
class Id(serializers.IntegerField):
    """A key of ours: an integer every JSON reader keeps exact."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": LARGEST_ID, **options})


@extend_schema_field(ID_SCHEMA)
class Reference(serializers.PrimaryKeyRelatedField):
    """The key of a row of the caller's company; another company's does not exist. Validates to the row."""

    def __init__(self, model: type[Model] | None = None, **options: Any) -> None:
        if model is not None:
            options["queryset"] = model.objects  # type: ignore[attr-defined]  # a company row: scoped when it is read
        super().__init__(**options)
        self._found: dict[int, Any] = {}  # a body of a thousand rows names the same customers again and again

    def to_internal_value(self, data: Any) -> Any:
        text = str(data)
        whole = isinstance(data, int | str) and not isinstance(data, bool) and text.isascii() and text.isdecimal()
        if not whole or len(text) > 16 or int(text) > LARGEST_ID:
            raise serializers.ValidationError(_("Un identifiant est un nombre entier."))
        key = int(data)
        if key not in self._found:
            self._found[key] = super().to_internal_value(key)
        return self._found[key]


class Word(serializers.ChoiceField):
    """A word of the API for a code of ours: those of a mapping, or the codes themselves in lower case."""

    def __init__(self, choices: Mapping[str, Any] | type[TextChoices], **options: Any) -> None:
        codes = choices if isinstance(choices, Mapping) else {str(code).lower(): code for code in choices.values}
        self.codes: Mapping[str, Any] = codes
        super().__init__(choices=list(codes), **options)

    def to_internal_value(self, data: Any) -> Any:
        return self.codes[super().to_internal_value(data)]

    def get_default(self) -> Any:
        # a default is not read as what is sent is
        default = super().get_default()
        return self.codes.get(default, default)

    def to_representation(self, value: Any) -> Any:
        return next((word for word, code in self.codes.items() if code == value), value)


@extend_schema_field({"type": "string", "format": "date", "pattern": r"^(19|20|21)\d\d-\d\d-\d\d$"})
class Day(serializers.DateField):
    """YYYY-MM-DD, from 1900 to 2199."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.validators += [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]


class Moment(serializers.DateTimeField):
    """An instant, in UTC."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"default_timezone": UTC, **options})


class Switch(serializers.BooleanField):
    """true or false, and no number or word for them."""

    def to_internal_value(self, data: Any) -> bool:
        return bool(super().to_internal_value(data if isinstance(data, bool) else None))


def _refuse_undrawable(text: str) -> None:
    try:
        refuse_undrawable(text)
    except ValidationError as error:
        raise serializers.ValidationError(error.messages) from error


class Body(serializers.Serializer):
    """What a caller sends. A name that is no field is refused: a typing error must not pass for a wish.

    `shape` is the answer: its other fields may be sent back, and are held against the record as written (`stated.py`),
    like those named in `stated`. `echoed` may be sent back as they were read, and say nothing.
    """

    shape: type[serializers.Serializer] | None = None
    stated: tuple[str, ...] = ()
    echoed: tuple[str, ...] = ()

    @cached_property
    def compared(self) -> frozenset[str]:
        """The fields that this body cannot set, or not always."""
        shown = set(self.shape._declared_fields) if self.shape else set()  # noqa: SLF001 - of the class, cheaply
        return frozenset(self.stated) | (shown - set(self.fields) - set(self.echoed))

    def get_fields(self) -> Any:
        found = super().get_fields()
        for name, field in found.items():
            if isinstance(field, serializers.CharField) and name not in UNPRINTED:
                field.validators = [*field.validators, _refuse_undrawable]
        return found

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            if type(data) is dict:  # the fields of a form with a file keep Django's own kind
                data = {name: self._cleaned(name, value) for name, value in data.items()}
            unknown = set(data) - set(self.fields) - self.compared - set(self.echoed)
            if unknown:
                sentence = _("Ce champ n’existe pas ici.")
                known = self._errors_of(data)
                raise serializers.ValidationError({**known, **{str(name): [sentence] for name in sorted(unknown)}})
        return super().to_internal_value(data)

    def _cleaned(self, name: str, value: Any) -> Any:
        is_text = isinstance(value, str) and isinstance(self.fields.get(name), serializers.CharField)
        return characters.clean(value, lines=name in WITH_LINES) if is_text and name not in UNPRINTED else value

    def _errors_of(self, data: dict[str, Any]) -> dict[str, Any]:
        """What else is wrong: everything is said at once."""
        try:
            super().to_internal_value({name: value for name, value in data.items() if name in self.fields})
        except serializers.ValidationError as error:
            return dict(error.detail) if isinstance(error.detail, dict) else {}
        return {}


class Query(Body):
    """The parameters after the question mark."""


class Page(Query):
    """What every list takes."""

    limit = serializers.IntegerField(
        min_value=1, max_value=200, default=100, help_text="Rows in one answer; `Link` leads to the next ones."
    )
    cursor = serializers.CharField(required=False, max_length=500, help_text="From the `Link` header, as it is.")
    format = serializers.ChoiceField(
        ["json", "csv", "xlsx"], default="json", help_text="csv and xlsx stream the whole list."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("expand") and attrs["format"] != "json":
            raise serializers.ValidationError({"expand": _(NO_OBJECTS)})
        return attrs


class Message(serializers.Serializer):
    message = serializers.CharField()
