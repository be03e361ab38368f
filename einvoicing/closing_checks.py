"""What e-invoicing looks at before books are closed: invoices that were refused, documents that nobody has treated."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count, Min
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.ledger.calendar import DAY
from billing.ledger.checks import Check, Finding, Period
from config.kernel.clock import start_of_day
from config.kernel.todo import counted, one_or_list
from einvoicing.models import ReceivedDocument, Transmission
from einvoicing.problems.waiting import ProblemKind, find_problems


def refused(period: Period) -> Iterator[Finding]:
    """Invoices of the period that their customer or platform refused: a credit note corrects them."""
    if not settings.ENABLE_EINVOICING:
        return
    of_period = Transmission.objects.filter(invoice__issue_date__lte=period.through)
    found = find_problems(of_period).order_by().filter(problem_kind=ProblemKind.REFUSED)
    row = found.aggregate(count=Count("pk"), only=Min("pk"))
    if row["count"]:
        sentence = ngettext(
            "%(n)s facture de la période refusée ou rejetée",
            "%(n)s factures de la période refusées ou rejetées",
            row["count"],
        )
        yield Finding(
            sentence=counted(sentence, row["count"]),
            detail=_("À corriger par un avoir et une nouvelle facture : la vente reste dans les livres jusque-là."),
            action=_("Voir le motif"),
            url=one_or_list(
                row["count"],
                row["only"],
                "einvoicing:transmission-detail",
                "einvoicing:transmission-list",
                f"status={ProblemKind.REFUSED.value}",
            ),
        )


def received(period: Period) -> Iterator[Finding]:
    """Documents that came in the period and are no purchase yet."""
    waiting = ReceivedDocument.objects.waiting().filter(received_at__lt=start_of_day(period.through + DAY))
    row = waiting.order_by().aggregate(count=Count("pk"), only=Min("pk"))
    if row["count"]:
        sentence = ngettext(
            "%(n)s document reçu n’est pas traité", "%(n)s documents reçus ne sont pas traités", row["count"]
        )
        yield Finding(
            sentence=counted(sentence, row["count"]),
            detail=_("Une facture de la période est peut-être parmi eux."),
            action=_("Traiter"),
            url=reverse("einvoicing:received-list"),
        )


CHECKS = (
    Check(
        "refused",
        gettext_lazy("Factures refusées"),
        gettext_lazy("Aucune facture de la période n’est refusée."),
        refused,
    ),
    Check("received", gettext_lazy("Documents reçus"), gettext_lazy("Tous sont traités."), received),
)
