"""One record open in two tabs, or before two people: the form carries a digest of what it was read as.

Whoever saves second is told who changed it, sees both versions, and chooses: his own (whose digest is then the new one)
or the stored one. A form takes part by being a `RecordForm`; its view saves inside `as_read`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db import models, transaction
from django.forms import BaseFormSet
from django.utils.translation import gettext as _

from config.kernel import typography
from config.kernel.canonical import sha256
from config.kernel.errors import DomainError
from config.kernel.form_errors import filled_forms
from config.kernel.models import AuditEvent

READ_VERSION = "read_version"


class ChangedMeanwhile(DomainError):
    code = "changed_meanwhile"
    message = "Cette fiche a changé pendant que vous l’écriviez. Comparez les deux versions, puis choisissez."


@dataclass(frozen=True, slots=True)
class Difference:
    label: str
    stored: str
    typed: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """What somebody else saved meanwhile, beside what is typed."""

    version: str
    changed_by: str
    differences: list[Difference]


class RecordForm(forms.Form):
    """A form over a record. `conflict` is set when the record changed since this form was read."""

    conflict: Conflict | None = None
    given_version: str = ""  # of a form shown again as it was typed, without being bound
    formset: BaseFormSet | None = None

    @property
    def version(self) -> str:
        """What the page sends back: the digest of the stored values, and after a conflict that of the new ones."""
        if self.conflict:
            return self.conflict.version
        return self.given_version or (self.data.get(READ_VERSION, "") if self.is_bound else version_of(self))


def version_of(form: RecordForm) -> str:
    """The digest of the stored values the form was made from, its lines included."""
    rows = [_stored(row) for row in _rows(form) if row.initial]
    return sha256(repr([_stored(form), rows]))[:32]


def _rows(form: RecordForm) -> list[Any]:
    return list(form.formset.forms) if form.formset is not None else []


def _stored(form: Any) -> list[tuple[str, str]]:
    """Each field as stored, alike in every language; forms made of no record give their defaults."""
    values = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    extra = {"customer": form.shown.pk} if getattr(form, "shown", None) else {}
    return [(name, _plain(value)) for name, value in sorted({**values, **extra}.items())]


def _plain(value: Any) -> str:
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, list | tuple):
        return ",".join(_plain(item) for item in value)
    return "" if value is None else f"{value.normalize():f}" if hasattr(value, "normalize") else str(value)


@contextmanager
def as_read(form: RecordForm, record: models.Model | None, reread: Callable[[Any], RecordForm]) -> Iterator[None]:
    """Save inside: the record is locked, and still as this form read it. Raises ChangedMeanwhile (sets `conflict`).

    `reread(record)` makes the same form, unbound, of the record as it is now. A form that carries no digest was
    written by a program, which read nothing.
    """
    read = form.data.get(READ_VERSION, "")
    if record is None or not read:
        yield
        return
    with transaction.atomic():
        manager: Any = getattr(type(record), "everywhere", type(record)._default_manager)
        # locked before it is compared: between comparing and saving a third hand could write
        now = manager.select_for_update(no_key=True, of=("self",)).get(pk=record.pk)
        stored = reread(now)
        if version_of(stored) != read:
            form.conflict = Conflict(version_of(stored), _last_hand(now), _differences(stored, form))
            raise ChangedMeanwhile
        yield


def _last_hand(record: Any) -> str:
    """Who changed the record last, and when; '' when the trail does not say."""
    events = AuditEvent.objects.filter(subjects__contains=[record.subject]).order_by("-id")[:1]
    return next((f"{event.actor_name}, {typography.moment(event.at)}" for event in events), "")


def _differences(stored: RecordForm, typed: RecordForm) -> list[Difference]:
    pairs = [
        (str(field.label), _shown(stored[name]), _shown(typed[name]))
        for name, field in typed.fields.items()
        if name in stored.fields and not field.widget.is_hidden
    ]
    if hasattr(typed, "customer_text"):
        pairs.insert(0, (str(typed.picked_label), stored.customer_text, typed.customer_text))  # type: ignore[attr-defined]
    before, after = _lines(stored), _lines(typed)
    for place in range(max(len(before), len(after))):
        label = _("Ligne %(number)s") % {"number": place + 1}
        there, here = (lines[place] if place < len(lines) else "" for lines in (before, after))
        pairs.append((label, there, here))
    return [Difference(label, there, here) for label, there, here in pairs if there != here]


def _lines(form: RecordForm) -> list[str]:
    """Each line in one sentence."""
    if form.formset is None:
        return []
    rows = filled_forms(form.formset) if form.formset.is_bound else [row for row in form.formset.forms if row.initial]
    return [
        " · ".join(shown for field in row.visible_fields() if field.name != "DELETE" and (shown := _shown(field)))
        for row in rows
    ]


def _shown(bound: forms.BoundField) -> str:
    """The field's value as people read it."""
    value = bound.value()
    field: Any = bound.field
    if isinstance(field, forms.BooleanField):
        return _("oui") if field.to_python(value) else _("non")
    if isinstance(value, list | tuple):
        value = [str(item) for item in value]
    if hasattr(field, "choices"):
        wanted = value if isinstance(value, list) else [str(getattr(value, "pk", value) or "")]
        return ", ".join(str(label) for key, label in field.choices if str(key) in wanted)
    rendered = field.widget.format_value(value)
    return str(rendered).replace("\r\n", "\n").strip() if rendered is not None else ""
