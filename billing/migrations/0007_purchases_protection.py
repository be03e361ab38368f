"""A purchase that is booked is frozen with its parts, as an issued invoice is; credits used are only added to."""

from django.db import migrations

PROTECTION = r"""
CREATE FUNCTION billing_part_of_booked() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM billing_purchaseinvoice WHERE booked_on IS NOT NULL AND id IN (
      CASE WHEN TG_OP <> 'INSERT' THEN OLD.purchase_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.purchase_id END)) THEN
    RAISE EXCEPTION 'quittance: % on % is refused, the purchase is booked', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE TRIGGER billing_purchaseinvoice_freeze BEFORE UPDATE ON billing_purchaseinvoice
  FOR EACH ROW WHEN (old.booked_on IS NOT NULL) EXECUTE FUNCTION kernel_freeze(
    'status', 'amount_paid', 'amount_credited', 'disputed_at', 'dispute_reason', 'internal_notes', 'due_date', 'iban');
CREATE TRIGGER billing_purchaseinvoice_keep BEFORE DELETE ON billing_purchaseinvoice
  FOR EACH ROW WHEN (old.status <> 'TO_CHECK') EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER billing_purchaseinvoice_keep_all BEFORE TRUNCATE ON billing_purchaseinvoice
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TRIGGER billing_purchaseline_freeze BEFORE INSERT OR DELETE OR UPDATE ON billing_purchaseline
  FOR EACH ROW EXECUTE FUNCTION billing_part_of_booked();
CREATE TRIGGER billing_purchaseline_keep_all BEFORE TRUNCATE ON billing_purchaseline
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER billing_purchasevat_freeze BEFORE INSERT OR DELETE OR UPDATE ON billing_purchasevat
  FOR EACH ROW EXECUTE FUNCTION billing_part_of_booked();
CREATE TRIGGER billing_purchasevat_keep_all BEFORE TRUNCATE ON billing_purchasevat
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER billing_purchasedeposit_freeze BEFORE INSERT OR DELETE OR UPDATE ON billing_purchasedeposit
  FOR EACH ROW EXECUTE FUNCTION billing_part_of_booked();
CREATE TRIGGER billing_purchasedeposit_keep_all BEFORE TRUNCATE ON billing_purchasedeposit
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TRIGGER billing_purchasecredit_freeze BEFORE UPDATE ON billing_purchasecredit
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze();
CREATE TRIGGER billing_purchasecredit_keep BEFORE DELETE ON billing_purchasecredit
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER billing_purchasecredit_keep_all BEFORE TRUNCATE ON billing_purchasecredit
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0006_purchases"), ("kernel", "0002_protection")]

    operations = [migrations.RunSQL(PROTECTION, migrations.RunSQL.noop)]
