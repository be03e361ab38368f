"""Deposits (386): shared over the rates to the cent, deducted once from the final invoice, booked in 4191."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing import totals
from billing.billed import GROSS, NET, VAT, billed
from billing.deposits import gross_of, share_out, what_is_left
from billing.models import DepositDeduction, Invoice, InvoiceLine, InvoiceStatus, JournalLine
from billing.sealed import invoice_facts
from billing.services.deducting import DepositDeducted, DepositNotDeductible, DepositsBeyondTotal
from billing.services.deposits import (
    DepositTooLarge,
    DepositTooSmall,
    NoDepositHere,
    choose_deposits,
    draft_deposit,
    percent_of,
    room_of,
)
from billing.services.generating import generate_invoice
from billing.services.invoices import delete_draft, save_draft
from billing.services.issuing import issue_invoice
from billing.services.orders import confirm_order, save_order, ship_order
from config.kernel import chain
from config.kernel.models import AuditEvent
from config.kernel.roles import Role
from config.kernel.timeline import timeline_of
from tests.factories import money, story
from tests.factories.money import credit_invoice
from tests.factories.story import ACTOR, AT
from tests.trust.at_once import a_fifth
from tests.trust.conftest import settle
from tests.trust.test_tampering import tamper

pytestmark = pytest.mark.usefixtures("in_scope")

RATES = [Decimal("20"), Decimal("10"), Decimal("5.5"), Decimal("2.1"), Decimal(0)]


def an_order(customer, lines=(), *, confirmed=True):
    order = save_order(order=None, customer=customer, values={}, lines=lines or [story.a_line()], actor=ACTOR, at=AT)
    return confirm_order(order=order, actor=ACTOR, at=AT) if confirmed else order


def a_deposit(source, gross, *, issued=True):
    draft = draft_deposit(source=source, gross=Decimal(gross), description="Acompte", actor=ACTOR, at=AT)
    return issue_invoice(invoice=draft, actor=ACTOR, at=AT) if issued else draft


def the_final(order):
    ship_order(order=order, actor=ACTOR, at=AT)
    return generate_invoice(order=order, actor=ACTOR, at=AT)


def booked(invoice):
    """Debit less credit of each account, in the entries about the invoice."""
    found: dict[str, Decimal] = {}
    for line in JournalLine.objects.filter(entry__source=invoice.subject):
        found[line.account] = found.get(line.account, Decimal(0)) + line.debit - line.credit
    return {account: amount for account, amount in found.items() if amount}


def lines_of(chance):
    found = []
    for _number in range(chance.randint(1, 6)):
        rate = chance.choice(RATES)
        found.append(
            totals.PricedLine(
                quantity=Decimal(chance.randint(1, 40)) / 4,
                unit_price=Decimal(chance.randint(1, 90_000)) / 100,
                vat_rate=rate,
                vat_category="S" if rate else "E",
            )
        )
    return found


@pytest.mark.trust
def test_random_deposits_add_up_to_what_was_asked_or_one_cent_less():
    chance = random.Random(386)
    for _round in range(a_fifth(3000)):
        whole = totals.compute(lines_of(chance))
        if whole.gross <= 0:
            continue
        gross = Decimal(chance.randint(1, int(whole.gross * 100))) / 100
        shares = share_out(whole.subtotals, gross)
        assert gross - gross_of(shares) in {Decimal(0), Decimal("0.01")}
        assert all(share.amount == totals.vat_of(share.base, share.rate) for share in shares)
        assert all(share.base > 0 for share in shares)


@pytest.mark.trust
def test_a_deposit_of_everything_has_the_rows_of_everything():
    chance = random.Random(384)
    for _round in range(a_fifth(500)):
        whole = totals.compute(lines_of(chance))
        shares = share_out(whole.subtotals, whole.gross)
        assert [row for row in whole.subtotals if row.base] == list(shares)


@pytest.mark.trust
def test_random_deposits_one_after_the_other_never_ask_a_rate_for_more_than_it_is_worth():
    chance = random.Random(385)
    for _round in range(a_fifth(500)):
        whole = totals.compute(lines_of(chance))
        asked: dict = {}
        for _deposit in range(chance.randint(1, 6)):
            left = what_is_left(whole.subtotals, asked)
            room = gross_of(left)
            if room <= 0:
                break
            for share in share_out(left, Decimal(chance.randint(1, int(room * 100))) / 100):
                key = (share.category, share.rate)
                asked[key] = asked.get(key, Decimal(0)) + share.base
        assert all(asked.get((row.category, row.rate), 0) <= row.base for row in whole.subtotals)
        last = share_out(what_is_left(whole.subtotals, asked), whole.gross)
        for share in last:
            asked[share.category, share.rate] = asked.get((share.category, share.rate), Decimal(0)) + share.base
        assert all(asked.get((row.category, row.rate), 0) == row.base for row in whole.subtotals)


def test_the_last_of_three_deposits_takes_what_is_left_of_each_rate(customer):
    lines = [
        story.a_line(quantity=Decimal(1), unit_price=Decimal(price), vat_rate=Decimal(rate))
        for price, rate in (("33.33", "20"), ("0.10", "10"), ("66.67", "5.5"))
    ]
    order = an_order(customer, lines)
    for gross in (Decimal("37.77"), Decimal("55.55"), None):
        asked = room_of(order) if gross is None else gross
        issue_invoice(
            invoice=draft_deposit(source=order, gross=asked, description="Acompte", actor=ACTOR, at=AT),
            actor=ACTOR,
            at=AT,
        )
    rows = InvoiceLine.objects.filter(invoice__order=order)
    for line in order.lines.all():
        assert sum(row.net_amount for row in rows if row.vat_rate == line.vat_rate) == line.net_amount


def test_a_rate_that_is_worth_less_than_nothing_bears_no_deposit():
    lines = [
        totals.PricedLine(quantity=Decimal(1), unit_price=Decimal(100), vat_rate=Decimal(20)),
        totals.PricedLine(quantity=Decimal(-1), unit_price=Decimal(50), vat_rate=Decimal(10)),
    ]
    (share,) = share_out(totals.compute(lines).subtotals, Decimal("30.00"))
    assert (share.rate, share.base, share.amount) == (Decimal(20), Decimal("25.00"), Decimal("5.00"))


def test_an_amount_no_base_gives_is_a_cent_less(customer):
    order = an_order(customer)
    for asked, found in (("100.05", "100.04"), ("100.06", "100.06")):
        draft = draft_deposit(source=order, gross=Decimal(asked), description="Acompte", actor=ACTOR, at=AT)
        assert draft.total_gross == Decimal(found)
        delete_draft(invoice=draft, actor=ACTOR, at=AT)


def test_a_deposit_is_drafted_from_a_confirmed_order_over_its_rates(customer):
    lines = [
        story.a_line(quantity=Decimal(1), unit_price=Decimal(1000)),
        story.a_line("Pose", quantity=Decimal(1), unit_price=Decimal(500), vat_rate=Decimal(10), is_service=True),
    ]
    order = an_order(customer, lines)
    draft = draft_deposit(source=order, gross=percent_of(order, Decimal(30)), description="Acompte", actor=ACTOR, at=AT)
    assert (draft.kind, draft.order, draft.is_draft) == ("386", order, True)
    assert (draft.total_net, draft.total_vat, draft.total_gross) == (450, 75, 525)
    rows = [(line.vat_rate, line.net_amount, line.is_service) for line in draft.lines.order_by("position")]
    assert rows == [(20, 300, False), (10, 150, True)]


def test_one_rate_with_goods_and_services_keeps_its_two_natures(customer):
    lines = [
        story.a_line(quantity=Decimal(1), unit_price=Decimal(200)),
        story.a_line("Pose", quantity=Decimal(1), unit_price=Decimal(100), is_service=True),
    ]
    draft = a_deposit(an_order(customer, lines), "180.00", issued=False)
    assert draft.operation_nature == "M"
    assert {line.is_service: line.net_amount for line in draft.lines.all()} == {True: 50, False: 100}


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_deposit_needs_a_confirmed_order_that_is_not_invoiced(customer, confirmed):
    order = an_order(customer, confirmed=confirmed)
    if confirmed:
        issue_invoice(invoice=the_final(order), actor=ACTOR, at=AT)
    with pytest.raises(NoDepositHere):
        a_deposit(order, "100.00")


def test_deposits_never_pass_the_order(customer):
    order = an_order(customer)
    a_deposit(order, "1000.00")
    a_deposit(order, "300.00", issued=False)
    with pytest.raises(DepositTooLarge, match="140,00 € TTC"):
        a_deposit(order, "140.01")
    with pytest.raises(DepositTooSmall):
        a_deposit(order, "0.00")
    assert a_deposit(order, "140.00").total_gross == 140


def test_a_draft_without_order_takes_a_deposit_too(customer):
    draft = story.a_draft(customer)
    deposit = a_deposit(draft, "480.00")
    assert deposit.order is None
    chosen = choose_deposits(invoice=draft, keys=[deposit.pk], actor=ACTOR, at=AT)
    assert (chosen.amount_deposited, chosen.deposited_vat, chosen.balance) == (480, 80, 960)


def test_deposits_never_pass_the_draft_they_are_asked_ahead_of(company, customer):
    draft, other = story.a_draft(customer), story.a_draft(customer)
    first = a_deposit(draft, "1000.00")
    waiting = a_deposit(draft, "240.00", issued=False)
    assert (room_of(draft), room_of(other)) == (200, 1440)
    with pytest.raises(DepositTooLarge, match="200,00"):
        a_deposit(draft, "200.01")
    delete_draft(invoice=waiting, actor=ACTOR, at=AT)
    draft = choose_deposits(invoice=draft, keys=[first.pk], actor=ACTOR, at=AT)
    assert room_of(draft) == 440
    draft = choose_deposits(invoice=draft, keys=[], actor=ACTOR, at=AT)
    assert room_of(draft) == 440
    credit_invoice(invoice=first, parts=None, reason="Annulation", actor=ACTOR, at=AT)
    assert room_of(draft) == 1440


def test_the_draft_a_deposit_is_asked_ahead_of_stands_in_a_column(company, customer):
    draft = story.a_draft(customer)
    first, waiting = a_deposit(draft, "480.00"), a_deposit(draft, "240.00", issued=False)
    assert first.ahead_of == waiting.ahead_of == draft
    assert room_of(draft) == 720
    delete_draft(invoice=draft, actor=ACTOR, at=AT)
    first.refresh_from_db()
    assert (first.ahead_of, first.status) == (None, "ISSUED")


def test_the_proof_names_a_deposit_whose_draft_is_not_the_trails(company, customer):
    draft, other = story.a_draft(customer), story.a_draft(customer)
    deposit = a_deposit(draft, "480.00")
    settle()
    assert list(chain.verify(company)) == []
    tamper("UPDATE billing_invoice SET ahead_of = %s WHERE id = %s", other.pk, deposit.pk)
    assert [one.subject for one in chain.verify(company)] == [f"{deposit.subject} ({deposit.number})"]


def test_a_deposit_that_another_invoice_deducted_leaves_room_again(customer):
    draft, other = story.a_draft(customer), story.a_draft(customer)
    deposit = a_deposit(draft, "1440.00")
    choose_deposits(invoice=other, keys=[deposit.pk], actor=ACTOR, at=AT)
    assert room_of(draft) == 0
    issue_invoice(invoice=other, actor=ACTOR, at=AT)
    assert room_of(draft) == 1440


def test_a_deposit_stands_in_the_timeline_of_the_draft_it_is_asked_ahead_of(customer):
    draft = story.a_draft(customer)
    deposit = a_deposit(draft, "1000.00", issued=False)
    sentence = "Acompte préparé, 1 000,00 € TTC"
    assert timeline_of(draft, Role.OWNER)[0].title == sentence
    assert sentence in [item.title for item in timeline_of(deposit, Role.OWNER)]


def test_the_final_invoice_deducts_the_issued_deposits_of_its_order(customer):
    order = an_order(customer)
    first, second = a_deposit(order, "360.00"), a_deposit(order, "120.00")
    a_deposit(order, "60.00", issued=False)
    final = issue_invoice(invoice=the_final(order), actor=ACTOR, at=AT)
    assert (final.total_gross, final.amount_deposited, final.payable, final.balance) == (1440, 480, 960, 960)
    assert {row.deposit for row in final.deductions.all()} == {first, second}
    assert final.status == InvoiceStatus.ISSUED
    assert Invoice.objects.with_balance().get(pk=final.pk).open_balance == 960


def test_a_deposit_credits_4191_and_the_final_invoice_takes_it_back(customer):
    order = an_order(customer)
    deposit = a_deposit(order, "360.00")
    assert booked(deposit) == {"411000": 360, "419100": -300, "445741": -60}
    final = issue_invoice(invoice=the_final(order), actor=ACTOR, at=AT)
    assert booked(final) == {"411000": 1080, "419100": 300, "707000": -1200, "445711": -180}


def test_money_pays_the_rest_and_no_more(customer):
    order = an_order(customer)
    a_deposit(order, "360.00")
    final = issue_invoice(invoice=the_final(order), actor=ACTOR, at=AT)
    money.a_payment(customer, "1080.00", [(final, "1080.00")])
    final.refresh_from_db()
    assert (final.status, final.balance) == (InvoiceStatus.PAID, 0)


def test_an_invoice_that_its_deposits_cover_is_issued_paid(customer):
    order = an_order(customer)
    a_deposit(order, "1440.00")
    final = issue_invoice(invoice=the_final(order), actor=ACTOR, at=AT)
    assert (final.status, final.payable, final.balance) == (InvoiceStatus.PAID, 0, 0)
    assert booked(final) == {"419100": 1200, "707000": -1200}


def test_deposits_beyond_the_total_are_refused_with_a_sentence(customer):
    order = an_order(customer)
    deposit = a_deposit(order, "1440.00")
    final = the_final(order)
    less = [story.a_line(quantity=Decimal(1))]
    with pytest.raises(DepositsBeyondTotal, match="1 440,00 €"):
        save_draft(invoice=final, customer=customer, values={}, lines=less, actor=ACTOR, at=AT)
    choose_deposits(invoice=final, keys=[], actor=ACTOR, at=AT)
    save_draft(invoice=final, customer=customer, values={}, lines=less, actor=ACTOR, at=AT)
    with pytest.raises(DepositsBeyondTotal):
        choose_deposits(invoice=final, keys=[deposit.pk], actor=ACTOR, at=AT)


def test_a_deposit_is_deducted_once(customer):
    deposit = story.an_issued_invoice(customer, [story.a_line(quantity=Decimal(1))], kind="386")
    one, other = story.a_draft(customer), story.a_draft(customer)
    for draft in (one, other):
        choose_deposits(invoice=draft, keys=[deposit.pk], actor=ACTOR, at=AT)
    issue_invoice(invoice=one, actor=ACTOR, at=AT)
    with pytest.raises(DepositNotDeductible, match="ACO-2026-00001"):
        issue_invoice(invoice=other, actor=ACTOR, at=AT)
    with pytest.raises(IntegrityError, match="a_deposit_is_deducted_once"), transaction.atomic():
        DepositDeduction.objects.filter(invoice=other).update(is_live=True)


def test_only_the_deposits_of_the_same_customer_are_deducted(company, customer):
    stranger = story.an_issued_invoice(story.a_customer(company), kind="386")
    with pytest.raises(DepositNotDeductible):
        choose_deposits(invoice=story.a_draft(customer), keys=[stranger.pk], actor=ACTOR, at=AT)


def test_a_draft_given_to_another_customer_forgets_its_deposits(company, customer):
    deposit = story.an_issued_invoice(customer, [story.a_line(quantity=Decimal(1))], kind="386")
    draft = choose_deposits(invoice=story.a_draft(customer), keys=[deposit.pk], actor=ACTOR, at=AT)
    other = story.a_customer(company)
    draft = save_draft(invoice=draft, customer=other, values={}, lines=[story.a_line()], actor=ACTOR, at=AT)
    assert (draft.amount_deposited, draft.deductions.count()) == (0, 0)


def test_a_deducted_deposit_is_not_credited_before_its_final_invoice(customer):
    order = an_order(customer)
    deposit = a_deposit(order, "360.00")
    final = issue_invoice(invoice=the_final(order), actor=ACTOR, at=AT)
    assert not deposit.can_be_credited
    with pytest.raises(DepositDeducted, match="FAC-2026-00001"):
        credit_invoice(invoice=deposit, parts=None, reason="Erreur", actor=ACTOR, at=AT)
    credit_invoice(invoice=final, parts=None, reason="Annulation", actor=ACTOR, at=AT)
    note = credit_invoice(invoice=deposit, parts=None, reason="Annulation", actor=ACTOR, at=AT)
    assert booked(note) == {"411000": -360, "419100": 300, "445741": 60}


def test_the_credit_note_of_a_whole_final_invoice_takes_its_deductions_back(customer):
    order = an_order(customer)
    deposit = a_deposit(order, "360.00")
    final = issue_invoice(invoice=the_final(order), actor=ACTOR, at=AT)
    money.a_payment(customer, "1080.00", [(final, "1080.00")])
    note = credit_invoice(invoice=final, parts=None, reason="Annulation", actor=ACTOR, at=AT)
    final.refresh_from_db()
    assert (note.total_gross, note.amount_deposited, note.payable) == (1440, 360, 1080)
    assert (final.status, final.amount_paid, final.amount_credited) == (InvoiceStatus.CREDITED, 0, 1080)
    assert {account: -amount for account, amount in booked(note).items()} == booked(final)
    assert deposit in Invoice.objects.deductible()


def test_a_credit_note_of_a_part_stays_within_what_the_final_invoice_asks_for(customer):
    order = an_order(customer)
    a_deposit(order, "360.00")
    final = issue_invoice(invoice=the_final(order), actor=ACTOR, at=AT)
    part = story.a_return(final, 2)
    credit_invoice(invoice=final, parts=part, reason="Retour", actor=ACTOR, at=AT)
    final.refresh_from_db()
    assert (final.status, final.balance) == (InvoiceStatus.ISSUED, 792)
    money.a_payment(customer, "792.00", [(final, "792.00")])
    final.refresh_from_db()
    assert final.status == InvoiceStatus.PAID


def test_every_amount_is_billed_once_whatever_its_documents(customer):
    order = an_order(customer)
    a_deposit(order, "360.00")
    issue_invoice(invoice=the_final(order), actor=ACTOR, at=AT)
    sums = Invoice.objects.aggregate(net=billed(NET), vat=billed(VAT), gross=billed(GROSS))
    assert sums == {"net": 1200, "vat": 240, "gross": 1440}


def test_what_an_issued_invoice_deducts_is_frozen_and_sealed(customer):
    order = an_order(customer)
    a_deposit(order, "360.00")
    final = issue_invoice(invoice=the_final(order), actor=ACTOR, at=AT)
    row = final.deductions.get()
    for change in ({"gross": Decimal(1)}, {"invoice_id": story.a_draft(customer).pk}):
        with pytest.raises(Exception, match="the invoice is issued"), transaction.atomic():
            DepositDeduction.objects.filter(pk=row.pk).update(**change)
    with pytest.raises(Exception, match="the invoice is issued"), transaction.atomic():
        row.delete()
    with pytest.raises(Exception, match="the row is frozen"), transaction.atomic():
        Invoice.objects.filter(pk=final.pk).update(amount_deposited=0)
    sealed = AuditEvent.objects.get(subjects__0=final.subject, digest__gt="")
    assert sealed.digest == chain.digest(final)
    assert invoice_facts(final)["deposits"][0]["gross"] == 360


def test_an_invoice_without_deposits_is_sealed_as_before_there_were_any(customer):
    facts = invoice_facts(story.an_issued_invoice(customer))
    assert "deposits" not in facts
    assert not {"amount_deposited", "deposited_vat"} & set(facts["invoice"])
