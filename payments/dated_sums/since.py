"""What happened to what is owed after a day, read from that end: the facts of `payments_dated_facts`, by their indexes.

An allocation or a write-off counts on the day it is recorded, or before: what is later than the day was recorded after
it. Taken off what is owed now, it gives what was owed then. Tests hold it against the facts.
"""

from __future__ import annotations

OWED_SINCE = """
  SELECT invoice.id AS record_id, invoice.customer_id, invoice.total_gross - invoice.amount_deposited AS amount
    FROM billing_invoice AS invoice
    WHERE invoice.company_id = %(company)s AND invoice.currency = %(currency)s AND invoice.issue_date > %(on)s
      AND invoice.status <> 'DRAFT' AND invoice.kind <> '381'
  UNION ALL
  SELECT invoice.id, invoice.customer_id, CASE WHEN note.kind = '381' THEN note.amount_deposited - note.total_gross
      ELSE invoice.amount_deposited - invoice.total_gross END
    FROM billing_invoice AS note JOIN billing_invoice AS invoice ON invoice.id = note.corrects_id
    WHERE note.company_id = %(company)s AND note.currency = %(currency)s AND note.issue_date > %(on)s
      AND note.status <> 'DRAFT' AND note.kind IN ('381', '384')
  UNION ALL
  SELECT invoice.id, invoice.customer_id, -allocation.amount
    FROM payments_allocation AS allocation JOIN payments_payment AS payment ON payment.id = allocation.payment_id
    JOIN billing_invoice AS invoice ON invoice.id = allocation.invoice_id
    WHERE allocation.company_id = %(company)s AND invoice.currency = %(currency)s AND allocation.at >= %(since)s
      AND payments_allocation_day(allocation.amount > 0, allocation.at, payment.recorded_at, payment.paid_on,
        invoice.issue_date) > %(on)s
  UNION ALL
  SELECT invoice.id, invoice.customer_id, -lost.amount
    FROM payments_writeoff AS lost JOIN billing_invoice AS invoice ON invoice.id = lost.invoice_id
    WHERE lost.company_id = %(company)s AND invoice.currency = %(currency)s AND lost.at >= %(since)s
"""
