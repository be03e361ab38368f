"""Transmissions, statuses and kept documents are frozen where they are proof."""

from django.db import migrations

PROTECTION = r"""
CREATE TRIGGER einvoicing_attempt_freeze BEFORE UPDATE ON einvoicing_attempt
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze('finished_at', 'outcome', 'detail');
CREATE TRIGGER einvoicing_attempt_keep BEFORE DELETE ON einvoicing_attempt
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER einvoicing_attempt_keep_all BEFORE TRUNCATE ON einvoicing_attempt
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TRIGGER einvoicing_remotedocument_freeze BEFORE UPDATE ON einvoicing_remotedocument
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze('applied_at', 'problem');
CREATE TRIGGER einvoicing_remotedocument_keep BEFORE DELETE ON einvoicing_remotedocument
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER einvoicing_remotedocument_keep_all BEFORE TRUNCATE ON einvoicing_remotedocument
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TRIGGER einvoicing_lifecycleevent_freeze BEFORE UPDATE ON einvoicing_lifecycleevent
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze();
CREATE TRIGGER einvoicing_lifecycleevent_keep BEFORE DELETE ON einvoicing_lifecycleevent
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER einvoicing_lifecycleevent_keep_all BEFORE TRUNCATE ON einvoicing_lifecycleevent
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TRIGGER einvoicing_enclosure_freeze BEFORE UPDATE ON einvoicing_enclosure
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze();
CREATE TRIGGER einvoicing_enclosure_keep BEFORE DELETE ON einvoicing_enclosure
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER einvoicing_enclosure_keep_all BEFORE TRUNCATE ON einvoicing_enclosure
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("einvoicing", "0001_initial"), ("billing", "0002_protection")]

    operations = [migrations.RunSQL(PROTECTION, migrations.RunSQL.noop)]
