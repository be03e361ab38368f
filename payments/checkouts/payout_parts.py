"""The transfer of a payment service on a bank line: its transactions as payments at their gross amount, less fees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from django.db.models import Q

from billing.models import Invoice
from config.kernel.errors import DomainError
from config.kernel.money import ZERO
from payments.checkouts.models import Checkout, Payout
from payments.matching.folding import squeeze
from payments.models.bank import BankLine
from payments.models.matches import MatchPart
from payments.models.payments import Method, Payment
from payments.services.allocations import Share
from payments.services.settling_parts import Booked, Found, Part, Received

PAYMENT, FEE = "payment", "fee"
NEAR = timedelta(days=7)  # between the day announced and that of the bank
SOLD_WITHIN = timedelta(days=40)  # before the transfer; some services hold the money for a month
SHORTEST_NUMBER = 5  # signs of an invoice's number: a shorter one stands in a text by chance

Entry = Mapping[str, object]


class NotExplained(DomainError):
    code = "payout_not_explained"
    message = (
        "Le versement %(payout)s contient des transactions inconnues ici : %(references)s. "
        "Traitez-les d’abord, ou répartissez la ligne à la main."
    )


@dataclass(frozen=True, slots=True)
class Explained:
    """One transaction of the report, and the part that it is; None where nothing here explains it."""

    entry: Entry
    part: Part | None

    @property
    def is_fee(self) -> bool:
        return self.entry["kind"] == FEE


def payout_of(line: BankLine) -> Payout | None:
    """The one payout that a bank line carries: its amount and currency, days near, its reference where it has one."""
    near = (line.booked_on - NEAR, line.booked_on + NEAR)
    rows = Payout.everywhere.select_related("account").filter(
        company_id=line.company_id, amount=line.amount, currency=line.currency, arrives_on__range=near
    )
    text = f"{line.remittance} {line.structured_reference} {line.end_to_end_id} {line.bank_reference}"
    named = [row for row in rows if row.bank_reference and row.bank_reference in text]
    candidates = named or list(rows)
    return candidates[0] if len(candidates) == 1 else None


def payout_parts(payout: Payout) -> list[Part]:
    """The parts that explain the transfer to the cent, for `settle_line`: payments at their gross amount, less fees.

    Raises NotExplained where a transaction has no payment here; a refund or a chargeback is a person's decision.
    """
    rows = explain_payout(payout)
    unknown = [_name(row.entry) for row in rows if row.part is None and not row.is_fee]
    if unknown:
        raise NotExplained(payout=str(payout), references=", ".join(unknown)[:200])
    parts = [row.part for row in rows if row.part is not None]
    fee = payout.amount - sum((part.amount for part in parts), ZERO)
    if fee:
        service = f"{payout.account} " if payout.account else ""
        parts.append(Booked(payout.fee_account, fee, f"Frais {service}{payout}"[:200]))
    return parts


def explain_payout(payout: Payout) -> list[Explained]:
    """Each transaction with its part: a checkout's payment, a payment recorded before, or the invoice that is named."""
    entries: Sequence[Entry] = payout.entries
    found = _Known.of(payout, [entry for entry in entries if entry["kind"] == PAYMENT])
    return [Explained(entry, found.part_of(entry) if entry["kind"] == PAYMENT else None) for entry in entries]


def _name(entry: Entry) -> str:
    return str(entry["reference"] or entry.get("text") or entry["kind"])


def _references(entry: Entry) -> list[str]:
    more = entry.get("references")
    return [str(entry["reference"]), *(map(str, more) if isinstance(more, list) else ())]


@dataclass
class _Known:
    """What may explain the transactions; each payment and each cent of an invoice once."""

    checkouts: Mapping[str, Payment]
    payments: list[Payment]
    invoices: Mapping[str, Invoice]
    taken: set[int] = field(default_factory=set)
    left: dict[int, Decimal] = field(default_factory=dict)

    @classmethod
    def of(cls, payout: Payout, entries: Sequence[Entry]) -> _Known:
        named = {reference for entry in entries for reference in _references(entry)} - {""}
        checkouts = Checkout.everywhere.filter(
            company_id=payout.company_id, reference__in=named, payment__isnull=False, payment__reversed_at=None
        ).select_related("payment__customer")
        if payout.account is not None:
            return cls({row.reference: row.payment for row in checkouts if row.payment}, [], {})
        amounts = {Decimal(str(entry["gross"])) for entry in entries}
        by_card = Q(method=Method.CARD, paid_on__range=(payout.arrives_on - SOLD_WITHIN, payout.arrives_on))
        linked = MatchPart.everywhere.filter(company_id=payout.company_id, match__undone_at=None, payment__isnull=False)
        payments = Payment.everywhere.filter(
            Q(reference__in=named) | by_card, company_id=payout.company_id, amount__in=amounts,
            currency=payout.currency, reverses=None, reversed_at=None,
        ).exclude(pk__in=linked.values("payment_id"))  # fmt: skip
        return cls(
            {row.reference: row.payment for row in checkouts if row.payment},
            list(payments.select_related("customer").order_by("paid_on", "id")),
            {squeeze(str(row.number)): row for row in _named_invoices(payout, entries)},
        )

    def part_of(self, entry: Entry) -> Part | None:
        gross, references = Decimal(str(entry["gross"])), _references(entry)
        for reference in references:
            if (payment := self.checkouts.get(reference)) is not None and payment.pk not in self.taken:
                self.taken.add(payment.pk)
                return Found(payment, gross)
        free = [row for row in self.payments if row.pk not in self.taken and row.amount == gross]
        by_reference = [row for row in free if row.reference and row.reference in references]
        if by_reference:
            self.taken.add(by_reference[0].pk)
            return Found(by_reference[0], gross)
        return self._of_invoice(entry, gross) or self._alone(free, gross)

    def _of_invoice(self, entry: Entry, gross: Decimal) -> Part | None:
        """The one invoice that is named, by a person before the file; it owes as much, or a person said it."""
        told = squeeze(str(entry.get("invoice") or ""))
        text = squeeze(f"{entry.get('text', '')} {' '.join(_references(entry))}")
        keys = [told] if told else [key for key in self.invoices if key in text]
        invoices = [self.invoices[key] for key in keys if key in self.invoices]
        if len(invoices) != 1:
            return None
        [invoice] = invoices
        left = self.left.setdefault(invoice.pk, invoice.balance)
        part = min(left, gross)
        if not told and part != gross:
            return None
        self.left[invoice.pk] = left - part
        shares = [Share(invoice, part)] if part > 0 else []
        return Received(invoice.customer, gross, shares, method=Method.CARD, reference=str(entry["reference"])[:140])

    def _alone(self, free: Sequence[Payment], gross: Decimal) -> Part | None:
        """The only payment by card of this amount that nothing shows yet."""
        if len(free) != 1 or free[0].method != Method.CARD:
            return None
        self.taken.add(free[0].pk)
        return Found(free[0], gross)


def _named_invoices(payout: Payout, entries: Sequence[Entry]) -> Iterable[Invoice]:
    """The open invoices whose number stands in a transaction."""
    told = (f"{entry.get('invoice', '')} {entry.get('text', '')} {' '.join(_references(entry))}" for entry in entries)
    words = squeeze(" ".join(told))
    rows = Invoice.everywhere.outstanding().filter(company_id=payout.company_id, currency=payout.currency)
    numbers = ((key, squeeze(str(number))) for key, number in rows.values_list("pk", "number"))
    keys = [key for key, number in numbers if len(number) >= SHORTEST_NUMBER and number in words]
    found: Mapping[int, Invoice] = Invoice.everywhere.select_related("customer").in_bulk(keys)
    return found.values()
