"""The head of a supplier invoice as people enter and correct it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from billing.forms.picking import CustomerPickedForm
from billing.forms.purchases.filters import KINDS
from billing.forms.purchases.suppliers import checked
from billing.models import InvoiceKind, PurchaseInvoice, PurchaseOrder
from config.kernel.currencies import is_currency
from config.kernel.editing import RecordForm
from config.kernel.forms import FrenchDateField, FrenchDecimalField, TextField
from config.kernel.identifiers import iban
from customers.models import Customer, CustomerQuerySet

COLUMNS = (
    "kind", "number", "issue_date", "due_date", "supply_date", "currency", "vat_on_debits", "total_vat", "total_gross",
    "iban", "payment_reference", "order_reference", "corrects_number", "internal_notes",
)  # fmt: skip


class PurchaseForm(CustomerPickedForm):
    """What the document says. The supplier is chosen by typing; the net is the rest of the total."""

    picked_label = _("Fournisseur")
    several = _("Plusieurs fournisseurs portent ce nom. Choisissez dans la liste.")
    choose = _("Choisissez un fournisseur dans la liste.")
    unknown = _("Aucun fournisseur ne s’appelle ainsi.")

    customer = forms.CharField(label=_("Fournisseur"), required=False, widget=forms.HiddenInput)
    kind = forms.ChoiceField(label=_("Type"), choices=KINDS, initial=InvoiceKind.INVOICE)
    number = TextField(
        label=_("Numéro du fournisseur"),
        max_length=60,
        error_messages={"required": _("Indiquez le numéro écrit sur la facture.")},
    )
    issue_date = FrenchDateField(label=_("Date de facture"))
    due_date = FrenchDateField(
        label=_("Échéance"), required=False, help_text=_("Selon les conditions du fournisseur si rien n’est dit.")
    )
    supply_date = FrenchDateField(
        label=_("Date de livraison ou d’exécution"),
        required=False,
        help_text=_("Si elle tombe dans un autre exercice, la charge lui appartient."),
    )
    total_gross = FrenchDecimalField(
        label=_("Total TTC du document"), max_digits=16, decimal_places=2, min_value=0, shown=2
    )
    total_vat = FrenchDecimalField(
        label=_("dont TVA"),
        max_digits=16,
        decimal_places=2,
        min_value=0,
        shown=2,
        required=False,
        help_text=_("Celle des lignes si rien n’est dit."),
    )
    currency = TextField(label=_("Devise"), max_length=3, initial="EUR", required=False)
    vat_on_debits = forms.BooleanField(label=_("Mention « TVA d’après les débits »"), required=False)
    iban = TextField(label=_("IBAN à payer"), max_length=50, required=False)
    payment_reference = TextField(label=_("Référence à rappeler"), max_length=140, required=False)
    order_reference = TextField(label=_("N° de commande cité"), max_length=60, required=False)
    corrects_number = TextField(
        label=_("Facture corrigée"),
        max_length=60,
        required=False,
        help_text=_("Le numéro que l’avoir ou la facture rectificative nomme."),
    )
    internal_notes = TextField(label=_("Notes internes"), required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(
        self,
        *args: Any,
        purchase: PurchaseInvoice | None = None,
        supplier: Customer | None = None,
        corrected: PurchaseInvoice | None = None,
        kind: str = "",
        order: PurchaseOrder | None = None,
        **kwargs: Any,
    ) -> None:
        initial: dict[str, Any] = {name: getattr(purchase, name) for name in COLUMNS} if purchase else {}
        if corrected is not None:
            initial = {"kind": kind, "corrects_number": corrected.number, "currency": corrected.currency}
            supplier = corrected.supplier
        if order is not None:
            initial, supplier = {"order_reference": order.number, "currency": order.currency}, order.supplier
        super().__init__(*args, **{"initial": initial, **kwargs})
        self.shown = supplier or (purchase.supplier if purchase else None)

    def pickable(self) -> CustomerQuerySet:
        """A customer may bill us too: its first invoice makes it a supplier."""
        return Customer.objects.all()

    def clean_iban(self) -> str:
        return checked(iban.validate, self.cleaned_data["iban"])

    def clean_currency(self) -> str:
        code = (self.cleaned_data["currency"] or "EUR").upper()
        if not is_currency(code):
            raise ValidationError(_("Écrivez le code d’une devise en trois lettres, par exemple EUR ou USD."))
        return code

    def clean(self) -> dict[str, Any]:
        typed = dict(super().clean() or {})
        vat, gross = typed.get("total_vat"), typed.get("total_gross")
        if vat is not None and gross is not None and vat > gross:
            self.add_error("total_vat", _("La TVA dépasse le total TTC."))
        issued, due = typed.get("issue_date"), typed.get("due_date")
        if issued and due and due < issued:
            self.add_error("due_date", _("L’échéance précède la date de facture."))
        return typed

    def values(self, computed_vat: Decimal) -> dict[str, Any]:
        """The columns as typed, their net being the rest; the VAT of the lines where the document's is not typed."""
        typed = {name: self.cleaned_data[name] for name in COLUMNS}
        vat = computed_vat if typed["total_vat"] is None else typed["total_vat"]
        return {**typed, "total_vat": vat, "total_net": typed["total_gross"] - vat}


class AmendForm(RecordForm):
    """What stays open of a booked purchase."""

    due_date = FrenchDateField(label=_("Échéance"))
    iban = TextField(
        label=_("IBAN à payer"),
        max_length=50,
        required=False,
        help_text=_("Un IBAN qui n’est pas confirmé retient le règlement."),
    )
    internal_notes = TextField(label=_("Notes internes"), required=False, widget=forms.Textarea(attrs={"rows": 5}))

    def clean_iban(self) -> str:
        return checked(iban.validate, self.cleaned_data["iban"])


class ReasonForm(forms.Form):
    """A reason of an official list, with words of one's own for the supplier."""

    code = forms.ChoiceField(label=_("Motif"), error_messages={"required": _("Choisissez un motif de la liste.")})
    reason = TextField(
        label=_("Ce que le fournisseur lira"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Dites en quelques mots ce qui ne va pas.")},
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code: Any = self.fields["code"]
        code.choices = [("", "—"), *choices]


class WithdrawForm(forms.Form):
    reason = TextField(
        label=_("Pourquoi"), max_length=300, error_messages={"required": _("Dites en quelques mots pourquoi.")}
    )


class CreditUseForm(forms.Form):
    """So much of a credit note for one open invoice of the supplier."""

    purchase = forms.ChoiceField(label=_("Facture à régler"), widget=forms.RadioSelect)
    amount = FrenchDecimalField(label=_("Montant imputé"), max_digits=16, decimal_places=2, shown=2)

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        purchase: Any = self.fields["purchase"]
        purchase.choices = choices
