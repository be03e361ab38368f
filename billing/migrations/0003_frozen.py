"""Issued documents, stock movements and the journal are frozen by PostgreSQL itself; each entry balances."""

from django.db import migrations

from config.kernel.protect import freeze

LINES = """
-- The lines and VAT rows of an issued invoice: no INSERT, UPDATE or DELETE once it has left the draft.
CREATE FUNCTION billing_part_of_issued() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  part record;
BEGIN
  part := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
  IF EXISTS (SELECT 1 FROM billing_invoice WHERE id = part.invoice_id AND status <> 'DRAFT')
     OR (TG_OP = 'UPDATE' AND EXISTS (SELECT 1 FROM billing_invoice WHERE id = OLD.invoice_id AND status <> 'DRAFT')) THEN
    RAISE EXCEPTION 'quittance: % on % is refused, the invoice is issued', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
  END IF;
  RETURN part;
END $$;
CREATE TRIGGER billing_invoiceline_freeze BEFORE INSERT OR UPDATE OR DELETE ON billing_invoiceline
  FOR EACH ROW EXECUTE FUNCTION billing_part_of_issued();
CREATE TRIGGER billing_invoiceline_keep_all BEFORE TRUNCATE ON billing_invoiceline
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER billing_vatsubtotal_freeze BEFORE INSERT OR UPDATE OR DELETE ON billing_vatsubtotal
  FOR EACH ROW EXECUTE FUNCTION billing_part_of_issued();
CREATE TRIGGER billing_vatsubtotal_keep_all BEFORE TRUNCATE ON billing_vatsubtotal
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
"""

UNLINES = """
DROP TRIGGER billing_invoiceline_freeze ON billing_invoiceline;
DROP TRIGGER billing_invoiceline_keep_all ON billing_invoiceline;
DROP TRIGGER billing_vatsubtotal_freeze ON billing_vatsubtotal;
DROP TRIGGER billing_vatsubtotal_keep_all ON billing_vatsubtotal;
DROP FUNCTION billing_part_of_issued();
"""

BACK_TO_DRAFT = """
CREATE FUNCTION billing_never_back_to_draft() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'quittance: an issued invoice never becomes a draft again' USING ERRCODE = '42501';
END $$;
CREATE TRIGGER billing_invoice_forward BEFORE UPDATE ON billing_invoice
  FOR EACH ROW WHEN (OLD.status <> 'DRAFT' AND NEW.status = 'DRAFT') EXECUTE FUNCTION billing_never_back_to_draft();
"""

FORWARD_AGAIN = """
DROP TRIGGER billing_invoice_forward ON billing_invoice;
DROP FUNCTION billing_never_back_to_draft();
"""

BALANCED = """
CREATE FUNCTION billing_entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  gap numeric;
BEGIN
  SELECT sum(debit) - sum(credit) INTO gap FROM billing_journalline WHERE entry_id = NEW.entry_id;
  IF gap <> 0 THEN
    RAISE EXCEPTION 'quittance: journal entry % does not balance (%)', NEW.entry_id, gap USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER billing_journalline_balances AFTER INSERT ON billing_journalline
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_entry_balances();
"""

UNBALANCED = """
DROP TRIGGER billing_journalline_balances ON billing_journalline;
DROP FUNCTION billing_entry_balances();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_initial"), ("kernel", "0002_chain")]

    operations = [
        freeze(
            "billing_invoice",
            mutable=["status", "amount_paid", "amount_credited", "internal_notes", "disputed_at", "dispute_reason"],
            when="OLD.status <> 'DRAFT'",
        ),
        migrations.RunSQL(BACK_TO_DRAFT, FORWARD_AGAIN),
        migrations.RunSQL(LINES, UNLINES),
        freeze("billing_invoicedocument"),
        freeze("billing_stockmovement"),
        freeze("billing_journalentry"),
        freeze("billing_journalline"),
        migrations.RunSQL(BALANCED, UNBALANCED),
    ]
