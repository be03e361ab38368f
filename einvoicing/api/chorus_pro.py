"""The Chorus Pro module: invoices to public bodies, submitted and followed by the module's own routes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404

from config.kernel.api import lists
from config.kernel.api.circumstances import multipart, without_transaction
from config.kernel.api.documented import documented
from config.kernel.api.examples import received, sent
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import REQUIRED, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.view import ApiView, Call
from config.kernel.errors import DomainError, Invalid
from config.kernel.identifiers import siren as siren_number
from config.kernel.middleware import translated
from config.kernel.models import Company
from config.kernel.secrets import SecretUnreadable
from einvoicing.api import chorus_pro_shapes as shapes
from einvoicing.api.sending import InvalidHere
from einvoicing.models import PlatformAccount, Transmission
from einvoicing.services.accounts import try_account
from einvoicing.services.chorus_statuses import PAID, REJECTED, Narrowing, awaited, narrowed, statistics, submitted
from einvoicing.services.chorus_transmitting import StatedInvoice, queue_to_chorus_pro
from einvoicing.services.documents import DocumentInvalid
from einvoicing.services.public_bodies import NoChorusPro, account_of, checked_siret
from einvoicing.services.technical_accounts import warnings_of

NOT_YOURS = "Ce SIRET n’est pas celui d’un établissement de votre société."
SEED = {
    "invoiceNumber": "FAC2024-001", "invoiceDate": "2024-03-15", "supplierSiret": "12345678200002",
    "recipientSiret": "24690025200015", "serviceReference": {"serviceCode": "SERVICE001"},
    "amountExcludingTax": Decimal("1000.00"), "vatAmount": Decimal("200.00"), "amountIncludingTax": Decimal("1200.00"),
}  # fmt: skip
TAKEN = {
    "chorusInvoiceId": "4503599627370497",
    "invoiceNumber": "FAC2024-001",
    "status": "EN_ATTENTE",
    "submittedAt": "2024-03-15T09:00:00Z",
}


class NotFoundHere(DomainError):
    code = "not_found"
    message = NOT_YOURS
    status = 404


class ChorusView(ApiView):
    area = "einvoicing"

    def find(self, **path: Any) -> Any:
        """The SIRET the address names, judged before what is asked of it. Raises SiretInvalid."""
        return checked_siret(path["siret"], "siret")


class Submit(ChorusView):
    @operation(action="einvoicing.send", body=shapes.SubmitBody, answer=shapes.SubmitAnswer)
    @created()
    @repeatable(REQUIRED)
    @multipart
    @documented(id="chorus_submit", examples=[sent({"invoiceData": SEED}), received(TAKEN, status=201)])
    def post(self, request: Call) -> Transmission:
        """Submit an issued invoice to Chorus Pro.

        The invoice is ours, by its number; what you say of it (SIRETs, date, amounts, service, commitment) must be
        what was issued, and `document`, when you send it, its legal Factur-X: else 400, at each field that differs
        (names are not compared). Chorus Pro is asked what the recipient wants of the invoice's own service; one that
        does not answer stops nothing. The legal file is queued; `status` follows. Refused with the codes
        SIRET_INVALIDE, SERVICE_INTROUVABLE, ENGAGEMENT_ABSENT (400) and FACTURE_DOUBLON (409, with the
        `chorusInvoiceId` of the one already there), each with a `message`.
        """
        stated, company = _stated(request.values), request.caller.company
        try:
            row = queue_to_chorus_pro(company=company, stated=stated, actor=request.caller.actor, at=request.at)
        except DocumentInvalid as error:
            raise InvalidHere(error.report) from error
        return cast(Transmission, submitted().get(pk=row.pk))


def _stated(values: dict[str, Any]) -> StatedInvoice:
    data, file = values["invoice_data"], values.get("document")
    document = None
    if file is not None:
        file.seek(0)
        document = file.read()
    return StatedInvoice(
        number=data["invoice_number"],
        issued_on=data["invoice_date"],
        supplier_siret=data["supplier_siret"],
        recipient_siret=data["recipient_siret"],
        kind=data.get("invoice_type", ""),
        service_code=data.get("service_reference", {}).get("service_code", ""),
        engagement=data.get("engagement", {}).get("engagement_number", ""),
        purchase_order=data.get("purchase_order", ""),
        contract=data.get("contract_reference", ""),
        document=document,
        **shapes.amounts(data),
    )


class Status(ChorusView):
    def find(self, **path: Any) -> Transmission:
        return cast(Transmission, get_object_or_404(submitted(), pk=path["chorusInvoiceId"]))

    @operation(answer=shapes.ChorusStatus)
    @documented(id="chorus_status")
    def get(self, request: Call, **path: Any) -> Transmission:
        """Where a submitted invoice stands, with every status it passed through."""
        return self.find(**path)


class Search(ChorusView):
    @operation(body=shapes.QueryBody, answer=shapes.QueryAnswer)
    @without_transaction
    @documented(id="chorus_query")
    def post(self, request: Call) -> dict[str, Any]:
        """Find submitted invoices, the latest first. The criteria combine; nothing is written."""
        criteria = request.values
        supplier = criteria.get("supplier_siret") or request.caller.company.siret
        rows = narrowed(
            Narrowing(
                supplier_siret=_own(request.caller.company, supplier, "supplierSiret"),
                recipient_siret=criteria.get("recipient_siret", ""),
                number=criteria.get("invoice_number", ""),
                status=criteria.get("status", ""),
                first=criteria.get("date_from"),
                last=criteria.get("date_to"),
            )
        )
        page, size = criteria["page"], criteria["page_size"]
        found = rows.order_by("-created_at", "-id")[(page - 1) * size : page * size]
        return {"total": rows.count(), "page": page, "page_size": size, "invoices": list(found)}


def _own(company: Company, siret: str, field: str) -> str:
    """An establishment of the company. Raises SiretInvalid, Invalid at `field`."""
    number = checked_siret(siret, field)
    if number[:9] != siren_number.compact(company.siren):
        raise Invalid(fields={field: NOT_YOURS})
    return number


def _named(company: Company, siret: str) -> str:
    """The same, of the address itself: another company's does not exist. Raises SiretInvalid, NotFoundHere."""
    number = checked_siret(siret, "siret")
    if number[:9] != siren_number.compact(company.siren):
        raise NotFoundHere
    return number


class SupplierView(ChorusView):
    """Of a supplier: an establishment of the caller's company."""

    def find(self, **path: Any) -> str:
        return _named(self.request.caller.company, path["siret"])


class SupplierInvoices(SupplierView):
    """Every submitted invoice of a supplier, or those in one state."""

    def listed(self, request: Call, siret: str, **where: Any) -> HttpResponseBase:
        rows = narrowed(Narrowing(supplier_siret=_named(request.caller.company, siret)))
        rows = awaited(rows) if where.get("pending") else rows.filter(**where)
        return lists.page(self, rows, by="created_at", name="chorus-pro")

    @operation(query=shapes.SupplierQuery, answer=shapes.ChorusInvoice, many=True)
    @documented(id="chorus_supplier")
    def get(self, request: Call, siret: str) -> HttpResponseBase:
        """The invoices of a supplier (an establishment of your company), the latest first."""
        return self.listed(request, siret)


class SupplierRejected(SupplierInvoices):
    @operation(query=shapes.SupplierQuery, answer=shapes.ChorusInvoice, many=True)
    @documented(id="chorus_supplier_rejected")
    def get(self, request: Call, siret: str) -> HttpResponseBase:
        """Those that Chorus Pro or the public body rejected. Correct them by a credit note and a new invoice."""
        return self.listed(request, siret, chorus_status=REJECTED)


class SupplierPaid(SupplierInvoices):
    @operation(query=shapes.SupplierQuery, answer=shapes.ChorusInvoice, many=True)
    @documented(id="chorus_supplier_paid")
    def get(self, request: Call, siret: str) -> HttpResponseBase:
        """Those that are paid, as the bank proves it."""
        return self.listed(request, siret, chorus_status=PAID)


class SupplierPending(SupplierInvoices):
    @operation(query=shapes.SupplierQuery, answer=shapes.ChorusInvoice, many=True)
    @documented(id="chorus_supplier_pending")
    def get(self, request: Call, siret: str) -> HttpResponseBase:
        """Those from which something is still to come: neither rejected, given up, paid, nor credited."""
        return self.listed(request, siret, pending=True)


# -- figures and health --------------------------------------------------------------------------------------------


class Statistics(SupplierView):
    @operation(query=shapes.PeriodQuery, answer=shapes.StatisticsShape)
    @documented(id="chorus_statistics")
    def get(self, request: Call, siret: str) -> dict[str, Any]:
        """What a supplier's invoices to public bodies add up to, by status."""
        first, last = request.query.get("date_from"), request.query.get("date_to")
        number = _named(request.caller.company, siret)
        figures = statistics(Narrowing(supplier_siret=number, first=first, last=last))
        return {"supplier_siret": number, "date_from": first, "date_to": last, **figures}


class Health(ChorusView):
    @operation(answer=shapes.ConnectionShape)
    @documented(id="chorus_health")
    def get(self, request: Call) -> dict[str, Any]:
        """Ask Chorus Pro whether it answers and knows both of our credentials, now; and what else does not work."""
        account: PlatformAccount | None = None
        problem: Any
        warnings: list[Any] = []
        try:
            account = account_of(request.caller.company)
            problem = try_account(account=account, at=request.at)
            warnings = [] if problem else warnings_of(account=account, at=request.at)
        except (NoChorusPro, SecretUnreadable) as error:
            problem = error
        return {
            "connected": problem is None,
            "environment": account.environment if account else None,
            "problem": translated(problem.message) if problem else "",
            "warnings": [translated(warning) for warning in warnings],
            "password_expires_on": account.password_expires_on if account else None,
            "tested_at": request.at,
        }
