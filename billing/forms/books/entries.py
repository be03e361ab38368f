"""What people type of an entry: its head, its sheet of lines; its reversal; and the filter of all entries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from billing.forms.books.third_parties import ThirdPartyField
from billing.forms.invoices import amount_of, customer_name
from billing.forms.purchases.accounts import AccountField, share_chart
from billing.ledger.journals import journal_names
from billing.ledger.manual import ManualLine
from billing.models import Journal, JournalEntry, JournalLine
from config.kernel.filters import DatedFilter
from config.kernel.folding import holds
from config.kernel.form_errors import filled_forms
from config.kernel.forms import FrenchDateField, FrenchDateInput, FrenchDecimalField, TextField
from config.kernel.money import ZERO

PREFIX = "lines"
MOST_ROWS = 300
AMOUNT: dict[str, Any] = {"max_digits": 16, "decimal_places": 2, "shown": 2, "required": False, "min_value": 0}


class EntryForm(forms.Form):
    day = FrenchDateField(label=_("Date"))
    journal = forms.ChoiceField(label=_("Journal"), initial=Journal.MISCELLANEOUS)
    piece = TextField(label=_("Pièce"), max_length=40, required=False)
    label = TextField(
        label=_("Libellé"), max_length=200, error_messages={"required": _("Dites ce que l’écriture enregistre.")}
    )

    def __init__(self, data: Any = None, *, company_id: int, today: date) -> None:
        super().__init__(data, initial={"day": today})
        names = {code: name for code, name in journal_names(company_id).items() if code != Journal.OPENING}
        choices = [(code, f"{code} {name}") for code, name in names.items()]
        cast(forms.ChoiceField, self.fields["journal"]).choices = choices


class EntryLineForm(forms.Form):
    """One row. The visible fields are the columns, in this order."""

    account = AccountField(label=_("Compte"), whole=True, error_messages={"required": _("Indiquez le compte.")})
    customer = ThirdPartyField(label=_("Tiers"), required=False)
    debit = FrenchDecimalField(label=_("Débit"), **AMOUNT)
    credit = FrenchDecimalField(label=_("Crédit"), **AMOUNT)
    label = TextField(label=_("Libellé"), max_length=200, required=False)
    due_date = FrenchDateField(
        label=_("Échéance"), required=False, widget=FrenchDateInput({"placeholder": _("jj/mm/aa")})
    )

    def clean(self) -> dict[str, Any]:
        typed = dict(super().clean() or {})
        debit, credit = typed.get("debit") or ZERO, typed.get("credit") or ZERO
        if debit and credit:
            self.add_error("credit", ValidationError(_("Une ligne est au débit ou au crédit, pas aux deux.")))
        elif not debit and not credit and "debit" not in self.errors and "credit" not in self.errors:
            self.add_error("debit", ValidationError(_("Indiquez un montant au débit ou au crédit.")))
        return typed

    @property
    def amount(self) -> Decimal:
        typed = self.cleaned_data
        return cast(Decimal, (typed.get("debit") or ZERO) - (typed.get("credit") or ZERO))

    def line(self) -> ManualLine:
        typed = self.cleaned_data
        return ManualLine(typed["account"], self.amount, typed["customer"], typed["label"], typed["due_date"])


_FormSet: Any = forms.formset_factory(
    EntryLineForm, extra=4, can_delete=True, max_num=MOST_ROWS, validate_max=True, absolute_max=MOST_ROWS + 1
)


def entry_lines(data: Mapping[str, Any] | None = None) -> Any:
    """The sheet of a form sent, or four empty rows."""
    formset = _FormSet(data, prefix=PREFIX)
    share_chart(formset.forms, "account")
    return formset


def lines_of(formset: Any) -> list[ManualLine]:
    """The rows of a valid sheet that count, in their order."""
    return [cast(EntryLineForm, form).line() for form in filled_forms(formset)]


def sums_of(formset: Any) -> dict[str, Decimal]:
    """Debit and credit of the rows as far as they are understood, and what they lack."""
    formset.is_valid()
    amounts = [cast(EntryLineForm, form).amount for form in filled_forms(formset) if hasattr(form, "cleaned_data")]
    debit = sum((amount for amount in amounts if amount > 0), ZERO)
    credit = -sum((amount for amount in amounts if amount < 0), ZERO)
    return {"debit": debit, "credit": credit, "gap": debit - credit}


class ReversalForm(forms.Form):
    day = FrenchDateField(label=_("Date de la contre-passation"))
    reason = TextField(label=_("Motif"), max_length=200, error_messages={"required": _("Dites pourquoi.")})


class EntryFilter(DatedFilter):
    """`?q=&journal=&account=&customer=&from=&to=`: a number, a piece, words of the label or an amount."""

    day = "day"
    journal = forms.CharField(required=False, max_length=5)
    account = forms.RegexField(r"^[0-9]{1,10}$", required=False)
    customer = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    def narrow(self, entries: QuerySet[JournalEntry]) -> QuerySet[JournalEntry]:
        found = self.within(entries)
        if self.value("journal"):
            found = found.filter(journal=self.value("journal"))
        lines = Q()
        if self.value("account"):
            lines &= Q(account__startswith=self.value("account"))
        if self.value("customer"):
            lines &= Q(customer=self.value("customer"))
        if lines:
            found = found.filter(Exists(JournalLine.objects.filter(lines, entry=OuterRef("pk"))))
        text = self.value("q")
        return found.filter(self._matching(text)) if text else found

    def _matching(self, text: str) -> Q:
        matching, amount = holds(text, "number", "piece", "label"), amount_of(text)
        if amount is None:
            return matching
        moved = JournalLine.objects.filter(Q(debit=amount) | Q(credit=amount), entry=OuterRef("pk"))
        return matching | Q(Exists(moved))

    def choices(self, company_id: int) -> list[dict[str, Any]]:
        """The controls of `_filters.html`."""
        journals = [(code, f"{code} {name}") for code, name in journal_names(company_id).items()]
        chosen = {"name": "journal", "label": _("Journal"), "kind": "select", "value": self.value("journal") or ""}
        return [
            {**chosen, "choices": journals},
            {
                "name": "account",
                "label": _("Compte"),
                "kind": "text",
                "value": self.value("account") or "",
                "choices": [],
            },
            *self.chosen_customer(customer_name(self.value("customer"))),
            *self.dates(),
        ]
