"""What is kept of e-reporting: how a company reports, its periods, and each report that was made, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from config.kernel.models import CompanyRow, LeasedRow
from einvoicing.models.accounts import PlatformAccount
from einvoicing.models.transmissions import ErrorClass
from einvoicing.reporting import periods


class Regime(models.TextChoices):
    MONTHLY = periods.MONTHLY, _("Réel normal, TVA mensuelle (par décade)")
    QUARTERLY = periods.QUARTERLY, _("Réel normal, TVA trimestrielle (par mois)")
    SIMPLIFIED = periods.SIMPLIFIED, _("Réel simplifié (par mois)")
    FRANCHISE = periods.FRANCHISE, _("Franchise en base (par deux mois)")


class Channel(models.TextChoices):
    PLATFORM = "PLATFORM", _("La plateforme déclare d’après les factures")
    FLOWS = "FLOWS", _("Nous déclarons (flux FRR)")


class PeriodKind(models.TextChoices):
    SALES = periods.SALES, _("Ventes")
    PURCHASES = periods.PURCHASES, _("Achats")
    PAYMENTS = periods.PAYMENTS, _("Encaissements")


class ReportingChoice(CompanyRow):
    """How a company reports from a day on, until its next choice. Without one, `reporting.choosing` says how."""

    since = models.DateField(_("à partir du"))
    regime = models.CharField(_("régime"), max_length=10, choices=Regime.choices)
    channel = models.CharField(_("qui déclare"), max_length=8, choices=Channel.choices)
    sends_automatically = models.BooleanField(_("transmettre de soi-même avant l’échéance"), default=True)
    sender_code = models.CharField(_("matricule de la plateforme"), max_length=4, default="0000")
    made_at = models.DateTimeField(_("choisi le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("choix d’e-reporting")
        verbose_name_plural = _("choix d’e-reporting")
        ordering = ["since"]
        constraints = [
            models.UniqueConstraint(fields=["company", "since"], name="one_reporting_choice_per_day"),
            models.CheckConstraint(condition=Q(since__day=1), name="a_reporting_choice_begins_a_month"),
            models.CheckConstraint(condition=Q(sender_code__regex=r"^[A-Z0-9]{4}$"), name="sender_code_has_four_signs"),
        ]

    def __str__(self) -> str:
        return f"{self.since:%Y-%m} {self.get_regime_display()}"


class CountStatus(models.TextChoices):
    UNKNOWN = "UNKNOWN", _("Pas encore comparée")
    MISSING = "MISSING", _("Rien de la plateforme")
    AGREED = "AGREED", _("Comptée à l’identique")
    DIFFERS = "DIFFERS", _("Écart avec la plateforme")


class ReportPeriod(CompanyRow):
    """One period of one kind, and what its facts came to when they were last read (`fingerprint`, `sums`).

    `status` is of the comparison with the platform's own report, where it is the platform that reports.
    """

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        here: frozenset(there for there in CountStatus.values if there != here) for here in CountStatus.values
    }

    kind = models.CharField(_("nature"), max_length=9, choices=PeriodKind.choices)
    start = models.DateField(_("début"))
    end = models.DateField(_("fin"))
    code = models.CharField(_("période"), max_length=9)
    opens_on = models.DateField(_("ouverte le"))
    due_on = models.DateField(_("échéance"))
    regime = models.CharField(_("régime"), max_length=10, choices=Regime.choices)
    channel = models.CharField(_("qui déclare"), max_length=8, choices=Channel.choices)
    fingerprint = models.CharField(max_length=64, editable=False)
    is_empty = models.BooleanField(_("rien à déclarer"), default=True)
    sums = models.JSONField(_("sommes"), default=dict)
    computed_at = models.DateTimeField(_("calculée le"))
    status = models.CharField(_("comparaison"), max_length=7, choices=CountStatus.choices, default=CountStatus.UNKNOWN)
    differences = models.JSONField(_("écarts"), default=list)
    counted_at = models.DateTimeField(_("comparée le"), null=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("période d’e-reporting")
        verbose_name_plural = _("périodes d’e-reporting")
        constraints = [
            models.UniqueConstraint(fields=["company", "kind", "start"], name="one_report_period_per_kind_and_day"),
            models.CheckConstraint(condition=Q(end__gt=models.F("start")), name="a_report_period_lasts"),
        ]
        indexes = [models.Index(fields=["company", "-start", "kind"], name="report_period_by_start")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.code}"

    def get_absolute_url(self) -> str:
        # of a key alone, as a timeline has it, nothing else is known
        return reverse("einvoicing:report-period", args=[self.kind.lower(), self.code]) if self.code else ""

    @property
    def period(self) -> periods.Period:
        return periods.Period(self.start, self.end, self.kind, self.code, self.opens_on, self.due_on)


class ReportStatus(models.TextChoices):
    PENDING = "PENDING", _("À transmettre")
    SENDING = "SENDING", _("Transmission en cours")
    UNKNOWN = "UNKNOWN", _("Issue inconnue, vérification en cours")
    DEPOSITED = "DEPOSITED", _("Reçue par la plateforme")
    ACCEPTED = "ACCEPTED", _("Acceptée")
    REJECTED = "REJECTED", _("Rejetée")
    INVALID = "INVALID", _("Non conforme, non transmise")
    DEAD = "DEAD", _("Abandonnée, action requise")
    REPLACED = "REPLACED", _("Refaite avant de partir")


# on its way, or there: another of the same period must wait
UNDER_WAY = (ReportStatus.PENDING, ReportStatus.SENDING, ReportStatus.UNKNOWN, ReportStatus.DEPOSITED)
STOPPED = (ReportStatus.REJECTED, ReportStatus.INVALID, ReportStatus.DEAD)


class Report(LeasedRow):
    """One report as it is sent: its file, and the rows with the documents that made them that day.

    `in_doubt`: it left, and nobody knows whether it arrived; the platform is asked before it is sent again.
    """

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        ReportStatus.PENDING: frozenset({ReportStatus.SENDING, ReportStatus.REPLACED}),
        ReportStatus.SENDING: frozenset(
            {
                ReportStatus.DEPOSITED,
                ReportStatus.PENDING,
                ReportStatus.UNKNOWN,
                ReportStatus.INVALID,
                ReportStatus.DEAD,
            }
        ),
        ReportStatus.UNKNOWN: frozenset({ReportStatus.SENDING}),
        ReportStatus.DEPOSITED: frozenset({ReportStatus.ACCEPTED, ReportStatus.REJECTED}),
        ReportStatus.ACCEPTED: frozenset({ReportStatus.REJECTED}),
        ReportStatus.REJECTED: frozenset(),
        ReportStatus.INVALID: frozenset({ReportStatus.PENDING, ReportStatus.REPLACED}),
        ReportStatus.DEAD: frozenset({ReportStatus.PENDING, ReportStatus.REPLACED}),
        ReportStatus.REPLACED: frozenset(),
    }
    # where it stands on its way; what was reported never changes
    MUTABLE: ClassVar[tuple[str, ...]] = (
        "status", "in_doubt", "remote_id", "attempts", "next_attempt_at", "last_error", "error_class", "violations",
        "deposited_at", "answered_at", "watched_at", "lease_owner", "lease_until",
    )  # fmt: skip

    period = models.ForeignKey(ReportPeriod, on_delete=models.PROTECT, related_name="reports")
    account = models.ForeignKey(PlatformAccount, on_delete=models.PROTECT, related_name="reports")
    turn = models.PositiveSmallIntegerField(_("n° d’ordre"))
    type_code = models.CharField(_("type"), max_length=2, choices=[("IN", _("Initiale")), ("RE", _("Rectificative"))])
    content = models.BinaryField(editable=False)
    sha256 = models.CharField("SHA-256", max_length=64)
    fingerprint = models.CharField(max_length=64, editable=False)
    rows = models.JSONField(_("lignes et pièces"), default=list)
    status = models.CharField(_("état"), max_length=9, choices=ReportStatus.choices, default=ReportStatus.PENDING)
    tracking_id = models.CharField(_("identifiant de suivi"), max_length=64, unique=True)
    remote_id = models.CharField(_("identifiant de la plateforme"), max_length=100, blank=True)
    in_doubt = models.BooleanField(default=False, editable=False)
    attempts = models.PositiveSmallIntegerField(_("tentatives"), default=0)
    next_attempt_at = models.DateTimeField(_("prochaine tentative"))
    last_error = models.CharField(_("dernière erreur"), max_length=1000, blank=True)
    error_class = models.CharField(_("nature de l’erreur"), max_length=10, choices=ErrorClass.choices, blank=True)
    violations = models.JSONField(_("règles non respectées"), default=list)
    made_at = models.DateTimeField(_("établie le"))
    deposited_at = models.DateTimeField(_("reçue le"), null=True)
    answered_at = models.DateTimeField(_("jugée le"), null=True)
    watched_at = models.DateTimeField(null=True, editable=False)

    class Meta(CompanyRow.Meta):
        verbose_name = _("déclaration d’e-reporting")
        verbose_name_plural = _("déclarations d’e-reporting")
        ordering = ["turn"]
        constraints = [
            models.UniqueConstraint(fields=["period", "turn"], name="one_report_per_turn"),
            # the database's word against a second one: two people, or a person and the clock, at the same moment
            models.UniqueConstraint(
                fields=["period"],
                condition=Q(status__in=[str(status) for status in UNDER_WAY]),
                name="one_report_under_way_per_period",
            ),
            models.UniqueConstraint(
                fields=["period"],
                condition=Q(type_code="IN") & ~Q(status__in=["REJECTED", "REPLACED"]),
                name="one_initial_report_per_period",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(status__in=["PENDING", "UNKNOWN", "SENDING"]),
                name="report_due",
            ),
        ]

    def __str__(self) -> str:
        # nothing of its period: the proof names a report whose period was tampered with
        return f"{self.get_type_code_display()} n° {self.turn}"

    def get_absolute_url(self) -> str:
        return self.period.get_absolute_url() if self.period_id else ""

    @property
    def can_retry(self) -> bool:
        return self.status in {ReportStatus.INVALID, ReportStatus.DEAD}
