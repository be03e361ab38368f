"""What every queue promises, one contract for all: taken once, kept through a death, fenced, held up by no row."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.models import Email, EmailKind, EmailStatus
from billing.services.emails import queue_email
from billing.tasks import INVOICE_EMAILS, NOTICES
from config.kernel import audit
from config.kernel.bulk.acts import ACTS, LISTS
from config.kernel.bulk.choosing import fingerprint, start_run
from config.kernel.bulk.running import RUNS
from config.kernel.importing.kinds import KINDS
from config.kernel.importing.receiving import choose_columns, receive_file
from config.kernel.importing.running import IMPORTS
from config.kernel.inbound.applying import RECEIVED
from config.kernel.models import (
    Company,
    Leased,
    LeasedRow,
    LoopFailure,
    ReceivedWebhook,
    WebhookDelivery,
    WebhookSource,
)
from config.kernel.people.mails import ACCOUNT_MAILS, queue_mail
from config.kernel.queue import Queue, held, renew
from config.kernel.scope import company_scope
from config.kernel.webhooks import endpoints
from config.kernel.webhooks.sending import DELIVERIES
from einvoicing.models import (
    PlatformAccount,
    ReceivedDocument,
    ReceptionChannel,
    ReceptionSource,
    Report,
    ReportPeriod,
    Transmission,
)
from einvoicing.reception import queues as reading
from einvoicing.reception.answers.transmitting import ANSWERS
from einvoicing.reception.completeness import COMPLETENESS
from einvoicing.reception.fetching import SOURCES
from einvoicing.reporting.transmitting import REPORTS
from einvoicing.services.preparing import PREPARING
from einvoicing.services.sending import email_invoice
from einvoicing.services.transmissions import TRANSMISSIONS
from einvoicing.tasks import COMPARING, POLLING
from payments.checkouts.following import CHECKOUTS
from payments.checkouts.models import Checkout, ProviderAccount
from payments.checkouts.payouts import PAYOUTS
from payments.dunning.delivery import REMINDER_EMAILS
from payments.models import Feed, FeedKind, StatementUpload
from payments.tasks import FEEDS, UPLOADS
from tests.factories import people, platforms, received_documents, story
from tests.trust.at_once import at_once

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]
AT, MOMENT, WEEK = story.AT, timedelta(seconds=1), timedelta(days=7)


def a_transmission(company: Company) -> LeasedRow:
    platforms.a_platform_account(company)
    row: Transmission = Transmission.everywhere.get(invoice=story.an_issued_invoice(story.a_customer(company)))
    return row


def an_email(kind: EmailKind) -> Callable[[Company], LeasedRow]:
    def make(company: Company) -> LeasedRow:
        return queue_email(
            company_id=company.pk,
            invoice=None,
            kind=kind,
            recipient="a@client.example",
            subject_line="Objet",
            body="Texte",
            needs_document=False,
            at=AT,
        )

    return make


def an_email_without_its_file(company: Company) -> LeasedRow:
    invoice = story.an_issued_invoice(story.a_customer(company))
    with company_scope(company):
        return email_invoice(invoice=invoice, addresses=["a@client.example"], at=AT)[0]


def a_delivery(company: Company) -> LeasedRow:
    customer = story.a_customer(company)
    url = "https://erp.example/hooks"
    endpoints.create_endpoint(company=company, url=url, events=["*"], actor=story.ACTOR, at=AT)
    audit.record("customers.customer.changed", subject=customer, actor=story.ACTOR, at=AT)
    row: WebhookDelivery = WebhookDelivery.everywhere.get(company=company)
    return row


def a_received_message(company: Company) -> LeasedRow:
    origin = WebhookSource.everywhere.create(company=company, source="abby", token=f"t{company.pk}", created_at=AT)
    row: ReceivedWebhook = ReceivedWebhook.everywhere.create(
        company=company, origin=origin, event_id="evt", body=b"{}", sha256="0" * 64, received_at=AT, next_attempt_at=AT
    )
    return row


def a_feed(company: Company) -> LeasedRow:
    row: Feed = Feed.everywhere.create(
        company=company, kind=FeedKind.REVOLUT, base_url="https://bank.example", created_at=AT
    )
    return row


def an_upload(company: Company) -> LeasedRow:
    row: StatementUpload = StatementUpload.everywhere.create(
        company=company, batch="b", name="a.xml", size=0, content=b"", sha256="", uploaded_at=AT, expires_at=AT
    )
    return row


def a_provider_account(company: Company) -> ProviderAccount:
    row: ProviderAccount = ProviderAccount.everywhere.create(
        company=company,
        kind="hosted_checkout",
        base_url="https://pay.example",
        page_origin="https://pay.example",
        secret_cipher="sealed",
        is_enabled=True,
        created_at=AT,
    )
    return row


def a_checkout(company: Company) -> LeasedRow:
    row: Checkout = Checkout.everywhere.create(
        company=company,
        account=a_provider_account(company),
        invoice=story.an_issued_invoice(story.a_customer(company)),
        reference=f"CB-{company.pk}",
        amount=Decimal(1),
        next_attempt_at=AT,
        created_at=AT,
    )
    return row


def a_report(company: Company) -> LeasedRow:
    period: ReportPeriod = ReportPeriod.everywhere.create(
        company=company,
        kind="SALES",
        start=date(2026, 11, 1),
        end=date(2026, 11, 10),
        code="2026-11-1",
        opens_on=date(2026, 11, 11),
        due_on=date(2026, 11, 20),
        regime="MONTHLY",
        channel="FLOWS",
        computed_at=AT,
    )
    row: Report = Report.everywhere.create(
        company=company,
        period=period,
        account=platforms.a_platform_account(company),
        turn=1,
        type_code="IN",
        content=b"<Report/>",
        tracking_id=f"r{company.pk}",
        next_attempt_at=AT,
        made_at=AT,
    )
    return row


def an_answer(company: Company) -> LeasedRow:
    account = platforms.a_platform_account(company)
    with company_scope(company):
        return received_documents.an_answer(received_documents.a_received_document(account))


def a_received_document(status: str, syntax: str) -> Callable[[Company], LeasedRow]:
    def make(company: Company) -> LeasedRow:
        row: ReceivedDocument = ReceivedDocument.everywhere.create(
            company=company,
            channel=ReceptionChannel.UPLOAD,
            name="facture.xml",
            file="received/none.xml",
            sha256="0" * 64,
            size=1,
            received_at=AT,
            next_attempt_at=AT,
            status=status,
            syntax=syntax,
        )
        return row

    return make


def a_source(company: Company) -> LeasedRow:
    account: PlatformAccount = platforms.a_platform_account(company)
    row: ReceptionSource = ReceptionSource.everywhere.create(
        company=company, channel=ReceptionChannel.PLATFORM, account=account, created_at=AT, polled_at=AT - WEEK
    )
    return row


def a_bulk_run(company: Company) -> LeasedRow:
    person = people.a_person(company)
    draft = story.a_draft(story.a_customer(company))
    with company_scope(company):
        return start_run(
            declared=LISTS["invoices"],
            act=ACTS["invoices"]["delete"],
            keys=[draft.pk],
            shown=fingerprint([draft.pk]),
            options={},
            user=person,
            company=company,
            language="fr",
            at=AT,
        )


def an_account_mail(_company: Company) -> Leased:
    return queue_mail(kind="password_changed", to="a@person.example", language="fr", context={}, at=AT)


def an_import(company: Company) -> LeasedRow:
    with company_scope(company):
        kind, data = KINDS["customers"], b"Nom\nGarage Dupont\n"
        run = receive_file(
            kind=kind, company=company, name="l.csv", data=data, user=None, actor=story.ACTOR, language="fr", at=AT
        )
        choose_columns(run=run, columns={"name": 0}, actor=story.ACTOR, at=AT)
    return run


CONTRACTS: dict[str, tuple[Queue[Any], Callable[[Company], Leased]]] = {
    "transmissions": (TRANSMISSIONS, a_transmission),
    "e-mails": (INVOICE_EMAILS, an_email(EmailKind.INVOICE)),
    "notices": (NOTICES, an_email(EmailKind.NOTICE)),
    "mails about accounts": (ACCOUNT_MAILS, an_account_mail),
    "reminders": (REMINDER_EMAILS, an_email(EmailKind.REMINDER)),
    "documents": (PREPARING, an_email_without_its_file),
    "webhooks out": (DELIVERIES, a_delivery),
    "messages in": (RECEIVED, a_received_message),
    "feeds": (FEEDS, a_feed),
    "statement files": (UPLOADS, an_upload),
    "payments by card": (CHECKOUTS, a_checkout),
    "payouts": (PAYOUTS, a_provider_account),
    "acts on many rows": (RUNS, a_bulk_run),
    "lists": (IMPORTS, an_import),
    "polls": (POLLING, platforms.a_platform_account),
    "reports": (REPORTS, a_report),
    "answers to suppliers": (ANSWERS, an_answer),
    "comparisons": (COMPARING, platforms.a_platform_account),
    "reception": (SOURCES, a_source),
    "completeness": (COMPLETENESS, a_source),
    "received documents": (reading.RECEIVED, a_received_document("STORED", "")),
    "received scans": (reading.SCANS, a_received_document("STORED", "ocr")),
    "verdicts on what was received": (reading.VERDICTS, a_received_document("READ", "xml")),
}
EVERY = pytest.mark.parametrize(("queue", "make"), CONTRACTS.values(), ids=CONTRACTS)


def test_every_queue_of_the_product_is_in_the_contract() -> None:
    declared = {id(found) for found in _queues()}
    assert declared == {id(queue) for queue, _make in CONTRACTS.values()}


def _queues() -> Iterator[Queue[Any]]:
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in {"config", "customers", "billing", "payments", "einvoicing"}:
            yield from (value for value in vars(module).values() if isinstance(value, Queue))


@EVERY
def test_eight_workers_take_each_row_once(queue: Queue[Any], make: Callable[[Company], Leased]) -> None:
    rows = {make(story.a_company()).pk for _company in range(4)}

    def worker(_place: int) -> list[int]:
        taken = []
        while claimed := queue.claim(at=AT):
            taken += [row.pk for row in claimed]
        return taken

    taken = [key for keys in at_once(8, worker) for key in keys]
    assert len(taken) == len(rows)
    assert set(taken) == rows


@EVERY
def test_a_worker_that_dies_leaves_its_row_and_one_that_is_late_writes_nothing(
    queue: Queue[Any], make: Callable[[Company], Leased]
) -> None:
    make(story.a_company())
    (late,) = queue.claim(at=AT)
    assert queue.claim(at=AT + queue.lease) == []
    taken = queue.claim(at=AT + queue.lease + MOMENT)
    if isinstance(late, Email) and late.status == EmailStatus.SENDING:
        # it may have left: only a person sends it again
        assert taken == []
        assert Email.everywhere.get(pk=late.pk).status == EmailStatus.UNKNOWN
    else:
        assert [row.pk for row in taken] == [late.pk]
        with held(taken[0]) as mine:
            assert mine == late
    with held(late) as mine:
        assert mine is None
    assert not renew(late, until=AT + queue.lease * 3)


@EVERY
def test_a_row_that_breaks_is_seen_and_stops_no_other(queue: Queue[Any], make: Callable[[Company], Leased]) -> None:
    poisoned, other = make(story.a_company()), make(story.a_company())
    reached = []

    def work(row: Leased, _now: object) -> None:
        if row.pk == poisoned.pk:
            raise ValueError("defect")
        reached.append(row.pk)

    replace(queue, work=work).visit(now=lambda: AT)
    assert reached == [other.pk]
    failure = LoopFailure.everywhere.get()
    assert (failure.loop, failure.row) == (queue.name, poisoned.subject)
