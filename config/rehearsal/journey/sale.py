"""From an order to an invoice that is valid, mailed, carried and answered."""

from __future__ import annotations

from decimal import Decimal

from django.utils import timezone

from billing.models import DocumentKind, Email, Invoice, Product
from billing.services.generating import generate_invoice
from billing.services.lines import LineInput
from billing.services.orders import confirm_order, save_order, ship_order
from billing.tasks import deliver_emails
from config.kernel.clock import local_day
from config.kernel.kept import place_of, read_kept
from config.kernel.models import Company
from config.rehearsal.journey.scene import a_customer, a_siren, a_siret
from config.rehearsal.journey.steps import ACTOR, Journey, promise, wait
from customers.models import Contact, Customer, CustomerKind
from einvoicing.models import LifecycleEvent, PlatformAccount, Transmission, TransmissionKind, TransmissionStatus
from einvoicing.services.documents import ensure_facturx, find_document
from einvoicing.services.polling import poll_account
from einvoicing.services.sending import send_invoice
from einvoicing.services.transmissions import TRANSMISSIONS


def an_organisation(journey: Journey, company: Company) -> Customer:
    customer = a_customer(
        company,
        timezone.now(),
        kind=CustomerKind.ORGANISATION,
        name="Acme Corporation",
        siret=a_siret(a_siren()),
        email="contact@acme.example",
    )
    Contact.objects.create(company=company, customer=customer, name="Jeanne Roy", email="comptabilite@acme.example")
    journey.step(
        "customer", id=customer.pk, name=customer.name, siret=customer.siret, address=customer.electronic_address
    )
    return customer


def sell(journey: Journey, customer: Customer, product: Product) -> Invoice:
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


def check_document(journey: Journey, invoice: Invoice, name: str = "document") -> bytes:
    pdf = ensure_facturx(invoice=invoice, actor=ACTOR, at=timezone.now())
    xml = find_document(invoice, DocumentKind.CII)
    promise(xml is not None, "the XML is kept beside the PDF")
    promise(bool(pdf.verdict["valid"]), "the Factur-X passes every official rule")
    journey.step(
        name,
        invoice=invoice.number,
        pdf=place_of(pdf),
        xml=place_of(xml) if xml else "",
        sha256=pdf.sha256,
        valid=pdf.verdict["valid"],
        rules=pdf.verdict["checks"],
    )
    if xml is None:
        return b""
    return read_kept(xml, record=invoice, at=timezone.now())


def check_mail(journey: Journey, invoice: Invoice) -> None:
    def left() -> bool:
        deliver_emails()
        return not Email.objects.filter(invoice=invoice, status__in=["QUEUED", "SENDING"]).exists()

    wait("the e-mail to be handed over", left)
    emails = list(Email.objects.filter(invoice=invoice))
    promise(bool(emails) and all(email.status in {"SENT", "KEPT"} for email in emails), "the e-mail left, or is kept")
    messages = [{"to": email.recipient, "status": email.status} for email in emails]
    journey.step("email", invoice=invoice.number, messages=messages)


def status_codes(invoice: Invoice) -> list[str]:
    events = LifecycleEvent.objects.filter(invoice=invoice).order_by("occurred_at", "code")
    return list(events.values_list("code", flat=True))


def wait_for_statuses(journey: Journey, name: str, company: Company, invoice: Invoice) -> None:
    def approved() -> bool:
        TRANSMISSIONS.sweep()
        for account in PlatformAccount.objects.filter(company=company):
            poll_account(account=account, at=timezone.now())
        return "205" in status_codes(invoice)

    wait("the platform's statuses", approved)
    transmission = Transmission.objects.get(invoice=invoice, kind=TransmissionKind.INVOICE)
    promise(transmission.status == TransmissionStatus.ACCEPTED, "the platform accepted the invoice")
    seen = status_codes(invoice)
    promise(seen[0] == "200" and len(seen) == len(set(seen)), "each status once, deposit first")
    journey.step(
        name,
        invoice=invoice.number,
        transmission=transmission.pk,
        remote_id=transmission.remote_id,
        status=transmission.status,
        attempts=transmission.tries.count(),
        lifecycle=seen,
    )


# -- the money -----------------------------------------------------------------------------------------------------
