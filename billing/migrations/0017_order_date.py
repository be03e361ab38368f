"""The day of an order may be corrected as long as it is a draft; its number never."""

from django.db import migrations

NUMBER = """
DROP TRIGGER billing_salesorder_number ON billing_salesorder;
CREATE TRIGGER billing_salesorder_number BEFORE UPDATE ON billing_salesorder FOR EACH ROW
  WHEN ((OLD.number, OLD.company_id) IS DISTINCT FROM (NEW.number, NEW.company_id)) EXECUTE FUNCTION kernel_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0016_kept_orders")]

    operations = [migrations.RunSQL(NUMBER, migrations.RunSQL.noop)]
