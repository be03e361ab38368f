"""What people type to settle a difference, to give money back and to have the bank pay."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from config.kernel.filters import DatedFilter
from config.kernel.folding import holds
from config.kernel.forms import FrenchDateField, FrenchDecimalField, TextField
from payments.models import BankAccount, Method, Refund, WriteOffReason
from payments.services.write_off_limits import limits_of

AMOUNT: dict[str, Any] = {"min_value": Decimal("0.01"), "max_digits": 16, "decimal_places": 2, "shown": 2}
WAITING, ORDERED, CANCELLED, RETURNED = "waiting", "ordered", "cancelled", "returned"


class WriteOffForm(forms.Form):
    amount = FrenchDecimalField(label=_("Montant à solder"), **AMOUNT)
    reason = forms.ChoiceField(label=_("Motif"), choices=WriteOffReason.choices)
    with_vat = forms.BooleanField(
        label=_("Récupérer la TVA de ce montant"),
        required=False,
        help_text=_("Escompte dont le client est informé, ou créance définitivement perdue (CGI art. 272-1)."),
    )
    note = TextField(
        label=_("Note"),
        required=False,
        max_length=300,
        help_text=_("Pour une perte : ce qui prouve qu’elle est définitive."),
    )


class RefundForm(forms.Form):
    def __init__(self, *args: Any, accounts: Sequence[BankAccount], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["bank_account"].choices = [("", "—"), *((str(row.pk), row.name) for row in accounts)]  # type: ignore[attr-defined]

    amount = FrenchDecimalField(label=_("Montant à rembourser"), **AMOUNT)
    method = forms.ChoiceField(
        label=_("Moyen"), choices=[pair for pair in Method.choices if pair[0] != Method.DIRECT_DEBIT]
    )
    iban = TextField(
        label=_("IBAN du client"),
        required=False,
        max_length=42,
        help_text=_("Il le faut pour un virement ; proposé d’après le dernier règlement de ce client."),
    )
    bank_account = forms.ChoiceField(label=_("Depuis le compte"), required=False)
    made_on = FrenchDateField(label=_("Date"))
    reason = TextField(label=_("Motif"), max_length=140)


class OrderForm(forms.Form):
    executes_on = FrenchDateField(label=_("Date d’exécution"))


class RefundFilter(DatedFilter):
    day = "made_on"
    state = forms.ChoiceField(
        required=False,
        choices=[
            ("", ""),
            (WAITING, _("À virer")),
            (ORDERED, _("Dans un ordre")),
            (RETURNED, _("Paiement rejeté")),
            (CANCELLED, _("Annulé")),
        ],
    )

    def narrow(self, rows: QuerySet[Refund]) -> QuerySet[Refund]:
        rows = self.within(rows)
        narrowed: dict[str, dict[str, Any]] = {
            WAITING: {"kind": "REFUND", "method": Method.TRANSFER, "order": None, "cancelled_at": None},
            ORDERED: {"order__isnull": False, "cancelled_at": None},
            RETURNED: {"kind": "RETURN", "cancelled_at": None},
            CANCELLED: {"cancelled_at__isnull": False},
        }
        rows = rows.filter(**narrowed.get(self.value("state") or "", {}))
        text = self.value("q")
        return rows.filter(holds(text, "number", "customer__name", "reason")) if text else rows

    def controls(self) -> list[dict[str, Any]]:
        return [self.control("state", _("État")), *self.dates()]


class LimitsForm(forms.Form):
    """A field per role and reason."""

    def __init__(self, *args: Any, company_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.keys = {f"{role}_{reason}": (role, reason) for role, reason in limits_of(company_id)}
        for name, most in zip(self.keys, limits_of(company_id).values(), strict=True):
            self.fields[name] = FrenchDecimalField(
                label=WriteOffReason(self.keys[name][1]).label,
                min_value=Decimal(0),
                max_digits=12,
                decimal_places=2,
                shown=2,
                initial=most,
            )

    def limits(self) -> dict[tuple[str, str], Decimal]:
        return {key: self.cleaned_data[name] for name, key in self.keys.items()}

    def by_role(self) -> list[dict[str, Any]]:
        """The fields of each role, for the page."""
        roles = dict.fromkeys(role for role, _reason in self.keys.values())
        return [
            {"role": role, "fields": [self[name] for name, key in self.keys.items() if key[0] == role]}
            for role in roles
        ]
