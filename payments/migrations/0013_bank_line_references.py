# After 0014, which was applied first where both are known.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0014_payout_files'),
    ]

    operations = [
        migrations.AddField(
            model_name='bankline',
            name='batch_reference',
            field=models.CharField(blank=True, default='', max_length=35, verbose_name='référence du lot'),
        ),
        migrations.AddField(
            model_name='bankline',
            name='mandate_reference',
            field=models.CharField(blank=True, default='', max_length=35, verbose_name='référence du mandat'),
        ),
        migrations.AlterField(
            model_name='directdebit',
            name='sequence',
            field=models.CharField(choices=[('FRST', 'Premier'), ('RCUR', 'Récurrent'), ('OOFF', 'Ponctuel')], max_length=4, verbose_name='séquence'),
        ),
    ]
