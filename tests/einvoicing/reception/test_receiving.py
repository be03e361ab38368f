"""What suppliers send through platforms: stored first, once each, whatever the platform's faults; then read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests
from django.utils import timezone

from billing.purchases.approval_rules import save_approval_rule
from billing.purchases.approving import approve_purchase
from billing.purchases.checking import OpenDoubts, check_purchase
from billing.purchases.doubts import REJECTED, sentence_of, settle_doubt
from billing.purchases.models import PurchaseInvoice, PurchaseStatus
from config.kernel.actor import Actor
from config.kernel.models import Company
from config.kernel.scope import company_scope
from einvoicing.models import PlatformAccount, ReceivedDocument, ReceptionSource, RemoteDocument, SupplierStatus
from einvoicing.reception import fetching, showing
from einvoicing.reception.completeness import compare_source
from einvoicing.reception.fetching import SOURCES, add_sources, read_source
from einvoicing.reception.queues import RECEIVED
from einvoicing.reception.statuses import rejected_since_approval
from einvoicing.sandbox.pennylane.access import PUBLISHED_PREFIX
from einvoicing.services.statuses import apply_waiting
from payments.outgoing.suppliers.due import candidates_of
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.einvoicing.reception import buying
from tests.factories import people, platforms, story

pytestmark = pytest.mark.django_db
KINDS = ("afnor", "pennylane")


class Supplied:
    """A company whose suppliers send through a simulated platform."""

    def __init__(self, address: str, kind: str, company: Company) -> None:
        self.address, self.kind, self.company = address, kind, company
        values: dict[str, Any] = {"kind": kind}
        base = address
        if kind == "pennylane":
            base = f"{address}/api/external/v2"
        self.account = platforms.a_platform_account(company, base, **values)
        if kind == "pennylane":
            platforms.give_secret(self.account, f"{PUBLISHED_PREFIX}{self.account.client_id}")
        else:
            PlatformAccount.everywhere.filter(pk=self.account.pk).update(token_url=f"{address}/oauth/token")
        with company_scope(company):
            add_sources(company=company, at=timezone.now())

    def gets(self, data: bytes, name: str = "facture.xml", at: datetime | None = None) -> str:
        form = {"client_id": self.account.client_id, "service": self.kind, "updated_at": at.isoformat() if at else ""}
        answer = requests.post(f"{self.address}/sandbox/supplies", data=form, files={"file": (name, data)}, timeout=5)
        return str(answer.json()["id"])

    def fails(self, kind: str, *, operation: str, times: int = 1) -> None:
        order = {"kind": kind, "operation": operation, "remaining": times, "client_id": self.account.client_id}
        assert requests.post(f"{self.address}/sandbox/faults", json=order, timeout=5).status_code == 201

    @property
    def source(self) -> ReceptionSource:
        source: ReceptionSource = ReceptionSource.everywhere.select_related("account", "company").get(
            account=self.account
        )
        return source

    def read(self, at: datetime | None = None) -> int:
        return read_source(self.source, lambda: at or timezone.now())

    @property
    def documents(self) -> list[ReceivedDocument]:
        return list(ReceivedDocument.everywhere.filter(company=self.company).order_by("received_at", "id"))

    def states(self) -> dict[str, str]:
        return {document.name: document.status for document in self.documents}


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "files")


@pytest.fixture(params=KINDS)
def supplied(request: pytest.FixtureRequest, sandbox: str) -> Iterator[Supplied]:
    company = story.a_company()
    with company_scope(company):
        yield Supplied(sandbox, request.param, company)


@pytest.fixture
def afnor(sandbox: str) -> Iterator[Supplied]:
    company = buying.a_buying_company()
    with company_scope(company):
        yield Supplied(sandbox, "afnor", company)


def test_each_document_is_stored_once_though_all_share_one_moment_and_come_in_disorder(supplied: Supplied, monkeypatch):
    moment = timezone.now() - timedelta(hours=1)
    sent = {supplied.gets(f"<Invoice>{n}</Invoice>".encode(), f"{n}.xml", moment) for n in range(7)}
    monkeypatch.setattr("einvoicing.platforms.afnor.client.LONG_PAGE", 3)
    monkeypatch.setattr("einvoicing.platforms.pennylane.client.LONG_PAGE", 3)
    supplied.fails("shuffled", operation="search", times=20)
    supplied.fails("repeated", operation="search", times=20)
    assert supplied.read() == 7
    assert {document.remote_id for document in supplied.documents} == sent
    assert supplied.read() == 0
    # one that the platform publishes late, under a moment before those that were read
    late = supplied.gets(b"<Invoice>late</Invoice>", "late.xml", moment - timedelta(hours=30))
    assert supplied.read() == 1
    assert late in {document.remote_id for document in supplied.documents}


def test_one_that_cannot_be_given_holds_nothing_back_and_is_asked_for_again(afnor: Supplied):
    afnor.gets(b"", "vide.xml")
    afnor.gets(b"<Invoice/>", "bonne.xml")
    assert afnor.read() == 1
    (owed,) = afnor.source.owed
    assert (owed["name"], owed["tries"]) == ("vide.xml", 1)
    assert afnor.read() == 0
    assert afnor.source.owed[0]["tries"] == 1, "not before its time"
    afnor.read(timezone.now() + timedelta(minutes=10))
    assert afnor.source.owed[0]["tries"] == 2


def test_a_platform_that_fails_midway_is_read_on_from_where_it_stopped(supplied: Supplied, monkeypatch):
    monkeypatch.setattr("einvoicing.platforms.afnor.client.LONG_PAGE", 3)
    monkeypatch.setattr("einvoicing.platforms.pennylane.client.LONG_PAGE", 3)
    for n in range(8):
        supplied.gets(f"<Invoice>{n}</Invoice>".encode(), f"{n}.xml")
    supplied.fails("500", operation="read", times=3)
    turns = 0
    while len(supplied.documents) < 8 and turns < 6:
        supplied.read(timezone.now() + timedelta(minutes=10 * turns))
        turns += 1
    assert len(supplied.documents) == 8
    assert supplied.source.owed == []


def test_the_daily_comparison_fetches_what_is_missing_and_names_what_is_gone(afnor: Supplied):
    afnor.gets(b"<Invoice>1</Invoice>", "1.xml")
    afnor.read()
    late = afnor.gets(b"<Invoice>2</Invoice>", "2.xml", timezone.now() - timedelta(days=20))
    afnor.read()
    assert len(afnor.documents) == 1, "older than the window of each reading"
    assert compare_source(afnor.source, timezone.now) == 0
    assert late in {document.remote_id for document in afnor.documents}
    assert (afnor.source.found, afnor.source.missing, afnor.source.strangers) == (2, [], [])
    requests.delete(f"{afnor.address}/sandbox/supplies", params={"id": late}, timeout=5)
    assert compare_source(afnor.source, timezone.now) == 1
    assert [one["id"] for one in afnor.source.strangers] == [late]
    assert afnor.source.compared_at is not None


def test_good_ones_are_recorded_copies_held_and_the_unreadable_stands_aside(afnor: Supplied):
    company = afnor.company
    facts = buying.an_invoice(company)
    afnor.gets(buying.as_xml(facts), "bonne.xml")
    afnor.read()
    afnor.gets(buying.as_xml(facts), "copie.xml")
    afnor.gets(buying.as_facturx(facts), "meme-facture.pdf")
    afnor.gets(b"\x00not an invoice", "illisible.xml")
    afnor.gets(buying.as_xml(buying.an_invoice(company, number="AUTRE-1")), "meme-contenu.xml")
    afnor.read()
    RECEIVED.sweep()
    assert afnor.states() == {
        "bonne.xml": "RECORDED",
        "copie.xml": "DUPLICATE",
        "meme-facture.pdf": "DUPLICATE",
        "meme-contenu.xml": "DUPLICATE",
        "illisible.xml": "UNREADABLE",
    }
    by_name = {document.name: document for document in afnor.documents}
    whys = {name: document.duplicate_why for name, document in by_name.items() if document.duplicate_of_id}
    assert whys == {"copie.xml": "BYTES", "meme-facture.pdf": "NUMBER", "meme-contenu.xml": "CONTENT"}
    purchase = by_name["bonne.xml"].purchase
    assert (purchase.number, str(purchase.total_gross)) == ("F-2026-0417", "1200.00")
    assert by_name["illisible.xml"].problem


def test_a_source_is_due_again_after_its_pause_and_not_while_its_platform_is_off(afnor: Supplied):
    now = timezone.now()
    assert fetching.due(now).filter(pk=afnor.source.pk).exists()
    SOURCES.visit()
    assert not fetching.due(timezone.now()).filter(pk=afnor.source.pk).exists()
    later = timezone.now() + timedelta(minutes=3)
    assert fetching.due(later).filter(pk=afnor.source.pk).exists()
    PlatformAccount.everywhere.filter(pk=afnor.account.pk).update(is_offline=True)
    assert not fetching.due(later).filter(pk=afnor.source.pk).exists()


def test_a_status_about_a_received_invoice_is_kept_with_it_though_it_comes_first(afnor: Supplied):
    facts = buying.an_invoice(afnor.company)
    sold = SimpleNamespace(
        number=facts.number, kind="380", issue_date=facts.issued, seller={"siren": facts.supplier.siren}
    )
    rejection = platforms.status_message(cast(Any, sold), "213")
    platforms.a_message(afnor.account, rejection, flow_type="SupplierInvoiceLC")
    apply_waiting(account=afnor.account, at=story.AT)
    waiting = SupplierStatus.objects.get()
    assert (waiting.code, waiting.document_id) == ("213", None)
    afnor.gets(buying.as_xml(facts))
    afnor.read()
    RECEIVED.sweep()
    (document,) = afnor.documents
    assert [status.code for status in document.statuses.all()] == ["213"]
    # told again under another identifier, it is the same fact
    again = platforms.a_message(afnor.account, rejection, flow_type="SupplierInvoiceLC")
    apply_waiting(account=afnor.account, at=story.AT)
    assert SupplierStatus.objects.count() == 1
    assert RemoteDocument.everywhere.get(pk=again.pk).problem == ""


def test_what_its_platform_rejects_is_doubtful_until_it_is_booked_and_held_in_payment_runs(afnor: Supplied):
    company = afnor.company
    early, late = (
        buying.an_invoice(
            company, number=f"R-{place}", items=[buying.Item("Affiches", Decimal(1), Decimal(net), buying.TWENTY)]
        )
        for place, net in ((1, 900), (2, 1000))
    )

    def reject(facts: Any, code: str) -> None:
        sold = SimpleNamespace(
            number=facts.number, kind="380", issue_date=facts.issued, seller={"siren": facts.supplier.siren}
        )
        message = platforms.status_message(cast(Any, sold), code)
        platforms.a_message(afnor.account, message, flow_type="SupplierInvoiceLC")
        apply_waiting(account=afnor.account, at=timezone.now())

    def recorded(number: str) -> PurchaseInvoice:
        return PurchaseInvoice.objects.get(number=number)

    reject(early, "213")  # before its invoice
    for facts in (early, late):
        afnor.gets(buying.as_xml(facts), f"{facts.number}.xml")
        afnor.read()
        RECEIVED.sweep()
    assert (recorded("R-1").status, recorded("R-1").doubts[0]) == (PurchaseStatus.TO_CHECK, REJECTED)
    (document,) = recorded("R-1").documents.all()
    assert next(showing.doubts_of(document)).startswith("« Rejetée")
    person = people.a_person(company)
    boss = Actor.user(person)
    page = people.signed_in(company).get(recorded("R-1").get_absolute_url(), headers={"Accept-Language": "fr"})
    for words in (sentence_of(REJECTED), "« Rejetée », dit sa plateforme le", "Le document tel que reçu", "R-1.xml"):
        assert words in people.read(page), words
    waiting = recorded("R-2")
    for code in waiting.doubts:
        settle_doubt(purchase=waiting, doubt=code, actor=boss, at=timezone.now())
    save_approval_rule(
        rule=None, company=company, values={"name": "Tous"}, approvers=[person], actor=boss, at=timezone.now()
    )
    if recorded("R-2").status == PurchaseStatus.TO_CHECK:
        check_purchase(purchase=waiting, actor=boss, at=timezone.now())
    assert recorded("R-2").status == PurchaseStatus.TO_APPROVE
    reject(late, "501")
    assert (recorded("R-2").status, recorded("R-2").doubts) == (PurchaseStatus.TO_CHECK, [REJECTED])
    with pytest.raises(OpenDoubts):
        check_purchase(purchase=recorded("R-2"), actor=boss, at=timezone.now())
    held = {
        one.purchase.number: one.held for one in candidates_of([recorded("R-1"), recorded("R-2")], pay_on=buying.ON)
    }
    assert {number: one.code for number, one in held.items() if one} == {"R-1": REJECTED, "R-2": REJECTED}
    # a person who has looked takes the responsibility; what is rejected after that is held again
    settle_doubt(purchase=recorded("R-2"), doubt=REJECTED, actor=boss, at=timezone.now())
    check_purchase(purchase=recorded("R-2"), actor=boss, at=timezone.now())
    approve_purchase(purchase=recorded("R-2"), actor=boss, at=timezone.now())
    assert recorded("R-2").status == PurchaseStatus.BOOKED
    assert rejected_since_approval([recorded("R-2")]) == set()
    reject(late, "213")
    assert recorded("R-2").status == PurchaseStatus.BOOKED
    (one,) = candidates_of([recorded("R-2")], pay_on=buying.ON)
    assert one.held is not None
    assert one.held.sentence == "Rejetée par sa plateforme : demandez une autre facture au fournisseur."
