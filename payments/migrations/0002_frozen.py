"""Payments and allocations are append-only, and what an invoice says was paid is the sum of its allocations."""

from django.db import migrations

from config.kernel.protect import freeze

PAID = """
-- At commit, the figures kept on the invoice and on the payment equal the allocations they sum up.
CREATE FUNCTION payments_paid_is_allocated() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  kept numeric;
  found numeric;
BEGIN
  SELECT amount_paid INTO kept FROM billing_invoice WHERE id = NEW.id;
  SELECT coalesce(sum(amount), 0) INTO found FROM payments_allocation WHERE invoice_id = NEW.id;
  IF kept <> found THEN
    RAISE EXCEPTION 'quittance: invoice % says % paid, its allocations say %', NEW.id, kept, found USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER payments_invoice_paid AFTER UPDATE OF amount_paid ON billing_invoice
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_paid_is_allocated();

CREATE FUNCTION payments_allocated_is_allocated() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  kept numeric;
  found numeric;
BEGIN
  SELECT allocated INTO kept FROM payments_payment WHERE id = NEW.id;
  SELECT coalesce(sum(amount), 0) INTO found FROM payments_allocation WHERE payment_id = NEW.id;
  IF kept <> found THEN
    RAISE EXCEPTION 'quittance: payment % says % allocated, its allocations say %', NEW.id, kept, found
      USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER payments_payment_allocated AFTER UPDATE OF allocated ON payments_payment
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_allocated_is_allocated();

CREATE FUNCTION payments_both_sides_follow() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE CONSTRAINT TRIGGER payments_allocation_counted AFTER INSERT ON payments_allocation
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_both_sides_follow();
"""

UNPAID = """
DROP TRIGGER payments_invoice_paid ON billing_invoice;
DROP TRIGGER payments_payment_allocated ON payments_payment;
DROP TRIGGER payments_allocation_counted ON payments_allocation;
DROP FUNCTION payments_paid_is_allocated();
DROP FUNCTION payments_allocated_is_allocated();
DROP FUNCTION payments_both_sides_follow();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial"), ("billing", "0003_frozen")]

    operations = [
        freeze("payments_payment", mutable=["reference", "notes", "allocated", "reversed_at"]),
        freeze("payments_allocation"),
        freeze("payments_bankstatement"),
        freeze("payments_bankline", mutable=["status"]),
        freeze("payments_match", mutable=["undone_at", "undone_because"]),
        migrations.RunSQL(PAID, UNPAID),
    ]
