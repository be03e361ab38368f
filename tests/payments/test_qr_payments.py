"""Payments of QR-bills as a Swiss bank notifies them (CAMT.054): one entry, many payers, each with his reference."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from billing.models import Invoice, InvoiceStatus
from config.kernel.identifiers import qr_reference
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.models import BankAccount, BankLine, LineStatus, Match
from payments.services.accounts import free_ledger_account
from payments.services.bank import import_statement
from payments.services.reconciliation import Outcome, reconcile
from tests.factories import story
from tests.factories.story import ACTOR, AT

pytestmark = pytest.mark.django_db

ACCOUNT, QR_ACCOUNT = "CH9300762011623852957", "CH4431999123000889012"

NOTICE = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08">
 <BkToCstmrDbtCdtNtfctn>
  <GrpHdr><MsgId>N-1</MsgId><CreDtTm>2026-11-16T20:00:00+01:00</CreDtTm></GrpHdr>
  <Ntfctn>
   <Id>N-1</Id><CreDtTm>2026-11-16T20:00:00+01:00</CreDtTm>
   <Acct><Id><IBAN>{account}</IBAN></Id><Ccy>EUR</Ccy></Acct>
   <Ntry>
    <NtryRef>{qr_account}</NtryRef><Amt Ccy="EUR">{total}</Amt><CdtDbtInd>CRDT</CdtDbtInd>
    <Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-16</Dt></BookgDt><ValDt><Dt>2026-11-16</Dt></ValDt>
    <AcctSvcrRef>BATCH-1</AcctSvcrRef>
    <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>VCOM</SubFmlyCd></Fmly></Domn></BkTxCd>
    <NtryDtls><Btch><NbOfTxs>{count}</NbOfTxs></Btch>{details}</NtryDtls>
   </Ntry>
  </Ntfctn>
 </BkToCstmrDbtCdtNtfctn>
</Document>"""

DETAIL = """<TxDtls>
 <Refs><AcctSvcrRef>TX-{number}</AcctSvcrRef><EndToEndId>NOTPROVIDED</EndToEndId></Refs>
 <Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>
 <RltdPties><Dbtr><Pty><Nm>Payeur {number}</Nm></Pty></Dbtr></RltdPties>
 <RmtInf><Strd><CdtrRefInf>
  <Tp><CdOrPrtry>{kind}</CdOrPrtry></Tp><Ref>{reference}</Ref>
 </CdtrRefInf></Strd></RmtInf>
</TxDtls>"""


def kind_of(reference: str) -> str:
    return "<Prtry>QRR</Prtry>" if reference.isdigit() else "<Cd>SCOR</Cd>"


def a_notice(paid: Sequence[tuple[str, str]]) -> bytes:
    details = [
        DETAIL.format(number=number, amount=amount, reference=reference, kind=kind_of(reference))
        for number, (reference, amount) in enumerate(paid)
    ]
    total = sum(Decimal(amount) for _reference, amount in paid)
    whole = NOTICE.format(
        account=ACCOUNT, qr_account=QR_ACCOUNT, total=total, count=len(paid), details="".join(details)
    )
    return whole.encode()


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def a_seller(account: str) -> Company:
    company = story.a_company(iban=account, bic="")
    with company_scope(company):
        BankAccount.objects.create(
            company=company, iban=ACCOUNT, name="Compte suisse", ledger_account=free_ledger_account(company)
        )
    return company


def received(company: Company, paid: Sequence[tuple[str, str]]) -> list[BankLine]:
    with company_scope(company):
        (kept,) = import_statement(company=company, data=a_notice(paid), filename="camt054.xml", actor=ACTOR, at=AT)
        return list(BankLine.objects.filter(statement=kept).order_by("bank_reference"))


def status_of(invoice: Invoice) -> str:
    return str(Invoice.everywhere.values_list("status", flat=True).get(pk=invoice.pk))


@pytest.mark.parametrize("account", [QR_ACCOUNT, ACCOUNT], ids=["QRR", "SCOR"])
def test_each_payment_of_a_batch_settles_the_invoice_whose_reference_it_bears(account: str) -> None:
    company = a_seller(account)
    # all owe the same: only the reference tells one from the other
    invoices = [story.an_issued_invoice(story.a_customer(company)) for _number in range(3)]
    assert [invoice.payment_reference.isdigit() for invoice in invoices] == [account == QR_ACCOUNT] * 3
    paid = [(invoice.payment_reference, "1440.00") for invoice in reversed(invoices)]
    lines = received(company, paid)
    assert [line.structured_reference for line in lines] == [reference for reference, _amount in paid]
    with company_scope(company):
        assert reconcile(company=company, actor=ACTOR, at=AT) == Outcome(matched=3, proposed=0, left=0)
    assert [status_of(invoice) for invoice in invoices] == [InvoiceStatus.PAID] * 3
    for line, invoice in zip(lines, reversed(invoices), strict=True):
        match = Match.everywhere.get(line=line)
        assert match.rule == "reference"
        assert {"kind": "rf", "value": invoice.payment_reference} in match.evidence


def test_a_reference_with_one_wrong_digit_settles_nothing_alone() -> None:
    company = a_seller(QR_ACCOUNT)
    invoice = story.an_issued_invoice(story.a_customer(company))
    wrong = invoice.payment_reference[:-2] + str((int(invoice.payment_reference[-2]) + 1) % 10)
    wrong += invoice.payment_reference[-1]
    assert not qr_reference.is_valid(wrong)
    (line,) = received(company, [(wrong, "1440.00")])
    with company_scope(company):
        assert reconcile(company=company, actor=ACTOR, at=AT).matched == 0
    assert status_of(invoice) == InvoiceStatus.ISSUED
    line.refresh_from_db()
    assert line.status == LineStatus.OPEN


def test_another_amount_under_the_right_reference_waits_for_a_person() -> None:
    company = a_seller(QR_ACCOUNT)
    invoice = story.an_issued_invoice(story.a_customer(company))
    received(company, [(invoice.payment_reference, "1400.00")])
    with company_scope(company):
        assert reconcile(company=company, actor=ACTOR, at=AT) == Outcome(matched=0, proposed=1, left=0)
    assert status_of(invoice) == InvoiceStatus.ISSUED
