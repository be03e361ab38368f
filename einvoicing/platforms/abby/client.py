"""Abby's API v2 as a mirror: the deposited invoice becomes a draft there, the payment an entry of its book of receipts.

Abby would give a second legal number if it finalised the draft: that call is never made here. It has neither
idempotency key nor a way to list receipts: the draft is found again by its title and finished where it stopped; a
receipt without a known outcome is never sent again.
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
from einvoicing.formats import cdar, cii, facturx
from einvoicing.platforms.abby import customers, payloads
from einvoicing.platforms.abby.statuses import moment, named, since, title
from einvoicing.platforms.afnor.payloads import json_object, unreadable
from einvoicing.platforms.base import (
    Acknowledgement,
    AckStatus,
    Capabilities,
    Deposit,
    Page,
    PlatformSettings,
    Receipt,
    RemoteMessage,
    Watched,
)

DEADLINE = 60.0  # seconds for one copy, its calls together: less than any lease
# GET /v2/billings, its pages and its customerId are known from third parties and later versions of the published types
BILLINGS = "/v2/billings"
PAGE_SIZE = 100
MOST_PAGES = 20
INCOME = "income:"  # before the id of a receipt, which is no billing document
_STATE_FIELDS = ("state", "number", "title", "finalizedAt", "paidAt", "canceledAt", "archivedAt", "lastSendByEmailAt")


class TooMany(RemoteError):
    """A list so long that what is looked for may lie beyond what is read."""

    def __init__(self) -> None:
        super().__init__("Abby a trop de documents pour y retrouver celui-ci.", retryable=False, code="too_many")


class AbbyPlatform:
    kind = "abby"
    capabilities = Capabilities(idempotency_key=False, lookup=True, duplicate_error=False)

    def __init__(self, settings: PlatformSettings) -> None:
        self._settings = settings
        self._base = settings.base_url.rstrip("/")
        self._session = Session(
            timeout=(settings.connect_timeout, settings.read_timeout), adapter=settings.connections()
        )
        self._doubted: set[str] = set()  # tracking ids looked for: an earlier attempt may have succeeded

    def close(self) -> None:
        self._session.close()

    def deposit(self, deposit: Deposit) -> Receipt:
        """Copy the invoice into a draft, or finish the draft there is; write a payment (CDAR 212) to the receipts."""
        with self._session.within(DEADLINE):
            if deposit.syntax == "CDAR":
                return self._record_income(deposit)
            invoice = _invoice(deposit)
            payloads.check(invoice)
            lines = payloads.lines(invoice)
            draft = self._draft_for(invoice, deposit)
            if draft.get("state") == "draft":
                draft = self._fill(str(draft["id"]), invoice, lines, title(invoice.number, deposit.tracking_id))
            return _receipt(draft, deposit.tracking_id)

    def find(self, tracking_id: str, number: str = "") -> Receipt | None:
        """The whole copy this transmission made. One that stopped half-way is none: `deposit` finishes it."""
        self._doubted.add(tracking_id)
        with self._session.within(DEADLINE):
            rows = self._pages(BILLINGS, type="invoice")
            try:
                row = next((row for row in rows if named(row.get("title"))[1] == tracking_id), None)
            except TooMany:
                row = None  # `deposit` looks among the customer's own
            if row is None:
                return None
            billing = self._get(_invoice_path(str(row["id"])))
            is_done = billing.get("state") != "draft" or payloads.is_whole(billing, named(row.get("title"))[0])
            return _receipt(billing, tracking_id) if is_done else None

    def acknowledgement(self, remote_id: str) -> Acknowledgement:
        """That the copy is there; Abby gives no verdict."""
        if remote_id.startswith(INCOME):
            return Acknowledgement(AckStatus.OK, "recorded")
        try:
            billing = self._get(_invoice_path(remote_id))
        except AnsweredError as error:
            if error.response.status == 404:  # deleted at Abby: the others must still be read
                return Acknowledgement(AckStatus.UNKNOWN, "http_404")
            raise
        return Acknowledgement(AckStatus.OK, str(billing.get("state", "")), (), since(billing))

    def incoming(self, cursor: str, watched: Sequence[Watched] = ()) -> Page:
        """What each watched copy says now; the same words bear the same identifier."""
        copies = [document for document in watched if not document.remote_id.startswith(INCOME)]
        return Page(tuple(filter(None, map(self._look_at, copies))), cursor)

    def _look_at(self, document: Watched) -> RemoteMessage | None:
        try:
            response = self._call("GET", _invoice_path(document.remote_id))
        except AnsweredError as error:
            if error.response.status == 404:  # deleted at Abby: the others must still be read
                return None
            raise
        billing = json_object(response)
        state = json.dumps([billing.get(name) for name in _STATE_FIELDS], default=str)
        key = f"{document.remote_id}:{hashlib.sha256(state.encode()).hexdigest()[:16]}"
        return RemoteMessage(key, "invoice", response.body, since(billing) or datetime.now(UTC))

    def fetch(self, remote_id: str) -> bytes:
        """Abby's own PDF of the copy."""
        if remote_id.startswith(INCOME):
            raise payloads.refused("Un encaissement n’a pas de fichier.", "not_offered")
        return self._call("GET", f"/v2/billing/{quote(remote_id, safe='')}/download", params={"locale": "fr"}).body

    def ping(self) -> None:
        self._call("GET", "/v2/company/me")

    def _draft_for(self, invoice: model.Invoice, deposit: Deposit) -> Mapping[str, Any]:
        """The draft of this transmission; else an empty, nameless one of this customer; else a new one.

        An empty nameless draft is what an attempt leaves that stopped between its first two calls.
        """
        customer = self._customer(invoice.buyer)
        rows = list(self._pages(BILLINGS, type="invoice", customerId=customer))
        for row in rows:
            if named(row.get("title"))[1] == deposit.tracking_id:
                return self._get(_invoice_path(str(row["id"])))
        for row in rows:
            if _is_blank(row) and customer in customers.ids_in(row.get("customer")):
                return row
        # the call takes no parameters, but an empty body is refused without a word
        created = self._call("POST", _invoice_path(customer), accept=(200, 201), json={})
        draft = json_object(created, outcome_unknown=True)
        if not draft.get("id"):
            raise unreadable(outcome_unknown=True)
        return {"state": "draft", **draft}

    def _fill(
        self, remote_id: str, invoice: model.Invoice, lines: list[dict[str, Any]], name: str
    ) -> Mapping[str, Any]:
        """Every step may be made twice: each says how the draft is to be, none adds to it."""
        billing, draft = f"/v2/billing/{quote(remote_id, safe='')}", _invoice_path(remote_id)
        self._patch(f"{billing}/title", {"title": name})
        self._patch(f"{billing}/lines", {"lines": lines})
        self._patch(f"{draft}/timeline", payloads.timeline(invoice))
        copy = self._get(draft)
        computed = copy.get("total")
        total = computed.get("amountWithTaxAfterDiscount") if isinstance(computed, dict) else None
        if total is not None and total != payloads.cents(invoice.totals.gross):
            raise payloads.refused(
                "Le total calculé par Abby n’est pas celui de la facture : corrigez ou supprimez son brouillon.",
                "amounts_differ",
            )
        answer = self._patch(f"{draft}/general-informations", payloads.general_informations(invoice))
        whole = json_object(answer, outcome_unknown=True)
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
        message = _payment(deposit)
        entry = payloads.income(message, title(message.invoice_number, deposit.tracking_id))
        if deposit.tracking_id in self._doubted:
            # the book cannot be listed: sending again might count the money twice
            raise payloads.refused(
                "Abby ne permet pas de vérifier si l’encaissement est inscrit. Regardez son livre des recettes.",
                "cannot_tell",
            )
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


def _invoice_path(key: str) -> str:
    return f"/v2/billing/invoice/{quote(key, safe='')}"


def _invoice(deposit: Deposit) -> model.Invoice:
    try:
        return cii.parse(facturx.extract(deposit.data) if deposit.syntax == "Factur-X" else deposit.data)
    except Invalid as error:
        raise RemoteError(str(error), retryable=False, code=error.code) from error


def _payment(deposit: Deposit) -> cdar.StatusMessage:
    try:
        message = cdar.parse(deposit.data)
    except Invalid as error:
        raise RemoteError(str(error), retryable=False, code=error.code) from error
    if message.status_code[:3] != "212":
        raise payloads.refused(
            "Abby ne tient que les encaissements : ce statut n’y est pas inscrit.", "no_status_taken"
        )
    return message


def _receipt(billing: Mapping[str, Any], tracking_id: str) -> Receipt:
    return Receipt(str(billing["id"]), moment(billing.get("createdAt")), tracking_id, raw=billing)


def _is_blank(row: Mapping[str, Any]) -> bool:
    return row.get("state") == "draft" and not row.get("title") and not row.get("totalAmountWithTaxAfterDiscount")


def _explained(error: AnsweredError) -> AnsweredError:
    """The failure in Abby's own words, where it has any."""
    if error.response.status == 401:
        message, code = "Abby refuse les identifiants. Vérifiez la clé dans les réglages.", "invalid_client"
    else:
        try:
            reason = str(redact(str(json_object(error.response).get("message") or "")))[:300]
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
