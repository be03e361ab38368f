"""Customers: one table with a `kind`, checked per kind by the database; addresses, contacts, payment terms."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from config.kernel.folding import holds
from config.kernel.models import CompanyRow
from config.kernel.scope import ScopedManager


class CustomerKind(models.TextChoices):
    ORGANISATION = "ORGANISATION", _("Organisation")
    INDIVIDUAL = "INDIVIDUAL", _("Particulier")


LONGEST_DAYS, LONGEST_WITH_MONTH = 60, 45  # C. com. L441-10


class PaymentTerms(CompanyRow):
    """When an invoice falls due (art. L441-10 C. com.).

    « 45 jours fin de mois » is read both ways in France: days, then the end of the month reached (`end_of_month`), or
    the end of the month of issue, then days (`month_first`). « le 10 » (`then_day`): that day of the month after.
    """

    name = models.CharField(_("intitulé"), max_length=80)
    days = models.PositiveSmallIntegerField(_("jours"))
    end_of_month = models.BooleanField(_("fin de mois"), default=False)
    month_first = models.BooleanField(_("fin de mois, puis les jours"), default=False)
    then_day = models.PositiveSmallIntegerField(_("puis le"), null=True, blank=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("condition de règlement")
        verbose_name_plural = _("conditions de règlement")
        constraints = [
            models.UniqueConstraint(fields=["company", "name"], name="one_terms_per_name"),
            models.CheckConstraint(condition=Q(days__lte=120), name="terms_days_are_sane"),
            models.CheckConstraint(
                condition=Q(end_of_month=False) | Q(month_first=False), name="terms_end_the_month_once"
            ),
            models.CheckConstraint(
                condition=Q(then_day=None) | (Q(then_day__gte=1, then_day__lte=31) & Q(end_of_month=True)),
                name="terms_day_follows_a_month",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def due_date(self, issued_on: date) -> date:
        """The due date of an invoice issued that day. A day that its month has not is the last one of it."""
        start = _month_end(issued_on) if self.month_first else issued_on
        due = start + timedelta(days=self.days)
        if not self.end_of_month:
            return due
        due = _month_end(due)
        if self.then_day is None:
            return due
        following = due + timedelta(days=1)
        return following.replace(day=min(self.then_day, _month_end(following).day))

    @property
    def longest(self) -> int:
        """The most days between an issue and its due date, over a year that has a 29 February."""
        days = (date(2028, 1, 1) + timedelta(days=number) for number in range(366))
        return max((self.due_date(day) - day).days for day in days)

    @property
    def exceeds_the_law(self) -> bool:
        """Longer than 60 days, and no « 45 jours fin de mois » either (art. L441-10 C. com.)."""
        ends_a_month = (self.end_of_month or self.month_first) and self.then_day is None
        return self.longest > LONGEST_DAYS and not (ends_a_month and self.days <= LONGEST_WITH_MONTH)


def _month_end(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


class CustomerQuerySet(models.QuerySet["Customer"]):
    def active(self) -> CustomerQuerySet:
        return self.filter(archived_at=None)

    def customers(self) -> CustomerQuerySet:
        """Whom we bill."""
        return self.filter(is_customer=True)

    def suppliers(self) -> CustomerQuerySet:
        """Who bills us."""
        return self.filter(is_supplier=True)

    def matching(self, text: str) -> CustomerQuerySet:
        """Customers whose name, e-mail, SIREN or SIRET contains the text."""
        digits = "".join(filter(str.isdigit, text))
        found = holds(text, "name", "email")
        if len(digits) >= 3:
            found |= Q(siren__startswith=digits) | Q(siret__startswith=digits)
        return self.filter(found)


class CustomerManager(ScopedManager["Customer"].from_queryset(CustomerQuerySet)):  # type: ignore[misc]  # dynamic base
    pass


class Customer(CompanyRow):
    """Whom we bill, who bills us, or both.

    An organisation has a SIREN or a foreign VAT number; an individual has a first and last name.

    `name` is what documents print: the legal name, or "first last", kept by the service for lists and search.
    """

    kind = models.CharField(_("nature"), max_length=12, choices=CustomerKind.choices)
    is_customer = models.BooleanField(_("client"), default=True)
    is_supplier = models.BooleanField(_("fournisseur"), default=False)
    name = models.CharField(_("nom"), max_length=200)
    first_name = models.CharField(_("prénom"), max_length=100, blank=True)
    last_name = models.CharField(_("nom de famille"), max_length=100, blank=True)
    email = models.EmailField(_("adresse e-mail"), blank=True)
    phone = models.CharField(_("téléphone"), max_length=30, blank=True)
    siren = models.CharField("SIREN", max_length=9, blank=True)
    siret = models.CharField("SIRET", max_length=14, blank=True)
    vat_number = models.CharField(_("n° de TVA"), max_length=20, blank=True)
    electronic_address = models.CharField(_("adresse de facturation électronique"), max_length=125, blank=True)
    is_public_body = models.BooleanField(_("entité publique"), default=False)
    service_code = models.CharField(_("code service"), max_length=100, blank=True)
    requires_service_code = models.BooleanField(_("code service exigé"), default=False)
    requires_commitment = models.BooleanField(_("n° d’engagement exigé"), default=False)
    exemption_code = models.CharField(_("motif d’exonération (VATEX)"), max_length=30, blank=True)
    # by which its sales may go to an account of their own
    group = models.CharField(_("groupe"), max_length=40, blank=True, default="")
    terms = models.ForeignKey(PaymentTerms, on_delete=models.PROTECT, verbose_name=_("conditions de règlement"))
    notes = models.TextField(_("notes internes"), blank=True)
    reminders_paused_until = models.DateField(_("relances suspendues jusqu’au"), null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    # the record of the same customer that goes on: what was issued before stays under this one
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="merged"
    )
    # of an individual whom no law keeps: nothing here tells any more who it was
    erased_at = models.DateTimeField(_("effacé le"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[CustomerManager] = CustomerManager()
    everywhere: ClassVar[models.Manager[Any]] = models.Manager.from_queryset(CustomerQuerySet)()

    class Meta(CompanyRow.Meta):
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=CustomerKind.ORGANISATION, first_name="", last_name="")
                | (
                    Q(kind=CustomerKind.INDIVIDUAL, siren="", siret="", vat_number="", is_public_body=False)
                    & ~Q(last_name="")
                ),
                name="customer_columns_fit_kind",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="customer_has_a_name"),
            models.CheckConstraint(
                condition=Q(erased_at=None) | Q(first_name="", email="", phone="", notes="", archived_at__isnull=False),
                name="an_erased_person_is_not_told",
            ),
            models.CheckConstraint(
                condition=Q(is_customer=True) | Q(is_supplier=True), name="a_third_party_buys_or_sells"
            ),
            models.CheckConstraint(
                condition=Q(siren="") | Q(siren__regex=r"^\d{9}$"), name="customer_siren_is_nine_digits"
            ),
            models.CheckConstraint(
                condition=Q(siret="") | (Q(siret__regex=r"^\d{14}$") & Q(siret__startswith=models.F("siren"))),
                name="customer_siret_starts_with_siren",
            ),
            models.CheckConstraint(condition=Q(is_public_body=False) | ~Q(siret=""), name="public_body_has_a_siret"),
            models.UniqueConstraint(
                fields=["company", "siret", "service_code"],
                condition=~Q(siret=""),
                name="one_customer_per_siret_and_service",
            ),
        ]
        indexes = [
            models.Index(fields=["company", "name", "id"], name="customer_by_name"),
            models.Index(fields=["company", "name", "id"], condition=Q(is_supplier=True), name="supplier_by_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_individual(self) -> bool:
        return self.kind == CustomerKind.INDIVIDUAL

    def get_absolute_url(self) -> str:
        return reverse("customers:customer-detail", args=[self.pk])


class _OfKind(ScopedManager[Any]):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(kind=self.kind)


class Organisation(Customer):
    objects: ClassVar[Any] = _OfKind(CustomerKind.ORGANISATION)

    class Meta:
        proxy = True
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")


class Individual(Customer):
    objects: ClassVar[Any] = _OfKind(CustomerKind.INDIVIDUAL)

    class Meta:
        proxy = True
        verbose_name = _("particulier")
        verbose_name_plural = _("particuliers")


class AddressKind(models.TextChoices):
    BILLING = "BILLING", _("Facturation")
    DELIVERY = "DELIVERY", _("Livraison")


class Address(CompanyRow):
    """Where a customer is billed, or where goods go (BG-8, BG-15)."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="addresses")
    kind = models.CharField(_("usage"), max_length=10, choices=AddressKind.choices, default=AddressKind.BILLING)
    line = models.CharField(_("adresse"), max_length=200)
    extra = models.CharField(_("complément"), max_length=200, blank=True)
    postcode = models.CharField(_("code postal"), max_length=12)
    city = models.CharField(_("ville"), max_length=100)
    country = models.CharField(_("pays"), max_length=2, default="FR")

    class Meta(CompanyRow.Meta):
        verbose_name = _("adresse")
        verbose_name_plural = _("adresses")
        constraints = [
            models.UniqueConstraint(fields=["customer"], condition=Q(kind="BILLING"), name="one_billing_address"),
            models.CheckConstraint(condition=Q(country__regex=r"^[A-Z]{2}$"), name="address_country_is_iso"),
        ]

    def __str__(self) -> str:
        return f"{self.line}, {self.postcode} {self.city}"


class Contact(CompanyRow):
    """A person at a customer's; who gets invoices and who gets reminders."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="contacts")
    name = models.CharField(_("nom"), max_length=200)
    position = models.CharField(_("fonction"), max_length=100, blank=True)
    email = models.EmailField(_("adresse e-mail"), blank=True)
    phone = models.CharField(_("téléphone"), max_length=30, blank=True)
    gets_invoices = models.BooleanField(_("reçoit les factures"), default=True)
    gets_reminders = models.BooleanField(_("reçoit les relances"), default=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")

    def __str__(self) -> str:
        return self.name
