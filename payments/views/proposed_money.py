"""What a bank line shows again of money that the books know: slips, payments recorded before, payouts of a payment
service, our refunds, and payments that the bank takes back."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.kernel import typography
from config.kernel.errors import DomainError
from config.kernel.middleware import translated
from payments.checkouts.payout_parts import payout_of, payout_parts
from payments.matching import NONE, PROPOSED, Verdict
from payments.models import BankLine, MatchPart, Payment
from payments.sentences import why_matched
from payments.services.explaining import parts_of_verdict
from payments.services.proposing import AROUND
from payments.services.settling_parts import Booked, Found, OfSupplier, Part, Received, Refunded, Returned
from payments.views.proposal import Proposal
from payments.views.proposed_suppliers import title_of

MOST_FOUND, MOST_FACTS = 3, 8
# of a verdict, in the names of the fields
KNOWN = ("found", "returned", "refunds", "suppliers", "purchases", "came_back")


def of_known_money(line: BankLine, verdict: Verdict) -> list[Proposal]:
    """What the verdict finds again, and each rival of the same amount in its place, a key away."""
    parts = parts_of_verdict(line, verdict) if verdict.kind != NONE else []
    if not parts:
        return []
    best = Proposal(sentence=why_matched(verdict), **_shown(verdict, parts))
    name = next(name for name in KNOWN if getattr(verdict, name))
    proposals = [best]
    for loser in verdict.losers[:MOST_FOUND]:
        instead: dict[str, Any] = {name: ((loser.id, abs(line.amount)),)}
        other = Verdict(kind=PROPOSED, rule=verdict.rule, **instead)
        if parts := parts_of_verdict(line, other):
            sentence = _("Plutôt %(number)s, du même montant.") % {"number": loser.number}
            proposals.append(Proposal(sentence=sentence, **_shown(other, parts)))
    return proposals


def _shown(verdict: Verdict, parts: Sequence[Part]) -> dict[str, Any]:
    return {"title": _title(parts), "facts": _facts(parts), "fields": {"act": "known", **fields_of(verdict)}}


def fields_of(verdict: Verdict) -> dict[str, str]:
    """What is known, by name, kind and key: `found:remittance:12`, `refunds:3`, with its amount."""
    fields = {}
    for name in KNOWN:
        for key, amount in getattr(verdict, name):
            kinds = cast("tuple[object, ...]", key) if isinstance(key, tuple) else (key,)
            fields[":".join((name, *map(str, kinds)))] = f"{amount:f}"
    return fields


def verdict_of(fields: Sequence[tuple[str, Decimal]]) -> Verdict:
    """What `fields_of` wrote, read again; what is none of it is left out."""
    found: dict[str, list[tuple[object, Decimal]]] = {name: [] for name in KNOWN}
    for field, amount in fields:
        name, *kinds = field.split(":")
        if name in KNOWN and kinds and kinds[-1].isdecimal() and len(kinds[-1]) < 19 and len(kinds) == _depth(name):
            key = int(kinds[-1])
            found[name].append(((kinds[0], key) if len(kinds) > 1 else key, amount))
    told: dict[str, Any] = {name: tuple(rows) for name, rows in found.items()}
    return Verdict(kind=PROPOSED, rule="person", **told)


def _depth(name: str) -> int:
    return 2 if name in {"found", "suppliers"} else 1


def _title(parts: Sequence[Part]) -> str:
    part = parts[0]
    if isinstance(part, Refunded):
        return _("Remboursement de %(customer)s") % {"customer": part.refund.customer.name}
    if isinstance(part, Returned):
        customer = part.payment.customer.name
        return _("Encaissement rejeté de %(customer)s : ses factures redeviennent à payer") % {"customer": customer}
    if isinstance(part, OfSupplier):
        return title_of(parts)
    found = [part for part in parts if isinstance(part, Found)]
    if len(found) == 1:
        return f"{found[0].payment.number} · {found[0].payment.customer.name}"
    return counted_payments(len(found))


def counted_payments(count: int) -> str:
    return ngettext("%(n)s encaissement", "%(n)s encaissements", count) % {"n": typography.number(count)}


def _facts(parts: Sequence[Part]) -> list[tuple[str, str]]:
    """The payments of a slip or a payout, and what is booked besides; not all of a long list."""
    if len(parts) < 2:
        return []
    facts = [(_label(part), typography.money(part.amount)) for part in parts]
    first, rest = facts[:MOST_FACTS], facts[MOST_FACTS:]
    return [*first, (_("et %(n)s autres") % {"n": len(rest)}, "")] if rest else first


def _label(part: Part) -> str:
    if isinstance(part, Found):
        return f"{part.payment.number} · {part.payment.customer.name}"
    if isinstance(part, Received):
        return " · ".join([*(str(share.invoice) for share in part.shares), part.customer.name])
    if isinstance(part, OfSupplier):
        return title_of([part])
    return f"{part.account} · {part.label}" if isinstance(part, Booked) else ""


def of_payments(line: BankLine, shown: Sequence[Proposal]) -> list[Proposal]:
    """Money recorded by hand or by a service for this amount, then, and found by no line yet nor `shown` already."""
    linked = MatchPart.objects.filter(match__undone_at=None).exclude(payment=None)
    rows = Payment.objects.filter(
        amount=line.amount, currency=line.currency, reverses=None, reversed_at=None,
        paid_on__range=(line.booked_on - AROUND, line.booked_on + AROUND),
    ).exclude(pk__in=linked.values("payment_id"))  # fmt: skip
    sentence = _("L’encaissement %(number)s de %(customer)s, du %(day)s, est peut-être cet argent.")
    known = {name for proposal in shown for name in proposal.fields}
    return [
        Proposal(
            title=row.number,
            sentence=sentence
            % {"number": row.number, "customer": row.customer.name, "day": typography.day(row.paid_on)},
            fields={"act": "found", "payment": str(row.pk)},
        )
        for row in rows.select_related("customer").order_by("paid_on", "id")[:MOST_FOUND]
        if f"found:payment:{row.pk}" not in known
    ]


def of_payout(line: BankLine) -> list[Proposal]:
    """The transfer of a payment service: its payments at their gross amount, less its fees, as its report says."""
    payout = payout_of(line)
    if payout is None:
        return []
    title = f"{payout.account} · {payout}" if payout.account else str(payout)
    title = _("Versement %(payout)s") % {"payout": title}
    try:
        parts = payout_parts(payout)
    except DomainError as refused:
        link = (_("Voir le versement"), payout.get_absolute_url())
        return [Proposal(title=title, sentence=translated(refused.sentence), link=link)]
    count = sum(isinstance(part, Found | Received) for part in parts)
    sentence = _("Le rapport du service l’explique au centime : %(payments)s, moins les frais.")
    return [
        Proposal(
            title=title,
            sentence=sentence % {"payments": counted_payments(count)},
            fields={"act": "payout", "payout": str(payout.pk)},
            facts=_facts(parts),
        )
    ]
