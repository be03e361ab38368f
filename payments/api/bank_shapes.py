"""What the API shows of the bank. Who may not reconcile sees IBANs by their two ends."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from billing.models import Invoice
from config.kernel import typography
from config.kernel.api.fields import Id, Moment, Money, Word
from payments.api.fields import STATES
from payments.imported import REASONS
from payments.matching import PHRASES, Verdict
from payments.models import Match, MatchPart, PartKind
from payments.sentences import why_matched

PART_KINDS = {
    "payment": PartKind.PAYMENT,
    "refund": PartKind.REFUND,
    "supplier": PartKind.SUPPLIER,
    "booking": PartKind.BOOKING,
}
KINDS = ("auto", "proposed", "none")


class Iban(serializers.CharField):
    """Whole for who may reconcile, else FR76 … 0189."""

    def to_representation(self, value: Any) -> str:
        text = str(value)
        caller = self.context.get("caller")
        if not text or (caller is not None and caller.may("bank.reconcile")):
            return text
        return typography.iban_ends(text)


class BankAccountShape(serializers.Serializer):
    id = Id()
    name = serializers.CharField()
    iban = Iban()
    bic = serializers.CharField(allow_blank=True)
    currency = serializers.CharField()
    ledger_account = serializers.CharField(help_text="The sub-account of 512 on which its money is booked.")
    imported_at = Moment(allow_null=True, help_text="Until when its movements are known.")
    is_stale = serializers.SerializerMethodField(help_text="Older than 24 hours: reminders wait.")

    def get_is_stale(self, account: Any) -> bool:
        return bool(account.is_stale(self.context["request"].at))


class KnownLineShape(serializers.Serializer):
    """A line of the file that was imported before, and how that was seen."""

    transaction_id = Id(source="line_id", help_text="The movement that it is.")
    booked_on = serializers.DateField()
    amount = Money()
    counterparty = serializers.CharField(allow_blank=True)
    reason = serializers.ChoiceField(tuple(REASONS), help_text="reference, balance, day, equal or feed.")
    sentence = serializers.SerializerMethodField()

    def get_sentence(self, line: Any) -> str:
        return str(REASONS[line["reason"]])


class StatementShape(serializers.Serializer):
    id = Id()
    account_id = Id()
    account_name = serializers.CharField(source="account.name")
    reference = serializers.CharField(allow_blank=True)
    from_date = serializers.DateField(source="opened_on")
    to_date = serializers.DateField(source="closed_on")
    opening_balance = Money(source="opening", allow_null=True, help_text="Null where the file gives none.")
    closing_balance = Money(source="closing", allow_null=True)
    line_count = serializers.IntegerField(help_text="Movements in the file.")
    new_count = serializers.IntegerField(help_text="Those that were not known yet.")
    known_lines = KnownLineShape(
        source="already_known", many=True, help_text="Those that were known: the first hundred, each with its reason."
    )
    sha256 = serializers.CharField()
    imported_at = Moment()


class ImportShape(serializers.Serializer):
    """What a file brought."""

    message = serializers.CharField()
    file = serializers.CharField()
    already_imported = serializers.BooleanField(help_text="The same bytes were imported before: nothing has changed.")
    line_count = serializers.IntegerField()
    new_count = serializers.IntegerField()
    statements = StatementShape(many=True)


class TransactionShape(serializers.Serializer):
    """One movement of a bank account: positive in, negative out."""

    id = Id()
    account_id = Id()
    statement_id = Id()
    status = Word(STATES)
    booked_on = serializers.DateField()
    value_on = serializers.DateField(allow_null=True)
    amount = Money()
    currency = serializers.CharField()
    counterparty = serializers.CharField(allow_blank=True)
    counterparty_iban = Iban(allow_blank=True)
    remittance = serializers.CharField(allow_blank=True)
    structured_reference = serializers.CharField(allow_blank=True)
    end_to_end_id = serializers.CharField(allow_blank=True)
    bank_reference = serializers.CharField(allow_blank=True)
    mandate_reference = serializers.CharField(allow_blank=True, help_text="Of a direct debit: its UMR (MndtId).")
    batch_reference = serializers.CharField(allow_blank=True, help_text="Of an order: its PmtInfId, else its MsgId.")


class EvidenceShape(serializers.Serializer):
    kind = serializers.CharField(help_text="rf, number, near, amount, sum, payer, missing, excess, …")
    value = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField()


def evidence_shape(kind: str, value: str) -> dict[str, str]:
    """One piece of evidence, in the caller's language."""
    phrase = PHRASES.get(kind)
    return {"kind": kind, "value": value, "sentence": _(phrase) % {"value": value} if phrase else value}


class ProposedShape(serializers.Serializer):
    """An invoice that the movement may pay, and how much of it."""

    invoice_id = Id()
    invoice_number = serializers.CharField()
    customer_id = Id()
    customer_name = serializers.CharField()
    balance_due = Money()
    amount = Money()


class ProposalShape(serializers.Serializer):
    """What the evidence says now. Nothing has moved yet."""

    kind = serializers.ChoiceField(KINDS, help_text="auto: proven; proposed: for a person; none: no evidence.")
    rule = serializers.CharField()
    sentence = serializers.CharField()
    allocations = ProposedShape(many=True)
    rivals = ProposedShape(many=True, help_text="Other invoices that it could pay as well.")
    evidence = EvidenceShape(many=True)
    excess = Money(help_text="What no invoice takes: it would be the customer's credit.")


class PartShape(serializers.Serializer):
    """So much of the movement is this."""

    kind = Word(PART_KINDS)
    amount = Money(help_text="Signed as the movement is.")
    payment_id = Id(allow_null=True)
    payment_number = serializers.CharField(allow_null=True)
    refund_id = Id(allow_null=True)
    refund_number = serializers.CharField(allow_null=True)
    supplier_payment_id = Id(allow_null=True)
    supplier_payment_number = serializers.CharField(allow_null=True)
    is_recorded = serializers.BooleanField(
        help_text="True where the match recorded the payment, or its return; false where it found it."
    )
    account = serializers.CharField(allow_blank=True, help_text="The ledger account of a booking.")
    label = serializers.CharField(allow_blank=True)


class MatchShape(serializers.Serializer):
    """A movement explained: by payments, refunds, returns, and bookings on ledger accounts."""

    id = Id()
    transaction_id = Id()
    payment_id = Id(allow_null=True, help_text="Of a match with one payment.")
    payment_number = serializers.CharField(allow_null=True)
    parts = PartShape(many=True)
    note = serializers.CharField(allow_blank=True)
    rule = serializers.CharField()
    is_automatic = serializers.BooleanField()
    evidence = EvidenceShape(many=True)
    at = Moment()
    undone_at = Moment(allow_null=True)
    undone_because = serializers.CharField(allow_blank=True)

    def to_representation(self, instance: Match) -> Any:
        parts = [_part(part) for part in instance.parts.all()]
        paid = [part for part in parts if part["payment_id"]]
        only = paid[0] if len(paid) == 1 else {"payment_id": None, "payment_number": None}
        return super().to_representation(
            {
                "id": instance.pk,
                "transaction_id": instance.line_id,
                "payment_id": only["payment_id"],
                "payment_number": only["payment_number"],
                "parts": parts,
                "note": instance.note,
                "rule": instance.rule,
                "is_automatic": instance.is_automatic,
                "evidence": [evidence_shape(piece["kind"], piece["value"]) for piece in instance.evidence],
                "at": instance.at,
                "undone_at": instance.undone_at,
                "undone_because": instance.undone_because,
            }
        )


def _part(part: MatchPart) -> dict[str, Any]:
    names = ("kind", "amount", "payment_id", "refund_id", "supplier_payment_id", "is_recorded", "account", "label")
    numbers = {
        "payment_number": part.payment.number if part.payment else None,
        "refund_number": part.refund.number if part.refund else None,
        "supplier_payment_number": part.supplier_payment.number if part.supplier_payment else None,
    }
    return {**{name: getattr(part, name) for name in names}, **numbers}


class TransactionDetail(TransactionShape):
    proposal = ProposalShape(allow_null=True, help_text="Of a credit that is still open.")
    match = MatchShape(allow_null=True, help_text="What it was reconciled with.")


def proposal(verdict: Verdict, invoices: dict[int, Invoice]) -> dict[str, Any]:
    """The verdict with its invoices by name."""
    amounts = {int(str(key)): amount for key, amount in verdict.allocations}
    rivals = [int(str(key)) for key in verdict.rivals]

    def proposed(key: int) -> dict[str, Any]:
        invoice = invoices[key]
        return {
            "invoice_id": key,
            "invoice_number": invoice.number,
            "customer_id": invoice.customer_id,
            "customer_name": invoice.customer.name,
            "balance_due": invoice.balance,
            "amount": amounts.get(key, invoice.balance),
        }

    return {
        "kind": verdict.kind,
        "rule": verdict.rule,
        "sentence": why_matched(verdict),
        "allocations": [proposed(key) for key in amounts if key in invoices],
        "rivals": [proposed(key) for key in rivals if key in invoices],
        "evidence": [evidence_shape(piece.kind, piece.value) for piece in verdict.evidence],
        "excess": verdict.excess,
    }
