"""Bank accounts, statements and their lines. What explains a line: matches.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from config.kernel import typography
from config.kernel.models import CompanyRow


class BankAccount(CompanyRow):
    """An account of the company. `imported_at`: until when its movements are known."""

    name = models.CharField(_("intitulé"), max_length=100)
    iban = models.CharField("IBAN", max_length=34)
    bic = models.CharField("BIC", max_length=11, blank=True)
    currency = models.CharField(_("devise"), max_length=3, default="EUR")
    ledger_account = models.CharField(_("compte comptable"), max_length=10, default="512000")
    # of its own, BQ1 and on; '' for that of all banks together
    journal = models.CharField(_("journal"), max_length=5, blank=True, default="")
    imported_at = models.DateTimeField(_("dernier relevé importé le"), null=True, editable=False)

    STALE_AFTER: ClassVar[timedelta] = timedelta(hours=24)

    class Meta(CompanyRow.Meta):
        verbose_name = _("compte bancaire")
        verbose_name_plural = _("comptes bancaires")
        constraints = [
            models.UniqueConstraint(fields=["company", "iban"], name="one_account_per_iban"),
            # a bank is reconciled with one account of the journal
            models.UniqueConstraint(fields=["company", "ledger_account"], name="one_bank_per_ledger_account"),
            models.CheckConstraint(
                condition=Q(ledger_account__regex=r"^512[0-9]{3,7}$"), name="a_bank_is_booked_on_512"
            ),
            models.UniqueConstraint(
                fields=["company", "journal"], condition=~Q(journal=""), name="one_bank_per_journal"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_stale(self, at: datetime) -> bool:
        return self.imported_at is None or at - self.imported_at > self.STALE_AFTER


def _statement_path(statement: Any, name: str) -> str:
    return f"statements/{statement.company_id}/{statement.pk}/{name}"


class BankStatement(CompanyRow):
    """One statement of one account, kept byte for byte."""

    account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="statements")
    reference = models.CharField(_("référence"), max_length=140)
    opened_on = models.DateField(_("du"))
    closed_on = models.DateField(_("au"))
    # None where the file gives none: an intraday report, a notice, most tables
    opening = models.DecimalField(_("solde initial"), max_digits=16, decimal_places=2, null=True)
    closing = models.DecimalField(_("solde final"), max_digits=16, decimal_places=2, null=True)
    format = models.CharField(_("format"), max_length=20, blank=True, default="")
    file = models.FileField(_("fichier"), upload_to=_statement_path, max_length=255)
    sha256 = models.CharField("SHA-256", max_length=64)
    line_count = models.PositiveIntegerField(_("lignes"))
    new_count = models.PositiveIntegerField(_("lignes nouvelles"))
    # the first of those that were imported before: line_id, booked_on, amount, counterparty, reason
    already_known = models.JSONField(_("lignes déjà connues"), default=list, blank=True)
    imported_at = models.DateTimeField(_("importé le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("relevé")
        verbose_name_plural = _("relevés")
        indexes = [models.Index(fields=["company", "-imported_at", "-id"], name="statement_by_import")]

    def __str__(self) -> str:
        return self.reference


class LineStatus(models.TextChoices):
    OPEN = "OPEN", _("À rapprocher")
    MATCHED = "MATCHED", _("Rapprochée")
    SUSPENSE = "SUSPENSE", _("En attente (471)")
    VOID = "VOID", _("Annulée par la banque")


class BankLine(CompanyRow):
    """One movement of the account: positive in, negative out.

    A line waits, is explained, or is booked on 471 and still to be explained; each of the two has one live match. One
    that the bank itself took back never was money: nothing is booked of it.
    """

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        LineStatus.OPEN: frozenset({LineStatus.MATCHED, LineStatus.SUSPENSE, LineStatus.VOID}),
        LineStatus.MATCHED: frozenset({LineStatus.OPEN, LineStatus.SUSPENSE}),
        LineStatus.SUSPENSE: frozenset({LineStatus.OPEN, LineStatus.MATCHED}),
        LineStatus.VOID: frozenset({LineStatus.OPEN}),
    }
    # columns that lines which were sealed before do not have
    ADDED: ClassVar[tuple[str, ...]] = (
        "balance_before", "transaction_code", "return_code", "is_reversal", "instructed_amount", "instructed_currency",
        "mandate_reference", "batch_reference",
    )  # fmt: skip
    # what is still to be explained
    UNEXPLAINED: ClassVar[tuple[str, ...]] = (LineStatus.OPEN, LineStatus.SUSPENSE)

    account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="lines")
    statement = models.ForeignKey(BankStatement, on_delete=models.PROTECT, related_name="lines")
    status = models.CharField(_("état"), max_length=8, choices=LineStatus.choices, default=LineStatus.OPEN)
    booked_on = models.DateField(_("date d’opération"))
    value_on = models.DateField(_("date de valeur"), null=True)
    amount = models.DecimalField(_("montant"), max_digits=16, decimal_places=2)
    currency = models.CharField(_("devise"), max_length=3)
    counterparty = models.CharField(_("contrepartie"), max_length=200, blank=True)
    counterparty_iban = models.CharField(_("IBAN de la contrepartie"), max_length=34, blank=True)
    remittance = models.CharField(_("libellé"), max_length=1000, blank=True)
    structured_reference = models.CharField(_("référence structurée"), max_length=140, blank=True)
    end_to_end_id = models.CharField(_("référence de bout en bout"), max_length=140, blank=True)
    bank_reference = models.CharField(_("référence de la banque"), max_length=140, blank=True)
    import_key = models.CharField(max_length=80)
    balance_before = models.DecimalField(_("solde avant le mouvement"), max_digits=16, decimal_places=2, null=True)
    # what the bank says of the kind of movement: its code (BkTxCd), and why a payment came back (RtrInf)
    transaction_code = models.CharField(_("code d’opération"), max_length=40, blank=True, default="")
    return_code = models.CharField(_("motif du retour"), max_length=4, blank=True, default="")
    is_reversal = models.BooleanField(_("annule un mouvement"), default=False)
    # of direct debits: the mandate (MndtId), and the batch or file of ours that the movement is of (PmtInfId, MsgId)
    mandate_reference = models.CharField(_("référence du mandat"), max_length=35, blank=True, default="")
    batch_reference = models.CharField(_("référence du lot"), max_length=35, blank=True, default="")
    # what the payer ordered, in his currency, before change and charges (InstdAmt)
    instructed_amount = models.DecimalField(_("montant ordonné"), max_digits=16, decimal_places=2, null=True)
    instructed_currency = models.CharField(_("devise ordonnée"), max_length=3, blank=True, default="")

    class Meta(CompanyRow.Meta):
        verbose_name = _("ligne bancaire")
        verbose_name_plural = _("lignes bancaires")
        # the database's word against a movement twice: two imports at once, a feed read beside a file
        constraints = [models.UniqueConstraint(fields=["account", "import_key"], name="each_bank_line_once")]
        indexes = [
            models.Index(fields=["company", "-booked_on", "-id"], name="bankline_by_date"),
            models.Index(fields=["company", "booked_on"], condition=Q(status="OPEN"), name="bankline_open"),
        ]

    def __str__(self) -> str:
        amount = typography.money(self.amount, self.currency)
        return " · ".join(part for part in (typography.day(self.booked_on), amount, self.counterparty) if part)

    def get_absolute_url(self) -> str:
        return reverse("payments:bankline-detail", args=[self.pk])
