"""The bank over REST: its accounts, and the statements that come in (their movements: transactions.py)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from rest_framework import serializers

from config.kernel.api import lists
from config.kernel.api.circumstances import multipart
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.fields import Body, Id, Page
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.versions import conditional, versioned
from config.kernel.api.view import ApiView, Call
from payments.api.bank_shapes import (
    BankAccountShape,
    ImportShape,
    StatementShape,
)
from payments.imported import ALREADY_IMPORTED, import_sentence, was_known
from payments.models import BankAccount, BankStatement
from payments.services.accounts import change_bank_account
from payments.services.bank import import_statement
from payments.services.reconciliation import reconcile

LARGEST_FILE = 20_000_000
TOO_LARGE = "Le fichier dépasse 20 Mo. Découpez-le par période."


class StatementFile(Body):
    file = serializers.FileField(
        max_length=255, help_text="CAMT.052/053/054, CFONB 120, OFX, MT940, CSV or XLSX, by content; 20 MB at most."
    )

    def validate_file(self, value: Any) -> Any:
        if value.size > LARGEST_FILE:
            raise serializers.ValidationError(_(TOO_LARGE))
        return value


class BankAccountChange(Body):
    """What changes. A field left out stays as it is; another account is added on the settings page."""

    shape = BankAccountShape

    name = serializers.CharField(max_length=100, required=False)
    ledger_account = serializers.CharField(
        max_length=20, required=False, help_text="512 and three to seven digits. What was booked before stays."
    )


class StatementFilter(Page):
    account_id = Id(required=False)


class BankAccountList(ApiView):
    area = "bank"

    @operation(query=Page, answer=BankAccountShape, many=True)
    @documented(id="bank_account_list")
    def get(self, request: Call) -> HttpResponseBase:
        """The company's bank accounts."""
        found = BankAccount.objects.all()
        return lists.page(self, found, by="name", descending=False, name="bank-accounts")


class BankAccountView(ApiView):
    area = "bank"

    def find(self, **path: Any) -> BankAccount:
        account: BankAccount = get_object_or_404(BankAccount.objects, pk=path["id"])
        return account


class BankAccountItem(BankAccountView):
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


class AccountStatements(BankAccountView):
    @operation(action="bank.reconcile", body=StatementFile, answer=ImportShape)
    @created()
    @repeatable(OPTIONAL)
    @multipart
    @documented(id="statement_import")
    def post(self, request: Call, id: int) -> dict[str, Any]:
        """Import a bank statement.

        Kept byte for byte; every movement once, whatever overlaps or came in another format, and reconciled at once.
        The same file again changes nothing (`already_imported`). Refused whole, in words: another account, another
        currency, figures that contradict each other, a file that is no statement.
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
        is_known = was_known(found, at=request.at)
        if not is_known:
            reconcile(company=request.caller.company, actor=request.caller.actor, at=request.at)
        new = 0 if is_known else sum(statement.new_count for statement in found)
        return {
            "message": str(ALREADY_IMPORTED) if is_known else import_sentence(found),
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
