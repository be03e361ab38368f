"""« Payer par carte » over real HTTP: whatever the provider does, what was paid is recorded once and nothing twice."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import Invoice, InvoiceStatus, JournalLine
from config.kernel import chain
from config.kernel.errors import Invalid, RemoteError
from config.kernel.inbound import applying
from config.kernel.inbound.sources import change_source
from config.kernel.models import Company, ReceivedStatus, ReceivedWebhook, WebhookSource
from config.kernel.scope import company_scope
from config.kernel.todo import WATCHES, Today
from payments.checkouts.accounts import save_account
from payments.checkouts.following import CHECKOUTS, read_checkout, settle_alert
from payments.checkouts.opening import ProviderAway, open_checkout
from payments.checkouts.payout_parts import NotExplained, payout_of, payout_parts
from payments.checkouts.payouts import read_payouts
from payments.models import Checkout, CheckoutStatus, Match, Payment, Payout, ProviderAccount
from payments.portal.notices import NothingDue
from payments.providers.base import RemoteCheckout, RemoteState
from payments.providers.hosted_checkout import SIGNATURE, HostedCheckout, is_signed
from payments.sandbox.hosted_checkout.access import KEY_PREFIX
from payments.services.payments import reverse_payment
from payments.services.settling import settle_line
from payments.services.write_offs import write_off
from tests.api.senders import SECRET, knock, mac, path_of
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import money, story
from tests.factories.people import a_person, signed_in
from tests.payments.money_state import money_state
from tests.payments.portal.conftest import a_link, path_to
from tests.trust.at_once import at_once

pytestmark = pytest.mark.django_db
ACTOR = story.ACTOR


@dataclass
class Shop:
    """A company that takes cards, an invoice of 1,440.00, and the provider where its customer pays."""

    address: str
    company: Company
    invoice: Invoice
    account: ProviderAccount
    key: str

    @property
    def source(self) -> WebhookSource:
        return WebhookSource.everywhere.get(company=self.company)

    def fault(self, kind: str, operation: str = "", times: int = 1) -> None:
        order = {"kind": kind, "client_id": self.key, "operation": operation, "remaining": times}
        assert requests.post(f"{self.address}/sandbox/faults", json=order, timeout=10).status_code == 201

    def open(self) -> Checkout:
        with company_scope(self.company):
            return open_checkout(
                invoice=self.invoice,
                return_url="http://127.0.0.1:1/back/{reference}/",
                language="fr",
                actor=ACTOR,
                at=timezone.now(),
            )

    def pay(self, checkout: Checkout) -> requests.Response:
        """On the provider's page, as a customer does."""
        return requests.post(checkout.page_url, data={"act": "pay"}, timeout=10, allow_redirects=False)

    def tell(self, checkout: Checkout, **told: Any) -> None:
        body = {"reference": checkout.reference, **told}
        answer = requests.post(f"{self.address}/sandbox/hosted-checkout/tell", data=json.dumps(body), timeout=10)
        assert answer.status_code == 201

    def read(self, checkout: Checkout) -> Checkout:
        with company_scope(self.company):
            row = Checkout.objects.select_related("account", "invoice__customer").get(pk=checkout.pk)
            return read_checkout(checkout=row, actor=ACTOR, at=timezone.now())

    def knock(self, event: str, checkout: Checkout, **changes: Any) -> int:
        """A signed message of the provider comes to us."""
        data = {"checkout": {"reference": checkout.reference, "status": "whatever"}}
        body = json.dumps({"id": f"evt_{uuid.uuid4().hex}", "type": event, "data": data, **changes}).encode()
        return int(knock(path_of(self.source), body, signed(body)).status_code)

    def alerts(self) -> list[str]:
        with company_scope(self.company):
            return [todo.sentence for todo in WATCHES["card-payments"].find(Today(timezone.now()))]

    def payments(self) -> list[Payment]:
        return list(Payment.everywhere.filter(company=self.company, origin_service="hosted_checkout"))


def signed(body: bytes, *, secret: str = SECRET, late: float = 0) -> dict[str, str]:
    stamp = str(int(timezone.now().timestamp() - late))
    return {SIGNATURE: f"t={stamp},v1={'00' * 32},v1={mac(stamp.encode() + b'.' + body, secret).hex()}"}


def an_account(company: Company, address: str, key: str, **values: Any) -> ProviderAccount:
    defaults: dict[str, Any] = {
        "kind": "hosted_checkout",
        "base_url": f"{address}/hosted-checkout",
        "page_url": "",
        "ledger_account": "511500",
        "fee_account": "627000",
        "is_enabled": True,
        "secret": key,
    }
    with company_scope(company):
        return save_account(company=company, actor=ACTOR, at=timezone.now(), **{**defaults, **values})


@pytest.fixture
def shop(company: Company, invoice: Invoice, sandbox: str, settings: Any) -> Shop:
    settings.SANDBOX_URL = sandbox
    key = f"{KEY_PREFIX}{uuid.uuid4().hex}"
    account = an_account(company, sandbox, key)
    found = Shop(sandbox, company, invoice, account, key)
    with company_scope(company):
        change_source(source=found.source, secret=SECRET, actor=ACTOR, at=timezone.now())
    return found


def paid_state(shop: Shop) -> tuple[str, Decimal, int]:
    shop.invoice.refresh_from_db()
    return shop.invoice.status, shop.invoice.amount_paid, len(shop.payments())


PAID = (InvoiceStatus.PAID, Decimal("1440.00"), 1)


def test_the_button_is_there_where_the_company_takes_cards(shop: Shop, visitor: Client) -> None:
    link = a_link(shop.invoice)
    answer = visitor.get(path_to(link))
    assert "Payer par carte" in answer.content.decode()
    assert f"form-action 'self' {shop.address}" in answer.headers["Content-Security-Policy"]
    other = story.an_issued_invoice(story.a_customer(story.a_company()))
    page = visitor.get(path_to(a_link(other)))
    assert "Payer par carte" not in page.content.decode()
    assert page.headers["Content-Security-Policy"].count("form-action 'self';") == 1
    assert visitor.post(path_to(a_link(other), other.number, "card")).status_code == 409


def test_a_customer_pays_and_comes_back(shop: Shop, visitor: Client) -> None:
    link = a_link(shop.invoice)
    leaving = visitor.post(path_to(link, shop.invoice.number, "card"))
    assert leaving.status_code == 302
    checkout = Checkout.everywhere.get()
    assert leaving.headers["Location"] == checkout.page_url
    assert checkout.page_url.startswith(f"{shop.address}/hosted-checkout/pay/")
    back = shop.pay(checkout).headers["Location"]
    assert back.endswith(path_to(link, shop.invoice.number, "card", checkout.reference))
    page = visitor.get(path_to(link, shop.invoice.number, "card", checkout.reference)).content.decode()
    assert "votre paiement de" in page
    assert paid_state(shop) == PAID
    (payment,) = shop.payments()
    assert (payment.method, payment.amount, payment.reference) == ("CARD", Decimal("1440.00"), checkout.reference)
    lines = JournalLine.everywhere.filter(entry__source=payment.subject).order_by("position")
    assert [(line.account, line.debit, line.credit) for line in lines] == [
        ("511500", Decimal("1440.00"), Decimal("0.00")),
        ("411000", Decimal("0.00"), Decimal("1440.00")),
    ]
    assert "Elle est réglée" in visitor.get(path_to(link)).content.decode()


def test_message_return_and_sweep_together_record_one_payment(shop: Shop, visitor: Client) -> None:
    """Peers recorded a payment twice when the customer came back while the message was applied (peers #10079)."""
    checkout = shop.open()
    shop.pay(checkout)
    for _turn in range(2):
        assert shop.knock("checkout.paid", checkout) == 200
    applying.apply_due()
    visitor.get(path_to(a_link(shop.invoice), shop.invoice.number, "card", checkout.reference))
    Checkout.everywhere.update(next_attempt_at=timezone.now() - timedelta(minutes=1))
    CHECKOUTS.sweep()
    shop.read(checkout)
    assert paid_state(shop) == PAID
    assert {row.status for row in ReceivedWebhook.everywhere.all()} == {ReceivedStatus.APPLIED}


@pytest.mark.django_db(transaction=True)
def test_five_at_once_record_one_payment(shop: Shop) -> None:
    checkout = shop.open()
    shop.pay(checkout)
    at_once(5, lambda _place: shop.read(checkout))
    assert paid_state(shop) == PAID


@pytest.mark.parametrize("order", [("paid", "expired", "opened"), ("expired", "paid"), ("opened", "expired", "paid")])
def test_messages_in_any_order_end_the_same(shop: Shop, order: tuple[str, ...]) -> None:
    checkout = shop.open()
    shop.pay(checkout)
    for name in order:
        assert shop.knock(f"checkout.{name}", checkout) == 200
    applying.apply_due()
    assert paid_state(shop) == PAID


def test_a_message_before_the_answer_is_obeyed_after_it(shop: Shop) -> None:
    checkout = shop.open()
    Checkout.everywhere.filter(pk=checkout.pk).update(status="NEW", remote_id="", page_url="")
    shop.pay(checkout)
    shop.read(checkout)  # found by our reference
    assert paid_state(shop) == PAID


def test_paid_after_it_had_expired_is_paid(shop: Shop) -> None:
    checkout = shop.open()
    shop.tell(checkout, status="expired")
    assert shop.read(checkout).status == CheckoutStatus.EXPIRED
    shop.tell(checkout, status="paid")
    shop.knock("checkout.paid", checkout)
    applying.apply_due()
    assert paid_state(shop) == PAID


def test_an_answer_lost_after_it_was_accepted_makes_no_second_checkout(shop: Shop) -> None:
    shop.fault("reset-after-accept", "deposit")
    with pytest.raises(ProviderAway):
        shop.open()
    checkout = shop.open()
    assert Checkout.everywhere.count() == 1
    assert checkout.status == CheckoutStatus.OPEN
    assert shop.open().pk == checkout.pk


@pytest.mark.parametrize("kind", ["500", "503", "429", "accepted-then-500"])
def test_a_provider_that_fails_is_said_and_tried_again(shop: Shop, visitor: Client, kind: str) -> None:
    shop.fault(kind, "deposit")
    link = a_link(shop.invoice)
    answer = visitor.post(path_to(link, shop.invoice.number, "card"))
    assert answer.status_code == 503
    assert "ne répond pas pour l’instant" in answer.content.decode()
    assert visitor.post(path_to(link, shop.invoice.number, "card")).status_code == 302
    assert Checkout.everywhere.count() == 1


def test_what_the_message_does_not_tell_the_sweep_finds(shop: Shop) -> None:
    checkout = shop.open()
    shop.pay(checkout)  # no address for messages is known there
    assert CHECKOUTS.sweep() == []
    assert paid_state(shop)[2] == 0
    assert CHECKOUTS.sweep(now=lambda: timezone.now() + timedelta(minutes=3)) == [1]
    assert paid_state(shop) == PAID


def test_a_sweep_that_finds_nothing_new_asks_less_and_less_often(shop: Shop) -> None:
    checkout = shop.open()
    at = timezone.now() + timedelta(minutes=3)
    assert CHECKOUTS.sweep(now=lambda: at) == [0]
    checkout.refresh_from_db()
    assert (checkout.attempts, checkout.status) == (1, CheckoutStatus.OPEN)
    assert checkout.next_attempt_at > at


def test_a_request_that_never_arrived_is_over_after_an_hour(shop: Shop) -> None:
    shop.fault("503", "deposit")
    with pytest.raises(ProviderAway):
        shop.open()
    assert CHECKOUTS.sweep(now=lambda: timezone.now() + timedelta(minutes=10)) == [0]
    assert CHECKOUTS.sweep(now=lambda: timezone.now() + timedelta(hours=2)) == [1]
    assert Checkout.everywhere.get().status == CheckoutStatus.FAILED


def test_paid_meanwhile_by_transfer_the_card_is_credit_and_a_task(shop: Shop) -> None:
    checkout = shop.open()
    money.a_payment(shop.invoice.customer, "1000.00", [(shop.invoice, "1000.00")])
    shop.pay(checkout)
    shop.read(checkout)
    (payment,) = shop.payments()
    assert (payment.amount, payment.allocated) == (Decimal("1440.00"), Decimal("440.00"))
    assert shop.alerts() == ["1 paiement par carte à vérifier"]
    with company_scope(shop.company):
        settle_alert(checkout=Checkout.objects.get(pk=checkout.pk), actor=ACTOR, at=timezone.now())
    assert shop.alerts() == []


def test_a_changed_balance_opens_another_checkout(shop: Shop) -> None:
    first = shop.open()
    money.a_payment(shop.invoice.customer, "440.00", [(shop.invoice, "440.00")])
    second = shop.open()
    assert (second.amount, second.pk == first.pk) == (Decimal("1000.00"), False)


def test_another_checkout_closes_the_older_one_at_the_provider(shop: Shop) -> None:
    first = shop.open()
    money.a_payment(shop.invoice.customer, "440.00", [(shop.invoice, "440.00")])
    second = shop.open()
    first.refresh_from_db()
    assert (first.status, second.status) == (CheckoutStatus.EXPIRED, CheckoutStatus.OPEN)
    assert shop.pay(first).status_code == 410
    shop.pay(second)
    shop.read(second)
    assert paid_state(shop) == PAID
    reverse_payment(payment=shop.payments()[0], reason="Impayé", actor=ACTOR, at=timezone.now())
    money.a_payment(shop.invoice.customer, "100.00", [(shop.invoice, "100.00")], at=timezone.now())
    third = shop.open()
    assert (third.amount, third.status) == (Decimal("900.00"), CheckoutStatus.OPEN)


def test_a_card_faster_than_the_closing_of_its_page_is_kept_and_asked_for_no_more(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = shop.open()
    money.a_payment(shop.invoice.customer, "440.00", [(shop.invoice, "440.00")])
    expire = HostedCheckout.expire

    def after_a_payment(provider: HostedCheckout, remote_id: str) -> RemoteCheckout:
        shop.pay(first)
        return expire(provider, remote_id)

    monkeypatch.setattr(HostedCheckout, "expire", after_a_payment)
    with pytest.raises(NothingDue):
        shop.open()
    (payment,) = shop.payments()
    assert (payment.amount, payment.allocated) == (Decimal("1440.00"), Decimal("1000.00"))
    assert shop.alerts() == ["1 paiement par carte à vérifier"]
    assert Checkout.everywhere.get().status == CheckoutStatus.PAID


def test_what_an_invoice_owes_no_more_is_closed_at_the_next_sweep(shop: Shop) -> None:
    checkout = shop.open()
    assert CHECKOUTS.sweep() == []  # its first question is later, and it is owed
    with company_scope(shop.company):
        write_off(
            invoice=shop.invoice, amount=Decimal("1.00"), reason="ROUNDING", with_vat=False, note="", actor=ACTOR,
            at=timezone.now(),
        )  # fmt: skip
    shop.fault("silent", "deposit")  # the provider leaves it open
    assert CHECKOUTS.sweep() == [0]
    checkout.refresh_from_db()
    assert (checkout.status, checkout.last_error) != (CheckoutStatus.OPEN, "")
    assert CHECKOUTS.sweep() == [], "what failed waits for its turn"
    assert CHECKOUTS.sweep(now=lambda: timezone.now() + timedelta(minutes=3)) == [1]
    assert shop.pay(checkout).status_code == 410
    assert paid_state(shop)[1:] == (0, 0)


def test_a_provider_that_cannot_close_keeps_nobody_from_paying_and_nothing_is_lost(shop: Shop) -> None:
    first = shop.open()
    money.a_payment(shop.invoice.customer, "440.00", [(shop.invoice, "440.00")])
    shop.fault("503", "deposit")  # the closing comes first
    second = shop.open()
    for checkout in (first, second):
        shop.pay(checkout)
        shop.read(checkout)
    assert sum(payment.amount - payment.allocated for payment in shop.payments()) == Decimal("1440.00")
    assert shop.alerts() == ["2 paiements par carte à vérifier"]


def test_money_given_back_and_contested_is_a_task(shop: Shop) -> None:
    checkout = shop.open()
    shop.pay(checkout)
    shop.read(checkout)
    shop.tell(checkout, payment={"refunded": 44000})
    shop.knock("refund.created", checkout)
    applying.apply_due()
    row = Checkout.everywhere.get()
    assert row.refunded == Decimal("440.00")
    assert "440,00" in row.alert
    shop.tell(checkout, payment={"disputed": True})
    shop.knock("chargeback.opened", checkout)
    applying.apply_due()
    row.refresh_from_db()
    assert row.is_disputed
    assert "conteste ce paiement" in row.alert
    assert paid_state(shop) == PAID  # the books are a person's decision
    owner = signed_in(shop.company)
    assert "conteste ce paiement" in owner.get("/card-payments/?shown=alerts").content.decode()
    assert owner.post(f"/card-payments/{row.pk}/looked-at/").status_code == 302
    assert shop.alerts() == []


@pytest.mark.parametrize("change", [{"amount": Decimal("1.00")}, {"currency": "USD"}, {"reference": "CB-OTHER"}])
def test_what_the_provider_says_of_another_payment_is_not_obeyed(
    shop: Shop, change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = shop.open()
    shop.pay(checkout)
    facts: dict[str, Any] = {"id": "co_x", "reference": checkout.reference, "state": RemoteState.PAID}
    facts |= {"amount": checkout.amount, "currency": "EUR", "page_url": "", **change}
    remote = RemoteCheckout(**facts)
    monkeypatch.setattr("payments.providers.hosted_checkout.HostedCheckout.checkout", lambda _self, _key: remote)
    with pytest.raises(RemoteError, match="autre paiement"):
        shop.read(checkout)
    assert shop.payments() == []


def test_nobody_is_sent_to_another_page_than_the_configured_one(shop: Shop, settings: Any) -> None:
    settings.SANDBOX_URL = "https://elsewhere.example"  # the simulator then gives addresses there
    with pytest.raises(ProviderAway):
        shop.open()
    assert Checkout.everywhere.get().page_url == ""


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("https://pay.example/x", True),
        ("https://pay.example.evil.example/x", False),
        ("https://pay.example@evil.example/x", False),
        ("http://pay.example/x", False),
        ("https://pay.example\\@evil.example/", False),
        ("javascript:alert(1)", False),
        ("//pay.example/x", False),
        ("https://[pay.example/x", False),
    ],
)
def test_the_page_is_judged_by_its_origin(url: str, leads: bool) -> None:
    assert ProviderAccount(page_origin="https://pay.example").leads_to_its_page(url) is leads


def test_a_signature_is_right_recent_and_over_the_very_bytes() -> None:
    at, body = timezone.now(), b'{"id": "evt_1"}'
    good = signed(body)
    assert is_signed(SECRET, good, body, at)
    assert not is_signed(SECRET, good, body + b" ", at)
    assert not is_signed("another secret of sixteen", good, body, at)
    assert not is_signed(SECRET, signed(body, late=301), body, at)
    assert not is_signed(SECRET, good, body, at + timedelta(minutes=6))
    for header in ("", "t=1", "v1=00", "t=x,v1=00", f"v1={mac(body).hex()}"):
        assert not is_signed(SECRET, {SIGNATURE: header}, body, at)


def test_a_message_wrongly_signed_is_refused_and_kept_nowhere(shop: Shop) -> None:
    body = json.dumps({"id": "evt_1", "type": "checkout.paid", "data": {}}).encode()
    assert knock(path_of(shop.source), body, signed(body, secret="x" * 20)).status_code == 401
    assert knock(path_of(shop.source), body).status_code == 401
    assert not ReceivedWebhook.everywhere.exists()


def test_a_message_of_an_unknown_checkout_is_without_effect(shop: Shop) -> None:
    checkout = Checkout(reference="CB-NOBODY")
    assert shop.knock("checkout.paid", checkout) == 200
    applying.apply_due()
    row = ReceivedWebhook.everywhere.get()
    assert row.status == ReceivedStatus.IGNORED
    assert "pas été demandé" in row.problem


def test_another_company_hears_nothing_of_it(shop: Shop, sandbox: str) -> None:
    other = story.a_company()
    an_account(other, sandbox, f"{KEY_PREFIX}{uuid.uuid4().hex}")
    source = WebhookSource.everywhere.get(company=other)
    with company_scope(other):
        change_source(source=source, secret=SECRET, actor=ACTOR, at=timezone.now())
    checkout = shop.open()
    shop.pay(checkout)
    body = json.dumps({"id": "e", "type": "x", "data": {"checkout": {"reference": checkout.reference}}}).encode()
    assert knock(path_of(source), body, signed(body)).status_code == 200
    applying.apply_due()
    assert ReceivedWebhook.everywhere.get().status == ReceivedStatus.IGNORED
    assert shop.payments() == []


def test_the_transfer_of_the_provider_is_explained_to_the_cent(shop: Shop) -> None:
    second = story.an_issued_invoice(shop.invoice.customer, [story.a_line(quantity=Decimal(1))])
    for invoice in (shop.invoice, second):
        shop.invoice = invoice
        checkout = shop.open()
        shop.pay(checkout)
        shop.read(checkout)
    requests.post(f"{shop.address}/sandbox/hosted-checkout/payout", data=json.dumps({"account": shop.key}), timeout=10)
    with company_scope(shop.company):
        assert read_payouts(account=shop.account, at=timezone.now()) == 1
        assert read_payouts(account=shop.account, at=timezone.now()) == 0
        payout = Payout.objects.select_related("account").get()
        parts = payout_parts(payout)
    assert sum(part.amount for part in parts) == payout.amount == Decimal("1561.33")
    (line,) = money.bank_lines(
        shop.company,
        [money.a_credit("1561.33", counterparty="PSP", remittance=payout.bank_reference)],
        at=timezone.now(),
    )
    with company_scope(shop.company):
        assert payout_of(line) == payout
        match = settle_line(line=line, parts=parts, rule="payout", is_automatic=False, actor=ACTOR, at=timezone.now())
    booked: dict[str, Decimal] = {}
    for row in JournalLine.everywhere.filter(entry__source=match.subject):
        booked[row.account] = booked.get(row.account, Decimal(0)) + row.debit - row.credit
    bank = line.account.ledger_account
    assert booked == {bank: Decimal("1561.33"), "627000": Decimal("22.67"), "511500": Decimal("-1584.00")}


def test_on_the_worktable_a_payout_is_one_key(shop: Shop) -> None:
    checkout = shop.open()
    shop.pay(checkout)
    shop.read(checkout)
    requests.post(f"{shop.address}/sandbox/hosted-checkout/payout", data=json.dumps({"account": shop.key}), timeout=10)
    with company_scope(shop.company):
        read_payouts(account=shop.account, at=timezone.now())
        payout = Payout.objects.get()
    entry = money.a_credit(str(payout.amount), counterparty="PSP", remittance=payout.bank_reference)
    [line] = money.bank_lines(shop.company, [entry], at=timezone.now())
    client = Client()
    client.force_login(a_person(shop.company))
    page = reverse("payments:worktable-line", args=[line.pk])
    before = money_state(shop.company)
    assert f'name="payout" value="{payout.pk}"' in client.get(page).text
    client.post(page, {"act": "payout", "payout": str(payout.pk)})
    with company_scope(shop.company):
        match = Match.objects.get(line=line)
        assert [part.account for part in match.parts.order_by("position")] == ["", "627000"]
        client.post(reverse("payments:worktable-undo", args=[match.pk]))
    assert money_state(shop.company).differences(before) == []
    client.post(page, {"act": "payout", "payout": str(payout.pk)})
    [twin] = money.bank_lines(shop.company, [replace(entry, bank_reference="TWIN")], at=timezone.now())
    client.post(reverse("payments:worktable-line", args=[twin.pk]), {"act": "payout", "payout": str(payout.pk)})
    with company_scope(shop.company):
        assert not Match.objects.filter(line=twin).exists(), "the same money is not received twice"


def test_a_payout_with_what_is_unknown_here_is_not_explained(shop: Shop) -> None:
    checkout = shop.open()
    shop.pay(checkout)
    requests.post(f"{shop.address}/sandbox/hosted-checkout/payout", data=json.dumps({"account": shop.key}), timeout=10)
    with company_scope(shop.company):
        read_payouts(account=shop.account, at=timezone.now())
        with pytest.raises(NotExplained):
            payout_parts(Payout.objects.select_related("account").get())


@pytest.mark.django_db(transaction=True)
def test_the_books_prove_a_card_payment_and_its_reversal(shop: Shop) -> None:
    checkout = shop.open()
    shop.pay(checkout)
    shop.read(checkout)
    (payment,) = shop.payments()
    with company_scope(shop.company):
        assert list(chain.verify(shop.company)) == []
        reverse_payment(payment=payment, reason="Impayé", actor=ACTOR, at=timezone.now())
        assert list(chain.verify(shop.company)) == []
    assert shop.read(checkout).status == CheckoutStatus.PAID
    assert len(Payment.everywhere.filter(company=shop.company)) == 2


def test_the_secret_is_written_and_shown_nowhere(shop: Shop) -> None:
    owner = signed_in(shop.company)
    html = owner.get("/settings/customer-pages/card/").content.decode()
    assert shop.key not in html
    shop.account.refresh_from_db()
    assert shop.key not in shop.account.secret_cipher
    assert shop.account.secret() == shop.key
    typed = {"kind": "hosted_checkout", "base_url": shop.account.base_url, "ledger_account": "467100"}
    typed |= {"fee_account": "627800", "is_enabled": "on", "secret": ""}
    assert owner.post("/settings/customer-pages/card/", typed).status_code == 302
    shop.account.refresh_from_db()
    assert (shop.account.ledger_account, shop.account.secret()) == ("467100", shop.key)
    for wrong in ({"ledger_account": "512000"}, {"base_url": "http://pay.example"}, {"base_url": "https://10.0.0.1/"}):
        assert owner.post("/settings/customer-pages/card/", {**typed, **wrong, "secret": "x"}).status_code == 422


def test_another_address_asks_for_its_own_secret(shop: Shop) -> None:
    with pytest.raises(Invalid):
        an_account(shop.company, "https://elsewhere.example", "")
    with pytest.raises(Invalid):
        an_account(story.a_company(), shop.address, "")


def test_in_production_the_simulator_is_no_provider(company: Company, sandbox: str, settings: Any) -> None:
    settings.SANDBOX_URL, settings.PRODUCTION = sandbox, True
    with pytest.raises(Invalid):
        an_account(company, sandbox, f"{KEY_PREFIX}x")


def test_switched_off_it_takes_no_card(shop: Shop, visitor: Client) -> None:
    an_account(shop.company, shop.address, "", is_enabled=False)
    link = a_link(shop.invoice)
    assert "Payer par carte" not in visitor.get(path_to(link)).content.decode()
    assert visitor.post(path_to(link, shop.invoice.number, "card")).status_code == 409
    assert not Checkout.everywhere.exists()


def test_a_checkout_of_another_invoice_is_not_shown(shop: Shop, visitor: Client) -> None:
    checkout = shop.open()
    other = story.an_issued_invoice(story.a_customer(shop.company))
    link = a_link(other)
    assert visitor.get(path_to(link, other.number, "card", checkout.reference)).status_code == 404


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("kind", "kept"), [("", 1), ("duplicate", 1), ("out-of-order", 3), ("silent", 0), ("wrong-signature", 0)]
)
def test_the_simulator_sends_its_messages_to_us(shop: Shop, kind: str, kept: int, live_server: Any) -> None:
    """Its own POSTs, over the wire, before the customer is sent back."""
    hook = {"account": shop.key, "url": f"{live_server.url}{path_of(shop.source)}", "secret": SECRET}
    requests.post(f"{shop.address}/sandbox/hosted-checkout/webhook", data=json.dumps(hook), timeout=10)
    if kind:
        shop.fault(kind, "answer")
    checkout = shop.open()
    shop.pay(checkout)
    rows = ReceivedWebhook.everywhere.filter(company=shop.company)
    assert rows.count() == kept
    applying.apply_due()
    assert paid_state(shop)[2] == (1 if kept else 0)
