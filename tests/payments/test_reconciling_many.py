"""Many bank lines matched at once: the rows are those of matching one by one, and a doubtful one stops no other."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Invoice, InvoiceStatus, JournalEntry, JournalLine, NumberSequence
from billing.services.issuing import issue_invoice
from config.kernel import chain
from config.kernel.models import AuditEvent, Company, WebhookEndpoint, WebhookEvent
from config.kernel.scope import company_scope
from customers.models import Customer
from einvoicing.models import Transmission
from payments.models import Allocation, BankLine, BarredPair, CreditUsed, LineStatus, Match, MatchPart, Payment
from payments.services import automatic, reconciliation
from payments.services.proposing import build_index
from payments.services.reconciliation import Outcome, reconcile
from payments.services.rules import save_rule
from tests.factories import money, platforms, story
from tests.trust.at_once import at_once

pytestmark = pytest.mark.django_db
ACT: dict[str, Any] = {"actor": story.ACTOR, "at": story.AT}


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def an_invoice(customer: Customer, price: int, *rates: str) -> Invoice:
    lines = [story.a_line(vat_rate=Decimal(rate), unit_price=Decimal(price)) for rate in rates or ("20",)]
    return story.an_issued_invoice(customer, lines)


def a_listening_company() -> Company:
    company = story.a_company()
    platforms.a_platform_account(company)
    for_all = ["payment.recorded", "invoice.paid", "payment.allocated"]
    WebhookEndpoint.everywhere.create(company=company, url="https://example.com", events=for_all, created_at=story.AT)
    return company


def some_lines(company: Company) -> None:
    """Whole, in two parts, several invoices in one, twice the same, doubted, less a credit, barred, of nobody, booked
    by a rule.

    Each on a day of its own: the order of numbers follows from the days.
    """
    one = story.a_customer(company, siret="73282932000074")
    other = story.a_customer(company, name="Atelier Bois", kind="INDIVIDUAL")
    whole = [an_invoice(customer, 100 + place, "20", "5.5") for place, customer in enumerate([one, other] * 2)]
    parted, twice, known, barred = (an_invoice(one, 200 + place) for place in range(4))
    # keys are random, and shares in their order: the numbers are, too
    drafts = [story.a_draft(other, [story.a_line(unit_price=Decimal(300))]) for _draft in range(2)]
    pair = [issue_invoice(invoice=draft, **ACT) for draft in sorted(drafts, key=lambda draft: draft.pk)]
    third = story.a_customer(company, name="Verrerie Morel", kind="INDIVIDUAL")
    credited = an_invoice(third, 500)
    money.a_payment(third, "130.00", paid_on=story.AT.date() - timedelta(days=60))
    money.a_payment(one, str(known.balance))
    texts = [
        *((row.balance, row.payment_reference) for row in whole[:2]),
        ("-12.50", "FRAIS DE TENUE DE COMPTE UN"),
        ("50.00", parted.payment_reference),
        (parted.balance - 50, f"SOLDE {parted.payment_reference}"),
        (sum(row.balance for row in pair), " ".join(str(row.number) for row in pair)),
        *((twice.balance, f"{twice.number} {word}") for word in ("UN", "BIS")),
        (known.balance, known.payment_reference),
        # its customer writes it himself: what stands to his credit is deducted without a person
        (credited.balance - 130, str(credited.number), third.name),
        ("-7.30", "FRAIS DE TENUE DE COMPTE DEUX"),
        (barred.balance, barred.payment_reference),
        ("7.77", "BONJOUR"),
        *((row.balance, row.payment_reference) for row in whole[2:]),
    ]
    for place, (amount, text, *payer) in enumerate(texts):
        entry = money.a_credit(str(amount), remittance=text, counterparty="".join(payer))
        money.bank_lines(company, [entry], at=story.AT - timedelta(days=len(texts) - place))
    BarredPair.everywhere.create(
        company=company,
        line=BankLine.everywhere.get(company=company, remittance=barred.payment_reference),
        invoice=barred,
    )
    rule = {"name": "Frais", "text": "tenue compte", "ledger_account": "627000", "is_automatic": True}
    save_rule(rule=None, company=company, values=rule, **ACT)


ROWS = (
    Invoice, Payment, Allocation, CreditUsed, Match, MatchPart, BankLine, JournalEntry, JournalLine, NumberSequence,
    Transmission, AuditEvent, WebhookEvent,
)  # fmt: skip
# other in each company, or in each order of writing
OWN = {
    "id", "company_id", "account_id", "tracking_id", "digest", "content_hash", "sequence", "previous_hash", "hash",
    "created_at", "document_sha256", "import_key",
}  # fmt: skip


def rows_of(company: Company) -> dict[str, list[str]]:
    """What is stored of a company, without what is its own: keys are told by the number of what they stand for."""
    names = {str(row.pk): str(row) for row in (*Invoice.everywhere.filter(company=company), *Customer.everywhere.all())}
    names |= {str(row.pk): row.number for row in Payment.everywhere.filter(company=company)}
    names |= {str(row.pk): row.number for row in JournalEntry.everywhere.filter(company=company)}
    names |= {str(row.pk): row.remittance for row in BankLine.everywhere.filter(company=company)}
    names |= {str(row.pk): f"match {row.line.remittance}" for row in Match.everywhere.filter(company=company)}
    numbers = {company.siret: "its SIRET", company.vat_number: "its VAT number", company.siren: "its SIREN"}

    def as_text(row: Any) -> str:
        columns = {name: value for name, value in chain.columns(row).items() if name not in OWN}
        content = columns.pop("content", None)
        text = repr(sorted(columns.items())) + (bytes(content).decode() if content else "")
        for number, name in numbers.items():
            text = text.replace(number, name)
        for pattern, word in ((r"_[0-9a-f]{8}\b", "_once"), (r"REL-\d{5}", "REL"), (r"\b[0-9a-f]{64}\b", "a hash")):
            text = re.sub(pattern, word, text)
        return re.sub(r"\d{16}", lambda key: names.get(key[0], "a key"), text)

    return {model.__name__: sorted(map(as_text, model.everywhere.filter(company=company))) for model in ROWS}


def test_the_rows_are_those_of_matching_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    found, outcomes, settled = [], [], []
    whole = automatic.settle_locked

    def counted(settlements: Any, *args: Any, **named: Any) -> Any:
        settled.append(len(settlements))
        return whole(settlements, *args, **named)

    monkeypatch.setattr(automatic, "settle_locked", counted)
    for at_once_ in (200, 1):
        company = a_listening_company()
        monkeypatch.setattr(reconciliation, "AT_ONCE", at_once_)
        with company_scope(company):
            some_lines(company)
            outcomes.append(reconcile(company=company, **ACT))
        connection.check_constraints()
        assert chain.verify(company) == []
        found.append(rows_of(company))
    assert outcomes[0] == outcomes[1] == Outcome(matched=9, proposed=4, left=2)
    # a line with a credit is settled by itself, and what follows it after it
    assert settled == [4, 1, 2, 2, *[1] * 9]
    for name in found[0]:
        assert found[0][name], f"{name} is written"
        assert found[0][name] == found[1][name], name
    assert any("212" in row for row in found[0]["Transmission"])


def test_many_take_no_more_statements_than_a_few(company: Company) -> None:
    """Even on a platform, to which each payment is declared."""
    platforms.a_platform_account(company)
    customer, counts = story.a_customer(company, siret="73282932000074"), []
    for number in (2, 20):
        invoices = [an_invoice(customer, 100 * number + place) for place in range(number)]
        money.bank_lines(company, [money.a_credit(str(row.balance), remittance=row.number) for row in invoices])
        with company_scope(company), CaptureQueriesContext(connection) as queries:
            assert reconcile(company=company, **ACT).matched == number
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert Transmission.everywhere.filter(company=company, declared_code="212").count() == 22


def test_what_has_changed_since_the_run_judged_is_left_and_the_others_are_booked(
    company: Company, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One invoice paid in part meanwhile, one pair barred, one line matched by a person, one payment told otherwise."""
    with company_scope(company):
        other = story.a_customer(company, name="Atelier Bois")
        invoices = [an_invoice(customer, 100 + place) for place in range(5)] + [an_invoice(other, 700)]
        lines = money.bank_lines(
            company, [money.a_credit(str(row.balance), remittance=row.payment_reference) for row in invoices]
        )
        by_invoice = {
            row.pk: next(line for line in lines if row.payment_reference in line.remittance) for row in invoices
        }
        verdicts = reconciliation.judge_all(lines, build_index(company, at=story.AT), {})
        paid, barred, taken, *others, known = invoices
        monkeypatch.setattr(reconciliation, "judge_all", lambda *_judged: verdicts)
        money.a_payment(customer, "10.00", [(paid, "10.00")])
        money.a_payment(other, str(known.balance))
        BarredPair.everywhere.create(company=company, line=by_invoice[barred.pk], invoice=barred)
        whole = automatic.lock_lines

        def lock_late(rows: Any) -> Any:
            BankLine.everywhere.filter(pk=by_invoice[taken.pk].pk).update(status=LineStatus.VOID)
            return whole(rows)

        monkeypatch.setattr(automatic, "lock_lines", lock_late)
        assert reconcile(company=company, **ACT) == Outcome(matched=2, proposed=4, left=0)
        for row in invoices:
            row.refresh_from_db()
    assert {row.status for row in others} == {InvoiceStatus.PAID}
    assert [row.amount_paid for row in (paid, barred, taken, known)] == [10, 0, 0, 0]
    assert Payment.everywhere.filter(company=company).count() == 4
    connection.check_constraints()
    assert chain.verify(company) == []


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", [3, 200])
def test_five_runs_and_people_at_once_match_each_line_once(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs in batches of all or of three, beside two people who pay the same invoices by hand."""
    monkeypatch.setattr(reconciliation, "AT_ONCE", size)
    company = story.a_company()
    customer = story.a_customer(company)
    invoices = [an_invoice(customer, 100 + place) for place in range(12)]
    money.bank_lines(company, [money.a_credit(str(row.balance), remittance=row.number) for row in invoices])

    def work(place: int) -> int:
        with company_scope(company):
            if place < 5:
                return reconcile(company=company, **ACT).matched
            money.a_payment(customer, "5.00", [(invoices[place - 5], "5.00")])
            return 0

    matched = sum(at_once(7, work))
    lines = BankLine.everywhere.filter(company=company)
    assert lines.filter(status=LineStatus.MATCHED).count() == matched >= 10
    assert Match.everywhere.filter(company=company).count() == matched
    assert Payment.everywhere.filter(company=company).count() == matched + 2
    assert chain.verify(company) == []
