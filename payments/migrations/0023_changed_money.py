"""A payment in another currency explains a bank line by what came of it in the books, where the bank changed it."""

from django.db import migrations

PART = r"""
CREATE OR REPLACE FUNCTION payments_part_is_of_its_payment() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
BEGIN
  IF (SELECT sum(part.amount) > max(told.amount) OR bool_or(part.is_recorded AND part.amount <> told.amount)
      FROM payments_matchpart AS part
      JOIN payments_match AS match ON match.id = part.match_id AND match.undone_at IS NULL
      JOIN payments_bankline AS line ON line.id = match.line_id
      JOIN payments_payment AS payment ON payment.id = part.payment_id
      CROSS JOIN LATERAL (SELECT CASE WHEN payment.currency = line.currency
        THEN payment.amount ELSE payment.accounting_amount END AS amount) AS told
      WHERE part.payment_id = NEW.payment_id) THEN
    RAISE EXCEPTION 'quittance: the parts of payment % are not its amount', NEW.payment_id USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0019_accounting_amount")]

    operations = [migrations.RunSQL(PART, migrations.RunSQL.noop)]
