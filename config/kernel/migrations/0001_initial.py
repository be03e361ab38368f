import config.kernel.ids
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.operations
import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.manager
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        # accents are folded where people search
        django.contrib.postgres.operations.UnaccentExtension(),
        migrations.CreateModel(
            name='Company',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200, verbose_name='raison sociale')),
                ('legal_form', models.CharField(blank=True, max_length=60, verbose_name='forme juridique')),
                ('share_capital', models.CharField(blank=True, max_length=60, verbose_name='capital social')),
                ('siren', models.CharField(max_length=9, unique=True, verbose_name='SIREN')),
                ('siret', models.CharField(max_length=14, verbose_name='SIRET')),
                ('vat_number', models.CharField(blank=True, max_length=20, verbose_name='n° de TVA intracommunautaire')),
                ('rcs_city', models.CharField(blank=True, max_length=80, verbose_name='ville du RCS')),
                ('address_line', models.CharField(max_length=200, verbose_name='adresse')),
                ('address_extra', models.CharField(blank=True, max_length=200, verbose_name='complément')),
                ('postcode', models.CharField(max_length=12, verbose_name='code postal')),
                ('city', models.CharField(max_length=100, verbose_name='ville')),
                ('country', models.CharField(default='FR', max_length=2, verbose_name='pays')),
                ('email', models.EmailField(max_length=254, verbose_name='adresse e-mail')),
                ('phone', models.CharField(blank=True, max_length=30, verbose_name='téléphone')),
                ('electronic_address', models.CharField(max_length=125, verbose_name='adresse de facturation électronique (0225)')),
                ('iban', models.CharField(max_length=34, verbose_name='IBAN')),
                ('bic', models.CharField(blank=True, max_length=11, verbose_name='BIC')),
                ('vat_regime', models.CharField(choices=[('NORMAL', 'Réel normal'), ('SIMPLIFIED', 'Réel simplifié'), ('FRANCHISE', 'Franchise en base (art. 293 B du CGI)')], default='NORMAL', max_length=12, verbose_name='régime de TVA')),
                ('size', models.CharField(choices=[('MICRO', 'Microentreprise'), ('PME', 'PME'), ('ETI', 'ETI'), ('GE', 'Grande entreprise')], default='PME', max_length=5, verbose_name='taille')),
                ('vat_on_debits', models.BooleanField(default=False, verbose_name='option pour la TVA d’après les débits')),
                ('late_penalty_mention', models.CharField(default='En cas de retard de paiement, pénalités au taux de la BCE majoré de 10 points (art. L441-10 du code de commerce).', max_length=300, verbose_name='pénalités de retard')),
                ('recovery_mention', models.CharField(default='Indemnité forfaitaire pour frais de recouvrement en cas de retard de paiement : 40 €.', max_length=300, verbose_name='indemnité de recouvrement')),
                ('discount_mention', models.CharField(default='Pas d’escompte pour paiement anticipé.', max_length=300, verbose_name='escompte')),
                ('accent_color', models.CharField(default='#1f4e5f', max_length=7, verbose_name='couleur des documents')),
                ('reminders_enabled', models.BooleanField(default=True, verbose_name='relances automatiques')),
                ('friendly_after_days', models.PositiveSmallIntegerField(default=7, verbose_name='relance amicale à J+')),
                ('firm_after_days', models.PositiveSmallIntegerField(default=15, verbose_name='relance ferme à J+')),
                ('final_after_days', models.PositiveSmallIntegerField(default=30, verbose_name='mise en demeure à J+')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name': 'société',
                'verbose_name_plural': 'sociétés',
            },
        ),
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('tag', models.CharField(max_length=60)),
                ('actor_kind', models.CharField(max_length=10)),
                ('actor_name', models.CharField(max_length=200)),
                ('actor_user_id', models.IntegerField(null=True)),
                ('subjects', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), size=None)),
                ('data', models.JSONField(default=dict)),
                ('digest', models.CharField(blank=True, max_length=64)),
                ('request_id', models.CharField(blank=True, max_length=64)),
                ('content_hash', models.CharField(max_length=64)),
                ('sequence', models.BigIntegerField(null=True)),
                ('previous_hash', models.CharField(blank=True, max_length=64)),
                ('hash', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'verbose_name': 'événement d’audit',
                'verbose_name_plural': 'événements d’audit',
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='DamagedFile',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('file_subject', models.CharField(max_length=60)),
                ('record', models.CharField(max_length=60)),
                ('name', models.CharField(max_length=255, verbose_name='fichier')),
                ('problem', models.CharField(max_length=20, verbose_name='difficulté')),
                ('found_at', models.DateTimeField(verbose_name='constaté le')),
            ],
            options={
                'verbose_name': 'fichier altéré ou manquant',
                'verbose_name_plural': 'fichiers altérés ou manquants',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='IdempotentCall',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=255)),
                ('caller', models.CharField(max_length=100)),
                ('method', models.CharField(max_length=6)),
                ('path', models.CharField(max_length=300)),
                ('fingerprint', models.CharField(max_length=64)),
                ('status', models.PositiveSmallIntegerField()),
                ('location', models.TextField(blank=True)),
                ('body', models.TextField()),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'appel rejouable',
                'verbose_name_plural': 'appels rejouables',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='KnownPlace',
            fields=[
                ('key', models.CharField(max_length=64, primary_key=True, serialize=False, verbose_name='empreinte')),
                ('seen_at', models.DateTimeField(db_index=True, verbose_name='vu le')),
            ],
            options={
                'verbose_name': 'lieu de connexion connu',
                'verbose_name_plural': 'lieux de connexion connus',
            },
        ),
        migrations.CreateModel(
            name='LoopFailure',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('loop', models.CharField(max_length=60, verbose_name='traitement')),
                ('row', models.CharField(max_length=60, verbose_name='enregistrement')),
                ('name', models.CharField(max_length=200, verbose_name='intitulé')),
                ('problem', models.CharField(max_length=500, verbose_name='difficulté')),
                ('failed_at', models.DateTimeField(verbose_name='dernier échec')),
                ('failing_since', models.DateTimeField(verbose_name='en échec depuis')),
                ('times', models.PositiveIntegerField(default=1, verbose_name='échecs')),
            ],
            options={
                'verbose_name': 'échec d’un traitement',
                'verbose_name_plural': 'échecs de traitements',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('OWNER', 'Gérant'), ('ACCOUNTANT', 'Comptable'), ('SALES', 'Commercial'), ('VIEWER', 'Lecture seule')], max_length=12, verbose_name='rôle')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name': 'appartenance',
                'verbose_name_plural': 'appartenances',
            },
        ),
        migrations.CreateModel(
            name='ReceivedWebhook',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('lease_owner', models.CharField(blank=True, editable=False, max_length=64)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('event_id', models.CharField(max_length=200, verbose_name='identifiant')),
                ('name', models.CharField(blank=True, max_length=60, verbose_name='événement')),
                ('body', models.BinaryField()),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('received_at', models.DateTimeField(verbose_name='reçu le')),
                ('status', models.CharField(choices=[('RECEIVED', 'Reçu'), ('APPLIED', 'Appliqué'), ('IGNORED', 'Sans objet'), ('FAILED', 'En échec')], default='RECEIVED', max_length=10, verbose_name='état')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='tentatives')),
                ('next_attempt_at', models.DateTimeField(verbose_name='prochaine tentative')),
                ('applied_at', models.DateTimeField(blank=True, null=True, verbose_name='appliqué le')),
                ('problem', models.CharField(blank=True, max_length=300, verbose_name='problème')),
            ],
            options={
                'verbose_name': 'webhook reçu',
                'verbose_name_plural': 'webhooks reçus',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Heartbeat',
            fields=[
                ('name', models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name='nom')),
                ('place', models.CharField(max_length=120, verbose_name='machine et processus')),
                ('started_at', models.DateTimeField(verbose_name='démarré le')),
                ('seen_at', models.DateTimeField(verbose_name='dernier signe le')),
                ('moved_at', models.DateTimeField(verbose_name='dernière avancée le')),
                ('busy', models.PositiveIntegerField(verbose_name='tâches en cours')),
            ],
            options={
                'verbose_name': 'signe de vie',
                'verbose_name_plural': 'signes de vie',
            },
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=40, verbose_name='nature')),
                ('queue', models.CharField(max_length=40, verbose_name='file d’attente')),
                ('status', models.CharField(choices=[('RUNNING', 'En cours'), ('COMPLETED', 'Terminé'), ('FAILED', 'En échec')], default='RUNNING', max_length=10, verbose_name='état')),
                ('started_at', models.DateTimeField(verbose_name='demandé le')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='terminé le')),
                ('parts', models.JSONField(blank=True, default=list, verbose_name='suites')),
                ('problem', models.CharField(blank=True, max_length=500, verbose_name='difficulté')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company')),
            ],
            options={
                'verbose_name': 'travail demandé',
                'verbose_name_plural': 'travaux demandés',
                'abstract': False,
                'base_manager_name': 'everywhere',
                'indexes': [models.Index(condition=models.Q(('status', 'RUNNING')), fields=['started_at'], name='running_jobs')],
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='SignInTries',
            fields=[
                ('key', models.CharField(max_length=64, primary_key=True, serialize=False, verbose_name='empreinte')),
                ('tries', models.PositiveIntegerField(default=0, verbose_name='essais')),
                ('tried_at', models.DateTimeField(verbose_name='dernier essai le')),
                ('paused_until', models.DateTimeField(null=True, verbose_name='en pause jusqu’au')),
            ],
            options={
                'verbose_name': 'essais de connexion',
                'verbose_name_plural': 'essais de connexion',
            },
        ),
        migrations.CreateModel(
            name='WebhookAttempt',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(verbose_name='le')),
                ('http_status', models.PositiveSmallIntegerField(null=True, verbose_name='réponse HTTP')),
                ('milliseconds', models.PositiveIntegerField(verbose_name='durée (ms)')),
                ('error', models.CharField(blank=True, max_length=300, verbose_name='erreur')),
                ('answer', models.CharField(blank=True, max_length=500, verbose_name='début de la réponse')),
            ],
            options={
                'verbose_name': 'tentative d’envoi',
                'verbose_name_plural': 'tentatives d’envoi',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('lease_owner', models.CharField(blank=True, editable=False, max_length=64)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('status', models.CharField(choices=[('PENDING', 'En attente'), ('DELIVERED', 'Remis'), ('FAILED', 'Abandonné')], default='PENDING', max_length=10, verbose_name='état')),
                ('attempts', models.PositiveIntegerField(default=0, verbose_name='tentatives')),
                ('next_attempt_at', models.DateTimeField(verbose_name='prochaine tentative')),
                ('delivered_at', models.DateTimeField(blank=True, null=True, verbose_name='remis le')),
                ('failing_since', models.DateTimeField(blank=True, null=True, verbose_name='en échec depuis')),
                ('subject', models.CharField(editable=False, max_length=100)),
                ('sequence', models.BigIntegerField(editable=False)),
            ],
            options={
                'verbose_name': 'envoi de webhook',
                'verbose_name_plural': 'envois de webhooks',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('url', models.URLField(max_length=500, verbose_name='adresse')),
                ('description', models.CharField(blank=True, max_length=200, verbose_name='description')),
                ('events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), size=None, verbose_name='événements')),
                ('secret_cipher', models.TextField(editable=False)),
                ('previous_secret_cipher', models.TextField(blank=True, editable=False)),
                ('previous_secret_until', models.DateTimeField(blank=True, editable=False, null=True)),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('failing_since', models.DateTimeField(blank=True, null=True, verbose_name='en échec depuis')),
                ('disabled_at', models.DateTimeField(blank=True, null=True, verbose_name='désactivée le')),
                ('disabled_reason', models.CharField(blank=True, max_length=200, verbose_name='motif de désactivation')),
                ('created_at', models.DateTimeField(verbose_name='créée le')),
            ],
            options={
                'verbose_name': 'destination de webhooks',
                'verbose_name_plural': 'destinations de webhooks',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='WebhookEvent',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=60, verbose_name='événement')),
                ('subject', models.CharField(max_length=100, verbose_name='objet')),
                ('body', models.TextField(verbose_name='message')),
                ('occurred_at', models.DateTimeField(verbose_name='survenu le')),
                ('sequence', models.BigIntegerField(editable=False, unique=True)),
            ],
            options={
                'verbose_name': 'événement à annoncer',
                'verbose_name_plural': 'événements à annoncer',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='WebhookSource',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=15, verbose_name='système')),
                ('token', models.CharField(editable=False, max_length=64, unique=True)),
                ('reference', models.CharField(blank=True, editable=False, max_length=100)),
                ('secret_cipher', models.TextField(blank=True, editable=False)),
                ('previous_secret_cipher', models.TextField(blank=True, editable=False)),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('created_at', models.DateTimeField(verbose_name='créée le')),
            ],
            options={
                'verbose_name': 'système appelant',
                'verbose_name_plural': 'systèmes appelants',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('email', models.EmailField(max_length=254, unique=True, verbose_name='adresse e-mail')),
                ('is_partner', models.BooleanField(default=False, verbose_name='système partenaire')),
                ('token_version', models.PositiveIntegerField(default=0, editable=False)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80, verbose_name='nom')),
                ('prefix', models.CharField(max_length=16, unique=True, verbose_name='début de la clé')),
                ('digest', models.CharField(editable=False, max_length=64, verbose_name='SHA-256')),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None, verbose_name='droits')),
                ('networks', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=43), blank=True, default=list, size=None, verbose_name='adresses IP autorisées')),
                ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='expire le')),
                ('created_at', models.DateTimeField(verbose_name='créée le')),
                ('last_used_at', models.DateTimeField(blank=True, null=True, verbose_name='dernier usage')),
                ('last_used_ip', models.GenericIPAddressField(blank=True, null=True, verbose_name='dernière adresse')),
                ('revoked_at', models.DateTimeField(blank=True, null=True, verbose_name='révoquée le')),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='créée par')),
            ],
            options={
                'verbose_name': 'clé d’API',
                'verbose_name_plural': 'clés d’API',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='AuditChain',
            fields=[
                ('company', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='kernel.company')),
                ('length', models.BigIntegerField(default=0)),
                ('head', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'verbose_name': 'tête de chaîne d’audit',
                'verbose_name_plural': 'têtes de chaîne d’audit',
            },
        ),
        migrations.AddConstraint(
            model_name='company',
            constraint=models.CheckConstraint(condition=models.Q(('siren__regex', '^\\d{9}$')), name='company_siren_is_nine_digits'),
        ),
        migrations.AddConstraint(
            model_name='company',
            constraint=models.CheckConstraint(condition=models.Q(('siret__startswith', models.F('siren'))), name='company_siret_starts_with_siren'),
        ),
        migrations.AddConstraint(
            model_name='company',
            constraint=models.CheckConstraint(condition=models.Q(('friendly_after_days__lt', models.F('firm_after_days')), ('firm_after_days__lt', models.F('final_after_days'))), name='company_reminders_in_order'),
        ),
        migrations.AddField(
            model_name='apikey',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='auditevent',
            name='company',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='damagedfile',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='idempotentcall',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='loopfailure',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='membership',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='membership',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='receivedwebhook',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='webhookattempt',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='webhookdelivery',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='webhookattempt',
            name='delivery',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tries', to='kernel.webhookdelivery'),
        ),
        migrations.AddField(
            model_name='webhookendpoint',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='webhookdelivery',
            name='endpoint',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='kernel.webhookendpoint', verbose_name='destination'),
        ),
        migrations.AddField(
            model_name='webhookevent',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='webhookdelivery',
            name='event',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='kernel.webhookevent', verbose_name='événement'),
        ),
        migrations.AddField(
            model_name='webhooksource',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='receivedwebhook',
            name='origin',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='received', to='kernel.webhooksource', verbose_name='système'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='login_is_in_lower_case'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=django.contrib.postgres.indexes.GinIndex(fields=['subjects'], name='audit_by_subject'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['company', '-id'], name='audit_by_company'),
        ),
        migrations.AddConstraint(
            model_name='auditevent',
            constraint=models.UniqueConstraint(fields=('company', 'sequence'), name='one_event_per_place_in_chain'),
        ),
        migrations.AddConstraint(
            model_name='damagedfile',
            constraint=models.UniqueConstraint(fields=('company', 'file_subject'), name='one_row_per_damaged_file'),
        ),
        migrations.AddIndex(
            model_name='idempotentcall',
            index=models.Index(fields=['created_at'], name='idempotent_call_by_age'),
        ),
        migrations.AddConstraint(
            model_name='idempotentcall',
            constraint=models.UniqueConstraint(fields=('company', 'key'), name='one_answer_per_idempotency_key'),
        ),
        migrations.AddConstraint(
            model_name='loopfailure',
            constraint=models.UniqueConstraint(fields=('company', 'loop', 'row'), name='one_failure_per_row'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(fields=('user', 'company'), name='one_membership_per_company'),
        ),
        migrations.AddIndex(
            model_name='webhookattempt',
            index=models.Index(fields=['delivery', 'at'], name='webhook_attempt_by_delivery'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('status', 'PENDING')), fields=['next_attempt_at'], name='webhook_delivery_due'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('status', 'PENDING')), fields=['endpoint', 'subject', 'sequence'], name='webhook_delivery_order'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(fields=['endpoint', '-sequence'], name='webhook_delivery_by_endpoint'),
        ),
        migrations.AddConstraint(
            model_name='webhookdelivery',
            constraint=models.UniqueConstraint(fields=('endpoint', 'event'), name='one_delivery_per_endpoint'),
        ),
        migrations.AddIndex(
            model_name='receivedwebhook',
            index=models.Index(condition=models.Q(('status', 'RECEIVED')), fields=['next_attempt_at'], name='received_webhook_due'),
        ),
        migrations.AddConstraint(
            model_name='receivedwebhook',
            constraint=models.UniqueConstraint(fields=('origin', 'event_id'), name='one_row_per_received_event'),
        ),
    ]
