"""Lists on their way in: the file that somebody sent, what each of its rows would become, and what was learnt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from config.kernel.models.companies import CompanyRow
from config.kernel.models.queues import LeasedRow


class ImportStatus(models.TextChoices):
    COLUMNS = "COLUMNS", _("Colonnes à confirmer")
    CHECKING = "CHECKING", _("Vérification en cours")
    CHECKED = "CHECKED", _("À confirmer")
    APPLYING = "APPLYING", _("Reprise en cours")
    DONE = "DONE", _("Repris")
    CANCELLED = "CANCELLED", _("Abandonné")


_S = ImportStatus


class ImportRun(LeasedRow):
    """One file, taken over whole or not at all. `kind` is a declared name; its bytes are forgotten at the end."""

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        _S.COLUMNS: frozenset({_S.CHECKING, _S.CANCELLED}),
        _S.CHECKING: frozenset({_S.CHECKED, _S.COLUMNS, _S.CANCELLED}),
        _S.CHECKED: frozenset({_S.COLUMNS, _S.APPLYING, _S.CANCELLED}),
        # back to be checked where what it was checked against has changed
        _S.APPLYING: frozenset({_S.DONE, _S.CHECKED, _S.CHECKING}),
        _S.DONE: frozenset(),
        _S.CANCELLED: frozenset(),
    }
    HELD_FOR: ClassVar[timedelta] = timedelta(days=7)

    kind = models.CharField(_("nature"), max_length=30)
    name = models.CharField(_("fichier"), max_length=200)
    content = models.BinaryField(editable=False)
    sha256 = models.CharField("SHA-256", max_length=64)
    layout = models.JSONField(_("colonnes"), default=dict)
    status = models.CharField(_("état"), max_length=9, choices=ImportStatus, default=ImportStatus.COLUMNS)
    leaves_errors = models.BooleanField(_("sans les lignes en erreur"), default=False)
    attempts = models.PositiveSmallIntegerField(_("essais"), default=0)
    last_error = models.CharField(_("difficulté"), max_length=500, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("demandé par")
    )
    language = models.CharField(_("langue"), max_length=10)
    requested_at = models.DateTimeField(_("demandé le"))
    finished_at = models.DateTimeField(_("terminé le"), null=True)

    class Meta(LeasedRow.Meta):
        verbose_name = _("reprise d’une liste")
        verbose_name_plural = _("reprises de listes")
        indexes = [
            models.Index(
                fields=["requested_at"], condition=models.Q(status__in=["CHECKING", "APPLYING"]), name="imports_waiting"
            ),
            models.Index(fields=["company", "-requested_at", "-id"], name="imports_by_day"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("import-detail", args=[self.pk])


class ImportChoice(models.TextChoices):
    CREATE = "CREATE", _("Créer")
    UPDATE = "UPDATE", _("Mettre à jour")
    IGNORE = "IGNORE", _("Ignorer")


class ImportRow(CompanyRow):
    """One row of the file: its cells by column, what is wrong with it, the record that it resembles and by which sign.

    problems: of each, the column's letter ('' for the row), its label and the sentence. twin_line: the row of the same
    file that it resembles. record: what it became.
    """

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="rows", db_index=False)
    line = models.PositiveIntegerField(_("ligne"))
    label = models.CharField(_("désignation"), max_length=200)
    cells = models.JSONField(default=dict)
    problems = models.JSONField(_("erreurs"), default=list)
    has_problems = models.BooleanField(default=False)
    sign = models.CharField(_("reconnu par"), max_length=20, blank=True)
    known = models.BigIntegerField(null=True)
    known_label = models.CharField(_("fiche connue"), max_length=200, blank=True)
    twin_line = models.PositiveIntegerField(null=True)
    choice = models.CharField(_("choix"), max_length=6, choices=ImportChoice, default=ImportChoice.CREATE)
    record = models.BigIntegerField(null=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("ligne d’une reprise")
        verbose_name_plural = _("lignes de reprises")
        constraints = [models.UniqueConstraint(fields=["run", "line"], name="an_import_has_a_line_once")]

    def __str__(self) -> str:
        return self.label


class ImportLayout(CompanyRow):
    """How the files with one row of heads are read, as a person confirmed."""

    heads = models.CharField(_("empreinte de l’en-tête"), max_length=64)
    layout = models.JSONField(_("colonnes"))
    confirmed_at = models.DateTimeField(_("confirmé le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("colonnes d’une liste")
        verbose_name_plural = _("colonnes de listes")
        constraints = [models.UniqueConstraint(fields=["company", "heads"], name="one_layout_per_heads")]

    def __str__(self) -> str:
        return self.heads[:12]
