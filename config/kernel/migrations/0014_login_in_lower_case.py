from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):

    dependencies = [
        ('kernel', '0013_leases'),
    ]

    operations = [
        migrations.RunSQL("UPDATE kernel_user SET email = lower(email)", migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('email', Lower('email'))), name='login_is_in_lower_case'),
        ),
    ]
