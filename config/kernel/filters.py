"""What the filters of dated lists share: a text, a period, amounts, and the controls of `_filters.html`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from config.kernel.folding import holds
from config.kernel.forms import FrenchDateField, FrenchDecimalField


class DatedFilter(forms.Form):
    """`?q=&from=&to=&min=&max=`: what is not understood is left out, never an error.

    `day`, `amount`: the columns of the period and of the amounts; without one, none are asked for."""

    q = forms.CharField(required=False, max_length=100)
    day = ""
    amount = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # names that Python keeps for itself
        self.fields["from"] = FrenchDateField(required=False)
        self.fields["to"] = FrenchDateField(required=False)
        if self.amount:
            for name in ("min", "max"):
                self.fields[name] = FrenchDecimalField(required=False, max_digits=16, decimal_places=2, sums=False)
        self.is_valid()

    @property
    def is_used(self) -> bool:
        return any(value not in (None, "") for value in self.cleaned_data.values())

    def value(self, name: str) -> Any:
        return self.cleaned_data.get(name)

    def within(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the period and of the amounts."""
        if self.value("from"):
            rows = rows.filter(**{f"{self.day}__gte": self.value("from")})
        if self.value("to"):
            rows = rows.filter(**{f"{self.day}__lte": self.value("to")})
        for name, side in (("min", "gte"), ("max", "lte")):
            if self.value(name) is not None:
                rows = rows.filter(**{f"{self.amount}__{side}": self.value(name)})
        return rows

    def control(self, name: str, label: Any, kind: str = "select") -> dict[str, Any]:
        value = self.value(name)
        field = self.fields[name]
        choices = [choice for choice in getattr(field, "choices", []) if choice[0]]
        shown = value.isoformat() if isinstance(value, date) else value or ""
        if isinstance(value, Decimal):
            shown = f"{value:f}".replace(".", ",")
        return {"name": name, "label": label, "kind": kind, "choices": choices, "value": shown}

    def chosen_customer(self, name: str | None) -> list[dict[str, Any]]:
        """The control of the one customer whose rows are shown, by its name; none without one."""
        value = self.value("customer")
        shown = {"name": "customer", "label": _("Client"), "kind": "select", "value": value, "choices": [(value, name)]}
        return [shown] if name else []

    def dates(self) -> list[dict[str, Any]]:
        return [self.control("from", _("Du"), "date"), self.control("to", _("Au"), "date")]

    def amounts(self) -> list[dict[str, Any]]:
        """From what amount to which, both included."""
        return [self.control("min", _("Montant de"), "amount"), self.control("max", _("Montant à"), "amount")]


class ListFilter(DatedFilter):
    """The same, for a list that asks nothing else: `texts` are the columns in which the text is looked for, `exact` the
    fields, named as their columns, whose value the rows have."""

    texts: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Those rows that the filter leaves."""
        rows = self.within(rows)
        chosen = {name: self.value(name) for name in self.exact if self.value(name)}
        text = self.value("q")
        return rows.filter(holds(text, *self.texts), **chosen) if text else rows.filter(**chosen)

    def controls(self) -> list[dict[str, Any]]:
        """For `_filters.html`."""
        own = [self.control(name, self.fields[name].label) for name in self.exact]
        return [*own, *(self.dates() if self.day else []), *(self.amounts() if self.amount else [])]
