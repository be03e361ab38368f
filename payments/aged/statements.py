"""The SQL of aged balances. `%(end)s` is the instant at which the day ends, `%(horizon)s` that before which a matching
counts: when the day was closed for good, or the moment as known by which it is asked."""

from __future__ import annotations

_LINES = """
lines AS MATERIALIZED (
  SELECT l.id, l.customer_id, l.day, l.due_date, l.debit - l.credit AS amount, {kind} AS kind, {key} AS key
  FROM billing_journalline l JOIN billing_journalentry e ON e.id = l.entry_id
  {documents}
  WHERE l.company_id = %(company)s AND ({accounts}) AND l.day <= %(on)s AND NOT l.is_carried
    AND e.created_at <= %(known)s
), own AS (
  SELECT kind, key, max(customer_id) AS customer_id, min(day) AS day, min(due_date) AS due_date, sum(amount) AS amount
  FROM lines GROUP BY kind, key
)"""

# the key that a subject names: « billing.invoice:12 »
_KEY = "CASE WHEN e.source LIKE '{label}:%%' THEN substr(e.source, {start})::bigint END"


def _key(label: str) -> str:
    return _KEY.format(label=label, start=len(label) + 2)


_RECEIVABLE_LINES = _LINES.format(
    kind="CASE WHEN coalesce(i.id, w.invoice_id, f.invoice_id) IS NOT NULL THEN 'I'"
    " WHEN coalesce(p.id, w.payment_id) IS NOT NULL THEN 'P' WHEN r.id IS NOT NULL THEN 'R'"
    " WHEN e.source LIKE 'kernel.company:%%' AND l.customer_id IS NOT NULL THEN 'X' ELSE 'L' END",
    # a credit note is of the invoice that it corrects, a reversal of the payment that it reverses, a difference of
    # exchange of the invoice whose payment realised it; what is latent is taken back the day after (X)
    key="coalesce(CASE WHEN i.kind = '381' THEN i.corrects_id ELSE i.id END, w.invoice_id, f.invoice_id,"
    " coalesce(p.reverses_id, p.id), w.payment_id, r.id,"
    " CASE WHEN e.source LIKE 'kernel.company:%%' THEN l.customer_id END, l.id)",
    documents=f"""
  LEFT JOIN billing_invoice i ON i.id = {_key("billing.invoice")}
  LEFT JOIN payments_payment p ON p.id = {_key("payments.payment")}
  LEFT JOIN payments_writeoff w ON w.id = {_key("payments.writeoff")}
  LEFT JOIN payments_allocation f ON f.id = {_key("payments.allocation")}
  LEFT JOIN payments_refund r ON r.id = {_key("payments.refund")}""",
    accounts="l.account >= '411' AND l.account < '412'",
)

_RECEIVABLE_MOVES = """
-- releases that the day knows: those of it or before, and those of a payment that the bank took back by then
released AS (
  SELECT a.id, a.payment_id, a.invoice_id, a.at, a.at < %(end)s OR EXISTS (
    SELECT FROM payments_refundshare s JOIN own r ON r.kind = 'R' AND r.key = s.refund_id
    WHERE s.payment_id = a.payment_id AND s.at = a.at
  ) AS counts
  FROM payments_allocation a WHERE a.company_id = %(company)s AND a.amount < 0 AND a.at < %(horizon)s
), later_payment AS (
  SELECT payment_id AS key, min(at) AS at FROM released WHERE NOT counts GROUP BY 1
), later_invoice AS (
  SELECT invoice_id AS key, min(at) AS at FROM released WHERE NOT counts GROUP BY 1
), tied AS MATERIALIZED (
  SELECT a.id, a.payment_id, a.invoice_id, a.amount FROM payments_allocation a
    LEFT JOIN later_payment lp ON lp.key = a.payment_id LEFT JOIN later_invoice li ON li.key = a.invoice_id
    WHERE a.company_id = %(company)s AND a.amount > 0 AND a.at < %(horizon)s
      -- what is paid again after it was set free later could not be paid so then
      AND (a.at < %(end)s OR a.at < least(coalesce(lp.at, 'infinity'), coalesce(li.at, 'infinity')))
  UNION ALL
  SELECT a.id, a.payment_id, a.invoice_id, a.amount FROM payments_allocation a JOIN released ON released.id = a.id
    WHERE released.counts
), worths AS (
  -- of payments in another currency: what each use of one took off its value in the books
  SELECT used.kind, used.id, round(p.accounting_amount * sum(used.amount) OVER uses / p.amount, 2)
      - round(p.accounting_amount * (sum(used.amount) OVER uses - used.amount) / p.amount, 2) AS worth
    FROM (
      SELECT 'A' AS kind, id, payment_id, at, amount FROM payments_allocation
        WHERE company_id = %(company)s AND at <= %(known)s
      UNION ALL
      SELECT 'S', id, payment_id, at, amount FROM payments_refundshare
        WHERE company_id = %(company)s AND at <= %(known)s
    ) AS used JOIN payments_payment p ON p.id = used.payment_id AND p.accounting_amount IS NOT NULL
    WINDOW uses AS (PARTITION BY used.payment_id ORDER BY used.at, used.kind, used.id)
), moves AS (
  SELECT 'I' AS one, invoice_id AS one_key, 'P' AS other, payment_id AS other_key,
      -coalesce(worths.worth, tied.amount) AS amount
    FROM tied LEFT JOIN worths ON worths.kind = 'A' AND worths.id = tied.id
  UNION ALL
  SELECT 'R', s.refund_id, 'P', s.payment_id, -coalesce(worths.worth, s.amount)
    FROM payments_refundshare s LEFT JOIN worths ON worths.kind = 'S' AND worths.id = s.id
    WHERE s.company_id = %(company)s AND s.at <= %(known)s AND (s.amount > 0 OR s.at < %(end)s)
)"""

_PAYABLE_LINES = _LINES.format(
    kind="CASE WHEN i.id IS NOT NULL THEN 'I' WHEN p.id IS NOT NULL THEN 'P' ELSE 'L' END",
    key="coalesce(i.id, p.id, l.id)",
    documents=f"""
  LEFT JOIN billing_purchaseinvoice i ON i.id = {_key("billing.purchaseinvoice")}
  LEFT JOIN payments_supplierpayment p ON p.id = {_key("payments.supplierpayment")}""",
    accounts="l.account >= '401' AND l.account < '402' OR l.account >= '404' AND l.account < '405'",
)
_PAYABLE_MOVES = """
moves AS (
  SELECT 'I' AS one, s.purchase_id AS one_key, 'P' AS other, s.payment_id AS other_key,
      CASE WHEN i.kind = '381' THEN -s.amount ELSE s.amount END AS amount
    FROM payments_suppliershare s JOIN billing_purchaseinvoice i ON i.id = s.purchase_id
    WHERE s.company_id = %(company)s AND s.at < %(horizon)s AND (s.amount > 0 OR s.at < %(end)s)
  UNION ALL
  SELECT 'I', c.purchase_id, 'I', c.credit_note_id, c.amount FROM billing_purchasecredit c
    WHERE c.company_id = %(company)s AND c.at < %(horizon)s AND (c.amount > 0 OR c.at < %(end)s)
)"""

# lines lettered with one that no document explains: the letter settles them, and not the allocations between them
_BY_HAND = """
letters AS (
  SELECT g.id FROM billing_lettering g
  WHERE g.company_id = %(company)s AND ({accounts}) AND g.effective_on <= %(on)s AND g.at < %(horizon)s
    AND (g.undone_at IS NULL OR g.undone_at >= %(end)s)
    AND EXISTS (SELECT FROM billing_letteredline x JOIN lines ON lines.id = x.line_id AND lines.kind = 'L'
                WHERE x.lettering_id = g.id)
    AND (g.at < %(end)s OR NOT EXISTS (
      SELECT FROM billing_letteredline x JOIN billing_letteredline y ON y.line_id = x.line_id AND y.id <> x.id
        JOIN billing_lettering h ON h.id = y.lettering_id AND h.effective_on <= %(on)s AND h.undone_at >= %(end)s
      WHERE x.lettering_id = g.id))
), by_hand AS (
  SELECT x.lettering_id, lines.kind, lines.key, sum(lines.amount) AS amount
  FROM letters JOIN billing_letteredline x ON x.lettering_id = letters.id JOIN lines ON lines.id = x.line_id
  GROUP BY 1, 2, 3
)"""

_LEFT = """
effective AS MATERIALIZED (
  -- both documents are in the books by then
  SELECT m.* FROM moves m
    JOIN own a ON a.kind = m.one AND a.key = m.one_key JOIN own b ON b.kind = m.other AND b.key = m.other_key
), sides AS (
  SELECT one AS kind, one_key AS key, amount FROM effective
  UNION ALL
  SELECT other, other_key, -amount FROM effective
  UNION ALL
  SELECT kind, key, -amount FROM by_hand
  UNION ALL
  SELECT side.kind, side.key, side.amount FROM moves m
    JOIN by_hand a ON a.kind = m.one AND a.key = m.one_key
    JOIN by_hand b ON b.kind = m.other AND b.key = m.other_key AND b.lettering_id = a.lettering_id,
    LATERAL (VALUES (m.one, m.one_key, -m.amount), (m.other, m.other_key, m.amount)) AS side (kind, key, amount)
), moved AS (
  SELECT kind, key, sum(amount) AS amount FROM sides GROUP BY kind, key
), remaining AS (
  SELECT own.kind, own.key, own.customer_id, own.day, own.due_date, own.amount + coalesce(moved.amount, 0) AS amount
  FROM own LEFT JOIN moved USING (kind, key)
)"""


def _whole(lines: str, moves: str, accounts: str, documents: str, sign: str) -> str:
    """Each document with something left: kind, key, third party, invoice day, due day, amount (positive is owed)."""
    return f"""
WITH {lines.strip()}, {moves.strip()}, {_BY_HAND.format(accounts=accounts).strip()}, {_LEFT.strip()}, documents AS (
  SELECT r.kind, r.key, r.customer_id, {sign}r.amount AS amount,
    CASE WHEN r.kind = 'I' THEN i.issue_date ELSE r.day END AS issued_on,
    CASE WHEN r.kind = 'I' THEN i.due_date ELSE coalesce(r.due_date, r.day) END AS due_on
  FROM remaining r LEFT JOIN {documents} i ON r.kind = 'I' AND i.id = r.key
  WHERE r.amount <> 0
), aged AS (
  SELECT *, %(on)s - (CASE WHEN %(by_due)s THEN due_on ELSE issued_on END) AS late FROM documents
)"""  # noqa: S608 - no values of callers


RECEIVABLE = _whole(
    _RECEIVABLE_LINES, _RECEIVABLE_MOVES, "g.account >= '411' AND g.account < '412'", "billing_invoice", ""
)
PAYABLE = _whole(
    _PAYABLE_LINES,
    _PAYABLE_MOVES,
    "g.account >= '401' AND g.account < '402' OR g.account >= '404' AND g.account < '405'",
    "billing_purchaseinvoice",
    "-",
)
# what is negative is to the credit of the third party, whatever its day
_BUCKETS = """
  coalesce(sum(amount) FILTER (WHERE amount > 0 AND late <= 0), 0),
  coalesce(sum(amount) FILTER (WHERE amount > 0 AND late BETWEEN 1 AND 30), 0),
  coalesce(sum(amount) FILTER (WHERE amount > 0 AND late BETWEEN 31 AND 60), 0),
  coalesce(sum(amount) FILTER (WHERE amount > 0 AND late BETWEEN 61 AND 90), 0),
  coalesce(sum(amount) FILTER (WHERE amount > 0 AND late > 90), 0),
  coalesce(sum(amount) FILTER (WHERE amount < 0), 0)"""
BY_THIRD_PARTY = f"""
SELECT c.id, coalesce(c.name, ''), {_BUCKETS.strip()}
FROM aged LEFT JOIN customers_customer c ON c.id = aged.customer_id
WHERE %(customer)s::bigint IS NULL OR aged.customer_id = %(customer)s
GROUP BY c.id, c.name ORDER BY c.name NULLS LAST, c.id"""  # noqa: S608
BY_DOCUMENT = """
SELECT c.id, coalesce(c.name, ''), aged.kind, aged.key, aged.issued_on, aged.due_on, aged.late, aged.amount
FROM aged LEFT JOIN customers_customer c ON c.id = aged.customer_id
WHERE %(customer)s::bigint IS NULL OR aged.customer_id = %(customer)s
ORDER BY c.name NULLS LAST, c.id, aged.due_on, aged.kind, aged.key"""
