"""The mirror at Abby over real HTTP: one draft per invoice whatever happens on the way, and no second number ever."""

from __future__ import annotations

import dataclasses
import io
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pikepdf
import pytest

from config.kernel.errors import Invalid, RemoteError
from einvoicing import document as model
from einvoicing.formats import cii, facturx
from einvoicing.platforms.abby import payloads, statuses
from einvoicing.platforms.base import AckStatus, Watched
from einvoicing.platforms.registry import connect, provider, read_statuses
from tests.einvoicing import documents
from tests.einvoicing.platforms.abby.conftest import deposit_of, payment, priced
from tests.trust.at_once import a_share
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db

STEPS = ("customer", "create", "title", "lines", "timeline", "general")


@pytest.fixture(autouse=True)
def never_finalizes(abby):
    """Whatever a test does, the call that gives a legal number is not made."""
    yield
    assert not [call for call in abby.ledger["calls"] if "finalize" in call]


def watch(receipt):
    return [Watched(receipt.remote_id, "t", "n")]


def refusal(abby, deposit):
    with pytest.raises(RemoteError) as caught:
        abby.platform.deposit(deposit)
    return caught.value


def test_abby_keeps_copies_and_carries_nothing():
    assert provider("abby").is_mirror is True


def test_an_invoice_becomes_one_draft_with_our_number_in_its_title(abby, deposit):
    receipt = abby.platform.deposit(deposit)
    copy = abby.copy
    assert (receipt.remote_id, copy["state"]) == (copy["id"], "draft")
    assert copy["title"] == f"FAC-2026-00001 [{deposit.tracking_id}]"
    assert copy["total"]["amountWithoutTaxAfterDiscount"] == 100_000
    assert copy["total"]["amountWithTaxAfterDiscount"] == 120_000
    (line,) = copy["lines"]
    assert (line["unitPrice"], line["quantity"], line["quantityUnit"]) == (10_000, 10, "hour")
    assert (line["vatCode"], line["type"], line["isTaxIncluded"]) == ("FR_2000", "service_delivery", False)
    assert datetime.fromtimestamp(copy["emittedAt"], UTC).isoformat() == "2026-11-19T23:00:00+00:00"
    assert datetime.fromtimestamp(copy["dueAt"], UTC).isoformat() == "2026-12-19T23:00:00+00:00"
    assert copy["billingLegals"]["headerNote"].startswith("Copie de la facture FAC-2026-00001 émise le 20/11/2026")


def test_the_draft_takes_the_five_published_calls_and_no_other_writing(abby, deposit):
    abby.platform.deposit(deposit)
    written = [call.split("/")[-1] for call in abby.ledger["calls"] if not call.startswith("GET")]
    customer = abby.copy["customer"]["id"]
    assert written == ["organization", customer, "title", "lines", "timeline", "general-informations"]


def test_the_invoice_is_read_from_inside_a_factur_x(abby, deposit):
    with pikepdf.Pdf.new() as blank:
        blank.add_blank_page()
        out = io.BytesIO()
        blank.save(out)
    pdf = facturx.embed(
        out.getvalue(), deposit.data, number="FAC-2026-00001", issued_at=datetime.now(UTC), seller="Atelier Durand"
    )
    abby.platform.deposit(replace(deposit, data=pdf, syntax="Factur-X", sha256=""))
    assert abby.copy["total"]["amountWithTaxAfterDiscount"] == 120_000


@pytest.mark.parametrize("fault", ["reset-after-accept", "accepted-then-500", "500", "429"])
@pytest.mark.parametrize("step", a_share(STEPS, 3))
@pytest.mark.trust
def test_a_copy_interrupted_at_any_step_is_resumed_and_never_doubled(abby, deposit, step, fault):
    abby.fails(fault, step)
    error = refusal(abby, deposit)
    assert error.retryable is True
    platform = abby.anew()
    if error.outcome_unknown:
        found = platform.find(deposit.tracking_id, deposit.number)
        # only the last step makes it whole: any other is for `deposit` to finish
        assert (found is not None) == (step == "general" and fault != "500")
    receipt = platform.deposit(deposit)
    assert (receipt.remote_id, abby.copy["state"]) == (abby.copy["id"], "draft")
    assert abby.copy["total"]["amountWithTaxAfterDiscount"] == 120_000
    assert payloads.is_whole(abby.copy, deposit.number)
    assert len(abby.bare("GET", "/organizations?page=1&limit=100").json()["docs"]) == 1


def test_a_time_out_leaves_one_draft_after_a_look_up(abby, deposit):
    abby.fails("latency", "create")
    hasty = connect(dataclasses.replace(abby.settings, read_timeout=0.4))
    with pytest.raises(RemoteError) as caught:
        hasty.deposit(deposit)
    assert caught.value.outcome_unknown is True
    hasty.close()
    wait_until(lambda: abby.ledger["copies"], what="the draft that was asked for")
    assert abby.platform.find(deposit.tracking_id, deposit.number) is None
    abby.platform.deposit(deposit)
    assert abby.copy["state"] == "draft"


def test_a_whole_copy_is_found_by_its_transmission(abby, deposit):
    receipt = abby.platform.deposit(deposit)
    found = abby.platform.find(deposit.tracking_id, deposit.number)
    assert found is not None
    assert (found.remote_id, found.submitted_at) == (receipt.remote_id, receipt.submitted_at)
    assert abby.platform.find("another", deposit.number) is None


def test_depositing_twice_writes_the_same_draft(abby, deposit):
    first = abby.platform.deposit(deposit)
    assert abby.platform.deposit(deposit).remote_id == first.remote_id
    assert abby.copy["title"].endswith(f"[{deposit.tracking_id}]")


def test_a_copy_that_a_person_finalized_is_left_as_it_is(abby, deposit):
    receipt = abby.platform.deposit(deposit)
    abby.turns(receipt.remote_id, "finalized")
    before = len(abby.ledger["calls"])
    assert abby.platform.deposit(deposit).remote_id == receipt.remote_id
    assert not [call for call in abby.ledger["calls"][before:] if call.startswith(("PATCH", "POST"))]


def test_somebody_else_s_draft_of_the_same_customer_is_not_touched(abby, deposit):
    abby.platform.deposit(deposit)
    customer = abby.copy["customer"]["id"]
    theirs = abby.bare("POST", f"/v2/billing/invoice/{customer}", json={}).json()["id"]
    abby.bare("PATCH", f"/v2/billing/{theirs}/title", json={"title": "Chantier de mai"})
    abby.platform.deposit(deposit_of(replace(documents.standard_invoice(), number="FAC-2026-00009")))
    titles = sorted(copy["title"] for copy in abby.ledger["copies"])
    assert len(titles) == 3
    assert "Chantier de mai" in titles


def test_a_customer_known_by_its_siret_is_taken_as_it_is(abby, deposit):
    told = {"name": "Boulangerie Martin et Fils", "siret": "552 100 554 00013"}
    known = abby.bare("POST", "/organization", json=told | {"siret": "55210055400013"}).json()["id"]
    abby.platform.deposit(deposit)
    assert abby.copy["customer"]["id"] == known


def test_another_company_of_the_same_name_is_not_taken_for_it(abby, deposit):
    told = {"name": "Boulangerie Martin", "siret": "35600000000048"}
    other = abby.bare("POST", "/organization", json=told).json()["id"]
    abby.platform.deposit(deposit)
    assert abby.copy["customer"]["id"] != other


def test_an_individual_becomes_a_contact_known_by_e_mail(abby):
    abby.platform.deposit(deposit_of(documents.individual_invoice()))
    contact = abby.copy["customer"]["contactId"]
    again = replace(documents.individual_invoice(), number="FAC-2026-00012")
    abby.platform.deposit(deposit_of(again))
    assert {copy["customer"]["contactId"] for copy in abby.ledger["copies"]} == {contact}
    (row,) = abby.bare("GET", "/contacts?page=1&limit=100").json()["docs"]
    assert (row["fullname"], row["emails"]) == ("Claire Petit", ["claire.petit@example.org"])


@pytest.mark.parametrize(
    ("lines", "net", "vat", "cents"),
    [
        ([("3", "19.99", "59.97")], "59.97", "11.99", 7196),
        ([("2.5", "12.3456", "30.86")], "30.86", "6.17", 3703),
        ([("0.333", "10.00", "3.33")], "3.33", "0.67", 400),
        ([("1", "0.01", "0.01"), ("7", "14.29", "100.03")], "100.04", "20.01", 12005),
    ],
)
def test_cents_are_exact_even_when_prices_have_parts_of_a_cent(abby, lines, net, vat, cents):
    abby.platform.deposit(deposit_of(priced(*lines, net=net, vat=vat)))
    total = abby.copy["total"]
    assert total["amountWithoutTaxAfterDiscount"] == int(Decimal(net) * 100)
    assert total["amountWithTaxAfterDiscount"] == cents


def test_a_price_that_is_not_in_cents_is_told_in_words_and_never_rounded(abby):
    abby.platform.deposit(deposit_of(priced(("2.5", "12.3456", "30.86"), net="30.86", vat="6.17")))
    (line,) = abby.copy["lines"]
    assert (line["unitPrice"], line["quantity"]) == (3086, 1)
    assert "2,5 × 12,3456 €" in line["description"]


def test_a_charge_on_the_whole_invoice_is_a_line_of_its_own(abby):
    charge = model.AllowanceCharge(amount=Decimal("12.50"), reason="Port", vat_category="S", vat_rate=Decimal(20))
    invoice = priced(("1", "100.00", "100.00"), net="112.50", vat="22.50", charges=(charge,))
    abby.platform.deposit(deposit_of(invoice))
    assert [(line["designation"], line["unitPrice"]) for line in abby.copy["lines"]][1:] == [("Port", 1250)]


def test_without_a_due_date_payment_is_at_reception():
    told = payloads.timeline(replace(documents.standard_invoice(), due_date=None, delivery=None))
    assert told == {"emittedAt": 1795129200, "paymentDelay": "at_reception"}


def test_a_total_that_abby_computes_otherwise_is_not_passed_over(abby):
    wrong = priced(("1", "100.00", "100.00"), net="100.00", vat="20.01")
    error = refusal(abby, deposit_of(wrong))
    assert (error.code, error.retryable) == ("amounts_differ", False)


def test_what_abby_cannot_copy_is_refused_before_anything_is_made(abby):
    dollars = replace(documents.standard_invoice(), currency="USD")
    odd = priced(("1", "100.00", "100.00"), net="100.00", vat="19.60", rate="19.6")
    for invoice, code in (
        (documents.credit_note(), "credit_note_not_mirrored"),
        (dollars, "currency_not_mirrored"),
        (odd, "vat_rate_not_mirrored"),
    ):
        error = refusal(abby, deposit_of(invoice))
        assert (error.code, error.retryable) == (code, False)
    assert [call for call in abby.ledger["calls"] if not call.startswith("GET")] == []


@pytest.mark.parametrize(
    ("category", "rate", "country", "code"),
    [
        ("S", "5.5", "FR", "FR_550"),
        ("S", "5.50", "FR", "FR_550"),
        ("S", "2.1", "FR", "FR_210"),
        ("S", "8.5", "FR", "FR_850"),
        ("S", "10", "FR", "FR_1000"),
        ("E", "0", "FR", "FR_00HT"),
        ("AE", "0", "FR", "FR_00HT"),
        ("AE", "0", "DE", "FR_00UE"),
        ("K", "0", "DE", "FR_00UE"),
        ("G", "0", "CH", "FR_0HUE"),
    ],
)
def test_each_vat_rate_has_its_code(category, rate, country, code):
    assert payloads.vat_code(category, Decimal(rate), country) == code


def test_a_payment_is_written_to_the_book_of_receipts_in_cents(abby):
    receipt = abby.platform.deposit(payment(("120.00", "20"), ("35.16", "5.5")))
    assert receipt.remote_id.startswith("income:")
    (entry,) = abby.ledger["incomes"]
    assert (entry["priceTotalTax"], entry["priceWithoutTax"], entry["vatAmount"]) == (15516, 13333, 2183)
    assert (entry["client"], entry["paidAt"]) == ("Boulangerie Martin", "2026-11-20T14:30:00+01:00")
    assert entry["reference"] == f"FAC-2026-00001 [{receipt.tracking_id}]"
    assert abby.platform.acknowledgement(receipt.remote_id).status is AckStatus.OK


def test_money_taken_back_is_a_negative_receipt(abby):
    abby.platform.deposit(payment(("-120.00", "20")))
    (entry,) = abby.ledger["incomes"]
    assert (entry["priceTotalTax"], entry["priceWithoutTax"], entry["vatAmount"]) == (-12000, -10000, -2000)


def test_a_payment_of_unknown_outcome_is_never_sent_again(abby):
    one = payment(("120.00", "20"))
    abby.fails("reset-after-accept", "income")
    assert refusal(abby, one).outcome_unknown is True
    platform = abby.anew()
    assert platform.find(one.tracking_id, one.number) is None
    error = refusal(abby, one)
    assert (error.code, error.retryable) == ("cannot_tell", False)
    assert len(abby.ledger["incomes"]) == 1


def test_a_payment_without_its_vat_and_other_statuses_are_refused(abby):
    assert refusal(abby, payment(("120.00", ""))).code == "vat_unknown"
    assert refusal(abby, payment()).code == "amount_unknown"
    assert refusal(abby, payment(("1.00", "20"), status="220")).code == "no_status_taken"
    assert abby.ledger["incomes"] == []


def test_the_state_is_told_once_and_again_when_it_changes(abby, deposit):
    receipt = abby.platform.deposit(deposit)
    seen = []
    for state in ("draft", "finalized", "paid"):
        if state != "draft":
            abby.turns(receipt.remote_id, state)
        (first,) = abby.platform.incoming("", watch(receipt)).messages
        (second,) = abby.platform.incoming("", watch(receipt)).messages
        assert first.remote_id == second.remote_id
        seen.append(first.remote_id)
        (status,) = read_statuses("abby", first.data)
        assert (status.number, status.code, status.raw) == ("FAC-2026-00001", "", state)
    assert len(set(seen)) == 3


def test_a_state_nobody_announced_is_kept_and_has_no_code(abby, deposit):
    receipt = abby.platform.deposit(deposit)
    abby.turns(receipt.remote_id, "teleported")
    (message,) = abby.platform.incoming("", watch(receipt)).messages
    (status,) = read_statuses("abby", message.data)
    assert (status.code, status.raw) == ("", "teleported")


def test_a_copy_deleted_at_abby_does_not_hold_back_the_others(abby, deposit):
    receipt = abby.platform.deposit(deposit)
    abby.turns(receipt.remote_id, "")
    other = abby.platform.deposit(deposit_of(replace(documents.standard_invoice(), number="FAC-2026-00002")))
    (message,) = abby.platform.incoming("", watch(receipt) + watch(other)).messages
    assert read_statuses("abby", message.data)[0].number == "FAC-2026-00002"
    assert abby.platform.acknowledgement(receipt.remote_id).status is AckStatus.UNKNOWN


def test_the_pdf_of_the_copy_can_be_fetched(abby, deposit):
    receipt = abby.platform.deposit(deposit)
    assert abby.platform.fetch(receipt.remote_id).startswith(b"%PDF-")
    with pytest.raises(RemoteError):
        abby.platform.fetch("income:1")


def test_times_in_seconds_and_in_milliseconds_are_the_same():
    assert statuses.moment(1795219200) == statuses.moment(1795219200000) == datetime(2026, 11, 21, tzinfo=UTC)
    assert statuses.moment("1795219200") is None


@pytest.mark.parametrize("data", [b"", b"[]", b'{"state": "paid", "title": "Chantier"}', b'{"state": "paid"}'])
def test_a_message_that_is_not_of_our_copies_is_said_to_be_unreadable(data):
    with pytest.raises(Invalid):
        read_statuses("abby", data)


def test_a_file_that_is_no_invoice_is_refused(abby, deposit):
    error = refusal(abby, replace(deposit, data=b"<x/>"))
    assert error.retryable is False
    assert abby.ledger["copies"] == []


def test_the_key_is_never_shown(abby, caplog, capsys):
    secret = "suk_mistyped-77aa"
    wrong = connect(dataclasses.replace(abby.settings, client_secret=secret))
    with pytest.raises(RemoteError) as caught:
        wrong.ping()
    wrong.close()
    assert (caught.value.code, caught.value.retryable) == ("invalid_client", False)
    printed = capsys.readouterr()
    for text in (str(caught.value), repr(caught.value.__dict__), repr(wrong.__dict__), caplog.text, *printed):
        assert secret not in text


def test_the_simulator_refuses_an_empty_body_without_a_word_and_a_call_without_a_key(abby):
    answer = abby.bare("POST", "/organization")
    assert (answer.status_code, answer.content) == (400, b"")
    assert abby.bare("GET", "/v2/company/me", headers={"Authorization": "Bearer nobody"}).status_code == 401
    assert abby.bare("POST", "/contact", json={"firstname": "Claire"}).status_code == 400


def test_the_simulator_refuses_lines_that_abby_would(abby, deposit):
    abby.platform.deposit(deposit)
    path = f"/v2/billing/{abby.copy['id']}/lines"
    (good,) = payloads.lines(cii.parse(deposit.data))
    for wrong in ({"unitPrice": 10.5}, {"vatCode": "FR_1960"}, {"designation": ""}, {"quantityUnit": "furlong"}):
        assert abby.bare("PATCH", path, json={"lines": [good | wrong]}).status_code == 400
