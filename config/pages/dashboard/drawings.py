"""Which charts the dashboard has, and what each says in words."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from config.kernel import typography
from config.pages.dashboard.charts import ACCENT, BAD, DAYS, GOOD, SOFT, Chart, Series
from config.pages.dashboard.figures import Figures, Month
from config.pages.dashboard.forecast import Forecast
from config.pages.dashboard.lines import CREDIT, TITLES
from payments.dated_sums.reading import BUCKETS


def short_month(month: Month) -> str:
    return date_format(month.first, "M")


def cash_chart(found: Figures) -> Chart:
    received = sum((month.received for month in found.months), Decimal(0))
    out = sum((month.out for month in found.months), Decimal(0))
    currency = found.asked.currency
    words = _("%(count)s mois : %(received)s encaissés, %(out)s décaissés.") % {
        "count": len(found.months),
        "received": typography.money(received, currency),
        "out": typography.money(out, currency),
    }
    return _monthly(
        found, "cash", _("Encaissements et décaissements par mois"), words,
        Series(_("Encaissé"), [month.received for month in found.months], GOOD),
        Series(_("Décaissé"), [month.out for month in found.months], BAD, is_light=True),
    )  # fmt: skip


def revenue_chart(found: Figures) -> Chart:
    net = sum((month.net for month in found.months), Decimal(0))
    before = sum((month.net_before for month in found.months), Decimal(0))
    words = _("%(net)s HT facturés, %(before)s les mêmes mois un an plus tôt.") % {
        "net": typography.money(net, found.asked.currency),
        "before": typography.money(before, found.asked.currency),
    }
    return _monthly(
        found, "revenue", _("Chiffre d’affaires HT par mois"), words,
        Series(_("Un an plus tôt"), [month.net_before for month in found.months], SOFT, is_light=True),
        Series(_("Facturé HT"), [month.net for month in found.months], ACCENT),
    )  # fmt: skip


def aging_chart(found: Figures) -> Chart:
    values = [*(found.aged.buckets[name] for name in BUCKETS), -found.aged.credit]
    names = [_("non échu"), "1–30", "31–60", "61–90", "> 90", _("crédits")]
    told = ", ".join(
        f"{TITLES[name]} {typography.money(value, found.asked.currency)}"
        for name, value in zip((*BUCKETS, CREDIT), values, strict=True)
    )
    series = Series(_("À encaisser"), values, ACCENT)
    return Chart(
        "aging", _("Balance âgée par jours de retard"), told, names, found.asked.currency, bars=(series,)
    )  # fmt: skip


def dso_chart(found: Figures) -> Chart:
    now = found.now
    words = _("Délai moyen d’encaissement : %(back)s jours par épuisement des ventes, %(simple)s sur un an.") % {
        "back": _or_unknown(now.dso_count_back),
        "simple": _or_unknown(now.dso),
    }
    lines = (
        Series(_("Par épuisement"), [month.dso_count_back for month in found.months], ACCENT),
        Series(_("Sur un an"), [month.dso for month in found.months], SOFT, is_light=True),
    )
    names = [short_month(month) for month in found.months]
    return Chart("dso", _("Jours de ventes à encaisser (DSO)"), words, names, DAYS, lines=lines)


def forecast_chart(found: Forecast, currency: str) -> Chart:
    """The balance by week where one is known, else what comes in and out until then."""
    ranges = [week.balance or week.inflow for week in found.weeks]
    last = ranges[-1]
    words = _(
        "Au bout de treize semaines : %(middle)s, une chance sur dix d’être sous %(low)s ou au-dessus de %(high)s."
    )
    values = {"middle": last.middle, "low": last.low, "high": last.high}
    has_balance = found.weeks[0].balance is not None
    return Chart(
        "ahead",
        _("Solde de trésorerie prévu par semaine") if has_balance else _("Encaissements prévus par semaine"),
        words % {name: typography.money(value, currency) for name, value in values.items()},
        [date_format(week.first, "d/m") for week in found.weeks],
        currency,
        bands=(
            Series(_("Huit chances sur dix"), [one.low for one in ranges], ACCENT, upper=[one.high for one in ranges]),
        ),
        lines=(Series(_("Médiane"), [one.middle for one in ranges], ACCENT),),
    )


def _or_unknown(days: Decimal | None) -> str:
    return "–" if days is None else typography.number(days)


def _monthly(found: Figures, name: str, title: str, words: str, *bars: Series) -> Chart:
    return Chart(name, title, words, _names(found.months), found.asked.currency, bars=bars)


def _names(months: Sequence[Month]) -> list[str]:
    return [short_month(month) for month in months]
