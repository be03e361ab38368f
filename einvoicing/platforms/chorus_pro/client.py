"""Chorus Pro as a Platform: deposer/flux → consulterCRDetaille → rechercher/fournisseur → consulter/historique.

It has no idempotency key and no tracking id: a deposit is found again by its invoice number once its flow is
integrated, and a second copy is refused. It has no feed: its list tells which invoices changed, and the history of
those is read. Every list and every history comes by pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from config.kernel.clock import PARIS
from config.kernel.errors import Invalid, RemoteError
from config.kernel.http import AnsweredError
from einvoicing.platforms.afnor.payloads import unreadable
from einvoicing.platforms.answers import Acknowledgement, AckStatus, Change, Page, Receipt, RemoteMessage, RemoteStatus
from einvoicing.platforms.base import Answer, Attachment, Capabilities, Deposit, PlatformSettings, Watched
from einvoicing.platforms.chorus_pro import payloads, statuses
from einvoicing.platforms.chorus_pro.calls import Caller
from einvoicing.platforms.chorus_pro.invoices import HISTORY, Invoices

DEADLINE = 60.0  # seconds for one deposit or look-up, tokens and second tries included: less than any lease
LIST_REFUSED = "La recherche par période est refusée : vérifiez CHORUS_PRO_DATE_FORMAT."
_TO_RECYCLE = ("A_RECYCLER", "EN_ATTENTE_RECYCLAGE_FOURNISSEUR")
_SUSPENDED, _REJECTED = ("SUSPENDUE",), "REJETEE"


class ChorusProPlatform:
    kind = "chorus_pro"
    capabilities = Capabilities(idempotency_key=False, lookup=True, duplicate_error=True, lists_changes=True)

    def __init__(self, settings: PlatformSettings) -> None:
        self._caller = Caller(settings)
        self._invoices = Invoices(self._caller, settings.date_format)

    def close(self) -> None:
        self._caller.close()

    # -- deposits ------------------------------------------------------------------------------------------------

    def deposit(self, deposit: Deposit) -> Receipt:
        """factures/deposer/flux. A refusal for being there already gives the first copy's receipt."""
        body = payloads.deposit_body(deposit)
        with self._caller.session.within(DEADLINE):
            try:
                answer = self._caller.post("factures/v1/deposer/flux", body, reads_only=False)
            except RemoteError as error:
                first = self._find(deposit) if not error.retryable and statuses.is_duplicate(error.message) else None
                if first is None:
                    raise
                return first
        return payloads.receipt(answer.facts, tracking_id=deposit.tracking_id)

    def deposit_several(self, deposits: Sequence[Deposit]) -> tuple[Receipt, ...]:
        """The same for several files of one syntax in one flow (tar.gz): a receipt each, of the same flow.

        The queue sends one invoice a flow: what is refused, in doubt or to be sent again is then that invoice alone.
        """
        receipt = self.deposit(payloads.archive(deposits))
        return tuple(replace(receipt, tracking_id=deposit.tracking_id) for deposit in deposits)

    def _find(self, deposit: Deposit) -> Receipt | None:
        row = self._holder(deposit.number)
        return payloads.receipt(row.raw, tracking_id=deposit.tracking_id, duplicate=True) if row else None

    def find(self, tracking_id: str, number: str = "") -> Receipt | None:
        """The deposit of this invoice number, as soon as its flow is integrated; None without a number."""
        with self._caller.session.within(DEADLINE):
            row = self._holder(number)
        return payloads.receipt(row.raw, tracking_id=tracking_id) if row else None

    def _holder(self, number: str) -> payloads.InvoiceRow | None:
        """The invoice with this number that came by a flow: one that is alive before one that was rejected."""
        if not number:
            return None
        rows = [row for row in self._invoices.numbered(number) if row.flow]
        return min(rows, key=lambda row: (row.status == _REJECTED, row.id), default=None)

    def acknowledgement(self, remote_id: str, number: str = "") -> Acknowledgement:
        """transverses/consulterCRDetaille.

        A flow Chorus Pro does not know, as happens just after its deposit, is UNKNOWN under the code it gives.
        """
        try:
            answer = self._caller.post("transverses/v1/consulterCRDetaille", {"numeroFluxDepot": remote_id})
        except RemoteError as error:
            if not _is_about_one_document(error):
                raise
            return Acknowledgement(AckStatus.UNKNOWN, error.code)
        partial = answer.facts.get("etatCourantDepotFlux") == statuses.PARTLY_INTEGRATED
        integrated = partial and any(number in ("", row.number) for row in self._invoices.of_flow(remote_id))
        return payloads.acknowledgement(answer, number=number, integrated=integrated)

    # -- the life of invoices ------------------------------------------------------------------------------------

    def changes(self, since: date) -> tuple[Change, ...]:
        """rechercher/fournisseur by the date of the current status. What `incoming` then reads needs no other search.

        Raises RemoteError, list_refused when Chorus Pro does not understand the period.
        There is no end to the period: it would hide what changes meanwhile. Rows outside it are kept, harmlessly.
        """
        try:
            rows = self._invoices.changed(since)
        except RemoteError as error:
            if not _is_about_one_document(error):
                raise
            raise RemoteError(f"{LIST_REFUSED} {error.message}", retryable=False, code="list_refused") from error
        return tuple(payloads.change(row) for row in rows)

    def incoming(self, cursor: str, watched: Sequence[Watched] = ()) -> Page:
        """The whole history of each watched invoice; one that says the same bears the same id as before."""
        found: list[RemoteMessage] = []
        for document in watched:
            try:
                found += self._histories(document)
            except RemoteError as error:
                if not _is_about_one_document(error):
                    raise
                key = f"{document.remote_id}:{error.code}"
                found.append(RemoteMessage(key, HISTORY, b"", datetime.now(PARIS), problem=error.message))
        return Page(messages=tuple(found), next_cursor=cursor)

    def _histories(self, document: Watched) -> list[RemoteMessage]:
        rows = self._invoices.listed(document.remote_id)
        if not rows and document.key:
            return [self._invoices.history(int(document.key))]
        rows = rows or self._invoices.of_flow(document.remote_id)
        return [self._invoices.history(row.id, row) for row in rows if document.number in ("", row.number)]

    def fetch(self, remote_id: str) -> bytes:
        """Chorus Pro gives a supplier no flow back: always raises RemoteError (not_offered)."""
        raise RemoteError(
            "Chorus Pro ne rend pas les fichiers déposés : le document légal est conservé ici.",
            retryable=False,
            code="not_offered",
        )

    def ping(self) -> None:
        """The health check, then a search that only both credentials together open."""
        self._caller.get("transverses/v1/health-check")
        self._invoices.ping()

    # -- what a person may mend ----------------------------------------------------------------------------------

    def answer(self, answer: Answer) -> Receipt:
        """factures/completer or factures/recycler; Chorus Pro says at once whether it took it."""
        with self._caller.session.within(DEADLINE):
            if answer.kind == "COMPLETE":
                key = self.complete(answer.number, comment=answer.comment, attachments=answer.attachments)
            else:
                key = self.recycle(
                    answer.number,
                    service_code=answer.service_code,
                    engagement=answer.engagement,
                    comment=answer.comment,
                )
        return _taken(key, answer)

    def answered(self, answer: Answer) -> Receipt | None:
        """Whether the invoice's history went on since the status that was answered."""
        with self._caller.session.within(DEADLINE):
            row = self._holder(answer.number)
            if row is None:
                return None
        went_on = any(status.is_dated and status.at > answer.since for status in self._statuses_of(row))
        return _taken(row.id, answer) if went_on else None

    def _statuses_of(self, row: payloads.InvoiceRow) -> Sequence[RemoteStatus]:
        try:
            return statuses.read(self._invoices.history(row.id, row).data)
        except Invalid:
            raise unreadable() from None

    def recycle(self, number: str, *, service_code: str, engagement: str = "", comment: str = "") -> int:
        """factures/recycler: send an invoice « à recycler » to another service. Returns identifiantFactureCPP.

        Raises RemoteError, not_recyclable when the invoice is not in that state.
        """
        row = self._in_state(number, _TO_RECYCLE)
        if row is None:
            raise RemoteError(
                "Cette facture n’est pas à recycler dans Chorus Pro.", retryable=False, code="not_recyclable"
            )
        body: dict[str, Any] = {
            "identifiantFactureCPP": row.id,
            "commentaire": comment,
            "destinataire": {"codeDestinataire": row.recipient, "codeServiceExecutant": service_code},
        }
        if engagement:
            body["reference"] = {"numeroBonCommande": engagement}
        self._caller.post("factures/v1/recycler", body, reads_only=False)
        return row.id

    def complete(self, number: str, *, comment: str, attachments: Sequence[Attachment] = ()) -> int:
        """factures/completer: answer a suspension with a comment and documents. Returns identifiantFactureCPP.

        Raises RemoteError, not_suspended when the invoice is not in that state.
        """
        row = self._in_state(number, _SUSPENDED)
        if row is None:
            raise RemoteError(
                "Cette facture n’est pas suspendue dans Chorus Pro.", retryable=False, code="not_suspended"
            )
        pieces = [
            {
                "pieceJointeComplementaireDesignation": attachment.name,
                "pieceJointeComplementaireId": self.attach(attachment),
            }
            for attachment in payloads.within_limits(attachments)
        ]
        body = {"identifiantFactureCPP": row.id, "commentaire": comment, "pieceJointeComplementaire": pieces}
        self._caller.post("factures/v1/completer", body, reads_only=False)
        return row.id

    def attach(self, attachment: Attachment) -> int:
        """transverses/ajouter/fichier: upload one document, at most 10 MB. Returns pieceJointeId."""
        body = payloads.attachment_body(attachment)
        answer = self._caller.post("transverses/v1/ajouter/fichier", body, reads_only=False)
        try:
            return int(answer.facts["pieceJointeId"])
        except (KeyError, TypeError, ValueError):
            raise unreadable(outcome_unknown=True) from None

    def _in_state(self, number: str, states: Sequence[str]) -> payloads.InvoiceRow | None:
        rows = self._invoices.numbered(number)
        return next((row for row in rows if row.status in states), None)


def _taken(key: int, answer: Answer) -> Receipt:
    return Receipt(str(key), None, answer.tracking_id, {"identifiantFactureCPP": key})


def _is_about_one_document(error: RemoteError) -> bool:
    """A codeRetour: Chorus Pro is well and knows us, but will not speak of this document. The others are read."""
    if isinstance(error, AnsweredError) and error.response.status in {401, 403}:
        return False
    return not error.retryable and error.code.lstrip("-").isdigit()
