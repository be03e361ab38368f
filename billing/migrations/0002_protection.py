"""Issued documents, their parts, journal, files and stock: PostgreSQL itself refuses, not only Python.

Functions that read tables name their search path: a temporary table of the same name would be read first.
"""

from django.db import migrations

PROTECTION = r"""
CREATE FUNCTION billing_never_back_to_draft() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'quittance: an issued invoice never becomes a draft again' USING ERRCODE = '42501';
END $$;

-- The lines and VAT rows of an issued invoice: no INSERT, UPDATE or DELETE once it has left the draft.
-- The added ones are looked at together, once a statement: a look at each costs as much as its INSERT. Invoices are
-- found by their keys: a session that planned while there were few would go on reading all of them.
CREATE FUNCTION billing_added_to_issued() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp SET enable_seqscan TO off AS $$
BEGIN
  IF EXISTS (SELECT FROM added JOIN billing_invoice AS invoice ON invoice.id = added.invoice_id
             WHERE invoice.status <> 'DRAFT') THEN
    RAISE EXCEPTION 'quittance: INSERT on % is refused, the invoice is issued', TG_TABLE_NAME USING ERRCODE = '42501';
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION billing_part_of_issued() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
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

-- An entry is written by one statement, which leaves it balanced: what is added to it later is refused, balanced or not.
CREATE FUNCTION billing_entries_balance() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp SET enable_seqscan TO off AS $$
DECLARE
  entry record;
BEGIN
  -- NaN is equal to itself, and its difference with itself is no zero
  SELECT entry_id, sum(debit) - sum(credit) AS gap INTO entry FROM billing_journalline
    WHERE entry_id IN (SELECT entry_id FROM added) GROUP BY entry_id HAVING sum(debit) - sum(credit) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'quittance: journal entry % does not balance (%)', entry.entry_id, entry.gap USING ERRCODE = '23514';
  END IF;
  IF (SELECT count(*) FROM added) <>
     (SELECT count(*) FROM billing_journalline WHERE entry_id IN (SELECT entry_id FROM added)) THEN
    RAISE EXCEPTION 'quittance: INSERT on % is refused, the entry is written', TG_TABLE_NAME USING ERRCODE = '42501';
  END IF;
  RETURN NULL;
END $$;

-- Once its invoice is issued a deduction can only end: from live to not live.
CREATE FUNCTION billing_deduction_of_issued() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
DECLARE
  part record;
BEGIN
  part := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
  IF NOT EXISTS (SELECT 1 FROM billing_invoice WHERE id = part.invoice_id AND status <> 'DRAFT')
     AND (TG_OP <> 'UPDATE'
          OR NOT EXISTS (SELECT 1 FROM billing_invoice WHERE id = OLD.invoice_id AND status <> 'DRAFT')) THEN
    RETURN part;
  END IF;
  IF TG_OP = 'UPDATE' AND OLD.is_live AND NOT NEW.is_live
     AND (to_jsonb(OLD) - 'is_live') = (to_jsonb(NEW) - 'is_live') THEN
    RETURN part;
  END IF;
  RAISE EXCEPTION 'quittance: % on % is refused, the invoice is issued', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
END $$;

-- What an issued invoice says it deducts is the sum of its deductions.
CREATE FUNCTION billing_deposited_is_deducted() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
DECLARE
  gap numeric;
BEGIN
  SELECT abs(NEW.amount_deposited - coalesce(sum(gross), 0)) + abs(NEW.deposited_vat - coalesce(sum(vat), 0)) INTO gap
    FROM billing_depositdeduction WHERE invoice_id = NEW.id;
  IF gap <> 0 THEN
    RAISE EXCEPTION 'quittance: invoice % and its deductions differ by %', NEW.id, gap USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

-- In the server, under the lock that its own UPDATE takes: two movements at once are both counted.
CREATE FUNCTION billing_count_movement() RETURNS trigger LANGUAGE plpgsql SET search_path TO public, pg_temp AS $$
BEGIN
  UPDATE billing_product SET on_hand = on_hand + NEW.quantity WHERE id = NEW.product_id;
  RETURN NULL;
END $$;

CREATE FUNCTION billing_on_hand_is_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- inside the trigger above the depth is 2
  IF pg_trigger_depth() < 2 THEN
    RAISE EXCEPTION 'quittance: the stock of product % changes by movements alone', NEW.id USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION billing_part_of_confirmed() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM billing_salesorder WHERE status <> 'DRAFT' AND id IN (
      CASE WHEN TG_OP <> 'INSERT' THEN OLD.order_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.order_id END)) THEN
    RAISE EXCEPTION 'quittance: % on % is refused, the order is confirmed', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE TRIGGER billing_invoice_keep BEFORE DELETE ON billing_invoice
  FOR EACH ROW WHEN (((old.status) <> 'DRAFT')) EXECUTE FUNCTION kernel_refuse();
-- TRUNCATE fires no trigger of rows: each frozen table refuses it by a trigger of its own.
CREATE TRIGGER billing_invoice_keep_all BEFORE TRUNCATE ON billing_invoice
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER billing_invoice_forward BEFORE UPDATE ON billing_invoice
  FOR EACH ROW WHEN ((((old.status) <> 'DRAFT') AND ((new.status) = 'DRAFT'))) EXECUTE FUNCTION billing_never_back_to_draft();

CREATE TRIGGER billing_invoiceline_freeze BEFORE DELETE OR UPDATE ON billing_invoiceline
  FOR EACH ROW EXECUTE FUNCTION billing_part_of_issued();
CREATE TRIGGER billing_invoiceline_added AFTER INSERT ON billing_invoiceline
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_added_to_issued();
CREATE TRIGGER billing_invoiceline_keep_all BEFORE TRUNCATE ON billing_invoiceline
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TRIGGER billing_vatsubtotal_freeze BEFORE DELETE OR UPDATE ON billing_vatsubtotal
  FOR EACH ROW EXECUTE FUNCTION billing_part_of_issued();
CREATE TRIGGER billing_vatsubtotal_added AFTER INSERT ON billing_vatsubtotal
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_added_to_issued();
CREATE TRIGGER billing_vatsubtotal_keep_all BEFORE TRUNCATE ON billing_vatsubtotal
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TRIGGER billing_invoicedocument_freeze BEFORE UPDATE ON billing_invoicedocument
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze();
CREATE TRIGGER billing_invoicedocument_keep BEFORE DELETE ON billing_invoicedocument
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER billing_invoicedocument_keep_all BEFORE TRUNCATE ON billing_invoicedocument
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TRIGGER billing_stockmovement_freeze BEFORE UPDATE ON billing_stockmovement
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze();
CREATE TRIGGER billing_stockmovement_keep BEFORE DELETE ON billing_stockmovement
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER billing_stockmovement_keep_all BEFORE TRUNCATE ON billing_stockmovement
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TRIGGER billing_journalentry_freeze BEFORE UPDATE ON billing_journalentry
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze();
CREATE TRIGGER billing_journalentry_keep BEFORE DELETE ON billing_journalentry
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER billing_journalentry_keep_all BEFORE TRUNCATE ON billing_journalentry
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TRIGGER billing_journalline_freeze BEFORE UPDATE ON billing_journalline
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze();
CREATE TRIGGER billing_journalline_keep BEFORE DELETE ON billing_journalline
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER billing_journalline_keep_all BEFORE TRUNCATE ON billing_journalline
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER billing_journalline_balances AFTER INSERT ON billing_journalline
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_entries_balance();

CREATE TRIGGER billing_depositdeduction_freeze BEFORE INSERT OR DELETE OR UPDATE ON billing_depositdeduction
  FOR EACH ROW EXECUTE FUNCTION billing_deduction_of_issued();
CREATE TRIGGER billing_depositdeduction_keep_all BEFORE TRUNCATE ON billing_depositdeduction
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE CONSTRAINT TRIGGER billing_invoice_deposited AFTER UPDATE OF status ON billing_invoice
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((((old.status) = 'DRAFT') AND ((new.status) <> 'DRAFT'))) EXECUTE FUNCTION billing_deposited_is_deducted();

CREATE TRIGGER billing_stockmovement_counted AFTER INSERT ON billing_stockmovement
  FOR EACH ROW EXECUTE FUNCTION billing_count_movement();

CREATE TRIGGER billing_product_on_hand BEFORE UPDATE ON billing_product
  FOR EACH ROW WHEN ((old.on_hand IS DISTINCT FROM new.on_hand)) EXECUTE FUNCTION billing_on_hand_is_counted();
CREATE TRIGGER billing_product_starts_empty BEFORE INSERT ON billing_product
  FOR EACH ROW WHEN ((new.on_hand <> (0)::numeric)) EXECUTE FUNCTION billing_on_hand_is_counted();

CREATE TRIGGER billing_invoice_freeze BEFORE UPDATE ON billing_invoice
  FOR EACH ROW WHEN (((old.status) <> 'DRAFT')) EXECUTE FUNCTION kernel_freeze('status', 'amount_paid', 'amount_credited', 'internal_notes', 'disputed_at', 'dispute_reason', 'replaced_at', 'ahead_of', 'abby_invoice_id', 'abby_invoice_number');

CREATE TRIGGER billing_salesorder_counted BEFORE DELETE ON billing_salesorder
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER billing_salesorder_confirmed BEFORE UPDATE ON billing_salesorder
  FOR EACH ROW WHEN (((old.status) <> 'DRAFT')) EXECUTE FUNCTION kernel_freeze('status', 'shipped_at', 'billed_by_id');

CREATE TRIGGER billing_orderline_confirmed BEFORE INSERT OR DELETE OR UPDATE ON billing_orderline
  FOR EACH ROW EXECUTE FUNCTION billing_part_of_confirmed();

CREATE TRIGGER billing_salesorder_number BEFORE UPDATE ON billing_salesorder
  FOR EACH ROW WHEN ((((old.number) IS DISTINCT FROM (new.number)) OR (old.company_id IS DISTINCT FROM new.company_id))) EXECUTE FUNCTION kernel_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial"), ("kernel", "0002_protection")]

    operations = [migrations.RunSQL(PROTECTION, migrations.RunSQL.noop)]
