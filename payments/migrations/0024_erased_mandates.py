"""The bank data of a mandate that ended may be erased once its debits can be contested no more (CMF L133-24)."""

from django.db import migrations

MANDATES = """
CREATE FUNCTION payments_freeze_mandate() RETURNS trigger LANGUAGE plpgsql SET search_path TO public, pg_temp AS $$
DECLARE
  account CONSTANT text[] := '{debtor_name,iban,bic}';
  may_change text[] := '{revoked_at,revoked_because}';
BEGIN
  -- whole or not at all, for good, and nothing else with it
  IF NEW.debtor_name = '' AND NEW.iban = '' AND NEW.bic = '' AND NEW.revoked_at = OLD.revoked_at
     AND OLD.revoked_at < now() - INTERVAL '13 months'
     AND NOT EXISTS (SELECT FROM payments_directdebit WHERE mandate_id = OLD.id
                     AND collected_on >= (now() - INTERVAL '13 months')::date) THEN
    may_change := account;
  END IF;
  IF (to_jsonb(OLD) - may_change) IS DISTINCT FROM (to_jsonb(NEW) - may_change) THEN
    RAISE EXCEPTION 'quittance: UPDATE on % is refused, the row is frozen', TG_TABLE_NAME USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$;

DROP TRIGGER payments_mandate_freeze ON payments_mandate;
CREATE TRIGGER payments_mandate_freeze BEFORE UPDATE ON payments_mandate
  FOR EACH ROW WHEN (old.signed_on IS NOT NULL) EXECUTE FUNCTION payments_freeze_mandate();
"""
BEFORE = """
DROP TRIGGER payments_mandate_freeze ON payments_mandate;
CREATE TRIGGER payments_mandate_freeze BEFORE UPDATE ON payments_mandate
  FOR EACH ROW WHEN (old.signed_on IS NOT NULL) EXECUTE FUNCTION kernel_freeze('revoked_at', 'revoked_because');
DROP FUNCTION payments_freeze_mandate();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0023_changed_money")]

    operations = [migrations.RunSQL(MANDATES, BEFORE)]
