"""Form fields that accept what French people type: 12/3, 21/11/26, +30j; 1 234,5.

Days are read relative to a `today` that the form gives; figures are ASCII digits only, never an exponent.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.kernel import arithmetic, characters, typography

_SPACES = re.compile("[\\s\u00a0\u2007\u2009\u202f]+")
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_FRENCH = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})(?:[/.-]([0-9]{4}|[0-9]{2}))?")
_SHIFT = re.compile(r"([+-])([0-9]{1,4})([jsm])", re.IGNORECASE)
_REFUSALS: dict[type[arithmetic.NotASum], str] = {
    arithmetic.NotASum: "invalid",
    arithmetic.TooLong: "too_long",
    arithmetic.DividedByZero: "division_by_zero",
}


def refuse_undrawable(text: str) -> None:
    """Raise ValidationError, naming the characters that no invoice could print."""
    if signs := characters.undrawable(text):
        message = _("Aucun document ne peut imprimer %(characters)s. Remplacez ou retirez ce caractère.")
        raise ValidationError(message, code="undrawable", params={"characters": characters.named(signs)})


class TextField(forms.CharField):
    """A text that may reach a document: without invisible characters, and refused where none of its faces draws it."""

    default_validators = [refuse_undrawable]

    def to_python(self, value: Any) -> Any:
        text = characters.clean(super().to_python(value) or "", lines=isinstance(self.widget, forms.Textarea))
        return text or self.empty_value


class FrenchDateInput(forms.TextInput):
    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        defaults = {"inputmode": "text", "autocomplete": "off", "placeholder": _("jj/mm/aaaa"), "class": "input-date"}
        super().__init__({**defaults, **(attrs or {})})

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, date):
            return f"{value:%d/%m/}{value.year:04d}"
        return super().format_value(value)


class FrenchDecimalInput(forms.TextInput):
    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        defaults = {"inputmode": "decimal", "autocomplete": "off", "class": "input-number"}
        super().__init__({**defaults, **(attrs or {})})


class FrenchDateField(forms.Field):
    """A day. `today` completes 12/3; `+30j` (j days, s weeks, m months) counts from `base`, or from today.

    Set `form.fields["due_date"].base = issue_date` when the day is relative to another.
    """

    widget = FrenchDateInput
    default_error_messages = {
        "required": _("Indiquez une date."),
        "invalid": _("Cette date n’est pas comprise. Écrivez par exemple 21/11/2026, 21/11 ou +30j."),
        "impossible": _("Ce jour n’existe pas dans le calendrier. Vérifiez le jour et le mois."),
    }

    def __init__(
        self, *, today: date | Callable[[], date] = timezone.localdate, base: date | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.today = today
        self.base = base

    def to_python(self, value: Any) -> date | None:
        # before `date`, of which a datetime is one too
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        if value in self.empty_values:
            return None
        text = _SPACES.sub("", str(value))
        if not text:
            return None
        if found := _SHIFT.fullmatch(text):
            return self._shifted(int(found[1] + found[2]), found[3].lower())
        if found := _ISO.fullmatch(text):
            return self._day(int(found[1]), int(found[2]), int(found[3]))
        if found := _FRENCH.fullmatch(text):
            return self._day(self._year(found[3]), int(found[2]), int(found[1]))
        raise ValidationError(self.error_messages["invalid"], code="invalid")

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(initial) != self.to_python(data))
        except ValidationError:
            return True

    def _today(self) -> date:
        return self.today() if callable(self.today) else self.today

    def _year(self, written: str | None) -> int:
        if not written:
            return self._today().year
        return int(written) + 2000 if len(written) == 2 else int(written)

    def _day(self, year: int, month: int, day: int) -> date:
        try:
            return date(year, month, day)
        except ValueError as error:
            raise ValidationError(self.error_messages["impossible"], code="impossible") from error

    def _shifted(self, count: int, unit: str) -> date:
        start = self.base or self._today()
        try:
            if unit == "m":
                year, month = divmod(start.year * 12 + start.month - 1 + count, 12)
                # 31 January + 1 month is the last day of February, as banks and « fin de mois » count
                return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
            return start + timedelta(days=count * (7 if unit == "s" else 1))
        except (ValueError, OverflowError) as error:
            raise ValidationError(self.error_messages["impossible"], code="impossible") from error


class FrenchDecimalField(forms.DecimalField):
    """A figure: 1 234,5 · 1234.5 · 1.234,50 · 12 €, or a sum: 12/3. No exponent, no NaN, no digit beyond 0–9.

    One comma alone is the decimal mark. Bounds and places are Django's `max_digits`, `decimal_places`, `min_value`.
    """

    widget = FrenchDecimalInput
    default_error_messages = {
        "required": _("Indiquez un nombre."),
        "invalid": _("Ce n’est pas un nombre. Écrivez par exemple 1 234,50 ou 12/3."),
        "division_by_zero": _("On ne peut pas diviser par zéro. Vérifiez le calcul."),
        "too_small": _("Le résultat de ce calcul est trop petit pour ce champ. Vérifiez le calcul."),
        "too_long": _("Ce nombre est trop long. Vérifiez les chiffres."),
    }

    def __init__(self, *, shown: int = 0, sums: bool = True, **kwargs: Any) -> None:
        """`shown`: the decimals a stored figure has at least when it is shown again (2 for money)."""
        self.shown = shown
        self.sums = sums
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # the stubs derive it from IntegerField
        if value in self.empty_values:
            return None
        if isinstance(value, Decimal | int) and not isinstance(value, bool):
            return Decimal(value)
        text = str(value)
        if not text.strip(" €%\u00a0\u202f"):
            return None
        try:
            figure, computed = arithmetic.reckon(text)
        except arithmetic.NotASum as error:
            code = _REFUSALS[type(error)]
            raise ValidationError(self.error_messages[code], code=code) from error
        if computed and not self.sums:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return self._rounded(figure) if computed else figure

    def _rounded(self, figure: Decimal) -> Decimal:
        """What was computed is rounded to the field's places; what was typed is never rounded, but refused."""
        if self.decimal_places is None:
            return figure
        if abs(figure.adjusted()) > arithmetic.LONGEST_FIGURE:
            raise ValidationError(self.error_messages["too_long"], code="too_long")
        # quantize fails where the result has more digits than the context: room for the longest figure and its places
        with localcontext(prec=2 * arithmetic.PRECISION):
            rounded = figure.quantize(Decimal(1).scaleb(-self.decimal_places), ROUND_HALF_UP)
        if figure and not rounded:  # 21/11/2026 in a price is a day, not a sum
            raise ValidationError(self.error_messages["too_small"], code="too_small")
        return rounded

    def validate(self, value: Any) -> None:
        if isinstance(value, Decimal) and not value.is_finite():
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        super().validate(value)

    def widget_attrs(self, widget: Any) -> dict[str, Any]:
        """`data-places`: the page shows what a sum makes, rounded as the field rounds it."""
        places = {} if self.decimal_places is None or not self.sums else {"data-places": str(self.decimal_places)}
        return {**super().widget_attrs(widget), **places}

    def prepare_value(self, value: Any) -> Any:
        """A stored figure is shown as one types it, without its idle zeros; what was typed is given back untouched."""
        if not isinstance(value, Decimal | int) or isinstance(value, bool):
            return value
        amount = Decimal(value)
        exponent = amount.normalize().as_tuple().exponent
        text = f"{amount:.{max(self.shown, -int(exponent))}f}"
        return text.replace(".", ",") if typography.in_french() else text
