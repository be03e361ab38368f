"""Movements of the bank over REST, with what the evidence proposes of each, and matches."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404

from billing.models import Invoice
from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.fields import Body, Day, Id, Money, Page, Word
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, REQUIRED, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.view import ApiView, Call
from config.kernel.errors import DomainError
from config.kernel.models import Company
from payments.api.bank_shapes import (
    MatchShape,
    TransactionDetail,
    TransactionShape,
    proposal,
)
from payments.api.bodies import ReasonBody, check_shares, shares_field
from payments.api.fields import STATES
from payments.api.rows import matches
from payments.matching import NONE, Verdict
from payments.models import BankLine, LineStatus, Match
from payments.services.allocations import Share
from payments.services.proposing import build_index, propose
from payments.services.reconciliation import accept_match
from payments.services.settling import suspend_line
from payments.services.undoing import reopen_line, undo_match


class NothingProposed(DomainError):
    code = "nothing_proposed"
    message = "Rien n’est proposé pour cette ligne : indiquez les factures qu’elle paie."


class MatchBody(Body):
    allocations = shares_field(help_text="Absent: what is proposed now. Send what you have shown, to accept just that.")

    def validate_allocations(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return check_shares(value)


class TransactionFilter(Page):
    account_id = Id(required=False)
    from_date = Day(required=False)
    to_date = Day(required=False)
    status = Word(STATES, required=False)
    amount = Money(required=False, help_text="Exactly; negative for a debit.")
    min_amount = Money(required=False)
    max_amount = Money(required=False)


class TransactionList(ApiView):
    area = "bank"

    @operation(query=TransactionFilter, answer=TransactionShape, many=True)
    @documented(id="transaction_list")
    def get(self, request: Call) -> HttpResponseBase:
        """Movements of the bank, the latest first. Filters combine."""
        columns = {
            "account_id": "account_id",
            "from_date": "booked_on__gte",
            "to_date": "booked_on__lte",
            "status": "status",
            "amount": "amount",
            "min_amount": "amount__gte",
            "max_amount": "amount__lte",
        }
        filters = {column: request.query[name] for name, column in columns.items() if name in request.query}
        found = BankLine.objects.filter(**filters)
        return lists.page(self, found, by="booked_on", name="transactions")


def line_of(pk: int) -> BankLine:
    """Raises Http404."""
    line: BankLine = get_object_or_404(BankLine.objects, pk=pk)
    return line


def detail_of(line: BankLine, company: Company, at: datetime) -> dict[str, Any]:
    """The line with what it was matched with, or what is proposed for it, as `TransactionDetail` writes it."""
    is_open = line.status == LineStatus.OPEN and line.amount > 0
    return {
        **{name: getattr(line, name) for name in TransactionShape().fields},
        "match": matches().filter(line=line, undone_at=None).first(),
        "proposal": proposal(*_proposed(line, company, at)) if is_open else None,
    }


def _proposed(line: BankLine, company: Company, at: datetime) -> tuple[Verdict, dict[int, Invoice]]:
    verdict = propose(line, build_index(company, at=at))
    keys = [int(str(key)) for key in (*(key for key, _amount in verdict.allocations), *verdict.rivals)]
    return verdict, Invoice.objects.select_related("customer").in_bulk(keys)


class TransactionView(ApiView):
    area = "bank"

    def find(self, **path: Any) -> BankLine:
        return line_of(path["id"])


class TransactionItem(TransactionView):
    @operation(answer=TransactionDetail)
    @documented(id="transaction_retrieve")
    def get(self, request: Call, id: int) -> dict[str, Any]:
        """A movement with its match, or with what the evidence proposes and why."""
        return detail_of(line_of(id), request.caller.company, request.at)


class TransactionMatch(TransactionView):
    @operation(action="bank.reconcile", body=MatchBody, answer=MatchShape)
    @created()
    @repeatable(REQUIRED)
    @documented(id="match_accept", examples=[sent({"allocations": [{"invoice_id": 1, "amount": 1200.00}]})])
    def post(self, request: Call, id: int) -> Match:
        """Say which invoices a credit pays: the proposal, or others.

        The payment is recorded with the bank's date and amount. What the invoices do not take is the customer's
        credit. All of one customer; none beyond its balance (409 `over_allocated`). A line that is no longer open is
        refused (409 `line_not_open`).
        """
        line = line_of(id)
        shares = [Share(share["invoice_id"], share["amount"]) for share in request.values.get("allocations", [])]
        if "allocations" not in request.values:
            verdict, invoices = _proposed(line, request.caller.company, request.at)
            if line.status == LineStatus.OPEN and verdict.kind == NONE:
                raise NothingProposed
            shares = [Share(invoices[int(str(key))], amount) for key, amount in verdict.allocations]
        return accept_match(line=line, shares=shares, actor=request.caller.actor, at=request.at)


class MatchUndo(ApiView):
    area = "bank"

    def find(self, **path: Any) -> Match:
        match: Match = get_object_or_404(matches(), pk=path["id"])
        return match

    @operation(action="bank.reconcile", body=ReasonBody, answer=MatchShape)
    @repeatable(REQUIRED)
    @documented(id="match_undo", examples=[sent({"reason": "Payé par un homonyme"})])
    def post(self, request: Call, id: int) -> Match:
        """Take a match back: its payment is reversed, the invoices owe again, the movement is open.

        An automatic match undone is never made automatically again.
        """
        reason = request.values["reason"]
        return undo_match(match=self.find(id=id), reason=reason, actor=request.caller.actor, at=request.at)


class TransactionIgnore(TransactionView):
    @operation(action="bank.reconcile", body=ReasonBody, answer=TransactionDetail)
    @repeatable(OPTIONAL)
    @documented(id="transaction_ignore")
    def post(self, request: Call, id: int) -> dict[str, Any]:
        """Put a movement on 471, the account of what is still to be explained. Refused once it is explained."""
        line, by = line_of(id), request.caller.actor
        suspend_line(line=line, reason=request.values["reason"], actor=by, at=request.at)
        return detail_of(line_of(id), request.caller.company, request.at)


class TransactionReopen(TransactionView):
    @operation(action="bank.reconcile", answer=TransactionDetail)
    @repeatable(OPTIONAL)
    @documented(id="transaction_reopen")
    def post(self, request: Call, id: int) -> dict[str, Any]:
        """Take up again a movement that was put on 471. A matched one is refused (409 `line_matched`)."""
        reopen_line(line=line_of(id), actor=request.caller.actor, at=request.at)
        return detail_of(line_of(id), request.caller.company, request.at)
