"""What the evidence says of a bank line (payments.matching), on the company's open invoices. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q
from django.db.models.functions import Coalesce

from billing.models import Invoice, InvoiceKind, InvoiceStatus
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.money import ZERO
from payments import matching
from payments.matching import NONE, PROPOSED, Evidence, Index, OpenItem, Verdict
from payments.matching.days import match_days
from payments.models import BankLine, BarredPair, MatchPart, Payment
from payments.services.known_money import known_money

# settled invoices are remembered so long, to recognise a second payment of the same one
REMEMBER_SETTLED = timedelta(days=400)
AROUND = timedelta(days=7)  # between the day of a payment as it was told otherwise and its day on a statement
COLUMNS = (
    "id", "number", "payment_reference", "status", "total_gross", "amount_deposited", "amount_paid", "amount_credited",
    "amount_written_off", "customer_id", "customer__name", "due_date", "currency", "issue_date",
)  # fmt: skip
# references that a payer writes of himself: with his name they teach his account, as a person's decision does
TEACHING = frozenset({"reference", "number"})


def build_index(company: Company, *, at: datetime, customers: Collection[int] | None = None) -> Index:
    """The open invoices of the company, or of these customers alone, and those settled lately with a balance of zero;
    what money stands, is expected or may come back, and the accounts that confirmed matches taught. Plain columns.
    """
    since = local_day(at - REMEMBER_SETTLED)
    rows = Invoice.everywhere.issued().filter(company=company).exclude(kind=InvoiceKind.CREDIT_NOTE)
    rows = rows.filter(Q(status=InvoiceStatus.ISSUED) | Q(issue_date__gte=since))
    if customers is not None:
        rows = rows.filter(customer__in=customers)
    invoices = [_item(*columns) for columns in rows.values_list(*COLUMNS)]
    items = [*invoices, *known_money(company, at, customers)]
    return Index.build(items, payers=learned_accounts(company, customers))


def learned_accounts(company: Company, customers: Collection[int] | None = None) -> dict[str, dict[int, int]]:
    """IBAN → customer → live matches that taught it: decided by a person, or by a reference under his own name. Of the
    company, or of these customers alone.

    What was matched by the account alone teaches nothing: a mistake would confirm itself.
    """
    rows = MatchPart.everywhere.filter(company=company, match__undone_at=None, payment__isnull=False)
    rows = rows.exclude(match__line__counterparty_iban="")
    # what paid for a record that was merged into another pays for that one from now on
    rows = rows.annotate(payer_id=Coalesce("payment__customer__merged_into_id", "payment__customer_id"))
    if customers is not None:
        rows = rows.filter(payer_id__in=customers)
    columns = ("match__line__counterparty_iban", "match__line__counterparty", "payer_id")
    rows = rows.values_list(*columns, "payment__customer__name", "match__is_automatic", "match__rule")
    rows = rows.annotate(matches=Count("pk"))
    learned: dict[str, dict[int, int]] = {}
    for iban, payer, customer, name, is_automatic, rule, matches in rows.order_by():
        if not is_automatic or (rule in TEACHING and matching.is_payer(payer, name)):
            taught = learned.setdefault(iban, {})
            taught[customer] = taught.get(customer, 0) + matches
    return learned


def _item(
    key: int,
    number: str,
    reference: str,
    status: str,
    total: Decimal,
    deposited: Decimal,
    paid: Decimal,
    credited: Decimal,
    written_off: Decimal,
    customer_id: int,
    customer_name: str,
    due_on: date,
    currency: str,
    issued_on: date,
) -> OpenItem:
    return OpenItem(
        id=key,
        number=number,
        rf_reference=reference,
        balance=total - deposited - paid - credited - written_off if status == InvoiceStatus.ISSUED else ZERO,
        customer_id=customer_id,
        customer_name=customer_name,
        due_on=due_on,
        is_touched=bool(paid or credited or written_off),
        currency=currency,
        issued_on=issued_on,
    )


def _line(line: BankLine) -> matching.Line:
    return matching.Line(
        amount=line.amount,
        currency=line.currency,
        texts=(line.remittance, line.end_to_end_id),
        structured_reference=line.structured_reference,
        counterparty=line.counterparty,
        iban=line.counterparty_iban,
        end_to_end_id=line.end_to_end_id,
        booked_on=line.booked_on,
        instructed_amount=line.instructed_amount,
        instructed_currency=line.instructed_currency,
        transaction_code=f"{line.transaction_code} {line.return_code}".strip(),
        is_reversal=line.is_reversal,
        mandate_reference=line.mandate_reference,
        batch_reference=line.batch_reference,
    )


def propose(line: BankLine, index: Index) -> Verdict:
    """The verdict on one line; pairs that a person undid are barred, and money that is known is doubted."""
    return doubt_known(line, judge(line, index, barred_pairs(line=line)))


def judge(line: BankLine, index: Index, barred: Mapping[int, Collection[int]]) -> Verdict:
    """The verdict on a line; `barred`: line id → invoices that a person took off it."""
    return matching.match(_line(line), index, barred=barred.get(line.pk, ()))


def judge_all(
    lines: Sequence[BankLine], index: Index, barred: Mapping[int, Collection[int]]
) -> tuple[dict[int, Verdict], dict[int, Exception]]:
    """The verdicts on many lines by their key, day after day: no invoice goes to two of them (matching.days).

    With them, by the key of the line, the defects met in judging one: nothing is said of that line, and of it alone.
    """
    places = {place: barred[line.pk] for place, line in enumerate(lines) if line.pk in barred}
    failed: dict[int, Exception] = {}
    verdicts = match_days([_line(line) for line in lines], index, barred=places, failed=failed)
    by_line = {line.pk: verdict for line, verdict in zip(lines, verdicts, strict=True)}
    return by_line, {lines[place].pk: error for place, error in failed.items()}


def doubt_known(line: BankLine, verdict: Verdict) -> Verdict:
    """Only proposed where the customer has a credit of this very amount that came about then, and by no bank line."""
    (doubted,) = doubt_each([(line, verdict)])
    return doubted


def doubt_each(judged: Sequence[tuple[BankLine, Verdict]]) -> list[Verdict]:
    """As `doubt_known` does, for many lines of one company. One query."""
    asked = [(line, verdict) for line, verdict in judged if verdict.kind != NONE]
    if not asked:
        return [verdict for _line, verdict in judged]
    days = [line.booked_on for line, _verdict in asked]
    kept = Payment.everywhere.filter(
        customer__invoices__in=[key for _line, verdict in asked for key, _amount in verdict.allocations],
        paid_on__range=(min(days) - AROUND, max(days) + AROUND),
        allocated__lt=F("amount"),
        reverses=None,
        reversed_at=None,
    ).exclude(match_parts__in=MatchPart.everywhere.filter(match__undone_at=None))
    of_invoice: dict[Any, list[Payment]] = {}
    for payment in kept.annotate(of_invoice=F("customer__invoices")).order_by("number"):
        of_invoice.setdefault(payment.of_invoice, []).append(payment)
    return [_doubted(line, verdict, of_invoice) for line, verdict in judged]


def _doubted(line: BankLine, verdict: Verdict, kept: Mapping[Any, Sequence[Payment]]) -> Verdict:
    near = {row.number: row for key, _amount in verdict.allocations for row in kept.get(key, ())}
    known = [
        number
        for number, row in sorted(near.items())
        if row.currency == line.currency and abs(row.paid_on - line.booked_on) <= AROUND and _whole(row) == line.amount
    ]
    if verdict.kind == NONE or not known:
        return verdict
    return verdict._replace(kind=PROPOSED, evidence=(*verdict.evidence, Evidence("known", ", ".join(known))))


def _whole(payment: Payment) -> Decimal:
    """With what the same payment gave to invoices, where a service told it in parts."""
    if not payment.origin_service:
        return payment.amount
    origin = {"origin_service": payment.origin_service, "origin_payment": payment.origin_payment}
    parts = Payment.everywhere.filter(company=payment.company_id, reverses=None, reversed_at=None, **origin)
    return sum(parts.values_list("amount", flat=True), ZERO)


def barred_pairs(**of: Any) -> dict[int, set[int]]:
    """The invoices barred by line: `company=…` for all, or `line=…`. One query."""
    barred: dict[int, set[int]] = {}
    for line_id, invoice_id in BarredPair.everywhere.filter(**of).values_list("line_id", "invoice_id"):
        barred.setdefault(line_id, set()).add(invoice_id)
    return barred
