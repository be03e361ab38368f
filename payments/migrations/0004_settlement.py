"""Where an issued invoice stands follows from its allocations and credit notes alone, for whoever writes.

The functions look across companies (`SET quittance.company`): under row-level security a session that says another
company, or none, would otherwise see nothing to object to.
"""

from django.db import migrations

SETTLEMENT = """
-- What the allocations, the credit notes and the corrected invoice of an issued invoice make of it.
CREATE FUNCTION payments_settlement(the_invoice bigint, OUT paid numeric, OUT credited numeric, OUT status text)
LANGUAGE plpgsql STABLE SET quittance.company = '*' AS $$
DECLARE
  kept billing_invoice%ROWTYPE;
  payable numeric;
  notes integer;
  takes_deposits_back boolean;
  is_replaced boolean;
BEGIN
  SELECT * INTO kept FROM billing_invoice WHERE id = the_invoice;
  payable := kept.total_gross - kept.amount_deposited;
  SELECT coalesce(sum(amount), 0) INTO paid FROM payments_allocation WHERE invoice_id = the_invoice;
  SELECT coalesce(sum(total_gross - amount_deposited), 0), count(*), coalesce(bool_or(amount_deposited > 0), FALSE)
    INTO credited, notes, takes_deposits_back
    FROM billing_invoice AS note WHERE note.corrects_id = the_invoice AND note.kind = '381' AND note.status <> 'DRAFT';
  SELECT EXISTS (SELECT 1 FROM billing_invoice AS corrected
    WHERE corrected.corrects_id = the_invoice AND corrected.kind = '384' AND corrected.status <> 'DRAFT') INTO is_replaced;
  IF is_replaced THEN
    credited := payable;
  END IF;
  status := CASE
    WHEN kept.kind = '381' THEN 'ISSUED'
    WHEN is_replaced THEN 'CREDITED'
    WHEN notes > 0 AND credited = payable AND (takes_deposits_back OR kept.amount_deposited = 0) THEN 'CREDITED'
    WHEN paid + credited = payable THEN 'PAID'
    ELSE 'ISSUED' END;
END $$;

CREATE FUNCTION payments_stands_where_it_says() RETURNS trigger LANGUAGE plpgsql SET quittance.company = '*' AS $$
DECLARE
  kept billing_invoice%ROWTYPE;
  found record;
BEGIN
  SELECT * INTO kept FROM billing_invoice WHERE id = NEW.id;
  IF kept.id IS NULL OR kept.status = 'DRAFT' THEN
    RETURN NULL;
  END IF;
  SELECT * INTO found FROM payments_settlement(NEW.id);
  IF (kept.amount_paid, kept.amount_credited, kept.status) IS DISTINCT FROM (found.paid, found.credited, found.status) THEN
    RAISE EXCEPTION 'quittance: invoice % says % (% paid, % credited), what it rests on says % (% paid, % credited)',
      NEW.id, kept.status, kept.amount_paid, kept.amount_credited, found.status, found.paid, found.credited
      USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER payments_invoice_settlement
  AFTER INSERT OR UPDATE OF status, amount_paid, amount_credited, replaced_at ON billing_invoice
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.status <> 'DRAFT')
  EXECUTE FUNCTION payments_stands_where_it_says();

-- the trigger above says this and more
DROP TRIGGER payments_invoice_paid ON billing_invoice;
DROP FUNCTION payments_paid_is_allocated();
ALTER FUNCTION payments_allocated_is_allocated() SET quittance.company = '*';
ALTER FUNCTION payments_both_sides_follow() SET quittance.company = '*';
ALTER FUNCTION billing_part_of_issued() SET quittance.company = '*';
ALTER FUNCTION billing_deduction_of_issued() SET quittance.company = '*';
ALTER FUNCTION billing_deposited_is_deducted() SET quittance.company = '*';
ALTER FUNCTION billing_entry_balances() SET quittance.company = '*';
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_feeds"), ("billing", "0007_stock")]

    operations = [migrations.RunSQL(SETTLEMENT)]
