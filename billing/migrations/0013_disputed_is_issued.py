from django.db import migrations, models

# nobody contests a draft: what was noted on one meant nothing
CLEAN = """
SET LOCAL quittance.company = '*';
UPDATE billing_invoice SET disputed_at = NULL, dispute_reason = '' WHERE status = 'DRAFT' AND disputed_at IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0012_invoiced_again")]
    operations = [
        migrations.RunSQL(CLEAN, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("disputed_at", None), models.Q(("status", "DRAFT"), _negated=True), _connector="OR"),
                name="what_is_disputed_is_issued",
            ),
        ),
    ]
