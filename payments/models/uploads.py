"""Statements' files on their way in: held for a preview, kept by confirmation or forgotten; and what was learnt."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.models import CompanyRow, LeasedRow
from payments.models.bank import BankAccount


class UploadState(models.TextChoices):
    WAITING = "WAITING", _("À lire")
    READ = "READ", _("À confirmer")
    REFUSED = "REFUSED", _("Refusé")
    CONFIRMED = "CONFIRMED", _("En cours d’importation")
    KEPT = "KEPT", _("Importé")


class StatementUpload(LeasedRow):
    """One file that somebody sent. Its bytes are forgotten with it; a statement that is kept has its own copy.

    batch: what was sent together, and the address of their preview. preview: what the file would bring, as
    `services/previews.py` writes it. account: chosen by a person where the file names none of ours.
    """

    HELD_FOR: ClassVar[timedelta] = timedelta(hours=24)

    batch = models.CharField(max_length=32)
    name = models.CharField(_("fichier"), max_length=200)
    size = models.PositiveIntegerField(_("octets"))
    content = models.BinaryField(editable=False)
    sha256 = models.CharField("SHA-256", max_length=64)
    # no MOVES: a file that is not kept is no record, and is forgotten in a day without a trace; keeping it writes the
    # audit row of its statement. Services still write it by compare-and-swap, or under the row's lock
    state = models.CharField(_("état"), max_length=9, choices=UploadState.choices, default=UploadState.WAITING)
    account = models.ForeignKey(BankAccount, on_delete=models.CASCADE, null=True, related_name="+")
    mapping = models.JSONField(_("colonnes"), null=True)
    preview = models.JSONField(_("aperçu"), default=dict, blank=True)
    problem = models.CharField(_("difficulté"), max_length=1000, blank=True)
    actor = models.JSONField(default=dict)
    uploaded_at = models.DateTimeField(_("envoyé le"))
    expires_at = models.DateTimeField(_("oublié le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("fichier de relevé reçu")
        verbose_name_plural = _("fichiers de relevé reçus")
        indexes = [
            models.Index(fields=["company", "batch"], name="upload_by_batch"),
            models.Index(
                fields=["uploaded_at"], condition=models.Q(state__in=["WAITING", "CONFIRMED"]), name="upload_at_work"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ColumnMapping(CompanyRow):
    """How the tables with one header are read, as a person confirmed: payments/statements/tables."""

    header = models.CharField(_("empreinte de l’en-tête"), max_length=64)
    mapping = models.JSONField(_("colonnes"))
    account = models.ForeignKey(BankAccount, on_delete=models.CASCADE, null=True, related_name="+")
    confirmed_at = models.DateTimeField(_("confirmé le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("colonnes d’un relevé")
        verbose_name_plural = _("colonnes de relevés")
        constraints = [models.UniqueConstraint(fields=["company", "header"], name="one_mapping_per_header")]

    def __str__(self) -> str:
        return self.header[:12]


class AccountName(CompanyRow):
    """What a bank's files call one of the company's accounts otherwise than by its IBAN, as a person confirmed."""

    name = models.CharField(_("nom dans les fichiers"), max_length=140)
    account = models.ForeignKey(BankAccount, on_delete=models.CASCADE, related_name="names")

    class Meta(CompanyRow.Meta):
        verbose_name = _("autre nom d’un compte")
        verbose_name_plural = _("autres noms de comptes")
        constraints = [models.UniqueConstraint(fields=["company", "name"], name="one_account_per_name")]

    def __str__(self) -> str:
        return self.name
