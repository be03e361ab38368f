import config.kernel.ids
import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('kernel', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Address',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('BILLING', 'Facturation'), ('DELIVERY', 'Livraison')], default='BILLING', max_length=10, verbose_name='usage')),
                ('line', models.CharField(max_length=200, verbose_name='adresse')),
                ('extra', models.CharField(blank=True, max_length=200, verbose_name='complément')),
                ('postcode', models.CharField(max_length=12, verbose_name='code postal')),
                ('city', models.CharField(max_length=100, verbose_name='ville')),
                ('country', models.CharField(default='FR', max_length=2, verbose_name='pays')),
            ],
            options={
                'verbose_name': 'adresse',
                'verbose_name_plural': 'adresses',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Contact',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200, verbose_name='nom')),
                ('position', models.CharField(blank=True, max_length=100, verbose_name='fonction')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='adresse e-mail')),
                ('phone', models.CharField(blank=True, max_length=30, verbose_name='téléphone')),
                ('gets_invoices', models.BooleanField(default=True, verbose_name='reçoit les factures')),
                ('gets_reminders', models.BooleanField(default=True, verbose_name='reçoit les relances')),
            ],
            options={
                'verbose_name': 'contact',
                'verbose_name_plural': 'contacts',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Customer',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('ORGANISATION', 'Organisation'), ('INDIVIDUAL', 'Particulier')], max_length=12, verbose_name='nature')),
                ('name', models.CharField(max_length=200, verbose_name='nom')),
                ('first_name', models.CharField(blank=True, max_length=100, verbose_name='prénom')),
                ('last_name', models.CharField(blank=True, max_length=100, verbose_name='nom de famille')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='adresse e-mail')),
                ('phone', models.CharField(blank=True, max_length=30, verbose_name='téléphone')),
                ('siren', models.CharField(blank=True, max_length=9, verbose_name='SIREN')),
                ('siret', models.CharField(blank=True, max_length=14, verbose_name='SIRET')),
                ('vat_number', models.CharField(blank=True, max_length=20, verbose_name='n° de TVA')),
                ('electronic_address', models.CharField(blank=True, max_length=125, verbose_name='adresse de facturation électronique')),
                ('is_public_body', models.BooleanField(default=False, verbose_name='entité publique')),
                ('service_code', models.CharField(blank=True, max_length=100, verbose_name='code service')),
                ('requires_service_code', models.BooleanField(default=False, verbose_name='code service exigé')),
                ('requires_commitment', models.BooleanField(default=False, verbose_name='n° d’engagement exigé')),
                ('exemption_code', models.CharField(blank=True, max_length=30, verbose_name='motif d’exonération (VATEX)')),
                ('notes', models.TextField(blank=True, verbose_name='notes internes')),
                ('reminders_paused_until', models.DateField(blank=True, null=True, verbose_name='relances suspendues jusqu’au')),
                ('archived_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name': 'client',
                'verbose_name_plural': 'clients',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='PaymentTerms',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80, verbose_name='intitulé')),
                ('days', models.PositiveSmallIntegerField(verbose_name='jours')),
                ('end_of_month', models.BooleanField(default=False, verbose_name='fin de mois')),
            ],
            options={
                'verbose_name': 'condition de règlement',
                'verbose_name_plural': 'conditions de règlement',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddField(
            model_name='address',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='contact',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='customer',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='contact',
            name='customer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='contacts', to='customers.customer'),
        ),
        migrations.AddField(
            model_name='address',
            name='customer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='addresses', to='customers.customer'),
        ),
        migrations.CreateModel(
            name='Individual',
            fields=[
            ],
            options={
                'verbose_name': 'particulier',
                'verbose_name_plural': 'particuliers',
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('customers.customer',),
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Organisation',
            fields=[
            ],
            options={
                'verbose_name': 'organisation',
                'verbose_name_plural': 'organisations',
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('customers.customer',),
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddField(
            model_name='paymentterms',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='customer',
            name='terms',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='customers.paymentterms', verbose_name='conditions de règlement'),
        ),
        migrations.AddConstraint(
            model_name='address',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'BILLING')), fields=('customer',), name='one_billing_address'),
        ),
        migrations.AddConstraint(
            model_name='address',
            constraint=models.CheckConstraint(condition=models.Q(('country__regex', '^[A-Z]{2}$')), name='address_country_is_iso'),
        ),
        migrations.AddConstraint(
            model_name='paymentterms',
            constraint=models.UniqueConstraint(fields=('company', 'name'), name='one_terms_per_name'),
        ),
        migrations.AddConstraint(
            model_name='paymentterms',
            constraint=models.CheckConstraint(condition=models.Q(('days__lte', 120)), name='terms_days_are_sane'),
        ),
        migrations.AddIndex(
            model_name='customer',
            index=models.Index(fields=['company', 'name', 'id'], name='customer_by_name'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('first_name', ''), ('kind', 'ORGANISATION'), ('last_name', '')), models.Q(('is_public_body', False), ('kind', 'INDIVIDUAL'), ('siren', ''), ('siret', ''), ('vat_number', ''), models.Q(('last_name', ''), _negated=True)), _connector='OR'), name='customer_columns_fit_kind'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='customer_has_a_name'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('siren', ''), ('siren__regex', '^\\d{9}$'), _connector='OR'), name='customer_siren_is_nine_digits'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('siret', ''), models.Q(('siret__regex', '^\\d{14}$'), ('siret__startswith', models.F('siren'))), _connector='OR'), name='customer_siret_starts_with_siren'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('is_public_body', False), models.Q(('siret', ''), _negated=True), _connector='OR'), name='public_body_has_a_siret'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.UniqueConstraint(condition=models.Q(('siret', ''), _negated=True), fields=('company', 'siret', 'service_code'), name='one_customer_per_siret_and_service'),
        ),
    ]
