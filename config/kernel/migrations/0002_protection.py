"""Frozen rows refuse to change, the audit trail is chained at commit, and tokens end with the rights they were given for.

Functions that read tables name their search path: a temporary table of the same name would be read first.
"""

from django.db import migrations

PROTECTION = r"""
-- Behind every search: no case, no accents, œ in full. Immutable, so that it runs once for what is typed: `unaccent` is
-- only stable because its dictionary could be replaced; ours is named and never is.
CREATE FUNCTION fold(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lower(unaccent('unaccent'::regdictionary, $1));

CREATE FUNCTION kernel_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'quittance: % on % is refused, the row is frozen', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
END $$;

-- Arguments: the columns that may still change; every other column of the row is frozen.
CREATE FUNCTION kernel_freeze() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  -- without arguments TG_ARGV is NULL, and a comparison with NULL would let everything through
  mutable text[] := coalesce(TG_ARGV, '{}');
BEGIN
  -- by the columns of the row as it is: one that is added later is frozen without being named here
  IF (to_jsonb(OLD) - mutable) IS DISTINCT FROM (to_jsonb(NEW) - mutable) THEN
    RAISE EXCEPTION 'quittance: UPDATE on % is refused, the row is frozen', TG_TABLE_NAME USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$;

-- Give the events their places and hashes. Deferred, so the head is locked last, for the shortest time, in commit order.
-- The first event of a transaction places all that follow it, whatever their number: what others have not committed is
-- not seen here, and what they have is placed. Head and events are written once, where each event would write both.
-- Events are found by their keys: a session that planned while there were few would go on reading all of them.
CREATE FUNCTION kernel_chain_event() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp SET enable_seqscan TO off AS $$
DECLARE
  head kernel_auditchain%ROWTYPE;
  event record;
  ids bigint[];
  before text[];
  hashes text[];
BEGIN
  IF EXISTS (SELECT FROM kernel_auditevent WHERE id = NEW.id AND hash = '') THEN
    -- the first event of a company makes its head; two firsts at once wait for each other here
    INSERT INTO kernel_auditchain (company_id, length, head) VALUES (NEW.company_id, 0, '') ON CONFLICT DO NOTHING;
    SELECT * INTO head FROM kernel_auditchain WHERE company_id = NEW.company_id FOR UPDATE;
    -- planned for this very id: a plan for any id would read the whole table
    FOR event IN EXECUTE $sql$
      SELECT id, content_hash FROM kernel_auditevent WHERE company_id = $1 AND id >= $2 AND hash = '' ORDER BY id
    $sql$ USING NEW.company_id, NEW.id LOOP
      ids := ids || event.id;
      before := before || head.head::text;
      head.length := head.length + 1;
      head.head := encode(sha256(convert_to(head.head || '|' || head.length || '|' || event.content_hash, 'UTF8')), 'hex');
      hashes := hashes || head.head::text;
    END LOOP;
    UPDATE kernel_auditevent AS placed
      SET sequence = head.length - cardinality(ids) + place, previous_hash = found.before, hash = found.hash
      FROM unnest(ids, before, hashes) WITH ORDINALITY AS found (id, before, hash, place) WHERE placed.id = found.id;
    UPDATE kernel_auditchain SET length = head.length, head = head.head WHERE company_id = NEW.company_id;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION kernel_tokens_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- a row read before and saved whole afterwards must not bring an old number back
    NEW.token_version := greatest(NEW.token_version, OLD.token_version);
    IF (NEW.password, NEW.is_active, NEW.is_staff, NEW.is_superuser)
       IS DISTINCT FROM (OLD.password, OLD.is_active, OLD.is_staff, OLD.is_superuser) THEN
        NEW.token_version := OLD.token_version + 1;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION kernel_tokens_of_member_end() RETURNS trigger LANGUAGE plpgsql SET search_path TO public, pg_temp AS $$
BEGIN
    UPDATE kernel_user SET token_version = token_version + 1 WHERE id = OLD.user_id;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER kernel_auditevent_chain AFTER INSERT ON kernel_auditevent
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION kernel_chain_event();
-- The only UPDATE an event ever sees is the one of the trigger above, once: outside of triggers the depth is 0. Compared
-- here, not in kernel_freeze(): many come at once.
CREATE TRIGGER kernel_auditevent_freeze BEFORE UPDATE ON kernel_auditevent
  FOR EACH ROW WHEN (pg_trigger_depth() = 0 OR old.hash <> '' OR
    (old.id, old.company_id, old.at, old.tag, old.actor_kind, old.actor_name, old.actor_user_id, old.subjects, old.data,
     old.digest, old.request_id, old.content_hash) IS DISTINCT FROM
    (new.id, new.company_id, new.at, new.tag, new.actor_kind, new.actor_name, new.actor_user_id, new.subjects, new.data,
     new.digest, new.request_id, new.content_hash)) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER kernel_auditevent_unplaced BEFORE INSERT ON kernel_auditevent
  FOR EACH ROW WHEN (new.hash <> '') EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER kernel_auditevent_keep BEFORE DELETE ON kernel_auditevent
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER kernel_auditevent_keep_all BEFORE TRUNCATE ON kernel_auditevent
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TRIGGER kernel_auditchain_keep BEFORE DELETE ON kernel_auditchain
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER kernel_auditchain_follows BEFORE UPDATE ON kernel_auditchain
  FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER kernel_auditchain_keep_all BEFORE TRUNCATE ON kernel_auditchain
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TRIGGER kernel_receivedwebhook_keep BEFORE DELETE ON kernel_receivedwebhook
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER kernel_receivedwebhook_keep_all BEFORE TRUNCATE ON kernel_receivedwebhook
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TRIGGER tokens_end BEFORE UPDATE ON kernel_user
  FOR EACH ROW EXECUTE FUNCTION kernel_tokens_end();

CREATE TRIGGER tokens_end AFTER DELETE OR UPDATE OF role, user_id, company_id ON kernel_membership
  FOR EACH ROW EXECUTE FUNCTION kernel_tokens_of_member_end();

CREATE TRIGGER kernel_receivedwebhook_freeze BEFORE UPDATE ON kernel_receivedwebhook
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze('status', 'attempts', 'next_attempt_at', 'applied_at', 'problem', 'lease_owner', 'lease_until');
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]

    operations = [migrations.RunSQL(PROTECTION, migrations.RunSQL.noop)]
