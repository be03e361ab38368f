"""Chorus Pro's list of a supplier's invoices, and the history of each: both come by pages, and all are read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from config.kernel.clock import PARIS
from einvoicing.platforms.answers import RemoteMessage
from einvoicing.platforms.chorus_pro import payloads, statuses
from einvoicing.platforms.chorus_pro.calls import Caller
from einvoicing.platforms.chorus_pro.payloads import InvoiceRow

HISTORY = "historique"
_MOST_PAGES = 200  # of a list that does not end
_SEARCH, _CONSULT = "factures/v1/rechercher/fournisseur", "factures/v1/consulter/historique"


class Invoices:
    """The invoices of one technical account. Chorus Pro's answers are judged again: a criterion it ignored, or takes
    by part (a number), would hand us other invoices.
    """

    def __init__(self, caller: Caller, date_format: str) -> None:
        self._caller, self._date_format = caller, date_format
        self._changed: dict[str, list[InvoiceRow]] = {}  # by flow, of the latest list

    def numbered(self, number: str) -> list[InvoiceRow]:
        return [row for row in self._search({"numeroFacture": number}) if row.number == number]

    def listed(self, flow: str) -> list[InvoiceRow]:
        """Those of the flow that `changed` gave just now."""
        return self._changed.get(flow, [])

    def of_flow(self, flow: str) -> list[InvoiceRow]:
        return [row for row in self._search({"numeroFluxDepot": flow}) if row.flow == flow]

    def changed(self, since: date) -> list[InvoiceRow]:
        """Those deposited by flow whose current status is of that day or later."""
        found = self._search({"periodeDateHeureEtatCourantDu": since.strftime(self._date_format)})
        rows = [row for row in found if row.flow]
        self._changed = {}
        for row in rows:
            self._changed.setdefault(row.flow, []).append(row)
        return rows

    def ping(self) -> None:
        self._caller.post(_SEARCH, {"numeroFacture": "0", **payloads.list_page(1, rows=1)})

    def _search(self, where: Mapping[str, Any]) -> list[InvoiceRow]:
        """Every page, each invoice once: it may move to the next page while we read."""
        found: dict[int, InvoiceRow] = {}
        for number in range(1, _MOST_PAGES + 1):
            answer = self._caller.post(_SEARCH, {**where, **payloads.list_page(number)})
            rows = payloads.invoices(answer)
            found |= {row.id: row for row in rows}
            if not rows or number >= payloads.list_pages(answer):
                break
        return list(found.values())

    def history(self, invoice_id: int, row: InvoiceRow | None = None) -> RemoteMessage:
        """Every page of its history, after its row where there is one; one that says the same bears the same id."""
        pages: list[bytes] = []
        for number in range(1, _MOST_PAGES + 1):
            answer = self._caller.post(_CONSULT, payloads.history_body(invoice_id, number))
            pages.append(answer.raw)
            if number >= payloads.history_pages(answer):
                break
        if row is not None:
            pages.insert(0, json.dumps(statuses.row_facts(row.raw), ensure_ascii=False, default=str).encode())
        data = b"[" + b",".join(pages) + b"]"
        digest = hashlib.sha256(data).hexdigest()
        moment = (row.state_at if row else None) or datetime.now(PARIS)
        return RemoteMessage(f"{invoice_id}:{digest[:16]}", HISTORY, data, moment)
