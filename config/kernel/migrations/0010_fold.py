"""The function behind every search: no case, no accents, œ in full. Immutable, so that it runs once for what is typed.

`unaccent` is only stable because its dictionary could be replaced; ours is named and never is.
"""

from django.db import migrations

CREATE = """
CREATE FUNCTION fold(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lower(unaccent('unaccent'::regdictionary, $1));
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0009_loop_failures")]

    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION fold(text);")]
