"""What payments looks at before books are closed: banks agree with their statements, each line is explained."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Min
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.ledger.checks import Check, Finding, Period
from config.kernel import typography
from config.kernel.todo import counted, one_or_list
from payments.models import BankAccount, BankLine, LineStatus
from payments.services.balances import balance_at_bank, balance_in_books
from payments.services.valuing import holds_currencies, live_entries


def balances(period: Period) -> Iterator[Finding]:
    """The last stated balance at the day is that of the account's 512."""
    for account in BankAccount.objects.order_by("ledger_account"):
        known, booked = balance_at_bank(account, period.through), balance_in_books(account, period.through)
        url = f"{reverse('payments:account-reconciliation', args=[account.pk])}?on={period.through:%Y-%m-%d}"
        if known is None:
            if booked:
                yield Finding(
                    sentence=_("%(account)s : aucun relevé ne donne de solde") % {"account": account.name},
                    detail=_("Les livres disent %(booked)s.") % {"booked": typography.money(booked, account.currency)},
                    action=_("Importer un relevé"),
                    url=reverse("payments:statement-list"),
                )
        elif known.amount != booked:
            said = {
                "bank": typography.money(known.amount, account.currency),
                "booked": typography.money(booked, account.currency),
            }
            yield Finding(
                sentence=_("%(account)s : la banque et les livres diffèrent") % {"account": account.name},
                detail=_("Banque %(bank)s, livres %(booked)s : l’état de rapprochement dit pourquoi.") % said,
                action=_("Rapprocher"),
                url=url,
            )
        elif known.stated_on < period.through:
            yield Finding(
                sentence=_("%(account)s : le dernier relevé s’arrête au %(day)s")
                % {"account": account.name, "day": typography.day(known.stated_on)},
                action=_("Importer un relevé"),
                url=reverse("payments:statement-list"),
            )


def lines(period: Period) -> Iterator[Finding]:
    """Movements of the period that nothing explains yet: they are in no book."""
    row = BankLine.objects.filter(status=LineStatus.OPEN, booked_on__lte=period.through).aggregate(
        count=Count("pk"), only=Min("pk")
    )
    if row["count"]:
        sentence = ngettext(
            "%(n)s ligne de banque n’est pas expliquée", "%(n)s lignes de banque ne sont pas expliquées", row["count"]
        )
        yield Finding(
            sentence=counted(sentence, row["count"]),
            detail=_("Expliquée après la clôture, elle sera comptabilisée au premier jour ouvert."),
            action=_("Rapprocher"),
            url=one_or_list(row["count"], row["only"], "payments:worktable-line", "payments:worktable"),
        )


def currencies(period: Period) -> Iterator[Finding]:
    """What is owed and held in other currencies through the last day of a year, not valued at its rate yet."""
    on = period.through
    if on != period.year.ends_on or not holds_currencies(period.company, on) or live_entries(period.company, on):
        return
    yield Finding(
        sentence=_("Des soldes en devises ne sont pas évalués au cours du %(day)s") % {"day": typography.day(on)},
        detail=_("Leurs écarts de conversion et la provision des pertes manquent au bilan."),
        action=_("Évaluer"),
        url=f"{reverse('payments:valuing')}?on={on:%Y-%m-%d}",
    )


SAME = gettext_lazy("Chaque banque et son compte 512 disent le même solde.")
CHECKS = (
    Check("bank-balances", gettext_lazy("Soldes des banques"), SAME, balances),
    Check("currencies", gettext_lazy("Soldes en devises"), gettext_lazy("Aucun n’est à évaluer."), currencies),
    Check("bank-lines", gettext_lazy("Lignes de banque"), gettext_lazy("Chaque mouvement est expliqué."), lines),
)
