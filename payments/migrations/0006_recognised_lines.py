from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0005_no_trigrams")]
    operations = [
        migrations.AddField(
            model_name="bankline",
            name="balance_before",
            field=models.DecimalField(
                decimal_places=2, max_digits=16, null=True, verbose_name="solde avant le mouvement"
            ),
        ),
        migrations.AddField(
            model_name="bankstatement",
            name="already_known",
            field=models.JSONField(blank=True, default=list, verbose_name="lignes déjà connues"),
        ),
    ]
