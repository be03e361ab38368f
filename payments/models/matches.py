"""What explains a bank line: one decision, made of parts that together are the line's amount. Undone, it stays."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice
from config.kernel.models import CompanyRow
from payments.models.bank import BankLine
from payments.models.payments import Allocation, Payment


class Match(CompanyRow):
    """One decision on one line, with the rule and the evidence. Undone, it stays, and bars what it paid if automatic.

    Its journal entries have it as their source. `replaces`: the booking on 471 that this decision took the place of.
    """

    line = models.ForeignKey(BankLine, on_delete=models.PROTECT, related_name="matches")
    rule = models.CharField(_("règle"), max_length=40)
    evidence = models.JSONField(_("indices"), default=list)  # [{kind, value}]
    rivals = models.JSONField(_("autres possibilités"), default=list)  # [{kind, value}], with why each lost
    is_automatic = models.BooleanField(_("automatique"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    at = models.DateTimeField(_("date"))
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="replaced_by", verbose_name=_("remplace")
    )
    undone_at = models.DateTimeField(_("défait le"), null=True)
    undone_because = models.CharField(_("motif"), max_length=200, blank=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("rapprochement")
        verbose_name_plural = _("rapprochements")
        constraints = [
            models.UniqueConstraint(fields=["line"], condition=Q(undone_at=None), name="one_live_match_per_line")
        ]

    def __str__(self) -> str:
        return f"{self.line_id} · {self.rule}"


class PartKind(models.TextChoices):
    PAYMENT = "PAYMENT", _("Encaissement")
    REFUND = "REFUND", _("Remboursement ou rejet")
    SUPPLIER = "SUPPLIER", _("Règlement fournisseur")
    BOOKING = "BOOKING", _("Écriture")


class MatchPart(CompanyRow):
    """So much of the line is this: a payment, a refund or return, what a supplier was paid (or gave back), or a booking
    on a ledger account. Signed as the line.

    `is_recorded`: the match recorded the payment or return itself; else it found it, and undoing only unlinks it.
    """

    match = models.ForeignKey(Match, on_delete=models.PROTECT, related_name="parts")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(_("nature"), max_length=10, choices=PartKind.choices)
    amount = models.DecimalField(_("montant"), max_digits=16, decimal_places=2)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, related_name="match_parts")
    refund = models.ForeignKey("payments.Refund", on_delete=models.PROTECT, null=True, related_name="match_parts")
    supplier_payment = models.ForeignKey(
        "payments.SupplierPayment", on_delete=models.PROTECT, null=True, related_name="match_parts"
    )
    is_recorded = models.BooleanField(default=False)
    account = models.CharField(_("compte"), max_length=10, blank=True)
    label = models.CharField(_("libellé"), max_length=200, blank=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("part de rapprochement")
        verbose_name_plural = _("parts de rapprochement")
        constraints = [
            models.UniqueConstraint(fields=["match", "position"], name="one_part_per_position"),
            models.CheckConstraint(condition=~Q(amount=Decimal(0)), name="a_part_explains_something"),
            models.CheckConstraint(
                condition=Q(kind="PAYMENT", payment__isnull=False, account="", amount__gt=0)
                & Q(refund=None, supplier_payment=None)
                | Q(kind="REFUND", refund__isnull=False, account="", amount__lt=0)
                & Q(payment=None, supplier_payment=None)
                | Q(kind="SUPPLIER", supplier_payment__isnull=False, account="", payment=None, refund=None)
                | Q(kind="BOOKING", payment=None, refund=None, supplier_payment=None, is_recorded=False)
                & ~Q(account=""),
                name="a_part_is_what_its_kind_says",
            ),
            models.UniqueConstraint(
                fields=["payment"], condition=Q(is_recorded=True), name="one_match_records_a_payment"
            ),
            models.UniqueConstraint(
                fields=["refund"], condition=Q(is_recorded=True), name="one_match_records_a_return"
            ),
            models.UniqueConstraint(
                fields=["supplier_payment"], condition=Q(is_recorded=True), name="one_match_records_a_supplier_payment"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.document or self.account}"

    @property
    def document(self) -> Any:
        """What the part shows, that bears a number of ours; None for a booking."""
        return self.payment or self.refund or self.supplier_payment


class CreditUsed(CompanyRow):
    """An older payment's credit that the same decision put on an invoice: released when the match is undone."""

    match = models.ForeignKey(Match, on_delete=models.PROTECT, related_name="credits")
    allocation = models.OneToOneField(Allocation, on_delete=models.PROTECT, related_name="+")

    class Meta(CompanyRow.Meta):
        verbose_name = _("crédit utilisé")
        verbose_name_plural = _("crédits utilisés")

    def __str__(self) -> str:
        return f"{self.match_id} · {self.allocation_id}"


class BarredPair(CompanyRow):
    """A person undid this match: it is never made automatically again."""

    line = models.ForeignKey(BankLine, on_delete=models.CASCADE, related_name="barred")
    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="+")

    class Meta(CompanyRow.Meta):
        verbose_name = _("paire écartée")
        verbose_name_plural = _("paires écartées")
        constraints = [models.UniqueConstraint(fields=["line", "invoice"], name="one_bar_per_pair")]

    def __str__(self) -> str:
        return f"{self.line_id} ≠ {self.invoice_id}"
