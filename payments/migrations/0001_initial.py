import config.kernel.ids
import django.core.validators
import django.db.models.deletion
import django.db.models.manager
import payments.models.bank
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('billing', '0001_initial'),
        ('customers', '0001_initial'),
        ('kernel', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='BankAccount',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100, verbose_name='intitulé')),
                ('iban', models.CharField(max_length=34, verbose_name='IBAN')),
                ('bic', models.CharField(blank=True, max_length=11, verbose_name='BIC')),
                ('currency', models.CharField(default='EUR', max_length=3, verbose_name='devise')),
                ('ledger_account', models.CharField(default='512000', max_length=10, verbose_name='compte comptable')),
                ('imported_at', models.DateTimeField(editable=False, null=True, verbose_name='dernier relevé importé le')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company')),
            ],
            options={
                'verbose_name': 'compte bancaire',
                'verbose_name_plural': 'comptes bancaires',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='BankStatement',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('reference', models.CharField(max_length=140, verbose_name='référence')),
                ('opened_on', models.DateField(verbose_name='du')),
                ('closed_on', models.DateField(verbose_name='au')),
                ('opening', models.DecimalField(decimal_places=2, max_digits=16, verbose_name='solde initial')),
                ('closing', models.DecimalField(decimal_places=2, max_digits=16, verbose_name='solde final')),
                ('file', models.FileField(max_length=255, upload_to=payments.models.bank._statement_path, verbose_name='fichier')),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('line_count', models.PositiveIntegerField(verbose_name='lignes')),
                ('new_count', models.PositiveIntegerField(verbose_name='lignes nouvelles')),
                ('already_known', models.JSONField(blank=True, default=list, verbose_name='lignes déjà connues')),
                ('imported_at', models.DateTimeField(verbose_name='importé le')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='payments.bankaccount')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company')),
            ],
            options={
                'verbose_name': 'relevé',
                'verbose_name_plural': 'relevés',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='BankLine',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(choices=[('OPEN', 'À rapprocher'), ('MATCHED', 'Rapprochée'), ('IGNORED', 'Sans suite')], default='OPEN', max_length=8, verbose_name='état')),
                ('booked_on', models.DateField(verbose_name='date d’opération')),
                ('value_on', models.DateField(null=True, verbose_name='date de valeur')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=16, verbose_name='montant')),
                ('currency', models.CharField(max_length=3, verbose_name='devise')),
                ('counterparty', models.CharField(blank=True, max_length=200, verbose_name='contrepartie')),
                ('counterparty_iban', models.CharField(blank=True, max_length=34, verbose_name='IBAN de la contrepartie')),
                ('remittance', models.CharField(blank=True, max_length=1000, verbose_name='libellé')),
                ('structured_reference', models.CharField(blank=True, max_length=140, verbose_name='référence structurée')),
                ('end_to_end_id', models.CharField(blank=True, max_length=140, verbose_name='référence de bout en bout')),
                ('bank_reference', models.CharField(blank=True, max_length=140, verbose_name='référence de la banque')),
                ('import_key', models.CharField(max_length=80)),
                ('balance_before', models.DecimalField(decimal_places=2, max_digits=16, null=True, verbose_name='solde avant le mouvement')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='payments.bankaccount')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company')),
                ('statement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='payments.bankstatement')),
            ],
            options={
                'verbose_name': 'ligne bancaire',
                'verbose_name_plural': 'lignes bancaires',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='BarredPair',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='billing.invoice')),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='barred', to='payments.bankline')),
            ],
            options={
                'verbose_name': 'paire écartée',
                'verbose_name_plural': 'paires écartées',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Feed',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('lease_owner', models.CharField(blank=True, editable=False, max_length=64)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('kind', models.CharField(choices=[('revolut', 'Revolut Business'), ('invoice_ninja', 'Invoice Ninja')], max_length=20, verbose_name='service')),
                ('base_url', models.URLField(max_length=300, verbose_name='adresse du service')),
                ('client_id', models.CharField(blank=True, max_length=200, verbose_name='identifiant client')),
                ('key_cipher', models.TextField(blank=True, editable=False)),
                ('certificate', models.TextField(blank=True, editable=False)),
                ('grant_cipher', models.TextField(blank=True, editable=False)),
                ('token_cipher', models.TextField(blank=True, editable=False)),
                ('token_until', models.DateTimeField(editable=False, null=True)),
                ('is_enabled', models.BooleanField(default=True, verbose_name='active')),
                ('cursor', models.CharField(blank=True, editable=False, max_length=100)),
                ('left_out', models.JSONField(blank=True, default=list, editable=False, verbose_name='comptes non lus')),
                ('read_at', models.DateTimeField(editable=False, null=True, verbose_name='dernière lecture')),
                ('failing_since', models.DateTimeField(editable=False, null=True, verbose_name='en échec depuis')),
                ('last_error', models.CharField(blank=True, editable=False, max_length=500, verbose_name='dernière erreur')),
                ('created_at', models.DateTimeField(verbose_name='créé le')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company')),
            ],
            options={
                'verbose_name': 'flux',
                'verbose_name_plural': 'flux',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('number', models.CharField(max_length=20, verbose_name='numéro')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=16, verbose_name='montant')),
                ('currency', models.CharField(default='EUR', max_length=3, verbose_name='devise')),
                ('method', models.CharField(choices=[('TRANSFER', 'Virement'), ('CARD', 'Carte bancaire'), ('CHECK', 'Chèque'), ('CASH', 'Espèces'), ('DEBIT', 'Prélèvement')], max_length=10, verbose_name='moyen')),
                ('paid_on', models.DateField(verbose_name='date de paiement')),
                ('reference', models.CharField(blank=True, max_length=140, verbose_name='référence')),
                ('transaction_id', models.CharField(blank=True, default='', max_length=100, verbose_name='transaction du service de paiement')),
                ('notes', models.TextField(blank=True, verbose_name='notes')),
                ('allocated', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=16, verbose_name='affecté')),
                ('reversed_at', models.DateTimeField(blank=True, null=True, verbose_name='annulé le')),
                ('reversal_reason', models.CharField(blank=True, max_length=200, verbose_name='motif d’annulation')),
                ('recorded_at', models.DateTimeField(verbose_name='enregistré le')),
                ('origin_service', models.CharField(blank=True, default='', editable=False, max_length=20, verbose_name='lu dans le service')),
                ('origin_payment', models.CharField(blank=True, default='', editable=False, max_length=60, verbose_name='encaissement là-bas')),
                ('origin_invoice', models.CharField(blank=True, default='', editable=False, max_length=60, verbose_name='facture là-bas')),
                ('bank_account', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='payments.bankaccount', verbose_name='compte bancaire')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='customers.customer', verbose_name='client')),
                ('reverses', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversal', to='payments.payment', verbose_name='annule')),
            ],
            options={
                'verbose_name': 'encaissement',
                'verbose_name_plural': 'encaissements',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Match',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('rule', models.CharField(max_length=40, verbose_name='règle')),
                ('evidence', models.JSONField(default=list, verbose_name='indices')),
                ('is_automatic', models.BooleanField(verbose_name='automatique')),
                ('at', models.DateTimeField(verbose_name='date')),
                ('undone_at', models.DateTimeField(null=True, verbose_name='défait le')),
                ('undone_because', models.CharField(blank=True, max_length=200, verbose_name='motif')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company')),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='matches', to='payments.bankline')),
                ('payment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='match', to='payments.payment')),
            ],
            options={
                'verbose_name': 'rapprochement',
                'verbose_name_plural': 'rapprochements',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Allocation',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=16, verbose_name='montant')),
                ('at', models.DateTimeField(verbose_name='date')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='motif')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='allocations', to='billing.invoice')),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='allocations', to='payments.payment')),
            ],
            options={
                'verbose_name': 'affectation',
                'verbose_name_plural': 'affectations',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='LateInterestRate',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('year', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(2000), django.core.validators.MaxValueValidator(2100)], verbose_name='année')),
                ('half', models.PositiveSmallIntegerField(choices=[(1, 'premier semestre'), (2, 'second semestre')], verbose_name='semestre')),
                ('ecb', models.DecimalField(decimal_places=2, max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(99)], verbose_name='taux de refinancement BCE (%)')),
                ('legal', models.DecimalField(decimal_places=2, max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(99)], verbose_name='taux d’intérêt légal (%)')),
                ('source', models.CharField(max_length=200, verbose_name='source')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company')),
            ],
            options={
                'verbose_name': 'taux de retard',
                'verbose_name_plural': 'taux de retard',
                'ordering': ['-year', '-half'],
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Reminder',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('level', models.PositiveSmallIntegerField(choices=[(1, 'Amicale'), (2, 'Ferme'), (3, 'Mise en demeure')], verbose_name='niveau')),
                ('status', models.CharField(choices=[('DRAFTED', 'À envoyer par une personne'), ('QUEUED', 'En attente d’envoi'), ('SENT', 'Envoyée'), ('CANCELLED', 'Annulée avant envoi')], max_length=10, verbose_name='état')),
                ('balance', models.DecimalField(decimal_places=2, max_digits=16, verbose_name='reste dû')),
                ('cancelled_because', models.CharField(blank=True, max_length=300, verbose_name='motif d’annulation')),
                ('created_at', models.DateTimeField(verbose_name='créée le')),
                ('sent_at', models.DateTimeField(null=True, verbose_name='envoyée le')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company')),
                ('email', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reminder', to='billing.email')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reminders', to='billing.invoice')),
            ],
            options={
                'verbose_name': 'relance',
                'verbose_name_plural': 'relances',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddConstraint(
            model_name='bankaccount',
            constraint=models.UniqueConstraint(fields=('company', 'iban'), name='one_account_per_iban'),
        ),
        migrations.AddConstraint(
            model_name='bankaccount',
            constraint=models.UniqueConstraint(fields=('company', 'ledger_account'), name='one_bank_per_ledger_account'),
        ),
        migrations.AddConstraint(
            model_name='bankaccount',
            constraint=models.CheckConstraint(condition=models.Q(('ledger_account__regex', '^512[0-9]{3,7}$')), name='a_bank_is_booked_on_512'),
        ),
        migrations.AddIndex(
            model_name='bankstatement',
            index=models.Index(fields=['company', '-imported_at', '-id'], name='statement_by_import'),
        ),
        migrations.AddIndex(
            model_name='bankline',
            index=models.Index(fields=['company', '-booked_on', '-id'], name='bankline_by_date'),
        ),
        migrations.AddIndex(
            model_name='bankline',
            index=models.Index(condition=models.Q(('status', 'OPEN')), fields=['company', 'booked_on'], name='bankline_open'),
        ),
        migrations.AddConstraint(
            model_name='bankline',
            constraint=models.UniqueConstraint(fields=('account', 'import_key'), name='each_bank_line_once'),
        ),
        migrations.AddConstraint(
            model_name='barredpair',
            constraint=models.UniqueConstraint(fields=('line', 'invoice'), name='one_bar_per_pair'),
        ),
        migrations.AddConstraint(
            model_name='feed',
            constraint=models.UniqueConstraint(fields=('company', 'kind'), name='one_feed_per_service'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(fields=['company', '-paid_on', '-id'], name='payment_by_date'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(fields=['customer', '-paid_on'], name='payment_by_customer'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(condition=models.Q(('origin_service', ''), _negated=True), fields=['company', 'origin_payment'], name='payment_by_origin'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.UniqueConstraint(fields=('company', 'number'), name='one_payment_per_number'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('allocated__gte', 0), ('allocated__lte', models.F('amount')), ('amount__gt', 0), ('reverses', None)), models.Q(('allocated', 0), ('amount__lt', 0), ('reverses__isnull', False)), _connector='OR'), name='never_allocated_beyond_its_amount'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('reversed_at', None), ('allocated', 0), _connector='OR'), name='a_reversed_payment_pays_nothing'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('origin_invoice', ''), ('origin_payment', ''), ('origin_service', '')), models.Q(models.Q(('origin_service', ''), _negated=True), models.Q(('origin_payment', ''), _negated=True), models.Q(('origin_invoice', ''), _negated=True)), _connector='OR'), name='an_origin_is_whole'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('origin_service', ''), _negated=True), ('reversed_at', None), ('reverses', None)), fields=('company', 'origin_service', 'origin_payment', 'origin_invoice'), name='one_live_payment_per_origin'),
        ),
        migrations.AddConstraint(
            model_name='match',
            constraint=models.UniqueConstraint(condition=models.Q(('undone_at', None)), fields=('line',), name='one_live_match_per_line'),
        ),
        migrations.AddIndex(
            model_name='allocation',
            index=models.Index(fields=['invoice', 'at'], name='allocation_by_invoice'),
        ),
        migrations.AddIndex(
            model_name='allocation',
            index=models.Index(fields=['payment', 'at'], name='allocation_by_payment'),
        ),
        migrations.AddConstraint(
            model_name='allocation',
            constraint=models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='an_allocation_pays_something'),
        ),
        migrations.AddConstraint(
            model_name='lateinterestrate',
            constraint=models.UniqueConstraint(fields=('company', 'year', 'half'), name='one_rate_per_half_year'),
        ),
        migrations.AddConstraint(
            model_name='lateinterestrate',
            constraint=models.CheckConstraint(condition=models.Q(('half__in', [1, 2])), name='a_year_has_two_halves'),
        ),
        migrations.AddIndex(
            model_name='reminder',
            index=models.Index(fields=['company', '-created_at', '-id'], name='reminder_by_creation'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'CANCELLED'), _negated=True), fields=('invoice', 'level'), name='one_reminder_per_level'),
        ),
    ]
