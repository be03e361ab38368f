"""An order keeps the number it was given, and what its customer confirmed: it is moved on or cancelled, never rewritten."""

from django.db import migrations

NUMBER = """
CREATE TRIGGER billing_salesorder_number BEFORE UPDATE ON billing_salesorder FOR EACH ROW
  WHEN ((OLD.number, OLD.order_date, OLD.company_id) IS DISTINCT FROM (NEW.number, NEW.order_date, NEW.company_id))
  EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER billing_salesorder_counted BEFORE DELETE ON billing_salesorder
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse();
"""
NO_NUMBER = """
DROP TRIGGER billing_salesorder_number ON billing_salesorder;
DROP TRIGGER billing_salesorder_counted ON billing_salesorder;
"""
CONFIRMED = """
CREATE TRIGGER billing_salesorder_confirmed BEFORE UPDATE ON billing_salesorder
  FOR EACH ROW WHEN (OLD.status <> 'DRAFT') EXECUTE FUNCTION kernel_freeze('status', 'shipped_at');

CREATE FUNCTION billing_part_of_confirmed() RETURNS trigger LANGUAGE plpgsql SET quittance.company = '*' AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM billing_salesorder WHERE status <> 'DRAFT' AND id IN (
      CASE WHEN TG_OP <> 'INSERT' THEN OLD.order_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.order_id END)) THEN
    RAISE EXCEPTION 'quittance: % on % is refused, the order is confirmed', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER billing_orderline_confirmed BEFORE INSERT OR UPDATE OR DELETE ON billing_orderline
  FOR EACH ROW EXECUTE FUNCTION billing_part_of_confirmed();
"""
NOT_CONFIRMED = """
DROP TRIGGER billing_salesorder_confirmed ON billing_salesorder;
DROP TRIGGER billing_orderline_confirmed ON billing_orderline;
DROP FUNCTION billing_part_of_confirmed();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0015_ahead_of"), ("kernel", "0006_row_security")]

    operations = [migrations.RunSQL(NUMBER, NO_NUMBER), migrations.RunSQL(CONFIRMED, NOT_CONFIRMED)]
