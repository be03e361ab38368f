"""Companies, who works in them, and what every row of a company shares."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.ids import new_id
from config.kernel.models.users import User
from config.kernel.roles import Role, may, may_read
from config.kernel.scope import ScopedManager


class VatRegime(models.TextChoices):
    NORMAL = "NORMAL", _("Réel normal")
    SIMPLIFIED = "SIMPLIFIED", _("Réel simplifié")
    FRANCHISE = "FRANCHISE", _("Franchise en base (art. 293 B du CGI)")


class CompanySize(models.TextChoices):
    """INSEE's classes (décret 2008-1354), by which the law sets the day of e-invoicing."""

    MICRO = "MICRO", _("Microentreprise")
    PME = "PME", _("PME")
    ETI = "ETI", _("ETI")
    GE = "GE", _("Grande entreprise")


SWISS = frozenset({"CH", "LI"})  # one customs and VAT territory: an IDE instead of a SIREN, books in francs


class Company(models.Model):
    """An issuer of invoices: its identity, its legal mentions, its habits."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("raison sociale"), max_length=200)
    legal_form = models.CharField(_("forme juridique"), max_length=60, blank=True)
    share_capital = models.CharField(_("capital social"), max_length=60, blank=True)
    siren = models.CharField("SIREN", max_length=9, blank=True)
    siret = models.CharField("SIRET", max_length=14, blank=True)
    uid = models.CharField(_("IDE"), max_length=12, blank=True, help_text=_("Société suisse : à la place du SIREN."))
    vat_number = models.CharField(_("n° de TVA intracommunautaire"), max_length=20, blank=True)
    rcs_city = models.CharField(_("ville du RCS"), max_length=80, blank=True)
    address_line = models.CharField(_("adresse"), max_length=200)
    address_extra = models.CharField(_("complément"), max_length=200, blank=True)
    postcode = models.CharField(_("code postal"), max_length=12)
    city = models.CharField(_("ville"), max_length=100)
    country = models.CharField(_("pays"), max_length=2, default="FR")
    email = models.EmailField(_("adresse e-mail"))
    phone = models.CharField(_("téléphone"), max_length=30, blank=True)
    electronic_address = models.CharField(_("adresse de facturation électronique (0225)"), max_length=125, blank=True)
    iban = models.CharField("IBAN", max_length=34)
    bic = models.CharField("BIC", max_length=11, blank=True)
    vat_regime = models.CharField(
        _("régime de TVA"), max_length=12, choices=VatRegime.choices, default=VatRegime.NORMAL
    )
    size = models.CharField(_("taille"), max_length=5, choices=CompanySize.choices, default=CompanySize.PME)
    vat_on_debits = models.BooleanField(_("option pour la TVA d’après les débits"), default=False)
    late_penalty_mention = models.CharField(
        _("pénalités de retard"),
        max_length=300,
        default="En cas de retard de paiement, pénalités au taux de la BCE majoré de 10 points "
        "(art. L441-10 du code de commerce).",
    )
    recovery_mention = models.CharField(
        _("indemnité de recouvrement"),
        max_length=300,
        blank=True,
        default="Indemnité forfaitaire pour frais de recouvrement en cas de retard de paiement : 40 €.",
    )
    discount_mention = models.CharField(_("escompte"), max_length=300, default="Pas d’escompte pour paiement anticipé.")
    accent_color = models.CharField(_("couleur des documents"), max_length=7, default="#1f4e5f")
    requires_mfa = models.BooleanField(
        _("second facteur exigé"), default=False, help_text=_("Qui n’en a pas n’ouvre que sa page de sécurité.")
    )
    title_color = models.CharField(_("couleur des titres"), max_length=7, blank=True)
    logo = models.ForeignKey("kernel.Logo", on_delete=models.PROTECT, null=True, related_name="+")
    footer = models.CharField(_("pied de page"), max_length=400, blank=True)
    extra_mentions = models.CharField(_("mentions complémentaires"), max_length=800, blank=True)
    # what a line that is begun says by itself, and what may be chosen; no units: all of them
    usual_vat_rate = models.DecimalField(_("taux de TVA habituel"), max_digits=5, decimal_places=2, default=Decimal(20))
    usual_unit = models.CharField(_("unité habituelle"), max_length=3, default="C62")
    units = ArrayField(models.CharField(max_length=3), verbose_name=_("unités proposées"), default=list, blank=True)
    reminders_enabled = models.BooleanField(_("relances automatiques"), default=True)
    friendly_after_days = models.PositiveSmallIntegerField(_("relance amicale à J+"), default=7)
    firm_after_days = models.PositiveSmallIntegerField(_("relance ferme à J+"), default=15)
    final_after_days = models.PositiveSmallIntegerField(_("mise en demeure à J+"), default=30)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("société")
        verbose_name_plural = _("sociétés")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(siren__regex=r"^\d{9}$", uid="")
                | models.Q(siren="", siret="", uid__regex=r"^CHE\d{9}$", country__in=sorted(SWISS)),
                name="company_has_a_siren_or_a_swiss_uid",
            ),
            models.UniqueConstraint(fields=["siren"], condition=~models.Q(siren=""), name="one_company_per_siren"),
            models.UniqueConstraint(fields=["uid"], condition=~models.Q(uid=""), name="one_company_per_uid"),
            models.CheckConstraint(
                condition=models.Q(siret__startswith=models.F("siren")),
                name="company_siret_starts_with_siren",
            ),
            models.CheckConstraint(
                condition=models.Q(friendly_after_days__lt=models.F("firm_after_days"))
                & models.Q(firm_after_days__lt=models.F("final_after_days")),
                name="company_reminders_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def currency(self) -> str:
        """That of its books."""
        return "CHF" if self.country in SWISS else "EUR"

    @property
    def is_swiss(self) -> bool:
        """Of Switzerland or Liechtenstein, known by its IDE: no law of France on invoices, VAT or books is its own."""
        return bool(self.uid)

    @property
    def law(self) -> str:
        """The country whose law its books and papers follow: what tables of pages, reports and sentences name."""
        return "CH" if self.is_swiss else "FR"

    @property
    def legal_number(self) -> str:
        """Its SIREN, else its IDE: what names it in files, on the command line and in partners' calls."""
        return self.siren or self.uid

    @property
    def company_id(self) -> int:
        """Its own company, for the audit trail: settings are facts too."""
        return self.pk

    @property
    def subject(self) -> str:
        return f"{self._meta.label_lower}:{self.pk}"


def _personal_limit(label: Any) -> models.DecimalField[Any, Any]:
    return models.DecimalField(
        label, max_digits=14, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(Decimal(0))]
    )


class Membership(models.Model):
    """A person's place in a company."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("rôle"), max_length=12, choices=Role.choices)
    # the most that this person does alone, VAT included, in the currency of the books; none: what the role may
    credit_note_limit = _personal_limit(_("limite d’un avoir"))
    write_off_limit = _personal_limit(_("limite d’une différence soldée"))
    payment_run_limit = _personal_limit(_("limite d’un lot de règlements"))
    created_at = models.DateTimeField(auto_now_add=True)

    LIMITS: ClassVar[tuple[str, ...]] = ("credit_note_limit", "write_off_limit", "payment_run_limit")

    class Meta:
        verbose_name = _("appartenance")
        verbose_name_plural = _("appartenances")
        constraints = [
            models.UniqueConstraint(fields=["user", "company"], name="one_membership_per_company"),
            models.CheckConstraint(
                condition=~models.Q(role=Role.OWNER)
                | models.Q(
                    credit_note_limit__isnull=True, write_off_limit__isnull=True, payment_run_limit__isnull=True
                ),
                name="an_owner_has_no_limit",
                violation_error_message=_("Un gérant n’a pas de limite : laissez-les vides."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} – {self.company} ({self.get_role_display()})"

    def may(self, action: str) -> bool:
        return may(self.role, action)

    def may_read(self, area: str) -> bool:
        return may_read(self.role, area)


class CompanyRow(models.Model):
    """What every row of a company shares: its company, an unguessable id, and a scope that fails closed.

    `objects` sees the company in scope only, and raises without one. `everywhere` is unfiltered by Python alone:
    PostgreSQL still shows what the scope allows, the company's own rows in `company_scope`, nothing in no scope.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")

    objects: ClassVar[ScopedManager[Any]] = ScopedManager()
    everywhere: ClassVar[models.Manager[Any]] = models.Manager()

    class Meta:
        abstract = True
        base_manager_name = "everywhere"

    @classmethod
    def subject_of(cls, pk: int) -> str:
        """How the audit trail names a row of this class."""
        return f"{cls._meta.label_lower}:{pk}"

    @property
    def subject(self) -> str:
        return self.subject_of(self.pk)
