"""What partners send of a purchase, and how it becomes what the services take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from billing.api.invoices.vocabulary import KINDS
from billing.models import PurchaseInvoice, VatCategory
from billing.purchases.accounts import may_be_bought_on, not_bought_on
from billing.purchases.content import LineContent, PurchaseContent, VatContent
from billing.purchases.drafts import PurchaseLineInput
from billing.purchases.models import PurchaseLine
from billing.purchases.postings import OWED_BY_US
from billing.purchases.prepaying import problem_of_period
from billing.purchases.reasons import DISPUTES, REFUSALS
from billing.purchases.regimes import Regime, regime_on
from billing.services.lines import MOST_LINES
from config.kernel.api.fields import Body, Day, Money, Number, Reference, Switch, Word
from config.kernel.currencies import is_currency
from config.kernel.money import HUNDRED, ZERO
from customers.models import Customer

CATEGORIES = VatCategory.values
ACCOUNT = r"^[1-7][0-9]{2,9}$"
COLUMNS = {
    "number": "number", "kind": "kind", "issue_date": "issue_date", "due_date": "due_date",
    "supply_date": "supply_date", "currency": "currency", "vat_on_debits": "vat_on_debits", "total_ht": "total_net",
    "total_vat": "total_vat", "total_ttc": "total_gross", "iban": "iban", "payment_reference": "payment_reference",
    "order_reference": "order_reference", "corrects_number": "corrects_number", "internal_notes": "internal_notes",
    "supplier_id": "supplier",
}  # fmt: skip
NAMES = {**{column: name for name, column in COLUMNS.items()}, "lines": "items", "vat_rows": "vat"}
OF_THE_DOCUMENT = ("vat_category", "quantity", "unit_price", "starts_on", "ends_on")
LINE = {"amount_ht": "net", "deductible_percent": "deductible_share"}


class PurchaseItemBody(Body):
    """A line. Account and regime are proposed where they are not given."""

    description = serializers.CharField(max_length=500)
    quantity = Number(max_digits=14, decimal_places=4, required=False, allow_null=True)
    unit_price = Number(max_digits=16, decimal_places=6, required=False, allow_null=True)
    amount_ht = Money()
    vat_category = serializers.ChoiceField(CATEGORIES, default="S")
    vat_rate = Number(max_digits=5, decimal_places=2, min_value=0, max_value=100)
    regime = Word(Regime, required=False)
    account = serializers.RegexField(ACCOUNT, required=False, help_text="Of the PCG, such as 606400.")
    deductible_percent = Number(max_digits=5, decimal_places=2, min_value=0, max_value=100, required=False)
    starts_on = Day(required=False, allow_null=True)
    ends_on = Day(required=False, allow_null=True)

    def validate(self, item: dict[str, Any]) -> dict[str, Any]:
        """A period has both ends, in their order. Raises ValidationError."""
        start, end = item.get("starts_on"), item.get("ends_on")
        if problem := problem_of_period(start, end):
            raise serializers.ValidationError({"starts_on" if end and not start else "ends_on": problem})
        if (account := item.get("account")) and not may_be_bought_on(account):
            raise serializers.ValidationError({"account": not_bought_on(account)})
        return item


class PurchaseVatBody(Body):
    category = serializers.ChoiceField(CATEGORIES, default="S")
    rate = Number(max_digits=5, decimal_places=2, min_value=0, max_value=100)
    base = Money()
    amount = Money()


class PurchaseChange(Body):
    """What changes of one that nobody has approved. A field left out stays; `items` and `vat` replace all rows."""

    supplier_id = Reference(Customer, required=False)
    number = serializers.CharField(max_length=60, required=False)
    kind = Word(KINDS, required=False)
    issue_date = Day(required=False)
    due_date = Day(required=False)
    supply_date = Day(required=False, allow_null=True)
    currency = serializers.RegexField("^[A-Z]{3}$", required=False, help_text="Of ISO 4217, and in use.")
    vat_on_debits = Switch(required=False)
    total_ht = Money(required=False)
    total_vat = Money(required=False)
    total_ttc = Money(required=False)
    iban = serializers.CharField(max_length=50, required=False, allow_blank=True, help_text="With spaces or without.")
    payment_reference = serializers.CharField(max_length=140, required=False, allow_blank=True)
    order_reference = serializers.CharField(max_length=60, required=False, allow_blank=True)
    corrects_number = serializers.CharField(max_length=60, required=False, allow_blank=True)
    internal_notes = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    items = PurchaseItemBody(many=True, required=False, allow_empty=False, max_length=MOST_LINES)
    vat = PurchaseVatBody(many=True, required=False, max_length=50, help_text="The breakdown, as the document has it.")

    def validate_currency(self, code: str) -> str:
        """Raises ValidationError for what is no currency."""
        if not is_currency(code):
            raise serializers.ValidationError(
                _("Écrivez le code d’une devise en trois lettres, par exemple EUR ou USD.")
            )
        return code


class PurchaseBody(PurchaseChange):
    """A supplier invoice, as its document says it."""

    supplier_id = Reference(Customer, help_text="A customer becomes a supplier by its first invoice.")
    number = serializers.CharField(max_length=60)
    kind = Word(KINDS, default="invoice")
    issue_date = Day()
    due_date = Day(required=False, help_text="By the supplier's payment terms where it is not said.")
    total_ht = Money()
    total_vat = Money()
    total_ttc = Money()
    items = PurchaseItemBody(many=True, allow_empty=False, max_length=MOST_LINES)
    vat = PurchaseVatBody(many=True, max_length=50, help_text="The breakdown, as the document has it.")


class RefusalBody(Body):
    code = serializers.ChoiceField(REFUSALS, help_text="Of the official list (BR-FR-CDV-CL-09).")
    reason = serializers.CharField(max_length=300, help_text="Read by the supplier.")


class PurchaseDisputeBody(RefusalBody):
    code = serializers.ChoiceField(DISPUTES, help_text="Of the official list (BR-FR-CDV-CL-09).")


def columns(sent: Mapping[str, Any]) -> dict[str, Any]:
    return {column: sent[name] for name, column in COLUMNS.items() if name in sent}


def vat_rows(sent: Mapping[str, Any]) -> list[VatContent]:
    return [VatContent(**row) for row in sent["vat"]]


def content(sent: Mapping[str, Any]) -> PurchaseContent:
    """What a new purchase is recorded from."""
    values = columns(sent)
    supplier = values.pop("supplier")
    values.pop("internal_notes", None)
    lines = tuple(
        LineContent(
            description=item["description"],
            net=item["amount_ht"],
            vat_rate=ZERO if item.get("regime") in OWED_BY_US else item["vat_rate"],
            **{name: item[name] for name in OF_THE_DOCUMENT if name in item},
        )
        for item in sent["items"]
    )
    return PurchaseContent(supplier_name=supplier.name, lines=lines, vat_rows=tuple(vat_rows(sent)), **values)


def recorded_lines(sent: Mapping[str, Any], before: list[PurchaseLine]) -> list[PurchaseLineInput]:
    """The lines of a new purchase, with what was said over what was proposed; amounts and quantities as recorded, for
    an invoice below zero is a credit note."""
    lines = own_lines(sent, before)
    return [replace(line, net=row.net, quantity=row.quantity) for line, row in zip(lines, before, strict=True)]


def own_lines(sent: Mapping[str, Any], before: list[PurchaseLine]) -> list[PurchaseLineInput]:
    """The lines as sent; what is not said of one is as it stood in its place, or by its nature."""
    known: list[PurchaseLine | None] = [*before, *[None] * len(sent["items"])]
    return [_line(item, row) for item, row in zip(sent["items"], known, strict=False)]


def _line(item: Mapping[str, Any], row: PurchaseLine | None) -> PurchaseLineInput:
    said = {LINE.get(name, name): value for name, value in item.items()}
    account = item.get("account", row.account if row else "")
    kept = row.regime if row else ""
    if row is None or account != row.account:
        kept = regime_on(account, vat_rate=item["vat_rate"], proposed=kept)
    line = PurchaseLineInput(
        **{
            "regime": kept,
            "account": account,
            "deductible_share": row.deductible_share if row else HUNDRED,
            "starts_on": row.starts_on if row else None,
            "ends_on": row.ends_on if row else None,
            **said,
        }
    )
    # what the document does not bear, and we owe: the French rate that was proposed
    owed = row is not None and line.regime in OWED_BY_US and "regime" not in item
    return replace(line, vat_rate=row.vat_rate if owed and row is not None else Decimal(line.vat_rate))


def says_accounts(sent: Mapping[str, Any]) -> bool:
    """Whether lines say what is otherwise proposed."""
    names = {"regime", "account", "deductible_percent"}
    return any(names & set(item) for item in sent["items"])


def lines_of(purchase: PurchaseInvoice) -> list[PurchaseLine]:
    return sorted(purchase.lines.all(), key=lambda line: line.position)
