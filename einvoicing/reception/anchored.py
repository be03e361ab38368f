"""Where each supplier writes what, as people have shown it: one place a field, the last that was shown."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.models import CompanyRow
from customers.models import Customer
from einvoicing.reception.models import ReceivedDocument


class SupplierAnchor(CompanyRow):
    """A `reading.anchors.Anchor` of a supplier: the words beside a datum, and where it stood on the page."""

    supplier = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="anchors", db_index=False)
    field = models.CharField(_("donnée"), max_length=20)
    relation = models.CharField(_("position"), max_length=8)
    label = models.CharField(_("libellé"), max_length=60, blank=True)
    x = models.FloatField(_("abscisse"))
    y = models.FloatField(_("ordonnée"))
    page = models.SmallIntegerField(_("page"))  # from 1, or from -1 for the last one
    learnt_from = models.ForeignKey(
        ReceivedDocument, on_delete=models.CASCADE, related_name="+", verbose_name=_("montré sur")
    )
    learnt_at = models.DateTimeField(_("montré le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("repère de lecture")
        verbose_name_plural = _("repères de lecture")
        constraints = [
            models.UniqueConstraint(fields=["supplier", "field"], name="one_anchor_per_supplier_field"),
        ]

    def __str__(self) -> str:
        return f"{self.field} : {self.label}"
