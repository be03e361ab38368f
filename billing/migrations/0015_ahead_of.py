"""The draft that a deposit is asked ahead of, which was read back from the trail, has a column of its own."""

import django.db.models.deletion
from django.db import migrations, models

BEFORE = [
    "status", "amount_paid", "amount_credited", "internal_notes", "disputed_at", "dispute_reason", "replaced_at",
]  # fmt: skip


def thaw(columns):
    names = ", ".join(f"'{column}'" for column in columns)
    return f"""
    DROP TRIGGER billing_invoice_freeze ON billing_invoice;
    CREATE TRIGGER billing_invoice_freeze BEFORE UPDATE ON billing_invoice
      FOR EACH ROW WHEN (OLD.status <> 'DRAFT') EXECUTE FUNCTION kernel_freeze({names});
    """


BACK_FILL = """
SET LOCAL quittance.company = '*';
UPDATE billing_invoice AS deposit SET ahead_of = draft.id
FROM kernel_auditevent AS event, billing_invoice AS draft
WHERE event.tag = 'billing.invoice.deposit_drafted' AND event.company_id = deposit.company_id
  AND event.data ->> 'deposit' = deposit.id::text AND deposit.kind = '386'
  AND event.subjects[1] = 'billing.invoice:' || draft.id AND draft.company_id = deposit.company_id;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0014_leases"), ("kernel", "0011_sign_in")]
    operations = [
        migrations.AddField(
            model_name="invoice",
            name="ahead_of",
            field=models.ForeignKey(
                blank=True,
                db_column="ahead_of",
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="deposits_ahead",
                to="billing.invoice",
                verbose_name="en avance sur",
            ),
        ),
        migrations.RunSQL(thaw([*BEFORE, "ahead_of"]), thaw(BEFORE)),
        migrations.RunSQL(BACK_FILL, migrations.RunSQL.noop),
    ]
