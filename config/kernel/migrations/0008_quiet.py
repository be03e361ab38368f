"""A dump that is restored anywhere is told from the database that it was made of, by what a dump cannot carry."""

from django.db import migrations

QUIET = r"""
-- The server's own number, the database and the table that says where it lives: each restoration makes at least one anew.
CREATE FUNCTION kernel_fingerprint() RETURNS text LANGUAGE plpgsql STABLE SET search_path TO public, pg_temp AS $$
DECLARE
  server text := '';
BEGIN
  BEGIN
    SELECT system_identifier::text INTO server FROM pg_control_system();
  EXCEPTION WHEN insufficient_privilege THEN
    NULL;  -- some hosts keep it to themselves: the rest tells enough
  END;
  RETURN server || ':' || (SELECT oid FROM pg_database WHERE datname = current_database())
    || ':' || 'kernel_installation'::regclass::oid;
END $$;

CREATE FUNCTION kernel_is_quiet() RETURNS boolean LANGUAGE sql STABLE SET search_path TO public, pg_temp AS $$
  SELECT NOT EXISTS (SELECT FROM kernel_installation WHERE fingerprint = kernel_fingerprint())
$$;

CREATE FUNCTION kernel_refuse_in_a_copy() RETURNS trigger LANGUAGE plpgsql SET search_path TO public, pg_temp AS $$
BEGIN
  IF kernel_is_quiet() THEN
    RAISE EXCEPTION 'quittance: a restored copy gives no number until it is released' USING ERRCODE = '42501';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER kernel_installation_keep BEFORE DELETE ON kernel_installation
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0007_restorations")]

    operations = [migrations.RunSQL(QUIET, migrations.RunSQL.noop)]
