"""What was reported is proof: the file and its rows never change, only where the report stands on its way."""

from django.db import migrations

PROTECTION = r"""
CREATE TRIGGER einvoicing_report_freeze BEFORE UPDATE ON einvoicing_report
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze(
    'status', 'in_doubt', 'remote_id', 'attempts', 'next_attempt_at', 'last_error', 'error_class', 'violations',
    'deposited_at', 'answered_at', 'watched_at', 'lease_owner', 'lease_until');
CREATE TRIGGER einvoicing_report_keep BEFORE DELETE ON einvoicing_report
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER einvoicing_report_keep_all BEFORE TRUNCATE ON einvoicing_report
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("einvoicing", "0003_reporting")]

    operations = [migrations.RunSQL(PROTECTION, migrations.RunSQL.noop)]
