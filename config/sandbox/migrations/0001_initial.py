from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='SandboxFault',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=40)),
                ('value', models.CharField(blank=True, max_length=40)),
                ('client_id', models.CharField(blank=True, max_length=200)),
                ('operation', models.CharField(blank=True, max_length=10)),
                ('remaining', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name': 'panne du bac à sable',
                'verbose_name_plural': 'pannes du bac à sable',
                'ordering': ['id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind', ''), _negated=True), name='sandbox_fault_has_a_kind')],
            },
        ),
        migrations.CreateModel(
            name='SandboxRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('service', models.CharField(max_length=20)),
                ('kind', models.CharField(max_length=40)),
                ('key', models.CharField(max_length=200)),
                ('client_id', models.CharField(blank=True, max_length=200)),
                ('number', models.CharField(blank=True, max_length=100)),
                ('facts', models.JSONField(default=dict)),
                ('content', models.BinaryField(default=bytes)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
            ],
            options={
                'verbose_name': 'fiche du bac à sable',
                'verbose_name_plural': 'fiches du bac à sable',
                'ordering': ['id'],
                'indexes': [models.Index(fields=['service', 'number'], name='sandbox_record_number')],
                'constraints': [models.UniqueConstraint(fields=('service', 'kind', 'key', 'client_id'), name='sandbox_record_once')],
            },
        ),
    ]
