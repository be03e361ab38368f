"""What is used of a payment is planned once a connection: in SQL it was planned again for each row that is checked."""

from django.db import migrations

# planned while there were few, a connection would go on reading all of them
PLANNED_ONCE = r"""
CREATE OR REPLACE FUNCTION payments_used(the_payment bigint) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT coalesce(sum(amount), 0) FROM payments_allocation WHERE payment_id = the_payment)
    + (SELECT coalesce(sum(amount), 0) FROM payments_refundshare WHERE payment_id = the_payment)
    + (SELECT coalesce(sum(amount), 0) FROM payments_writeoff WHERE payment_id = the_payment);
END $$;
ALTER FUNCTION payments_allocated_is_allocated() SET enable_seqscan TO off;
ALTER FUNCTION payments_both_sides_follow() SET enable_seqscan TO off;
"""
PLANNED_EACH_TIME = r"""
CREATE OR REPLACE FUNCTION payments_used(the_payment bigint) RETURNS numeric LANGUAGE sql STABLE AS $$
  SELECT (SELECT coalesce(sum(amount), 0) FROM payments_allocation WHERE payment_id = the_payment)
    + (SELECT coalesce(sum(amount), 0) FROM payments_refundshare WHERE payment_id = the_payment)
    + (SELECT coalesce(sum(amount), 0) FROM payments_writeoff WHERE payment_id = the_payment)
$$;
ALTER FUNCTION payments_allocated_is_allocated() RESET enable_seqscan;
ALTER FUNCTION payments_both_sides_follow() RESET enable_seqscan;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0013_bank_line_references'),
    ]

    operations = [
        migrations.RunSQL(PLANNED_ONCE, PLANNED_EACH_TIME),
    ]
