"""The e-reporting that the simulated platform makes of the invoices it carries, where their rule says B2C or abroad.

It reads them by XPath of its own and knows of an invoice what that says: its nature is the cadre (BT-23), so that a
mixed one counts as goods; payments are those of status 212. Décades and months; a corrective report where something
came late.
"""

from __future__ import annotations

import calendar
import hashlib
from collections import defaultdict
from datetime import date
from decimal import Decimal

from django.utils import timezone
from lxml import etree

from config.kernel.clock import PARIS
from config.kernel.xml import parse_untrusted
from einvoicing.sandbox import reading, reports
from einvoicing.sandbox.models import SandboxFlow

COUNTED = ("B2C", "B2BInt", "B2GInt")
CREDIT_NOTES = ("381", "261")
_CATEGORIES = {"B": "TLB1", "S": "TPS1", "M": "TLB1"}

Period = tuple[date, date]


def _all(root: etree._Element, *steps: str) -> list[etree._Element]:
    """Elements by their local names, wherever they are."""
    path = "".join(
        f"//*[local-name()='{step}']" if not place else f"/*[local-name()='{step}']" for place, step in enumerate(steps)
    )
    return list(root.xpath(path))  # type: ignore[arg-type]  # a path of elements


def _text(root: etree._Element, *steps: str) -> str:
    found = _all(root, *steps)
    return str(found[0].text or "").strip() if found else ""


class Sold:
    """What one invoice tells: by CII or UBL, the two syntaxes it comes in."""

    def __init__(self, flow: SandboxFlow) -> None:
        xml = reading.xml_of(bytes(flow.data), flow.syntax)
        head = reading.heading(xml, flow.syntax)
        root = parse_untrusted(xml)
        self.rule, self.number = flow.processing_rule, head.number
        self.siren, self.seller = head.seller_siren, head.seller_name
        self.type_code, self.day = head.type_code, head.issued_on or date.min
        self.is_credit = head.type_code in CREDIT_NOTES
        cii = etree.QName(root).localname == "CrossIndustryInvoice"
        context = ("BusinessProcessSpecifiedDocumentContextParameter", "ID")
        self.process = _text(root, *context) if cii else _text(root, "ProfileID")
        point = (
            _text(root, "ApplicableTradeTax", "DueDateTypeCode")
            if cii
            else _text(root, "InvoicePeriod", "DescriptionCode")
        )
        self.on_debits = point in {"5", "3"}
        self.rows = self._cii_rows(root) if cii else self._ubl_rows(root)

    @staticmethod
    def _cii_rows(root: etree._Element) -> list[tuple[str, Decimal, Decimal, Decimal]]:
        found = []
        for tax in _all(root, "ApplicableHeaderTradeSettlement", "ApplicableTradeTax"):
            read = {etree.QName(child).localname: str(child.text or "0") for child in tax}
            rate = Decimal(read.get("RateApplicablePercent", "0"))
            found.append((read["CategoryCode"], rate, Decimal(read["BasisAmount"]), Decimal(read["CalculatedAmount"])))
        return found

    @staticmethod
    def _ubl_rows(root: etree._Element) -> list[tuple[str, Decimal, Decimal, Decimal]]:
        found = []
        for tax in _all(root, "TaxTotal", "TaxSubtotal"):
            rate = tax.xpath("string(*[local-name()='TaxCategory']/*[local-name()='Percent'])") or "0"
            amounts = [
                Decimal(str(tax.xpath(f"string(*[local-name()='{name}'])"))) for name in ("TaxableAmount", "TaxAmount")
            ]
            category = str(tax.xpath("string(*[local-name()='TaxCategory']/*[local-name()='ID'])"))
            found.append((category, Decimal(str(rate)), amounts[0], amounts[1]))
        return found

    @property
    def category(self) -> str:
        return _CATEGORIES.get(self.process[:1], "TLB1")


def produce(client_id: str) -> None:
    """Write the reports of this client that are missing or no longer true. Call it under the simulator's lock."""
    accepted = SandboxFlow.objects.filter(client_id=client_id, direction="Out", ack_status="Ok")
    sold = [Sold(flow) for flow in accepted.filter(processing_rule__in=COUNTED).exclude(syntax__in=["CDAR", "FRR"])]
    if not sold:
        return
    sales: dict[Period, list[Sold]] = defaultdict(list)
    for one in sold:
        sales[_decade(one.day)].append(one)
    for (start, end), invoices in sales.items():
        _write(client_id, invoices[0], start, end, "TransactionsReport", _transactions(invoices))
    paid: dict[Period, list[tuple[Sold, date, Decimal, Decimal]]] = defaultdict(list)
    by_number = {one.number: one for one in sold}
    for flow in accepted.filter(syntax="CDAR").order_by("submitted_at", "id"):
        for number, day, rate, amount in _received(bytes(flow.data)):
            invoice = by_number.get(number)
            if invoice and invoice.process[:1] != "B" and not invoice.on_debits:
                paid[_month(day)].append((invoice, day, rate, amount))
    for (start, end), payments in paid.items():
        _write(client_id, payments[0][0], start, end, "PaymentsReport", _payments(payments))


def _received(data: bytes) -> list[tuple[str, date, Decimal, Decimal]]:
    """The money that a status 212 tells of: invoice, day, rate, amount with VAT."""
    root = parse_untrusted(data)
    if _text(root, "ReferenceReferencedDocument", "ProcessConditionCode") != "212":
        return []
    number = _text(root, "ReferenceReferencedDocument", "IssuerAssignedID")
    found = []
    for item in _all(root, "SpecifiedDocumentCharacteristic"):
        read = {etree.QName(child).localname: child for child in item}
        if str(read["TypeCode"].text) != "MEN":
            continue
        day = date.fromisoformat(str(read["ValueDateTime"].xpath("string()")).strip())
        found.append((number, day, Decimal(str(read["ValuePercent"].text)), Decimal(str(read["ValueAmount"].text))))
    return found


def _decade(day: date) -> Period:
    third = min((day.day - 1) // 10, 2)
    end = _month(day)[1] if third == 2 else day.replace(day=third * 10 + 10)
    return day.replace(day=third * 10 + 1), end


def _month(day: date) -> Period:
    return day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _transactions(invoices: list[Sold]) -> list[str]:
    rows: dict[tuple[date, str], dict[Decimal, list[Decimal]]] = defaultdict(dict)
    count: dict[tuple[date, str], int] = defaultdict(int)
    units = []
    for one in sorted(invoices, key=lambda one: (one.day, one.number)):
        if one.rule != "B2C":
            units.append(_unit(one))
            continue
        sign = -1 if one.is_credit else 1
        for category, rate, base, tax in one.rows:
            key = (one.day, one.category if category in {"S", "Z"} else "TNT1")
            sums = rows[key].setdefault(rate, [Decimal(0), Decimal(0)])
            sums[0], sums[1] = sums[0] + sign * base, sums[1] + sign * tax
        count[one.day, one.category] += 1
    return units + [_day(day, category, count[day, category], sums) for (day, category), sums in sorted(rows.items())]


def _unit(one: Sold) -> str:
    net, tax = sum(row[2] for row in one.rows), sum(row[3] for row in one.rows)
    parts = "".join(
        f"<TaxSubTotal><TaxableAmount>{base}</TaxableAmount><TaxAmount>{vat}</TaxAmount>"
        f"<TaxCategory><Code>{category}</Code><Percent>{rate}</Percent></TaxCategory></TaxSubTotal>"
        for category, rate, base, vat in one.rows
    )
    return (
        f"<Invoice><ID>{one.number}</ID><IssueDate>{one.day:%Y%m%d}</IssueDate><TypeCode>{one.type_code}</TypeCode>"
        f"<CurrencyCode>EUR</CurrencyCode><BusinessProcess><ID>{one.process}</ID>"
        f"<TypeID>urn.cpro.gouv.fr:1p0:ereporting</TypeID></BusinessProcess>"
        f'<Seller><CompanyId schemeId="0002">{one.siren}</CompanyId></Seller>'
        f"<MonetaryTotal><TaxExclusiveAmount>{net}</TaxExclusiveAmount>"
        f'<TaxAmount CurrencyCode="EUR">{tax}</TaxAmount></MonetaryTotal>{parts}</Invoice>'
    )


def _day(day: date, category: str, count: int, sums: dict[Decimal, list[Decimal]]) -> str:
    parts = "".join(
        f"<TaxSubtotal><TaxPercent>{rate}</TaxPercent><TaxableAmount>{base}</TaxableAmount><TaxTotal>{tax}</TaxTotal>"
        "</TaxSubtotal>"
        for rate, (base, tax) in sorted(sums.items(), reverse=True)
    )
    net, vat = (sum(one[place] for one in sums.values()) for place in (0, 1))
    return (
        f"<Transactions><Date>{day:%Y%m%d}</Date><TransactionsCurrency>EUR</TransactionsCurrency>"
        f"<CategoryCode>{category}</CategoryCode><TaxExclusiveAmount>{net}</TaxExclusiveAmount><TaxTotal>{vat}</TaxTotal>"
        f"<TransactionsCount>{count}</TransactionsCount>{parts}</Transactions>"
    )


def _payments(payments: list[tuple[Sold, date, Decimal, Decimal]]) -> list[str]:
    units: dict[tuple[str, date, date], dict[Decimal, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    days: dict[date, dict[Decimal, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for invoice, day, rate, amount in payments:
        if invoice.rule == "B2C":
            days[day][rate] += amount
        elif rate:
            units[invoice.number, invoice.day, day][rate] += amount
    found = [
        f"<Invoice><InvoiceID>{number}</InvoiceID><IssueDate>{issued:%Y%m%d}</IssueDate>"
        f"{_shares(day, shares)}</Invoice>"
        for (number, issued, day), shares in sorted(units.items())
    ]
    return found + [f"<Transactions>{_shares(day, shares)}</Transactions>" for day, shares in sorted(days.items())]


def _shares(day: date, shares: dict[Decimal, Decimal]) -> str:
    parts = "".join(
        f"<SubTotals><TaxPercent>{rate}</TaxPercent><CurrencyCode>EUR</CurrencyCode><Amount>{amount}</Amount></SubTotals>"
        for rate, amount in sorted(shares.items(), reverse=True)
    )
    return f"<Payment><Date>{day:%Y%m%d}</Date>{parts}</Payment>"


def _write(client_id: str, of: Sold, start: date, end: date, body: str, rows: list[str]) -> None:
    """A report of the period, a corrective one where an earlier said otherwise; nothing where it said the same."""
    period = f"<StartDate>{start:%Y%m%d}</StartDate><EndDate>{end:%Y%m%d}</EndDate>"
    content = f"<{body}><ReportPeriod>{period}</ReportPeriod>{''.join(rows)}</{body}>"
    name = f"{of.siren}-{body}-{start:%Y%m%d}"
    made = SandboxFlow.objects.filter(client_id=client_id, direction="In", syntax="FRR", name=name).order_by("id")
    latest = made.last()
    if latest is not None and content.encode() in bytes(latest.data):
        return
    now = timezone.now()
    stamp, type_code = f"{now.astimezone(PARIS):%Y%m%d%H%M%S}", reports.CORRECTIVE if made else reports.INITIAL
    head = (
        f"<ReportDocument><Id>{name}-{len(made) + 1}</Id>"
        f"<IssueDateTime><DateTimeString>{stamp}</DateTimeString></IssueDateTime><TypeCode>{type_code}</TypeCode>"
        '<Sender><Id schemeId="0238">9999</Id><Name>PLATEFORME SIMULEE</Name><RoleCode>WK</RoleCode></Sender>'
        f'<Issuer><Id schemeId="0002">{of.siren}</Id><Name>{of.siren}</Name><RoleCode>SE</RoleCode></Issuer>'
        "</ReportDocument>"
    )
    data = f'<?xml version="1.0" encoding="UTF-8"?><Report>{head}{content}</Report>'.encode()
    flow_type = reports.heading(data).flow_type
    SandboxFlow.objects.create(
        client_id=client_id, direction="In", flow_type=flow_type, name=name, syntax="FRR", data=data,
        sha256=hashlib.sha256(data).hexdigest(), seller=of.siren, ack_status="Ok", submitted_at=now, updated_at=now,
    )  # fmt: skip
