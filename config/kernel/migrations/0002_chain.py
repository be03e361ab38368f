"""The chain is given by PostgreSQL at commit; audit rows are append-only."""

from django.db import migrations

from config.kernel.protect import DROP_FUNCTIONS, FUNCTIONS

CHAIN = """
-- Give the event its place and hash. Deferred, so the head is locked last, for the shortest time, in commit order.
CREATE FUNCTION kernel_chain_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  head kernel_auditchain%ROWTYPE;
  next_hash text;
BEGIN
  INSERT INTO kernel_auditchain (company_id, length, head) VALUES (NEW.company_id, 0, '') ON CONFLICT DO NOTHING;
  SELECT * INTO head FROM kernel_auditchain WHERE company_id = NEW.company_id FOR UPDATE;
  next_hash := encode(sha256(convert_to(head.head || '|' || (head.length + 1) || '|' || NEW.content_hash, 'UTF8')), 'hex');
  UPDATE kernel_auditevent
    SET sequence = head.length + 1, previous_hash = head.head, hash = next_hash WHERE id = NEW.id;
  UPDATE kernel_auditchain SET length = head.length + 1, head = next_hash WHERE company_id = NEW.company_id;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER kernel_auditevent_chain AFTER INSERT ON kernel_auditevent
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION kernel_chain_event();

-- The only UPDATE an event ever sees is the one above, once.
CREATE TRIGGER kernel_auditevent_once BEFORE UPDATE ON kernel_auditevent
  FOR EACH ROW WHEN (OLD.hash = '') EXECUTE FUNCTION kernel_freeze('sequence', 'previous_hash', 'hash');
CREATE TRIGGER kernel_auditevent_freeze BEFORE UPDATE ON kernel_auditevent
  FOR EACH ROW WHEN (OLD.hash <> '') EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER kernel_auditevent_keep BEFORE DELETE ON kernel_auditevent
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER kernel_auditevent_keep_all BEFORE TRUNCATE ON kernel_auditevent
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER kernel_auditchain_keep BEFORE DELETE ON kernel_auditchain
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER kernel_auditchain_keep_all BEFORE TRUNCATE ON kernel_auditchain
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
"""

UNCHAIN = """
DROP TRIGGER kernel_auditevent_chain ON kernel_auditevent;
DROP TRIGGER kernel_auditevent_once ON kernel_auditevent;
DROP TRIGGER kernel_auditevent_freeze ON kernel_auditevent;
DROP TRIGGER kernel_auditevent_keep ON kernel_auditevent;
DROP TRIGGER kernel_auditevent_keep_all ON kernel_auditevent;
DROP TRIGGER kernel_auditchain_keep ON kernel_auditchain;
DROP TRIGGER kernel_auditchain_keep_all ON kernel_auditchain;
DROP FUNCTION kernel_chain_event();
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL(CHAIN, UNCHAIN),
    ]
