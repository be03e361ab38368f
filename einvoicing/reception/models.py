"""What is received of suppliers: where it is fetched, each document byte for byte, and the statuses about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.purchases.models import PurchaseInvoice
from config.kernel import secrets
from config.kernel.models import CompanyRow, LeasedRow
from config.kernel.scope import ScopedManager
from config.kernel.states import can_move
from einvoicing.models.accounts import PlatformAccount
from einvoicing.models.transmissions import RemoteDocument


class ReceptionChannel(models.TextChoices):
    PLATFORM = "PLATFORM", _("Plateforme")
    UPLOAD = "UPLOAD", _("Dépôt à la main")
    FOLDER = "FOLDER", _("Dossier")
    MAILBOX = "MAILBOX", _("Boîte aux lettres")


# those that are read by themselves
FETCHED = (ReceptionChannel.PLATFORM, ReceptionChannel.FOLDER, ReceptionChannel.MAILBOX)


class ReceptionSource(LeasedRow):
    """One place that is read for supplier documents: an account at a platform, a folder, a mailbox.

    `cursor` is where its reading stands, in the words of who reads it; `owed` what it announced and could not give yet,
    asked for again at each reading. `found`, `missing` and `strangers` are of the last comparison (`compared_at`): what
    it lists, what of it we lack, what we have of it that it lists no more.
    """

    channel = models.CharField(_("canal"), max_length=8, choices=[(one.value, one.label) for one in FETCHED])
    account = models.OneToOneField(
        PlatformAccount, on_delete=models.CASCADE, null=True, blank=True, related_name="reception"
    )
    is_enabled = models.BooleanField(_("active"), default=True)
    folder = models.CharField(_("dossier"), max_length=500, blank=True)  # a path, or a folder of the mailbox
    host = models.CharField(_("serveur IMAP"), max_length=200, blank=True)
    port = models.PositiveIntegerField(_("port"), default=993)
    is_encrypted = models.BooleanField(_("connexion chiffrée (TLS)"), default=True)
    login = models.CharField(_("identifiant"), max_length=200, blank=True)
    password_cipher = models.TextField(blank=True, editable=False)
    cursor = models.TextField(blank=True, editable=False)
    owed = models.JSONField(_("documents annoncés, pas encore donnés"), default=list, editable=False)
    polled_at = models.DateTimeField(_("dernière lecture"), null=True, editable=False)
    last_error = models.CharField(_("dernière erreur"), max_length=500, blank=True, editable=False)
    compared_at = models.DateTimeField(_("dernière comparaison"), null=True, editable=False)
    found = models.PositiveIntegerField(_("documents listés"), default=0, editable=False)
    missing = models.JSONField(_("documents qui manquent ici"), default=list, editable=False)
    strangers = models.JSONField(_("documents qui n’y sont plus"), default=list, editable=False)
    created_at = models.DateTimeField(_("reliée le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("source de réception")
        verbose_name_plural = _("sources de réception")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "channel"], condition=~Q(channel="PLATFORM"), name="one_folder_and_one_mailbox"
            ),
            models.CheckConstraint(
                condition=Q(channel="PLATFORM", account__isnull=False) | (~Q(channel="PLATFORM") & Q(account=None)),
                name="a_platform_is_read_by_its_account",
            ),
        ]

    def __str__(self) -> str:
        return self.account.name if self.account else self.get_channel_display()

    def set_password(self, password: str) -> None:
        self.password_cipher = secrets.encrypt(password, context=self._context())

    def password(self) -> str:
        """In clear, '' where there is none; raises SecretUnreadable."""
        return secrets.decrypt(self.password_cipher, context=self._context()) if self.password_cipher else ""

    def _context(self) -> str:
        return f"receptionsource:{self.company_id}:{self.pk}:password"


class ReceivedStatus(models.TextChoices):
    STORED = "STORED", _("À lire")
    READ = "READ", _("À traiter")
    UNREADABLE = "UNREADABLE", _("Illisible")
    DUPLICATE = "DUPLICATE", _("Doublon")
    RECORDED = "RECORDED", _("Enregistrée")
    SET_ASIDE = "SET_ASIDE", _("Écartée")


# what stands in the inbox until a person looks at it
WAITING = (ReceivedStatus.READ, ReceivedStatus.UNREADABLE, ReceivedStatus.DUPLICATE)


class ReceivedQuerySet(models.QuerySet["ReceivedDocument"]):
    def due(self, *, at: datetime) -> ReceivedQuerySet:
        """Those that are to be read now."""
        return self.filter(status=ReceivedStatus.STORED, next_attempt_at__lte=at)

    def waiting(self) -> ReceivedQuerySet:
        """Those that wait for a person."""
        return self.filter(status__in=WAITING)


class ReceivedManager(ScopedManager["ReceivedDocument"].from_queryset(ReceivedQuerySet)):  # type: ignore[misc]  # dynamic base
    pass


def _path(document: Any, name: str) -> str:
    return f"received/{document.company_id}/{name}"


class ReceivedDocument(LeasedRow):
    """One document of a supplier, stored before anything reads it. The row is the queue of its reading.

    `remote_id` tells it apart within its channel, '' for what a person sends. `reading` is `reading.result.to_dict`,
    `verdict` what the official rules say of its XML; `supplier_key` is a SIREN, else a VAT number, and with the number
    and `fingerprint` tells duplicates. `allows_duplicate`: a person said that it is none.
    """

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        ReceivedStatus.STORED: frozenset(
            {
                ReceivedStatus.READ,
                ReceivedStatus.UNREADABLE,
                ReceivedStatus.DUPLICATE,
                ReceivedStatus.RECORDED,
                ReceivedStatus.SET_ASIDE,
            }
        ),
        ReceivedStatus.READ: frozenset(
            {ReceivedStatus.RECORDED, ReceivedStatus.DUPLICATE, ReceivedStatus.STORED, ReceivedStatus.SET_ASIDE}
        ),
        ReceivedStatus.UNREADABLE: frozenset(
            {ReceivedStatus.STORED, ReceivedStatus.RECORDED, ReceivedStatus.SET_ASIDE}
        ),
        ReceivedStatus.DUPLICATE: frozenset({ReceivedStatus.STORED, ReceivedStatus.SET_ASIDE}),
        ReceivedStatus.SET_ASIDE: frozenset({ReceivedStatus.STORED}),
        ReceivedStatus.RECORDED: frozenset(),
    }
    # what was received never changes: all but this
    MUTABLE: ClassVar[tuple[str, ...]] = (
        "status", "attempts", "next_attempt_at", "problem", "syntax", "reading", "read_at", "verdict", "doubts",
        "supplier_name", "supplier_key", "number", "kind", "issue_date", "gross", "currency", "fingerprint",
        "purchase_id", "duplicate_of_id", "duplicate_why", "allows_duplicate", "set_aside_why", "lease_owner",
        "lease_until",
    )  # fmt: skip

    channel = models.CharField(_("canal"), max_length=8, choices=ReceptionChannel.choices)
    account = models.ForeignKey(
        PlatformAccount, on_delete=models.PROTECT, null=True, blank=True, related_name="received"
    )
    remote_id = models.CharField(_("identifiant d’origine"), max_length=200, blank=True)
    sender = models.CharField(_("expéditeur"), max_length=254, blank=True)  # of the mail it came by
    name = models.CharField(_("nom du fichier"), max_length=255)
    media_type = models.CharField(_("type"), max_length=100, blank=True)
    file = models.FileField(_("fichier"), upload_to=_path, max_length=255)
    sha256 = models.CharField("SHA-256", max_length=64)
    size = models.PositiveIntegerField(_("taille"))
    sent_at = models.DateTimeField(_("date de la plateforme"), null=True, blank=True)
    received_at = models.DateTimeField(_("reçu le"))

    status = models.CharField(_("état"), max_length=10, choices=ReceivedStatus.choices, default=ReceivedStatus.STORED)
    attempts = models.PositiveSmallIntegerField(_("tentatives"), default=0)
    next_attempt_at = models.DateTimeField(_("prochaine lecture"))
    problem = models.CharField(_("difficulté"), max_length=500, blank=True)
    syntax = models.CharField(_("source de la lecture"), max_length=10, blank=True)  # xml, text, ocr
    reading = models.JSONField(_("lecture"), default=dict, blank=True)
    read_at = models.DateTimeField(_("lu le"), null=True)
    verdict = models.JSONField(_("verdict des règles officielles"), default=dict, blank=True)
    doubts = models.JSONField(_("points à vérifier"), default=list, blank=True)

    supplier_name = models.CharField(_("fournisseur"), max_length=200, blank=True)
    supplier_key = models.CharField(_("SIREN ou n° de TVA"), max_length=20, blank=True)
    number = models.CharField(_("numéro"), max_length=60, blank=True)
    kind = models.CharField(_("type de facture"), max_length=3, blank=True)  # BT-3
    issue_date = models.DateField(_("date de facture"), null=True)
    gross = models.DecimalField(_("total TTC"), max_digits=16, decimal_places=2, null=True)
    currency = models.CharField(_("devise"), max_length=3, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True, editable=False)

    purchase = models.ForeignKey(
        PurchaseInvoice, on_delete=models.PROTECT, null=True, blank=True, related_name="documents"
    )
    duplicate_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="copies")
    duplicate_why = models.CharField(_("pourquoi un doublon"), max_length=10, blank=True)
    allows_duplicate = models.BooleanField(_("n’est pas un doublon"), default=False)
    set_aside_why = models.CharField(_("motif"), max_length=300, blank=True)

    objects: ClassVar[ReceivedManager] = ReceivedManager()
    everywhere: ClassVar[models.Manager[Any]] = models.Manager.from_queryset(ReceivedQuerySet)()

    class Meta(CompanyRow.Meta):
        verbose_name = _("document reçu")
        verbose_name_plural = _("documents reçus")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "remote_id"],
                condition=Q(account__isnull=False),
                name="each_received_flow_once",
            ),
            models.UniqueConstraint(
                fields=["company", "channel", "remote_id"],
                condition=Q(account=None) & ~Q(remote_id=""),
                name="each_received_file_once",
            ),
            models.CheckConstraint(
                condition=Q(channel="PLATFORM", account__isnull=False) | (~Q(channel="PLATFORM") & Q(account=None)),
                name="a_flow_comes_by_an_account",
            ),
            models.CheckConstraint(
                condition=~Q(status="RECORDED") | Q(purchase__isnull=False), name="a_recorded_document_is_a_purchase"
            ),
            models.CheckConstraint(
                condition=~Q(status="SET_ASIDE") | ~Q(set_aside_why=""), name="setting_aside_has_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at", "id"], condition=Q(status="STORED"), name="received_due"),
            models.Index(fields=["company", "-received_at", "-id"], name="received_by_day"),
            models.Index(fields=["company", "status", "-received_at", "-id"], name="received_by_status"),
            models.Index(fields=["company", "sha256"], name="received_by_content"),
            models.Index(fields=["id"], condition=Q(syntax="xml", verdict={}), name="received_unjudged"),
            models.Index(fields=["company", "supplier_key", "number"], name="received_by_number"),
            models.Index(
                fields=["company", "fingerprint"], condition=~Q(fingerprint=""), name="received_by_fingerprint"
            ),
        ]

    def __str__(self) -> str:
        return self.number or self.name

    def get_absolute_url(self) -> str:
        return reverse("einvoicing:received-detail", args=[self.pk])

    @property
    def can_read_again(self) -> bool:
        return self.status != ReceivedStatus.STORED and can_move(self, ReceivedStatus.STORED)

    @property
    def can_set_aside(self) -> bool:
        return can_move(self, ReceivedStatus.SET_ASIDE)


class SupplierStatus(CompanyRow):
    """One status of the life of what we received, as its platform told it: append-only, in any order.

    `document` is missing while the invoice that it names has not come.
    """

    document = models.ForeignKey(ReceivedDocument, on_delete=models.PROTECT, null=True, related_name="statuses")
    message = models.ForeignKey(RemoteDocument, on_delete=models.PROTECT, related_name="supplier_statuses")
    number = models.CharField(_("numéro"), max_length=60)
    seller = models.CharField(_("SIREN du fournisseur"), max_length=9, blank=True)
    code = models.CharField(_("code"), max_length=3)
    reason_code = models.CharField(_("motif"), max_length=40, blank=True)
    reason = models.CharField(_("précision"), max_length=2000, blank=True)
    occurred_at = models.DateTimeField(_("date"))
    received_at = models.DateTimeField(_("reçu le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("statut d’un document reçu")
        verbose_name_plural = _("statuts de documents reçus")
        ordering = ["occurred_at", "code"]
        constraints = [
            models.UniqueConstraint(fields=["message", "number", "code"], name="each_supplier_status_once"),
        ]
        indexes = [
            models.Index(fields=["company", "number"], condition=Q(document=None), name="supplier_status_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.number}"
