"""What is done to mandates, debits and orders over REST: signed, revoked, cancelled, returned by the bank."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers

from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.fields import Body, Day
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import REQUIRED, repeatable
from config.kernel.api.view import ApiView, Call
from config.kernel.clock import local_day
from payments.api.bodies import ReasonBody
from payments.debits.announcing import cancel_debit
from payments.debits.api import DebitOrderShape, DirectDebitShape, MandateItem, MandateShape, OrderView
from payments.debits.collecting import return_debit
from payments.debits.mandates import revoke_mandate, sign_mandate
from payments.debits.orders import cancel_order
from payments.debits.reasons import REASONS
from payments.models import DebitOrder, DirectDebit, Mandate


class SignedBody(Body):
    signed_on = Day(required=False, help_text="Today when absent; never in the future.")


class ReturnBody(Body):
    code = serializers.ChoiceField(sorted(REASONS), help_text="Why, as the bank codes it (ISO 20022).")
    returned_on = Day(required=False, help_text="Today when absent.")


class MandateSign(ApiView):
    area = "bank"
    find = MandateItem.find

    @operation(action="payments.collect", body=SignedBody, answer=MandateShape)
    @repeatable(REQUIRED)
    @documented(id="mandate_sign", examples=[sent({"signed_on": "2026-01-05"})])
    def post(self, request: Call, id: int) -> Mandate:
        """Say that the debtor has signed: from now on it may be used (409 `mandate_not_open`)."""
        signed_on = request.values.get("signed_on") or local_day(request.at)
        return sign_mandate(mandate=self.find(id=id), signed_on=signed_on, actor=request.caller.actor, at=request.at)


class MandateRevoke(ApiView):
    area = "bank"
    find = MandateItem.find

    @operation(action="payments.collect", body=ReasonBody, answer=MandateShape)
    @repeatable(REQUIRED)
    @documented(id="mandate_revoke", examples=[sent({"reason": "Le client change de banque"})])
    def post(self, request: Call, id: int) -> Mandate:
        """Never use it again (409 `mandate_revoked`). Refused while a debit of it is pending (`has_pending_debits`)."""
        reason = request.values["reason"]
        return revoke_mandate(mandate=self.find(id=id), reason=reason, actor=request.caller.actor, at=request.at)


class DebitView(ApiView):
    area = "bank"

    def find(self, **path: Any) -> DirectDebit:
        rows = DirectDebit.objects.select_related("invoice__customer", "mandate__customer", "notice", "payment")
        debit: DirectDebit = get_object_or_404(rows, pk=path["id"])
        return debit


class DebitCancel(DebitView):
    @operation(action="payments.collect", body=ReasonBody, answer=DirectDebitShape)
    @repeatable(REQUIRED)
    @documented(id="direct_debit_cancel", examples=[sent({"reason": "Le client paie par virement"})])
    def post(self, request: Call, id: int) -> DirectDebit:
        """Take back an announced debit that is in no file; a notice that has not left does not leave."""
        reason = request.values["reason"]
        return cancel_debit(debit=self.find(id=id), reason=reason, actor=request.caller.actor, at=request.at)


class DebitReturn(DebitView):
    @operation(action="payments.collect", body=ReturnBody, answer=DirectDebitShape)
    @repeatable(REQUIRED)
    @documented(id="direct_debit_return", examples=[sent({"code": "AM04", "returned_on": "2026-01-20"})])
    def post(self, request: Call, id: int) -> DirectDebit:
        """Record that the bank refused the debit, or took back what it had paid: the invoice is to be paid again.

        A line of the statement that says so does it by itself (409 `debit_not_ordered` where it did).
        """
        values = request.values
        returned_on = values.get("returned_on") or local_day(request.at)
        return return_debit(
            debit=self.find(id=id), code=values["code"], returned_on=returned_on, actor=request.caller.actor,
            at=request.at,
        )  # fmt: skip


class OrderCancel(OrderView):
    @operation(action="payments.collect", body=ReasonBody, answer=DebitOrderShape)
    @repeatable(REQUIRED)
    @documented(id="debit_order_cancel", examples=[sent({"reason": "Fichier non remis à la banque"})])
    def post(self, request: Call, id: int) -> DebitOrder:
        """Cancel a file that the bank does not carry out: its debits wait for another one (409 `order_too_late`)."""
        reason = request.values["reason"]
        return cancel_order(order=self.find(id=id), reason=reason, actor=request.caller.actor, at=request.at)
