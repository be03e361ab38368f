"""What a report is asked for, read from its address: nothing of it is ever stored."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from billing.ledger.calendar import calendar_of
from billing.ledger.reports import Parameters, Report
from config.kernel.clock import PARIS
from config.kernel.forms import FrenchDateField
from config.kernel.models import Company
from customers.models import Customer

BASES = [("due", _("Par échéance")), ("invoice", _("Par date de facture"))]
FIRST, LAST = date(1990, 1, 1), date(2200, 1, 1)
ACCOUNT = r"^[1-8]\d{0,9}$"


class KnownField(forms.CharField):
    """A moment: 2026-11-21T14:05, in Paris unless it says otherwise."""

    def to_python(self, value: Any) -> Any:
        text = str(super().to_python(value) or "").strip()
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
            if not FIRST <= moment.date() <= LAST:
                raise ValidationError(_("Cette date est hors de ce que les livres peuvent tenir."))
            return moment if moment.tzinfo else moment.replace(tzinfo=PARIS)
        except (ValueError, OverflowError) as error:
            raise ValidationError(_("Écrivez le moment ainsi : 2026-11-21 14:05.")) from error


class ReportForm(forms.Form):
    """The fields that the report asks for; what is not given is the fiscal year until today."""

    first_account = forms.RegexField(ACCOUNT, required=False, max_length=10, label=_("Du compte"))
    last_account = forms.RegexField(ACCOUNT, required=False, max_length=10, label=_("Au compte"))
    customer = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, label=_("Tiers"))
    basis = forms.ChoiceField(required=False, choices=BASES, label=_("Ancienneté"))
    journal = forms.RegexField(r"^[A-Z0-9]{1,5}$", required=False, max_length=5, label=_("Journal"))
    open_only = forms.BooleanField(required=False, label=_("Non lettrées seulement"))
    by_document = forms.BooleanField(required=False, label=_("Par pièce"))
    product = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1, label=_("Produit"))
    known_at = KnownField(required=False, max_length=40, label=_("Tel que connu le"))

    def __init__(self, report: Report, *args: Any, company: Company, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.company, self.today = company, today
        days = {"from": _("Du"), "to": _("Au")} if "period" in report.asks else {"to": _("Au")}
        for name, label in days.items():
            self.fields[name] = FrenchDateField(required=False, today=today, label=label)
        asked = {"accounts": ("first_account", "last_account"), "period": ("from", "to"), "day": ("to",)}
        wanted = [name for ask in report.asks for name in asked.get(ask, (ask,))]
        self.fields = {name: self.fields[name] for name in wanted}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for name in ("from", "to"):
            if data.get(name) and not FIRST <= data[name] <= LAST:
                self.add_error(name, ValidationError(_("Cette date est hors de ce que les livres peuvent tenir.")))
        if data.get("from") and data.get("to") and data["to"] < data["from"]:
            self.add_error("to", ValidationError(_("La fin de la période est avant son début.")))
        if data.get("customer"):
            data["customer"] = Customer.objects.filter(pk=data["customer"]).first()
            if data["customer"] is None:
                self.add_error("customer", ValidationError(_("Ce tiers n’existe pas.")))
        return data

    def parameters(self) -> Parameters:
        """Of a valid form."""
        data = self.cleaned_data
        end = data.get("to") or self.today
        start = data.get("from") or calendar_of(self.company.pk).year_of(end).starts_on
        return Parameters(
            company=self.company,
            start=min(start, end),
            end=end,
            known_at=data.get("known_at"),
            first_account=data.get("first_account") or "",
            last_account=data.get("last_account") or "",
            customer=data.get("customer"),
            basis=data.get("basis") or "due",
            journal=data.get("journal") or "",
            open_only=bool(data.get("open_only")),
            by_document=bool(data.get("by_document")),
            product=data.get("product"),
        )
