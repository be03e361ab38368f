"""What payments puts into the chain of facts: payments and reversals, allocations, bank statements with their lines.

And what the proof computes again: figures that change after sealing, and follow from sealed rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from billing.models import DepositDeduction, Invoice, NumberSequence, Product
from config.kernel import chain
from config.kernel.chain import columns
from payments.dated_sums import proving
from payments.models import (
    Allocation,
    BankLine,
    BankStatement,
    CustomerBalance,
    DatedSum,
    Match,
    Payment,
    PaymentOrder,
    PaymentRun,
    Refund,
    SupplierPayment,
    WriteOff,
)

SETTLEMENT = """
SELECT invoice.id, invoice.number FROM billing_invoice AS invoice, LATERAL payments_settlement(invoice.id) AS found
WHERE invoice.company_id = %(company)s AND invoice.status <> 'DRAFT'
  AND ((invoice.amount_paid, invoice.amount_credited, invoice.amount_written_off, invoice.status::text)
       IS DISTINCT FROM (found.paid, found.credited, found.written_off, found.status)
       OR (invoice.replaced_at IS NULL) = EXISTS (
         SELECT 1 FROM billing_invoice AS corrected
         WHERE corrected.corrects_id = invoice.id AND corrected.kind = '384' AND corrected.status <> 'DRAFT'))
ORDER BY invoice.number
"""
ALLOCATED = """
SELECT payment.id, payment.number FROM payments_payment AS payment
WHERE payment.company_id = %(company)s AND (
  payment.allocated <> payments_used(payment.id)
  OR payment.reversed_at IS DISTINCT FROM (
    SELECT reversal.recorded_at FROM payments_payment AS reversal WHERE reversal.reverses_id = payment.id))
ORDER BY payment.number
"""
# a refund is its shares; cancelled, they are taken back, and the trail says so
REFUNDED = """
SELECT refund.id, refund.number FROM payments_refund AS refund
WHERE refund.company_id = %(company)s AND (
  (CASE WHEN refund.cancelled_at IS NULL THEN refund.amount ELSE 0 END)
    <> (SELECT coalesce(sum(amount), 0) FROM payments_refundshare WHERE refund_id = refund.id)
  OR (refund.cancelled_at IS NOT NULL) <> EXISTS (
    SELECT 1 FROM kernel_auditevent AS event
    WHERE event.company_id = refund.company_id AND event.tag = 'payments.refund.cancelled'
      AND event.subjects @> ARRAY['payments.refund:' || refund.id]::varchar[]))
ORDER BY refund.number
"""
# a supplier payment is its shares, the other way round for what came back; cancelled, they are taken back
SUPPLIER_PAID = """
SELECT payment.id, payment.number FROM payments_supplierpayment AS payment
WHERE payment.company_id = %(company)s AND (
  (CASE WHEN payment.cancelled_at IS NOT NULL THEN 0 WHEN payment.kind = 'RETURN' THEN -payment.amount
        ELSE payment.amount END)
    <> (SELECT coalesce(sum(CASE WHEN purchase.kind = '381' THEN -share.amount ELSE share.amount END
                            - share.discount), 0)
        FROM payments_suppliershare AS share JOIN billing_purchaseinvoice AS purchase ON purchase.id = share.purchase_id
        WHERE share.payment_id = payment.id)
  OR (payment.cancelled_at IS NOT NULL) <> EXISTS (
    SELECT 1 FROM kernel_auditevent AS event
    WHERE event.company_id = payment.company_id AND event.tag = 'payments.supplier_payment.cancelled'
      AND event.subjects @> ARRAY['payments.supplierpayment:' || payment.id]::varchar[]))
ORDER BY payment.number
"""
# what was ordered is what its lines say, unless the order was taken back whole
RUNS = """
SELECT run.id, run.number FROM payments_paymentrun AS run
WHERE run.company_id = %(company)s AND run.ordered_at IS NOT NULL AND (
  (run.status = 'CANCELLED') <> EXISTS (
    SELECT 1 FROM kernel_auditevent AS event
    WHERE event.company_id = run.company_id AND event.tag = 'payments.run.cancelled'
      AND event.subjects @> ARRAY['payments.paymentrun:' || run.id]::varchar[])
  OR run.status = 'CANCELLED' AND EXISTS (
    SELECT 1 FROM payments_supplierpayment WHERE run_id = run.id AND cancelled_at IS NULL))
ORDER BY run.number
"""
# what a feed or a payment provider recorded or took back, by the audit trail
ORIGINS = """
SELECT payment.id, payment.number FROM payments_payment AS payment
LEFT JOIN payments_payment AS original ON original.id = payment.reverses_id
WHERE payment.company_id = %(company)s AND payment.origin_service <> '' AND (
  (original.origin_service, original.origin_payment, original.origin_invoice)
    IS DISTINCT FROM (payment.origin_service, payment.origin_payment, payment.origin_invoice)
  AND NOT EXISTS (
    SELECT 1 FROM kernel_auditevent AS event
    WHERE event.company_id = payment.company_id
      AND event.tag IN ('payments.feed.recorded', 'payments.checkout.paid')
      AND event.data ->> 'recorded' = payment.id::text
      AND (event.data ->> 'payment', event.data ->> 'invoice') = (payment.origin_payment, payment.origin_invoice)
      AND replace(lower(event.data ->> 'service'), ' ', '_') = payment.origin_service))
ORDER BY payment.number
"""
# the draft that a deposit is invoiced ahead of, by the audit trail
AHEAD = """
SELECT deposit.id, deposit.number FROM billing_invoice AS deposit
WHERE deposit.company_id = %(company)s AND deposit.ahead_of IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM kernel_auditevent AS event
  WHERE event.company_id = deposit.company_id AND event.tag = 'billing.invoice.deposit_drafted'
    AND event.subjects @> ARRAY['billing.invoice:' || deposit.id, 'billing.invoice:' || deposit.ahead_of]::varchar[])
ORDER BY deposit.number
"""
# the last number of each series, and its day, as the rows that bear the numbers say; the day of an order is people's
COUNTERS = """
SELECT coalesce(counter.id, 0), series || '-' || year
FROM (SELECT * FROM billing_numbersequence WHERE company_id = %(company)s) AS counter
FULL JOIN (
  SELECT series, year, max(substring(number FROM '[0-9]+$')::bigint) AS last, max(day) AS last_day
  FROM (SELECT number, day, stem,
      CASE WHEN stem ~ '^.{1,10}-[1-9][0-9]{3}-$' THEN left(stem, -6) ELSE stem END AS series,
      CASE WHEN stem ~ '^.{1,10}-[1-9][0-9]{3}-$' THEN left(right(stem, 5), 4)::int ELSE 0 END AS year
    FROM (SELECT number, day, regexp_replace(number, '[0-9]+$', '') AS stem FROM (
    SELECT number, issue_date AS day FROM billing_invoice WHERE company_id = %(company)s AND number IS NOT NULL
    UNION ALL SELECT number, NULL FROM billing_salesorder WHERE company_id = %(company)s
    UNION ALL SELECT number, day FROM billing_journalentry WHERE company_id = %(company)s
    UNION ALL SELECT reference, (created_at AT TIME ZONE 'Europe/Paris')::date
      FROM billing_purchaseinvoice WHERE company_id = %(company)s
    UNION ALL SELECT number, (created_at AT TIME ZONE 'Europe/Paris')::date
      FROM billing_purchaseorder WHERE company_id = %(company)s
    UNION ALL SELECT number, (recorded_at AT TIME ZONE 'Europe/Paris')::date
      FROM payments_payment WHERE company_id = %(company)s
    UNION ALL SELECT number, (at AT TIME ZONE 'Europe/Paris')::date
      FROM payments_refund WHERE company_id = %(company)s
    UNION ALL SELECT number, (made_at AT TIME ZONE 'Europe/Paris')::date
      FROM payments_paymentorder WHERE company_id = %(company)s
    UNION ALL SELECT number, (at AT TIME ZONE 'Europe/Paris')::date
      FROM payments_remittance WHERE company_id = %(company)s
    UNION ALL SELECT number, (made_at AT TIME ZONE 'Europe/Paris')::date
      FROM payments_debitorder WHERE company_id = %(company)s
    UNION ALL SELECT number, (at AT TIME ZONE 'Europe/Paris')::date
      FROM payments_supplierpayment WHERE company_id = %(company)s
    UNION ALL SELECT number, (created_at AT TIME ZONE 'Europe/Paris')::date
      FROM payments_paymentrun WHERE company_id = %(company)s
    ) AS numbered WHERE number ~ '[0-9]$') AS parted
  ) AS apart
  -- numbers of another product, that came with the history, have no counter here
  WHERE number ~ '^[A-Z]+-[0-9]{4}-[0-9]+$'
    OR (series, year) IN (SELECT series, year FROM billing_numbersequence WHERE company_id = %(company)s)
  GROUP BY 1, 2
) AS found USING (series, year)
WHERE (coalesce(counter.last, 0), counter.last_day) IS DISTINCT FROM
    (coalesce(found.last, 0), CASE WHEN counter.series = 'CMD' THEN counter.last_day ELSE found.last_day END)
ORDER BY 2
"""
STOCK = """
SELECT product.id, product.reference FROM billing_product AS product
WHERE product.company_id = %(company)s AND product.on_hand <>
  (SELECT coalesce(sum(quantity), 0) FROM billing_stockmovement WHERE product_id = product.id)
ORDER BY product.reference
"""
DEDUCTIONS = """
SELECT deduction.id, invoice.number FROM billing_depositdeduction AS deduction
JOIN billing_invoice AS invoice ON invoice.id = deduction.invoice_id
WHERE deduction.company_id = %(company)s AND deduction.is_live <>
  (invoice.status IN ('ISSUED', 'PAID') AND invoice.kind <> '381')
ORDER BY deduction.id
"""
LINES = """
SELECT line.id, line.booked_on FROM payments_bankline AS line
WHERE line.company_id = %(company)s AND (line.status IN ('MATCHED', 'SUSPENSE')) <>
  EXISTS (SELECT 1 FROM payments_match AS match WHERE match.line_id = line.id AND match.undone_at IS NULL)
ORDER BY line.id
"""
# the parts of a match are its line, no payment explains more than itself, and a refund explains itself whole
PARTS = """
SELECT match.id, match.at FROM payments_match AS match JOIN payments_bankline AS line ON line.id = match.line_id
WHERE match.company_id = %(company)s AND (
  line.amount IS DISTINCT FROM (SELECT sum(amount) FROM payments_matchpart WHERE match_id = match.id)
  OR EXISTS (
    SELECT 1 FROM payments_matchpart AS part JOIN payments_payment AS payment ON payment.id = part.payment_id
    WHERE part.match_id = match.id AND part.is_recorded AND part.amount <>
      CASE WHEN payment.currency = line.currency THEN payment.amount ELSE payment.accounting_amount END)
  OR EXISTS (
    SELECT 1 FROM payments_matchpart AS part JOIN payments_refund AS refund ON refund.id = part.refund_id
    WHERE part.match_id = match.id AND (part.amount <> -refund.amount
      OR match.undone_at IS NULL AND refund.cancelled_at IS NOT NULL))
  OR EXISTS (
    SELECT 1 FROM payments_matchpart AS part
    JOIN payments_supplierpayment AS payment ON payment.id = part.supplier_payment_id
    WHERE part.match_id = match.id
      AND (part.amount <> (CASE WHEN payment.kind = 'RETURN' THEN payment.amount ELSE -payment.amount END)
        OR match.undone_at IS NULL AND payment.cancelled_at IS NOT NULL)))
ORDER BY match.id
"""
RECOMPUTED = (
    (BankLine, LINES, "whether it is matched does not follow from its matches"),
    (Match, PARTS, "its parts are not its line"),
    (Invoice, SETTLEMENT, "what it says of payment and credit does not follow from what was written about it"),
    (Payment, ALLOCATED, "what it says does not follow from its allocations, its refunds and its reversal"),
    (Refund, REFUNDED, "whether it stands does not follow from its shares, or it is not what they take"),
    (SupplierPayment, SUPPLIER_PAID, "whether it stands does not follow from its shares, or it is not what they pay"),
    (PaymentRun, RUNS, "whether it stands is not what the trail and its payments say"),
    (Payment, ORIGINS, "where it was read is not what the trail tells"),
    (Invoice, AHEAD, "the draft it is asked ahead of is not the one the trail tells"),
    (NumberSequence, COUNTERS, "the counter does not stand at the last number given"),
    (Product, STOCK, "the stock is not the sum of its movements"),
    (DepositDeduction, DEDUCTIONS, "whether it is live does not follow from its invoice"),
    (DatedSum, proving.DATED, "the sum of the day or the month is not that of its documents"),
    (CustomerBalance, proving.BALANCES, "it is not what the customer's invoices say is owed"),
)


def payment_facts(payment: Any) -> Mapping[str, Any]:
    """`bank_account` counts where it is known: payments sealed before had no such column. ORIGINS proves the origin."""
    unknown = () if payment.bank_account_id else ("bank_account",)
    in_books = () if payment.accounting_amount is not None else ("accounting_amount",)
    return columns(payment, *Payment.MUTABLE, *Payment.ORIGIN, *unknown, *in_books)


def allocation_facts(allocation: Any) -> Mapping[str, Any]:
    return columns(allocation)


def refund_facts(refund: Any) -> Mapping[str, Any]:
    """With what it took of each payment; what its cancellation gives back follows from it."""
    shares = sorted((share for share in refund.shares.all() if share.amount > 0), key=lambda share: share.pk)
    return {"refund": columns(refund, *Refund.MUTABLE), "shares": [columns(share) for share in shares]}


def supplier_payment_facts(payment: Any) -> Mapping[str, Any]:
    """With what it settled of each purchase; what its cancellation gives back follows from it."""
    own = [share for share in payment.shares.all() if (share.amount < 0) == payment.is_return]
    shares = sorted(own, key=lambda share: share.pk)
    return {"payment": columns(payment, *SupplierPayment.MUTABLE), "shares": [columns(share) for share in shares]}


def run_facts(run: Any) -> Mapping[str, Any]:
    """An ordered run with the lines that were ordered; whether it was taken back follows from the trail."""
    lines = sorted((line for line in run.lines.all() if line.removed_at is None), key=lambda line: line.pk)
    row = columns(run, "status", "cancelled_at", "cancelled_because")
    return {"run": row, "lines": [columns(line) for line in lines]}


def order_facts(order: Any) -> Mapping[str, Any]:
    """The file is told by its SHA-256."""
    return columns(order, "content")


def statement_facts(statement: Any) -> Mapping[str, Any]:
    """A statement with the lines that it brought. Whether a line is matched may change.

    `already_known`, and the columns that lines got later, count where they are filled: statements sealed before had no
    such column.
    """
    row = {**columns(statement, "file", "already_known"), "file": statement.file.name}
    if statement.already_known:
        row["already_known"] = statement.already_known
    return {
        "statement": row,
        "lines": [_line_facts(line) for line in BankLine.everywhere.filter(statement=statement).order_by("id")],
    }


def _line_facts(line: BankLine) -> Mapping[str, Any]:
    return columns(line, "status", *(name for name in BankLine.ADDED if getattr(line, name) in (None, "", False)))


def declare() -> None:
    chain.seal_rows_of(
        BankStatement,
        facts=statement_facts,
        rows=lambda statements: statements.order_by("imported_at", "id"),
    )
    chain.seal_rows_of(Payment, facts=payment_facts, rows=lambda payments: payments.order_by("recorded_at", "id"))
    for model, sql, what in RECOMPUTED:
        chain.recompute(model, sql, what)
    chain.seal_rows_of(Allocation, facts=allocation_facts, rows=lambda allocations: allocations.order_by("at", "id"))
    chain.seal_rows_of(WriteOff, facts=columns, rows=lambda write_offs: write_offs.order_by("at", "id"))
    chain.seal_rows_of(
        Refund, facts=refund_facts, rows=lambda refunds: refunds.prefetch_related("shares").order_by("at", "id")
    )
    chain.seal_rows_of(
        SupplierPayment,
        facts=supplier_payment_facts,
        rows=lambda payments: payments.prefetch_related("shares").order_by("at", "id"),
    )
    chain.seal_rows_of(
        PaymentRun,
        facts=run_facts,
        rows=lambda runs: runs.prefetch_related("lines").order_by("ordered_at", "id"),
        frozen=Q(ordered_at__isnull=False),
    )
    chain.seal_rows_of(PaymentOrder, facts=order_facts, rows=lambda orders: orders.order_by("made_at", "id"))
