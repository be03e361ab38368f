import django.db.models.deletion
import einvoicing.sandbox.models
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='SandboxFlow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('flow_id', models.CharField(default=einvoicing.sandbox.models.new_flow_id, max_length=64, unique=True)),
                ('client_id', models.CharField(max_length=200)),
                ('organization_id', models.CharField(blank=True, max_length=200)),
                ('direction', models.CharField(choices=[('In', 'In'), ('Out', 'Out')], max_length=3)),
                ('flow_type', models.CharField(max_length=40)),
                ('tracking_id', models.CharField(blank=True, max_length=64)),
                ('name', models.CharField(max_length=255)),
                ('syntax', models.CharField(max_length=10)),
                ('profile', models.CharField(default='Undefined', max_length=20)),
                ('processing_rule', models.CharField(default='Undefined', max_length=20)),
                ('data', models.BinaryField()),
                ('sha256', models.CharField(max_length=64)),
                ('seller', models.CharField(blank=True, max_length=100)),
                ('invoice_number', models.CharField(blank=True, max_length=100)),
                ('status_code', models.CharField(blank=True, max_length=3)),
                ('behaviour', models.CharField(default='accepts', max_length=20)),
                ('delivery', models.CharField(blank=True, max_length=20)),
                ('holds_number', models.BooleanField(default=False)),
                ('ack_status', models.CharField(default='Pending', max_length=10)),
                ('ack_details', models.JSONField(default=list)),
                ('submitted_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('origin', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='answers', to='einvoicing_sandbox.sandboxflow')),
            ],
            options={
                'verbose_name': 'flux du bac à sable',
                'verbose_name_plural': 'flux du bac à sable',
                'ordering': ['updated_at', 'id'],
                'indexes': [models.Index(fields=['client_id', 'direction', 'updated_at', 'id'], name='sandbox_flow_search'), models.Index(fields=['client_id', 'tracking_id'], name='sandbox_flow_tracking'), models.Index(fields=['invoice_number', 'seller'], name='sandbox_flow_number'), models.Index(condition=models.Q(('ack_status', 'Pending')), fields=['client_id'], name='sandbox_flow_pending')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('holds_number', True), models.Q(('invoice_number', ''), _negated=True)), fields=('seller', 'invoice_number'), name='sandbox_one_holder_per_number')],
            },
        ),
    ]
