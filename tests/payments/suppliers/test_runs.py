"""Payment runs: what is due and held, four eyes, the file, two people at once, taken back before the bank acts."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from lxml import etree

from billing.purchases.models import PurchaseInvoice, SupplierIban
from config.kernel import chain
from config.kernel.errors import DomainError, Stale
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.events import purchase_paid
from payments.models import PayingSettings, PaymentOrder, PaymentRun, PaymentRunLine, SupplierPayment
from payments.outgoing.ordering import OrderedInThePast
from payments.outgoing.pain001 import NAMES
from payments.outgoing.suppliers import due
from payments.outgoing.suppliers import ordering as run_ordering
from payments.outgoing.suppliers.due import WHY, worktable
from payments.outgoing.suppliers.ordering import SamePerson, SubmitFirst, cancel_run, order_run
from payments.outgoing.suppliers.preparing import (
    BeyondBalance,
    PersonNeeded,
    PurchaseHeld,
    RunNotOpen,
    change_run,
    held_of,
    live_lines,
    remove_line,
    submit_run,
)
from payments.outgoing.suppliers.recording import CreditsExceed
from tests.factories import story
from tests.factories.people import signed_in
from tests.factories.story import ACTOR, AT, SECOND_IBAN
from tests.factories.supplier_payments import (
    DAY,
    a_payer,
    a_payment,
    a_purchase,
    a_run,
    a_supplier,
    an_iban,
    an_ordered_run,
)
from tests.payments.suppliers.test_paying import books, stands
from tests.trust.conftest import settle as settle_constraints

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


@pytest.fixture
def company() -> Any:
    company = story.a_company()
    with company_scope(company):
        yield company


@pytest.fixture
def payer(company: Company) -> Any:
    return a_payer(company)


def told(run: PaymentRun, path: str) -> list[str]:
    order = PaymentOrder.objects.get(run=run)
    return [node.text for node in etree.fromstring(bytes(order.content)).iterfind(f".//{path}", NAMES)]


def test_what_is_due_is_shown_and_what_is_held_says_why(company: Company):
    supplier = a_supplier(company)
    due, note = a_purchase(supplier, due_on=DAY + WEEK), a_purchase(supplier, "10", kind="381")
    a_purchase(supplier, due_on=DAY + WEEK + timedelta(days=1))
    reasons = {
        "disputed": a_purchase(supplier, is_disputed=True),
        "no_iban": a_purchase(a_supplier(company, "Sans compte", iban="")),
        "iban_unconfirmed": a_purchase(a_supplier(company, "Nouveau compte"), iban=SECOND_IBAN),
    }
    waiting = a_purchase(supplier)
    other = a_supplier(company, "Avoir")
    covered = a_purchase(other)
    a_purchase(other, "100", kind="381")
    taken = a_run([waiting], a_payer(company))
    table = worktable(company=company, until=DAY + WEEK, pay_on=DAY)
    assert [one.purchase for one in table.due] == [due, note]
    assert sum(one.paid for one in table.due) == 108
    held = {one.purchase: one.held for one in table.held if one.held}
    assert {held[row].code for row in reasons.values()} == reasons.keys()
    assert (held[covered].code, held[waiting].sentence) == ("credit", str(WHY["in_run"]) % {"run": taken.number})
    assert len(held) == 5


def test_a_discount_is_taken_where_its_yearly_yield_is_worth_it(company: Company):
    supplier = a_supplier(company, discount_percent=Decimal(2), discount_days=10)
    early = a_purchase(supplier, due_on=DAY + timedelta(days=30), issue_date=DAY - timedelta(days=5))
    late = a_purchase(supplier, due_on=DAY + timedelta(days=30), issue_date=DAY - timedelta(days=11))
    (one,) = worktable(company=company, until=DAY + WEEK, pay_on=DAY).due
    assert (one.purchase, one.discount) == (early, Decimal("2.40"))
    assert one.offer is not None
    assert (one.offer.yearly_rate, one.offer.until) == (Decimal("24.83"), DAY + timedelta(days=5))
    PayingSettings.objects.create(company=company, discount_rate=Decimal("24.84"))
    assert worktable(company=company, until=DAY + WEEK, pay_on=DAY).due == []
    assert late not in [one.purchase for one in worktable(company=company, until=DAY + WEEK, pay_on=DAY).held]


def test_a_run_is_ordered_in_a_file_that_its_payments_are(company: Company, payer: Any):
    supplier, other = a_supplier(company, "Société Générale d’Œuvres & Cie"), a_supplier(company, "Papeterie")
    first, second, third = a_purchase(supplier), a_purchase(supplier, "10"), a_purchase(other, payment_reference="RF18")
    note = a_purchase(supplier, "5", kind="381")
    heard: list[Any] = []
    purchase_paid.connect(lambda **said: heard.append(said), weak=False, dispatch_uid="runs")
    run = an_ordered_run([first, second, third, note], payer)
    purchase_paid.disconnect(dispatch_uid="runs")
    order = run.order
    assert order is not None
    assert (run.status, run.number, order.number, order.total, order.count) == (
        "ORDERED", "LOT-2026-00001", "VIR-2026-00001", 246, 2,
    )  # fmt: skip
    assert order.sha256 == hashlib.sha256(bytes(order.content)).hexdigest()
    payments = list(SupplierPayment.objects.order_by("number"))
    assert sorted(told(run, "p:InstdAmt")) == ["120.00", "126.00"]
    assert told(run, "p:EndToEndId") == [row.number for row in payments]
    assert set(told(run, "p:CtrlSum")) == {"246.00"}
    assert "RF18" in told(run, "p:RmtInf/p:Ustrd")
    assert [stands(row) for row in (first, second, third, note)] == [("PAID", 0)] * 4
    assert books()[order.bank_account.ledger_account] == -246
    assert "401000" not in books()
    assert heard == [], "the money has not left yet"
    settle_constraints()
    assert list(chain.verify(company)) == []


def test_one_transfer_an_invoice_where_that_is_asked_for(company: Company, payer: Any):
    supplier = a_supplier(company)
    run = an_ordered_run([a_purchase(supplier), a_purchase(supplier)], payer, is_by_supplier=False)
    assert told(run, "p:InstdAmt") == ["120.00", "120.00"]
    netted = a_supplier(company, "Avec avoir")
    rows = [a_purchase(netted), a_purchase(netted), a_purchase(netted, "10", kind="381")]
    assert told(an_ordered_run(rows, payer, is_by_supplier=False), "p:InstdAmt") == ["228.00"]


def test_above_the_limit_another_person_confirms_what_he_is_shown(company: Company, payer: Any):
    run = a_run([a_purchase(a_supplier(company), "5000")], payer)
    other = a_payer(company)
    with pytest.raises(SamePerson):
        order_run(run=run, total=run.total, actor=payer, at=AT)
    with pytest.raises(SubmitFirst):
        order_run(run=run, total=run.total, actor=other, at=AT)
    submit_run(run=run, actor=payer, at=AT)
    with pytest.raises(SamePerson):
        order_run(run=run, total=run.total, actor=payer, at=AT)
    with pytest.raises(PersonNeeded):
        order_run(run=run, total=run.total, actor=ACTOR, at=AT)
    with pytest.raises(Stale):
        order_run(run=run, total=run.total - 1, actor=other, at=AT)
    order_run(run=run, total=run.total, actor=other, at=AT)
    assert (run.status, run.confirmed_by_id, run.prepared_by_id) == ("ORDERED", other.user_id, payer.user_id)
    with pytest.raises(RunNotOpen):
        order_run(run=run, total=run.total, actor=other, at=AT)
    assert SupplierPayment.objects.count() == 1


def test_who_changes_a_run_has_prepared_it(company: Company, payer: Any):
    PayingSettings.objects.create(company=company, confirm_above=Decimal(50))
    run, other = a_run([a_purchase(a_supplier(company))], payer), a_payer(company)
    (line,) = live_lines(run)
    change_run(run=run, amounts=[(line, Decimal("60"), Decimal(0))], executes_on=DAY, actor=other, at=AT)
    submit_run(run=run, actor=payer, at=AT)
    with pytest.raises(SamePerson):
        order_run(run=run, total=Decimal(60), actor=other, at=AT)
    with pytest.raises(RunNotOpen):
        change_run(run=run, amounts=[(line, Decimal("61"), Decimal(0))], executes_on=DAY, actor=payer, at=AT)
    order_run(run=run, total=Decimal(60), actor=payer, at=AT)
    assert stands(line.purchase) == ("BOOKED", 60)


def change_iban(purchase: PurchaseInvoice) -> None:
    an_iban(purchase.supplier, SECOND_IBAN, is_confirmed=False, at=AT + timedelta(minutes=1))


def reject_iban(purchase: PurchaseInvoice) -> None:
    SupplierIban.objects.filter(supplier=purchase.supplier).update(confirmed_at=None, rejected_at=AT)


def confirm_another(purchase: PurchaseInvoice) -> None:
    an_iban(purchase.supplier, SECOND_IBAN, at=AT + timedelta(minutes=1))


def dispute(purchase: PurchaseInvoice) -> None:
    PurchaseInvoice.objects.filter(pk=purchase.pk).update(disputed_at=AT)


@pytest.mark.parametrize("happen", [change_iban, reject_iban, confirm_another, dispute, a_payment])
def test_what_changes_between_preparing_and_confirming_holds_the_run(company: Company, payer: Any, happen: Any):
    supplier = a_supplier(company)
    held, free = a_purchase(supplier), a_purchase(a_supplier(company, "Autre"))
    run = a_run([held, free], payer)
    happen(held)
    before = books()
    with pytest.raises(PurchaseHeld, match=str(held)[:8]):
        order_run(run=run, total=run.total, actor=payer, at=AT)
    lines = live_lines(run)
    (key,) = held_of(run, lines)
    (line,) = [line for line in lines if line.pk == key]
    assert line.purchase == held
    remove_line(line=line, actor=payer, at=AT)
    run.refresh_from_db()
    order_run(run=run, total=Decimal(120), actor=payer, at=AT)
    assert books() != before
    assert stands(free) == ("PAID", 0)


def test_an_invoice_is_in_one_open_run_and_free_again_once_it_is_taken_off(company: Company, payer: Any):
    purchase, other = a_purchase(a_supplier(company)), a_purchase(a_supplier(company, "Autre"))
    run = a_run([purchase, other], payer)
    with pytest.raises(PurchaseHeld, match=run.number):
        a_run([purchase], payer)
    lines = live_lines(run)
    for line in lines:
        remove_line(line=line, actor=payer, at=AT)
    run.refresh_from_db()
    assert (run.status, run.total) == ("CANCELLED", 0)
    with pytest.raises(RunNotOpen):
        remove_line(line=lines[0], actor=payer, at=AT)
    assert a_run([purchase], payer, amounts=["20"]).total == 20
    with pytest.raises(BeyondBalance):
        a_run([other], payer, amounts=["120.01"])
    with pytest.raises(OrderedInThePast):
        a_run([other], payer, executes_on=DAY - timedelta(days=1))
    with pytest.raises(PersonNeeded):
        a_run([other], ACTOR)
    with pytest.raises(CreditsExceed):
        a_run([a_purchase(other.supplier, kind="381")], payer)


def test_an_order_taken_back_before_the_bank_acts_gives_all_back(company: Company, payer: Any):
    supplier = a_supplier(company)
    rows = [a_purchase(supplier), a_purchase(supplier, "10", kind="381")]
    before = books(), [stands(row) for row in rows]
    run = an_ordered_run(rows, payer)
    content = bytes(PaymentOrder.objects.get().content)
    cancel_run(run=run, reason="Mauvaise date", actor=payer, at=AT)
    assert (books(), [stands(row) for row in rows]) == before
    assert (run.status, run.cancelled_because) == ("CANCELLED", "Mauvaise date")
    assert bytes(PaymentOrder.objects.get().content) == content, "what was handed out stays"
    with pytest.raises(DomainError):
        cancel_run(run=run, reason="", actor=payer, at=AT)
    assert an_ordered_run(rows, payer).status == "ORDERED"
    settle_constraints()
    assert list(chain.verify(company)) == []


def test_the_file_of_a_run_that_was_taken_back_is_handed_out_no_more(company: Company, payer: Any):
    run = an_ordered_run([a_purchase(a_supplier(company))], payer)
    page, file = (reverse(name, args=[run.pk]) for name in ("payments:run-detail", "payments:run-file"))
    client = signed_in(company)
    assert file in client.get(page).content.decode()
    assert client.get(file).status_code == 200
    cancel_run(run=run, reason="Mauvaise date", actor=payer, at=AT)
    assert file not in client.get(page).content.decode()
    assert client.get(file).status_code == 409, "handed to the bank, it would pay what a later run pays again"


def test_what_is_wrong_with_an_amount_names_its_invoice(company: Company):
    row = a_purchase(a_supplier(company))
    sent = {"chosen": row.pk, f"amount_{row.pk}": "abc", "executes_on": "01/01/2027"}
    page = signed_in(company).post(reverse("payments:supplier-due"), sent).content.decode()
    assert f"Montant de {row.number}" in page
    assert f"Amount {row.pk}" not in page


def test_a_run_killed_in_the_middle_of_its_order_leaves_nothing_of_it(
    company: Company, payer: Any, monkeypatch: pytest.MonkeyPatch
):
    rows = [a_purchase(a_supplier(company, name)) for name in ("Un", "Deux")]
    run, before = a_run(rows, payer), books()
    for name in ("insert_order", "insert_payments", "seal_order"):
        with monkeypatch.context() as patched:
            whole = getattr(run_ordering, name)

            def die(*args: Any, _whole: Any = whole, **kwargs: Any) -> Any:
                _whole(*args, **kwargs)
                raise KeyboardInterrupt

            patched.setattr(run_ordering, name, die)
            with pytest.raises(KeyboardInterrupt):
                order_run(run=run, total=run.total, actor=payer, at=AT)
        assert books() == before
        assert not PaymentOrder.objects.exists() | SupplierPayment.objects.exists()
    order_run(run=run, total=run.total, actor=payer, at=AT)
    assert [row.number for row in SupplierPayment.objects.order_by("number")] == ["REG-2026-00001", "REG-2026-00002"]
    assert PaymentRunLine.objects.filter(ended_at=None).count() == 0


def test_what_its_platform_rejects_after_its_booking_holds_the_run_until_it_leaves(
    company: Company, payer: Any, monkeypatch: pytest.MonkeyPatch
):
    held, free = a_purchase(a_supplier(company)), a_purchase(a_supplier(company, "Autre"))
    run = a_run([held, free], payer)
    monkeypatch.setattr(due, "REJECTIONS", [lambda purchases: {held.pk} & {row.pk for row in purchases}])
    with pytest.raises(PurchaseHeld, match="Rejetée par sa plateforme"):
        order_run(run=run, total=run.total, actor=payer, at=AT)
    assert stands(held) == ("BOOKED", 120), "nothing of the run has left"
    (line,) = [line for line in live_lines(run) if line.purchase_id == held.pk]
    assert list(held_of(run, live_lines(run))) == [line.pk]
    remove_line(line=line, actor=payer, at=AT)
    run.refresh_from_db()
    order_run(run=run, total=run.total, actor=payer, at=AT)
    assert (stands(free), stands(held)) == (("PAID", 0), ("BOOKED", 120))
