"""Abby's API v2 as a mirror: the deposited invoice becomes a draft there, and a credit note of a copy an asset.

Abby would give a second legal number if it finalised the draft: that call is never made here. Only published calls
are made. They have no idempotency key and no list of documents: the identifier is kept as soon as it is known
(`Deposit.keep`), and the draft finished where it stopped. When the very answer that gives it is lost, another draft is
made; the first stays there, empty. The book of receipts is not published: it is written where the company asks for
it, and a receipt without a known outcome is never sent again, for the book cannot be read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from config.kernel.errors import Invalid, RemoteError
from config.kernel.http import AnsweredError, Response, Session
from config.kernel.logs import redact
from einvoicing import document as model
from einvoicing.formats import cii, facturx
from einvoicing.platforms.abby import customers, payloads
from einvoicing.platforms.abby.statuses import DELETED, moment, named, state_of, title
from einvoicing.platforms.afnor.payloads import json_object, unreadable
from einvoicing.platforms.answers import Acknowledgement, AckStatus, Page, Receipt, RemoteMessage
from einvoicing.platforms.base import RECEIPT, Capabilities, Deposit, NotCarried, PlatformSettings, Watched

DEADLINE = 60.0  # seconds for one copy, its calls together: less than any lease
PAGE_SIZE = 100
MOST_PAGES = 20
INCOME = "income:"  # before the id of a receipt, which is no billing document
_STATE_FIELDS = ("state", "number", "finalizedAt", "paidAt", "canceledAt", "lastSendByEmailAt", "dueAt")
NOT_PUBLISHED = "Abby ne publie aucun appel pour les encaissements : activez leur inscription dans les réglages."
NO_COPY_TO_CREDIT = (
    "Abby ne tient un avoir qu’à partir d’une facture finalisée chez lui : la copie est un brouillon, l’avoir n’y est "
    "pas recopié."
)


class TooMany(RemoteError):
    """A list so long that what is looked for may lie beyond what is read."""

    def __init__(self) -> None:
        super().__init__("Abby a trop de clients pour y retrouver celui-ci.", retryable=False, code="too_many")


class AbbyPlatform:
    kind = "abby"
    capabilities = Capabilities(idempotency_key=False, lookup=True, duplicate_error=False, by_remote_id=True)

    def __init__(self, settings: PlatformSettings) -> None:
        self._settings = settings
        self._base = settings.base_url.rstrip("/")
        self._session = Session(
            timeout=(settings.connect_timeout, settings.read_timeout), adapter=settings.connections()
        )

    def close(self) -> None:
        self._session.close()

    def deposit(self, deposit: Deposit) -> Receipt:
        """Copy the invoice into a draft, or finish the draft there is; write a payment to the receipts.

        Raises NotCarried for what Abby has no place for.
        """
        with self._session.within(DEADLINE):
            if deposit.syntax == RECEIPT:
                return self._record_income(deposit)
            invoice = _invoice(deposit)
            body = payloads.lines(invoice)
            draft = self._draft_for(invoice, deposit)
            if draft.get("state") == "draft":
                draft = self._fill(str(draft["id"]), invoice, body, title(invoice.number, deposit.tracking_id))
            return _receipt(draft, deposit.tracking_id)

    def find(self, tracking_id: str, number: str = "") -> Receipt | None:
        """The whole copy that Abby knows by this identifier of its own. One that stopped half-way is none: `deposit`
        finishes it.
        """
        billing = self._read(tracking_id) if tracking_id else None
        if billing is None:
            return None
        is_done = billing.get("state") != "draft" or payloads.is_whole(billing, named(billing.get("title"))[0])
        return _receipt(billing, named(billing.get("title"))[1]) if is_done else None

    def acknowledgement(self, remote_id: str, number: str = "") -> Acknowledgement:
        """That the copy is there; Abby gives no verdict."""
        if remote_id.startswith(INCOME):
            return Acknowledgement(AckStatus.OK, "recorded")
        billing = self._read(remote_id)
        if billing is None:
            return Acknowledgement(AckStatus.UNKNOWN, DELETED)
        return Acknowledgement(AckStatus.OK, str(billing.get("state", "")), (), moment(billing.get("updatedAt")))

    def incoming(self, cursor: str, watched: Sequence[Watched] = ()) -> Page:
        """What each watched copy says now; the same words bear the same identifier."""
        copies = [document for document in watched if not document.remote_id.startswith(INCOME)]
        return Page(tuple(map(self._look_at, copies)), cursor)

    def _look_at(self, document: Watched) -> RemoteMessage:
        now = datetime.now(UTC)
        try:
            response = self._call("GET", _billing_path(document.remote_id))
        except AnsweredError as error:
            if error.response.status == 404:  # the others must still be read
                return RemoteMessage(f"{document.remote_id}:{DELETED}", DELETED, error.response.body, now)
            raise
        billing = json_object(response)
        try:
            copy = state_of(billing)
        except Invalid as error:
            digest = hashlib.sha256(response.body).hexdigest()[:16]
            return RemoteMessage(f"{document.remote_id}:{digest}", "invoice", response.body, now, problem=str(error))
        facts = [*(billing.get(name) for name in _STATE_FIELDS), str(copy.received), copy.is_overdue(now)]
        digest = hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()[:16]
        return RemoteMessage(f"{document.remote_id}:{digest}", "invoice", response.body, copy.at)

    def fetch(self, remote_id: str) -> bytes:
        """Abby's own PDF of the copy."""
        if remote_id.startswith(INCOME):
            raise payloads.refused("Un encaissement n’a pas de fichier.", "not_offered")
        return self._call("GET", f"/v2/billing/{_key(remote_id)}/download", params={"locale": "fr"}).body

    def ping(self) -> None:
        self._call("GET", "/v2/company/me")

    def _draft_for(self, invoice: model.Invoice, deposit: Deposit) -> Mapping[str, Any]:
        """The draft that an earlier attempt made, unless somebody deleted it there; else a new one, kept at once."""
        if deposit.remote_id and (known := self._read(deposit.remote_id)) is not None:
            return known
        # the call takes no parameters, but an empty body is refused without a word
        created = self._call("POST", self._place_for(invoice, deposit), accept=(200, 201), json={})
        draft = json_object(created, outcome_unknown=True)
        if not draft.get("id"):
            raise unreadable(outcome_unknown=True)
        deposit.keep(str(draft["id"]))
        return {"state": "draft", **draft}

    def _place_for(self, invoice: model.Invoice, deposit: Deposit) -> str:
        """Where a draft is made: for a customer, or for a credit note from the copy of what it corrects."""
        if not invoice.is_credit_note:
            return f"/v2/billing/invoice/{_key(self._customer(invoice.buyer))}"
        corrected = self._read(deposit.corrects) if deposit.corrects else None
        if corrected is None or corrected.get("state") == "draft":
            raise NotCarried(NO_COPY_TO_CREDIT, "credit_note_not_mirrored")
        return f"/v2/billing/invoice/{_key(deposit.corrects)}/asset"

    def _read(self, remote_id: str) -> Mapping[str, Any] | None:
        """The document, invoice or asset; None once it is deleted there."""
        try:
            return self._get(_billing_path(remote_id))
        except AnsweredError as error:
            if error.response.status == 404:
                return None
            raise

    def _fill(self, remote_id: str, invoice: model.Invoice, body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        """Every step may be made twice: each says how the draft is to be, none adds to it."""
        key = _key(remote_id)
        self._patch(f"/v2/billing/{key}/title", {"title": name})
        self._patch(f"/v2/billing/{key}/lines", body)
        if not invoice.is_credit_note:  # an asset has no dates of its own
            self._patch(f"/v2/billing/invoice/{key}/timeline", payloads.timeline(invoice))
        copy = self._get(_billing_path(remote_id))
        computed = copy.get("total")
        total = computed.get("amountWithTaxAfterDiscount") if isinstance(computed, dict) else None
        if total is not None and abs(total) != payloads.cents(invoice.totals.gross):
            raise payloads.refused(
                "Le total calculé par Abby n’est pas celui de la facture : corrigez ou supprimez son brouillon.",
                "amounts_differ",
            )
        last = f"/v2/billing/invoice/{key}/general-informations"
        if invoice.is_credit_note:
            last = f"/v2/billing/asset/{key}/general-informations"
        whole = json_object(self._patch(last, payloads.general_informations(invoice)), outcome_unknown=True)
        return {**copy, **whole}

    def _customer(self, buyer: model.Party) -> str:
        """The id of Abby's own record of this customer, made if there is none."""
        is_company = customers.is_company(buyer)
        listed, record = ("/organizations", "/organization") if is_company else ("/contacts", "/contact")
        for term in customers.search_terms(buyer):
            for row in self._pages(listed, search=term):
                if customers.is_same(row, buyer):
                    return str(row["id"])
        body = payloads.organization(buyer) if is_company else payloads.contact(buyer)
        made = json_object(self._call("POST", record, accept=(200, 201), json=body), outcome_unknown=True)
        if not made.get("id"):
            raise unreadable(outcome_unknown=True)
        return str(made["id"])

    def _record_income(self, deposit: Deposit) -> Receipt:
        if not self._settings.writes_receipts:
            raise NotCarried(NOT_PUBLISHED, "receipts_not_published")
        receipt = json.loads(deposit.data)
        entry = payloads.income(receipt, title(receipt["reference"], deposit.tracking_id))
        answer = self._call("POST", "/incomeBook", accept=(200, 201), json=entry)
        made = json_object(answer, outcome_unknown=True)
        key = made.get("_id") or made.get("id")
        if not key:
            raise unreadable(outcome_unknown=True)
        return Receipt(f"{INCOME}{key}", datetime.now(UTC), deposit.tracking_id, raw=made)

    def _pages(self, path: str, **filters: Any) -> Iterator[Mapping[str, Any]]:
        """The rows of a list, page after page. A list without end is given up, for what is there may be further on."""
        for page in range(1, MOST_PAGES + 1):
            answer = self._get(path, params={"page": page, "limit": PAGE_SIZE, **filters})
            rows = answer.get("docs")
            if not isinstance(rows, list) or not all(isinstance(row, dict) and row.get("id") for row in rows):
                raise unreadable()
            yield from rows
            if not answer.get("hasNextPage"):
                return
        raise TooMany

    def _patch(self, path: str, body: Mapping[str, Any]) -> Response:
        return self._call("PATCH", path, accept=(200, 201), json=body)

    def _get(self, path: str, **options: Any) -> Mapping[str, Any]:
        return json_object(self._call("GET", path, **options))

    def _call(self, method: str, path: str, **options: Any) -> Response:
        headers = {
            "Authorization": f"Bearer {self._settings.client_secret}",
            "Accept": "application/json, application/pdf",
        }
        try:
            return self._session.request(method, f"{self._base}{path}", headers=headers, **options)
        except AnsweredError as error:
            raise _explained(error) from error


def _key(identifier: str) -> str:
    """As it stands in a path."""
    return quote(identifier, safe="")


def _billing_path(remote_id: str) -> str:
    """Of a document of any type."""
    return f"/v2/billing/{_key(remote_id)}"


def _invoice(deposit: Deposit) -> model.Invoice:
    try:
        return cii.parse(facturx.extract(deposit.data) if deposit.syntax == "Factur-X" else deposit.data)
    except Invalid as error:
        raise RemoteError(str(error), retryable=False, code=error.code) from error


def _receipt(billing: Mapping[str, Any], tracking_id: str) -> Receipt:
    return Receipt(str(billing["id"]), moment(billing.get("createdAt")), tracking_id, raw=billing)


def _explained(error: AnsweredError) -> AnsweredError:
    """The failure in Abby's own words, where it has any."""
    if error.response.status == 401:
        message, code = "Abby refuse les identifiants. Vérifiez la clé dans les réglages.", "invalid_client"
    else:
        try:
            said = json_object(error.response).get("message") or ""
            reason = str(redact("; ".join(map(str, said)) if isinstance(said, list) else str(said)))[:300]
        except RemoteError:
            reason = ""
        message, code = f"{error.message} ({reason})" if reason else error.message, error.code
    return AnsweredError(
        message,
        response=error.response,
        retryable=error.retryable,
        outcome_unknown=error.outcome_unknown,
        code=code,
        retry_after=error.retry_after,
    )
