"""No number is given by a copy of the database that nobody has released: it was given already, after the copy was made."""

from django.db import migrations

REFUSED = r"""
CREATE TRIGGER billing_numbersequence_quiet BEFORE INSERT OR UPDATE ON billing_numbersequence
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_in_a_copy();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0017_currencies"), ("kernel", "0008_quiet")]

    operations = [migrations.RunSQL(REFUSED, migrations.RunSQL.noop)]
