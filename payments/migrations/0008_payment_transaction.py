"""The payment service's transaction, which stood as the last line of the notes, has a column of its own."""

from django.db import migrations, models

MUTABLE = "'reference', 'transaction_id', 'notes', 'allocated', 'reversed_at'"
BEFORE = "'reference', 'notes', 'allocated', 'reversed_at'"
FREEZE = """
DROP TRIGGER payments_payment_freeze ON payments_payment;
CREATE TRIGGER payments_payment_freeze BEFORE UPDATE ON payments_payment
  FOR EACH ROW WHEN (TRUE) EXECUTE FUNCTION kernel_freeze({columns});
"""
MOVE = r"""
SET LOCAL quittance.company = '*';
UPDATE payments_payment SET
  transaction_id = left(substring(notes from '(?:^|\n)Transaction : ([^\n]*)$'), 100),
  notes = regexp_replace(notes, '(^|\n)Transaction : [^\n]*$', '')
WHERE notes ~ '(^|\n)Transaction : [^\n]*$';
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0007_payment_account")]
    operations = [
        migrations.AddField(
            model_name="payment",
            name="transaction_id",
            field=models.CharField(blank=True, default="", max_length=100, verbose_name="transaction du service de paiement"),
        ),
        migrations.RunSQL(FREEZE.format(columns=MUTABLE), FREEZE.format(columns=BEFORE)),
        migrations.RunSQL(MOVE, migrations.RunSQL.noop),
    ]
