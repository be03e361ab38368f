"""One company with a row of everything an address of the API can name."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from copy import copy, deepcopy
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import models
from django.test import Client
from django.utils import timezone

from billing.ledger.manual import journal_entry_of
from billing.models import Email, VatReturn
from billing.purchases.approval_rules import delegate_approval, save_approval_rule
from billing.purchases.models import SupplierIban
from billing.rebate_terms import Tier
from billing.services.orders import save_order
from billing.services.products import save_product
from billing.services.rebates import save_rebate
from config.kernel.actor import Actor
from config.kernel.api.keys import create_key
from config.kernel.bulk.acts import ACTS, LISTS
from config.kernel.bulk.choosing import fingerprint, start_run
from config.kernel.clock import local_day
from config.kernel.importing.kinds import KINDS
from config.kernel.importing.receiving import receive_file
from config.kernel.models import (
    Company,
    Membership,
    ReceivedWebhook,
    SavedView,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from config.kernel.people.invitations import invite
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from customers.models import Contact
from einvoicing.models import Enclosure, ReceptionChannel, ReceptionSource, Report, ReportPeriod, Transmission
from einvoicing.reception.storing import store_document
from payments.dunning.holds import hold_reminders
from payments.models import Checkout, CustomerNotice, Payout, ProviderAccount, Reminder
from payments.outgoing.ordering import order_refunds
from payments.outgoing.refunding import refund_customer
from payments.portal.links import link_to_invoice
from payments.services.allocations import Share
from payments.services.reconciliation import accept_match
from payments.services.remittances import remit_payments
from payments.services.rules import save_rule
from payments.services.uploads import hold_file
from payments.services.write_offs import write_off
from tests.api.client import Partner, a_member, a_partner
from tests.api.senders import a_source
from tests.factories import books, debits, money, platforms, purchases, story
from tests.factories import supplier_payments as paid
from tests.factories.people import a_person, signed_in
from tests.factories.received_documents import a_received_document, an_answer


@dataclass
class World:
    """Rows are made when they are asked for."""

    company: Company

    def built(self) -> World:
        """With what is asked for most made already."""
        for made in (self.partners, self.sessions, self.draft, self.invoice, self.product, self.order):
            assert made
        for made in (self.transaction, self.endpoint, self.source, self.platform):
            assert made
        return self

    def copied(self) -> World:
        """Rows of its own, as a test may change them, and the same people."""
        rows = {name: value for name, value in vars(self).items() if isinstance(value, models.Model)}
        other = copy(self)
        vars(other).update(deepcopy(rows))
        return other

    @cached_property
    def partners(self) -> dict[Role, Partner]:
        """Somebody of each role, signed in as a program does."""
        return {role: a_partner(self.company, role) for role in Role}

    @cached_property
    def sessions(self) -> dict[Role, str]:
        return {role: signed_in(self.company, role).cookies[settings.SESSION_COOKIE_NAME].value for role in Role}

    def browser(self, role: Role = Role.OWNER) -> Client:
        """A browser in which somebody of this role has signed in."""
        client = Client()
        client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[role]
        return client

    @cached_property
    def customer(self) -> Any:
        return story.a_customer(self.company)

    @cached_property
    def draft(self) -> Any:
        return story.a_draft(self.customer)

    @cached_property
    def invoice(self) -> Any:
        return story.an_issued_invoice(self.customer)

    @cached_property
    def payment(self) -> Any:
        return money.a_payment(self.customer, "100.00", [(self.invoice, "60.00")])

    @cached_property
    def product(self) -> Any:
        values = {"reference": "CH-1", "name": "Chaise", "unit_price": Decimal("120"), "tracks_stock": True}
        return save_product(product=None, company_id=self.company.pk, values=values, actor=story.ACTOR, at=story.AT)

    @cached_property
    def order(self) -> Any:
        with company_scope(self.company):
            return save_order(
                order=None, customer=self.customer, values={}, lines=[story.a_line()], actor=story.ACTOR, at=story.AT
            )

    @cached_property
    def supplier(self) -> Any:
        return purchases.a_supplier(self.company)

    @cached_property
    def purchase(self) -> Any:
        return purchases.a_purchase(self.supplier, iban=story.SECOND_IBAN, doubts=["low_confidence"])

    @cached_property
    def purchase_order(self) -> Any:
        return purchases.an_order(self.supplier)

    @cached_property
    def manual_entry(self) -> Any:
        return books.an_entry(self.company)

    @cached_property
    def journal_entry(self) -> Any:
        with company_scope(self.company):
            return journal_entry_of(self.manual_entry)

    @cached_property
    def lettering(self) -> Any:
        return books.a_lettering(self.customer)

    @cached_property
    def sales_rule(self) -> Any:
        return books.a_sales_rule(self.company)

    @cached_property
    def approval_rule(self) -> Any:
        values = {"name": "Tout", "above": Decimal(1_000_000)}
        with company_scope(self.company):
            return save_approval_rule(
                rule=None, company=self.company, values=values, approvers=self.people, actor=story.ACTOR, at=story.AT
            )

    @cached_property
    def delegation(self) -> Any:
        first, second = self.people
        days = {"starts_on": local_day(story.AT), "ends_on": local_day(story.AT)}
        with company_scope(self.company):
            return delegate_approval(
                company=self.company, approver=first, delegate=second, actor=story.ACTOR, at=story.AT, **days
            )

    @cached_property
    def people(self) -> Any:
        return [a_person(self.company), a_person(self.company)]

    @cached_property
    def member(self) -> Any:
        return Membership.objects.get(user=a_person(self.company, Role.VIEWER))

    @cached_property
    def invitation(self) -> Any:
        owner = self.people[0]
        with company_scope(self.company):
            (row,) = invite(
                email="paul@verone.example",
                role=Role.SALES,
                companies=[self.company],
                actor=Actor.user(owner),
                language="fr",
                at=timezone.now(),
            )
        return row

    @cached_property
    def supplier_iban(self) -> Any:
        assert self.purchase
        return SupplierIban.everywhere.get(supplier=self.supplier)

    @cached_property
    def upload(self) -> Any:
        assert self.bank_account
        table = "Date;Libellé;Montant\n02/11/2026;VIREMENT;12,00\n".encode()
        with company_scope(self.company):
            return hold_file(
                company=self.company, batch="b", name="a.csv", data=table, actor=story.ACTOR, at=timezone.now()
            )

    @cached_property
    def rebate(self) -> Any:
        values = {"customer": self.customer, "name": "BFA", "starts_on": date(2026, 1, 1), "ends_on": date(2026, 6, 30)}
        with company_scope(self.company):
            return save_rebate(
                agreement=None,
                company_id=self.company.pk,
                values=values,
                tiers=[Tier(Decimal(0), Decimal(2))],
                products=[],
                actor=story.ACTOR,
                at=story.AT,
            )

    @cached_property
    def import_run(self) -> Any:
        with company_scope(self.company):
            return receive_file(
                kind=KINDS["customers"],
                company=self.company,
                name="clients.csv",
                data=b"Nom\nGarage Dupont\n",
                user=a_person(self.company),
                actor=story.ACTOR,
                language="fr",
                at=story.AT,
            )

    @cached_property
    def saved_view(self) -> Any:
        owner, page = a_person(self.company), "billing:invoice-list"
        return SavedView.everywhere.create(
            company=self.company, owner=owner, page=page, name="Vue", is_shared=True, created_at=story.AT
        )

    @cached_property
    def vat_return(self) -> Any:
        return VatReturn.everywhere.create(
            company=self.company,
            starts_on=date(2025, 12, 1),
            ends_on=date(2025, 12, 31),
            edition="3310-CA3 2025",
            boxes={},
            to_pay=Decimal(0),
            carried=Decimal(0),
            filed_at=story.AT,
        )

    @cached_property
    def bulk_run(self) -> Any:
        declared, key = LISTS["invoices"], self.draft.pk
        with company_scope(self.company):
            return start_run(
                declared=declared,
                act=ACTS["invoices"]["delete"],
                keys=[key],
                shown=fingerprint([key]),
                options={},
                user=a_person(self.company),
                company=self.company,
                language="fr",
                at=story.AT,
            )

    @cached_property
    def document(self) -> Any:
        with company_scope(self.company):
            return store_document(
                company_id=self.company.pk,
                channel=ReceptionChannel.UPLOAD,
                name="facture.pdf",
                data=b"%PDF-1.4",
                actor=story.ACTOR,
                at=story.AT,
            )

    @cached_property
    def reception_source(self) -> Any:
        return ReceptionSource.everywhere.create(
            company=self.company, channel=ReceptionChannel.PLATFORM, account=self.platform, created_at=story.AT
        )

    @cached_property
    def answer(self) -> Any:
        with company_scope(self.company):
            return an_answer(a_received_document(self.platform))

    @cached_property
    def report(self) -> Any:
        period: ReportPeriod = ReportPeriod.everywhere.create(
            company=self.company,
            kind="SALES",
            start=date(2026, 11, 1),
            end=date(2026, 11, 10),
            code="2026-11-1",
            opens_on=date(2026, 11, 11),
            due_on=date(2026, 11, 20),
            regime="MONTHLY",
            channel="FLOWS",
            computed_at=story.AT,
        )
        return Report.everywhere.create(
            company=self.company,
            period=period,
            account=self.platform,
            turn=1,
            type_code="IN",
            content=b"<Report/>",
            sha256=hashlib.sha256(b"<Report/>").hexdigest(),
            status="DEAD",
            tracking_id=f"report {self.company.pk}",
            next_attempt_at=story.AT,
            made_at=story.AT,
        )

    @cached_property
    def bank_account(self) -> Any:
        return money.a_bank_account(self.company)

    @cached_property
    def transaction(self) -> Any:
        return money.bank_lines(self.company, [money.a_credit("42.00")])[0]

    @cached_property
    def match(self) -> Any:
        with company_scope(self.company):
            share = Share(self.invoice, self.transaction.amount)
            return accept_match(line=self.transaction, shares=[share], actor=story.ACTOR, at=story.AT)

    @cached_property
    def rule(self) -> Any:
        values = {"name": "Frais", "text": "FRAIS", "ledger_account": "627000"}
        with company_scope(self.company):
            return save_rule(rule=None, company=self.company, values=values, actor=story.ACTOR, at=story.AT)

    @cached_property
    def reminder(self) -> Any:
        return Reminder.everywhere.create(
            company=self.company,
            invoice=self.invoice,
            level=3,
            status="DRAFTED",
            balance=Decimal(1),
            created_at=timezone.now(),
        )

    @cached_property
    def remittance(self) -> Any:
        with company_scope(self.company):
            return remit_payments(
                company=self.company,
                method="CHECK",
                payments=[money.a_payment(self.customer, "10.00", method="CHECK")],
                bank_account=self.bank_account,
                remitted_on=local_day(story.AT),
                actor=story.ACTOR,
                at=story.AT,
            )

    @cached_property
    def write_off(self) -> Any:
        with company_scope(self.company):
            return write_off(
                invoice=self.invoice,
                amount=Decimal(1),
                reason="BANK_FEE",
                with_vat=False,
                note="",
                actor=story.ACTOR,
                at=story.AT,
            )

    @cached_property
    def refund(self) -> Any:
        with company_scope(self.company):
            money.a_payment(self.customer, "20.00")
            return refund_customer(
                customer=self.customer,
                amount=Decimal(20),
                method="TRANSFER",
                iban=story.IBAN,
                bank_account=self.bank_account,
                reason="Trop-perçu",
                made_on=local_day(story.AT),
                actor=story.ACTOR,
                at=story.AT,
            )

    @cached_property
    def payment_order(self) -> Any:
        with company_scope(self.company):
            return order_refunds(
                refunds=[self.refund],
                bank_account=self.bank_account,
                executes_on=local_day(story.AT),
                actor=story.ACTOR,
                at=story.AT,
            )

    @cached_property
    def hold(self) -> Any:
        with company_scope(self.company):
            return hold_reminders(
                invoice=self.invoice,
                kind="PAUSE",
                until=local_day(story.AT),
                amount=None,
                note="",
                actor=story.ACTOR,
                at=story.AT,
            )

    @cached_property
    def link(self) -> Any:
        with company_scope(self.company):
            return link_to_invoice(invoice=self.invoice, recipient="", actor=story.ACTOR, at=timezone.now())

    @cached_property
    def payout(self) -> Any:
        """A transfer of a payment service, from a report that was dropped."""
        entry = {"kind": "payment", "reference": "ch_1", "gross": "10.00", "fee": "1.00", "net": "9.00"}
        return Payout.everywhere.create(
            company=self.company, remote_id="po_1", amount="9.00", currency="EUR", arrives_on=local_day(story.AT),
            entries=[entry], read_at=story.AT,
        )  # fmt: skip

    @cached_property
    def checkout(self) -> Any:
        account = ProviderAccount.everywhere.create(
            company=self.company,
            kind="hosted_checkout",
            base_url="https://pay.example",
            page_origin="https://pay.example",
            created_at=timezone.now(),
        )
        return Checkout.everywhere.create(
            company=self.company,
            account=account,
            invoice=self.invoice,
            reference="CB-WORLD",
            amount=Decimal(1),
            next_attempt_at=timezone.now(),
            created_at=timezone.now(),
        )

    @cached_property
    def notice(self) -> Any:
        return CustomerNotice.everywhere.create(
            company=self.company,
            link=self.link,
            invoice=self.invoice,
            kind="DISPUTED",
            text="Chaise cassée",
            form_key="world",
            at=timezone.now(),
        )

    @cached_property
    def mandate(self) -> Any:
        return debits.a_mandate(self.customer)

    @cached_property
    def debit(self) -> Any:
        return debits.an_announced_debit(self.mandate, story.an_issued_invoice(self.customer))

    @cached_property
    def purchase_to_pay(self) -> Any:
        return paid.a_purchase(paid.a_supplier(self.company, "Fournisseur à régler"))

    @cached_property
    def supplier_payment(self) -> Any:
        return paid.a_payment(paid.a_purchase(paid.a_supplier(self.company, "Fournisseur réglé")))

    @cached_property
    def run(self) -> Any:
        rows = [paid.a_purchase(paid.a_supplier(self.company, "Fournisseur en lot"))]
        return paid.an_ordered_run(rows, paid.a_payer(self.company))

    @cached_property
    def run_line(self) -> Any:
        rows = [paid.a_purchase(paid.a_supplier(self.company, "Fournisseur en préparation"))]
        return paid.a_run(rows, paid.a_payer(self.company)).lines.get()

    @cached_property
    def debit_order(self) -> Any:
        other = debits.an_announced_debit(self.mandate, story.an_issued_invoice(self.customer))
        return debits.an_order([other])

    @cached_property
    def endpoint(self) -> Any:
        row = WebhookEndpoint(
            company=self.company, url="https://partner.example/hook", events=["*"], created_at=timezone.now()
        )
        row.set_secret("whsec_" + "A" * 32)
        row.save(force_insert=True)
        return row

    @cached_property
    def delivery(self) -> Any:
        event = WebhookEvent.everywhere.create(
            company=self.company,
            name="ping",
            subject="x",
            body="{}",
            occurred_at=timezone.now(),
            sequence=-self.company.pk,
        )
        return WebhookDelivery.everywhere.create(
            company=self.company,
            endpoint=self.endpoint,
            event=event,
            sequence=-self.company.pk,
            next_attempt_at=timezone.now() + timedelta(days=9),
        )

    @cached_property
    def source(self) -> Any:
        return a_source(self.company)

    @cached_property
    def received(self) -> Any:
        return ReceivedWebhook.everywhere.create(
            company=self.company,
            origin=self.source,
            event_id="evt_1",
            body=b"{}",
            status="FAILED",
            sha256=hashlib.sha256(b"{}").hexdigest(),
            received_at=story.AT,
            next_attempt_at=story.AT,
        )

    @cached_property
    def contact(self) -> Any:
        with company_scope(self.company):
            return Contact.objects.create(company=self.company, customer=self.customer, name="Ada Lovelace")

    @cached_property
    def email(self) -> Any:
        return Email.everywhere.create(
            company=self.company,
            kind="INVOICE",
            invoice=self.invoice,
            recipient="x@client.example",
            body="x",
            subject_line="x",
            status="FAILED",
            created_at=story.AT,
            next_attempt_at=story.AT,
        )

    @cached_property
    def enclosure(self) -> Any:
        return Enclosure.everywhere.create(
            company=self.company,
            transmission=self.transmission,
            position=1,
            name="bon.pdf",
            size=1,
            media_type="application/pdf",
            sha256="",
            file=ContentFile(b"x", name="bon.pdf"),
        )

    @cached_property
    def key(self) -> Any:
        return create_key(
            company=self.company, name="ERP", scopes=["company.read"], by=a_member(self.company), at=timezone.now()
        )[0]

    @cached_property
    def platform(self) -> Any:
        return platforms.a_platform_account(self.company)

    @cached_property
    def transmission(self) -> Any:
        account = platforms.a_platform_account(self.company, kind="chorus_pro")
        return Transmission.everywhere.create(
            company=self.company,
            invoice=self.invoice,
            account=account,
            tracking_id=uuid.uuid4().hex,
            created_at=story.AT,
            next_attempt_at=story.AT,
        )


def a_world() -> World:
    return World(story.a_company())


# what the id after each folder of an address names
A_ROW: dict[str, Callable[[World], Any]] = {
    "chorusInvoiceId": lambda world: world.transmission,
    "bank-accounts": lambda world: world.bank_account,
    "customers": lambda world: world.customer,
    "debit-orders": lambda world: world.debit_order,
    "deliveries": lambda world: world.delivery,
    "direct-debits": lambda world: world.debit,
    "job_id": lambda world: world.transmission,
    "invoice_id": lambda world: world.invoice,
    "invoices": lambda world: world.invoice,
    "mandates": lambda world: world.mandate,
    "matches": lambda world: world.match,
    "orders": lambda world: world.order,
    "payment-runs": lambda world: world.run,
    "payments": lambda world: world.payment,
    "platforms": lambda world: world.platform,
    "products": lambda world: world.product,
    "invitations": lambda world: world.invitation,
    "members": lambda world: world.member,
    "vat-returns": lambda world: world.vat_return,
    "journal-entries": lambda world: world.journal_entry,
    "purchase-orders": lambda world: world.purchase_order,
    "purchases": lambda world: world.purchase,
    "received": lambda world: world.document,
    "received-webhooks": lambda world: world.received,
    "refunds": lambda world: world.refund,
    "reminders": lambda world: world.reminder,
    "supplier-payments": lambda world: world.supplier_payment,
    "suppliers": lambda world: world.supplier,
    "transactions": lambda world: world.transaction,
    "transmissions": lambda world: world.transmission,
    "webhook-sources": lambda world: world.source,
    "webhooks": lambda world: world.endpoint,
    "write-offs": lambda world: world.write_off,
}

# what the other words of an address name
NAMED: dict[str, Callable[[World], str]] = {
    "kind": lambda world: "sales",
    "period": lambda world: "2026-11-1",
    "queue": lambda world: "invoice_processing",
    "siren": lambda world: world.company.siren,
    "slug": lambda world: "trial-balance",
    "siret": lambda world: world.company.siret,
    "word": lambda world: "cii",
}
