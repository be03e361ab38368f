"""What a customer does on its page: says that it has paid, pays by card, and what the provider tells of it, twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from config.kernel.clock import local_day
from config.kernel.models import Company
from payments.checkouts import following, opening
from payments.checkouts.accounts import save_account
from payments.checkouts.models import Checkout
from payments.portal.links import link_to_invoice
from payments.portal.notices import tell_paid
from payments.providers.base import RemoteCheckout, RemoteState
from payments.services import payments
from tests.factories.story import ACTOR, AT

if TYPE_CHECKING:
    from tests.trust.money_acts import MoneyDay

PROVIDER = "https://pay.example"


def a_provider(company: Company) -> None:
    save_account(
        company=company, kind="hosted_checkout", base_url=PROVIDER, page_url="", ledger_account="511500",
        fee_account="627000", is_enabled=True, secret="secret", actor=ACTOR, at=AT,
    )  # fmt: skip


def ask_to_pay(day: MoneyDay) -> None:
    """A checkout is opened, which moves no money; others of other amounts may be open already."""
    before = day.state()
    row = opening._wanted(day.chance.choice(day.owing()), day.at)
    opening._opened(row, _remote(row), ACTOR, day.at)
    day.stands(before)


def pay_by_card(day: MoneyDay) -> None:
    """The provider tells of it twice: recorded once, whatever else has paid the invoice meanwhile."""
    before, row = day.state(), day.one_of(Checkout, status__in=["OPEN", "EXPIRED"])
    fee = (row.amount / 50).quantize(Decimal("0.01"))
    paid = replace(_remote(row), state=RemoteState.PAID, payment_id=f"pay-{row.pk}", paid_at=day.at, fee=fee)
    told = following.apply_remote(checkout=row, remote=paid, **day.who)
    once = day.state()
    following.apply_remote(checkout=row, remote=paid, **day.who)
    day.stands(once)
    payment = told.payment
    assert payment is not None
    day.as_it_was(lambda: payments.reverse_payment(payment=payment, reason="Erreur", **day.who), before)


def give_up(day: MoneyDay) -> object:
    row = day.one_of(Checkout, status="OPEN")
    return following.apply_remote(checkout=row, remote=replace(_remote(row), state=RemoteState.EXPIRED), **day.who)


def promise(day: MoneyDay) -> None:
    """« J’ai payé » moves no money."""
    invoice, before = day.chance.choice(day.owing()), day.state()
    link = link_to_invoice(invoice=invoice, recipient="compta@client.example", **day.who)
    tell_paid(
        link=link, invoice=invoice, paid_on=local_day(day.at), method="TRANSFER", reference="", form_key=str(day.at),
        at=day.at,
    )  # fmt: skip
    day.stands(before)


def _remote(row: Checkout) -> RemoteCheckout:
    return RemoteCheckout(
        id=f"remote-{row.pk}",
        reference=row.reference,
        state=RemoteState.OPEN,
        amount=row.amount,
        currency=row.currency,
        page_url=f"{PROVIDER}/{row.reference}",
    )


ACTS: list[Callable[[Any], object]] = [*[ask_to_pay] * 3, *[pay_by_card] * 3, give_up, promise]
