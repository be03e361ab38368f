"""The bank over REST: accounts, statements that come in, movements with what the evidence proposes, and matches."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from rest_framework import serializers

from billing.models import Invoice
from config.kernel.api import lists
from config.kernel.api.circumstances import multipart
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.fields import Body, Day, Id, Money, Page, Word
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, REQUIRED, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.versions import conditional, versioned
from config.kernel.api.view import ApiView, Call
from config.kernel.errors import DomainError
from config.kernel.models import Company
from payments.api.bank_shapes import (
    BankAccountShape,
    ImportShape,
    MatchShape,
    StatementShape,
    TransactionDetail,
    TransactionShape,
    proposal,
)
from payments.api.bodies import ReasonBody, check_shares, shares_field
from payments.api.fields import STATES
from payments.imported import import_sentence
from payments.matching import NONE, Verdict
from payments.models import BankAccount, BankLine, BankStatement, LineStatus, Match
from payments.services.accounts import change_bank_account
from payments.services.allocations import Share
from payments.services.bank import ignore_line, import_statement, reopen_line
from payments.services.reconciliation import accept_match, build_index, propose, undo_match

LARGEST_FILE = 10_000_000
TOO_LARGE = "Le fichier dépasse 10 Mo. Découpez-le par période."


class NothingProposed(DomainError):
    code = "nothing_proposed"
    message = "Rien n’est proposé pour cette ligne : indiquez les factures qu’elle paie."


class StatementFile(Body):
    file = serializers.FileField(max_length=255, help_text="CAMT.053 (XML), 10 MB at most.")

    def validate_file(self, value: Any) -> Any:
        if value.size > LARGEST_FILE:
            raise serializers.ValidationError(_(TOO_LARGE))
        return value


class MatchBody(Body):
    allocations = shares_field(help_text="Absent: what is proposed now. Send what you have shown, to accept just that.")

    def validate_allocations(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return check_shares(value)


class BankAccountChange(Body):
    """What changes. A field left out stays as it is; another account is added on the settings page."""

    shape = BankAccountShape

    name = serializers.CharField(max_length=100, required=False)
    ledger_account = serializers.CharField(
        max_length=20, required=False, help_text="512 and three to seven digits. What was booked before stays."
    )


class StatementFilter(Page):
    account_id = Id(required=False)


class TransactionFilter(Page):
    account_id = Id(required=False)
    from_date = Day(required=False)
    to_date = Day(required=False)
    status = Word(STATES, required=False)
    amount = Money(required=False, help_text="Exactly; negative for a debit.")
    min_amount = Money(required=False)
    max_amount = Money(required=False)


class BankAccountList(ApiView):
    area = "bank"

    @operation(query=Page, answer=BankAccountShape, many=True)
    @documented(id="bank_account_list")
    def get(self, request: Call) -> HttpResponseBase:
        """The company's bank accounts."""
        found = BankAccount.objects.all()
        return lists.page(self, found, by="name", descending=False, name="bank-accounts")


class BankAccountItem(ApiView):
    area = "bank"

    def find(self, **path: Any) -> BankAccount:
        account: BankAccount = get_object_or_404(BankAccount.objects, pk=path["id"])
        return account

    @operation(answer=BankAccountShape)
    @versioned
    @documented(id="bank_account_retrieve")
    def get(self, request: Call, id: int) -> BankAccount:
        """A bank account."""
        return self.find(id=id)

    @operation(action="settings.edit", body=BankAccountChange, answer=BankAccountShape)
    @conditional
    @documented(id="bank_account_update", examples=[sent({"ledger_account": "512100"})])
    def put(self, request: Call, id: int) -> BankAccount:
        """Name a bank account otherwise, or book its money on another sub-account of 512 from now on."""
        account, values = self.find(id=id), request.values
        changes = {name: values.get(name, getattr(account, name)) for name in ("name", "ledger_account")}
        return change_bank_account(account=account, actor=request.caller.actor, at=request.at, **changes)


class AccountStatements(ApiView):
    area = "bank"

    def find(self, **path: Any) -> BankAccount:
        account: BankAccount = get_object_or_404(BankAccount.objects, pk=path["id"])
        return account

    @operation(action="bank.reconcile", body=StatementFile, answer=ImportShape)
    @created()
    @repeatable(OPTIONAL)
    @multipart
    @documented(id="statement_import")
    def post(self, request: Call, id: int) -> dict[str, Any]:
        """Import a bank statement.

        Kept byte for byte; every movement once, whatever overlaps. The same file again changes nothing
        (`already_imported`). Refused whole, in words: another account, another currency, figures that contradict each
        other, a file that is no statement.
        """
        account = self.find(id=id)
        file = request.values["file"]
        found = import_statement(
            company=request.caller.company,
            account=account,
            data=file.read(),
            filename=file.name,
            actor=request.caller.actor,
            at=request.at,
        )
        is_known = all(statement.imported_at != request.at for statement in found)
        new = 0 if is_known else sum(statement.new_count for statement in found)
        return {
            "message": _("Ce fichier était déjà importé : rien n’a changé.") if is_known else import_sentence(found),
            "file": file.name,
            "already_imported": is_known,
            "line_count": sum(statement.line_count for statement in found),
            "new_count": new,
            "statements": found,
        }


class StatementList(ApiView):
    area = "bank"

    @operation(query=StatementFilter, answer=StatementShape, many=True)
    @documented(id="statement_list")
    def get(self, request: Call) -> HttpResponseBase:
        """Imported statements, the latest import first."""
        found = BankStatement.objects.select_related("account")
        if "account_id" in request.query:
            found = found.filter(account_id=request.query["account_id"])
        return lists.page(self, found, by="imported_at", name="statements")


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
        "match": Match.objects.filter(line=line, undone_at=None).select_related("payment").first(),
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
        match: Match = get_object_or_404(Match.objects.select_related("line", "payment"), pk=path["id"])
        return match

    @operation(action="bank.reconcile", body=ReasonBody, answer=MatchShape)
    @repeatable(REQUIRED)
    @documented(id="match_undo", examples=[sent({"reason": "Payé par un homonyme"})])
    def post(self, request: Call, id: int) -> Match:
        """Take a match back: the payment is reversed, the invoices owe again, the movement is open.

        An automatic match undone is never made automatically again.
        """
        reason = request.values["reason"]
        return undo_match(match=self.find(id=id), reason=reason, actor=request.caller.actor, at=request.at)


class TransactionIgnore(TransactionView):
    @operation(action="bank.reconcile", body=ReasonBody, answer=TransactionDetail)
    @repeatable(OPTIONAL)
    @documented(id="transaction_ignore")
    def post(self, request: Call, id: int) -> dict[str, Any]:
        """Put a movement aside: it pays no invoice (fees, salaries, transfers)."""
        line, by = line_of(id), request.caller.actor
        ignore_line(line=line, reason=request.values["reason"], actor=by, at=request.at)
        return detail_of(line_of(id), request.caller.company, request.at)


class TransactionReopen(TransactionView):
    @operation(action="bank.reconcile", answer=TransactionDetail)
    @repeatable(OPTIONAL)
    @documented(id="transaction_reopen")
    def post(self, request: Call, id: int) -> dict[str, Any]:
        """Take up again a movement that was put aside. A matched one is refused (409 `line_matched`)."""
        reopen_line(line=line_of(id), actor=request.caller.actor, at=request.at)
        return detail_of(line_of(id), request.caller.company, request.at)
