"""Payments and allocations are frozen, and an invoice says what they carry: PostgreSQL itself refuses."""

from django.db import migrations

PROTECTION = r"""
CREATE FUNCTION payments_allocated_is_allocated() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
DECLARE
  kept numeric;
  found numeric;
BEGIN
  -- read again, not NEW: deferred, the trigger sees the row as of its own statement, and later ones may have followed
  SELECT allocated INTO kept FROM payments_payment WHERE id = NEW.id;
  SELECT coalesce(sum(amount), 0) INTO found FROM payments_allocation WHERE payment_id = NEW.id;
  IF kept <> found THEN
    RAISE EXCEPTION 'quittance: payment % says % allocated, its allocations say %', NEW.id, kept, found
      USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

-- An allocation without an update of its invoice or payment fires no trigger of theirs: this one asks both.
CREATE FUNCTION payments_both_sides_follow() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
DECLARE
  gap numeric;
BEGIN
  SELECT i.amount_paid - (SELECT sum(amount) FROM payments_allocation WHERE invoice_id = i.id) INTO gap
    FROM billing_invoice i WHERE i.id = NEW.invoice_id;
  IF gap = 0 THEN
    SELECT p.allocated - (SELECT sum(amount) FROM payments_allocation WHERE payment_id = p.id) INTO gap
      FROM payments_payment p WHERE p.id = NEW.payment_id;
  END IF;
  IF gap <> 0 THEN
    RAISE EXCEPTION 'quittance: allocation % is not in the figures of its invoice or payment', NEW.id
      USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

-- What the allocations, the credit notes and the corrected invoice of an issued invoice make of it, in the caller's scope.
CREATE FUNCTION payments_settlement(the_invoice bigint) RETURNS TABLE (paid numeric, credited numeric, status text)
LANGUAGE sql STABLE ROWS 1 AS $$
  SELECT allocations.paid,
    CASE WHEN corrections.replaced THEN invoice.payable ELSE corrections.credited END,
    CASE
      WHEN invoice.kind = '381' THEN 'ISSUED'
      WHEN corrections.replaced THEN 'CREDITED'
      WHEN corrections.notes > 0 AND corrections.credited = invoice.payable
        AND (corrections.take_deposits_back OR invoice.amount_deposited = 0) THEN 'CREDITED'
      WHEN allocations.paid + corrections.credited = invoice.payable THEN 'PAID'
      ELSE 'ISSUED' END
  FROM
    (SELECT kind, amount_deposited, total_gross - amount_deposited AS payable
      FROM billing_invoice WHERE id = the_invoice) AS invoice,
    (SELECT coalesce(sum(amount), 0) AS paid FROM payments_allocation WHERE invoice_id = the_invoice) AS allocations,
    (SELECT count(*) FILTER (WHERE kind = '381') AS notes,
        coalesce(sum(total_gross - amount_deposited) FILTER (WHERE kind = '381'), 0) AS credited,
        coalesce(bool_or(amount_deposited > 0) FILTER (WHERE kind = '381'), FALSE) AS take_deposits_back,
        coalesce(bool_or(kind = '384'), FALSE) AS replaced
      FROM billing_invoice WHERE corrects_id = the_invoice AND billing_invoice.status <> 'DRAFT') AS corrections
$$;

CREATE FUNCTION payments_stands_where_it_says() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
DECLARE
  differing record;
BEGIN
  SELECT kept.status, kept.amount_paid, kept.amount_credited, found.status AS found, found.paid, found.credited INTO differing
    FROM billing_invoice AS kept, payments_settlement(NEW.id) AS found
    WHERE kept.id = NEW.id AND kept.status <> 'DRAFT' AND
      (kept.amount_paid, kept.amount_credited, kept.status) IS DISTINCT FROM (found.paid, found.credited, found.status);
  IF FOUND THEN
    RAISE EXCEPTION 'quittance: invoice % says % (% paid, % credited), what it rests on says % (% paid, % credited)',
      NEW.id, differing.status, differing.amount_paid, differing.amount_credited,
      differing.found, differing.paid, differing.credited
      USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

-- A new company starts with the half-years that were known when this was written; later ones are for its owner.
CREATE FUNCTION payments_known_rates() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
BEGIN
  INSERT INTO payments_lateinterestrate (id, company_id, year, half, ecb, legal, source)
  SELECT 1000000000000000 + floor(random() * 8000000000000000)::bigint, NEW.id, known.*
  FROM (VALUES
    (2023, 1, 2.50, 2.06, 'Arrêté semestriel du taux légal ; BCE, taux de refinancement'),
    (2023, 2, 4.00, 4.22, 'Arrêté semestriel du taux légal ; BCE, taux de refinancement'),
    (2024, 1, 4.50, 5.07, 'Arrêté semestriel du taux légal ; BCE, taux de refinancement'),
    (2024, 2, 4.25, 4.92, 'Arrêté semestriel du taux légal ; BCE, taux de refinancement'),
    (2025, 1, 3.15, 3.71, 'Arrêté semestriel du taux légal ; BCE, taux de refinancement'),
    (2025, 2, 2.15, 2.76, 'Arrêté semestriel du taux légal ; BCE, taux de refinancement'),
    (2026, 1, 2.15, 2.62, 'Arrêté du 15 décembre 2025 ; BCE, taux de refinancement')
  ) AS known (year, half, ecb, legal, source)
  ON CONFLICT (company_id, year, half) DO NOTHING;
  RETURN NULL;
END $$;

CREATE TRIGGER payments_payment_keep BEFORE DELETE ON payments_payment
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER payments_payment_keep_all BEFORE TRUNCATE ON payments_payment
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TRIGGER payments_allocation_freeze BEFORE UPDATE ON payments_allocation
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze();
CREATE TRIGGER payments_allocation_keep BEFORE DELETE ON payments_allocation
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER payments_allocation_keep_all BEFORE TRUNCATE ON payments_allocation
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TRIGGER payments_bankstatement_freeze BEFORE UPDATE ON payments_bankstatement
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze();
CREATE TRIGGER payments_bankstatement_keep BEFORE DELETE ON payments_bankstatement
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER payments_bankstatement_keep_all BEFORE TRUNCATE ON payments_bankstatement
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TRIGGER payments_bankline_freeze BEFORE UPDATE ON payments_bankline
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze('status');
CREATE TRIGGER payments_bankline_keep BEFORE DELETE ON payments_bankline
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER payments_bankline_keep_all BEFORE TRUNCATE ON payments_bankline
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TRIGGER payments_match_freeze BEFORE UPDATE ON payments_match
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze('undone_at', 'undone_because');
CREATE TRIGGER payments_match_keep BEFORE DELETE ON payments_match
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER payments_match_keep_all BEFORE TRUNCATE ON payments_match
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE CONSTRAINT TRIGGER payments_payment_allocated AFTER UPDATE OF allocated ON payments_payment
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_allocated_is_allocated();

CREATE CONSTRAINT TRIGGER payments_payment_starts_free AFTER INSERT ON payments_payment
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (new.allocated <> 0) EXECUTE FUNCTION payments_allocated_is_allocated();

CREATE CONSTRAINT TRIGGER payments_allocation_counted AFTER INSERT ON payments_allocation
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_both_sides_follow();

-- Deferred: an allocation and the amount of its invoice are written by two statements.
CREATE CONSTRAINT TRIGGER payments_invoice_settlement AFTER INSERT OR UPDATE OF status, amount_paid, amount_credited, replaced_at ON billing_invoice
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.status) <> 'DRAFT')) EXECUTE FUNCTION payments_stands_where_it_says();

CREATE TRIGGER payments_payment_freeze BEFORE UPDATE ON payments_payment
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze('reference', 'transaction_id', 'notes', 'allocated', 'reversed_at');

CREATE TRIGGER payments_company_rates AFTER INSERT ON kernel_company
  FOR EACH ROW EXECUTE FUNCTION payments_known_rates();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial"), ("billing", "0002_protection")]

    operations = [migrations.RunSQL(PROTECTION, migrations.RunSQL.noop)]
