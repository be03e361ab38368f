"""What is on hand is the sum of the movements: PostgreSQL counts each one, and refuses any other writing of it."""

from django.db import migrations

COUNTED = """
CREATE FUNCTION billing_count_movement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE billing_product SET on_hand = on_hand + NEW.quantity WHERE id = NEW.product_id;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_stockmovement_counted AFTER INSERT ON billing_stockmovement
  FOR EACH ROW EXECUTE FUNCTION billing_count_movement();

CREATE FUNCTION billing_on_hand_is_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- inside the trigger above the depth is 2
  IF pg_trigger_depth() < 2 THEN
    RAISE EXCEPTION 'quittance: the stock of product % changes by movements alone', NEW.id USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER billing_product_on_hand BEFORE UPDATE ON billing_product
  FOR EACH ROW WHEN (OLD.on_hand IS DISTINCT FROM NEW.on_hand) EXECUTE FUNCTION billing_on_hand_is_counted();
CREATE TRIGGER billing_product_starts_empty BEFORE INSERT ON billing_product
  FOR EACH ROW WHEN (NEW.on_hand <> 0) EXECUTE FUNCTION billing_on_hand_is_counted();
"""

UNCOUNTED = """
DROP TRIGGER billing_stockmovement_counted ON billing_stockmovement;
DROP TRIGGER billing_product_on_hand ON billing_product;
DROP TRIGGER billing_product_starts_empty ON billing_product;
DROP FUNCTION billing_count_movement();
DROP FUNCTION billing_on_hand_is_counted();
"""

# a form may have written an older figure back
MENDED = """
UPDATE billing_product AS product SET on_hand = moved.total
FROM (SELECT product_id, sum(quantity) AS total FROM billing_stockmovement GROUP BY product_id) AS moved
WHERE moved.product_id = product.id AND product.on_hand <> moved.total AND moved.total >= 0
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0006_notices")]

    operations = [
        migrations.RunSQL(MENDED, migrations.RunSQL.noop),
        migrations.RunSQL(COUNTED, UNCOUNTED),
    ]
