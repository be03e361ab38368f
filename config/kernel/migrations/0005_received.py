"""What came from outside is kept as it came."""

from django.db import migrations

from config.kernel.protect import freeze


class Migration(migrations.Migration):
    dependencies = [("kernel", "0004_partners")]

    operations = [
        freeze(
            "kernel_receivedwebhook",
            mutable=["status", "attempts", "next_attempt_at", "applied_at", "problem"],
        )
    ]
