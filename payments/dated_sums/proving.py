"""Dated sums computed again from the documents: a row for each that differs, with its key (0: there is none)."""

from __future__ import annotations

_KEPT = """
  SELECT id, measure, currency, span, day, due_date, amount FROM payments_datedsum WHERE company_id = %(company)s
  UNION ALL
  SELECT 0, measure, currency, 'D', day, coalesce(due_date, day), amount
    FROM payments_pendingsum WHERE company_id = %(company)s
  UNION ALL
  SELECT 0, measure, currency, 'M', date_trunc('month', day)::date,
      coalesce(due_date, date_trunc('month', day)::date), amount
    FROM payments_pendingsum WHERE company_id = %(company)s
"""
_FOUND = """
  SELECT measure, currency, 'D' AS span, day, coalesce(due_date, day) AS due_date, amount
    FROM payments_dated_facts(%(company)s)
  UNION ALL
  SELECT measure, currency, 'M', date_trunc('month', day)::date,
      coalesce(due_date, date_trunc('month', day)::date), amount
    FROM payments_dated_facts(%(company)s)
"""
DATED = f"""
SELECT coalesce(kept.id, 0), concat_ws(' ', measure, currency, span, day) FROM (
  SELECT max(id) AS id, measure, currency, span, day, due_date, sum(amount) AS amount
    FROM ({_KEPT}) AS rows GROUP BY 2, 3, 4, 5, 6
) AS kept FULL JOIN (
  SELECT measure, currency, span, day, due_date, sum(amount) AS amount FROM ({_FOUND}) AS rows GROUP BY 1, 2, 3, 4, 5
) AS found USING (measure, currency, span, day, due_date)
WHERE coalesce(kept.amount, 0) <> coalesce(found.amount, 0) ORDER BY 2
"""  # noqa: S608 - no values of callers
BALANCES = """
SELECT coalesce(kept.id, 0), concat_ws(' ', customer_id, currency) FROM (
  SELECT max(id) AS id, customer_id, currency, sum(amount) AS amount FROM (
    SELECT id, customer_id, currency, amount FROM payments_customerbalance WHERE company_id = %(company)s
    UNION ALL
    SELECT 0, customer_id, currency, amount
      FROM payments_pendingsum WHERE company_id = %(company)s AND measure = 'OWED'
  ) AS rows GROUP BY 2, 3
) AS kept FULL JOIN (
  SELECT customer_id, currency,
      sum(total_gross - amount_deposited - amount_paid - amount_credited - amount_written_off) AS amount
    FROM billing_invoice WHERE company_id = %(company)s AND status <> 'DRAFT' AND kind <> '381' GROUP BY 1, 2
) AS found USING (customer_id, currency)
WHERE coalesce(kept.amount, 0) <> coalesce(found.amount, 0) ORDER BY 2
"""
