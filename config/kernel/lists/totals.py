"""What the rows of a whole filter come to, in words, beside the pages of a list."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.kernel import typography
from config.kernel.currency_sums import by_currency


def summary_of(rows: QuerySet[Any], amount: Any = "", *, currency: Any = "currency") -> str:
    """« 12 lignes · total 1 234,00 € », a currency beside the other, or the number alone without an amount. One query.

    `currency`: its column, or an expression. '' for no row.
    """
    if amount:
        sums = by_currency(rows, amount, currency=currency)
        count, total = sums.count, str(sums)
    else:
        count, total = rows.order_by().count(), ""
    if not count:
        return ""
    counted = ngettext("%(rows)s ligne", "%(rows)s lignes", count) % {"rows": typography.number(count)}
    return f"{counted} · {_('total %(sum)s') % {'sum': total}}" if total else counted
