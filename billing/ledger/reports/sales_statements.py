"""The SQL of what was sold: each issued document with the sign of its entry, deposits told apart from sales.

A credit note takes off. A final invoice sells the whole and takes its deposits back; a corrected invoice (384) takes
back on its own day the one that it replaces. Sales are so those of 70, deposits those of 4191, and VAT that of 4457.
"""

from __future__ import annotations

SOLD = """
WITH documents AS (
  SELECT i.id, i.id AS content_id, i.customer_id, i.issue_date AS day,
    CASE WHEN i.kind = '381' THEN -1 ELSE 1 END AS sign,
    i.kind = '386' OR i.kind = '381' AND c.kind = '386' AS is_deposit
  FROM billing_invoice i LEFT JOIN billing_invoice c ON c.id = i.corrects_id
  WHERE i.company_id = %(company)s AND i.status <> 'DRAFT'
    AND i.issue_date BETWEEN %(start)s AND %(end)s AND i.issued_at <= %(known)s
    AND (%(customer)s::bigint IS NULL OR i.customer_id = %(customer)s)
  UNION ALL
  SELECT i.id, c.id, c.customer_id, i.issue_date, -1, false
  FROM billing_invoice i JOIN billing_invoice c ON c.id = i.corrects_id
  WHERE i.company_id = %(company)s AND i.kind = '384' AND i.status <> 'DRAFT'
    AND i.issue_date BETWEEN %(start)s AND %(end)s AND i.issued_at <= %(known)s
    AND (%(customer)s::bigint IS NULL OR i.customer_id = %(customer)s)
), amounts AS (
  SELECT d.id, d.content_id, d.customer_id, d.day,
    CASE WHEN d.is_deposit THEN 0 ELSE d.sign * b.net END AS net,
    CASE WHEN d.is_deposit THEN 0 WHEN d.sign < 0 THEN -b.net ELSE 0 END AS credited,
    CASE WHEN d.is_deposit THEN d.sign * b.net ELSE -d.sign * b.deposits END AS deposits,
    d.sign * b.vat AS vat
  FROM documents d JOIN billing_invoice x ON x.id = d.content_id CROSS JOIN LATERAL (
    -- in the currency of the books, at the rate that issuing froze; the net takes the cent
    SELECT CASE WHEN x.accounting_vat IS NULL THEN x.total_net
        ELSE round(x.total_gross / x.exchange_rate, 2) - x.accounting_vat END AS net,
      round((x.amount_deposited - x.deposited_vat) / x.exchange_rate, 2) AS deposits,
      coalesce(x.accounting_vat, x.total_vat) - round(x.deposited_vat / x.exchange_rate, 2) AS vat
  ) AS b
)"""
_SUMS = "sum(a.net - a.credited), sum(a.credited), sum(a.net), sum(a.deposits), sum(a.vat)"
BY_CUSTOMER = f"""{SOLD}
SELECT c.id, c.name, {_SUMS} FROM amounts a JOIN customers_customer c ON c.id = a.customer_id
GROUP BY c.id, c.name ORDER BY sum(a.net) DESC, c.name, c.id"""  # noqa: S608 - no values of callers
BY_MONTH = f"""{SOLD}
SELECT date_trunc('month', a.day)::date, NULL, {_SUMS} FROM amounts a GROUP BY 1 ORDER BY 1"""  # noqa: S608
BY_DOCUMENT = f"""{SOLD}
SELECT a.id, x.number, a.day, c.name, {_SUMS} FROM amounts a JOIN billing_invoice x ON x.id = a.content_id
  JOIN customers_customer c ON c.id = a.customer_id
WHERE %(product)s::bigint IS NULL OR EXISTS (
  SELECT FROM billing_invoiceline l WHERE l.invoice_id = a.content_id AND coalesce(l.product_id, 0) = %(product)s)
GROUP BY a.id, x.number, a.day, c.name, a.content_id ORDER BY a.day, a.id, a.content_id DESC"""  # noqa: S608
BY_PRODUCT = f"""{SOLD}
SELECT l.product_id, coalesce(p.reference || ' – ' || p.name, ''),
  sum(d.sign * CASE WHEN d.sign < 0 AND l.credited_line_id IS NOT NULL THEN l.credited_quantity ELSE l.quantity END),
  sum(CASE WHEN d.sign > 0 THEN b.net ELSE 0 END), sum(CASE WHEN d.sign < 0 THEN -b.net ELSE 0 END),
  sum(d.sign * b.net)
FROM documents d JOIN billing_invoiceline l ON l.invoice_id = d.content_id
  JOIN billing_invoice x ON x.id = d.content_id
  CROSS JOIN LATERAL (SELECT round(l.net_amount / x.exchange_rate, 2) AS net) AS b
  LEFT JOIN billing_product p ON p.id = l.product_id
WHERE NOT d.is_deposit GROUP BY 1, 2 ORDER BY 6 DESC, 2, 1"""  # noqa: S608
BY_RATE = f"""{SOLD}, taxed AS (
  SELECT v.category, v.rate, d.sign * round(v.base / x.exchange_rate, 2) AS base,
      d.sign * round(v.amount / x.exchange_rate, 2) AS amount
    FROM documents d JOIN billing_vatsubtotal v ON v.invoice_id = d.content_id
      JOIN billing_invoice x ON x.id = d.content_id
  UNION ALL
  -- what was taxed on its deposits already
  SELECT v.category, v.rate, -d.sign * round(v.base / x.exchange_rate, 2),
      -d.sign * round(v.amount / x.exchange_rate, 2)
    FROM documents d JOIN billing_invoice x ON x.id = d.content_id
      JOIN billing_depositdeduction p ON p.invoice_id = d.content_id
      JOIN billing_vatsubtotal v ON v.invoice_id = p.deposit_id
)
SELECT category, rate, sum(base), sum(amount) FROM taxed GROUP BY 1, 2 ORDER BY 2 DESC, 1"""  # noqa: S608
