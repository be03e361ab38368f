import config.kernel.ids
import django.db.models.deletion
import django.db.models.manager
import einvoicing.models.enclosures
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('billing', '0001_initial'),
        ('kernel', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ApplicationCalls',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('environment', models.CharField(choices=[('production', 'Production'), ('qualification', 'Qualification')], max_length=13, verbose_name='environnement')),
                ('client_id', models.CharField(max_length=200, verbose_name='identifiant client')),
                ('minute', models.DateTimeField(null=True, verbose_name='minute')),
                ('calls_in_minute', models.PositiveIntegerField(default=0, verbose_name='appels de la minute')),
                ('day', models.DateField(null=True, verbose_name='jour')),
                ('calls_in_day', models.PositiveIntegerField(default=0, verbose_name='appels du jour')),
                ('resumes_at', models.DateTimeField(null=True, verbose_name='ralentie jusqu’au')),
            ],
            options={
                'verbose_name': 'appels d’une application',
                'verbose_name_plural': 'appels des applications',
                'constraints': [models.UniqueConstraint(fields=('environment', 'client_id'), name='calls_counted_once_per_application')],
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveSmallIntegerField(verbose_name='n°')),
                ('kind', models.CharField(choices=[('DEPOSIT', 'Dépôt'), ('LOOKUP', 'Vérification')], max_length=8, verbose_name='geste')),
                ('started_at', models.DateTimeField(verbose_name='début')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='fin')),
                ('outcome', models.CharField(blank=True, max_length=20, verbose_name='issue')),
                ('detail', models.CharField(blank=True, max_length=1000, verbose_name='détail')),
            ],
            options={
                'verbose_name': 'tentative',
                'verbose_name_plural': 'tentatives',
                'ordering': ['started_at'],
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Enclosure',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('position', models.PositiveSmallIntegerField(verbose_name='position')),
                ('name', models.CharField(max_length=200, verbose_name='nom')),
                ('media_type', models.CharField(max_length=100, verbose_name='type')),
                ('file', models.FileField(max_length=255, upload_to=einvoicing.models.enclosures._path, verbose_name='fichier')),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('size', models.PositiveIntegerField(verbose_name='taille')),
            ],
            options={
                'verbose_name': 'pièce jointe',
                'verbose_name_plural': 'pièces jointes',
                'ordering': ['position'],
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='LifecycleEvent',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=3, verbose_name='code')),
                ('reason_code', models.CharField(blank=True, max_length=40, verbose_name='motif')),
                ('reason', models.CharField(blank=True, max_length=2000, verbose_name='précision')),
                ('occurred_at', models.DateTimeField(verbose_name='date')),
                ('received_at', models.DateTimeField(verbose_name='reçu le')),
            ],
            options={
                'verbose_name': 'statut de cycle de vie',
                'verbose_name_plural': 'statuts de cycle de vie',
                'ordering': ['occurred_at', 'code'],
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='PlatformAccount',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('lease_owner', models.CharField(blank=True, editable=False, max_length=64)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('kind', models.CharField(max_length=20, verbose_name='plateforme')),
                ('name', models.CharField(max_length=100, verbose_name='intitulé')),
                ('base_url', models.URLField(max_length=300, verbose_name='adresse du service')),
                ('token_url', models.URLField(max_length=300, verbose_name='adresse des jetons')),
                ('client_id', models.CharField(blank=True, max_length=200, verbose_name='identifiant client')),
                ('client_secret_cipher', models.TextField(blank=True, editable=False)),
                ('environment', models.CharField(choices=[('production', 'Production'), ('qualification', 'Qualification')], default='production', max_length=13, verbose_name='environnement')),
                ('service_name', models.CharField(default='flow-service', max_length=60, verbose_name='nom du service de flux')),
                ('directory_name', models.CharField(default='directory-service', max_length=60, verbose_name='nom du service d’annuaire')),
                ('organization_id', models.CharField(blank=True, max_length=100, verbose_name='identifiant d’organisation')),
                ('login', models.CharField(blank=True, max_length=200, verbose_name='compte technique')),
                ('password_cipher', models.TextField(blank=True, editable=False)),
                ('default_format', models.CharField(choices=[('Factur-X', 'Factur-X (PDF et XML)'), ('CII', 'CII (XML)'), ('UBL', 'UBL (XML)')], default='Factur-X', max_length=8, verbose_name='format par défaut')),
                ('is_enabled', models.BooleanField(default=True, verbose_name='active')),
                ('sends_automatically', models.BooleanField(default=True, verbose_name='transmission automatique à l’émission')),
                ('writes_receipts', models.BooleanField(default=False, verbose_name='inscrire les encaissements au livre des recettes (appel non publié)')),
                ('is_offline', models.BooleanField(default=False, verbose_name='hors ligne : tout reste en file')),
                ('failures', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('open_until', models.DateTimeField(editable=False, null=True, verbose_name='suspendue jusqu’au')),
                ('compared_at', models.DateTimeField(editable=False, null=True, verbose_name='dernière comparaison')),
                ('cursor', models.TextField(blank=True, editable=False)),
                ('polled_at', models.DateTimeField(editable=False, null=True, verbose_name='dernière lecture')),
                ('password_expires_on', models.DateField(editable=False, null=True, verbose_name='fin du mot de passe')),
                ('last_error', models.CharField(blank=True, editable=False, max_length=500, verbose_name='dernière erreur')),
            ],
            options={
                'verbose_name': 'compte de plateforme',
                'verbose_name_plural': 'comptes de plateforme',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='RemoteDocument',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('remote_id', models.CharField(max_length=100, verbose_name='identifiant de la plateforme')),
                ('flow_type', models.CharField(blank=True, max_length=60, verbose_name='nature')),
                ('content', models.BinaryField()),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('received_at', models.DateTimeField(verbose_name='reçu le')),
                ('applied_at', models.DateTimeField(null=True, verbose_name='traité le')),
                ('problem', models.CharField(blank=True, max_length=500, verbose_name='difficulté')),
            ],
            options={
                'verbose_name': 'message de plateforme',
                'verbose_name_plural': 'messages de plateforme',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Transmission',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('lease_owner', models.CharField(blank=True, editable=False, max_length=64)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('kind', models.CharField(choices=[('INVOICE', 'Facture'), ('STATUS', 'Statut'), ('COMPLETE', 'Complément'), ('RECYCLE', 'Recyclage'), ('RECEIPT', 'Encaissement')], default='INVOICE', max_length=8, verbose_name='type')),
                ('declared_code', models.CharField(blank=True, max_length=3, verbose_name='statut déclaré')),
                ('content', models.BinaryField(null=True)),
                ('priority', models.PositiveSmallIntegerField(choices=[(1, 'Prioritaire'), (5, 'Normale'), (9, 'En lot')], default=5, verbose_name='priorité')),
                ('status', models.CharField(choices=[('PENDING', 'À transmettre'), ('SENDING', 'Transmission en cours'), ('UNKNOWN', 'Issue inconnue, vérification en cours'), ('DEPOSITED', 'Reçue par la plateforme'), ('ACCEPTED', 'Déposée'), ('REJECTED', 'Rejetée'), ('INVALID', 'Non conforme, non transmise'), ('DEAD', 'Abandonnée, action requise'), ('SKIPPED', 'Sans objet')], default='PENDING', max_length=10, verbose_name='état')),
                ('tracking_id', models.CharField(max_length=64, unique=True, verbose_name='identifiant de suivi')),
                ('document_sha256', models.CharField(blank=True, max_length=64, verbose_name='SHA-256')),
                ('remote_id', models.CharField(blank=True, max_length=100, verbose_name='identifiant de la plateforme')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='tentatives')),
                ('next_attempt_at', models.DateTimeField(verbose_name='prochaine tentative')),
                ('last_error', models.CharField(blank=True, max_length=1000, verbose_name='dernière erreur')),
                ('error_class', models.CharField(blank=True, choices=[('AUTH', 'Identification'), ('VALIDATION', 'Contrôle'), ('NETWORK', 'Réseau'), ('FORMAT', 'Format')], max_length=10, verbose_name='nature de l’erreur')),
                ('violations', models.JSONField(default=list, verbose_name='règles non respectées')),
                ('lifecycle_code', models.CharField(blank=True, max_length=3, verbose_name='dernier statut')),
                ('copy_facts', models.JSONField(blank=True, default=dict, editable=False)),
                ('created_at', models.DateTimeField(verbose_name='créée le')),
                ('deposited_at', models.DateTimeField(null=True, verbose_name='reçue le')),
                ('watched_at', models.DateTimeField(editable=False, null=True)),
                ('remote_key', models.CharField(blank=True, editable=False, max_length=60)),
                ('listed_mark', models.CharField(blank=True, editable=False, max_length=120)),
                ('read_mark', models.CharField(blank=True, editable=False, max_length=120)),
                ('seen_at', models.DateTimeField(editable=False, null=True)),
                ('unknown_status', models.CharField(blank=True, editable=False, max_length=100, verbose_name='état inconnu')),
                ('dismissed_at', models.DateTimeField(editable=False, null=True, verbose_name='classée sans suite le')),
            ],
            options={
                'verbose_name': 'transmission',
                'verbose_name_plural': 'transmissions',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddField(
            model_name='attempt',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='enclosure',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='lifecycleevent',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='lifecycleevent',
            name='invoice',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lifecycle', to='billing.invoice'),
        ),
        migrations.AddField(
            model_name='platformaccount',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='remotedocument',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='einvoicing.platformaccount'),
        ),
        migrations.AddField(
            model_name='remotedocument',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='lifecycleevent',
            name='document',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='einvoicing.remotedocument'),
        ),
        migrations.AddField(
            model_name='transmission',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='transmissions', to='einvoicing.platformaccount'),
        ),
        migrations.AddField(
            model_name='transmission',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='transmission',
            name='invoice',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='transmissions', to='billing.invoice'),
        ),
        migrations.AddField(
            model_name='transmission',
            name='request',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='einvoicing.lifecycleevent'),
        ),
        migrations.AddField(
            model_name='lifecycleevent',
            name='transmission',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='lifecycle', to='einvoicing.transmission'),
        ),
        migrations.AddField(
            model_name='enclosure',
            name='transmission',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='enclosures', to='einvoicing.transmission'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='transmission',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tries', to='einvoicing.transmission'),
        ),
        migrations.AddConstraint(
            model_name='platformaccount',
            constraint=models.UniqueConstraint(fields=('company', 'kind'), name='one_account_per_platform'),
        ),
        migrations.AddConstraint(
            model_name='remotedocument',
            constraint=models.UniqueConstraint(fields=('account', 'remote_id'), name='each_message_once'),
        ),
        migrations.AddIndex(
            model_name='transmission',
            index=models.Index(condition=models.Q(('status__in', ['PENDING', 'UNKNOWN', 'SENDING'])), fields=['priority', 'next_attempt_at'], name='transmission_due'),
        ),
        migrations.AddIndex(
            model_name='transmission',
            index=models.Index(fields=['company', '-created_at', '-id'], name='transmission_by_creation'),
        ),
        migrations.AddConstraint(
            model_name='transmission',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('status__in', ['REJECTED']), _negated=True), ('kind', 'INVOICE')), fields=('invoice', 'account'), name='one_live_transmission_per_platform'),
        ),
        migrations.AddConstraint(
            model_name='transmission',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('content', None), ('declared_code', ''), ('kind', 'INVOICE'), ('request', None)), models.Q(('content__isnull', False), ('kind', 'STATUS'), ('request', None), models.Q(('declared_code', ''), _negated=True)), models.Q(('content__isnull', False), ('declared_code', ''), ('kind__in', ['COMPLETE', 'RECYCLE']), ('request__isnull', False)), models.Q(('content__isnull', False), ('declared_code', ''), ('kind', 'RECEIPT'), ('request', None)), _connector='OR'), name='what_is_sent_is_kept'),
        ),
        migrations.AddConstraint(
            model_name='transmission',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'DEAD'), _negated=True), fields=('request',), name='one_live_answer_per_request'),
        ),
        migrations.AddIndex(
            model_name='lifecycleevent',
            index=models.Index(fields=['invoice', 'occurred_at'], name='lifecycle_by_invoice'),
        ),
        migrations.AddConstraint(
            model_name='enclosure',
            constraint=models.UniqueConstraint(fields=('transmission', 'position'), name='enclosures_in_order'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(fields=('transmission', 'number'), name='one_try_per_number'),
        ),
    ]
