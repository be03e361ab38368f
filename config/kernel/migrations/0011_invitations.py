"""Invitations and personal limits; and no company is left without an owner, whoever asks.

The company's row is locked before its owners are counted, in a statement of its own that sees what was committed while
it waited: of two transactions that take away each other's owner, the second finds none and is refused.
"""

import config.kernel.ids
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.manager
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models

OWNERS = r"""
CREATE FUNCTION kernel_owner_stays(one bigint) RETURNS void LANGUAGE plpgsql SET search_path TO public, pg_temp AS $$
BEGIN
  PERFORM FROM kernel_company WHERE id = one FOR NO KEY UPDATE;
  IF FOUND AND NOT EXISTS (
    SELECT FROM kernel_membership AS member JOIN kernel_user AS person ON person.id = member.user_id
    WHERE member.company_id = one AND member.role = 'OWNER' AND person.is_active
  ) THEN
    RAISE EXCEPTION 'quittance: the last owner of company % stays', one USING ERRCODE = '23514';
  END IF;
END $$;

CREATE FUNCTION kernel_owner_stays_of_member() RETURNS trigger LANGUAGE plpgsql
SET search_path TO public, pg_temp AS $$
BEGIN
  PERFORM kernel_owner_stays(OLD.company_id);
  RETURN NULL;
END $$;

CREATE FUNCTION kernel_owner_stays_of_person() RETURNS trigger LANGUAGE plpgsql
SET search_path TO public, pg_temp AS $$
BEGIN
  -- in one order: two people of the same companies cannot wait for one another in a circle
  PERFORM kernel_owner_stays(found.company_id) FROM (
    SELECT company_id FROM kernel_membership WHERE user_id = OLD.id AND role = 'OWNER' ORDER BY company_id
  ) AS found;
  RETURN NULL;
END $$;

-- deferred: one act may take an owner away and name another, in any order
CREATE CONSTRAINT TRIGGER kernel_membership_owner_goes AFTER DELETE ON kernel_membership
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.role = 'OWNER')
  EXECUTE FUNCTION kernel_owner_stays_of_member();
CREATE CONSTRAINT TRIGGER kernel_membership_owner_changes AFTER UPDATE ON kernel_membership
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.role = 'OWNER' AND
    (NEW.role, NEW.company_id, NEW.user_id) IS DISTINCT FROM (OLD.role, OLD.company_id, OLD.user_id))
  EXECUTE FUNCTION kernel_owner_stays_of_member();
CREATE CONSTRAINT TRIGGER kernel_user_owner_closed AFTER UPDATE ON kernel_user
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active)
  EXECUTE FUNCTION kernel_owner_stays_of_person();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('kernel', '0016_safekeeping'),
    ]

    operations = [
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigIntegerField(default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('email', models.EmailField(max_length=254, verbose_name='adresse e-mail')),
                ('role', models.CharField(choices=[('OWNER', 'Gérant'), ('ACCOUNTANT', 'Comptable'), ('SALES', 'Commercial'), ('VIEWER', 'Lecture seule')], max_length=12, verbose_name='rôle')),
                ('status', models.CharField(choices=[('PENDING', 'En attente'), ('ACCEPTED', 'Acceptée'), ('WITHDRAWN', 'Retirée')], default='PENDING', max_length=9, verbose_name='état')),
                ('digest', models.CharField(db_index=True, editable=False, max_length=64, verbose_name='SHA-256')),
                ('invited_at', models.DateTimeField(verbose_name='invitée le')),
                ('expires_at', models.DateTimeField(verbose_name='expire le')),
                ('closed_at', models.DateTimeField(null=True, verbose_name='close le')),
            ],
            options={
                'verbose_name': 'invitation',
                'verbose_name_plural': 'invitations',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddField(
            model_name='membership',
            name='credit_note_limit',
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0'))], verbose_name='limite d’un avoir'),
        ),
        migrations.AddField(
            model_name='membership',
            name='payment_run_limit',
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0'))], verbose_name='limite d’un lot de règlements'),
        ),
        migrations.AddField(
            model_name='membership',
            name='write_off_limit',
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0'))], verbose_name='limite d’une différence soldée'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('role', 'OWNER'), _negated=True), models.Q(('credit_note_limit__isnull', True), ('payment_run_limit__isnull', True), ('write_off_limit__isnull', True)), _connector='OR'), name='an_owner_has_no_limit', violation_error_message='Un gérant n’a pas de limite : laissez-les vides.'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='accepted_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='acceptée par'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.company'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='invited_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='invitée par'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'PENDING')), fields=('company', 'email'), name='one_pending_invitation_per_address'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='invited_address_is_in_lower_case'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('accepted_by__isnull', False), ('status', 'ACCEPTED')), models.Q(models.Q(('status', 'ACCEPTED'), _negated=True), ('accepted_by__isnull', True)), _connector='OR'), name='accepted_invitation_says_by_whom'),
        ),
        migrations.RunSQL(OWNERS, migrations.RunSQL.noop),
    ]
