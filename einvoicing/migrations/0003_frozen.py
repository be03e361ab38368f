"""Facts exchanged with platforms are append-only."""

from django.db import migrations

from config.kernel.protect import freeze


class Migration(migrations.Migration):
    dependencies = [("einvoicing", "0002_initial"), ("kernel", "0002_chain")]

    operations = [
        freeze("einvoicing_attempt", mutable=["finished_at", "outcome", "detail"]),
        freeze("einvoicing_remotedocument", mutable=["applied_at", "problem"]),
        freeze("einvoicing_lifecycleevent"),
    ]
