"""What explains a bank line is made of parts, and a line is put aside on 471 alone: PostgreSQL itself keeps both."""

import config.kernel.ids
import django.db.models.deletion
import django.db.models.manager
from decimal import Decimal
from django.db import migrations, models


# what was matched has one part; what was put aside without a booking waits again
CARRIED_OVER = """
SELECT set_config('quittance.company', '*', true);
INSERT INTO payments_matchpart (id, company_id, match_id, position, kind, amount, payment_id, is_recorded, account, label)
  SELECT match.id, match.company_id, match.id, 1, 'PAYMENT', payment.amount, payment.id, TRUE, '', ''
  FROM payments_match AS match JOIN payments_payment AS payment ON payment.id = match.payment_id;
UPDATE payments_bankline SET status = 'OPEN' WHERE status = 'IGNORED';
"""
PROTECTION = r"""
-- Its parts are the line's amount, and they are as many as they were: a part alone would explain more or less.
CREATE FUNCTION payments_parts_are_the_line() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
DECLARE
  the_match bigint := CASE WHEN TG_TABLE_NAME = 'payments_match' THEN NEW.id ELSE (to_jsonb(NEW) ->> 'match_id')::bigint END;
  wanted numeric;
  found numeric;
BEGIN
  SELECT line.amount, (SELECT sum(amount) FROM payments_matchpart WHERE match_id = the_match) INTO wanted, found
    FROM payments_match JOIN payments_bankline AS line ON line.id = payments_match.line_id
    WHERE payments_match.id = the_match;
  IF wanted IS DISTINCT FROM found THEN
    RAISE EXCEPTION 'quittance: the parts of match % make %, its line %', the_match, found, wanted
      USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

-- No payment explains more of the bank than itself.
CREATE FUNCTION payments_part_is_of_its_payment() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
BEGIN
  IF (SELECT sum(part.amount) > max(payment.amount) OR bool_or(part.is_recorded AND part.amount <> payment.amount)
      FROM payments_matchpart AS part
      JOIN payments_match AS match ON match.id = part.match_id AND match.undone_at IS NULL
      JOIN payments_payment AS payment ON payment.id = part.payment_id
      WHERE part.payment_id = NEW.payment_id) THEN
    RAISE EXCEPTION 'quittance: the parts of payment % are not its amount', NEW.payment_id USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

-- A line that is explained, or on 471, has one live match; no other line has any.
CREATE FUNCTION payments_line_is_explained() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
DECLARE
  the_line bigint := CASE WHEN TG_TABLE_NAME = 'payments_bankline' THEN NEW.id ELSE (to_jsonb(NEW) ->> 'line_id')::bigint END;
  wrong text;
BEGIN
  SELECT status INTO wrong FROM payments_bankline WHERE id = the_line AND (status IN ('MATCHED', 'SUSPENSE')) <>
    EXISTS (SELECT 1 FROM payments_match WHERE line_id = the_line AND undone_at IS NULL);
  IF FOUND THEN
    RAISE EXCEPTION 'quittance: bank line % is % against its matches', the_line, wrong USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER payments_matchpart_freeze BEFORE UPDATE ON payments_matchpart
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze();
CREATE TRIGGER payments_matchpart_keep BEFORE DELETE ON payments_matchpart
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER payments_matchpart_keep_all BEFORE TRUNCATE ON payments_matchpart
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TRIGGER payments_creditused_freeze BEFORE UPDATE ON payments_creditused
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze();
CREATE TRIGGER payments_creditused_keep BEFORE DELETE ON payments_creditused
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER payments_creditused_keep_all BEFORE TRUNCATE ON payments_creditused
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE CONSTRAINT TRIGGER payments_match_whole AFTER INSERT ON payments_match
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_parts_are_the_line();
CREATE CONSTRAINT TRIGGER payments_matchpart_whole AFTER INSERT ON payments_matchpart
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_parts_are_the_line();
CREATE CONSTRAINT TRIGGER payments_matchpart_payment AFTER INSERT ON payments_matchpart
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (new.payment_id IS NOT NULL)
  EXECUTE FUNCTION payments_part_is_of_its_payment();
CREATE CONSTRAINT TRIGGER payments_match_line AFTER INSERT OR UPDATE OF undone_at ON payments_match
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_line_is_explained();
CREATE CONSTRAINT TRIGGER payments_bankline_explained AFTER INSERT OR UPDATE OF status ON payments_bankline
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_line_is_explained();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('kernel', '0002_protection'),
        ('payments', '0002_protection'),
    ]

    operations = [
        migrations.AddField(
            model_name='match',
            name='note',
            field=models.CharField(blank=True, max_length=200, verbose_name='note'),
        ),
        migrations.AddField(
            model_name='match',
            name='replaces',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='payments.match', verbose_name='remplace'),
        ),
        migrations.AddField(
            model_name='match',
            name='rivals',
            field=models.JSONField(default=list, verbose_name='autres possibilités'),
        ),
        migrations.AlterField(
            model_name='bankline',
            name='status',
            field=models.CharField(choices=[('OPEN', 'À rapprocher'), ('MATCHED', 'Rapprochée'), ('SUSPENSE', 'En attente (471)'), ('VOID', 'Annulée par la banque')], default='OPEN', max_length=8, verbose_name='état'),
        ),
        migrations.CreateModel(
            name='CreditUsed',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('allocation', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.allocation')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company')),
                ('match', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='credits', to='payments.match')),
            ],
            options={
                'verbose_name': 'crédit utilisé',
                'verbose_name_plural': 'crédits utilisés',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='MatchPart',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('position', models.PositiveSmallIntegerField()),
                ('kind', models.CharField(choices=[('PAYMENT', 'Encaissement'), ('BOOKING', 'Écriture')], max_length=10, verbose_name='nature')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=16, verbose_name='montant')),
                ('is_recorded', models.BooleanField(default=False)),
                ('account', models.CharField(blank=True, max_length=10, verbose_name='compte')),
                ('label', models.CharField(blank=True, max_length=200, verbose_name='libellé')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company')),
                ('match', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='parts', to='payments.match')),
                ('payment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='match_parts', to='payments.payment')),
            ],
            options={
                'verbose_name': 'part de rapprochement',
                'verbose_name_plural': 'parts de rapprochement',
                'abstract': False,
                'base_manager_name': 'everywhere',
                'constraints': [models.UniqueConstraint(fields=('match', 'position'), name='one_part_per_position'), models.CheckConstraint(condition=models.Q(('amount', Decimal('0')), _negated=True), name='a_part_explains_something'), models.CheckConstraint(condition=models.Q(models.Q(('account', ''), ('amount__gt', 0), ('kind', 'PAYMENT'), ('payment__isnull', False)), models.Q(('is_recorded', False), ('kind', 'BOOKING'), ('payment', None), models.Q(('account', ''), _negated=True)), _connector='OR'), name='a_part_is_what_its_kind_says'), models.UniqueConstraint(condition=models.Q(('is_recorded', True)), fields=('payment',), name='one_match_records_a_payment')],
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.RunSQL(CARRIED_OVER, migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name='match',
            name='payment',
        ),
        migrations.RunSQL(PROTECTION, migrations.RunSQL.noop),
    ]
