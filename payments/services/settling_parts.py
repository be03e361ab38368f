"""What a bank line may be explained by: the parts of one decision. Amounts are in the line's currency, signed as it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing import ledger
from billing.models import Invoice, InvoiceStatus
from config.kernel.money import ZERO, round2
from customers.models import Customer
from payments.models import BankLine, DirectDebit, Match, Method, Payment, Refund, SupplierPayment
from payments.outgoing.suppliers.entries import Due
from payments.services.allocations import Share, held_by


@dataclass(frozen=True, slots=True)
class Credit:
    """An amount of an older payment that nothing has used yet."""

    payment: Payment
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Rest:
    """What remains of an invoice and no money will pay, by its WriteOffReason; `with_vat`: it is given back."""

    invoice: Invoice
    amount: Decimal
    reason: str
    with_vat: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """So much too much that is kept as income: ROUNDING or EXCHANGE."""

    amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Received:
    """Money of a customer, recorded by the decision. `shares`: what its invoices get of it and of `credits` together;
    the credits are used up first, and what no invoice takes stays the customer's credit, less what is `kept`.
    `write_offs`: what settles the invoices besides.
    """

    customer: Customer
    amount: Decimal
    shares: Sequence[Share] = ()
    credits: Sequence[Credit] = ()
    method: str = Method.TRANSFER
    reference: str = ""  # the line's own where empty
    write_offs: Sequence[Rest] = ()
    kept: Kept | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """So much of a payment that was recorded before: a cheque of a remittance, a transfer typed by hand."""

    payment: Payment
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Collected:
    """A direct debit of ours that the bank credits, whole: its payment is recorded by the decision."""

    debit: DirectDebit

    @property
    def amount(self) -> Decimal:
        return self.debit.amount

    def received(self, invoices: Mapping[int, Invoice]) -> Received:
        """The invoice gets what it still asks for; paid otherwise or credited since, the rest is credit."""
        debit, invoice = self.debit, invoices[self.debit.invoice_id]
        part = min(debit.amount, invoice.balance) if invoice.status == InvoiceStatus.ISSUED else ZERO
        return Received(
            customer=debit.mandate.customer,
            amount=debit.amount,
            shares=[Share(invoice, part)] if part > 0 else [],
            method=Method.DIRECT_DEBIT,
            reference=debit.end_to_end_id,
        )


@dataclass(frozen=True, slots=True)
class Refunded:
    """A refund of ours that the line shows, whole: it stands already."""

    refund: Refund

    @property
    def amount(self) -> Decimal:
        return -self.refund.amount


@dataclass(frozen=True, slots=True)
class Returned:
    """So much of a payment that the bank takes back, recorded by the decision: its invoices are open again."""

    payment: Payment
    amount: Decimal  # negative


@dataclass(frozen=True, slots=True)
class SupplierPaid:
    """A payment to a supplier that the line shows, whole, or what came back of one: it stands already."""

    payment: SupplierPayment

    @property
    def amount(self) -> Decimal:
        return -self.payment.sign * self.payment.amount


@dataclass(frozen=True, slots=True)
class PurchasesPaid:
    """Purchases of one supplier that the line pays, recorded by the decision."""

    dues: Sequence[Due]
    method: str = Method.TRANSFER

    @property
    def amount(self) -> Decimal:
        return -sum((due.paid for due in self.dues), ZERO)


@dataclass(frozen=True, slots=True)
class SupplierReturned:
    """A transfer to a supplier that the bank gives back, recorded by the decision: its purchases are open again."""

    payment: SupplierPayment

    @property
    def amount(self) -> Decimal:
        return self.payment.amount


@dataclass(frozen=True, slots=True)
class Vat:
    """The rate in percent of the VAT that is in a booked amount, and its account."""

    rate: Decimal
    account: str = ledger.DEDUCTIBLE_VAT


@dataclass(frozen=True, slots=True)
class Booked:
    """No customer's money: a ledger account of the PCG. `amount` bears the VAT, if any; negative leaves the bank."""

    account: str
    amount: Decimal
    label: str = ""
    vat: Vat | None = None

    def split(self) -> Iterator[tuple[str, Decimal]]:
        """The accounts with their amounts: net and VAT."""
        tax = Decimal(0)
        if self.vat is not None:
            tax = self.amount - round2(self.amount * 100 / (100 + self.vat.rate))
        yield self.account, self.amount - tax
        if self.vat is not None and tax:
            yield self.vat.account, tax


OfSupplier = SupplierPaid | PurchasesPaid | SupplierReturned
Part = Received | Collected | Found | Refunded | Returned | OfSupplier | Booked


def invoices_of(parts: Sequence[Part]) -> list[Invoice]:
    """What the parts pay or write off, and what is open again when payments are returned."""
    received = [part for part in parts if isinstance(part, Received)]
    found = [share.invoice for part in received for share in part.shares]
    found += [rest.invoice for part in received for rest in part.write_offs]
    found += [part.debit.invoice for part in parts if isinstance(part, Collected)]
    held = [key for part in parts if isinstance(part, Returned) for key in held_by(part.payment)]
    return [*found, *(Invoice.everywhere.in_bulk(held).values() if held else ())]


def older_payments_of(parts: Sequence[Part]) -> list[Payment]:
    """The payments recorded before that the decision uses, each once, in the order of their keys."""
    found = [part.payment for part in parts if isinstance(part, Found | Returned)]
    found += [credit.payment for part in parts if isinstance(part, Received) for credit in part.credits]
    return [payment for _key, payment in sorted({payment.pk: payment for payment in found}.items())]


@dataclass(frozen=True, slots=True)
class Settlement:
    """A line, the parts that together are its amount, and why they are."""

    line: BankLine
    parts: Sequence[Part]
    rule: str
    evidence: Sequence[Mapping[str, str]] = ()
    is_automatic: bool = True
    rivals: Sequence[Mapping[str, str]] = ()
    note: str = ""

    def match(self, at: datetime, replaces: Match | None = None) -> Match:
        """The row, not saved yet."""
        return Match(
            company_id=self.line.company_id,
            line=self.line,
            rule=self.rule,
            evidence=list(self.evidence),
            rivals=list(self.rivals),
            is_automatic=self.is_automatic,
            note=self.note[:200],
            at=at,
            replaces=replaces,
        )
