"""The invoices that the evidence says a bank line pays: with the customer's older credits, what a small difference may
become, and each rival with the reason why it lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from billing.models import Invoice
from config.kernel import typography
from config.kernel.money import ZERO
from config.kernel.roles import may
from customers.models import Customer
from payments.matching import NONE, Verdict, explain_loss
from payments.models import BankLine, WriteOffReason
from payments.sentences import why_matched
from payments.services.credits import credit_payments
from payments.services.write_off_limits import WRITE_OFF, limits_of
from payments.services.write_offs import GAINED, LOST, WITH_VAT
from payments.views.proposal import CreditChoice, DifferenceChoice, Proposal, Rival

MOST_CREDITS = 6
SMALL = Decimal("0.10")  # of what is owed: more is no difference, it is a part
AND_VAT = "+VAT"
OFFERED = (WriteOffReason.BANK_FEE, WriteOffReason.ROUNDING, WriteOffReason.DISCOUNT, WriteOffReason.LOSS)


def of_invoices(line: BankLine, verdict: Verdict, *, role: str) -> list[Proposal]:
    """The best first, then each rival that owes the same."""
    shares = {int(str(key)): amount for key, amount in verdict.allocations}
    invoices = _invoices_of(verdict)
    if verdict.kind == NONE or not all(key in invoices for key in shares):
        return []
    sentence, rivals = why_matched(verdict), rivals_of(verdict, invoices)
    rows = [(invoices[key], amount) for key, amount in shares.items()]
    if verdict.currency:
        fields = {"act": "match", **{f"owed_{invoice.pk}": f"{share:f}" for invoice, share in rows}}
        return [Proposal(sentence=f"{sentence} {_changed(line, rows)}", fields=fields, rows=rows, rivals=rivals)]
    if not rows:
        return _of_credit(verdict, sentence, rivals)
    owed = sum((invoice.balance for invoice, _share in rows), ZERO)
    used = dict(verdict.credits)
    missing = owed - line.amount - sum(used.values(), ZERO)
    best = Proposal(
        sentence=sentence,
        fields={"act": "match", **_owed(*(invoice for invoice, _share in rows))},
        rows=rows,
        rivals=rivals,
        credits=_credits(rows[0][0].customer, line.currency, used) if owed > line.amount else [],
        difference=_difference(line, verdict, missing, owed, role) if missing else None,
    )
    # one invoice in the place of another of the same balance: each is one key away
    alone = [row.invoice for row in rivals] if len(rows) == 1 else []
    return [best, *(_instead(row) for row in alone if row.balance == rows[0][1] == rows[0][0].balance)]


def _changed(line: BankLine, rows: Sequence[tuple[Invoice, Decimal]]) -> str:
    """What accepting it does: the payment is in the invoice's currency, worth what came in."""
    words = _(
        "La ligne est en %(ours)s, la facture en %(theirs)s : l’encaissement est enregistré en %(theirs)s pour ce qui "
        "est arrivé, et l’écart de change sur 656 ou 756."
    )
    return words % {"ours": line.currency, "theirs": rows[0][0].currency if rows else ""}


def _invoices_of(verdict: Verdict) -> Mapping[int, Invoice]:
    keys = [int(str(key)) for key, _amount in verdict.allocations] + [int(str(key)) for key in verdict.rivals]
    found: dict[int, Invoice] = Invoice.objects.select_related("customer").in_bulk(keys)
    return found


def rivals_of(verdict: Verdict, invoices: Mapping[int, Invoice] | None = None) -> list[Rival]:
    """Each invoice that was not preferred, with the reason in a sentence."""
    found = _invoices_of(verdict) if invoices is None else invoices
    why = {loser.id: explain_loss(loser, _) for loser in verdict.losers}
    return [Rival(found[int(str(key))], why.get(key, "")) for key in verdict.rivals if int(str(key)) in found]


def _owed(*invoices: Invoice) -> dict[str, str]:
    return {f"owed_{row.pk}": f"{row.balance:f}" for row in invoices}


def _instead(invoice: Invoice) -> Proposal:
    sentence = _("Plutôt %(number)s, du même montant, échue le %(day)s.")
    sentence %= {"number": invoice.number, "day": typography.day(invoice.due_date)}
    return Proposal(sentence=sentence, fields={"act": "match", **_owed(invoice)}, rows=[(invoice, invoice.balance)])


def _of_credit(verdict: Verdict, sentence: str, rivals: Sequence[Rival]) -> list[Proposal]:
    """Money that no invoice takes, kept to the credit of the customer whose it is: paid twice, or too much."""
    customers = Customer.objects.filter(pk=verdict.customer_id) if verdict.excess and verdict.customer_id else ()
    return [
        Proposal(
            title=_("Au crédit de %(customer)s") % {"customer": customer},
            sentence=sentence,
            fields={"act": "credit", "customer": str(customer.pk)},
            rivals=rivals,
        )
        for customer in customers
    ]


def _credits(customer: Customer, currency: str, used: Mapping[object, Decimal]) -> list[CreditChoice]:
    rows = list(credit_payments(customer, currency=currency)[: MOST_CREDITS + len(used)])
    choices = [CreditChoice(row, row.unallocated, is_used=row.pk in used) for row in rows]
    proposed = [choice for choice in choices if choice.is_used]
    return [*proposed, *(choice for choice in choices if not choice.is_used)][: max(MOST_CREDITS, len(proposed))]


def _difference(
    line: BankLine, verdict: Verdict, missing: Decimal, owed: Decimal, role: str
) -> DifferenceChoice | None:
    """What the reader's role may settle it for; nothing where it is no small difference."""
    is_told = verdict.difference is not None
    if not may(role, WRITE_OFF) or not (is_told or abs(missing) <= owed * SMALL):
        return None
    most = limits_of(line.company_id)
    known = OFFERED if missing > 0 else tuple(GAINED)
    allowed = [reason for reason in known if most.get((role, reason), ZERO) >= abs(missing)]
    if missing < 0 and WriteOffReason.EXCHANGE in allowed and line.currency == "EUR":
        allowed.remove(WriteOffReason.EXCHANGE)
    if not allowed:
        return None
    stays = _("Laisser à payer") if missing > 0 else _("Garder au crédit du client")
    reasons = [("", stays)]
    for reason in allowed:
        label = f"{WriteOffReason(reason).label} ({_account(reason, missing)})"
        reasons.append((reason, label))
        if missing > 0 and reason in WITH_VAT:
            reasons.append((f"{reason}{AND_VAT}", _("%(reason)s, TVA récupérée") % {"reason": label}))
    told = verdict.difference.reason if verdict.difference is not None else ""
    return DifferenceChoice(
        missing,
        line.currency,
        reasons,
        chosen=told if told in allowed else "",
        is_proof_asked=missing > 0 and WriteOffReason.LOSS in allowed,
    )


def _account(reason: str, missing: Decimal) -> str:
    return (LOST if missing > 0 else GAINED)[reason][:3]
