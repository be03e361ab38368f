"""A public body, with its service code, and an individual, who is credited."""

from __future__ import annotations

from django.utils import timezone

from billing.models import InvoiceStatus
from billing.services.invoices import save_draft
from config.kernel.models import Company
from config.rehearsal.journey.sale import check_document, wait_for_statuses
from config.rehearsal.journey.scene import a_customer, a_line, a_siren, a_siret
from config.rehearsal.journey.steps import ACTOR, Journey, promise
from customers.models import CustomerKind
from einvoicing.models import Transmission
from einvoicing.services.sending import credit_checked, issue_checked, send_invoice


def sell_to_public_body(journey: Journey, company: Company) -> None:
    now = timezone.now()
    customer = a_customer(
        company,
        now,
        kind=CustomerKind.ORGANISATION,
        name="Commune de Belleville",
        siret=a_siret(a_siren()),
        is_public_body=True,
        service_code="SERVICE-ACHATS",
        requires_service_code=True,
        requires_commitment=True,
        email="factures@belleville.example",
    )
    draft = save_draft(
        invoice=None,
        customer=customer,
        values={"purchase_order": "ENG-2026-0042"},
        lines=[a_line("Mobilier de la médiathèque", "2500.00")],
        actor=ACTOR,
        at=now,
    )
    invoice = issue_checked(invoice=draft, actor=ACTOR, at=now)
    xml = check_document(journey, invoice, "public_document")
    promise(b"SERVICE-ACHATS" in xml and b"ENG-2026-0042" in xml, "service code and commitment are in the XML")
    promise(customer.siret.encode() in xml, "the SIRET is in the XML")
    wait_for_statuses(journey, "public_platform", company, invoice)


def sell_to_individual(journey: Journey, company: Company) -> None:
    now = timezone.now()
    customer = a_customer(
        company, now, kind=CustomerKind.INDIVIDUAL, first_name="Ada", last_name="Moreau", email="ada@moreau.example"
    )
    lines = [a_line("Chaise Bistrot", "83.33")]
    draft = save_draft(invoice=None, customer=customer, values={}, lines=lines, actor=ACTOR, at=now)
    invoice = send_invoice(invoice=draft, actor=ACTOR, at=now)
    reported = Transmission.objects.filter(invoice=invoice, account__kind="afnor").count()
    promise(reported == 1, "a consumer's invoice is given to the platform once, for e-reporting")
    check_document(journey, invoice, "individual_document")
    note = credit_checked(invoice=invoice, parts=None, reason="Retour", actor=ACTOR, at=timezone.now())
    invoice.refresh_from_db()
    promise(invoice.status == InvoiceStatus.CREDITED and note.total_gross == invoice.total_gross, "credited in full")
    journey.step("individual", invoice=invoice.number, gross=str(invoice.total_gross), credit_note=note.number)


# -- the proof -----------------------------------------------------------------------------------------------------
