"""Fiscal years follow each other without a hole, and one that is closed does not change."""

from django.db import migrations

PROTECTION = r"""
CREATE FUNCTION billing_years_follow() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM (SELECT starts_on, lag(ends_on) OVER (ORDER BY starts_on) AS before FROM billing_fiscalyear
                          WHERE company_id = NEW.company_id) AS year
             WHERE starts_on <> before + 1) THEN
    RAISE EXCEPTION 'quittance: a fiscal year begins the day after the one before it' USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;
-- two rows move when a boundary does
CREATE CONSTRAINT TRIGGER billing_fiscalyear_follow AFTER INSERT OR UPDATE ON billing_fiscalyear
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_years_follow();

CREATE TRIGGER billing_fiscalyear_freeze BEFORE UPDATE ON billing_fiscalyear
  FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION kernel_freeze();
CREATE TRIGGER billing_fiscalyear_keep BEFORE DELETE ON billing_fiscalyear
  FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER billing_fiscalyear_keep_all BEFORE TRUNCATE ON billing_fiscalyear
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0020_vat_returns")]

    operations = [migrations.RunSQL(PROTECTION, migrations.RunSQL.noop)]
