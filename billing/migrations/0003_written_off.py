"""What of an invoice is settled without money: a bank's fee, a rounding, a discount, a loss."""

import django.db.models.expressions
from decimal import Decimal
from django.db import migrations, models


FREEZE = """
DROP TRIGGER billing_invoice_freeze ON billing_invoice;
CREATE TRIGGER billing_invoice_freeze BEFORE UPDATE ON billing_invoice
  FOR EACH ROW WHEN (((old.status) <> 'DRAFT')) EXECUTE FUNCTION kernel_freeze('status', 'amount_paid', 'amount_credited', 'amount_written_off', 'internal_notes', 'disputed_at', 'dispute_reason', 'replaced_at', 'ahead_of', 'abby_invoice_id', 'abby_invoice_number');
"""


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0003_replaced'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='invoice',
            name='never_paid_beyond_its_total',
        ),
        migrations.RemoveConstraint(
            model_name='invoice',
            name='settled_means_nothing_remains',
        ),
        migrations.AddField(
            model_name='invoice',
            name='amount_written_off',
            field=models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=16, verbose_name='soldé sans paiement'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(('amount_paid__gte', 0), ('amount_credited__gte', 0), ('amount_deposited__gte', 0), ('amount_written_off__gte', 0), ('total_gross__gte', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('amount_deposited'), '+', models.F('amount_paid')), '+', models.F('amount_credited')), '+', models.F('amount_written_off')))), name='never_paid_beyond_its_total'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ['PAID', 'CREDITED']), _negated=True), ('total_gross', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('amount_deposited'), '+', models.F('amount_paid')), '+', models.F('amount_credited')), '+', models.F('amount_written_off'))), _connector='OR'), name='settled_means_nothing_remains'),
        ),
        migrations.RunSQL(FREEZE, migrations.RunSQL.noop),
    ]
