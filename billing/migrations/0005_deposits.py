"""Deposits that a final invoice deducts, and invoices that a corrected one replaces."""

from decimal import Decimal

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.manager
from django.db import migrations, models

import config.kernel.ids

MUTABLE = ["status", "amount_paid", "amount_credited", "internal_notes", "disputed_at", "dispute_reason"]


def thaw(columns):
    """SQL that says anew which columns of an issued invoice may still change."""
    names = ", ".join(f"'{column}'" for column in columns)
    return f"""
    DROP TRIGGER billing_invoice_freeze ON billing_invoice;
    CREATE TRIGGER billing_invoice_freeze BEFORE UPDATE ON billing_invoice
      FOR EACH ROW WHEN (OLD.status <> 'DRAFT') EXECUTE FUNCTION kernel_freeze({names});
    """


DEDUCTIONS = """
-- Once its invoice is issued a deduction can only end: from live to not live.
CREATE FUNCTION billing_deduction_of_issued() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  part record;
BEGIN
  part := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
  IF NOT EXISTS (SELECT 1 FROM billing_invoice WHERE id = part.invoice_id AND status <> 'DRAFT')
     AND (TG_OP <> 'UPDATE'
          OR NOT EXISTS (SELECT 1 FROM billing_invoice WHERE id = OLD.invoice_id AND status <> 'DRAFT')) THEN
    RETURN part;
  END IF;
  IF TG_OP = 'UPDATE' AND OLD.is_live AND NOT NEW.is_live
     AND (to_jsonb(OLD) - 'is_live') = (to_jsonb(NEW) - 'is_live') THEN
    RETURN part;
  END IF;
  RAISE EXCEPTION 'quittance: % on % is refused, the invoice is issued', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
END $$;
CREATE TRIGGER billing_depositdeduction_freeze BEFORE INSERT OR UPDATE OR DELETE ON billing_depositdeduction
  FOR EACH ROW EXECUTE FUNCTION billing_deduction_of_issued();
CREATE TRIGGER billing_depositdeduction_keep_all BEFORE TRUNCATE ON billing_depositdeduction
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

-- What an issued invoice says it deducts is the sum of its deductions.
CREATE FUNCTION billing_deposited_is_deducted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  gap numeric;
BEGIN
  SELECT abs(NEW.amount_deposited - coalesce(sum(gross), 0)) + abs(NEW.deposited_vat - coalesce(sum(vat), 0)) INTO gap
    FROM billing_depositdeduction WHERE invoice_id = NEW.id;
  IF gap <> 0 THEN
    RAISE EXCEPTION 'quittance: invoice % and its deductions differ by %', NEW.id, gap USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER billing_invoice_deposited AFTER UPDATE OF status ON billing_invoice
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.status = 'DRAFT' AND NEW.status <> 'DRAFT')
  EXECUTE FUNCTION billing_deposited_is_deducted();
"""

NO_DEDUCTIONS = """
DROP TRIGGER billing_depositdeduction_freeze ON billing_depositdeduction;
DROP TRIGGER billing_depositdeduction_keep_all ON billing_depositdeduction;
DROP TRIGGER billing_invoice_deposited ON billing_invoice;
DROP FUNCTION billing_deduction_of_issued();
DROP FUNCTION billing_deposited_is_deducted();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0004_ubl"),
        ("customers", "0002_initial"),
        ("kernel", "0003_company_size"),
    ]

    operations = [
        migrations.CreateModel(
            name="DepositDeduction",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("gross", models.DecimalField(decimal_places=2, max_digits=16, verbose_name="montant TTC")),
                ("vat", models.DecimalField(decimal_places=2, max_digits=16, verbose_name="dont TVA")),
                ("is_live", models.BooleanField(default=False, verbose_name="déduit")),
            ],
            options={
                "verbose_name": "acompte déduit",
                "verbose_name_plural": "acomptes déduits",
                "ordering": ["deposit_id"],
                "abstract": False,
                "base_manager_name": "everywhere",
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("everywhere", django.db.models.manager.Manager()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="invoice",
            name="never_paid_beyond_its_total",
        ),
        migrations.RemoveConstraint(
            model_name="invoice",
            name="settled_means_nothing_remains",
        ),
        migrations.AddField(
            model_name="invoice",
            name="amount_deposited",
            field=models.DecimalField(
                decimal_places=2, default=Decimal("0"), max_digits=16, verbose_name="acomptes déduits"
            ),
        ),
        migrations.AddField(
            model_name="invoice",
            name="deposited_vat",
            field=models.DecimalField(
                decimal_places=2, default=Decimal("0"), max_digits=16, verbose_name="TVA des acomptes"
            ),
        ),
        migrations.AddField(
            model_name="invoice",
            name="replaced_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="remplacée le"),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount_paid__gte", 0),
                    ("amount_credited__gte", 0),
                    ("amount_deposited__gte", 0),
                    (
                        "total_gross__gte",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("amount_deposited"), "+", models.F("amount_paid")
                            ),
                            "+",
                            models.F("amount_credited"),
                        ),
                    ),
                ),
                name="never_paid_beyond_its_total",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["PAID", "CREDITED"]), _negated=True),
                    (
                        "total_gross",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("amount_deposited"), "+", models.F("amount_paid")
                            ),
                            "+",
                            models.F("amount_credited"),
                        ),
                    ),
                    _connector="OR",
                ),
                name="settled_means_nothing_remains",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "384")), fields=("corrects",), name="one_corrected_invoice_per_invoice"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("replaced_at", None), ("status", "CREDITED"), _connector="OR"),
                name="what_is_replaced_is_cancelled",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("kind", "386"), _negated=True), ("amount_deposited", 0), _connector="OR"),
                name="a_deposit_deducts_no_deposit",
            ),
        ),
        migrations.AddField(
            model_name="depositdeduction",
            name="company",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kernel.company"),
        ),
        migrations.AddField(
            model_name="depositdeduction",
            name="deposit",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="deducted_by", to="billing.invoice"
            ),
        ),
        migrations.AddField(
            model_name="depositdeduction",
            name="invoice",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="deductions", to="billing.invoice"
            ),
        ),
        migrations.AddConstraint(
            model_name="depositdeduction",
            constraint=models.UniqueConstraint(fields=("invoice", "deposit"), name="a_deposit_once_per_invoice"),
        ),
        migrations.AddConstraint(
            model_name="depositdeduction",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_live", True)), fields=("deposit",), name="a_deposit_is_deducted_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="depositdeduction",
            constraint=models.CheckConstraint(condition=models.Q(("gross__gt", 0)), name="a_deduction_is_positive"),
        ),
        migrations.RunSQL(thaw([*MUTABLE, "replaced_at"]), thaw(MUTABLE)),
        migrations.RunSQL(DEDUCTIONS, NO_DEDUCTIONS),
    ]
