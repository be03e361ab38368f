"""Each bank account is booked on a sub-account of 512 of its own: those that shared one, or had another, get the next."""

from itertools import count

from django.db import migrations, models
from django.db.models import F, Q

BANKS = r"^512[0-9]{3,7}$"


def give_each_its_own(apps, schema_editor):
    accounts = apps.get_model("payments", "BankAccount").objects
    for company in accounts.order_by().values_list("company", flat=True).distinct():
        taken = set()
        # the account whose statements are read keeps its number
        rows = accounts.filter(company=company).order_by(F("imported_at").asc(nulls_last=True), "id")
        fitting = {row.pk: row.ledger_account for row in rows.filter(ledger_account__regex=BANKS)}
        for row in rows:
            number = fitting.get(row.pk)
            if number is None or number in taken:
                used = taken | set(fitting.values())
                number = next(str(free) for free in count(512000, 100) if str(free) not in used)
                accounts.filter(pk=row.pk).update(ledger_account=number)
            taken.add(number)


class Migration(migrations.Migration):
    dependencies = [("payments", "0010_origin"), ("kernel", "0006_row_security")]

    operations = [
        migrations.RunPython(give_each_its_own, migrations.RunPython.noop),
        migrations.AddConstraint(
            "bankaccount",
            models.UniqueConstraint(fields=["company", "ledger_account"], name="one_bank_per_ledger_account"),
        ),
        migrations.AddConstraint(
            "bankaccount",
            models.CheckConstraint(condition=Q(ledger_account__regex=BANKS), name="a_bank_is_booked_on_512"),
        ),
    ]
