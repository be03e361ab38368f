"""Where a feed read a payment, which was read back from the trail and from the reference, has columns of its own."""

from django.db import migrations, models

DROP_FREEZE = "DROP TRIGGER payments_payment_freeze ON payments_payment;"
FREEZE = """
CREATE TRIGGER payments_payment_freeze BEFORE UPDATE ON payments_payment
  FOR EACH ROW WHEN (TRUE)
  EXECUTE FUNCTION kernel_freeze('reference', 'transaction_id', 'notes', 'allocated', 'reversed_at');
"""
# the last one recorded for each payment and invoice there is the one that counts; a reversal was the service's
# where it gave one of the service's own reasons
BACK_FILL = """
SET LOCAL quittance.company = '*';
UPDATE payments_payment AS payment SET
  origin_service = 'invoice_ninja', origin_payment = found.payment, origin_invoice = found.invoice
FROM (
  SELECT DISTINCT ON (company_id, data ->> 'payment', data ->> 'invoice')
    company_id, data ->> 'payment' AS payment, data ->> 'invoice' AS invoice, data ->> 'recorded' AS recorded
  FROM kernel_auditevent WHERE tag = 'payments.feed.recorded' AND data ->> 'service' = 'Invoice Ninja'
  ORDER BY company_id, data ->> 'payment', data ->> 'invoice', id DESC
) AS found
WHERE payment.company_id = found.company_id AND payment.id::text = found.recorded
  AND found.payment <> '' AND found.invoice <> '';
UPDATE payments_payment AS reversal SET
  origin_service = payment.origin_service, origin_payment = payment.origin_payment,
  origin_invoice = payment.origin_invoice
FROM payments_payment AS payment
WHERE reversal.reverses_id = payment.id AND payment.origin_service <> '' AND reversal.reversal_reason IN (
  'Supprimé dans Invoice Ninja', 'Annulé dans Invoice Ninja', 'Échoué dans Invoice Ninja',
  'Remboursé dans Invoice Ninja', 'Modifié dans Invoice Ninja');
UPDATE payments_feed AS feed SET left_out = (
  SELECT event.data -> 'accounts' FROM kernel_auditevent AS event
  WHERE event.tag = 'payments.feed.left_out' AND event.company_id = feed.company_id
    AND event.subjects @> ARRAY['payments.feed:' || feed.id]::varchar[]
  ORDER BY event.id DESC LIMIT 1)
WHERE EXISTS (
  SELECT 1 FROM kernel_auditevent AS event
  WHERE event.tag = 'payments.feed.left_out' AND event.company_id = feed.company_id
    AND event.subjects @> ARRAY['payments.feed:' || feed.id]::varchar[]);
"""


def column(verbose_name, length):
    return models.CharField(blank=True, default="", editable=False, max_length=length, verbose_name=verbose_name)


class Migration(migrations.Migration):
    dependencies = [("payments", "0009_leases"), ("kernel", "0011_sign_in")]
    operations = [
        migrations.AddField("payment", "origin_service", column("lu dans le service", 20)),
        migrations.AddField("payment", "origin_payment", column("encaissement là-bas", 60)),
        migrations.AddField("payment", "origin_invoice", column("facture là-bas", 60)),
        migrations.AddField(
            "feed",
            "left_out",
            models.JSONField(blank=True, default=list, editable=False, verbose_name="comptes non lus"),
        ),
        migrations.AddConstraint(
            "payment",
            models.CheckConstraint(
                condition=models.Q(origin_service="", origin_payment="", origin_invoice="")
                | ~models.Q(origin_service="") & ~models.Q(origin_payment="") & ~models.Q(origin_invoice=""),
                name="an_origin_is_whole",
            ),
        ),
        migrations.AddConstraint(
            "payment",
            models.UniqueConstraint(
                fields=["company", "origin_service", "origin_payment", "origin_invoice"],
                condition=~models.Q(origin_service="") & models.Q(reversed_at=None, reverses=None),
                name="one_live_payment_per_origin",
            ),
        ),
        migrations.AddIndex(
            "payment",
            models.Index(
                fields=["company", "origin_payment"],
                condition=~models.Q(origin_service=""),
                name="payment_by_origin",
            ),
        ),
        migrations.RunSQL(DROP_FREEZE, FREEZE),
        migrations.RunSQL(BACK_FILL, migrations.RunSQL.noop),
        migrations.RunSQL(FREEZE, DROP_FREEZE),
    ]
