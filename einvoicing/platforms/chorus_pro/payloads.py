"""What goes over the wire of Chorus Pro, read into and written from our values."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from config.kernel.errors import RemoteError, Sentence
from einvoicing.platforms.afnor.payloads import unreadable
from einvoicing.platforms.base import AckDetail, Acknowledgement, AckStatus, Attachment, Deposit, Receipt
from einvoicing.platforms.chorus_pro import statuses
from einvoicing.platforms.chorus_pro.calls import Answer

# syntaxeFlux: E2 is a PDF with its data inside, E1 the data alone
SYNTAXES: dict[str, str] = {
    "Factur-X": "IN_DP_E2_CII_FACTURX",
    "CII": "IN_DP_E1_CII_16B",
    "UBL": "IN_DP_E1_UBL_INVOICE",
}
LONGEST_NAME = 50  # characters, extension included
LARGEST_ATTACHMENT = 10 * 1024 * 1024
LARGEST_FLOW = 120 * 1024 * 1024  # the invoice with all its attachments
EXTENSIONS = frozenset(
    [
        "BMP",
        "BZ2",
        "CSV",
        "DOC",
        "DOCX",
        "FAX",
        "GIF",
        "GZ",
        "GZIP",
        "HTM",
        "HTML",
        "JPEG",
        "JPG",
        "ODP",
        "ODS",
        "ODT",
        "P7S",
        "PDF",
        "PNG",
        "PPS",
        "PPT",
        "PPTX",
        "RTF",
        "SVG",
        "TGZ",
        "TIF",
        "TIFF",
        "TXT",
        "XHTML",
        "XLC",
        "XLM",
        "XLS",
        "XLSX",
        "XML",
        "ZIP",
    ]
)

TOO_LARGE = "« %(name)s » est vide ou dépasse la limite de Chorus Pro, 10 Mo."
NOT_TAKEN = "Chorus Pro ne prend pas « %(name)s » : envoyez plutôt un PDF."
TOO_MUCH = "La facture et ses pièces jointes dépassent ensemble la limite de Chorus Pro, 120 Mo."
RESEND = "Le système d’échange de Chorus Pro a échoué : le flux est à déposer de nouveau."
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """An invoice as rechercher/fournisseur lists it. `id` is identifiantFactureCPP (64 bits)."""

    id: int
    number: str
    flow: str  # numeroFluxDepot, '' for one typed in the portal
    status: str
    recipient: str  # codeDestinataire, its SIRET
    raw: Mapping[str, Any] = field(repr=False)


def deposit_body(deposit: Deposit) -> dict[str, Any]:
    """deposer/flux. Raises RemoteError for a file that Chorus Pro would not take."""
    if deposit.syntax not in SYNTAXES:
        raise RemoteError("Chorus Pro ne prend pas ce format.", retryable=False, code="unsupported_syntax")
    if len(deposit.data) > LARGEST_FLOW:
        raise RemoteError("Le fichier dépasse la limite de Chorus Pro, 120 Mo.", retryable=False, code="flow_too_large")
    return {
        "fichierFlux": base64.b64encode(deposit.data).decode(),
        "nomFichier": file_name(deposit.name),
        "syntaxeFlux": SYNTAXES[deposit.syntax],
        "avecSignature": False,
    }


def attachment_body(attachment: Attachment) -> dict[str, Any]:
    """transverses/ajouter/fichier. Raises RemoteError for a document that Chorus Pro would not take."""
    within_limits([attachment])
    name = file_name(attachment.name)
    return {
        "pieceJointeFichier": base64.b64encode(attachment.data).decode(),
        "pieceJointeNom": name,
        "pieceJointeTypeMime": attachment.media_type,
        "pieceJointeExtension": PurePath(name).suffix.lstrip(".").upper(),
    }


def within_limits(attachments: Sequence[Attachment]) -> Sequence[Attachment]:
    """The same documents, if they all may go with one invoice. Raises RemoteError."""
    if refused := refusal(attachments):
        raise RemoteError(refused, retryable=False, code="attachment_refused")
    return attachments


def refusal(attachments: Sequence[Attachment], *, beside: int = 0) -> Sentence | None:
    """Why Chorus Pro would not take these documents with an invoice of `beside` bytes; None when it would."""
    for attachment in attachments:
        if not 0 < len(attachment.data) <= LARGEST_ATTACHMENT:
            return Sentence(TOO_LARGE, {"name": attachment.name})
        if PurePath(attachment.name).suffix.lstrip(".").upper() not in EXTENSIONS:
            return Sentence(NOT_TAKEN, {"name": attachment.name})
    total = beside + sum(len(attachment.data) for attachment in attachments)
    return Sentence(TOO_MUCH, {}) if total > LARGEST_FLOW else None


def file_name(name: str) -> str:
    """The name in plain letters, its end cut when it is too long; the extension stays."""
    plain = _UNSAFE.sub("-", name).strip("-") or "facture"
    suffix = PurePath(plain).suffix[:10]
    stem = plain[: len(plain) - len(suffix)] if suffix else plain
    return f"{stem[: LONGEST_NAME - len(suffix)]}{suffix}"


def receipt(facts: Mapping[str, Any], *, tracking_id: str, duplicate: bool = False) -> Receipt:
    """The proof of deposit. Without a flow number there is no proof: the outcome is unknown."""
    number = facts.get("numeroFluxDepot")
    if not isinstance(number, str) or not number:
        raise unreadable(outcome_unknown=True)
    return Receipt(
        remote_id=number,
        submitted_at=statuses.instant(facts.get("dateDepot")),
        tracking_id=tracking_id,
        raw=facts,
        duplicate=duplicate,
    )


def invoices(answer: Answer) -> list[InvoiceRow]:
    """listeFactures; a row without its identifier or number would be lost silently, so it is an error."""
    found = []
    for row in answer.rows("listeFactures"):
        try:
            found.append(
                InvoiceRow(
                    id=int(row["identifiantFactureCPP"]),
                    number=str(row["numeroFacture"]),
                    flow=str(row.get("numeroFluxDepot") or ""),
                    status=str(row.get("statut") or ""),
                    recipient=str(row.get("codeDestinataire") or ""),
                    raw=row,
                )
            )
        except (KeyError, TypeError, ValueError):
            raise unreadable() from None
    return found


def acknowledgement(answer: Answer, *, number: str = "", integrated: bool = False) -> Acknowledgement:
    """consulterCRDetaille as a verdict on the invoice `number`, the only one of its flow.

    A partial integration refuses the invoices it names (numeroDP) and takes the others; `integrated` tells, when
    our number is not known, whether the flow has given an invoice all the same.
    """
    word = str(answer.facts.get("etatCourantDepotFlux") or "")
    status, details = statuses.ack_status(word), _details(answer)
    if word == statuses.PARTLY_INTEGRATED:
        named = {detail.item for detail in details}
        refused = number in named if number else bool(named) and not integrated
        status = AckStatus.ERROR if refused else AckStatus.OK
        details = tuple(detail for detail in details if refused and (not number or detail.item in {number, "flux"}))
    elif word == statuses.INCIDENT:
        details = (*details, AckDetail("Error", "flux", statuses.INCIDENT, RESEND))
    reasons = [f"{detail.reason_code} {detail.reason_message}" for detail in details]
    return Acknowledgement(
        status=status,
        raw_status=word,
        details=details,
        updated_at=statuses.instant(answer.facts.get("dateHeureEtatCourantFlux")),
        duplicate=status is AckStatus.ERROR and bool(reasons) and all(map(statuses.is_duplicate, reasons)),
    )


def _details(answer: Answer) -> tuple[AckDetail, ...]:
    technical = [
        AckDetail("Error", "flux", str(row.get("codeErreur") or ""), str(row.get("libelleErreur") or ""))
        for row in answer.rows("listeErreurTechnique")
    ]
    # an error on one invoice has words and no code
    by_invoice = [
        AckDetail("Error", str(row.get("numeroDP") or ""), "", str(row.get("libelleErreurDP") or ""))
        for row in answer.rows("listeErreurDP")
    ]
    return (*technical, *by_invoice)
