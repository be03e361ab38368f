"""What the simulated platform asks of an e-reporting flow (FRR), beyond the official rules, read by XPath of its own.

It refuses what would count twice or not at all: a second initial report of a period, a corrective one of nothing, a
period that overlaps another, that is not over, or whose rows are of other days, an invoice that another report holds.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from config.kernel.xml import UnreadableXml, parse_untrusted
from einvoicing import validation
from einvoicing.reporting.judging import admit_negative_payments
from einvoicing.sandbox.models import SandboxFlow
from einvoicing.sandbox.reading import Unreadable

UNIT_SALES, DAILY_SALES = "UnitaryCustomerTransactionReport", "AggregatedCustomerTransactionReport"
UNIT_PAYMENTS, DAILY_PAYMENTS = "UnitaryCustomerPaymentReport", "AggregatedCustomerPaymentReport"
PURCHASES, MIXED = "UnitarySupplierTransactionReport", "MultiFlowReport"
TYPES = (UNIT_SALES, DAILY_SALES, UNIT_PAYMENTS, DAILY_PAYMENTS, PURCHASES, MIXED)
INITIAL, CORRECTIVE = "IN", "RE"


@dataclass(frozen=True, slots=True)
class Heading:
    """What a report is of: whose, in which role, transactions or payments, of which days (AAAAMMJJ)."""

    report_id: str
    type_code: str
    siren: str
    role: str
    body: str  # TransactionsReport or PaymentsReport
    made_on: str
    start: str
    end: str
    days: frozenset[str]
    invoices: frozenset[str]
    flow_type: str

    @property
    def subject(self) -> tuple[str, str, str]:
        return (self.siren, self.role, self.body)


def heading(data: bytes) -> Heading:
    """Read what a report is of; raises Unreadable."""
    try:
        root = parse_untrusted(data)
    except UnreadableXml as error:
        raise Unreadable("InvalidSchema", "Le document XML est mal formé.") from error
    bodies = [child for child in root if child.tag in {"TransactionsReport", "PaymentsReport"}]
    if root.tag != "Report" or len(bodies) != 1:
        raise Unreadable(
            "FlowTypeError", "Le document n’est pas un rapport d’e-reporting, de transactions ou de paiements."
        )
    body = bodies[0]
    payments = body.tag == "PaymentsReport"
    paths = (
        ("Invoice/Payment/Date", "Transactions/Payment/Date")
        if payments
        else ("Invoice/IssueDate", "Transactions/Date")
    )
    days = [element for path in paths for element in body.findall(path)]
    found = Heading(
        report_id=_text(root, "ReportDocument/Id"),
        type_code=_text(root, "ReportDocument/TypeCode"),
        siren=_text(root, "ReportDocument/Issuer/Id"),
        role=_text(root, "ReportDocument/Issuer/RoleCode"),
        body=str(body.tag),
        made_on=_text(root, "ReportDocument/IssueDateTime/DateTimeString")[:8],
        start=_text(body, "ReportPeriod/StartDate"),
        end=_text(body, "ReportPeriod/EndDate"),
        days=frozenset(str(day.text or "").strip() for day in days),
        # an invoice is paid in several months; it is sold once
        invoices=frozenset() if payments else frozenset(str(one.text) for one in body.findall("Invoice/ID")),
        flow_type=_flow_type(body, _text(root, "ReportDocument/Issuer/RoleCode")),
    )
    if not found.report_id or not found.siren:
        raise Unreadable("InvalidSchema", "L’identifiant du rapport ou le déclarant manque.")
    return found


def _flow_type(body: etree._Element, role: str) -> str:
    if role == "BY":
        return PURCHASES
    units, days = bool(body.findall("Invoice")), bool(body.findall("Transactions"))
    if units and days:
        return MIXED
    if body.tag == "PaymentsReport":
        return UNIT_PAYMENTS if units else DAILY_PAYMENTS
    return UNIT_SALES if units else DAILY_SALES


def _text(parent: etree._Element, path: str) -> str:
    return (parent.findtext(path) or "").strip()


def check(data: bytes) -> validation.Report:
    """The official rules; a negative amount received is admitted, as rule G7.07 says."""
    return admit_negative_payments(validation.check(data), data)


def objection(flow: SandboxFlow) -> str:
    """Why this report cannot be counted beside those already taken; '' when it can."""
    report = heading(bytes(flow.data))
    if report.made_on <= report.end:
        return "La période n’est pas terminée."
    if any(not report.start <= day <= report.end for day in report.days):
        return "Une ligne n’est pas de la période."
    others = [one for one in _taken(flow) if one.subject == report.subject]
    same = [one for one in others if (one.start, one.end) == (report.start, report.end)]
    if any(one.start <= report.end and report.start <= one.end for one in others if one not in same):
        return "La période en recouvre une autre déjà déclarée."
    if report.type_code == INITIAL and same:
        return "La période est déjà déclarée : une rectification (RE) est attendue."
    if report.type_code == CORRECTIVE and not same:
        return "Rien n’est déclaré pour cette période : une déclaration initiale (IN) est attendue."
    counted = {number for one in _latest(others) if one not in same for number in one.invoices}
    if twice := sorted(counted & report.invoices):
        return f"La facture {twice[0]} est déjà déclarée pour une autre période."
    return ""


def _taken(flow: SandboxFlow) -> list[Heading]:
    """The reports of this company that were accepted, oldest first."""
    rows = SandboxFlow.objects.filter(syntax="FRR", direction="Out", ack_status="Ok", seller=flow.seller)
    return [heading(bytes(row.data)) for row in rows.exclude(pk=flow.pk).order_by("submitted_at", "id")]


def _latest(reports: list[Heading]) -> list[Heading]:
    return list({(one.start, one.end): one for one in reports}.values())
