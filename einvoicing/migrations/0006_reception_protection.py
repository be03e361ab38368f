"""What was received stays as it came: the file, where it came from and when; only what is made of it goes on."""

from django.db import migrations

PROTECTION = r"""
CREATE TRIGGER einvoicing_receiveddocument_freeze BEFORE UPDATE ON einvoicing_receiveddocument
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze(
    'status', 'attempts', 'next_attempt_at', 'problem', 'syntax', 'reading', 'read_at', 'verdict', 'doubts',
    'supplier_name', 'supplier_key', 'number', 'kind', 'issue_date', 'gross', 'currency', 'fingerprint', 'purchase_id',
    'duplicate_of_id', 'duplicate_why', 'allows_duplicate', 'set_aside_why', 'lease_owner', 'lease_until');
CREATE TRIGGER einvoicing_receiveddocument_keep BEFORE DELETE ON einvoicing_receiveddocument
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER einvoicing_receiveddocument_keep_all BEFORE TRUNCATE ON einvoicing_receiveddocument
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

-- the invoice that a status names may come after it
CREATE TRIGGER einvoicing_supplierstatus_freeze BEFORE UPDATE ON einvoicing_supplierstatus
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze('document_id');
CREATE TRIGGER einvoicing_supplierstatus_keep BEFORE DELETE ON einvoicing_supplierstatus
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER einvoicing_supplierstatus_keep_all BEFORE TRUNCATE ON einvoicing_supplierstatus
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("einvoicing", "0005_reception"), ("billing", "0007_purchases_protection")]

    operations = [migrations.RunSQL(PROTECTION, migrations.RunSQL.noop)]
