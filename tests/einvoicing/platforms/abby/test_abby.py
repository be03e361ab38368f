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
from einvoicing.formats import facturx
from einvoicing.platforms.abby import payloads, statuses
from einvoicing.platforms.answers import AckStatus
from einvoicing.platforms.base import NotCarried, Watched
from einvoicing.platforms.registry import connect, provider, read_copy
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
    if error.outcome_unknown and abby.kept:
        found = abby.anew().find(abby.kept[-1], deposit.number)
        # only the last step makes it whole: any other is for `deposit` to finish
        assert (found is not None) == (step == "general" and fault != "500")
    receipt = abby.again(deposit)
    whole = [copy for copy in abby.ledger["copies"] if copy["title"]]
    assert [(copy["id"], copy["state"]) for copy in whole] == [(receipt.remote_id, "draft")]
    assert whole[0]["total"]["amountWithTaxAfterDiscount"] == 120_000
    assert payloads.is_whole(whole[0], deposit.number)
    # the one answer whose loss leaves something behind is that which gives the identifier: an empty draft
    is_lost = step == "create" and fault in {"reset-after-accept", "accepted-then-500"}
    assert len(abby.ledger["copies"]) == (2 if is_lost else 1)
    assert len(abby.bare("GET", "/organizations?page=1&limit=100").json()["docs"]) == 1


def test_the_identifier_is_kept_before_anything_more_is_sent(abby, deposit):
    abby.fails("reset-after-accept", "title")
    refusal(abby, deposit)
    assert abby.kept == [abby.copy["id"]]
    assert abby.again(deposit).remote_id == abby.kept[0]
    assert abby.kept == [abby.copy["id"]], "no other was made"


def test_a_copy_is_read_back_after_a_time_out(abby, deposit):
    abby.fails("latency", "general")
    hasty = connect(dataclasses.replace(abby.settings, read_timeout=0.4))
    with pytest.raises(RemoteError) as caught:
        hasty.deposit(deposit)
    hasty.close()
    assert caught.value.outcome_unknown is True
    wait_until(lambda: payloads.is_whole(abby.copy, deposit.number), what="the last step of the copy")
    found = abby.platform.find(abby.kept[-1], deposit.number)
    assert found is not None
    assert (found.remote_id, found.tracking_id) == (abby.copy["id"], deposit.tracking_id)


def test_a_whole_copy_is_found_by_its_identifier_alone(abby, deposit):
    receipt = abby.platform.deposit(deposit)
    found = abby.platform.find(receipt.remote_id, deposit.number)
    assert found is not None
    assert (found.remote_id, found.submitted_at) == (receipt.remote_id, receipt.submitted_at)
    assert abby.platform.find("another", deposit.number) is None


def test_depositing_twice_writes_the_same_draft(abby, deposit):
    first = abby.platform.deposit(deposit)
    assert abby.again(deposit).remote_id == first.remote_id
    assert abby.copy["title"].endswith(f"[{deposit.tracking_id}]")


def test_a_copy_that_a_person_deleted_is_made_again_where_it_is_asked_for(abby, deposit):
    first = abby.platform.deposit(deposit)
    assert abby.acts(first.remote_id, "delete") == 204
    second = abby.again(deposit)
    assert second.remote_id != first.remote_id
    assert abby.kept == [first.remote_id, second.remote_id]


def test_a_copy_that_a_person_finalized_is_left_as_it_is(abby, deposit):
    receipt = abby.platform.deposit(deposit)
    abby.acts(receipt.remote_id, "finalize")
    before = len(abby.ledger["calls"])
    assert abby.again(deposit).remote_id == receipt.remote_id
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
        assert (type(error), error.code) == (NotCarried, code)
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


def test_a_discount_on_the_whole_is_one_of_abby_s_own(abby):
    off = model.AllowanceCharge(amount=Decimal("50.00"), reason="Fidélité", vat_category="S", vat_rate=Decimal(20))
    invoice = priced(("2", "100.00", "200.00"), net="150.00", vat="30.00", allowances=(off,))
    abby.platform.deposit(abby.invoice(invoice))
    assert abby.copy["discount"] == {"mode": "AMOUNT", "amount": 5000}
    assert abby.copy["total"]["amountWithTaxAfterDiscount"] == 18_000


def test_a_discount_among_several_rates_is_taken_off_the_lines_of_its_own(abby):
    off = model.AllowanceCharge(amount=Decimal("120.00"), reason="Lot", vat_category="S", vat_rate=Decimal(20))
    base = priced(("1", "100.00", "100.00"), ("1", "60.00", "60.00"), ("1", "200.00", "200.00"), net="240.00", vat="0")
    reduced = replace(base.lines[2], vat_rate=Decimal("5.5"))
    gross = Decimal("259.00")  # (160 − 120) × 1.20 + 200 × 1.055
    totals = replace(base.totals, net=Decimal(240), vat=Decimal(19), gross=gross, payable=gross)
    invoice = replace(base, lines=(*base.lines[:2], reduced), allowances=(off,), totals=totals)
    abby.platform.deposit(abby.invoice(invoice))
    assert [line["discount"]["amount"] for line in abby.copy["lines"]] == [10_000, 2_000, 0]
    assert abby.copy["total"]["amountWithTaxAfterDiscount"] == 25_900


def test_a_discount_on_a_line_is_shown_as_one(abby):
    (line,) = priced(("2", "90.00", "180.00"), net="180.00", vat="36.00").lines
    invoice = priced(("2", "90.00", "180.00"), net="180.00", vat="36.00")
    discounted = replace(line, gross_price=Decimal("100.00"), price_discount=Decimal("10.00"))
    abby.platform.deposit(abby.invoice(replace(invoice, lines=(discounted,))))
    (copied,) = abby.copy["lines"]
    assert (copied["unitPrice"], copied["discount"]) == (10_000, {"mode": "AMOUNT", "amount": 2_000})


def test_a_credit_note_becomes_an_asset_of_the_copy_that_was_finalized_there(abby, deposit):
    copy = abby.platform.deposit(deposit).remote_id
    note = abby.invoice(documents.credit_note(), corrects=copy)
    error = refusal(abby, note)
    assert (type(error), error.code) == (NotCarried, "credit_note_not_mirrored"), "a draft owes nothing"
    abby.acts(copy, "finalize")
    receipt = abby.platform.deposit(note)
    asset = next(one for one in abby.ledger["copies"] if one["type"] == "asset")
    assert (receipt.remote_id, asset["state"]) == (asset["id"], "draft")
    assert asset["title"] == f"AVO-2026-00001 [{note.tracking_id}]"
    assert asset["total"]["amountWithTaxAfterDiscount"] == 120_000
    assert abby.again(note).remote_id == receipt.remote_id


def test_without_the_company_s_asking_no_receipt_is_written(abby):
    error = refusal(abby, payment())
    assert (type(error), error.code) == (NotCarried, "receipts_not_published")
    assert abby.ledger["calls"] == []


def test_a_payment_is_written_to_the_book_of_receipts_with_its_day_and_means(abby):
    abby.opens_the_book()
    one = payment("155.16", shares={"20.00": "120.00", "5.50": "35.16"})
    receipt = abby.platform.deposit(one)
    assert receipt.remote_id.startswith("income:")
    (entry,) = abby.ledger["incomes"]
    assert (entry["priceTotalTax"], entry["priceWithoutTax"], entry["vatAmount"]) == (15516, 13333, 2183)
    assert (entry["client"], entry["paidAt"]) == ("Boulangerie Martin", "2026-11-20T00:00:00+01:00")
    assert entry["paymentMethodUsed"] == {"value": 4}
    assert entry["reference"] == f"FAC-2026-00001 [{receipt.tracking_id}]"
    assert abby.platform.acknowledgement(receipt.remote_id).status is AckStatus.OK


def messages(abby, receipt):
    page = abby.platform.incoming("", watch(receipt))
    assert len(page.messages) == 1
    return page.messages[0]


def test_what_happens_there_is_told_once_and_again_when_it_changes(abby, deposit):
    receipt = abby.platform.deposit(deposit)
    seen = []
    for act in ("", "send", "finalize", "pay", "cancel"):
        if act:
            assert abby.acts(receipt.remote_id, act) == 204
        first, second = messages(abby, receipt), messages(abby, receipt)
        assert first.remote_id == second.remote_id
        seen.append(first.remote_id)
    assert len(set(seen)) == 5
    copy = read_copy("abby", messages(abby, receipt).data)
    assert (copy.state, copy.number, copy.received) == ("paid", f"F-{receipt.remote_id}", Decimal(1200))
    assert None not in (copy.sent_at, copy.finalized_at, copy.paid_at, copy.cancelled_at)


def test_a_copy_becomes_overdue_by_the_day_alone(abby, deposit):
    receipt = abby.platform.deposit(deposit)
    abby.acts(receipt.remote_id, "finalize")
    copy = read_copy("abby", messages(abby, receipt).data)
    assert [copy.is_overdue(datetime(2026, 12, day, 23, 30, tzinfo=UTC)) for day in (19, 20)] == [False, True]


def test_a_draft_is_never_overdue(abby, deposit):
    receipt = abby.platform.deposit(deposit)
    assert read_copy("abby", messages(abby, receipt).data).is_overdue(datetime(2027, 6, 1, tzinfo=UTC)) is False


def test_a_state_nobody_announced_is_kept_as_it_came(abby, deposit):
    receipt = abby.platform.deposit(deposit)
    abby.acts(receipt.remote_id, "teleported")
    assert read_copy("abby", messages(abby, receipt).data).state == "teleported"


def test_a_copy_deleted_at_abby_is_told_and_does_not_hold_back_the_others(abby, deposit):
    receipt = abby.platform.deposit(deposit)
    abby.acts(receipt.remote_id, "delete")
    other = abby.platform.deposit(deposit_of(replace(documents.standard_invoice(), number="FAC-2026-00002")))
    gone, there = abby.platform.incoming("", watch(receipt) + watch(other)).messages
    assert (gone.kind, gone.remote_id) == ("deleted", f"{receipt.remote_id}:deleted")
    assert there.kind == "invoice"
    assert abby.platform.acknowledgement(receipt.remote_id).status is AckStatus.UNKNOWN


def test_the_pdf_of_the_copy_can_be_fetched(abby, deposit):
    receipt = abby.platform.deposit(deposit)
    assert abby.platform.fetch(receipt.remote_id).startswith(b"%PDF-")
    with pytest.raises(RemoteError):
        abby.platform.fetch("income:1")


def test_times_in_seconds_and_in_milliseconds_are_the_same():
    assert statuses.moment(1795219200) == statuses.moment(1795219200000) == datetime(2026, 11, 21, tzinfo=UTC)
    assert statuses.moment("1795219200") is None


@pytest.mark.parametrize("data", [b"", b"[]", b'{"state": 7, "updatedAt": 1}', b'{"state": "paid"}', b'{"state": ""}'])
def test_a_message_that_is_no_copy_is_said_to_be_unreadable(data):
    with pytest.raises(Invalid):
        read_copy("abby", data)


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
