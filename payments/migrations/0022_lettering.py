"""Each bank its journal; and the documents whose lines may be lettered since, noted by triggers as they are booked or tied."""

import config.kernel.ids
import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models

NOTED = r"""
-- Rows of their own, never a counter: two who book or allocate at once do not wait for each other.
CREATE FUNCTION payments_note_booked() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp SET enable_seqscan TO off AS $$
BEGIN
  INSERT INTO payments_pendinglettering (id, company_id, document)
  SELECT 1000000000000000 + floor(random() * 8000000000000000)::bigint, noted.company_id, noted.source FROM (
    SELECT DISTINCT added.company_id, entry.source FROM added JOIN billing_journalentry AS entry ON entry.id = added.entry_id
    WHERE added.customer_id IS NOT NULL AND NOT added.is_carried AND added.account ~ '^4[01]') AS noted;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_journalline_lettered AFTER INSERT ON billing_journalline
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION payments_note_booked();

-- what ties two documents without booking anything: TG_ARGV[0] is the kind of the document, TG_ARGV[1] its column
CREATE FUNCTION payments_note_tied() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
BEGIN
  INSERT INTO payments_pendinglettering (id, company_id, document)
  SELECT 1000000000000000 + floor(random() * 8000000000000000)::bigint, NEW.company_id,
      TG_ARGV[0] || ':' || (to_jsonb(NEW) ->> TG_ARGV[1]) WHERE to_jsonb(NEW) ->> TG_ARGV[1] IS NOT NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER payments_allocation_lettered AFTER INSERT ON payments_allocation
  FOR EACH ROW EXECUTE FUNCTION payments_note_tied('payments.payment', 'payment_id');
CREATE TRIGGER payments_refundshare_lettered AFTER INSERT ON payments_refundshare
  FOR EACH ROW EXECUTE FUNCTION payments_note_tied('payments.payment', 'payment_id');
CREATE TRIGGER payments_suppliershare_lettered AFTER INSERT ON payments_suppliershare
  FOR EACH ROW EXECUTE FUNCTION payments_note_tied('billing.purchaseinvoice', 'purchase_id');
CREATE TRIGGER billing_purchasecredit_lettered AFTER INSERT ON billing_purchasecredit
  FOR EACH ROW EXECUTE FUNCTION payments_note_tied('billing.purchaseinvoice', 'purchase_id');

-- what was there before
SELECT set_config('quittance.company', '*', true);
INSERT INTO payments_pendinglettering (id, company_id, document)
SELECT 1000000000000000 + floor(random() * 8000000000000000)::bigint, noted.company_id, noted.source FROM (
  SELECT DISTINCT line.company_id, entry.source FROM billing_journalline AS line
  JOIN billing_journalentry AS entry ON entry.id = line.entry_id
  WHERE line.customer_id IS NOT NULL AND NOT line.is_carried AND line.account ~ '^4[01]') AS noted;

UPDATE payments_bankaccount AS bank SET journal = 'BQ' || ranked.place FROM (
  SELECT id, row_number() OVER (PARTITION BY company_id ORDER BY ledger_account, id) AS place FROM payments_bankaccount
) AS ranked WHERE ranked.id = bank.id;
INSERT INTO billing_ledgerjournal (id, company_id, code, name)
SELECT 1000000000000000 + floor(random() * 8000000000000000)::bigint, company_id, journal, left(name, 60)
  FROM payments_bankaccount WHERE name <> '';
"""


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0023_bookkeeping'),
        ('kernel', '0002_protection'),
        ('payments', '0021_dated_sums'),
    ]

    operations = [
        migrations.CreateModel(
            name='PendingLettering',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('document', models.CharField(max_length=60, verbose_name='document')),
            ],
            options={
                'verbose_name': 'lettrage à revoir',
                'verbose_name_plural': 'lettrages à revoir',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddField(
            model_name='bankaccount',
            name='journal',
            field=models.CharField(blank=True, default='', max_length=5, verbose_name='journal'),
        ),
        migrations.AddConstraint(
            model_name='bankaccount',
            constraint=models.UniqueConstraint(condition=models.Q(('journal', ''), _negated=True), fields=('company', 'journal'), name='one_bank_per_journal'),
        ),
        migrations.AddField(
            model_name='pendinglettering',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.RunSQL(NOTED, migrations.RunSQL.noop),
    ]
