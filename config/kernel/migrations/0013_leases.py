"""Every row that waits is leased alike."""

from django.db import migrations, models

MUTABLE = ["status", "attempts", "next_attempt_at", "applied_at", "problem"]


def mutable(columns):
    return f"""
        DROP TRIGGER kernel_receivedwebhook_freeze ON kernel_receivedwebhook;
        CREATE TRIGGER kernel_receivedwebhook_freeze BEFORE UPDATE ON kernel_receivedwebhook
          FOR EACH ROW WHEN (TRUE) EXECUTE FUNCTION kernel_freeze({", ".join(f"'{column}'" for column in columns)});
    """


class Migration(migrations.Migration):
    dependencies = [("kernel", "0012_known_places")]

    operations = [
        migrations.RenameField("webhookdelivery", "leased_until", "lease_until"),
        migrations.AddField(
            "webhookdelivery", "lease_owner", models.CharField(blank=True, editable=False, max_length=64, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            "receivedwebhook", "lease_owner", models.CharField(blank=True, editable=False, max_length=64, default=""),
            preserve_default=False,
        ),
        migrations.AddField("receivedwebhook", "lease_until", models.DateTimeField(editable=False, null=True)),
        migrations.RunSQL(mutable([*MUTABLE, "lease_owner", "lease_until"]), mutable(MUTABLE)),
    ]
