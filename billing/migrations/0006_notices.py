"""Notices to the team."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0005_deposits")]

    operations = [
        migrations.AlterField(
            model_name="email",
            name="kind",
            field=models.CharField(
                choices=[("INVOICE", "Envoi de facture"), ("REMINDER", "Relance"), ("NOTICE", "Avis à l’équipe")],
                max_length=10,
                verbose_name="type",
            ),
        ),
    ]
