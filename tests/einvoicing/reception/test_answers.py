"""What we answer suppliers: each status valid, told once by the facts of the purchase, carried and followed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from billing.models import PurchaseInvoice
from billing.purchases.disputing import dispute_purchase, settle_dispute
from billing.purchases.doubts import REJECTED
from billing.purchases.events import purchase_approved, purchase_booked
from billing.purchases.refusing import refuse_purchase
from config.kernel.actor import Actor
from config.kernel.scope import company_scope
from config.sandbox.models import SandboxRecord
from einvoicing import lifecycle, validation
from einvoicing.formats import cdar
from einvoicing.models import (
    AnswerStatus,
    ReceivedDocument,
    ReceivedStatus,
    SupplierAnswer,
    SupplierStatus,
)
from einvoicing.reception.answers.answering import (
    AlreadyAnswered,
    AlreadyRefused,
    NoWayBack,
    answer_supplier,
    possible_answers,
)
from einvoicing.reception.answers.messages import answer_message
from einvoicing.reception.answers.transmitting import ANSWERS, PaymentTakenBack, retry_answer
from einvoicing.reception.handling import read_again, set_aside
from einvoicing.reception.queues import RECEIVED
from einvoicing.sandbox.models import SandboxFlow
from einvoicing.services.polling import poll_account
from einvoicing.services.statuses import apply_waiting
from payments.events import purchase_paid
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.einvoicing.reception import buying
from tests.einvoicing.reception.test_receiving import Supplied
from tests.factories import platforms, story
from tests.factories.people import a_person, signed_in

pytestmark = pytest.mark.django_db
ON = date(2026, 11, 26)
REASONS = {"206": "QTE_ERR", "207": "PU_ERR", "208": "JUSTIF_ABS", "210": "DEST_ERR"}


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "files")


@pytest.fixture(params=["afnor"])
def supplied(request: pytest.FixtureRequest, sandbox: str) -> Iterator[Supplied]:
    company = buying.a_buying_company()
    with company_scope(company):
        one = Supplied(sandbox, request.param, company)
        one.gets(buying.as_xml(buying.an_invoice(company)), "facture.xml")
        one.read()
        RECEIVED.sweep()
        yield one


def received() -> ReceivedDocument:
    return ReceivedDocument.objects.select_related("company", "account", "purchase__supplier").get()


def said() -> list[tuple[str, str]]:
    return list(SupplierAnswer.objects.order_by("created_at", "id").values_list("code", "status"))


def carry(at: Any = None) -> None:
    moment = at or timezone.now()
    ANSWERS.sweep(now=lambda: moment)


def told(supplied: Supplied) -> QuerySet[SandboxFlow]:
    """The messages that the platform has of this company."""
    return SandboxFlow.objects.filter(client_id=supplied.account.client_id, syntax="CDAR", direction="Out")


def test_each_status_is_a_valid_message_that_says_who_why_and_how_much(supplied: Supplied, subtests: Any):
    document = received()
    for code in ("204", "205", "206", "207", "208", "210", "211"):
        with subtests.test(code):
            message = answer_message(
                document,
                code,
                reason_code=REASONS.get(code, ""),
                reason="2 caisses manquent" if code in REASONS else "",
                action_code="CNP" if code in {"206", "207"} else "",
                amount=Decimal("1200.00") if code == "211" else None,
                paid_on=ON if code == "211" else None,
                at=timezone.now(),
            )
            data = cdar.render(message)
            assert [f"{one.rule} {one.text}" for one in validation.check(data).violations] == []
            read = cdar.parse(data)
            assert (read.status_code, read.invoice_number, read.issuer.role) == (code, "F-2026-0417", "BY")
            assert (read.issuer.identifier, read.seller_siren) == (document.company.siren, buying.SUPPLIER.siren)


def test_the_facts_of_a_purchase_are_told_once_carried_and_taken(supplied: Supplied):
    purchase = received().purchase
    assert purchase is not None
    at = timezone.now()
    person = Actor.user(a_person(supplied.company))
    purchase_approved.send(sender=PurchaseInvoice, purchase=purchase, actor=story.ACTOR, at=at)
    assert said() == [], "what passes by itself is approved by nobody"
    purchase_approved.send(sender=PurchaseInvoice, purchase=purchase, actor=person, at=at)
    for _turn in range(2):
        purchase_booked.send(sender=PurchaseInvoice, purchase=purchase, actor=story.ACTOR, at=at)
    for amount in (Decimal("700.00"), Decimal("500.00"), Decimal("-500.00")):
        purchase_paid.send(sender=PurchaseInvoice, purchase=purchase, amount=amount, on=ON, actor=story.ACTOR, at=at)
    assert sorted(code for code, _status in said()) == ["204", "205", "211", "211", "211"]
    carry()
    assert {status for _code, status in said()} == {AnswerStatus.DEPOSITED}
    flows = told(supplied)
    assert set(flows.values_list("flow_type", flat=True)) == {"SupplierInvoiceLC"}
    paid = [
        characteristic.amount
        for flow in flows
        if (message := cdar.parse(bytes(flow.data))).status_code == "211"
        for characteristic in message.details[0].characteristics
    ]
    assert sorted(paid) == [Decimal("-500.00"), Decimal("500.00"), Decimal("700.00")]
    poll_account(account=supplied.account, at=timezone.now())
    assert {status for _code, status in said()} == {AnswerStatus.ACCEPTED}


def test_an_answer_of_unknown_outcome_is_asked_about_and_not_sent_twice(supplied: Supplied):
    answer_supplier(document=received(), code="204", actor=story.ACTOR, at=timezone.now())
    supplied.fails("reset-after-accept", operation="deposit")
    carry()
    assert said() == [("204", AnswerStatus.UNKNOWN)]
    carry(timezone.now() + timedelta(hours=1))
    assert said() == [("204", AnswerStatus.DEPOSITED)]
    assert told(supplied).count() == 1


def test_one_given_up_is_sent_again_by_a_person(supplied: Supplied):
    answer_supplier(document=received(), code="204", actor=story.ACTOR, at=timezone.now())
    supplied.fails("500", operation="deposit", times=6)
    for day in range(6):
        carry(timezone.now() + timedelta(days=2 * day))
    assert said() == [("204", AnswerStatus.DEAD)]
    retry_answer(answer=SupplierAnswer.objects.get(), actor=story.ACTOR, at=timezone.now() + timedelta(days=20))
    carry(timezone.now() + timedelta(days=20))
    assert said() == [("204", AnswerStatus.DEPOSITED)]


def test_nothing_follows_a_refusal_and_the_purchase_is_refused_with_it(supplied: Supplied):
    purchase = received().purchase
    assert purchase is not None
    at = timezone.now()
    dispute_purchase(purchase=purchase, code="PU_ERR", reason="12 € au devis", actor=story.ACTOR, at=at)
    refuse_purchase(purchase=purchase, code="DEST_ERR", reason="", actor=story.ACTOR, at=at)
    assert sorted(code for code, _status in said()) == ["207", "210"]
    refused, document = SupplierAnswer.objects.get(code="210"), received()
    assert (refused.reason_code, possible_answers(document)) == ("DEST_ERR", ())
    with pytest.raises(AlreadyRefused):
        answer_supplier(document=document, code="205", actor=story.ACTOR, at=at)


def test_what_is_said_once_is_not_said_again_nor_where_no_platform_brought_it(supplied: Supplied):
    document = received()
    answer_supplier(document=document, code="205", actor=story.ACTOR, at=timezone.now())
    with pytest.raises(AlreadyAnswered):
        answer_supplier(document=document, code="205", actor=story.ACTOR, at=timezone.now())
    assert "205" not in possible_answers(document)
    ReceivedDocument.objects.filter(pk=document.pk).update(number="")
    unnamed = received()
    assert possible_answers(unnamed) == ()
    with pytest.raises(NoWayBack):
        answer_supplier(document=unnamed, code="206", actor=story.ACTOR, at=timezone.now())


def test_a_person_chooses_a_status_and_its_official_reason(supplied: Supplied):
    document, client = received(), signed_in(supplied.company)
    address = reverse("einvoicing:received-answer", args=[document.pk])
    page = client.get(address).content.decode()
    assert "Suspendue" in page
    assert "210" in page
    form = client.get(f"{address}?code=208").content.decode()
    assert lifecycle.REASONS["JUSTIF_ABS"] in form
    assert lifecycle.REASONS["PU_ERR"] not in form
    missing = client.post(f"{address}?code=208", {"reason": "Bon de livraison ?"})
    assert missing.status_code == 422
    assert SupplierAnswer.objects.count() == 0
    values = {"reason_code": "JUSTIF_ABS", "action_code": "PIN", "reason": "Bon de livraison ?"}
    assert client.post(f"{address}?code=208", values).status_code == 302
    answer = SupplierAnswer.objects.get()
    assert (answer.code, answer.reason_code, answer.action_code, answer.reason) == (
        "208", "JUSTIF_ABS", "PIN", "Bon de livraison ?",
    )  # fmt: skip
    record = client.get(document.purchase.get_absolute_url()).content.decode()  # type: ignore[union-attr]  # it is recorded
    assert "Réponses au fournisseur" in record
    assert "Bon de livraison ?" in record


def test_what_is_no_purchase_yet_is_refused_and_set_aside(supplied: Supplied):
    supplied.gets(buying.as_xml(buying.an_invoice(supplied.company, number="F-9", supplier=buying.STRANGER)), "b.xml")
    supplied.read()
    RECEIVED.sweep()
    document = ReceivedDocument.objects.get(number="F-9")
    assert document.status == ReceivedStatus.READ
    address = reverse("einvoicing:received-answer", args=[document.pk])
    values = {"reason_code": "TRANSAC_INC", "reason": "Rien commandé"}
    assert signed_in(supplied.company).post(f"{address}?code=210", values).status_code == 302
    document.refresh_from_db()
    assert (document.status, said()) == (ReceivedStatus.SET_ASIDE, [("210", AnswerStatus.PENDING)])
    assert "Rien commandé" in document.set_aside_why


@pytest.mark.parametrize("supplied", ["pennylane"], indirect=True)
def test_pennylane_is_told_by_its_own_call_what_it_takes(supplied: Supplied):
    purchase = received().purchase
    assert purchase is not None
    at = timezone.now()
    purchase_booked.send(sender=PurchaseInvoice, purchase=purchase, actor=story.ACTOR, at=at)
    assert said() == [], "it has no word for 204"
    dispute_purchase(purchase=purchase, code="PU_ERR", reason="12 € au devis", actor=story.ACTOR, at=at)
    carry()
    record = SandboxRecord.objects.get(kind="supplier_invoice")
    assert record.facts["e_invoicing"]["status"] == "disputed"
    assert "12 € au devis" in record.facts["e_invoicing"]["reason"]
    poll_account(account=supplied.account, at=timezone.now())
    assert said() == [("207", AnswerStatus.ACCEPTED)]


def test_a_dispute_that_is_over_gives_back_the_status_that_stood_before_it(supplied: Supplied):
    purchase = received().purchase
    assert purchase is not None
    start = timezone.now()
    person = Actor.user(a_person(supplied.company))

    def passes(minutes: int) -> dict[str, Any]:
        return {"actor": person, "at": start + timedelta(minutes=minutes)}

    dispute_purchase(purchase=purchase, code="PU_ERR", reason="12 € au devis", **passes(0))
    settle_dispute(purchase=purchase, **passes(1))
    assert [code for code, _status in said()] == ["207"], "it waits for its approval, which will be told"
    answer_supplier(document=received(), code="204", **passes(2))
    for minutes in (3, 5):
        dispute_purchase(purchase=purchase, code="QTE_ERR", reason="Il en manque", **passes(minutes))
        settle_dispute(purchase=purchase, **passes(minutes + 1))
    assert [code for code, _status in said()] == ["207", "204", "207", "204", "207", "204"]
    with pytest.raises(AlreadyAnswered):
        answer_supplier(document=received(), code="204", **passes(8))
    refused = dispute_purchase(purchase=purchase, code="QTE_ERR", reason="Il en manque", **passes(9))
    refuse_purchase(purchase=refused, code="DEST_ERR", reason="", **passes(10))
    settle_dispute(purchase=refused, **passes(11))
    assert said()[-1][0] == "210", "nothing follows a refusal"


def test_a_payment_that_its_platform_never_took_is_taken_back_without_a_word(supplied: Supplied):
    purchase = received().purchase
    assert purchase is not None
    amount, at = Decimal("700.00"), timezone.now()

    def pays(figure: Decimal, minutes: int) -> None:
        moment = at + timedelta(minutes=minutes)
        who = {"actor": story.ACTOR, "at": moment}
        purchase_paid.send(sender=PurchaseInvoice, purchase=purchase, amount=figure, on=ON, **who)

    pays(amount, 0)
    stopped = SupplierAnswer.objects.get()
    SupplierAnswer.objects.update(status=AnswerStatus.REJECTED)
    pays(-amount, 1)
    assert said() == [("211", AnswerStatus.REJECTED)]
    stopped.refresh_from_db()
    with pytest.raises(PaymentTakenBack):
        retry_answer(answer=stopped, actor=story.ACTOR, at=at)
    pays(amount, 2)
    SupplierAnswer.objects.exclude(pk=stopped.pk).update(status=AnswerStatus.ACCEPTED)
    pays(-amount, 3)
    assert sorted(SupplierAnswer.objects.values_list("amount", flat=True)) == [-amount, amount, amount]


def test_a_status_that_comes_after_a_document_was_set_aside_changes_nothing_until_it_is_taken_up(supplied: Supplied):
    supplied.gets(buying.as_xml(buying.an_invoice(supplied.company, number="S-1")), "s.xml")
    supplied.read()
    document = ReceivedDocument.objects.exclude(status=ReceivedStatus.RECORDED).get()
    set_aside(document=document, reason="Publicité", actor=story.ACTOR, at=timezone.now())
    ReceivedDocument.objects.filter(pk=document.pk).update(number="S-1")
    sold = SimpleNamespace(number="S-1", kind="380", issue_date=ON, seller={"siren": ""})
    message = platforms.status_message(cast(Any, sold), "213")
    platforms.a_message(supplied.account, message, flow_type="SupplierInvoiceLC")
    apply_waiting(account=supplied.account, at=timezone.now())
    document.refresh_from_db()
    assert (document.status, document.purchase_id) == (ReceivedStatus.SET_ASIDE, None)
    assert [status.code for status in SupplierStatus.objects.filter(number="S-1")] == ["213"]
    read_again(document=document, actor=story.ACTOR, at=timezone.now())
    RECEIVED.sweep()
    document.refresh_from_db()
    assert document.purchase is None or REJECTED in document.purchase.doubts
