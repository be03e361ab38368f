import billing.models.invoice_parts
import config.kernel.ids
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.manager
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('customers', '0001_initial'),
        ('kernel', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='DepositDeduction',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('gross', models.DecimalField(decimal_places=2, max_digits=16, verbose_name='montant TTC')),
                ('vat', models.DecimalField(decimal_places=2, max_digits=16, verbose_name='dont TVA')),
                ('is_live', models.BooleanField(default=False, verbose_name='déduit')),
            ],
            options={
                'verbose_name': 'acompte déduit',
                'verbose_name_plural': 'acomptes déduits',
                'ordering': ['deposit_id'],
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Email',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('lease_owner', models.CharField(blank=True, editable=False, max_length=64)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('kind', models.CharField(choices=[('INVOICE', 'Envoi de facture'), ('REMINDER', 'Relance'), ('NOTICE', 'Avis à l’équipe')], max_length=10, verbose_name='type')),
                ('status', models.CharField(choices=[('QUEUED', 'En attente'), ('SENDING', 'Envoi en cours'), ('SENT', 'Acceptée par le serveur de messagerie'), ('KEPT', 'Non envoyée : aucun serveur de messagerie'), ('UNKNOWN', 'Issue inconnue'), ('FAILED', 'Refusée'), ('CANCELLED', 'Annulée avant envoi')], default='QUEUED', max_length=10, verbose_name='état')),
                ('recipient', models.EmailField(max_length=254, verbose_name='destinataire')),
                ('subject_line', models.CharField(max_length=200, verbose_name='objet')),
                ('body', models.TextField(verbose_name='message')),
                ('needs_document', models.BooleanField(default=False)),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='tentatives')),
                ('next_attempt_at', models.DateTimeField(verbose_name='prochaine tentative')),
                ('last_error', models.CharField(blank=True, max_length=500, verbose_name='dernière erreur')),
                ('created_at', models.DateTimeField(verbose_name='créé le')),
                ('sent_at', models.DateTimeField(null=True, verbose_name='envoyé le')),
            ],
            options={
                'verbose_name': 'message',
                'verbose_name_plural': 'messages',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Invoice',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('380', 'Facture'), ('381', 'Avoir'), ('384', 'Facture rectificative'), ('386', 'Facture d’acompte')], default='380', max_length=3, verbose_name='type')),
                ('status', models.CharField(choices=[('DRAFT', 'Brouillon'), ('ISSUED', 'Émise'), ('PAID', 'Payée'), ('CREDITED', 'Annulée par avoir')], default='DRAFT', max_length=10, verbose_name='état')),
                ('number', models.CharField(blank=True, max_length=20, null=True, verbose_name='numéro')),
                ('external_reference', models.CharField(blank=True, max_length=50, verbose_name='référence externe')),
                ('credit_reason', models.CharField(blank=True, max_length=200, verbose_name='motif de l’avoir')),
                ('issue_date', models.DateField(blank=True, null=True, verbose_name='date d’émission')),
                ('due_date', models.DateField(blank=True, null=True, verbose_name='échéance')),
                ('supply_date', models.DateField(blank=True, null=True, verbose_name='date de livraison ou d’exécution')),
                ('currency', models.CharField(default='EUR', max_length=3, verbose_name='devise')),
                ('purchase_order', models.CharField(blank=True, max_length=50, verbose_name='n° de commande ou d’engagement du client')),
                ('service_code', models.CharField(blank=True, max_length=100, verbose_name='code service')),
                ('contract_reference', models.CharField(blank=True, max_length=50, verbose_name='n° de marché ou de contrat')),
                ('delivery', models.JSONField(blank=True, default=dict, verbose_name='adresse de livraison')),
                ('notes', models.TextField(blank=True, verbose_name='notes imprimées')),
                ('internal_notes', models.TextField(blank=True, verbose_name='notes internes')),
                ('payment_reference', models.CharField(blank=True, max_length=25, verbose_name='référence de paiement (RF)')),
                ('buyer_name', models.CharField(blank=True, max_length=200, verbose_name='client')),
                ('seller', models.JSONField(blank=True, default=dict)),
                ('buyer', models.JSONField(blank=True, default=dict)),
                ('mentions', models.JSONField(blank=True, default=dict)),
                ('total_net', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=16, verbose_name='total HT')),
                ('total_vat', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=16, verbose_name='TVA')),
                ('total_gross', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=16, verbose_name='total TTC')),
                ('amount_deposited', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=16, verbose_name='acomptes déduits')),
                ('deposited_vat', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=16, verbose_name='TVA des acomptes')),
                ('amount_paid', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=16, verbose_name='payé')),
                ('amount_credited', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=16, verbose_name='crédité')),
                ('disputed_at', models.DateTimeField(blank=True, null=True, verbose_name='contestée le')),
                ('dispute_reason', models.CharField(blank=True, max_length=300, verbose_name='motif de contestation')),
                ('replaced_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='remplacée le')),
                ('abby_invoice_id', models.CharField(blank=True, editable=False, max_length=100, verbose_name='identifiant chez Abby')),
                ('abby_invoice_number', models.CharField(blank=True, editable=False, max_length=40, verbose_name='numéro chez Abby')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('issued_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'verbose_name': 'facture',
                'verbose_name_plural': 'factures',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='InvoiceDocument',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('FACTURX', 'Factur-X (PDF/A-3)'), ('CII', 'XML CII'), ('UBL', 'XML UBL')], max_length=10, verbose_name='format')),
                ('file', models.FileField(max_length=255, upload_to=billing.models.invoice_parts._document_path, verbose_name='fichier')),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('size', models.PositiveIntegerField(verbose_name='taille')),
                ('verdict', models.JSONField(default=dict, verbose_name='verdict de validation')),
                ('created_at', models.DateTimeField(verbose_name='créé le')),
            ],
            options={
                'verbose_name': 'document',
                'verbose_name_plural': 'documents',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='InvoiceLine',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('position', models.PositiveSmallIntegerField(verbose_name='position')),
                ('description', models.CharField(max_length=500, verbose_name='désignation')),
                ('is_service', models.BooleanField(default=False, verbose_name='prestation de service')),
                ('quantity', models.DecimalField(decimal_places=4, max_digits=14, verbose_name='quantité')),
                ('unit', models.CharField(choices=[('C62', 'unité'), ('HUR', 'heure'), ('DAY', 'jour'), ('MON', 'mois'), ('KGM', 'kg'), ('MTR', 'm'), ('MTK', 'm²'), ('LTR', 'litre'), ('LS', 'forfait')], default='C62', max_length=3, verbose_name='unité')),
                ('unit_price', models.DecimalField(decimal_places=6, max_digits=16, verbose_name='prix unitaire HT')),
                ('discount_percent', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=5, verbose_name='remise %')),
                ('vat_category', models.CharField(choices=[('S', 'TVA au taux indiqué'), ('E', 'Exonéré'), ('AE', 'Autoliquidation'), ('K', 'Livraison intracommunautaire'), ('G', 'Exportation'), ('O', 'Hors champ'), ('Z', 'Taux zéro')], default='S', max_length=2, verbose_name='régime de TVA')),
                ('vat_rate', models.DecimalField(decimal_places=2, default=Decimal('20.00'), max_digits=5, verbose_name='taux de TVA')),
                ('exemption_code', models.CharField(blank=True, max_length=30, verbose_name='motif d’exonération (VATEX)')),
                ('net_amount', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=16, verbose_name='montant HT')),
                ('credited_quantity', models.DecimalField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=14, verbose_name='quantité créditée')),
            ],
            options={
                'verbose_name': 'ligne de facture',
                'verbose_name_plural': 'lignes de facture',
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
            name='JournalEntry',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('journal', models.CharField(choices=[('VE', 'Ventes'), ('BQ', 'Banque'), ('OD', 'Opérations diverses')], max_length=2, verbose_name='journal')),
                ('number', models.CharField(max_length=20, verbose_name='numéro d’écriture')),
                ('day', models.DateField(verbose_name='date')),
                ('label', models.CharField(max_length=200, verbose_name='libellé')),
                ('piece', models.CharField(max_length=40, verbose_name='pièce')),
                ('piece_date', models.DateField(verbose_name='date de pièce')),
                ('source', models.CharField(max_length=60)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'écriture',
                'verbose_name_plural': 'écritures',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='JournalLine',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('position', models.PositiveSmallIntegerField()),
                ('account', models.CharField(max_length=10, verbose_name='compte')),
                ('label', models.CharField(max_length=200, verbose_name='libellé')),
                ('debit', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=16, verbose_name='débit')),
                ('credit', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=16, verbose_name='crédit')),
            ],
            options={
                'verbose_name': 'ligne d’écriture',
                'verbose_name_plural': 'lignes d’écriture',
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
            name='NumberSequence',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('series', models.CharField(max_length=10, verbose_name='série')),
                ('year', models.PositiveSmallIntegerField(verbose_name='année')),
                ('last', models.PositiveIntegerField(default=0, verbose_name='dernier numéro')),
                ('last_day', models.DateField(null=True, verbose_name='dernière date')),
            ],
            options={
                'verbose_name': 'série de numéros',
                'verbose_name_plural': 'séries de numéros',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='OrderLine',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('position', models.PositiveSmallIntegerField(verbose_name='position')),
                ('description', models.CharField(max_length=500, verbose_name='désignation')),
                ('is_service', models.BooleanField(default=False, verbose_name='prestation de service')),
                ('quantity', models.DecimalField(decimal_places=4, max_digits=14, verbose_name='quantité')),
                ('unit', models.CharField(choices=[('C62', 'unité'), ('HUR', 'heure'), ('DAY', 'jour'), ('MON', 'mois'), ('KGM', 'kg'), ('MTR', 'm'), ('MTK', 'm²'), ('LTR', 'litre'), ('LS', 'forfait')], default='C62', max_length=3, verbose_name='unité')),
                ('unit_price', models.DecimalField(decimal_places=6, max_digits=16, verbose_name='prix unitaire HT')),
                ('discount_percent', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=5, verbose_name='remise %')),
                ('vat_category', models.CharField(choices=[('S', 'TVA au taux indiqué'), ('E', 'Exonéré'), ('AE', 'Autoliquidation'), ('K', 'Livraison intracommunautaire'), ('G', 'Exportation'), ('O', 'Hors champ'), ('Z', 'Taux zéro')], default='S', max_length=2, verbose_name='régime de TVA')),
                ('vat_rate', models.DecimalField(decimal_places=2, default=Decimal('20.00'), max_digits=5, verbose_name='taux de TVA')),
                ('exemption_code', models.CharField(blank=True, max_length=30, verbose_name='motif d’exonération (VATEX)')),
                ('net_amount', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=16, verbose_name='montant HT')),
            ],
            options={
                'verbose_name': 'ligne de commande',
                'verbose_name_plural': 'lignes de commande',
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
            name='Product',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('reference', models.CharField(max_length=40, verbose_name='référence')),
                ('name', models.CharField(max_length=200, verbose_name='désignation')),
                ('description', models.TextField(blank=True, verbose_name='description')),
                ('is_service', models.BooleanField(default=False, verbose_name='prestation de service')),
                ('unit', models.CharField(choices=[('C62', 'unité'), ('HUR', 'heure'), ('DAY', 'jour'), ('MON', 'mois'), ('KGM', 'kg'), ('MTR', 'm'), ('MTK', 'm²'), ('LTR', 'litre'), ('LS', 'forfait')], default='C62', max_length=3, verbose_name='unité')),
                ('unit_price', models.DecimalField(decimal_places=6, max_digits=16, verbose_name='prix unitaire HT')),
                ('vat_category', models.CharField(choices=[('S', 'TVA au taux indiqué'), ('E', 'Exonéré'), ('AE', 'Autoliquidation'), ('K', 'Livraison intracommunautaire'), ('G', 'Exportation'), ('O', 'Hors champ'), ('Z', 'Taux zéro')], default='S', max_length=2, verbose_name='régime de TVA')),
                ('vat_rate', models.DecimalField(decimal_places=2, default=Decimal('20.00'), max_digits=5, verbose_name='taux de TVA')),
                ('exemption_code', models.CharField(blank=True, max_length=30, verbose_name='motif d’exonération (VATEX)')),
                ('tracks_stock', models.BooleanField(default=False, verbose_name='suivi en stock')),
                ('on_hand', models.DecimalField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=14, verbose_name='en stock')),
                ('archived_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name': 'produit',
                'verbose_name_plural': 'produits',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='SalesOrder',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('number', models.CharField(max_length=20, verbose_name='numéro')),
                ('status', models.CharField(choices=[('DRAFT', 'Brouillon'), ('PENDING', 'Confirmée'), ('SHIPPED', 'Expédiée'), ('CANCELLED', 'Annulée')], default='DRAFT', max_length=10, verbose_name='état')),
                ('order_date', models.DateField(verbose_name='date de commande')),
                ('purchase_order', models.CharField(blank=True, max_length=50, verbose_name='n° de commande ou d’engagement du client')),
                ('service_code', models.CharField(blank=True, max_length=100, verbose_name='code service')),
                ('delivery', models.JSONField(blank=True, default=dict, verbose_name='adresse de livraison')),
                ('notes', models.TextField(blank=True, verbose_name='notes imprimées')),
                ('currency', models.CharField(default='EUR', max_length=3, verbose_name='devise')),
                ('total_net', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=16, verbose_name='total HT')),
                ('total_vat', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=16, verbose_name='TVA')),
                ('total_gross', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=16, verbose_name='total TTC')),
                ('shipped_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name': 'commande',
                'verbose_name_plural': 'commandes',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='StockMovement',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('quantity', models.DecimalField(decimal_places=4, max_digits=14, verbose_name='quantité')),
                ('reason', models.CharField(choices=[('RECEIPT', 'Entrée'), ('SHIPMENT', 'Expédition'), ('RETURN', 'Retour'), ('COUNT', 'Inventaire')], max_length=10, verbose_name='motif')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('at', models.DateTimeField(verbose_name='date')),
            ],
            options={
                'verbose_name': 'mouvement de stock',
                'verbose_name_plural': 'mouvements de stock',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='VatSubtotal',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('category', models.CharField(max_length=2, verbose_name='catégorie')),
                ('rate', models.DecimalField(decimal_places=2, max_digits=5, verbose_name='taux')),
                ('base', models.DecimalField(decimal_places=2, max_digits=16, verbose_name='base HT')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=16, verbose_name='TVA')),
                ('exemption_code', models.CharField(blank=True, max_length=30, verbose_name='motif (VATEX)')),
                ('exemption_reason', models.CharField(blank=True, max_length=200, verbose_name='mention')),
            ],
            options={
                'verbose_name': 'sous-total de TVA',
                'verbose_name_plural': 'sous-totaux de TVA',
                'ordering': ['-rate', 'category'],
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddField(
            model_name='depositdeduction',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='email',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='invoice',
            name='ahead_of',
            field=models.ForeignKey(blank=True, db_column='ahead_of', editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deposits_ahead', to='billing.invoice', verbose_name='en avance sur'),
        ),
        migrations.AddField(
            model_name='invoice',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='invoice',
            name='corrects',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='billing.invoice'),
        ),
        migrations.AddField(
            model_name='invoice',
            name='customer',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='customers.customer', verbose_name='client'),
        ),
        migrations.AddField(
            model_name='email',
            name='invoice',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='emails', to='billing.invoice'),
        ),
        migrations.AddField(
            model_name='depositdeduction',
            name='deposit',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deducted_by', to='billing.invoice'),
        ),
        migrations.AddField(
            model_name='depositdeduction',
            name='invoice',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deductions', to='billing.invoice'),
        ),
        migrations.AddField(
            model_name='invoicedocument',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='invoicedocument',
            name='invoice',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='billing.invoice'),
        ),
        migrations.AddField(
            model_name='invoiceline',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='invoiceline',
            name='credited_line',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credits', to='billing.invoiceline'),
        ),
        migrations.AddField(
            model_name='invoiceline',
            name='invoice',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='billing.invoice'),
        ),
        migrations.AddField(
            model_name='journalentry',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='journalline',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='journalline',
            name='customer',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.customer'),
        ),
        migrations.AddField(
            model_name='journalline',
            name='entry',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='billing.journalentry'),
        ),
        migrations.AddField(
            model_name='numbersequence',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='orderline',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='product',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='orderline',
            name='product',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.product'),
        ),
        migrations.AddField(
            model_name='invoiceline',
            name='product',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.product'),
        ),
        migrations.AddField(
            model_name='salesorder',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='salesorder',
            name='customer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='customers.customer', verbose_name='client'),
        ),
        migrations.AddField(
            model_name='orderline',
            name='order',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='billing.salesorder'),
        ),
        migrations.AddField(
            model_name='invoice',
            name='order',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='billing.salesorder'),
        ),
        migrations.AddField(
            model_name='stockmovement',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='stockmovement',
            name='order',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='movements', to='billing.salesorder'),
        ),
        migrations.AddField(
            model_name='stockmovement',
            name='product',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='movements', to='billing.product'),
        ),
        migrations.AddField(
            model_name='vatsubtotal',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='vatsubtotal',
            name='invoice',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='vat_subtotals', to='billing.invoice'),
        ),
        migrations.AddIndex(
            model_name='email',
            index=models.Index(condition=models.Q(('status__in', ['QUEUED', 'SENDING'])), fields=['next_attempt_at'], name='email_due'),
        ),
        migrations.AddIndex(
            model_name='email',
            index=models.Index(fields=['company', '-created_at', '-id'], name='email_by_creation'),
        ),
        migrations.AddConstraint(
            model_name='depositdeduction',
            constraint=models.UniqueConstraint(fields=('invoice', 'deposit'), name='a_deposit_once_per_invoice'),
        ),
        migrations.AddConstraint(
            model_name='depositdeduction',
            constraint=models.UniqueConstraint(condition=models.Q(('is_live', True)), fields=('deposit',), name='a_deposit_is_deducted_once'),
        ),
        migrations.AddConstraint(
            model_name='depositdeduction',
            constraint=models.CheckConstraint(condition=models.Q(('gross__gt', 0)), name='a_deduction_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='invoicedocument',
            constraint=models.UniqueConstraint(fields=('invoice', 'kind'), name='one_document_per_format'),
        ),
        migrations.AddIndex(
            model_name='journalentry',
            index=models.Index(fields=['company', 'day', 'number'], name='entry_by_day'),
        ),
        migrations.AddIndex(
            model_name='journalentry',
            index=models.Index(fields=['source'], name='entry_by_source'),
        ),
        migrations.AddConstraint(
            model_name='journalentry',
            constraint=models.UniqueConstraint(fields=('company', 'number'), name='one_entry_per_number'),
        ),
        migrations.AddIndex(
            model_name='journalline',
            index=models.Index(fields=['entry', 'position'], name='journal_line_by_entry'),
        ),
        migrations.AddConstraint(
            model_name='journalline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('credit', 0), ('debit__gt', 0)), models.Q(('credit__gt', 0), ('debit', 0)), _connector='OR'), name='a_line_has_one_side'),
        ),
        migrations.AddConstraint(
            model_name='journalline',
            constraint=models.CheckConstraint(condition=models.Q(('account__regex', '^\\d{3,10}$')), name='account_is_of_the_pcg'),
        ),
        migrations.AddConstraint(
            model_name='numbersequence',
            constraint=models.UniqueConstraint(fields=('company', 'series', 'year'), name='one_counter_per_series_and_year'),
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(fields=['company', 'name', 'id'], name='product_by_name'),
        ),
        migrations.AddConstraint(
            model_name='product',
            constraint=models.UniqueConstraint(fields=('company', 'reference'), name='one_product_per_reference'),
        ),
        migrations.AddConstraint(
            model_name='product',
            constraint=models.CheckConstraint(condition=models.Q(('unit_price__gte', 0)), name='product_price_is_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='product',
            constraint=models.CheckConstraint(condition=models.Q(('on_hand__gte', 0)), name='stock_is_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='product',
            constraint=models.CheckConstraint(condition=models.Q(('is_service', False), ('tracks_stock', False), _connector='OR'), name='a_service_has_no_stock'),
        ),
        migrations.AddIndex(
            model_name='invoiceline',
            index=models.Index(fields=['invoice', 'position'], name='line_by_invoice'),
        ),
        migrations.AddConstraint(
            model_name='invoiceline',
            constraint=models.CheckConstraint(condition=models.Q(('unit_price__gte', 0)), name='invoiceline_price_is_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='invoiceline',
            constraint=models.CheckConstraint(condition=models.Q(('discount_percent__gte', 0), ('discount_percent__lte', 100)), name='invoiceline_discount_is_a_percent'),
        ),
        migrations.AddConstraint(
            model_name='invoiceline',
            constraint=models.CheckConstraint(condition=models.Q(('vat_rate__gte', 0), models.Q(('vat_category', 'S'), ('vat_rate', 0), _connector='OR')), name='invoiceline_rate_fits_category'),
        ),
        migrations.AddConstraint(
            model_name='invoiceline',
            constraint=models.CheckConstraint(condition=models.Q(('credited_quantity', 0), ('credited_line__isnull', False), _connector='OR'), name='a_credited_quantity_is_of_a_line'),
        ),
        migrations.AddField(
            model_name='salesorder',
            name='billed_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='grouped_orders', to='billing.invoice'),
        ),
        migrations.AddIndex(
            model_name='salesorder',
            index=models.Index(fields=['company', '-order_date', '-id'], name='order_by_date'),
        ),
        migrations.AddIndex(
            model_name='salesorder',
            index=models.Index(fields=['company', 'status', '-order_date'], name='order_by_status'),
        ),
        migrations.AddConstraint(
            model_name='salesorder',
            constraint=models.UniqueConstraint(fields=('company', 'number'), name='one_order_per_number'),
        ),
        migrations.AddConstraint(
            model_name='orderline',
            constraint=models.CheckConstraint(condition=models.Q(('unit_price__gte', 0)), name='orderline_price_is_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='orderline',
            constraint=models.CheckConstraint(condition=models.Q(('discount_percent__gte', 0), ('discount_percent__lte', 100)), name='orderline_discount_is_a_percent'),
        ),
        migrations.AddConstraint(
            model_name='orderline',
            constraint=models.CheckConstraint(condition=models.Q(('vat_rate__gte', 0), models.Q(('vat_category', 'S'), ('vat_rate', 0), _connector='OR')), name='orderline_rate_fits_category'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(fields=['company', '-created_at', '-id'], name='invoice_by_creation'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(fields=['company', '-issue_date', '-id'], name='invoice_by_date'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(condition=models.Q(('status', 'ISSUED')), fields=['company', 'due_date'], name='invoice_open_by_due_date'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(fields=['customer', '-issue_date'], name='invoice_by_customer'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.UniqueConstraint(fields=('company', 'number'), name='one_invoice_per_number'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.UniqueConstraint(condition=models.Q(('abby_invoice_id', ''), _negated=True), fields=('company', 'abby_invoice_id'), name='one_invoice_per_abby_id'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.UniqueConstraint(condition=models.Q(('abby_invoice_number', ''), _negated=True), fields=('company', 'abby_invoice_number'), name='one_invoice_per_abby_number'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.UniqueConstraint(condition=models.Q(('order__isnull', False), models.Q(models.Q(('kind', '380'), models.Q(('status', 'CREDITED'), _negated=True)), models.Q(('kind', '384'), ('status__in', ['ISSUED', 'PAID'])), _connector='OR')), fields=('order',), name='one_invoice_per_order'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('issue_date', None), ('issued_at', None), ('number', None), ('status', 'DRAFT')), models.Q(models.Q(('status', 'DRAFT'), _negated=True), ('number__isnull', False), ('issue_date__isnull', False), ('issued_at__isnull', False), ('due_date__isnull', False)), _connector='OR'), name='a_number_if_and_only_if_issued'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(('number', None), ('number__regex', '^[A-Za-z0-9/_-]{1,20}$'), _connector='OR'), name='number_fits_br_fr_02'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(('amount_paid__gte', 0), ('amount_credited__gte', 0), ('amount_deposited__gte', 0), ('total_gross__gte', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('amount_deposited'), '+', models.F('amount_paid')), '+', models.F('amount_credited')))), name='never_paid_beyond_its_total'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(('total_gross', django.db.models.expressions.CombinedExpression(models.F('total_net'), '+', models.F('total_vat')))), name='gross_is_net_plus_vat'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ['PAID', 'CREDITED']), _negated=True), ('total_gross', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('amount_deposited'), '+', models.F('amount_paid')), '+', models.F('amount_credited'))), _connector='OR'), name='settled_means_nothing_remains'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['381', '384']), _negated=True), ('corrects__isnull', False), _connector='OR'), name='a_correction_names_its_invoice'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', '384')), fields=('corrects',), name='one_corrected_invoice_per_invoice'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(('replaced_at', None), ('status', 'CREDITED'), _connector='OR'), name='what_is_replaced_is_cancelled'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(('disputed_at', None), models.Q(('status', 'DRAFT'), _negated=True), _connector='OR'), name='what_is_disputed_is_issued'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', '386'), _negated=True), ('amount_deposited', 0), _connector='OR'), name='a_deposit_deducts_no_deposit'),
        ),
        migrations.AddIndex(
            model_name='stockmovement',
            index=models.Index(fields=['product', '-at'], name='movement_by_product'),
        ),
        migrations.AddConstraint(
            model_name='stockmovement',
            constraint=models.CheckConstraint(condition=models.Q(('quantity', 0), _negated=True), name='a_movement_moves_something'),
        ),
        migrations.AddConstraint(
            model_name='vatsubtotal',
            constraint=models.UniqueConstraint(fields=('invoice', 'category', 'rate'), name='one_subtotal_per_category_and_rate'),
        ),
    ]
