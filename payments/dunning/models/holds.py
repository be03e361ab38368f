"""What holds back the reminders of one invoice until a day: a promise to pay, a dispute to look at again, a pause."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice
from config.kernel.models import CompanyRow


class HoldKind(models.TextChoices):
    PROMISE = "PROMISE", _("Promesse de règlement")
    DISPUTE = "DISPUTE", _("Litige à revoir")
    PAUSE = "PAUSE", _("Pause")


class ReminderHold(CompanyRow):
    """No reminder of the invoice through `until`, that day included. Of each kind one lives at a time.

    A promise names an amount, and keeps what was due when it was made: it is kept once as much has been settled.
    """

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="reminder_holds")
    kind = models.CharField(_("nature"), max_length=10, choices=HoldKind.choices)
    until = models.DateField(_("jusqu’au"))
    amount = models.DecimalField(_("montant promis"), max_digits=16, decimal_places=2, null=True)
    balance = models.DecimalField(_("reste dû alors"), max_digits=16, decimal_places=2)
    note = models.CharField(_("note"), max_length=300, blank=True)
    made_at = models.DateTimeField(_("noté le"))
    ended_at = models.DateTimeField(_("levé le"), null=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("suspension des relances")
        verbose_name_plural = _("suspensions des relances")
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "kind"], condition=Q(ended_at=None), name="one_live_hold_a_kind"
            ),
            models.CheckConstraint(
                condition=Q(kind="PROMISE", amount__gt=0) | ~Q(kind="PROMISE") & Q(amount=None),
                name="a_promise_has_an_amount",
            ),
        ]
        indexes = [models.Index(fields=["company", "until"], condition=Q(ended_at=None), name="live_hold_by_day")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} – {self.invoice}"

    def is_over(self, today: date) -> bool:
        return self.ended_at is not None or today > self.until

    def is_kept(self, balance: Decimal) -> bool:
        """Whether what was promised has been settled since, `balance` being what is still due."""
        return self.amount is not None and self.balance - balance >= self.amount

    def is_broken(self, balance: Decimal, today: date) -> bool:
        """A promise whose day is past, while less than its amount was settled since."""
        return (
            self.kind == HoldKind.PROMISE
            and self.ended_at is None
            and today > self.until
            and balance > 0
            and not self.is_kept(balance)
        )
