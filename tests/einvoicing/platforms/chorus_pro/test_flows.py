"""Invoices on their way through the simulated Chorus Pro, by our adapter."""

from __future__ import annotations

import dataclasses
import io
import threading
from datetime import timedelta

import pikepdf
import pytest
from django.test import override_settings
from django.utils import timezone

from config.kernel.errors import RemoteError
from einvoicing.formats import cii
from einvoicing.platforms.answers import AckStatus
from einvoicing.platforms.base import Attachment, Deposit, Watched
from einvoicing.platforms.chorus_pro.client import ChorusProPlatform
from einvoicing.platforms.registry import connect
from tests.einvoicing import documents
from tests.einvoicing.platforms.conftest import Account

pytestmark = pytest.mark.django_db

UNKNOWN_FLOW = "CPP0000000000000000000000"


def words(account: Account) -> list[str]:
    return [status.raw for status in account.statuses(account.news()[0])]


def to(account: Account, *, siret: str, service: str = "", engagement: str = "") -> Deposit:
    """A whole invoice to this public body."""
    number, deposit = account.invoice()
    buyer = dataclasses.replace(
        documents.PUBLIC_BODY, siret=siret, siren=siret[:9], electronic_address=f"{siret[:9]}_{siret}"
    )
    invoice = dataclasses.replace(
        documents.standard_invoice(), number=number, buyer=buyer, buyer_reference=service, purchase_order=engagement
    )
    return dataclasses.replace(deposit, data=cii.render(invoice), sha256="")


def test_an_ambiguous_time_out_then_a_look_up_gives_no_second_deposit(account, chorus):
    number, deposit = account.invoice()
    account.fails("latency", value="1.0", operation="deposit")
    hasty = connect(dataclasses.replace(account.settings, read_timeout=0.3))
    with pytest.raises(RemoteError) as caught:
        hasty.deposit(deposit)
    hasty.close()
    assert (caught.value.code, caught.value.outcome_unknown) == ("read_timeout", True)
    threading.Event().wait(1.2)  # the slow server ends its work after we stopped listening
    found = chorus.find(deposit.tracking_id, number)
    assert found is not None
    assert account.ledger(number) | {"flows": []} == {
        "seller": "732829320",
        "number": number,
        "received": 1,
        "accepted": 1,
        "flows": [],
        "answers": [],
    }


def test_a_look_up_too_early_finds_nothing_and_the_second_flow_is_then_refused_as_a_duplicate(account, chorus):
    number, deposit = account.invoice()
    with override_settings(SANDBOX_PACE=3600):
        first = chorus.deposit(deposit)
        assert chorus.find(deposit.tracking_id, number) is None
        assert chorus.acknowledgement(first.remote_id).status is AckStatus.PENDING
        second = chorus.deposit(deposit)
    ack = chorus.acknowledgement(second.remote_id)
    assert (ack.status, ack.duplicate) == (AckStatus.ERROR, True)
    found = chorus.find(deposit.tracking_id, number)
    assert found is not None
    assert found.remote_id == first.remote_id


def test_a_receipt_gives_the_flow_s_number_and_its_day(account, chorus):
    receipt = chorus.deposit(account.invoice()[1])
    assert receipt.remote_id.startswith("CPP")
    assert receipt.submitted_at is not None
    assert receipt.raw["syntaxeFlux"] == "IN_DP_E1_CII_16B"


def test_nothing_is_looked_up_without_a_number(account, chorus):
    chorus.deposit(account.invoice()[1])
    assert chorus.find("anything") is None


def test_the_whole_life_of_an_invoice_is_one_history_per_change(account, chorus):
    account.fails("buyer", value="pays")
    account.send(account.invoice()[1])
    (message,), _cursor = account.news()
    assert message.kind == "historique"
    assert [status.code for status in account.statuses([message])] == [
        "200",
        "201",
        "203",
        "204",
        "205",
        "205",
        "205",
        "211",
    ]
    again = chorus.incoming("", account.sent).messages
    assert [one.remote_id for one in again] == [message.remote_id]
    assert again[0].data == message.data


def test_a_history_that_grew_bears_another_id(account):
    start = timezone.now()
    seen: list[str] = []
    with override_settings(SANDBOX_PACE=60, SANDBOX_CLOCK=lambda: start):
        account.send(account.invoice()[1])
    for minute in range(12):
        with override_settings(SANDBOX_PACE=60, SANDBOX_CLOCK=lambda now=start + timedelta(minutes=minute): now):
            seen += [message.remote_id for message in account.news()[0]]
    assert len(seen) == len(set(seen)) == 5
    assert len({key.partition(":")[0] for key in seen}) == 1


def test_a_history_given_backwards_is_read_in_its_own_order(account):
    account.fails("out-of-order")
    account.send(account.invoice()[1])
    told = words(account)
    assert (told[0], told[-1]) == ("DEPOSEE", "MANDATEE")


def test_a_deposit_nobody_answers_stays_deposited(account):
    account.fails("silent")
    account.send(account.invoice()[1])
    assert words(account) == ["DEPOSEE"]


def test_a_flow_rejected_by_chorus_pro_is_told_with_its_reason_and_has_no_life(account, chorus):
    remote_id = account.send(account.invoice(buyer="REJETTE")[1])
    ack = chorus.acknowledgement(remote_id)
    assert (ack.status, ack.raw_status, ack.duplicate) == (AckStatus.ERROR, "IN_REJETE", False)
    assert "inconnu" in ack.details[0].reason_message
    assert account.news()[0] == []


def test_a_number_is_free_again_after_its_flow_was_rejected(account, chorus):
    number, deposit = account.invoice(buyer="REJETTE")
    account.send(deposit)
    corrected = account.send(account.invoice(number=number)[1])
    assert chorus.acknowledgement(corrected).status is AckStatus.OK


@pytest.mark.parametrize(
    ("behaviour", "status", "raw"),
    [
        ("incident", AckStatus.ERROR, "IN_INCIDENTE"),
        ("unknown-state", AckStatus.UNKNOWN, "IN_ORBITE"),
        ("partial", AckStatus.OK, "IN_INTEGRE_PARTIEL"),
    ],
)
def test_what_becomes_of_a_flow_is_told_in_its_own_word(account, chorus, behaviour, status, raw):
    number, deposit = account.invoice()
    account.fails("buyer", value=behaviour)
    remote_id = account.send(deposit)
    ack = chorus.acknowledgement(remote_id)
    assert (ack.status, ack.raw_status) == (status, raw)
    assert (chorus.find("", number) is not None) == (behaviour == "partial")


def test_an_invoice_status_nobody_documented_is_kept_and_stops_nothing(account):
    account.fails("buyer", value="unheard")
    account.send(account.invoice()[1])
    last = account.statuses(account.news()[0])[-1]
    assert (last.code, last.raw) == ("", "EN_ORBITE")


def test_a_document_chorus_pro_knows_nothing_of_holds_back_no_other(account, chorus):
    account.sent.append(Watched(UNKNOWN_FLOW, "t", "FAC-X"))
    number, deposit = account.invoice()
    account.send(deposit)
    assert {status.number for status in account.statuses(account.news()[0])} == {number}
    ack = chorus.acknowledgement(UNKNOWN_FLOW)
    assert (ack.status, ack.raw_status) == (AckStatus.UNKNOWN, "20002")


def test_deposited_files_are_not_given_back(account, chorus):
    remote_id = account.send(account.invoice()[1])
    with pytest.raises(RemoteError) as caught:
        chorus.fetch(remote_id)
    assert (caught.value.code, caught.value.retryable) == ("not_offered", False)


def test_a_wrong_technical_account_is_no_verdict_on_a_document(account):
    remote_id = account.send(account.invoice()[1])
    for changed in ({"password": "mistyped"}, {"client_secret": "mistyped"}):
        wrong = connect(dataclasses.replace(account.settings, **changed))
        with pytest.raises(RemoteError):
            wrong.acknowledgement(remote_id)
        with pytest.raises(RemoteError):
            wrong.incoming("", account.sent)
        wrong.close()


def test_a_factur_x_arrives_with_the_data_inside_it(account, chorus):
    _number, deposit = account.invoice()
    written = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.attachments["factur-x.xml"] = deposit.data
        pdf.save(written)
    in_pdf = dataclasses.replace(deposit, data=written.getvalue(), name="f.pdf", syntax="Factur-X", sha256="")
    assert chorus.acknowledgement(account.send(in_pdf)).status is AckStatus.OK
    assert words(account)[-1] == "MANDATEE"


def test_a_wrong_technical_account_is_told_apart_from_a_wrong_application(account):
    wrong = connect(dataclasses.replace(account.settings, password="mistyped"))
    with pytest.raises(RemoteError) as caught:
        wrong.ping()
    wrong.close()
    assert (caught.value.code, caught.value.retryable) == ("invalid_account", False)
    assert "compte technique" in caught.value.message
    assert "mistyped" not in str(caught.value)


# -- what a person mends -------------------------------------------------------------------------------------------


def test_an_invoice_to_an_unknown_service_is_recycled_to_the_right_one(account, chorus):
    deposit = to(account, siret="21750001600019", service="WRONG")
    account.send(deposit)
    assert words(account)[-1] == "A_RECYCLER"
    chorus.recycle(deposit.number, service_code="SRV01", engagement="ENG-1", comment="Bon service")
    told = words(account)
    assert (told[-1], told.count("DEPOSEE")) == ("MANDATEE", 1)
    with pytest.raises(RemoteError) as caught:
        chorus.recycle(deposit.number, service_code="SRV01")
    assert caught.value.code == "not_recyclable"


def test_a_suspended_invoice_is_completed_with_its_documents(account, chorus):
    number, deposit = account.invoice()
    account.fails("buyer", value="suspends")
    account.send(deposit)
    assert words(account)[-1] == "SUSPENDUE"
    chorus.complete(number, comment="Le voici", attachments=[Attachment("pv.pdf", "application/pdf", b"%PDF")])
    told = words(account)
    assert told.index("COMPLETEE") > told.index("SUSPENDUE")
    assert told[-1] == "MANDATEE"
    with pytest.raises(RemoteError) as caught:
        chorus.complete(number, comment="Encore")
    assert caught.value.code == "not_suspended"


# -- what public bodies want ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("siret", "service", "engagement", "reason"),
    [
        ("21750001600019", "", "", "code service"),
        ("21350100000011", "", "", "engagement"),
        ("11000201100044", "D2300000075", "", "engagement"),
        ("11000201100044", "FACTURES_PUBLIQUES", "ENG-1", "entités publiques"),
        ("26750045200011", "", "", "code service ou"),
    ],
)
def test_an_invoice_without_the_references_its_body_wants_is_rejected(
    account, chorus, siret, service, engagement, reason
):
    ack = chorus.acknowledgement(account.send(to(account, siret=siret, service=service, engagement=engagement)))
    assert ack.status is AckStatus.ERROR
    assert reason in ack.details[0].reason_message


@pytest.mark.parametrize(
    ("siret", "service", "engagement"),
    [
        ("21750001600019", "SRV01", ""),
        ("21350100000011", "", "ENG-1"),
        ("11000201100044", "D2300000075", "ENG-1"),
        ("26750045200011", "", "ENG-1"),
        ("26750045200011", "ACHATS", ""),
        ("18008901300015", "", ""),
    ],
)
def test_an_invoice_with_what_its_body_wants_arrives(account, chorus, siret, service, engagement):
    remote_id = account.send(to(account, siret=siret, service=service, engagement=engagement))
    assert chorus.acknowledgement(remote_id).status is AckStatus.OK
    assert words(account)[-1] == "MANDATEE"


def test_the_official_rules_decide(account, chorus):
    sound = to(account, siret="18008901300015")
    unsound = dataclasses.replace(sound, data=sound.data.replace(b">380<", b">999<"), sha256="")
    with override_settings(SANDBOX_VALIDATES=True):
        refused = chorus.acknowledgement(account.send(unsound))
        taken = chorus.acknowledgement(account.send(sound))
    assert (taken.status, taken.details) == (AckStatus.OK, ())
    assert refused.status is AckStatus.ERROR
    assert "BR" in refused.details[0].reason_message


def test_the_adapter_keeps_its_promise_of_capabilities():
    able = ChorusProPlatform.capabilities
    assert (able.idempotency_key, able.lookup, able.duplicate_error) == (False, True, True)
