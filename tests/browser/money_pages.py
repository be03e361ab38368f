"""Every page of the money side with something on it: refunds, slips, the till, rules, reminders, customers’ own."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.debits.collecting import return_debit
from payments.debits.mandates import revoke_mandate
from payments.dunning.holds import hold_reminders
from payments.models import Method
from payments.outgoing.ordering import order_refunds
from payments.outgoing.refunding import refund_customer
from payments.outgoing.suppliers.taking_back import return_supplier_payment
from payments.portal.links import link_to_invoice, link_to_statement
from payments.portal.tokens import token_of
from payments.services.remittances import remit_payments
from payments.services.rules import save_rule
from tests.factories import debits, money, story, supplier_payments
from tests.factories.story import ACTOR, IBAN

LONG = "Société coopérative agricole et viticole des Producteurs Réunis de la Vallée du Haut-Languedoc"
RULE = {"name": "Frais", "text": "cotisation carte", "direction": "OUT", "ledger_account": "627000"}
LISTS = (
    *("/refunds/", "/refunds/order/", "/remittances/", "/remittances/new/?method=CASH", "/till/", "/bank/rules/"),
    *("/bank/rules/new/", "/bank/worktable/", "/reminders/promises/", "/reminders/letters/", "/reminders/history/"),
    *("/dashboard/", "/dashboard/ahead/", "/dashboard/lines/?figure=owed"),
    *("/reminders/forecast/", "/reminders/send/", "/customer-messages/", "/card-payments/", "/settings/reminders/"),
    *(
        "/settings/rates/",
        "/settings/exchange/",
        "/settings/write-offs/",
        "/settings/customer-pages/",
        "/settings/reminders/1/fr/",
        "/books/closing/",
        "/books/closing/year/",
        "/books/fec/",
        "/books/entries/",
        "/books/entries/new/",
        "/books/lettering/",
        "/books/opening/",
        "/books/accounts/",
        "/books/accounts/sales/",
        "/books/accounts/journals/",
    ),
)


def money_addresses(company: Company) -> list[str]:
    now = timezone.now()
    who: dict[str, Any] = {"actor": ACTOR, "at": now}
    customer, account, today = story.a_customer(company, name=LONG), money.a_bank_account(company), local_day(now)
    other = story.an_issued_invoice(customer, at=now - timedelta(days=80))
    late = story.an_issued_invoice(customer, at=now - timedelta(days=70))
    with company_scope(company):
        money.bank_lines(company, [money.a_credit("-8.00")], at=now)
        money.a_payment(customer, "90", paid_on=today, at=now)
        cash = [money.a_payment(customer, "40", method=Method.CASH, paid_on=today, at=now) for _place in range(3)]
        given = {"customer": customer, "method": Method.TRANSFER, "iban": IBAN, "bank_account": account, **who}
        ordered, waiting = (
            refund_customer(amount=Decimal(20), reason="Trop-perçu", made_on=today, **given) for _place in range(2)
        )
        order = order_refunds(refunds=[ordered], bank_account=account, executes_on=today, **who)
        slip = remit_payments(
            company=company, method=Method.CASH, payments=cash[:1], bank_account=account, remitted_on=today, **who
        )
        values = {"counterparty": "", "counterparty_iban": "", "vat_rate": None, "label": "", **RULE}
        rule = save_rule(rule=None, company=company, values=values, **who)
        hold_reminders(invoice=other, kind="PROMISE", until=today, amount=other.balance, note="Au téléphone", **who)
        links = [
            link_to_invoice(invoice=late, recipient="compta@client.example", **who),
            link_to_statement(customer=customer, recipient="compta@client.example", **who),
        ]
        mine = [f"/c/{token_of(link.public_id)}/" for link in links]
        letters = (f"/reminders/of/{late.pk}/{page}" for page in ("", "interest/", "hold/promise/", "hold/pause/"))
        records = (ordered, waiting, order, slip)
        return [
            *LISTS,
            *(record.get_absolute_url() for record in records),
            *(f"{record.get_absolute_url()}cancel/" for record in (waiting, slip)),
            *(f"/customers/{customer.pk}/refund/", f"/invoices/{late.pk}/write-off/", f"/bank/rules/{rule.pk}/"),
            *(f"/bank/accounts/{account.pk}/reconciliation/", f"/reminders/customers/{customer.pk}/"),
            *debit_addresses(company, now),
            *supplier_addresses(company, now),
            *(*letters, *mine, f"{mine[0]}{late.number}/", f"{mine[0]}{late.number}/paid/"),
            f"{mine[0]}{late.number}/dispute/",
        ]


def debit_addresses(company: Company, now: datetime, *, count: int = 1) -> list[str]:
    """Debits of long names: to announce, announced, ordered and returned, `count` of each; mandates in every state."""
    customers = [story.a_customer(company, name=f"{LONG} {place}") for place in range(count)]
    unsigned, revoked = (
        debits.a_mandate(customers[0], signed_on=None, scheme="B2B", reference=f"RUM-{place}-PRODUCTEURS-REUNIS-2026")
        for place in range(2)
    )
    rows = []
    for customer in customers:
        mandate = debits.a_mandate(customer, notice_days=2)
        invoices = [story.an_issued_invoice(customer, at=now - timedelta(days=60)) for _place in range(4)]
        rows.append([debits.an_announced_debit(mandate, one, at=now - timedelta(days=40)) for one in invoices[1:]])
    with company_scope(company):
        revoke_mandate(mandate=revoked, reason="Le compte est fermé", actor=ACTOR, at=now)
        order = debits.an_order([debit for two in rows for debit in two[1:]], at=now)
        for three in rows:
            three[2].refresh_from_db()
            return_debit(debit=three[2], code="AC04", returned_on=local_day(now), actor=ACTOR, at=now)
    announced, asked, returned = rows[0]
    acts = {announced: ["cancel"], asked: ["reject"], returned: ["handled", "take-back"]}
    return [
        *("/debits/", "/debits/orders/", "/debits/returns/", "/mandates/", "/debits/settings/"),
        *(row.get_absolute_url() for row in (announced.mandate, unsigned, revoked, order)),
        *(f"{unsigned.get_absolute_url()}{act}/" for act in ("sign", "revoke")),
        *("/debits/orders/new/?scheme=CORE", f"{order.get_absolute_url()}cancel/", f"/mandates/new/{customers[0].pk}/"),
        *(f"/debits/{debit.pk}/{act}/" for debit, words in acts.items() for act in words),
        *(f"/customers/{customers[0].pk}/", asked.invoice.get_absolute_url()),
    ]


def supplier_addresses(company: Company, now: datetime) -> list[str]:
    """What is due and held, runs in each state, payments made and come back."""
    supplier = supplier_payments.a_supplier(company, LONG, discount_percent=Decimal(2), discount_days=60)
    rows = [supplier_payments.a_purchase(supplier, net) for net in ("9000", "200", "300", "400")]
    note = supplier_payments.a_purchase(supplier, "50", kind="381")
    supplier_payments.a_purchase(supplier, "70", is_disputed=True)
    payer = supplier_payments.a_payer(company)
    ordered = supplier_payments.an_ordered_run([rows[1], note], payer, at=now)
    draft = supplier_payments.a_run([rows[0]], payer, at=now)
    with company_scope(company):
        made = supplier_payments.a_payment(rows[2], at=now)
        back = return_supplier_payment(
            payment=ordered.payments.get(), returned_on=local_day(now), reason="AC04", actor=ACTOR, at=now
        )
    return [
        *("/purchases/payments/", "/purchases/payments/runs/", "/purchases/payments/made/"),
        *("/purchases/payments/settings/", f"/purchases/{rows[3].pk}/pay/", f"/purchases/{rows[1].pk}/"),
        *(row.get_absolute_url() for row in (ordered, draft, made, back)),
        *(f"{made.get_absolute_url()}{act}/" for act in ("cancel", "return")),
        *(f"{draft.get_absolute_url()}{act}/" for act in ("order", "cancel")),
    ]
