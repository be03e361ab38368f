"""The legal files of an issued invoice: made once, judged by the official rules, kept byte for byte."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import replace
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any

from django.db import IntegrityError, transaction

from billing.models import DocumentKind, Invoice, InvoiceDocument, InvoiceLine, VatSubtotal
from billing.pdf import render_pdf
from billing.services import snapshots
from billing.services.crediting import deposits_taken_back, totals_of
from billing.services.deducting import deposits_of
from billing.services.issuable import BuyerIsSeller, check_issuable, check_rates, is_seller
from billing.services.issuing import exchange_columns
from billing.services.lines import vat_rows
from config.kernel import audit, outside
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.kept import keep_file
from customers import territories
from einvoicing import mapping, validation
from einvoicing.formats import cii, facturx, ubl
from einvoicing.platforms.chorus_pro.structures import BodyAnswer
from einvoicing.problems import public_rules
from einvoicing.problems import rules as own_rules
from einvoicing.problems.rules import PublicNeeds
from einvoicing.services.public_bodies import recipient
from einvoicing.services.routing import CHORUS_PRO, carrier_for, is_public
from einvoicing.services.verdicts import official_verdict
from einvoicing.validation import report as reports
from einvoicing.validation.artefacts import rules_version
from einvoicing.validation.report import FATAL, WARNING, Report, Violation

NO_MENTION = "Une mention obligatoire est vide : pénalités de retard, indemnité de 40 € ou escompte."
NO_VAT_NUMBER = "Sans franchise en base, le n° de TVA de la société figure sur ses factures."
PROVISIONAL_NUMBER = "BROUILLON"


class DocumentInvalid(DomainError):
    """The official rules refuse the document. `report` says which, and where to mend it."""

    code = "document_invalid"
    message = "La facture n’est pas conforme : %(first)s"

    def __init__(self, report: Report) -> None:
        self.report = report
        first = report.fatal[0] if report.fatal else None
        super().__init__(first=f"{first.text} ({first.rule})" if first else "")


class NotIssued(DomainError):
    code = "not_issued"
    message = "La facture n’est pas émise : elle n’a pas encore de document."


def _rules_for(invoice: Invoice) -> tuple[str, ...]:
    """All rules, those of Factur-X included: its file is the one we keep.

    Without BR-FR for a seller outside France, and for a consumer without an e-mail address: BR-FR-12 wants an address
    they may not have.
    """
    unreachable = invoice.buyer["kind"] == "INDIVIDUAL" and not invoice.buyer["email"]
    if unreachable or not territories.is_domestic(invoice.seller["address"]["country"]):
        return tuple(rule for rule in validation.RULE_SETS if rule != validation.FRENCH)
    return validation.RULE_SETS


def _issued_document(invoice: Invoice) -> mapping.model.Invoice:
    lines = list(InvoiceLine.everywhere.filter(invoice=invoice).order_by("position"))
    subtotals = list(VatSubtotal.everywhere.filter(invoice=invoice).order_by("-rate", "category"))
    return mapping.from_invoice(invoice, lines=lines, subtotals=subtotals, deposits=deposits_of(invoice))


def find_document(invoice: Invoice, kind: DocumentKind) -> InvoiceDocument | None:
    """The legal file of this kind that is kept; None where it was never made."""
    found: InvoiceDocument | None = InvoiceDocument.everywhere.filter(invoice=invoice, kind=kind).first()
    return found


def ensure_facturx(*, invoice: Invoice, actor: Actor, at: datetime) -> InvoiceDocument:
    """The Factur-X file of an issued invoice, made now if it was never made. Raises NotIssued, DocumentInvalid.

    The bytes depend on the frozen invoice alone; two workers at once make the same file and one row is kept.
    """
    if invoice.is_draft or invoice.issued_at is None or invoice.number is None:
        raise NotIssued
    existing = find_document(invoice, DocumentKind.FACTURX)
    if existing is not None:
        return existing
    started = monotonic()
    xml = cii.render(_issued_document(invoice))
    pdf = facturx.embed(
        render_pdf(invoice), xml, number=invoice.number, issued_at=invoice.issued_at, seller=invoice.seller["name"]
    )
    report = official_verdict(pdf, _rules_for(invoice))
    if not report.valid:
        raise DocumentInvalid(report)
    verdict = _verdict(report, started)
    files = {DocumentKind.CII: xml, DocumentKind.FACTURX: pdf}
    return _store_all(invoice, files, verdict, actor=actor, at=at)[DocumentKind.FACTURX]


def ensure_document(*, invoice: Invoice, kind: DocumentKind, actor: Actor, at: datetime) -> InvoiceDocument:
    """The legal file of an issued invoice in this format, made and judged now if it never was.

    Raises NotIssued, DocumentInvalid.
    """
    if kind != DocumentKind.UBL:
        factur_x = ensure_facturx(invoice=invoice, actor=actor, at=at)
        return factur_x if kind == DocumentKind.FACTURX else find_document(invoice, kind) or factur_x
    if invoice.is_draft:
        raise NotIssued
    existing = find_document(invoice, kind)
    if existing is not None:
        return existing
    started = monotonic()
    data = ubl.render(_issued_document(invoice))
    report = official_verdict(data, _rules_for(invoice))
    if not report.valid:
        raise DocumentInvalid(report)
    return _store_all(invoice, {kind: data}, _verdict(report, started), actor=actor, at=at)[kind]


def _verdict(report: Report, started: float) -> dict[str, Any]:
    """What is kept of the judgement beside the file's SHA-256: by which rules, and how long making and judging took."""
    made_in = round((monotonic() - started) * 1000)
    return {**reports.to_dict(report), "made_in_ms": made_in, "rules_version": rules_version()}


def _store_all(
    invoice: Invoice, files: Mapping[DocumentKind, bytes], verdict: dict[str, Any], *, actor: Actor, at: datetime
) -> dict[DocumentKind, InvoiceDocument]:
    """Keep the files together, or take those another worker kept first."""
    try:
        # a savepoint: the unique index may refuse what another worker has just kept, and its file is the same
        with transaction.atomic():
            return {kind: _store(invoice, kind, data, verdict, actor=actor, at=at) for kind, data in files.items()}
    except IntegrityError:
        kept = {kind: find_document(invoice, kind) for kind in files}
        if not all(kept.values()):
            raise
        return {kind: row for kind, row in kept.items() if row is not None}


def _store(
    invoice: Invoice, kind: DocumentKind, data: bytes, verdict: dict[str, Any], *, actor: Actor, at: datetime
) -> InvoiceDocument:
    row = InvoiceDocument(
        company_id=invoice.company_id,
        invoice=invoice,
        kind=kind,
        size=len(data),
        verdict=verdict,
        created_at=at,
    )
    suffix = "pdf" if kind == DocumentKind.FACTURX else "xml"
    name = str(invoice.number).replace("/", "-")
    keep_file(row, f"{name}.{suffix}", data)
    row.save(force_insert=True)
    audit.record(
        "einvoicing.document.made",
        subject=row,
        also=[invoice],
        actor=actor,
        at=at,
        seal=True,
        data={"kind": str(kind), "sha256": row.sha256, "size": row.size, "valid": True},
    )
    return row


def preflight(*, invoice: Invoice, at: datetime) -> Report:
    """« Sera-t-elle rejetée ? »: judge a draft as it would be issued now. Nothing is stored, no number is taken.

    Raises what issuing would refuse that no rule names (NoBillingAddress, AmountNotPositive, CreditTooLarge…).
    """
    if not invoice.is_draft:
        return _judge(_issued_document(invoice), invoice, at)
    as_issued = copy(invoice)  # the caller's stays the draft it is
    return _judge(_provisional_document(as_issued, at), as_issued, at)


def _provisional_document(invoice: Invoice, at: datetime) -> mapping.model.Invoice:
    lines = list(InvoiceLine.everywhere.filter(invoice=invoice).order_by("position"))
    computed = totals_of(invoice, lines)
    day = local_day(at)
    check_issuable(invoice, computed)
    check_rates(invoice, computed, day)
    # set in memory only: the row itself is frozen by issuing alone
    invoice.number, invoice.issue_date = PROVISIONAL_NUMBER, day
    invoice.due_date = invoice.due_date or invoice.customer.terms.due_date(day)
    invoice.supply_date = invoice.supply_date or day
    invoice.service_code = invoice.service_code or invoice.customer.service_code
    invoice.seller = snapshots.seller(invoice.company)
    invoice.buyer = snapshots.buyer(invoice.customer, invoice.delivery)
    invoice.mentions = snapshots.mentions(invoice, invoice.company)
    invoice.total_net, invoice.total_vat, invoice.total_gross = computed.net, computed.vat, computed.gross
    deposits = deposits_of(invoice)
    if invoice.is_credit_note:
        invoice.amount_deposited, deposits = computed.prepaid, deposits_taken_back(invoice, computed)
    subtotals = vat_rows(invoice, computed)
    exchange_columns(invoice, subtotals, day)
    return mapping.from_invoice(invoice, lines=lines, subtotals=subtotals, deposits=deposits)


def _judge(document: mapping.model.Invoice, invoice: Invoice, at: datetime) -> Report:
    """The official rules, then those that no schematron holds; they and Chorus Pro are asked at once."""
    report, answer = outside.all_of(
        partial(official_verdict, cii.render(document), _rules_for(invoice)), partial(recipient_of, invoice, at)
    )
    customer = invoice.customer
    needs = PublicNeeds(customer.requires_service_code, customer.requires_commitment)
    more = own_rules.check(document, needs if customer.is_public_body else None)
    if answer is not None:
        references = {"service_code": document.buyer_reference, "engagement": document.purchase_order}
        broken = {violation.rule for violation in more}
        found = list(public_rules.check(answer, **references, day=local_day(at)))
        if invoice.is_credit_note:
            # what takes back an invoice that was rejected for these very references bears them too
            found = [replace(violation, severity=WARNING) for violation in found]
        more += tuple(violation for violation in found if violation.rule not in broken)
    return reports.with_more(report, (*more, *_legally_missing(invoice)))


def recipient_of(invoice: Invoice, at: datetime) -> BodyAnswer | None:
    """What Chorus Pro says of the invoice's public body; None for one that does not go by it.

    Raises AskedInside in a transaction that is not of `outside.atomic`.
    """
    account = carrier_for(invoice) if is_public(invoice) else None
    if account is None or account.kind != CHORUS_PRO:
        return None
    named = {
        "siret": str(invoice.buyer.get("siret") or ""),
        "service_code": invoice.service_code,
        "engagement": invoice.purchase_order,
    }
    key = (CHORUS_PRO, account.pk, *named.values())
    return outside.ask({key: partial(recipient, account=account, at=at, **named)})[key]


def _legally_missing(invoice: Invoice) -> Iterator[Violation]:
    """What the law wants of the seller and no schematron sees: an empty mention, and the VAT number."""
    if not invoice.seller.get("uid") and not all(invoice.mentions[code].strip() for code in ("PMD", "PMT", "AAB")):
        yield Violation("L441-9", FATAL, NO_MENTION, term="BG-4")
    if is_seller(invoice.customer, invoice.company) and not invoice.is_credit_note:
        yield Violation("VENDEUR-ACHETEUR", FATAL, BuyerIsSeller.message, term="BT-47")
    if not invoice.seller["vat_number"] and not invoice.mentions["franchise"]:
        yield Violation("242-NONIES-A", FATAL, NO_VAT_NUMBER, term="BT-31")
