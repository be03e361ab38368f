"""What goes over the wire of Chorus Pro, read into and written from our values."""

from __future__ import annotations

import base64
import io
import re
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePath
from typing import Any

from config.kernel.errors import RemoteError, Sentence
from einvoicing.platforms.afnor.payloads import unreadable
from einvoicing.platforms.answers import AckDetail, Acknowledgement, AckStatus, Change, Receipt
from einvoicing.platforms.base import Attachment, Deposit
from einvoicing.platforms.chorus_pro import statuses
from einvoicing.platforms.chorus_pro.calls import Answer

# syntaxeFlux: E2 is a PDF with its data inside, E1 the data alone
SYNTAXES: dict[str, str] = {
    "Factur-X": "IN_DP_E2_CII_FACTURX",
    "CII": "IN_DP_E1_CII_16B",
    "UBL": "IN_DP_E1_UBL_INVOICE",
}
MOST_ROWS = MOST_PASSAGES = 100  # of one page: of a list, of a history
FLOW = "flux"  # the item of an error that names no invoice
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
    state_at: datetime | None  # dateHeureEtatCourant
    raw: Mapping[str, Any] = field(repr=False)


def archive(deposits: Sequence[Deposit]) -> Deposit:
    """Several files of one syntax as one flow, a tar.gz. Raises RemoteError when they cannot go together."""
    if len({deposit.syntax for deposit in deposits}) != 1:
        raise RemoteError("Un flux ne porte qu’une syntaxe.", retryable=False, code="unsupported_syntax")
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as files:
        for place, deposit in enumerate(deposits, start=1):
            member = tarfile.TarInfo(f"{place:03}-{file_name(deposit.name)}")
            member.size = len(deposit.data)
            files.addfile(member, io.BytesIO(deposit.data))
    first = deposits[0]
    return Deposit(written.getvalue(), f"{first.tracking_id}.tar.gz"[-LONGEST_NAME:], first.syntax, first.tracking_id)


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
                    state_at=statuses.instant(row.get("dateHeureEtatCourant")),
                    raw=row,
                )
            )
        except (KeyError, TypeError, ValueError):
            raise unreadable() from None
    return found


def change(row: InvoiceRow) -> Change:
    mark = f"{row.status} {row.raw.get('dateHeureEtatCourant')}"
    return Change(row.flow, row.number, statuses.code_of(row.status), mark, str(row.id))


def list_page(number: int, *, rows: int = MOST_ROWS) -> dict[str, Any]:
    """The paging of rechercher/fournisseur."""
    return {"rechercheFactureParFournisseur": {"nbResultatsParPage": rows, "pageResultatDemandee": number}}


def list_pages(answer: Answer) -> int:
    """How many pages the list has; 1 where it does not say."""
    paging = answer.facts.get("parametresRetour")
    return _whole(paging.get("pages")) if isinstance(paging, dict) else 1


def history_body(invoice_id: int, page: int) -> dict[str, Any]:
    """consulter/historique: a page of it, the oldest statuses first."""
    paging = {
        "nbResultatsParPageListeHistoStatut": MOST_PASSAGES,
        "pageResultatDemandeeListeHistoStatut": page,
        "triColonneListeHistoStatut": "HistoStatutDatePassage",
        "triSensListeHistoStatut": "Ascendant",
    }
    return {"idFacture": invoice_id, "paramRechercheHistoStatuts": paging}


def history_pages(answer: Answer) -> int:
    paging = answer.facts.get("historiquesDesStatuts")
    return _whole(paging.get("pagesHistoStatut")) if isinstance(paging, dict) else 1


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 1


def acknowledgement(answer: Answer, *, number: str = "", integrated: bool = False) -> Acknowledgement:
    """consulterCRDetaille as a verdict on the invoice `number`, '' when it is the only one of its flow.

    A partial integration refuses the invoices it names (numeroDP) and takes those that the flow gave: `integrated`
    tells whether ours is among them. One that is neither was refused if an error names no invoice, else is UNKNOWN.
    """
    word = str(answer.facts.get("etatCourantDepotFlux") or "")
    status, details = statuses.ack_status(word), _details(answer)
    mine = tuple(detail for detail in details if not number or detail.item in {number, FLOW})
    if word == statuses.PARTLY_INTEGRATED:
        status, details = _partial(number, mine, integrated=integrated)
    elif word == statuses.INCIDENT:
        details = (*details, AckDetail("Error", FLOW, statuses.INCIDENT, RESEND))
    else:
        details = mine or details
    reasons = [f"{detail.reason_code} {detail.reason_message}" for detail in details]
    return Acknowledgement(
        status=status,
        raw_status=word,
        details=details,
        updated_at=statuses.instant(answer.facts.get("dateHeureEtatCourantFlux")),
        duplicate=status is AckStatus.ERROR and bool(reasons) and all(map(statuses.is_duplicate, reasons)),
        is_incident=word == statuses.INCIDENT,
    )


def _partial(number: str, mine: tuple[AckDetail, ...], *, integrated: bool) -> tuple[AckStatus, tuple[AckDetail, ...]]:
    if number and any(detail.item == number for detail in mine):
        return AckStatus.ERROR, mine
    if integrated:
        return AckStatus.OK, ()
    return (AckStatus.ERROR, mine) if mine else (AckStatus.UNKNOWN, ())


def _details(answer: Answer) -> tuple[AckDetail, ...]:
    technical = [
        AckDetail("Error", FLOW, str(row.get("codeErreur") or ""), str(row.get("libelleErreur") or ""))
        for row in answer.rows("listeErreurTechnique")
    ]
    # an error on one invoice has words and no code
    by_invoice = [
        AckDetail("Error", str(row.get("numeroDP") or FLOW), "", str(row.get("libelleErreurDP") or ""))
        for row in answer.rows("listeErreurDP")
    ]
    return (*technical, *by_invoice)
