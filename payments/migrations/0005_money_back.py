"""Write-offs, refunds and payment orders: frozen, and counted by PostgreSQL itself on invoices and payments."""

import config.kernel.ids
import django.db.models.deletion
import django.db.models.manager
from decimal import Decimal
from django.db import migrations, models


PROTECTION = r"""
-- What is used of a payment: its allocations, what was refunded of it, and what was kept as income.
CREATE FUNCTION payments_used(the_payment bigint) RETURNS numeric LANGUAGE sql STABLE AS $$
  SELECT (SELECT coalesce(sum(amount), 0) FROM payments_allocation WHERE payment_id = the_payment)
    + (SELECT coalesce(sum(amount), 0) FROM payments_refundshare WHERE payment_id = the_payment)
    + (SELECT coalesce(sum(amount), 0) FROM payments_writeoff WHERE payment_id = the_payment)
$$;

CREATE OR REPLACE FUNCTION payments_allocated_is_allocated() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
DECLARE
  kept numeric;
  found numeric;
BEGIN
  -- read again, not NEW: deferred, the trigger sees the row as of its own statement, and later ones may have followed
  SELECT allocated, payments_used(id) INTO kept, found FROM payments_payment WHERE id = NEW.id;
  IF kept <> found THEN
    RAISE EXCEPTION 'quittance: payment % says % allocated, its allocations say %', NEW.id, kept, found
      USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION payments_both_sides_follow() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
DECLARE
  gap numeric;
BEGIN
  SELECT i.amount_paid - (SELECT sum(amount) FROM payments_allocation WHERE invoice_id = i.id) INTO gap
    FROM billing_invoice i WHERE i.id = NEW.invoice_id;
  IF gap = 0 THEN
    SELECT p.allocated - payments_used(p.id) INTO gap FROM payments_payment p WHERE p.id = NEW.payment_id;
  END IF;
  IF gap <> 0 THEN
    RAISE EXCEPTION 'quittance: allocation % is not in the figures of its invoice or payment', NEW.id
      USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

-- A write-off is in the figures of the one it is of, with the opposite of one taken back whole.
CREATE FUNCTION payments_write_off_counted() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
DECLARE
  gap numeric;
BEGIN
  IF NEW.invoice_id IS NOT NULL THEN
    SELECT i.amount_written_off - (SELECT sum(amount) FROM payments_writeoff WHERE invoice_id = i.id) INTO gap
      FROM billing_invoice i WHERE i.id = NEW.invoice_id;
  ELSE
    SELECT p.allocated - payments_used(p.id) INTO gap FROM payments_payment p WHERE p.id = NEW.payment_id;
  END IF;
  IF gap = 0 AND NEW.reverses_id IS NOT NULL THEN
    SELECT abs(w.amount + NEW.amount) + abs(w.vat_amount + NEW.vat_amount)
        + ((w.invoice_id, w.payment_id, w.account) IS DISTINCT FROM (NEW.invoice_id, NEW.payment_id, NEW.account))::int
      INTO gap FROM payments_writeoff w WHERE w.id = NEW.reverses_id;
  END IF;
  IF gap <> 0 THEN
    RAISE EXCEPTION 'quittance: write-off % is not in the figures of its invoice or payment', NEW.id
      USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

-- A refund is taken whole from payments of its customer and currency while it stands, from none once cancelled.
CREATE FUNCTION payments_refund_is_shared(the_refund bigint) RETURNS void LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
BEGIN
  PERFORM FROM payments_refund r WHERE r.id = the_refund
    AND (CASE WHEN r.cancelled_at IS NULL THEN r.amount ELSE 0 END,
         NOT EXISTS (SELECT 1 FROM payments_refundshare s JOIN payments_payment p ON p.id = s.payment_id
           WHERE s.refund_id = r.id AND (p.customer_id <> r.customer_id OR p.currency <> r.currency
             OR p.allocated <> payments_used(p.id))))
      = ((SELECT coalesce(sum(amount), 0) FROM payments_refundshare WHERE refund_id = r.id), TRUE);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'quittance: refund % is not what its shares take from payments', the_refund USING ERRCODE = '23514';
  END IF;
END $$;

CREATE FUNCTION payments_refund_shared() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM payments_refund_is_shared(NEW.id);
  RETURN NULL;
END $$;

CREATE FUNCTION payments_refund_share_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM payments_refund_is_shared(NEW.refund_id);
  RETURN NULL;
END $$;

-- What allocations, write-offs, credit notes and the corrected invoice of an issued invoice make of it.
DROP FUNCTION payments_settlement(bigint);
CREATE FUNCTION payments_settlement(the_invoice bigint)
RETURNS TABLE (paid numeric, credited numeric, written_off numeric, status text)
LANGUAGE sql STABLE ROWS 1 AS $$
  SELECT allocations.paid,
    CASE WHEN corrections.replaced THEN invoice.payable ELSE corrections.credited END,
    write_offs.amount,
    CASE
      WHEN invoice.kind = '381' THEN 'ISSUED'
      WHEN corrections.replaced THEN 'CREDITED'
      WHEN corrections.notes > 0 AND corrections.credited = invoice.payable
        AND (corrections.take_deposits_back OR invoice.amount_deposited = 0) THEN 'CREDITED'
      WHEN allocations.paid + corrections.credited + write_offs.amount = invoice.payable THEN 'PAID'
      ELSE 'ISSUED' END
  FROM
    (SELECT kind, amount_deposited, total_gross - amount_deposited AS payable
      FROM billing_invoice WHERE id = the_invoice) AS invoice,
    (SELECT coalesce(sum(amount), 0) AS paid FROM payments_allocation WHERE invoice_id = the_invoice) AS allocations,
    (SELECT coalesce(sum(amount), 0) AS amount FROM payments_writeoff WHERE invoice_id = the_invoice) AS write_offs,
    (SELECT count(*) FILTER (WHERE kind = '381') AS notes,
        coalesce(sum(total_gross - amount_deposited) FILTER (WHERE kind = '381'), 0) AS credited,
        coalesce(bool_or(amount_deposited > 0) FILTER (WHERE kind = '381'), FALSE) AS take_deposits_back,
        coalesce(bool_or(kind = '384'), FALSE) AS replaced
      FROM billing_invoice WHERE corrects_id = the_invoice AND billing_invoice.status <> 'DRAFT') AS corrections
$$;

CREATE OR REPLACE FUNCTION payments_stands_where_it_says() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
DECLARE
  differing record;
BEGIN
  SELECT kept.status, kept.amount_paid, kept.amount_credited, kept.amount_written_off,
      found.status AS found, found.paid, found.credited, found.written_off INTO differing
    FROM billing_invoice AS kept, payments_settlement(NEW.id) AS found
    WHERE kept.id = NEW.id AND kept.status <> 'DRAFT' AND
      (kept.amount_paid, kept.amount_credited, kept.amount_written_off, kept.status)
        IS DISTINCT FROM (found.paid, found.credited, found.written_off, found.status);
  IF FOUND THEN
    RAISE EXCEPTION 'quittance: invoice % says % (% paid, % credited, % written off), what it rests on says % (% paid, % credited, % written off)',
      NEW.id, differing.status, differing.amount_paid, differing.amount_credited, differing.amount_written_off,
      differing.found, differing.paid, differing.credited, differing.written_off
      USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

DROP TRIGGER payments_invoice_settlement ON billing_invoice;
CREATE CONSTRAINT TRIGGER payments_invoice_settlement
  AFTER INSERT OR UPDATE OF status, amount_paid, amount_credited, amount_written_off, replaced_at ON billing_invoice
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.status) <> 'DRAFT')) EXECUTE FUNCTION payments_stands_where_it_says();

CREATE TRIGGER payments_writeoff_freeze BEFORE UPDATE ON payments_writeoff
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze();
CREATE TRIGGER payments_writeoff_keep BEFORE DELETE ON payments_writeoff
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER payments_writeoff_keep_all BEFORE TRUNCATE ON payments_writeoff
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
CREATE CONSTRAINT TRIGGER payments_writeoff_counted AFTER INSERT ON payments_writeoff
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_write_off_counted();

CREATE TRIGGER payments_refund_freeze BEFORE UPDATE ON payments_refund
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze('cancelled_at', 'cancelled_because', 'order_id');
CREATE TRIGGER payments_refund_keep BEFORE DELETE ON payments_refund
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER payments_refund_keep_all BEFORE TRUNCATE ON payments_refund
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
-- never cancelled twice, never ordered twice
CREATE TRIGGER payments_refund_forward BEFORE UPDATE ON payments_refund
  FOR EACH ROW WHEN (
    (old.cancelled_at IS NOT NULL AND new.cancelled_at IS DISTINCT FROM old.cancelled_at)
    OR (old.order_id IS NOT NULL AND new.order_id IS DISTINCT FROM old.order_id)
  ) EXECUTE FUNCTION kernel_refuse();
CREATE CONSTRAINT TRIGGER payments_refund_whole AFTER INSERT OR UPDATE OF cancelled_at ON payments_refund
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_refund_shared();

CREATE TRIGGER payments_refundshare_freeze BEFORE UPDATE ON payments_refundshare
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze();
CREATE TRIGGER payments_refundshare_keep BEFORE DELETE ON payments_refundshare
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER payments_refundshare_keep_all BEFORE TRUNCATE ON payments_refundshare
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
CREATE CONSTRAINT TRIGGER payments_refundshare_counted AFTER INSERT ON payments_refundshare
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_refund_share_counted();

CREATE TRIGGER payments_paymentorder_freeze BEFORE UPDATE ON payments_paymentorder
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze();
CREATE TRIGGER payments_paymentorder_keep BEFORE DELETE ON payments_paymentorder
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER payments_paymentorder_keep_all BEFORE TRUNCATE ON payments_paymentorder
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0003_written_off'),
        ('customers', '0001_initial'),
        ('kernel', '0002_protection'),
        ('payments', '0004_matching_parts'),
    ]

    operations = [
        migrations.CreateModel(
            name='PaymentOrder',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('number', models.CharField(max_length=20, verbose_name='numéro')),
                ('executes_on', models.DateField(verbose_name='date d’exécution')),
                ('currency', models.CharField(max_length=3, verbose_name='devise')),
                ('count', models.PositiveIntegerField(verbose_name='virements')),
                ('total', models.DecimalField(decimal_places=2, max_digits=16, verbose_name='total')),
                ('content', models.BinaryField()),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('made_at', models.DateTimeField(verbose_name='créé le')),
                ('bank_account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='payments.bankaccount')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company')),
            ],
            options={
                'verbose_name': 'ordre de virement',
                'verbose_name_plural': 'ordres de virement',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Refund',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('number', models.CharField(max_length=20, verbose_name='numéro')),
                ('kind', models.CharField(choices=[('REFUND', 'Remboursement'), ('RETURN', 'Paiement rejeté')], default='REFUND', max_length=6, verbose_name='nature')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=16, verbose_name='montant')),
                ('currency', models.CharField(default='EUR', max_length=3, verbose_name='devise')),
                ('method', models.CharField(choices=[('TRANSFER', 'Virement'), ('CARD', 'Carte bancaire'), ('CHECK', 'Chèque'), ('CASH', 'Espèces'), ('DEBIT', 'Prélèvement')], max_length=10, verbose_name='moyen')),
                ('iban', models.CharField(blank=True, max_length=34, verbose_name='IBAN du bénéficiaire')),
                ('account', models.CharField(max_length=10, verbose_name='compte comptable')),
                ('reason', models.CharField(max_length=200, verbose_name='motif')),
                ('made_on', models.DateField(verbose_name='date')),
                ('end_to_end_id', models.CharField(max_length=35, verbose_name='référence de bout en bout')),
                ('released', models.JSONField(default=list, editable=False, verbose_name='factures rouvertes')),
                ('at', models.DateTimeField(verbose_name='enregistré le')),
                ('cancelled_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='annulé le')),
                ('cancelled_because', models.CharField(blank=True, editable=False, max_length=200, verbose_name='motif d’annulation')),
                ('bank_account', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='payments.bankaccount', verbose_name='compte bancaire')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='customers.customer', verbose_name='client')),
                ('order', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='payments.paymentorder')),
            ],
            options={
                'verbose_name': 'remboursement',
                'verbose_name_plural': 'remboursements',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='RefundShare',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=16, verbose_name='montant')),
                ('at', models.DateTimeField(verbose_name='date')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company')),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refund_shares', to='payments.payment')),
                ('refund', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='payments.refund')),
            ],
            options={
                'verbose_name': 'part de remboursement',
                'verbose_name_plural': 'parts de remboursement',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='WriteOff',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=16, verbose_name='montant')),
                ('vat_amount', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=16, verbose_name='TVA récupérée')),
                ('vat', models.JSONField(default=dict, verbose_name='TVA récupérée par taux')),
                ('reason', models.CharField(choices=[('BANK_FEE', 'Frais bancaires'), ('ROUNDING', 'Arrondi'), ('DISCOUNT', 'Escompte accordé'), ('LOSS', 'Créance irrécouvrable'), ('EXCHANGE', 'Écart de change')], max_length=10, verbose_name='motif')),
                ('account', models.CharField(max_length=10, verbose_name='compte comptable')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='note')),
                ('at', models.DateTimeField(verbose_name='date')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company')),
                ('invoice', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='write_offs', to='billing.invoice')),
                ('match', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='write_offs', to='payments.match')),
                ('payment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='kept', to='payments.payment')),
                ('reverses', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversal', to='payments.writeoff', verbose_name='annule')),
            ],
            options={
                'verbose_name': 'différence soldée',
                'verbose_name_plural': 'différences soldées',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='WriteOffLimit',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('OWNER', 'Gérant'), ('ACCOUNTANT', 'Comptable'), ('SALES', 'Commercial'), ('VIEWER', 'Lecture seule')], max_length=12, verbose_name='rôle')),
                ('reason', models.CharField(choices=[('BANK_FEE', 'Frais bancaires'), ('ROUNDING', 'Arrondi'), ('DISCOUNT', 'Escompte accordé'), ('LOSS', 'Créance irrécouvrable'), ('EXCHANGE', 'Écart de change')], max_length=10, verbose_name='motif')),
                ('most', models.DecimalField(decimal_places=2, max_digits=12, verbose_name='au plus')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company')),
            ],
            options={
                'verbose_name': 'limite des différences',
                'verbose_name_plural': 'limites des différences',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddIndex(
            model_name='paymentorder',
            index=models.Index(fields=['company', '-made_at', '-id'], name='payment_order_by_date'),
        ),
        migrations.AddConstraint(
            model_name='paymentorder',
            constraint=models.UniqueConstraint(fields=('company', 'number'), name='one_payment_order_per_number'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(fields=['company', '-made_on', '-id'], name='refund_by_date'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(fields=['customer', '-made_on'], name='refund_by_customer'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.UniqueConstraint(fields=('company', 'number'), name='one_refund_per_number'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.UniqueConstraint(fields=('company', 'end_to_end_id'), name='one_refund_per_end_to_end_id'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='a_refund_gives_something'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'REFUND'), ('method', 'TRANSFER'), _negated=True), models.Q(('iban', ''), _negated=True), _connector='OR'), name='a_transfer_has_an_iban'),
        ),
        migrations.AddIndex(
            model_name='refundshare',
            index=models.Index(fields=['payment', 'at'], name='refund_share_by_payment'),
        ),
        migrations.AddIndex(
            model_name='refundshare',
            index=models.Index(fields=['refund', 'at'], name='refund_share_by_refund'),
        ),
        migrations.AddConstraint(
            model_name='refundshare',
            constraint=models.CheckConstraint(condition=models.Q(('amount', Decimal('0')), _negated=True), name='a_refund_share_is_something'),
        ),
        migrations.AddIndex(
            model_name='writeoff',
            index=models.Index(fields=['invoice', 'at'], name='writeoff_by_invoice'),
        ),
        migrations.AddIndex(
            model_name='writeoff',
            index=models.Index(fields=['payment', 'at'], name='writeoff_by_payment'),
        ),
        migrations.AddConstraint(
            model_name='writeoff',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('invoice__isnull', False), ('payment', None)), models.Q(('invoice', None), ('payment__isnull', False), ('vat_amount', 0)), _connector='OR'), name='a_write_off_is_of_an_invoice_or_a_payment'),
        ),
        migrations.AddConstraint(
            model_name='writeoff',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount__gt', 0), ('reverses', None)), models.Q(('amount__lt', 0), ('reverses__isnull', False)), _connector='OR'), name='a_write_off_or_its_opposite'),
        ),
        migrations.AddConstraint(
            model_name='writeofflimit',
            constraint=models.UniqueConstraint(fields=('company', 'role', 'reason'), name='one_limit_per_role_and_reason'),
        ),
        migrations.AddConstraint(
            model_name='writeofflimit',
            constraint=models.CheckConstraint(condition=models.Q(('most__gte', 0)), name='a_limit_is_not_negative'),
        ),
        migrations.RunSQL(PROTECTION, migrations.RunSQL.noop),
    ]
