"""What was written by hand stands: only that it was reversed is added to it."""

from django.db import migrations

PROTECTION = r"""
CREATE TRIGGER billing_manualentry_freeze BEFORE UPDATE ON billing_manualentry
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze('reversed_at');
CREATE TRIGGER billing_manualentry_keep BEFORE DELETE ON billing_manualentry
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER billing_manualentry_keep_all BEFORE TRUNCATE ON billing_manualentry
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0023_bookkeeping")]

    operations = [migrations.RunSQL(PROTECTION, migrations.RunSQL.noop)]
