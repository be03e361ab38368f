"""The chain is written whatever company is in scope when the transaction ends (see config/kernel/row_security.py)."""

from django.db import migrations

BODY = """
CREATE OR REPLACE FUNCTION kernel_chain_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  head kernel_auditchain%ROWTYPE;
  next_hash text;
  scope text := coalesce(current_setting('quittance.company', true), '');
BEGIN
  PERFORM set_config('quittance.company', NEW.company_id::text, true);
  INSERT INTO kernel_auditchain (company_id, length, head) VALUES (NEW.company_id, 0, '') ON CONFLICT DO NOTHING;
  SELECT * INTO head FROM kernel_auditchain WHERE company_id = NEW.company_id FOR UPDATE;
  next_hash := encode(sha256(convert_to(head.head || '|' || (head.length + 1) || '|' || NEW.content_hash, 'UTF8')), 'hex');
  UPDATE kernel_auditevent
    SET sequence = head.length + 1, previous_hash = head.head, hash = next_hash WHERE id = NEW.id;
  UPDATE kernel_auditchain SET length = head.length + 1, head = next_hash WHERE company_id = NEW.company_id;
  PERFORM set_config('quittance.company', scope, true);
  RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0005_received")]

    operations = [migrations.RunSQL(BODY, migrations.RunSQL.noop)]
