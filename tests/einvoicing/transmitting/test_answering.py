"""Answering Chorus Pro over real HTTP: once, whatever breaks on the way, and followed until the invoice goes on."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import requests

from billing.models import Invoice
from config.kernel.errors import Invalid
from config.kernel.models import AuditEvent
from einvoicing.models import Attempt, DocumentFormat, Enclosure, LifecycleEvent, PlatformAccount, Transmission
from einvoicing.models import TransmissionStatus as Status
from einvoicing.platforms.base import Attachment
from einvoicing.sandbox.chorus_pro.access import ACCOUNT_PASSWORD
from einvoicing.services.polling import poll_account
from einvoicing.services.transmissions import (
    LEASE,
    AlreadyAnswered,
    AnswerInDoubt,
    NothingAsked,
    Reply,
    answer_request,
    retry_transmission,
)
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import platforms, story
from tests.factories.queues import drain
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db

AT = story.AT
LATER = AT + timedelta(hours=1)
PV = Attachment("Procès-verbal de livraison.pdf", "application/pdf", b"%PDF-1.7 livraison")
TOWN = "21750001600019"  # wants a service code; SRV01 is its only one


@dataclass
class Public:
    """An invoice to a public body, and what Chorus Pro has of it."""

    address: str
    account: PlatformAccount
    invoice: Invoice

    @property
    def row(self) -> Transmission:
        found: Transmission = Transmission.everywhere.get(invoice=self.invoice, kind="INVOICE")
        return found

    @property
    def answers(self) -> list[Transmission]:
        return list(Transmission.everywhere.filter(invoice=self.invoice).exclude(kind="INVOICE").order_by("created_at"))

    def fails(self, kind: str, *, operation: str = "answer", value: str = "", times: int = 1) -> None:
        order = {"kind": kind, "value": value, "operation": operation, "remaining": times}
        requests.post(f"{self.address}/sandbox/faults", json={**order, "client_id": self.account.client_id}, timeout=5)

    def poll(self) -> None:
        # Chorus Pro's questions keep a pause between them
        Transmission.everywhere.filter(invoice=self.invoice).update(watched_at=None)
        self.account.refresh_from_db()
        poll_account(account=self.account, at=AT)

    def told(self) -> list[str]:
        events = LifecycleEvent.everywhere.filter(invoice=self.invoice).order_by("occurred_at", "code")
        return [event.code for event in events]

    def received(self) -> list[dict[str, Any]]:
        """The answers that Chorus Pro has."""
        asked = {"number": self.invoice.number}
        entries = requests.get(f"{self.address}/sandbox/chorus-pro/ledger", params=asked, timeout=5).json()["entries"]
        (entry,) = [one for one in entries if one["seller"] == self.invoice.seller["siren"]]
        assert entry["accepted"] == 1
        found: list[dict[str, Any]] = entry["answers"]
        return found

    def tries(self) -> list[tuple[str, str]]:
        rows = Attempt.everywhere.filter(transmission=self.answers[-1]).order_by("number")
        return list(rows.values_list("kind", "outcome"))

    def answer(self, comment: str = "Le voici", *, at: Any = LATER, **more: Any) -> Transmission:
        words = {name: more.pop(name) for name in ("service_code", "engagement") if name in more}
        return answer_request(
            transmission=self.row, reply=Reply(comment=comment, **words), actor=story.ACTOR, at=at, **more
        )


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def sent_to(sandbox: str, *, siret: str = TOWN, service: str = "SRV01", story_of: str = "") -> Public:
    """An invoice on its way to this public body, read once after its deposit."""
    company = story.a_company()
    account = platforms.a_platform_account(
        company,
        sandbox,
        kind="chorus_pro",
        login=f"TECH_{uuid.uuid4().hex[:12]}@cpro.fr",
        default_format=DocumentFormat.UBL,
    )
    account.set_password(ACCOUNT_PASSWORD)
    account.token_url = f"{sandbox}/api/oauth/token"
    account.save()
    customer = story.a_customer(company, name="Mairie", siret=siret, is_public_body=True)
    invoice = story.an_issued_invoice(customer, service_code=service)
    public = Public(sandbox, account, invoice)
    if story_of:
        public.fails("buyer", operation="deposit", value=story_of)
    assert drain(at=AT) == 1
    assert public.row.status == Status.DEPOSITED, public.row.last_error
    public.poll()
    return public


@pytest.fixture
def suspended(sandbox: str) -> Iterator[Public]:
    return sent_to(sandbox, story_of="suspends")


@pytest.fixture
def misrouted(sandbox: str) -> Iterator[Public]:
    return sent_to(sandbox, service="WRONG")


# -- a suspended invoice ---------------------------------------------------------------------------------------------


def test_a_suspended_invoice_is_completed_once_and_goes_on(suspended):
    assert suspended.row.lifecycle_code == "208"
    suspended.answer("Voici le procès-verbal", attachments=[PV])
    assert drain(at=LATER) == 1
    assert suspended.received() == [
        {"method": "completer", "comment": "Voici le procès-verbal", "enclosures": ["Proc-s-verbal-de-livraison.pdf"]}
    ]
    assert (suspended.answers[0].status, suspended.tries()) == (Status.DEPOSITED, [("DEPOSIT", "deposited")])
    suspended.poll()
    assert suspended.told() == ["200", "201", "203", "208", "209", "203", "204", "205"]
    assert (suspended.row.lifecycle_code, suspended.row.status) == ("205", Status.ACCEPTED)
    assert suspended.answers[0].status == Status.ACCEPTED


def test_the_documents_are_kept_byte_for_byte_and_the_journal_names_them(suspended):
    answer = suspended.answer(attachments=[PV])
    kept = Enclosure.everywhere.get(transmission=answer)
    assert (kept.name, kept.media_type, kept.size) == (PV.name, "application/pdf", len(PV.data))
    with kept.file.open("rb") as file:
        assert file.read() == PV.data
    event = AuditEvent.everywhere.get(tag="einvoicing.completion.queued")
    assert event.data["enclosures"] == [{"name": PV.name, "sha256": kept.sha256}]
    assert suspended.invoice.subject in event.subjects


@pytest.mark.parametrize("accident", ["reset-after-accept", "accepted-then-500", "empty-body"])
def test_an_answer_whose_receipt_was_lost_is_looked_up_and_not_sent_twice(suspended, accident):
    suspended.fails(accident)
    suspended.answer()
    drain(at=LATER)
    assert suspended.answers[0].status == Status.UNKNOWN
    assert drain(at=LATER + LEASE / 2) == 0
    assert drain(at=suspended.answers[0].next_attempt_at) == 1
    assert suspended.tries() == [("DEPOSIT", "unknown"), ("LOOKUP", "found")]
    assert (suspended.answers[0].status, len(suspended.received())) == (Status.DEPOSITED, 1)


def test_a_time_out_after_the_acceptance_is_looked_up_and_not_sent_twice(suspended, settings):
    suspended.fails("latency", value="1.0")
    settings.CHORUS_PRO = {**settings.CHORUS_PRO, "read_timeout": 0.3}
    suspended.answer(attachments=[PV])
    drain(at=LATER)
    assert (suspended.answers[0].status, suspended.tries()) == (Status.UNKNOWN, [("DEPOSIT", "unknown")])
    wait_until(suspended.received, what="the end of the slow server's work, after we stopped listening")
    drain(at=suspended.answers[0].next_attempt_at)
    assert suspended.tries() == [("DEPOSIT", "unknown"), ("LOOKUP", "found")]
    assert len(suspended.received()) == 1


def test_an_answer_that_did_not_arrive_is_sent_after_the_look_up(suspended):
    suspended.fails("500")  # before anything is done
    suspended.answer()
    drain(at=LATER)
    assert suspended.answers[0].status == Status.UNKNOWN
    assert suspended.received() == []
    drain(at=suspended.answers[0].next_attempt_at)
    assert suspended.tries() == [("DEPOSIT", "unknown"), ("LOOKUP", "absent"), ("DEPOSIT", "deposited")]
    assert len(suspended.received()) == 1


def test_a_request_is_answered_once(suspended):
    suspended.answer()
    with pytest.raises(AlreadyAnswered):
        suspended.answer()
    drain(at=LATER)
    with pytest.raises(AlreadyAnswered):
        suspended.answer()
    suspended.poll()
    with pytest.raises(NothingAsked):
        suspended.answer()


def test_an_answer_that_was_refused_may_be_given_again_but_one_in_doubt_must_be_looked_up(suspended):
    answer = suspended.answer()
    Attempt.everywhere.create(
        company_id=answer.company_id, transmission=answer, number=1, kind="DEPOSIT", started_at=AT, outcome="unknown"
    )
    Transmission.everywhere.filter(pk=answer.pk).update(status=Status.DEAD)
    with pytest.raises(AnswerInDoubt):
        suspended.answer()
    Attempt.everywhere.filter(transmission=answer).update(outcome="refused")
    second = suspended.answer("Autrement")
    answer.refresh_from_db()
    with pytest.raises(AlreadyAnswered):
        retry_transmission(transmission=answer, reason="encore", actor=story.ACTOR, at=LATER)
    drain(at=LATER)
    assert [one["comment"] for one in suspended.received()] == ["Autrement"]
    assert Transmission.everywhere.get(pk=second.pk).status == Status.DEPOSITED


def test_an_invoice_somebody_completed_in_the_portal_meanwhile_is_not_completed_again(suspended):
    suspended.answer()
    drain(at=LATER)
    late = suspended.answers[0]
    Transmission.everywhere.filter(pk=late.pk).update(status=Status.PENDING, next_attempt_at=LATER)
    drain(at=LATER)
    assert suspended.answers[0].status == Status.DEAD
    assert "suspendue" in suspended.answers[0].last_error
    assert len(suspended.received()) == 1


@pytest.mark.parametrize(
    ("attachment", "words"),
    [
        (Attachment("macro.exe", "application/octet-stream", b"MZ"), "ne prend pas"),
        (Attachment("vide.pdf", "application/pdf", b""), "vide"),
        (Attachment("grand.pdf", "application/pdf", b"x" * (10 * 1024 * 1024 + 1)), "10 Mo"),
    ],
    ids=["wrong kind", "empty", "too large"],
)
def test_a_document_that_chorus_pro_would_not_take_is_refused_before_it_is_queued(suspended, attachment, words):
    with pytest.raises(Invalid) as caught:
        suspended.answer(attachments=[attachment])
    assert words in caught.value.fields["enclosures"]
    assert suspended.answers == []


# -- an invoice that went to the wrong service -------------------------------------------------------------------------


def test_an_invoice_to_the_wrong_service_is_recycled_to_the_right_one(misrouted):
    assert misrouted.row.lifecycle_code == "221"
    misrouted.answer("Bon service", service_code="SRV01", engagement="ENG-7")
    drain(at=LATER)
    assert misrouted.received() == [
        {"method": "recycler", "comment": "Bon service", "service": "SRV01", "engagement": "ENG-7"}
    ]
    misrouted.poll()
    assert (misrouted.row.lifecycle_code, misrouted.answers[0].status) == ("205", Status.ACCEPTED)


def test_an_invoice_recycled_to_another_wrong_service_comes_back_and_may_be_recycled_again(misrouted):
    misrouted.answer("", service_code="ALSO-WRONG", at=LATER)
    drain(at=LATER)
    misrouted.poll()
    assert misrouted.row.lifecycle_code == "221"
    misrouted.answer("", service_code="SRV01", at=LATER)
    drain(at=LATER)
    misrouted.poll()
    assert misrouted.row.lifecycle_code == "205"
    assert [one["service"] for one in misrouted.received()] == ["ALSO-WRONG", "SRV01"]


def test_a_recycling_lost_on_its_way_back_is_not_asked_twice(misrouted):
    misrouted.fails("reset-after-accept")
    misrouted.answer("", service_code="SRV01")
    drain(at=LATER)
    drain(at=misrouted.answers[0].next_attempt_at)
    assert misrouted.tries() == [("DEPOSIT", "unknown"), ("LOOKUP", "found")]
    assert len(misrouted.received()) == 1


def test_nothing_is_recycled_without_a_service_or_a_commitment(misrouted):
    with pytest.raises(Invalid) as caught:
        misrouted.answer("Au bon service")
    assert set(caught.value.fields) == {"service_code"}


def test_an_invoice_that_waits_for_nothing_takes_no_answer(sandbox):
    with pytest.raises(NothingAsked):
        sent_to(sandbox).answer()
