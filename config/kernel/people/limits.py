"""What one person may do alone, where an owner named a limit: an act beyond it is refused in its service.

It holds for people. A key has the rights an owner gave it, the product itself does what people confirmed.
"""

from __future__ import annotations

from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as n

from config.kernel import typography
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from config.kernel.models import Membership
from config.kernel.roles import ACTIONS

# each limit with the act of the role that it bounds
ACTS = {
    "credit_note_limit": "invoices.credit",
    "write_off_limit": "invoices.write_off",
    "payment_run_limit": "purchases.pay",
}
MOST_NAMED = 3


class BeyondOwnLimit(DomainError):
    """The person's role includes the act, and the person's own limit does not go as far."""

    code = "beyond_own_limit"
    status = 403


class CreditNoteBeyondLimit(BeyondOwnLimit):
    message = n(
        "Votre limite est de %(most)s par avoir et celui-ci fait %(amount)s. Demandez à %(people)s de l’émettre."
    )


class WriteOffBeyondLimit(BeyondOwnLimit):
    message = n("Votre limite est de %(most)s par document soldé et celle-ci ferait %(amount)s. Demandez à %(people)s.")


class PaymentRunBeyondLimit(BeyondOwnLimit):
    message = n(
        "Votre limite est de %(most)s par lot de règlements et celui-ci fait %(amount)s. "
        "Demandez à %(people)s de le confirmer."
    )


REFUSALS: dict[str, type[BeyondOwnLimit]] = {
    "credit_note_limit": CreditNoteBeyondLimit,
    "write_off_limit": WriteOffBeyondLimit,
    "payment_run_limit": PaymentRunBeyondLimit,
}


def check_own_limit(name: str, *, company_id: int, actor: Actor, amount: Decimal) -> None:
    """Raises BeyondOwnLimit where `amount`, in the currency of the books, is more than the person's limit."""
    if actor.user_id is None:
        return
    own = Membership.objects.filter(company=company_id, user=actor.user_id).select_related("company").first()
    most = getattr(own, name) if own is not None else None
    if own is None or most is None or amount <= most:
        return
    currency = own.company.currency
    raise REFUSALS[name](
        most=typography.money(most, currency),
        amount=typography.money(amount, currency),
        people=who_may(name, company_id=company_id, amount=amount),
    )


def who_may(name: str, *, company_id: int, amount: Decimal) -> str:
    """Who does so much alone, by name; the owners first."""
    able = Membership.objects.filter(company=company_id, role__in=ACTIONS[ACTS[name]], user__is_active=True)
    able = able.filter(Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gte": amount}))
    found = sorted(able.select_related("user")[:100], key=lambda row: (row.role != "OWNER", row.pk))
    return ", ".join(row.user.display_name for row in found[:MOST_NAMED]) or _("un gérant de la société")
