"""A bank line may be a refund of ours, or a payment that came back: each refund explains itself whole, once."""

import django.db.models.deletion
from django.db import migrations, models


PROTECTION = r"""
-- A refund explains one line at a time, by its whole amount, as long as it stands.
CREATE FUNCTION payments_part_is_of_its_refund() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
DECLARE
  the_refund bigint :=
    CASE WHEN TG_TABLE_NAME = 'payments_refund' THEN NEW.id ELSE (to_jsonb(NEW) ->> 'refund_id')::bigint END;
BEGIN
  IF (SELECT count(*) > 1 OR bool_or(part.amount <> -refund.amount OR refund.cancelled_at IS NOT NULL)
      FROM payments_matchpart AS part
      JOIN payments_match AS match ON match.id = part.match_id AND match.undone_at IS NULL
      JOIN payments_refund AS refund ON refund.id = part.refund_id
      WHERE part.refund_id = the_refund) THEN
    RAISE EXCEPTION 'quittance: the parts of refund % are not itself', the_refund USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER payments_matchpart_refund AFTER INSERT ON payments_matchpart
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (new.refund_id IS NOT NULL)
  EXECUTE FUNCTION payments_part_is_of_its_refund();
CREATE CONSTRAINT TRIGGER payments_refund_matched AFTER UPDATE OF cancelled_at ON payments_refund
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_part_is_of_its_refund();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('kernel', '0002_protection'),
        ('payments', '0008_customer_pages'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='matchpart',
            name='a_part_is_what_its_kind_says',
        ),
        migrations.AddField(
            model_name='matchpart',
            name='refund',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='match_parts', to='payments.refund'),
        ),
        migrations.AlterField(
            model_name='matchpart',
            name='kind',
            field=models.CharField(choices=[('PAYMENT', 'Encaissement'), ('REFUND', 'Remboursement ou rejet'), ('BOOKING', 'Écriture')], max_length=10, verbose_name='nature'),
        ),
        migrations.AddConstraint(
            model_name='matchpart',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('account', ''), ('amount__gt', 0), ('kind', 'PAYMENT'), ('payment__isnull', False), ('refund', None)), models.Q(('account', ''), ('amount__lt', 0), ('kind', 'REFUND'), ('payment', None), ('refund__isnull', False)), models.Q(('is_recorded', False), ('kind', 'BOOKING'), ('payment', None), ('refund', None), models.Q(('account', ''), _negated=True)), _connector='OR'), name='a_part_is_what_its_kind_says'),
        ),
        migrations.AddConstraint(
            model_name='matchpart',
            constraint=models.UniqueConstraint(condition=models.Q(('is_recorded', True)), fields=('refund',), name='one_match_records_a_return'),
        ),
        migrations.RunSQL(PROTECTION, migrations.RunSQL.noop),
    ]
