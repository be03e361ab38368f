"""A delivery knows whose turn it is without its event: later events of an object wait for the earlier ones."""

from django.db import migrations, models

FILL = """
UPDATE kernel_webhookdelivery d SET subject = e.subject, sequence = e.sequence
  FROM kernel_webhookevent e WHERE e.id = d.event_id;
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0006_row_security")]

    operations = [
        migrations.AddField(
            model_name="webhookdelivery",
            name="failing_since",
            field=models.DateTimeField(blank=True, null=True, verbose_name="en échec depuis"),
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="subject",
            field=models.CharField(default="", editable=False, max_length=100),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="sequence",
            field=models.BigIntegerField(default=0, editable=False),
            preserve_default=False,
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RemoveIndex(model_name="webhookdelivery", name="webhook_delivery_by_endpoint"),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("status", "PENDING")),
                fields=["endpoint", "subject", "sequence"],
                name="webhook_delivery_order",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["endpoint", "-sequence"], name="webhook_delivery_by_endpoint"),
        ),
    ]
