"""Of VAT: what fell due in the period is on a return (CGI 287)."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Max
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.ledger.checks import Check, Finding, Period
from billing.models import JournalLine, VatReturn
from config.kernel import typography
from config.kernel.models import VatRegime


def undeclared(period: Period) -> Iterator[Finding]:
    """VAT of the period that no return holds. Returns are established elsewhere too: it blocks nothing."""
    if period.company.vat_regime == VatRegime.FRANCHISE:
        return
    due = JournalLine.objects.filter(account__startswith="44571", day__lte=period.through, is_carried=False)
    # what settles a return may stand after its period, where that was closed before it was filed
    due = due.exclude(entry__source__startswith=f"{VatReturn._meta.label_lower}:")
    last = VatReturn.objects.aggregate(day=Max("ends_on"))["day"]
    if due.filter(day__gt=last or period.year.before.ends_on).exists():
        known = _("La dernière déclaration établie ici va jusqu’au %(day)s.")
        yield Finding(
            sentence=_("De la TVA de la période n’est sur aucune déclaration"),
            detail=known % {"day": typography.day(last)} if last else _("Aucune déclaration n’a été établie ici."),
            action=_("Établir la déclaration"),
            url=reverse("billing:vat-list"),
        )


CHECKS = (Check("vat", gettext_lazy("TVA"), gettext_lazy("Toute la TVA de la période est déclarée."), undeclared),)
