"""What people type to pay suppliers: what is chosen with its amounts, a payment recorded by hand, the settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from billing.purchases.models import PurchaseInvoice
from config.kernel.filters import DatedFilter
from config.kernel.folding import holds
from config.kernel.forms import FrenchDateField, FrenchDecimalField, TextField
from config.kernel.money import ZERO
from payments.models import BankAccount, Method, PayingSettings, PaymentRunLine, SupplierPayment, SupplierPaymentKind
from payments.outgoing.suppliers.due import Candidate

AMOUNT: dict[str, Any] = {"max_digits": 16, "decimal_places": 2, "shown": 2, "required": False}
IN_TABLE = "input input-number"
LIVE, RETURNED, CANCELLED = "live", "returned", "cancelled"


class AmountsForm(forms.Form):
    """An amount and a discount for each row, by its key; what is left empty is the whole, without discount."""

    def add_amounts(self, rows: Iterable[tuple[int, Decimal, Decimal, str]], *, discounts: bool = True) -> None:
        for key, amount, discount, name in rows:
            options = {**AMOUNT, "label": _("Montant de %(name)s") % {"name": name}}
            self._add(f"amount_{key}", FrenchDecimalField(min_value=Decimal("0.01"), initial=amount, **options))
            if discounts:
                options = {**AMOUNT, "label": _("Escompte de %(name)s") % {"name": name}}
                self._add(f"discount_{key}", FrenchDecimalField(min_value=ZERO, initial=discount or None, **options))

    def _add(self, name: str, field: forms.Field) -> None:
        """A field of the table, whose heading is its label."""
        field.widget.attrs |= {"aria-label": field.label, "class": IN_TABLE}
        self.fields[name] = field

    def amounts_of(self, key: int, whole: Decimal) -> tuple[Decimal, Decimal]:
        typed = self.cleaned_data
        return typed.get(f"amount_{key}") or whole, typed.get(f"discount_{key}") or ZERO

    def fields_of(self, key: int) -> dict[str, Any]:
        """The fields of a row, for the page."""
        name = f"discount_{key}"
        return {"amount": self[f"amount_{key}"], "discount": self[name] if name in self.fields else None}


class PrepareForm(AmountsForm):
    """What is chosen on the worktable, from which account, on which day."""

    bank_account: Any = forms.ModelChoiceField(label=_("Depuis le compte"), queryset=None, empty_label=None)
    executes_on = FrenchDateField(label=_("Date d’exécution"))
    is_by_supplier = forms.BooleanField(label=_("Un seul virement par fournisseur"), required=False)

    def __init__(self, *args: Any, accounts: QuerySet[BankAccount], rows: Sequence[Candidate], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["bank_account"].queryset = accounts
        self.add_amounts((one.purchase.pk, one.amount, one.discount, one.purchase.number) for one in rows)


class RunForm(AmountsForm):
    """Other amounts for the lines of a run that nobody has confirmed, another day."""

    executes_on = FrenchDateField(label=_("Date d’exécution"))

    def __init__(self, *args: Any, lines: Sequence[PaymentRunLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_amounts((line.pk, line.amount, line.discount, line.purchase.number) for line in lines)


class SupplierPaymentForm(AmountsForm):
    """A payment that was made: its purchases and their amounts, how and when."""

    method = forms.ChoiceField(label=_("Moyen"), choices=Method.choices)
    bank_account: Any = forms.ModelChoiceField(
        label=_("Depuis le compte"), queryset=None, required=False, empty_label=_("Aucun (caisse)")
    )
    made_on = FrenchDateField(label=_("Date du règlement"))
    reference = TextField(
        label=_("Référence"), required=False, max_length=140, help_text=_("N° de chèque, ou ce que le relevé dira.")
    )

    def __init__(
        self, *args: Any, accounts: QuerySet[BankAccount], rows: Sequence[PurchaseInvoice], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["bank_account"].queryset = accounts
        self.add_amounts((row.pk, row.balance, ZERO, row.number) for row in rows)


class ReturnForm(forms.Form):
    returned_on = FrenchDateField(label=_("Date du retour"))
    reason = TextField(label=_("Motif donné par la banque"), max_length=140)


class PayingSettingsForm(forms.ModelForm):
    class Meta:
        model = PayingSettings
        fields = ["confirm_above", "horizon_days", "discount_rate", "one_transfer_per_supplier"]

    confirm_above = FrenchDecimalField(
        label=_("Confirmation par une autre personne au-delà de (€)"),
        min_value=ZERO,
        max_digits=16,
        decimal_places=2,
        shown=2,
        help_text=_("0 : tout lot de règlements est confirmé par une autre personne que celle qui l’a préparé."),
    )
    discount_rate = FrenchDecimalField(
        label=_("Escompte intéressant à partir de (% par an)"),
        min_value=ZERO,
        max_digits=6,
        decimal_places=2,
        shown=2,
        help_text=_("Ce que votre trésorerie rapporte ou vous coûte : un escompte qui rend plus est proposé."),
    )


class SupplierPaymentFilter(DatedFilter):
    day = "made_on"
    state = forms.ChoiceField(
        required=False,
        choices=[("", ""), (LIVE, _("Fait")), (RETURNED, _("Revenu")), (CANCELLED, _("Annulé"))],
    )

    def narrow(self, rows: QuerySet[SupplierPayment]) -> QuerySet[SupplierPayment]:
        rows = self.within(rows)
        narrowed: dict[str, dict[str, Any]] = {
            LIVE: {"kind": SupplierPaymentKind.PAYMENT, "cancelled_at": None},
            RETURNED: {"kind": SupplierPaymentKind.RETURN, "cancelled_at": None},
            CANCELLED: {"cancelled_at__isnull": False},
        }
        rows = rows.filter(**narrowed.get(self.value("state") or "", {}))
        text = self.value("q")
        found = holds(text, "number", "supplier__name", "reference", "run__number", "order__number") if text else None
        return rows.filter(found) if found is not None else rows

    def controls(self) -> list[dict[str, Any]]:
        return [self.control("state", _("État")), *self.dates()]
