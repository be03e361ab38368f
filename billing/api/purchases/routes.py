"""The routes of purchases: recorded, corrected, checked, approved, booked, contested, refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from billing.api.invoices.vocabulary import KINDS
from billing.api.purchases import bodies
from billing.api.purchases.shapes import ANSWER, LINE, PurchaseRow, PurchaseShape, whole
from billing.forms.purchases.filters import naming
from billing.models import PurchaseInvoice
from billing.purchases.approving import approve_purchase
from billing.purchases.booking import book_purchase
from billing.purchases.checking import check_purchase, save_purchase
from billing.purchases.disputing import dispute_purchase, settle_dispute
from billing.purchases.models import PurchaseStatus
from billing.purchases.recording import record_purchase
from billing.purchases.refusing import refuse_purchase
from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.examples import received, sent
from config.kernel.api.fields import Day, Id, Page, Word
from config.kernel.api.naming import named_as
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, REQUIRED, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.versions import conditional, versioned
from config.kernel.api.view import ApiView, Call
from config.kernel.clock import local_day
from config.kernel.errors import TransitionRefused

EXAMPLE = {
    "supplier_id": 6, "number": "F-2026-118", "issue_date": "2026-11-10", "total_ht": 100.00, "total_vat": 20.00,
    "total_ttc": 120.00, "items": [{name: LINE[name] for name in ("description", "amount_ht", "vat_rate", "account")}],
    "vat": ANSWER["vat"],
}  # fmt: skip


class PurchaseQuery(Page):
    status = Word(PurchaseStatus, required=False)
    kind = Word(KINDS, required=False)
    supplier_id = Id(required=False)
    from_date = Day(required=False, help_text="By issue_date.")
    to_date = Day(required=False)
    overdue = serializers.BooleanField(required=False, help_text="true: only those to pay past their due date.")
    disputed = serializers.BooleanField(required=False)
    doubtful = serializers.BooleanField(required=False, help_text="Whether a person must look at something of it.")
    q = serializers.CharField(
        required=False, max_length=100, help_text="A part of either number, of the supplier's name, or of an order's."
    )


class PurchaseList(ApiView):
    area = "purchases"

    @operation(query=PurchaseQuery, answer=PurchaseRow, many=True)
    @documented(id="purchase_list")
    def get(self, request: Call) -> HttpResponseBase:
        """The supplier invoices, the latest received first."""
        query = request.query
        wanted = {
            "status": query.get("status"),
            "kind": query.get("kind"),
            "supplier_id": query.get("supplier_id"),
            "issue_date__gte": query.get("from_date"),
            "issue_date__lte": query.get("to_date"),
        }
        rows = PurchaseInvoice.objects.select_related("supplier")
        rows = rows.filter(**{column: value for column, value in wanted.items() if value})
        if query.get("overdue"):
            rows = rows.overdue(on=local_day(request.at))
        if "disputed" in query:
            rows = rows.filter(disputed_at__isnull=not query["disputed"])
        if "doubtful" in query:
            rows = rows.exclude(doubts=[]) if query["doubtful"] else rows.filter(doubts=[])
        if text := query.get("q"):
            rows = rows.filter(naming(text))
        return lists.page(self, rows, by="received_on", name="purchases")

    @operation(action="purchases.edit", body=bodies.PurchaseBody, answer=PurchaseShape)
    @created(at="api:purchase")
    @repeatable(REQUIRED)
    @documented(id="purchase_create", examples=[sent(EXAMPLE), received(ANSWER, status=201)])
    def post(self, request: Call) -> PurchaseInvoice:
        """Record a supplier invoice. It is to be checked: accounts and regimes are proposed, doubts are said.

        The same number of a supplier in a year is the same invoice (409, `purchase_exists`).
        """
        values, actor, at = request.values, request.caller.actor, request.at
        purchase = record_purchase(
            company_id=request.caller.company.pk,
            supplier=values["supplier_id"],
            content=bodies.content(values),
            received_on=local_day(at),
            actor=actor,
            at=at,
        )
        notes = {"internal_notes": values["internal_notes"]} if values.get("internal_notes") else {}
        if notes or bodies.says_accounts(values):
            own = bodies.recorded_lines(values, bodies.lines_of(purchase))
            save_purchase(purchase=purchase, values=notes, lines=own, actor=actor, at=at)
        return found(purchase.pk)


class PurchaseView(ApiView):
    """A route under /api/purchases/{id}."""

    area = "purchases"

    def find(self, **path: Any) -> PurchaseInvoice:
        return found(path["id"])

    def done(self, request: Call, service: Callable[..., Any], path: dict[str, Any], **more: Any) -> PurchaseInvoice:
        """The purchase after one step of its life."""
        with named_as(bodies.NAMES):
            service(purchase=self.find(**path), actor=request.caller.actor, at=request.at, **more)
        return self.find(**path)


def found(pk: int) -> PurchaseInvoice:
    """The purchase with its lines. Raises Http404."""
    purchase: PurchaseInvoice = get_object_or_404(whole(PurchaseInvoice.objects), pk=pk)
    return purchase


class PurchaseItem(PurchaseView):
    @operation(answer=PurchaseShape)
    @versioned
    @documented(id="purchase_retrieve")
    def get(self, request: Call, **path: Any) -> PurchaseInvoice:
        """A supplier invoice with its lines and its breakdown of VAT."""
        return self.find(**path)

    @operation(action="purchases.edit", body=bodies.PurchaseChange, answer=PurchaseShape)
    @conditional
    @documented(id="purchase_update", examples=[sent({"items": [{**LINE, "account": "606300"}]})])
    def put(self, request: Call, **path: Any) -> PurchaseInvoice:
        """Correct one that nobody has approved (409 otherwise).

        One that waited for its approval is to be checked again. A field left out stays; `items` and `vat` replace all
        their rows.
        """
        purchase, values = self.find(**path), request.values
        rows: dict[str, Any] = {"vat_rows": bodies.vat_rows(values)} if "vat" in values else {}
        if "items" in values:
            rows |= {"lines": bodies.own_lines(values, bodies.lines_of(purchase))}
        return self.done(request, save_purchase, path, values=bodies.columns(values), **rows)


class PurchaseCheck(PurchaseView):
    @operation(action="purchases.edit", answer=PurchaseShape)
    @repeatable(OPTIONAL)
    @documented(id="purchase_check")
    def post(self, request: Call, **path: Any) -> PurchaseInvoice:
        """Say that it is complete: it goes to its approvers, and where no rule asks for one it is booked at once.

        Refused (409, `open_doubts`) while a person must look; (400, `incomplete_purchase`) where an account is missing,
        or is no more than a guess.
        """
        return self.done(request, check_purchase, path)


class PurchaseApprove(PurchaseView):
    @operation(action="purchases.approve", answer=PurchaseShape)
    @repeatable(OPTIONAL)
    @documented(id="purchase_approve")
    def post(self, request: Call, **path: Any) -> PurchaseInvoice:
        """Give one's « bon à payer »: a person's, by their token. A key is refused (403, `person_needed`)."""
        purchase = self.find(**path)
        if purchase.status != PurchaseStatus.TO_APPROVE:
            raise TransitionRefused(state=purchase.get_status_display())
        return self.done(request, approve_purchase, path)


class PurchaseBook(PurchaseView):
    @operation(action="purchases.edit", answer=PurchaseShape)
    @repeatable(OPTIONAL)
    @documented(id="purchase_book")
    def post(self, request: Call, **path: Any) -> PurchaseInvoice:
        """Book an approved one whose booking had to wait. It changes no more."""
        return self.done(request, book_purchase, path, on=local_day(request.at))


class PurchaseRefuse(PurchaseView):
    @operation(action="purchases.edit", body=bodies.RefusalBody, answer=PurchaseShape)
    @repeatable(OPTIONAL)
    @documented(id="purchase_refuse", examples=[sent({"code": "DOUBLON", "reason": "Déjà reçue le 3."})])
    def post(self, request: Call, **path: Any) -> PurchaseInvoice:
        """Refuse for good what is not booked (409 otherwise); the supplier learns of it by the platform it came by."""
        return self.done(request, refuse_purchase, path, **request.values)


class PurchaseDispute(PurchaseView):
    @operation(action="purchases.edit", body=bodies.PurchaseDisputeBody, answer=PurchaseShape)
    @repeatable(OPTIONAL)
    @documented(id="purchase_dispute_open", examples=[sent({"code": "QTE_ERR", "reason": "Deux cartons manquent."})])
    def post(self, request: Call, **path: Any) -> PurchaseInvoice:
        """Contest it: nobody approves or pays it meanwhile. A new reason replaces the first."""
        return self.done(request, dispute_purchase, path, **request.values)

    @operation(action="purchases.edit", answer=PurchaseShape)
    @documented(id="purchase_dispute_close")
    def delete(self, request: Call, **path: Any) -> PurchaseInvoice:
        """End the dispute. Nothing happens to one that nobody contests."""
        return self.done(request, settle_dispute, path)
