"""One company to which everything has happened: what the tests of frozen rows and of the chain look at."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from django.db import connection, models
from django.test import override_settings

from billing.ledger.closing import close_books
from billing.ledger.vat.filing import file_return
from billing.ledger.vat.periods import parse_vat_period
from billing.models import (
    ClosedName,
    ClosingKind,
    DepositDeduction,
    FiscalYear,
    Invoice,
    InvoiceLine,
    JournalEntry,
    JournalLine,
    NumberSequence,
    PurchaseInvoice,
    SalesOrder,
    StockMovement,
    VatSubtotal,
)
from billing.purchases.settling import settle_purchase
from billing.services.deposits import choose_deposits
from billing.services.issuing import issue_invoice
from billing.services.orders import confirm_order, save_order, ship_order
from billing.services.products import move_stock, save_product
from config.kernel import audit
from config.kernel.clock import local_day
from config.kernel.models import AuditEvent, Company, ReceivedWebhook, WebhookSource
from config.kernel.scope import company_scope
from einvoicing.models import (
    Attempt,
    Enclosure,
    ReceivedDocument,
    Report,
    ReportPeriod,
    SupplierStatus,
    Transmission,
)
from einvoicing.reporting.choosing import choose_reporting
from einvoicing.reporting.models import Channel, Regime
from einvoicing.reporting.preparing import prepare_report
from einvoicing.reporting.reading import refresh_periods
from einvoicing.services import documents
from payments.models import (
    Allocation,
    BankAccount,
    BankLine,
    BankStatement,
    CreditUsed,
    DebitOrder,
    DirectDebit,
    Mandate,
    Match,
    MatchPart,
    Method,
    Payment,
    PaymentOrder,
    WriteOffReason,
)
from payments.outgoing.ordering import order_refunds
from payments.outgoing.refunding import refund_customer
from payments.services.allocations import Share
from payments.services.payments import record_payment
from payments.services.remittances import remit_payments
from payments.services.settling import settle_line
from payments.services.settling_parts import Credit, Received
from payments.services.write_offs import write_off
from tests.conftest import never_committed
from tests.factories import books, money, platforms, purchases, story, supplier_payments
from tests.factories.queues import claim_due
from tests.factories.received_documents import a_received_document, an_answer


@dataclass
class World:
    """One company to which everything has happened, and the rows that tell it."""

    company: Company
    rows: dict[str, models.Model] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.rows[name]


@pytest.fixture(scope="module")
def _happened(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, Path]]:
    """What has happened once for all the tests of a module, and its files."""
    files = tmp_path_factory.mktemp("files")
    with never_committed(django_db_blocker):
        company = story.a_company()
        with company_scope(company), override_settings(MEDIA_ROOT=str(files)):
            made = World(company, everything_that_can_happen(company))
            settle()
        yield made, files


@pytest.fixture
def world(_happened: tuple[World, Path], db: None, settings: Any, tmp_path: Path) -> Iterator[World]:
    """Rows and files of its own, as a test may change them."""
    made, files = _happened
    settings.MEDIA_ROOT = str(copytree(files, tmp_path / "files"))
    with company_scope(made.company):
        yield deepcopy(made)


def everything_that_can_happen(company: Company) -> dict[str, models.Model]:
    rows: dict[str, models.Model] = {}
    account = platforms.a_platform_account(company)
    customer = story.a_customer(company)
    lines = [story.a_line(), story.a_line("Pose", is_service=True, vat_rate=Decimal(10))]
    invoice = rows["invoice"] = story.an_issued_invoice(customer, lines, notes="Merci", purchase_order="BC-7")
    rows["another invoice"] = story.an_issued_invoice(customer, lines)
    rows["draft"] = story.a_draft(customer, lines)
    rows["line"], rows["other line"] = InvoiceLine.objects.filter(invoice=invoice).order_by("position")
    rows["vat"] = VatSubtotal.objects.filter(invoice=invoice).latest("rate")
    rows["entry"] = JournalEntry.objects.get(source=invoice.subject)
    rows["entry line"] = JournalLine.objects.filter(entry=rows["entry"]).earliest("position")
    rows["fiscal year"] = FiscalYear.objects.create(
        company=company, starts_on=date(2024, 1, 1), ends_on=date(2024, 12, 31), closed_at=story.AT
    )
    rows["name at closing"] = ClosedName.objects.create(
        company=company, year=rows["fiscal year"], kind=ClosedName.ACCOUNT, code="411000", name="Clients"
    )
    rows["closing"] = close_books(
        company=company, kind=ClosingKind.HARD, through=date(2025, 12, 31), actor=story.ACTOR, at=story.AT
    )
    rows["return of VAT"] = file_return(
        company=company, period=parse_vat_period("2025-12"), actor=story.ACTOR, at=story.AT
    )
    rows["payment"] = money.a_payment(customer, "600.00", [(invoice, "600.00")], reference="VIR")
    rows["another payment"] = money.a_payment(customer, "50.00", paid_on=local_day(story.AT) - timedelta(days=3))
    rows["allocation"] = Allocation.objects.get(payment=rows["payment"])
    (rows["bank line"],) = money.bank_lines(company, [money.a_credit("10.00")])
    rows["statement"] = BankStatement.objects.get()
    share = Share(Invoice.objects.get(pk=invoice.pk), Decimal("10.00"))
    rows["match"] = a_match(rows["bank line"], share, rows["another payment"])
    rows["match part"] = MatchPart.objects.get(match=rows["match"])
    rows["credit used"] = CreditUsed.objects.get(match=rows["match"])
    rows["write-off"] = write_off(
        invoice=story.an_issued_invoice(customer, lines),
        amount=Decimal("1.20"),
        reason=WriteOffReason.DISCOUNT,
        with_vat=True,
        note="",
        actor=story.ACTOR,
        at=story.AT,
    )
    rows["refund"] = refund_customer(
        customer=customer,
        amount=Decimal(20),
        method=Method.CHECK,
        reason="Trop-perçu",
        made_on=local_day(story.AT),
        actor=story.ACTOR,
        at=story.AT,
    )
    rows["order of transfers"] = an_order(customer, company)
    rows |= collected(customer, invoice)
    rows["refund share"] = rows["refund"].shares.get()
    rows["movement"] = a_shipment(company, customer)
    rows["order"] = SalesOrder.objects.get()
    rows["document"] = documents._store(
        invoice, documents.DocumentKind.FACTURX, b"%PDF", {"valid": True}, actor=story.ACTOR, at=story.AT
    )
    rows["transmission"] = Transmission.objects.get(invoice=invoice, kind="INVOICE")
    claim_due(at=story.AT, worker="carrier")
    rows["attempt"] = Attempt.objects.filter(transmission=rows["transmission"]).get()
    rows["status"] = platforms.a_status(account, invoice, "200")
    rows["message"] = rows["status"].document
    rows["received document"] = a_received_document(account)
    rows["answer to a supplier"] = an_answer(rows["received document"])
    rows["supplier status"] = a_supplier_status(rows["received document"], rows["message"])
    rows["enclosure"] = an_enclosure(rows["transmission"], rows["status"])
    rows["deduction"] = a_deduction(customer)
    rows |= bought(company)
    rows |= paid(company)
    rows["lettering"] = books.a_lettering(customer)
    rows["lettered line"] = rows["lettering"].lines.earliest("pk")
    rows["manual entry"] = books.an_entry(company)
    rows["report"] = a_report(company)
    rows["received webhook"] = a_received_webhook(company)
    rows["counter"] = NumberSequence.objects.get(series="FAC")
    rows["event"] = AuditEvent.objects.get(tag="billing.invoice.issued", subjects__0=invoice.subject)
    return rows


def a_report(company: Company) -> Report:
    """The e-reporting of the days of `story.AT`, once they are over."""
    story.an_issued_invoice(story.a_customer(company, kind="INDIVIDUAL", email=""))
    choose_reporting(
        company=company,
        since=date(2026, 9, 1),
        regime=Regime.MONTHLY,
        channel=Channel.FLOWS,
        sends_automatically=False,
        sender_code="",
        actor=story.ACTOR,
        at=story.AT,
    )
    later = story.AT + timedelta(days=14)
    refresh_periods(company=company, at=later)
    period = ReportPeriod.objects.get(company=company, kind="SALES", code="2026-11-2")
    return prepare_report(period=period, actor=story.ACTOR, at=later)


def a_match(line: BankLine, share: Share, credited: Payment) -> Match:
    """Of an older credit and of the line's own money."""
    received = Received(credited.customer, line.amount, [share], [Credit(credited, Decimal("5.00"))])
    return settle_line(line=line, parts=[received], rule="person", is_automatic=False, actor=story.ACTOR, at=story.AT)


def an_order(customer: Any, company: Company) -> PaymentOrder:
    account = money.a_bank_account(company)
    refund = refund_customer(
        customer=customer,
        amount=Decimal(5),
        method=Method.TRANSFER,
        iban=story.IBAN,
        bank_account=account,
        reason="Trop-perçu",
        made_on=local_day(story.AT),
        actor=story.ACTOR,
        at=story.AT,
    )
    day = local_day(story.AT)
    return order_refunds(refunds=[refund], bank_account=account, executes_on=day, actor=story.ACTOR, at=story.AT)


def collected(customer: Any, invoice: Invoice) -> dict[str, models.Model]:
    """A cheque on its slip, and a direct debit that was ordered from the bank."""
    company, account = customer.company, BankAccount.objects.first()
    cheque = record_payment(
        customer=customer,
        amount=Decimal(30),
        method=Method.CHECK,
        paid_on=local_day(story.AT),
        shares=[],
        actor=story.ACTOR,
        at=story.AT,
    )
    slip = remit_payments(
        company=company,
        method=Method.CHECK,
        payments=[cheque],
        bank_account=account,
        remitted_on=local_day(story.AT),
        actor=story.ACTOR,
        at=story.AT,
    )
    mandate = Mandate.objects.create(
        company=company,
        customer=customer,
        reference="RUM-1",
        debtor_name=customer.name,
        iban=story.IBAN,
        language="fr",
        signed_on=local_day(story.AT),
        created_at=story.AT,
    )
    order = DebitOrder.objects.create(
        company=company,
        number="PRL-1",
        scheme=mandate.scheme,
        bank_account=account,
        debit_count=1,
        total=Decimal(5),
        first_collected_on=local_day(story.AT),
        xml="<Document/>",
        sha256="0" * 64,
        made_at=story.AT,
    )
    debit = DirectDebit.objects.create(
        company=company,
        mandate=mandate,
        invoice=invoice,
        order=order,
        status="ORDERED",
        amount=Decimal(5),
        collected_on=local_day(story.AT),
        sequence="OOFF",
        end_to_end_id="PRL-1-1",
        announced_at=story.AT,
    )
    return {
        "slip": slip,
        "slip line": slip.lines.get(),
        "mandate": mandate,
        "order of debits": order,
        "direct debit": debit,
    }


def an_enclosure(transmission: Transmission, asked: Any) -> Enclosure:
    company_id = transmission.company_id
    answer = Transmission.objects.create(
        company_id=company_id,
        invoice=transmission.invoice,
        account=transmission.account,
        kind="COMPLETE",
        content=b"{}",
        request=asked,
        tracking_id="answer",
        next_attempt_at=story.AT,
        created_at=story.AT,
    )
    enclosure: Enclosure = Enclosure.objects.create(
        company_id=company_id,
        transmission=answer,
        position=1,
        name="pv.pdf",
        media_type="application/pdf",
        file="answers/pv.pdf",
        sha256="0" * 64,
        size=1,
    )
    return enclosure


def a_supplier_status(document: ReceivedDocument, message: Any) -> SupplierStatus:
    status: SupplierStatus = SupplierStatus.objects.create(
        company_id=document.company_id,
        document=document,
        message=message,
        number="F-2026-9",
        seller="732829320",
        code="213",
        occurred_at=story.AT,
        received_at=story.AT,
    )
    audit.record("einvoicing.received.status", subject=status, actor=story.ACTOR, at=story.AT, seal=True)
    return status


def a_received_webhook(company: Company) -> ReceivedWebhook:
    origin = WebhookSource.objects.create(company=company, source="abby", token="t", created_at=story.AT)
    received: ReceivedWebhook = ReceivedWebhook.objects.create(
        company=company,
        origin=origin,
        event_id="evt_1",
        body=b"{}",
        sha256="0" * 64,
        received_at=story.AT,
        next_attempt_at=story.AT,
    )
    return received


def bought(company: Company) -> dict[str, models.Model]:
    """A deposit and the final invoice that deducts it, settled in part by a credit note."""
    supplier = purchases.a_supplier(company)
    deposit = [purchases.kept("30", "409100", "SERVICES")]
    purchases.a_checked_purchase(supplier, deposit, kind="386", number="D-1")
    lines = [purchases.kept("100", "611000", "SERVICES"), purchases.kept("10", "606400", rate="5.5")]
    final = purchases.a_checked_purchase(supplier, lines, number="F-1", deposited=Decimal(36))
    note = [purchases.kept("20", "611000", "SERVICES")]
    purchases.a_checked_purchase(supplier, note, kind="381", number="A-1", corrects_number="F-1")
    paid = {"amount": Decimal(10), "on": local_day(story.AT)}
    settle_purchase(purchase=final, **paid, actor=story.ACTOR, at=story.AT)
    receipt = purchases.received(purchases.a_placed_order(supplier), 5)
    return {
        "receipt": receipt,
        "receipt line": receipt.lines.get(),
        "purchase": PurchaseInvoice.objects.get(pk=final.pk),
        "purchase line": final.lines.earliest("position"),
        "purchase vat": final.vat_rows.latest("rate"),
        "purchase deposit": final.deposits.get(),
        "supplier credit": final.credits_taken.get(),
        "purchase settlement": final.settlements.get(),
    }


def paid(company: Company) -> dict[str, models.Model]:
    """A purchase that a run paid, its file not at the bank yet."""
    purchase = supplier_payments.a_purchase(supplier_payments.a_supplier(company, "Papeterie réglée"))
    run = supplier_payments.an_ordered_run([purchase], supplier_payments.a_payer(company))
    payment = run.payments.get()
    return {
        "supplier payment": payment,
        "supplier share": payment.shares.get(),
        "payment run": run,
        "payment run line": run.lines.get(),
    }


def a_deduction(customer: Any) -> DepositDeduction:
    deposit = story.an_issued_invoice(customer, [story.a_line(quantity=Decimal(1))], kind="386")
    draft = choose_deposits(invoice=story.a_draft(customer), keys=[deposit.pk], actor=story.ACTOR, at=story.AT)
    deduction: DepositDeduction = issue_invoice(invoice=draft, actor=story.ACTOR, at=story.AT).deductions.get()
    return deduction


def a_shipment(company: Company, customer: Any) -> StockMovement:
    product = save_product(
        product=None,
        company_id=company.pk,
        actor=story.ACTOR,
        at=story.AT,
        values={"reference": "CH-1", "name": "Chaise", "unit_price": Decimal("120"), "tracks_stock": True},
    )
    move_stock(product=product, quantity=Decimal(5), reason="RECEIPT", actor=story.ACTOR, at=story.AT)
    order = save_order(
        order=None,
        customer=customer,
        values={},
        actor=story.ACTOR,
        at=story.AT,
        lines=[story.a_line(quantity=Decimal(2), product_id=product.pk)],
    )
    confirm_order(order=order, actor=story.ACTOR, at=story.AT)
    ship_order(order=order, actor=story.ACTOR, at=story.AT)
    movement: StockMovement = StockMovement.objects.get(order=order)
    return movement


def settle() -> None:
    """What PostgreSQL does at commit: deferred checks, and the chain's links."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def run(sql: str, *values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.rowcount
