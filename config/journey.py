"""The main job told from end to end on the running database: from a new customer to money in the bank.

Each step does one thing through the services, checks what was promised, and says what was written. The figures are
those of the product's first specification: 10 × 100.00 at 20 % → 1,000.00 / 200.00 / 1,200.00.
"""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from stdnum import luhn

from billing.models import (
    DocumentKind,
    Email,
    Invoice,
    InvoiceStatus,
    MovementReason,
    Product,
    Reminder,
    ReminderStatus,
)
from billing.services.invoices import generate_invoice, save_draft
from billing.services.issuing import issue_invoice
from billing.services.lines import LineInput
from billing.services.orders import confirm_order, save_order, ship_order
from billing.services.products import move_stock, save_product
from billing.tasks import deliver_emails
from billing.working_days import is_working_day
from config.demo import LOGINS
from config.founding import found_company, open_sandbox_account
from config.kernel import chain
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.models import AuditChain, Company, User
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from customers.models import Contact, Customer, CustomerKind, PaymentTerms
from customers.services import save_customer
from einvoicing.models import LifecycleEvent, PlatformAccount, Transmission, TransmissionStatus
from einvoicing.sandbox.server import SandboxServer
from einvoicing.services.documents import ensure_facturx, find_document
from einvoicing.services.sending import issue_checked, send_invoice
from einvoicing.services.statuses import poll_account
from einvoicing.services.transmissions import drain
from payments.models import Method
from payments.services.bank import import_statement
from payments.services.crediting import credit_invoice
from payments.services.payments import Share, record_payment
from payments.services.reconciliation import reconcile
from payments.services.reminders import deliver_reminders, send_reminders
from payments.statements.sample import Entry, camt053

ACTOR = Actor.system("parcours")
# longer than a lease: a worker killed while it carries an invoice is waited for, then taken over
PATIENCE = 240.0
TWENTY = Decimal("20")


class PromiseBroken(Exception):
    """Something is not as promised: the journey stops there."""


@dataclass
class Journey:
    """One telling. `tell` is called with each step as it is done."""

    tell: Callable[[dict[str, Any]], None]
    steps: list[dict[str, Any]] = field(default_factory=list)

    def step(self, step: str, /, **written: Any) -> None:
        entry = {"step": step, **written}
        self.steps.append(entry)
        self.tell(entry)


def promise(kept: bool, what: str) -> None:
    if not kept:
        raise PromiseBroken(what)


def run(*, platform_url: str, tell: Callable[[dict[str, Any]], None]) -> Journey:
    """Tell the whole story once. Raises PromiseBroken, or whatever a service refuses."""
    journey = Journey(tell)
    company = _found(journey, platform_url)
    with company_scope(company):
        try:
            product = _product(journey, company)
            _late_payer(journey, company)
            customer = _organisation(journey, company)
            invoice = _sell(journey, customer, product)
            _document(journey, invoice)
            _mail(journey, invoice)
            _statuses(journey, "platform", company, invoice)
            _paid_in_two(journey, company, invoice)
            _public_body(journey, company)
            _individual(journey, company)
            _nothing_waits(journey, company)
        finally:
            _leave_account_as_configured(company)
        _proof(journey, company)
    return journey


def _siren() -> str:
    digits = f"9{secrets.randbelow(10**7):07}"
    return digits + luhn.calc_check_digit(digits)


def _siret(siren: str) -> str:
    digits = f"{siren}0001"
    return digits + luhn.calc_check_digit(digits)


def _found(journey: Journey, platform_url: str) -> Company:
    siren = _siren()
    now = timezone.now()
    staff = User.objects.filter(email=LOGINS[0].email).first()
    company = found_company(
        values={
            "name": f"Parcours {now:%d/%m %H:%M}",
            "legal_form": "SARL",
            "share_capital": "10 000 €",
            "siren": siren,
            "siret": _siret(siren),
            "rcs_city": "Paris",
            "address_line": "10 rue de la Bourse",
            "postcode": "75002",
            "city": "Paris",
            "email": "facturation@parcours.example",
            "iban": "FR7630006000011234567890189",
            "bic": "AGRIFRPP",
        },
        people={staff: Role.OWNER} if staff else {},
    )
    open_sandbox_account(company, base_url=platform_url, at=now)
    journey.step("company", id=company.pk, name=company.name, siren=siren, platform=platform_url)
    return company


def _leave_account_as_configured(company: Company) -> None:
    """The simulator may have been started for this telling only: point the account at the usual address again."""
    url = settings.SANDBOX_URL
    PlatformAccount.objects.filter(company=company).update(base_url=url, token_url=f"{url}/oauth/token")


def _save_customer(company: Company, at: datetime, **values: Any) -> Customer:
    return save_customer(
        customer=None,
        company_id=company.pk,
        values={"terms": PaymentTerms.objects.get(name="30 jours"), **values},
        address={"line": "5 avenue de la Gare", "postcode": "69003", "city": "Lyon"},
        actor=ACTOR,
        at=at,
    )


def _product(journey: Journey, company: Company) -> Product:
    now = timezone.now()
    values = {"reference": "CHAISE", "name": "Chaise Bistrot", "unit_price": Decimal("100.00"), "tracks_stock": True}
    product = save_product(product=None, company_id=company.pk, values=values, actor=ACTOR, at=now)
    move_stock(product=product, quantity=Decimal(50), reason=MovementReason.RECEIPT, actor=ACTOR, at=now)
    journey.step("product", id=product.pk, reference=product.reference, on_hand=str(product.on_hand))
    return product


def _line(description: str, price: str, *, service: bool = False) -> LineInput:
    return LineInput(
        description=description, quantity=Decimal(1), unit_price=Decimal(price), vat_rate=TWENTY, is_service=service
    )


# -- the customer who does not pay ---------------------------------------------------------------------------------


def _late_payer(journey: Journey, company: Company) -> None:
    """An invoice of two months ago, never paid: friendly, then firm, then a formal notice for a person to send."""
    issued = timezone.now() - timedelta(days=75)
    customer = _save_customer(
        company, issued, kind=CustomerKind.ORGANISATION, name="Retardataire SA", siret=_siret(_siren()),
        email="compta@retardataire.example",
    )  # fmt: skip
    draft = save_draft(
        invoice=None, customer=customer, values={"due_date": local_day(issued) + timedelta(days=15)},
        lines=[_line("Entretien annuel", "450.00", service=True)], actor=ACTOR, at=issued,
    )  # fmt: skip
    invoice = issue_invoice(invoice=draft, actor=ACTOR, at=issued)
    due = invoice.due_date or local_day(issued)
    told = []
    for level, days in ((1, company.friendly_after_days), (2, company.firm_after_days), (3, company.final_after_days)):
        told.append(_reminder(company, invoice, level, issued + (due - local_day(issued)) + timedelta(days=days)))
    promise([one.level for one in told] == [1, 2, 3], "three reminders, one of each level")
    promise(told[2].status == ReminderStatus.DRAFTED, "the formal notice waits for a person")
    promise(all(one.status == ReminderStatus.SENT for one in told[:2]), "the first two reminders have left")
    journey.step(
        "reminders",
        invoice=invoice.number,
        due_date=str(due),
        reminders=[{"level": one.level, "status": one.status, "on": str(local_day(one.created_at))} for one in told],
    )


def _reminder(company: Company, invoice: Invoice, level: int, at: datetime) -> Reminder:
    while not is_working_day(local_day(at)):
        at += timedelta(days=1)
    _import(company, [], at, f"VIDE-{level}-{at:%Y%m%d}")
    # a worker that runs beside us may guard the message with today's facts and withdraw it: then it is asked again
    for _turn in range(3):
        send_reminders(company=company, actor=ACTOR, at=at)
        deliver_reminders(at=at)
        found = Reminder.objects.filter(invoice=invoice, level=level).exclude(status=ReminderStatus.CANCELLED)
        reminder = found.select_related("email").first()
        if reminder is not None and reminder.status != ReminderStatus.QUEUED:
            return reminder
    raise PromiseBroken(f"reminder {level} did not leave on {local_day(at)}")


# -- the sale ------------------------------------------------------------------------------------------------------


def _organisation(journey: Journey, company: Company) -> Customer:
    customer = _save_customer(
        company, timezone.now(), kind=CustomerKind.ORGANISATION, name="Acme Corporation", siret=_siret(_siren()),
        email="contact@acme.example",
    )  # fmt: skip
    Contact.objects.create(company=company, customer=customer, name="Jeanne Roy", email="comptabilite@acme.example")
    journey.step(
        "customer", id=customer.pk, name=customer.name, siret=customer.siret, address=customer.electronic_address
    )
    return customer


def _sell(journey: Journey, customer: Customer, product: Product) -> Invoice:
    """Order, confirm, ship, « Générer la facture », « Émettre et envoyer »."""
    now = timezone.now()
    lines = [LineInput.of_product(product, Decimal(10))]
    order = save_order(
        order=None, customer=customer, values={"purchase_order": "BC-7781"}, lines=lines, actor=ACTOR, at=now
    )
    confirm_order(order=order, actor=ACTOR, at=now)
    ship_order(order=order, actor=ACTOR, at=now)
    product.refresh_from_db()
    promise(product.on_hand == Decimal(40), "shipping took ten chairs out of the stock")
    journey.step("order", id=order.pk, number=order.number, status=order.status, on_hand=str(product.on_hand))
    draft = generate_invoice(order=order, actor=ACTOR, at=now)
    promise(draft.number is None, "a draft has no number")
    invoice = send_invoice(invoice=draft, actor=ACTOR, at=now)
    figures = (invoice.total_net, invoice.total_vat, invoice.total_gross)
    expected = (Decimal("1000.00"), Decimal("200.00"), Decimal("1200.00"))
    promise(figures == expected, f"1,000.00 / 200.00 / 1,200.00, not {figures}")
    promise(str(invoice.number).startswith(f"FAC-{local_day(now).year}-"), "a number of the FAC series")
    journey.step(
        "invoice",
        id=invoice.pk,
        number=invoice.number,
        net=str(figures[0]),
        vat=str(figures[1]),
        gross=str(figures[2]),
        due_date=str(invoice.due_date),
        reference=invoice.payment_reference,
    )
    return invoice


def _document(journey: Journey, invoice: Invoice, name: str = "document") -> bytes:
    pdf = ensure_facturx(invoice=invoice, actor=ACTOR, at=timezone.now())
    xml = find_document(invoice, DocumentKind.CII)
    promise(xml is not None, "the XML is kept beside the PDF")
    promise(bool(pdf.verdict["valid"]), "the Factur-X passes every official rule")
    journey.step(
        name, invoice=invoice.number, pdf=pdf.file.path, xml=xml.file.path if xml else "", sha256=pdf.sha256,
        valid=pdf.verdict["valid"], rules=pdf.verdict["checks"],
    )  # fmt: skip
    if xml is None:
        return b""
    with xml.file.open("rb") as file:
        return bytes(file.read())


def _mail(journey: Journey, invoice: Invoice) -> None:
    def left() -> bool:
        deliver_emails()
        return not Email.objects.filter(invoice=invoice, status__in=["QUEUED", "SENDING"]).exists()

    _wait("the e-mail to be handed over", left)
    emails = list(Email.objects.filter(invoice=invoice))
    promise(bool(emails) and all(email.status in {"SENT", "KEPT"} for email in emails), "the e-mail left, or is kept")
    told = [{"to": email.recipient, "status": email.status} for email in emails]
    journey.step("email", invoice=invoice.number, messages=told)


def _wait(what: str, done: Callable[[], bool]) -> None:
    """Work until it is done, as a worker would; a carrier that died is taken over when its lease ends."""
    start = monotonic()
    while not done():
        promise(monotonic() - start < PATIENCE, f"waited {PATIENCE:.0f} s for {what}")
        sleep(0.3)


def _codes(invoice: Invoice) -> list[str]:
    events = LifecycleEvent.objects.filter(invoice=invoice).order_by("occurred_at", "code")
    return list(events.values_list("code", flat=True))


def _statuses(journey: Journey, name: str, company: Company, invoice: Invoice) -> None:
    def approved() -> bool:
        drain(at=timezone.now())
        for account in PlatformAccount.objects.filter(company=company):
            poll_account(account=account, at=timezone.now())
        return "205" in _codes(invoice)

    _wait("the platform's statuses", approved)
    transmission = Transmission.objects.get(invoice=invoice)
    promise(transmission.status == TransmissionStatus.ACCEPTED, "the platform accepted the invoice")
    codes = _codes(invoice)
    promise(codes[0] == "200" and len(codes) == len(set(codes)), "each status once, deposit first")
    journey.step(
        name, invoice=invoice.number, transmission=transmission.pk, remote_id=transmission.remote_id,
        status=transmission.status, attempts=transmission.tries.count(), lifecycle=codes,
    )  # fmt: skip


# -- the money -----------------------------------------------------------------------------------------------------


def _import(company: Company, entries: list[Entry], at: datetime, reference: str) -> None:
    day = local_day(at)
    data = camt053(company.iban, Decimal("1000.00"), entries, day, reference)
    import_statement(company=company, data=data, filename=f"{reference}.xml", actor=ACTOR, at=at)


def _paid_in_two(journey: Journey, company: Company, invoice: Invoice) -> None:
    """600.00 by hand, the rest by a CAMT.053 credit with the invoice's reference."""
    now, half = timezone.now(), Decimal("600.00")
    payment = record_payment(
        customer=invoice.customer, amount=half, method=Method.CARD, paid_on=local_day(now),
        shares=[Share(invoice, half)], reference="CARD-789", actor=ACTOR, at=now,
    )  # fmt: skip
    invoice.refresh_from_db()
    promise(invoice.balance == half and invoice.status == InvoiceStatus.ISSUED, "600.00 paid, 600.00 to pay")
    journey.step(
        "partial_payment", id=payment.pk, number=payment.number, paid=str(half), remaining=str(invoice.balance)
    )
    entry = Entry(amount=half, counterparty="ACME CORPORATION", remittance=f"SOLDE {invoice.payment_reference}")
    _import(company, [entry], now, f"REL-{now:%Y%m%d%H%M%S}")
    outcome = reconcile(company=company, actor=ACTOR, at=timezone.now())
    invoice.refresh_from_db()
    promise(
        invoice.status == InvoiceStatus.PAID and invoice.balance == 0, "the bank line was matched and the invoice paid"
    )
    journey.step("bank", matched=outcome.matched, invoice=invoice.number, status=invoice.status, payment_status="paid")


# -- a public body, a consumer -------------------------------------------------------------------------------------


def _public_body(journey: Journey, company: Company) -> None:
    now = timezone.now()
    customer = _save_customer(
        company, now, kind=CustomerKind.ORGANISATION, name="Commune de Belleville", siret=_siret(_siren()),
        is_public_body=True, service_code="SERVICE-ACHATS", requires_service_code=True, requires_commitment=True,
        email="factures@belleville.example",
    )  # fmt: skip
    draft = save_draft(
        invoice=None, customer=customer, values={"purchase_order": "ENG-2026-0042"},
        lines=[_line("Mobilier de la médiathèque", "2500.00")], actor=ACTOR, at=now,
    )  # fmt: skip
    invoice = issue_checked(invoice=draft, actor=ACTOR, at=now)
    xml = _document(journey, invoice, "public_document")
    promise(b"SERVICE-ACHATS" in xml and b"ENG-2026-0042" in xml, "service code and commitment are in the XML")
    promise(customer.siret.encode() in xml, "the SIRET is in the XML")
    _statuses(journey, "public_platform", company, invoice)


def _individual(journey: Journey, company: Company) -> None:
    now = timezone.now()
    customer = _save_customer(
        company, now, kind=CustomerKind.INDIVIDUAL, first_name="Ada", last_name="Moreau", email="ada@moreau.example"
    )
    lines = [_line("Chaise Bistrot", "83.33")]
    draft = save_draft(invoice=None, customer=customer, values={}, lines=lines, actor=ACTOR, at=now)
    invoice = send_invoice(invoice=draft, actor=ACTOR, at=now)
    promise(not Transmission.objects.filter(invoice=invoice).exists(), "a consumer's invoice goes to no platform")
    _document(journey, invoice, "individual_document")
    note = credit_invoice(invoice=invoice, lines=None, reason="Retour", actor=ACTOR, at=timezone.now())
    invoice.refresh_from_db()
    promise(invoice.status == InvoiceStatus.CREDITED and note.total_gross == invoice.total_gross, "credited in full")
    journey.step("individual", invoice=invoice.number, gross=str(invoice.total_gross), credit_note=note.number)


# -- the proof -----------------------------------------------------------------------------------------------------


def _nothing_waits(journey: Journey, company: Company) -> None:
    """The late payer's invoice of two months ago went to the platform too: the queue is empty."""

    def empty() -> bool:
        drain(at=timezone.now())
        waiting = Transmission.objects.filter(status__in=["PENDING", "SENDING", "UNKNOWN"])
        return not waiting.exists()

    _wait("the queue to be empty", empty)
    journey.step("queue", waiting=0, company=company.pk)


def _proof(journey: Journey, company: Company) -> None:
    numbers = list(
        Invoice.objects.issued().filter(number__startswith="FAC").order_by("number").values_list("number", flat=True)
    )
    serials = [int(number.rsplit("-", 1)[1]) for number in numbers if f"-{timezone.now().year}-" in number]
    promise(serials == list(range(serials[0], serials[0] + len(serials))), "no gap in the numbers")
    breaks = [str(one) for one in chain.verify(company)]
    promise(not breaks, f"the chain of facts is intact: {breaks}")
    head = AuditChain.objects.get(company=company)
    journey.step("audit", numbers=numbers, events=head.length, head=head.head, chain="intact")


@contextmanager
def platform() -> Iterator[str]:
    """The simulated platform's address: the running one's, else one started for this telling alone."""
    url = settings.SANDBOX_URL
    parts = urlsplit(url)
    with socket.socket() as probe:
        probe.settimeout(1)
        answers = probe.connect_ex((parts.hostname or "127.0.0.1", parts.port or 80)) == 0
    if answers:
        yield url
        return
    server = SandboxServer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.address
    finally:
        server.shutdown()
        server.server_close()
