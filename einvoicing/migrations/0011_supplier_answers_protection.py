"""What was answered to a supplier is proof: it never changes, only where it stands on its way."""

from django.db import migrations

PROTECTION = r"""
CREATE TRIGGER einvoicing_supplieranswer_freeze BEFORE UPDATE ON einvoicing_supplieranswer
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze(
    'status', 'in_doubt', 'remote_id', 'attempts', 'next_attempt_at', 'last_error', 'error_class', 'violations',
    'deposited_at', 'answered_at', 'watched_at', 'lease_owner', 'lease_until');
CREATE TRIGGER einvoicing_supplieranswer_keep BEFORE DELETE ON einvoicing_supplieranswer
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER einvoicing_supplieranswer_keep_all BEFORE TRUNCATE ON einvoicing_supplieranswer
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("einvoicing", "0010_supplier_answers")]

    operations = [migrations.RunSQL(PROTECTION, migrations.RunSQL.noop)]
