"""The base of the model's values, and the identifier that most of them bear."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


class Value:
    """Base of the model: refuses binary floats and numbers that are not finite, wherever they are put."""

    __slots__: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in type(self).__slots__:
            value = getattr(self, name)
            if isinstance(value, float):
                raise TypeError(f"{type(self).__name__}.{name} must be a Decimal, not a float")
            if isinstance(value, Decimal) and not value.is_finite():
                raise ValueError(f"{type(self).__name__}.{name} is not a finite number")


@dataclass(frozen=True, slots=True)
class Identifier(Value):
    """An identifier and the scheme it is drawn from (ISO 6523, EAS, UNTDID 1153), which may be absent."""

    value: str
    scheme: str = ""
