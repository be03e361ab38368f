"""What is closed is closed for everybody: PostgreSQL refuses its entries. Closings and letterings are only added to."""

from django.db import migrations

PROTECTION = r"""
-- Who writes entries holds the lock of the company's counters until the transaction ends, and so does who closes: an
-- entry is either seen by the closing, or sees it. 20085 is billing.numbering.ADVISORY.
CREATE FUNCTION billing_books_are_open() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
DECLARE
  closed date;
BEGIN
  PERFORM pg_advisory_xact_lock(20085, (company_id % 2147483648)::int) FROM (SELECT DISTINCT company_id FROM added) AS written;
  SELECT max(closing.through) INTO closed FROM added JOIN billing_closing AS closing
    ON closing.company_id = added.company_id AND closing.kind = 'HARD' AND added.day <= closing.through;
  IF closed IS NOT NULL THEN
    RAISE EXCEPTION 'quittance: the books are closed through %', closed USING ERRCODE = '42501';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_journalentry_open AFTER INSERT ON billing_journalentry
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_books_are_open();

CREATE FUNCTION billing_lines_have_their_day() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp SET enable_seqscan TO off AS $$
BEGIN
  IF EXISTS (SELECT FROM added JOIN billing_journalentry AS entry ON entry.id = added.entry_id
             WHERE entry.day <> added.day) THEN
    RAISE EXCEPTION 'quittance: a line of another day than its entry is refused' USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_journalline_day AFTER INSERT ON billing_journalline
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_lines_have_their_day();

CREATE FUNCTION billing_closings_go_forward() RETURNS trigger LANGUAGE plpgsql
 SET "quittance.company" TO '*' SET search_path TO public, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(20085, (NEW.company_id % 2147483648)::int);
  IF NEW.kind = 'HARD' AND EXISTS (SELECT FROM billing_closing WHERE company_id = NEW.company_id AND kind = 'HARD'
                                   AND through >= NEW.through) THEN
    RAISE EXCEPTION 'quittance: the books are closed through a later day' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER billing_closing_forward BEFORE INSERT ON billing_closing
  FOR EACH ROW EXECUTE FUNCTION billing_closings_go_forward();

CREATE TRIGGER billing_closing_freeze BEFORE UPDATE ON billing_closing
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze();
CREATE TRIGGER billing_closing_keep BEFORE DELETE ON billing_closing
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER billing_closing_keep_all BEFORE TRUNCATE ON billing_closing
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();

CREATE TRIGGER billing_lettering_freeze BEFORE UPDATE ON billing_lettering
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze('undone_at');
CREATE TRIGGER billing_lettering_keep BEFORE DELETE ON billing_lettering
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER billing_lettering_keep_all BEFORE TRUNCATE ON billing_lettering
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER billing_letteredline_freeze BEFORE UPDATE ON billing_letteredline
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_freeze('is_live');
CREATE TRIGGER billing_letteredline_keep BEFORE DELETE ON billing_letteredline
  FOR EACH ROW WHEN (true) EXECUTE FUNCTION kernel_refuse();
CREATE TRIGGER billing_letteredline_keep_all BEFORE TRUNCATE ON billing_letteredline
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0012_books")]

    operations = [migrations.RunSQL(PROTECTION, migrations.RunSQL.noop)]
