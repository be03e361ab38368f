"""Folding: what triggers noted is added to the sums by day and month, and leaves, in one statement."""

from __future__ import annotations

from django.db import connection, transaction

from config.kernel.models import Company

AT_A_TIME = 50_000
FOLD = """
WITH taken AS (
  DELETE FROM payments_pendingsum WHERE id IN (
    SELECT id FROM payments_pendingsum WHERE company_id = %(company)s LIMIT %(limit)s)
  RETURNING currency, measure, day, due_date, customer_id, amount
), spans AS (
  SELECT currency, measure, 'D' AS span, day, coalesce(due_date, day) AS due_date, amount FROM taken
  UNION ALL
  SELECT currency, measure, 'M', month, coalesce(due_date, month), amount
    FROM taken, LATERAL (SELECT date_trunc('month', day)::date AS month) AS first
), dated AS (
  INSERT INTO payments_datedsum AS kept (id, company_id, currency, measure, span, day, due_date, amount)
  SELECT 1000000000000000 + floor(random() * 8000000000000000)::bigint, %(company)s, grouped.* FROM (
    SELECT currency, measure, span, day, due_date, sum(amount) FROM spans GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
  ) AS grouped
  ON CONFLICT (company_id, currency, span, measure, day, due_date) DO UPDATE SET amount = kept.amount + excluded.amount
), balances AS (
  INSERT INTO payments_customerbalance AS kept (id, company_id, currency, customer_id, amount)
  SELECT 1000000000000000 + floor(random() * 8000000000000000)::bigint, %(company)s, grouped.* FROM (
    SELECT currency, customer_id, sum(amount) FROM taken WHERE measure = 'OWED' GROUP BY 1, 2 ORDER BY 1, 2
  ) AS grouped
  ON CONFLICT (company_id, currency, customer_id) DO UPDATE SET amount = kept.amount + excluded.amount
)
SELECT count(*) FROM taken
"""


def fold_sums(company: Company) -> int:
    """Fold all that waits in a company, the one in scope; how many facts. 0 too where another process is at it."""
    folded = 0
    while count := _fold(company.pk):
        folded += count
        if count < AT_A_TIME:
            break
    return folded


@transaction.atomic
def _fold(company_id: int) -> int:
    with connection.cursor() as cursor:
        # two folds at once would meet in the same sums in different orders
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtext('payments.dated_sums'), hashtext(%s))", [str(company_id)]
        )
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(FOLD, {"company": company_id, "limit": AT_A_TIME})
        return int(cursor.fetchone()[0])
