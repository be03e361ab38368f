"""What people type about bank lines that pay no invoice: a rule, a booking, a note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing import ledger
from config.kernel.editing import RecordForm
from config.kernel.forms import FrenchDecimalField, TextField
from config.kernel.money import ZERO
from config.kernel.typography import percent
from payments.forms import SharesForm
from payments.models import BankAccount, BankLine, BankRule, Direction
from payments.services.allocations import Share
from payments.services.habits import Habit, look_of
from payments.services.settling_parts import Booked, Part, Received, Vat

MONEY: dict[str, Any] = {"max_digits": 16, "decimal_places": 2, "shown": 2}
PLAIN = ("name", "text", "counterparty", "counterparty_iban", "direction", "ledger_account", "label", "is_automatic")
ACCOUNT_HELP = _("Par exemple 627000 pour des frais bancaires, 421000 pour des salaires, 580000 entre vos comptes.")


def rate_choices() -> list[tuple[str, Any]]:
    """Asked at each form: a rate is written as its reader writes decimals."""
    return [("", _("Sans TVA")), *((f"{rate:f}", percent(rate)) for rate in ledger.VAT_ACCOUNTS)]


def vat_of(rate: str, *, money_in: bool) -> Vat | None:
    """VAT paid is deductible, VAT received is due by its rate."""
    if not rate:
        return None
    share = Decimal(rate)
    return Vat(share, ledger.VAT_ACCOUNTS[share.normalize()] if money_in else ledger.DEDUCTIBLE_VAT)


class RuleForm(RecordForm):
    name = TextField(label=_("Nom"), max_length=80)
    text = TextField(
        label=_("Mots du libellé"), required=False, max_length=140, help_text=_("Tous doivent y être, en tout ordre.")
    )
    counterparty = TextField(label=_("Contrepartie"), required=False, max_length=140)
    counterparty_iban = TextField(label=_("IBAN de la contrepartie"), required=False, max_length=42)
    direction = forms.ChoiceField(label=_("Sens"), choices=Direction.choices)
    amount_min = FrenchDecimalField(
        label=_("Montant minimal"), required=False, max_digits=16, decimal_places=2, shown=2
    )
    amount_max = FrenchDecimalField(
        label=_("Montant maximal"), required=False, max_digits=16, decimal_places=2, shown=2
    )
    bank_account: forms.ModelChoiceField = forms.ModelChoiceField(
        label=_("Compte bancaire"), queryset=None, required=False, empty_label=_("Tous")
    )
    ledger_account = TextField(label=_("Compte"), max_length=10, help_text=ACCOUNT_HELP)
    vat_rate = forms.ChoiceField(label=_("TVA comprise"), choices=rate_choices, required=False)
    label = TextField(label=_("Libellé de l’écriture"), required=False, max_length=140)
    is_automatic = forms.BooleanField(
        label=_("Appliquer sans demander"),
        required=False,
        help_text=_("Une facture que la ligne pourrait régler passe toujours avant."),
    )

    def __init__(
        self, data: Any = None, *, rule: BankRule | None = None, initial: dict[str, Any] | None = None
    ) -> None:
        if rule is not None:
            initial = {name: getattr(rule, name) for name in (*PLAIN, "amount_min", "amount_max", "bank_account")}
            initial["vat_rate"] = f"{rule.vat_rate.normalize():f}" if rule.vat_rate is not None else ""
        super().__init__(data, initial=initial)
        self.fields["bank_account"].queryset = BankAccount.objects.order_by("name")  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        typed = self.cleaned_data
        vat = vat_of(typed["vat_rate"], money_in=typed["direction"] == Direction.IN)
        values = {name: typed[name] for name in (*PLAIN, "amount_min", "amount_max", "bank_account")}
        return {**values, "vat_rate": vat.rate if vat else None, "vat_account": vat.account if vat else ""}


def rule_from(line: BankLine, habit: Habit | None) -> dict[str, Any]:
    """What a rule for lines like this one would say: its payer, its words without figures, and how it was booked."""
    _is_in, _payer, words = look_of(line)
    initial = {
        "name": (line.counterparty or line.remittance)[:80],
        # in the order in which the bank writes them
        "text": " ".join(word for word in dict.fromkeys(line.remittance.upper().split()) if word in words)[:140],
        "counterparty": line.counterparty[:140],
        "direction": Direction.IN if line.amount > 0 else Direction.OUT,
        "is_automatic": True,
    }
    if habit is not None:
        rate = f"{habit.vat.rate.normalize():f}" if habit.vat else ""
        initial |= {"ledger_account": habit.account, "label": habit.label, "vat_rate": rate}
    return initial


class NoteForm(forms.Form):
    note = TextField(label=_("Note"), max_length=200, error_messages={"required": _("Écrivez la note.")})


class BookingForm(forms.Form):
    """The account of a line that pays no invoice."""

    account = TextField(label=_("Compte"), max_length=10, help_text=ACCOUNT_HELP)
    vat_rate = forms.ChoiceField(label=_("TVA comprise"), choices=rate_choices, required=False)
    label = TextField(label=_("Libellé de l’écriture"), required=False, max_length=140)

    def booked(self, line: BankLine, amount: Decimal | None = None) -> Booked:
        typed = self.cleaned_data
        vat = vat_of(typed["vat_rate"], money_in=line.amount > 0)
        return Booked(typed["account"], line.amount if amount is None else amount, typed["label"], vat)


class SplitForm(SharesForm):
    """A line over several invoices, of one customer or more, and what was withheld of it or added to it."""

    fee_amount = FrenchDecimalField(
        label=_("Frais retenus"), required=False, max_digits=16, decimal_places=2, shown=2,
        help_text=_("Ce que le payeur ou le prestataire a gardé avant de virer."),
    )  # fmt: skip
    fee_account = TextField(label=_("Compte des frais"), required=False, max_length=10, initial=ledger.BANK_FEES)
    fee_vat = forms.ChoiceField(label=_("TVA comprise"), choices=rate_choices, required=False)

    def parts(self, line: BankLine) -> list[Part]:
        """One part a customer. What a single customer's invoices leave is its credit; several must take it all."""
        by_customer: dict[int, list[Share]] = {}
        for share in self.shares():
            by_customer.setdefault(share.invoice.customer_id, []).append(share)
        fee = self.cleaned_data["fee_amount"] or ZERO
        parts: list[Part] = []
        for shares in by_customer.values():
            amount = sum((share.amount for share in shares), ZERO) if len(by_customer) > 1 else line.amount + fee
            parts.append(Received(shares[0].invoice.customer, amount, shares))
        if fee and parts:
            # withheld: VAT on it is deductible
            vat = vat_of(self.cleaned_data["fee_vat"], money_in=False)
            parts.append(Booked(self.cleaned_data["fee_account"], -fee, "", vat))
        return parts


class PayoutInvoicesForm(forms.Form):
    """The invoice of each transaction of a payout that nothing explains, by its number; `places` in the report."""

    def __init__(self, data: Any = None, *, entries: Sequence[Mapping[str, Any]], places: Sequence[int]) -> None:
        super().__init__(data)
        self.places = places
        for place in places:
            entry = entries[place]
            label = _("Facture de %(words)s") % {"words": entry["reference"] or entry.get("text") or place + 1}
            self.fields[self.name_of(place)] = TextField(
                label=label, required=False, max_length=40, initial=entry.get("invoice", "")
            )
            self.fields[self.name_of(place)].widget.attrs |= {"class": "input", "aria-label": label}

    @staticmethod
    def name_of(place: int) -> str:
        return f"invoice_{place}"

    def numbers(self) -> dict[int, str]:
        return {place: self.cleaned_data[self.name_of(place)].strip() for place in self.places}
