"""What a service refused, put where the person looks: at the field it names, else at the top of the form."""

from __future__ import annotations

import re

from django.forms import BaseForm, BaseFormSet

from config.kernel.errors import DomainError
from config.kernel.middleware import say, translated

# the services number lines from 1
_LINE = re.compile(r"lines\.(\d+)\.(\w+)")


def add_domain_error(form: BaseForm, error: DomainError, formset: BaseFormSet | None = None) -> None:
    """Show the error on a validated form: each sentence at its field, or at its line of `formset`.

    The lines given to the service must have been the formset's filled forms, in their order (`filled_forms`).
    """
    placed = False
    for name, sentence in error.fields.items():
        text = translated(sentence)
        if name in form.fields:
            form.add_error(name, text)
            placed = True
        elif formset is not None and (line := _LINE.fullmatch(name)):
            placed = _at_line(formset, int(line[1]), line[2], text) or placed
        else:
            form.add_error(None, text)
            placed = True
    if not placed:
        form.add_error(None, say(error))


def filled_forms(formset: BaseFormSet) -> list[BaseForm]:
    """The rows that count: those with something typed, and not thrown away."""
    thrown_away = formset.deleted_forms if formset.can_delete else []
    return [form for form in formset.forms if form.has_changed() and form not in thrown_away]


def _at_line(formset: BaseFormSet, number: int, name: str, text: str) -> bool:
    rows = filled_forms(formset)
    if not 1 <= number <= len(rows):
        return False
    row = rows[number - 1]
    row.add_error(name if name in row.fields else None, text)
    return True
