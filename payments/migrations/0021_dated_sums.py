"""Sums of dated facts: their tables, the facts as SQL says them, and the triggers that note each as it happens."""

import config.kernel.ids
import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models


FACTS = r"""
-- Runs of the caller, so that row-level security binds it as it does any query; inlined, so that filters reach the tables.
-- `source` and `source_id` name the row that is the fact, `record` and `record_id` the document that it is about.
-- An allocation counts from the payment's day where it was made with it, else from its own; never before its invoice.
CREATE FUNCTION payments_day(at timestamptz) RETURNS date LANGUAGE sql IMMUTABLE AS $$
  SELECT (at AT TIME ZONE 'Europe/Paris')::date
$$;
CREATE FUNCTION payments_allocation_day(is_added boolean, at timestamptz, recorded_at timestamptz, paid_on date, issued_on date)
RETURNS date LANGUAGE sql IMMUTABLE AS $$
  SELECT greatest(issued_on, paid_on, CASE WHEN NOT is_added OR at <> recorded_at THEN (at AT TIME ZONE 'Europe/Paris')::date END)
$$;
CREATE FUNCTION payments_dated_facts(the_company bigint)
RETURNS TABLE (source text, source_id bigint, measure text, currency text, day date, due_date date, customer_id bigint,
               record text, record_id bigint, amount numeric)
LANGUAGE sql STABLE AS $$
  SELECT 'billing.invoice', i.id, 'OWED', i.currency::text, i.issue_date, i.due_date, i.customer_id,
      'billing.invoice', i.id, i.total_gross - i.amount_deposited
    FROM billing_invoice AS i WHERE i.company_id = the_company AND i.status <> 'DRAFT' AND i.kind <> '381'
  -- a credit note takes itself off its invoice, a corrected one the whole of the one that it replaces
  UNION ALL
  SELECT 'billing.invoice', n.id, 'OWED', i.currency::text, n.issue_date, i.due_date, i.customer_id,
      'billing.invoice', i.id,
      CASE WHEN n.kind = '381' THEN n.amount_deposited - n.total_gross ELSE i.amount_deposited - i.total_gross END
    FROM billing_invoice AS n JOIN billing_invoice AS i ON i.id = n.corrects_id
    WHERE n.company_id = the_company AND n.status <> 'DRAFT' AND n.kind IN ('381', '384')
  UNION ALL
  SELECT 'payments.allocation', a.id, 'OWED', i.currency::text,
      payments_allocation_day(a.amount > 0, a.at, p.recorded_at, p.paid_on, i.issue_date), i.due_date, i.customer_id,
      'billing.invoice', i.id, -a.amount
    FROM payments_allocation AS a JOIN payments_payment AS p ON p.id = a.payment_id
    JOIN billing_invoice AS i ON i.id = a.invoice_id WHERE a.company_id = the_company
  UNION ALL
  SELECT 'payments.writeoff', w.id, 'OWED', i.currency::text, greatest(i.issue_date, payments_day(w.at)), i.due_date,
      i.customer_id, 'billing.invoice', i.id, -w.amount
    FROM payments_writeoff AS w JOIN billing_invoice AS i ON i.id = w.invoice_id WHERE w.company_id = the_company
  -- what of payments no invoice holds
  UNION ALL
  SELECT 'payments.payment', p.id, 'CREDIT', p.currency::text, p.paid_on, NULL, p.customer_id,
      'payments.payment', coalesce(p.reverses_id, p.id), p.amount
    FROM payments_payment AS p WHERE p.company_id = the_company
  UNION ALL
  SELECT 'payments.allocation', a.id, 'CREDIT', p.currency::text,
      payments_allocation_day(a.amount > 0, a.at, p.recorded_at, p.paid_on, i.issue_date), NULL, p.customer_id,
      'payments.payment', p.id, -a.amount
    FROM payments_allocation AS a JOIN payments_payment AS p ON p.id = a.payment_id
    JOIN billing_invoice AS i ON i.id = a.invoice_id WHERE a.company_id = the_company
  UNION ALL
  SELECT 'payments.refundshare', s.id, 'CREDIT', p.currency::text, greatest(p.paid_on, payments_day(s.at)), NULL,
      p.customer_id, 'payments.payment', p.id, -s.amount
    FROM payments_refundshare AS s JOIN payments_payment AS p ON p.id = s.payment_id WHERE s.company_id = the_company
  UNION ALL
  SELECT 'payments.writeoff', w.id, 'CREDIT', p.currency::text, greatest(p.paid_on, payments_day(w.at)), NULL,
      p.customer_id, 'payments.payment', p.id, -w.amount
    FROM payments_writeoff AS w JOIN payments_payment AS p ON p.id = w.payment_id WHERE w.company_id = the_company
  -- billed: without the deposits that it deducts, which count on their own; a corrected invoice less the one it replaces
  UNION ALL
  SELECT 'billing.invoice', i.id, 'NET', i.currency::text, i.issue_date, NULL, i.customer_id, 'billing.invoice', i.id,
      CASE WHEN i.kind = '381' THEN -1 ELSE 1 END * (i.total_net - i.amount_deposited + i.deposited_vat)
      - coalesce(c.total_net - c.amount_deposited + c.deposited_vat, 0)
    FROM billing_invoice AS i LEFT JOIN billing_invoice AS c ON c.id = i.corrects_id AND i.kind = '384'
    WHERE i.company_id = the_company AND i.status <> 'DRAFT'
  UNION ALL
  SELECT 'billing.invoice', i.id, 'VAT', i.currency::text, i.issue_date, NULL, i.customer_id, 'billing.invoice', i.id,
      CASE WHEN i.kind = '381' THEN -1 ELSE 1 END * (i.total_vat - i.deposited_vat)
      - coalesce(c.total_vat - c.deposited_vat, 0)
    FROM billing_invoice AS i LEFT JOIN billing_invoice AS c ON c.id = i.corrects_id AND i.kind = '384'
    WHERE i.company_id = the_company AND i.status <> 'DRAFT'
  UNION ALL
  SELECT 'payments.payment', p.id, 'RECEIVED', p.currency::text, p.paid_on, NULL, p.customer_id,
      'payments.payment', p.id, p.amount
    FROM payments_payment AS p WHERE p.company_id = the_company
  UNION ALL
  SELECT 'payments.refund', r.id, 'REFUNDED', r.currency::text, r.made_on, NULL, r.customer_id,
      'payments.refund', r.id, r.amount
    FROM payments_refund AS r WHERE r.company_id = the_company
  UNION ALL
  SELECT 'payments.refund.cancelled', r.id, 'REFUNDED', r.currency::text, payments_day(r.cancelled_at), NULL,
      r.customer_id, 'payments.refund', r.id, -r.amount
    FROM payments_refund AS r WHERE r.company_id = the_company AND r.cancelled_at IS NOT NULL
  UNION ALL
  SELECT 'payments.supplierpayment', s.id, 'PAID_OUT', s.currency::text, s.made_on, NULL, s.supplier_id,
      'payments.supplierpayment', s.id, CASE WHEN s.kind = 'RETURN' THEN -s.amount ELSE s.amount END
    FROM payments_supplierpayment AS s WHERE s.company_id = the_company
  UNION ALL
  SELECT 'payments.supplierpayment.cancelled', s.id, 'PAID_OUT', s.currency::text, payments_day(s.cancelled_at), NULL,
      s.supplier_id, 'payments.supplierpayment', s.id, CASE WHEN s.kind = 'RETURN' THEN s.amount ELSE -s.amount END
    FROM payments_supplierpayment AS s WHERE s.company_id = the_company AND s.cancelled_at IS NOT NULL
$$;

-- Rows of their own, never a counter: two who issue or pay at once do not wait for each other.
-- Tables are read by their keys: a session that planned while there were few rows would go on reading all of them.
CREATE FUNCTION payments_note_sums() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp SET enable_seqscan TO off AS $$
BEGIN
  INSERT INTO payments_pendingsum (id, company_id, measure, currency, day, due_date, customer_id, amount)
  SELECT 1000000000000000 + floor(random() * 8000000000000000)::bigint, NEW.company_id, fact.measure, fact.currency,
      fact.day, fact.due_date, CASE WHEN fact.measure = 'OWED' THEN fact.customer_id END, fact.amount
    FROM payments_dated_facts(NEW.company_id) AS fact
    WHERE fact.source = TG_ARGV[0] AND fact.source_id = NEW.id AND fact.amount <> 0;
  RETURN NULL;
END $$;

CREATE TRIGGER billing_invoice_summed AFTER UPDATE ON billing_invoice
  FOR EACH ROW WHEN (old.status = 'DRAFT' AND new.status <> 'DRAFT')
  EXECUTE FUNCTION payments_note_sums('billing.invoice');
CREATE TRIGGER billing_invoice_summed_new AFTER INSERT ON billing_invoice
  FOR EACH ROW WHEN (new.status <> 'DRAFT') EXECUTE FUNCTION payments_note_sums('billing.invoice');
CREATE TRIGGER payments_allocation_summed AFTER INSERT ON payments_allocation
  FOR EACH ROW EXECUTE FUNCTION payments_note_sums('payments.allocation');
CREATE TRIGGER payments_writeoff_summed AFTER INSERT ON payments_writeoff
  FOR EACH ROW EXECUTE FUNCTION payments_note_sums('payments.writeoff');
CREATE TRIGGER payments_payment_summed AFTER INSERT ON payments_payment
  FOR EACH ROW EXECUTE FUNCTION payments_note_sums('payments.payment');
CREATE TRIGGER payments_refundshare_summed AFTER INSERT ON payments_refundshare
  FOR EACH ROW EXECUTE FUNCTION payments_note_sums('payments.refundshare');
CREATE TRIGGER payments_refund_summed AFTER INSERT ON payments_refund
  FOR EACH ROW EXECUTE FUNCTION payments_note_sums('payments.refund');
CREATE TRIGGER payments_refund_summed_cancelled AFTER UPDATE ON payments_refund
  FOR EACH ROW WHEN (old.cancelled_at IS NULL AND new.cancelled_at IS NOT NULL)
  EXECUTE FUNCTION payments_note_sums('payments.refund.cancelled');
CREATE TRIGGER payments_supplierpayment_summed AFTER INSERT ON payments_supplierpayment
  FOR EACH ROW EXECUTE FUNCTION payments_note_sums('payments.supplierpayment');
CREATE TRIGGER payments_supplierpayment_summed_cancelled AFTER UPDATE ON payments_supplierpayment
  FOR EACH ROW WHEN (old.cancelled_at IS NULL AND new.cancelled_at IS NOT NULL)
  EXECUTE FUNCTION payments_note_sums('payments.supplierpayment.cancelled');

-- what was there before
SELECT set_config('quittance.company', '*', true);
INSERT INTO payments_pendingsum (id, company_id, measure, currency, day, due_date, customer_id, amount)
SELECT 1000000000000000 + floor(random() * 8000000000000000)::bigint, company.id, fact.measure, fact.currency,
    fact.day, fact.due_date, CASE WHEN fact.measure = 'OWED' THEN fact.customer_id END, fact.amount
  FROM kernel_company AS company, payments_dated_facts(company.id) AS fact WHERE fact.amount <> 0;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0002_suppliers"),
        ("kernel", "0002_protection"),
        ("payments", "0017_supplier_payments_protection"),
    ]

    operations = [
        migrations.CreateModel(
            name="PendingSum",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "measure",
                    models.CharField(
                        choices=[
                            ("OWED", "Dû par les clients"),
                            ("CREDIT", "Crédits non affectés"),
                            ("NET", "Facturé HT"),
                            ("VAT", "TVA facturée"),
                            ("RECEIVED", "Encaissé"),
                            ("REFUNDED", "Remboursé"),
                            ("PAID_OUT", "Réglé aux fournisseurs"),
                        ],
                        max_length=8,
                        verbose_name="mesure",
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="devise")),
                ("day", models.DateField(verbose_name="date")),
                ("due_date", models.DateField(null=True, verbose_name="échéance")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="montant")),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kernel.company"
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "somme à reporter",
                "verbose_name_plural": "sommes à reporter",
                "abstract": False,
                "base_manager_name": "everywhere",
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("everywhere", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="CustomerBalance",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="devise")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=20, verbose_name="montant")),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kernel.company"
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                        verbose_name="client",
                    ),
                ),
            ],
            options={
                "verbose_name": "solde d’un client",
                "verbose_name_plural": "soldes des clients",
                "abstract": False,
                "base_manager_name": "everywhere",
                "constraints": [
                    models.UniqueConstraint(fields=("company", "currency", "customer"), name="one_balance_per_customer")
                ],
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("everywhere", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="DatedSum",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "measure",
                    models.CharField(
                        choices=[
                            ("OWED", "Dû par les clients"),
                            ("CREDIT", "Crédits non affectés"),
                            ("NET", "Facturé HT"),
                            ("VAT", "TVA facturée"),
                            ("RECEIVED", "Encaissé"),
                            ("REFUNDED", "Remboursé"),
                            ("PAID_OUT", "Réglé aux fournisseurs"),
                        ],
                        max_length=8,
                        verbose_name="mesure",
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="devise")),
                (
                    "span",
                    models.CharField(choices=[("D", "Jour"), ("M", "Mois")], max_length=1, verbose_name="période"),
                ),
                ("day", models.DateField(verbose_name="date")),
                ("due_date", models.DateField(verbose_name="échéance")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=20, verbose_name="montant")),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kernel.company"
                    ),
                ),
            ],
            options={
                "verbose_name": "somme datée",
                "verbose_name_plural": "sommes datées",
                "abstract": False,
                "base_manager_name": "everywhere",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("company", "currency", "span", "measure", "day", "due_date"), name="one_dated_sum"
                    )
                ],
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("everywhere", django.db.models.manager.Manager()),
            ],
        ),
        migrations.RunSQL(FACTS, migrations.RunSQL.noop),
    ]
