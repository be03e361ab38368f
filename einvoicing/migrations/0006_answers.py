"""Answers to what a platform asks of an invoice, and the documents that go with them."""

import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models
from django.db.models import Q

import config.kernel.ids
import einvoicing.models.enclosures
from config.kernel.protect import freeze


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0004_ubl"),
        ("einvoicing", "0005_optional_identifier"),
        ("kernel", "0003_company_size"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="transmission", name="a_status_brings_its_message"),
        migrations.AddField(
            model_name="transmission",
            name="request",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="answers",
                to="einvoicing.lifecycleevent",
            ),
        ),
        migrations.AlterField(
            model_name="transmission",
            name="kind",
            field=models.CharField(
                choices=[
                    ("INVOICE", "Facture"),
                    ("STATUS", "Statut"),
                    ("COMPLETE", "Complément"),
                    ("RECYCLE", "Recyclage"),
                ],
                default="INVOICE",
                max_length=8,
                verbose_name="type",
            ),
        ),
        migrations.AddConstraint(
            model_name="transmission",
            constraint=models.CheckConstraint(
                condition=Q(kind="INVOICE", content=None, declared_code="", request=None)
                | (Q(kind="STATUS", content__isnull=False, request=None) & ~Q(declared_code=""))
                | Q(kind__in=["COMPLETE", "RECYCLE"], content__isnull=False, declared_code="", request__isnull=False),
                name="what_is_sent_is_kept",
            ),
        ),
        migrations.AddConstraint(
            model_name="transmission",
            constraint=models.UniqueConstraint(
                condition=~Q(status="DEAD"), fields=("request",), name="one_live_answer_per_request"
            ),
        ),
        migrations.CreateModel(
            name="Enclosure",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        default=config.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(verbose_name="position")),
                ("name", models.CharField(max_length=200, verbose_name="nom")),
                ("media_type", models.CharField(max_length=100, verbose_name="type")),
                (
                    "file",
                    models.FileField(
                        max_length=255, upload_to=einvoicing.models.enclosures._path, verbose_name="fichier"
                    ),
                ),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("size", models.PositiveIntegerField(verbose_name="taille")),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kernel.company"
                    ),
                ),
                (
                    "transmission",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="enclosures",
                        to="einvoicing.transmission",
                    ),
                ),
            ],
            options={
                "verbose_name": "pièce jointe",
                "verbose_name_plural": "pièces jointes",
                "ordering": ["position"],
                "abstract": False,
                "base_manager_name": "everywhere",
                "constraints": [
                    models.UniqueConstraint(fields=("transmission", "position"), name="enclosures_in_order")
                ],
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("everywhere", django.db.models.manager.Manager()),
            ],
        ),
        freeze("einvoicing_enclosure"),
    ]
