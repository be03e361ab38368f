"""What of the figures wants a look, from the figures alone: no further query."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from config.kernel import typography
from config.pages.dashboard.asking import Asked
from config.pages.dashboard.figures import Bank, Figures
from config.pages.dashboard.forecast import Forecast
from config.pages.dashboard.linking import lines_url, page_url

MOST_OF_ALL = Decimal("0.3")  # of what is owed, by one customer
SLOWER = 5  # days of sales more than three months before
FRESH = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Alert:
    sentence: str
    tone: str
    icon: str
    url: str = ""


def alerts_of(found: Figures) -> list[Alert]:
    """The worst first."""
    return [*_old_debts(found), *_one_large_debtor(found), *_slower(found), *_banks(found), *_other_currencies(found)]


def _old_debts(found: Figures) -> Iterator[Alert]:
    asked, amount = found.asked, found.aged.buckets["days_over_90"]
    if amount > 0:
        sentence = _("%(amount)s en retard de plus de 90 jours.") % {"amount": _money(asked, amount)}
        yield Alert(sentence, "bad", "alert", lines_url(asked, "days_over_90"))


def _one_large_debtor(found: Figures) -> Iterator[Alert]:
    if len(found.debtors) < 2:
        return
    largest = found.debtors[0].debtor
    share = largest.owed / found.aged.owed if found.aged.owed > 0 else Decimal(0)
    if share > MOST_OF_ALL:
        sentence = _("%(name)s : %(share)s de ce qui est à encaisser.") % {
            "name": largest.name,
            "share": typography.percent(round(share * 100)),
        }
        yield Alert(sentence, "warn", "users", debtor_url(found, 0))


def debtor_url(found: Figures, place: int) -> str:
    one = found.debtors[place]
    return lines_url(found.asked, "owed", company=one.company.pk, customer=one.debtor.customer_id)


def _slower(found: Figures) -> Iterator[Alert]:
    if len(found.months) < 4:
        return
    now, before = found.months[-1].dso_count_back, found.months[-4].dso_count_back
    if now is not None and before is not None and now - before >= SLOWER:
        sentence = _(
            "Vos clients paient plus lentement : %(now)s jours de ventes à encaisser, %(before)s il y a trois mois."
        )
        words = {"now": typography.number(now), "before": typography.number(before)}
        yield Alert(sentence % words, "warn", "clock", page_url(found.asked) + "#dso")


def _banks(found: Figures) -> Iterator[Alert]:
    for bank in found.banks:
        if bank.amount is None:
            sentence = _("Solde de « %(account)s » inconnu : aucun relevé n’en donne.")
            yield Alert(sentence % {"account": _account(found, bank)}, "info", "bank")
        elif bank.stated_on is not None and found.asked.on - bank.stated_on > FRESH:
            sentence = _("Solde de « %(account)s » d’après le relevé du %(day)s.")
            words = {"account": _account(found, bank), "day": typography.day(bank.stated_on)}
            yield Alert(sentence % words, "info", "bank")


def alerts_ahead(asked: Asked, ahead: Forecast) -> list[Alert]:
    """Of the forecast: a balance that may not suffice, and VAT that is more than there is."""
    found = []
    short = next((week for week in ahead.weeks if week.balance is not None and week.balance.low < 0), None)
    if short is not None and short.balance is not None:
        sentence = _("La trésorerie peut manquer dès la semaine du %(day)s : une chance sur dix d’être sous %(low)s.")
        words = {"day": typography.day(short.first), "low": _money(asked, short.balance.low)}
        found.append(Alert(sentence % words, "bad" if short.balance.middle < 0 else "warn", "alert"))
    if ahead.already_in:
        sentence = _("%(amount)s reçus en banque ne sont pas rapprochés : ils ne sont pas attendus une seconde fois.")
        found.append(Alert(sentence % {"amount": _money(asked, ahead.already_in)}, "info", "link"))
    return found


def _account(found: Figures, bank: Bank) -> str:
    return f"{bank.company.name} – {bank.name}" if found.asked.is_consolidated else bank.name


def _other_currencies(found: Figures) -> Iterator[Alert]:
    """They are never added to the others: their own page has them."""
    for currency, amount in found.others.items():
        sentence = _("Non compté ici : %(amount)s à encaisser.") % {"amount": typography.money(amount, currency)}
        yield Alert(sentence, "info", "globe", page_url(found.asked, currency=currency))


def _money(asked: Asked, amount: Decimal) -> str:
    return typography.money(amount, asked.currency)
