import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0006_recognised_lines")]
    operations = [
        migrations.AddField(
            model_name="payment",
            name="bank_account",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payments",
                to="payments.bankaccount",
                verbose_name="compte bancaire",
            ),
        ),
    ]
