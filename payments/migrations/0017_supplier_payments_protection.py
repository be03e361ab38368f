"""What suppliers were paid is frozen, and counted by PostgreSQL itself on their invoices; an ordered run stays as it is."""

from django.db import migrations

PROTECTION = r"""
-- What payments settle of a purchase; of a credit note, what they net of it.
CREATE FUNCTION payments_paid_of_purchase(the_purchase bigint) RETURNS numeric LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(amount), 0) FROM payments_suppliershare WHERE purchase_id = the_purchase
$$;

CREATE FUNCTION payments_purchase_is_paid() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
DECLARE
  kept numeric;
  found numeric;
BEGIN
  SELECT amount_paid, payments_paid_of_purchase(id) INTO kept, found
    FROM billing_purchaseinvoice WHERE id = NEW.purchase_id;
  IF kept < found THEN
    RAISE EXCEPTION 'quittance: purchase % says % paid, its payments say %', NEW.purchase_id, kept, found
      USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

-- A payment is its shares, of purchases of its supplier and currency, while it stands; nothing once cancelled. Credit
-- notes lessen it, and what comes back is as much the other way.
CREATE FUNCTION payments_supplier_payment_shared() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
DECLARE
  the_payment bigint :=
    CASE WHEN TG_TABLE_NAME = 'payments_supplierpayment' THEN NEW.id ELSE (to_jsonb(NEW) ->> 'payment_id')::bigint END;
BEGIN
  PERFORM FROM payments_supplierpayment p WHERE p.id = the_payment
    AND (CASE WHEN p.cancelled_at IS NOT NULL THEN 0 WHEN p.kind = 'RETURN' THEN -p.amount ELSE p.amount END,
         FALSE)
      = ((SELECT coalesce(sum(CASE WHEN i.kind = '381' THEN -s.amount ELSE s.amount END - s.discount), 0)
          FROM payments_suppliershare s JOIN billing_purchaseinvoice i ON i.id = s.purchase_id WHERE s.payment_id = p.id),
         EXISTS (SELECT FROM payments_suppliershare s JOIN billing_purchaseinvoice i ON i.id = s.purchase_id
          WHERE s.payment_id = p.id
            AND (i.supplier_id <> p.supplier_id OR i.currency <> p.currency OR i.company_id <> p.company_id)));
  IF NOT FOUND THEN
    RAISE EXCEPTION 'quittance: supplier payment % is not what its shares pay', the_payment USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

-- It explains one line at a time, by its whole amount, as long as it stands.
CREATE FUNCTION payments_part_is_of_its_supplier_payment() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
DECLARE
  the_payment bigint := CASE WHEN TG_TABLE_NAME = 'payments_supplierpayment' THEN NEW.id
    ELSE (to_jsonb(NEW) ->> 'supplier_payment_id')::bigint END;
BEGIN
  IF (SELECT count(*) > 1 OR bool_or(payment.cancelled_at IS NOT NULL
        OR part.amount <> CASE WHEN payment.kind = 'RETURN' THEN payment.amount ELSE -payment.amount END)
      FROM payments_matchpart AS part
      JOIN payments_match AS match ON match.id = part.match_id AND match.undone_at IS NULL
      JOIN payments_supplierpayment AS payment ON payment.id = part.supplier_payment_id
      WHERE part.supplier_payment_id = the_payment) THEN
    RAISE EXCEPTION 'quittance: the parts of supplier payment % are not itself', the_payment USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

-- The lines of a run are its total, as long as they may change; what is ordered is what was confirmed.
CREATE FUNCTION payments_run_is_its_lines() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
DECLARE
  the_run bigint :=
    CASE WHEN TG_TABLE_NAME = 'payments_paymentrun' THEN NEW.id ELSE (to_jsonb(NEW) ->> 'run_id')::bigint END;
BEGIN
  PERFORM FROM payments_paymentrun r WHERE r.id = the_run AND r.total
    = (SELECT coalesce(sum(CASE WHEN i.kind = '381' THEN -l.amount ELSE l.amount END - l.discount), 0)
       FROM payments_paymentrunline l JOIN billing_purchaseinvoice i ON i.id = l.purchase_id
       WHERE l.run_id = r.id AND l.removed_at IS NULL)
    AND (r.order_id IS NULL OR r.total = (SELECT total FROM payments_paymentorder WHERE id = r.order_id));
  IF NOT FOUND THEN
    RAISE EXCEPTION 'quittance: the total of run % is not that of its lines', the_run USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER payments_supplierpayment_freeze BEFORE UPDATE ON payments_supplierpayment
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze('cancelled_at', 'cancelled_because', 'announced_at');
CREATE TRIGGER payments_supplierpayment_keep BEFORE DELETE ON payments_supplierpayment
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER payments_supplierpayment_keep_all BEFORE TRUNCATE ON payments_supplierpayment
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
-- never cancelled twice, never announced twice
CREATE TRIGGER payments_supplierpayment_forward BEFORE UPDATE ON payments_supplierpayment
  FOR EACH ROW WHEN (
    (old.cancelled_at IS NOT NULL AND new.cancelled_at IS DISTINCT FROM old.cancelled_at)
    OR (old.announced_at IS NOT NULL AND new.announced_at IS DISTINCT FROM old.announced_at)
  ) EXECUTE FUNCTION kernel_refuse();
CREATE CONSTRAINT TRIGGER payments_supplierpayment_whole
  AFTER INSERT OR UPDATE OF cancelled_at ON payments_supplierpayment
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_supplier_payment_shared();
CREATE CONSTRAINT TRIGGER payments_supplierpayment_matched AFTER UPDATE OF cancelled_at ON payments_supplierpayment
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_part_is_of_its_supplier_payment();
CREATE CONSTRAINT TRIGGER payments_matchpart_supplier_payment AFTER INSERT ON payments_matchpart
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (new.supplier_payment_id IS NOT NULL)
  EXECUTE FUNCTION payments_part_is_of_its_supplier_payment();

CREATE TRIGGER payments_suppliershare_freeze BEFORE UPDATE ON payments_suppliershare
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze();
CREATE TRIGGER payments_suppliershare_keep BEFORE DELETE ON payments_suppliershare
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER payments_suppliershare_keep_all BEFORE TRUNCATE ON payments_suppliershare
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
CREATE CONSTRAINT TRIGGER payments_suppliershare_counted AFTER INSERT ON payments_suppliershare
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_purchase_is_paid();
CREATE CONSTRAINT TRIGGER payments_suppliershare_whole AFTER INSERT ON payments_suppliershare
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_supplier_payment_shared();

CREATE TRIGGER payments_paymentrun_freeze BEFORE UPDATE ON payments_paymentrun
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze(
    'status', 'total', 'executes_on', 'prepared_by_id', 'confirmed_by_id', 'order_id', 'ordered_at', 'cancelled_at',
    'cancelled_because');
CREATE TRIGGER payments_paymentrun_freeze_ordered BEFORE UPDATE ON payments_paymentrun
  FOR EACH ROW WHEN (old.status IN ('ORDERED', 'CANCELLED')) EXECUTE FUNCTION kernel_freeze(
    'status', 'cancelled_at', 'cancelled_because');
CREATE TRIGGER payments_paymentrun_forward BEFORE UPDATE ON payments_paymentrun
  FOR EACH ROW WHEN (old.status = 'CANCELLED' OR (old.status = 'ORDERED' AND new.status NOT IN ('ORDERED', 'CANCELLED')))
  EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER payments_paymentrun_keep BEFORE DELETE ON payments_paymentrun
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER payments_paymentrun_keep_all BEFORE TRUNCATE ON payments_paymentrun
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
CREATE CONSTRAINT TRIGGER payments_paymentrun_totalled AFTER INSERT OR UPDATE ON payments_paymentrun
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_run_is_its_lines();

CREATE TRIGGER payments_paymentrunline_freeze BEFORE UPDATE ON payments_paymentrunline
  FOR EACH ROW WHEN (old.ended_at IS NULL) EXECUTE FUNCTION kernel_freeze('amount', 'discount', 'removed_at', 'ended_at');
CREATE TRIGGER payments_paymentrunline_freeze_ended BEFORE UPDATE ON payments_paymentrunline
  FOR EACH ROW WHEN (old.ended_at IS NOT NULL) EXECUTE FUNCTION kernel_freeze();
CREATE TRIGGER payments_paymentrunline_keep BEFORE DELETE ON payments_paymentrunline
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER payments_paymentrunline_keep_all BEFORE TRUNCATE ON payments_paymentrunline
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
CREATE CONSTRAINT TRIGGER payments_paymentrunline_totalled AFTER INSERT OR UPDATE ON payments_paymentrunline
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_run_is_its_lines();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0007_purchases_protection"),
        ("kernel", "0002_protection"),
        ("payments", "0016_supplier_payments"),
    ]

    operations = [migrations.RunSQL(PROTECTION, migrations.RunSQL.noop)]
