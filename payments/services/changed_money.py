"""Money that the bank changed before it came: a line in the currency of the books that pays invoices in another.

What was paid, in the invoices' currency, is what the payer ordered (InstdAmt) where the statement says it, else the
line at the rate of its day; a bank's own rate near that one pays the invoices exactly. The payment is worth what came
in, so that each share's difference is realised as that of any other (payments.services.exchange).
"""

from __future__ import annotations

from decimal import Decimal, localcontext

from config.kernel.errors import Invalid
from config.kernel.exchange import rate_on
from config.kernel.money import PRECISION, ZERO, round_in
from payments.models import BankLine
from payments.services.settling_parts import Received

NEAR = Decimal("0.05")  # of the line: how far a bank's rate with its margin stands from the published one


class OneCurrencyAlone(Invalid):
    code = "one_currency_alone"
    message = (
        "Cette ligne a été changée par la banque : elle règle des factures d’une seule devise, sans avoir ni écart "
        "à solder. L’écart de change est comptabilisé sans qu’on le demande."
    )


def is_changed(line: BankLine, part: Received) -> bool:
    """Whether the part pays in another currency a line that is in that of the books."""
    return any(row.invoice.currency != line.currency for row in part.shares) and line.currency == line.company.currency


def paid_in(line: BankLine, part: Received) -> tuple[Decimal, str]:
    """What was paid, and the currency of the invoices. Raises OneCurrencyAlone, UnknownRate."""
    currencies = {share.invoice.currency for share in part.shares}
    if len(currencies) > 1 or part.credits or part.write_offs or part.kept:
        raise OneCurrencyAlone
    (currency,) = currencies
    if line.instructed_amount and line.instructed_currency == currency and part.amount == line.amount:
        return line.instructed_amount, currency
    found = rate_on(company_id=line.company_id, base=line.currency, currency=currency, on=line.booked_on)
    with localcontext() as context:
        context.prec = PRECISION
        at_rate = round_in(part.amount * found.rate, currency)
    wanted = sum((share.amount for share in part.shares), ZERO)
    return (wanted if abs(at_rate - wanted) <= at_rate * NEAR else at_rate), currency
