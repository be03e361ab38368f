"""What Chorus Pro tells of a supplier's invoices: the list, and the history of each. Both come by pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from django.http import HttpResponse

from config.kernel.clock import PARIS
from config.sandbox import faults
from config.sandbox.models import SandboxRecord
from einvoicing.sandbox.chorus_pro import flows, lives
from einvoicing.sandbox.chorus_pro.access import BAD_PARAMETER, UNKNOWN, Call, answered, called, done

_USUAL, _MOST = 10, 100  # rows of a page: unless more are asked for, and whatever is asked for
_SENSES = {"Ascendant": False, "Descendant": True}


class BadCriterion(Exception):
    """A value that the method does not understand: it answers with a refusal, not with everything."""


@dataclass(frozen=True, slots=True)
class Page:
    size: int
    number: int
    column: str
    descending: bool

    @property
    def rows(self) -> slice:
        return slice((self.number - 1) * self.size, self.number * self.size)

    def pages(self, total: int) -> int:
        return -(-total // self.size)


def page_of(given: object, suffix: str = "", *, columns: Mapping[str, object], usual: str) -> Page:
    """The paging that was asked for, with the usual one where nothing was. Raises BadCriterion."""
    asked = given if isinstance(given, dict) else {}
    size, number = asked.get(f"nbResultatsParPage{suffix}", _USUAL), asked.get(f"pageResultatDemandee{suffix}", 1)
    column, sense = asked.get(f"triColonne{suffix}", usual), asked.get(f"triSens{suffix}", "Descendant")
    if not isinstance(size, int) or not isinstance(number, int) or min(size, number) < 1:
        raise BadCriterion("La pagination est incorrecte")
    if column not in columns or sense not in _SENSES:
        raise BadCriterion("Le tri est incorrect")
    return Page(min(size, _MOST), number, column, _SENSES[sense])


@dataclass(frozen=True, slots=True)
class Listed:
    """An invoice with its current status."""

    invoice: SandboxRecord
    current: Mapping[str, Any]

    @property
    def current_day(self) -> date:
        return _paris_day(self.current["at"])


_COLUMNS: Mapping[str, Callable[[Listed], Any]] = {
    "IdentifiantFactureCPP": lambda row: row.invoice.pk,
    "NumeroFacture": lambda row: row.invoice.number,
    "DateHeureEtatCourant": lambda row: (row.current["at"], row.invoice.pk),
}
# what each period is about
_PERIODS: Mapping[str, Callable[[Listed], date | None]] = {
    "periodeDateHeureEtatCourant": lambda row: row.current_day,
    "periodeDateDepot": lambda row: _paris_day(row.invoice.facts["deposited_at"]),
    "periodeDateFacture": lambda row: _day_or_none(row.invoice.facts["listed"]["dateFacture"]),
}


@called(faults.SEARCH)
def search(call: Call) -> HttpResponse:
    """factures/rechercher/fournisseur. The criteria combine; a number is searched by part."""
    until = flows.settle()
    try:
        page = page_of(
            call.facts.get("rechercheFactureParFournisseur"), columns=_COLUMNS, usual="IdentifiantFactureCPP"
        )
        criteria = _criteria(call.facts)
    except BadCriterion as error:
        return answered(BAD_PARAMETER, str(error), status=400)
    found = [row for row in _listed(call, until) if all(criterion(row) for criterion in criteria)]
    found.sort(key=_COLUMNS[page.column], reverse=page.descending)
    return done(
        "factures",
        listeFactures=[_row(row) for row in found[page.rows]],
        parametresRetour={
            "nbResultatsParPage": page.size,
            "pageCourante": page.number,
            "pages": page.pages(len(found)),
            "total": len(found),
        },
    )


def _listed(call: Call, until: datetime) -> list[Listed]:
    rows = SandboxRecord.objects.filter(service=flows.SERVICE, kind=flows.INVOICE, client_id=call.account)
    if number := call.facts.get("numeroFacture"):
        rows = rows.filter(number__icontains=str(number))
    if flow := call.facts.get("numeroFluxDepot"):
        rows = rows.filter(facts__flow=str(flow))
    return [Listed(invoice, lives.shown(invoice, until)[-1]) for invoice in rows.defer("content")]


def _criteria(given: Mapping[str, Any]) -> list[Callable[[Listed], bool]]:
    """What each row must fulfil. Raises BadCriterion."""
    found: list[Callable[[Listed], bool]] = []
    if kind := given.get("typeFacture"):
        found.append(lambda row: bool(row.invoice.facts["listed"]["typeFacture"] == kind))
    if statuses := given.get("statutCourant"):
        if not isinstance(statuses, list):
            raise BadCriterion("statutCourant est une liste")
        found.append(lambda row: row.current["code"] in statuses)
    for name, day in _PERIODS.items():
        first, last = _typed_day(given, f"{name}Du"), _typed_day(given, f"{name}Au")
        if first or last:
            found.append(partial(_is_within, day, first or date.min, last or date.max))
    return found


def _typed_day(given: Mapping[str, Any], name: str) -> date | None:
    day = lives.typed_day(given.get(name))
    if given.get(name) and day is None:
        raise BadCriterion(f"{name} est incorrecte")
    return day


def _is_within(day: Callable[[Listed], date | None], first: date, last: date, row: Listed) -> bool:
    found = day(row)
    return found is not None and first <= found <= last


def _paris_day(text: str) -> date:
    return datetime.fromisoformat(text).astimezone(PARIS).date()


def _day_or_none(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _row(row: Listed) -> dict[str, Any]:
    invoice, facts = row.invoice, row.invoice.facts
    return {
        "identifiantFactureCPP": int(invoice.key),
        "numeroFacture": invoice.number,
        "numeroFluxDepot": facts["flow"],
        "statut": row.current["code"],
        "commentaireEtatCourant": row.current["comment"],
        "dateHeureEtatCourant": lives.written(row.current["at"]),
        "dateDepot": lives.day(facts["deposited_at"]),
        "codeDestinataire": facts["recipient"],
        "codeServiceExecutant": facts["service"],
        "modeDepot": "UPLOAD_API",
        "devise": "EUR",
        "rejetTraite": False,
        **facts["listed"],
    }


@called(faults.READ)
def history(call: Call) -> HttpResponse:
    """factures/consulter/historique: the latest statuses first, ten a page unless told."""
    until = flows.settle()
    invoice = invoice_of(call, call.facts.get("idFacture"))
    if invoice is None:
        return answered(UNKNOWN, "La facture demandée n’existe pas")
    if "empty-body" in call.injected:
        return HttpResponse(status=200)
    try:
        columns = {"HistoStatutDatePassage": "at", "HistoStatutCode": "code"}
        asked = call.facts.get("paramRechercheHistoStatuts")
        page = page_of(asked, "ListeHistoStatut", columns=columns, usual="HistoStatutDatePassage")
    except BadCriterion as error:
        return answered(BAD_PARAMETER, str(error), status=400)
    rows = lives.shown(invoice, until)
    current = rows[-1]["code"]
    if "cut-history" in call.injected:
        rows = rows[:1]
    rows = sorted(rows, key=lambda row: (row[columns[page.column]], row["id"]), reverse=page.descending)
    if invoice.facts["delivery"] == "out-of-order":
        rows = rows[::-1]
    return done(
        "factures",
        idFacture=int(invoice.key),
        numeroFacture=invoice.number,
        statutCourantCode=current,
        modeDepot="UPLOAD_API",
        historiquesDesStatuts={
            "histoStatut": [_passage(row) for row in rows[page.rows]],
            "nbResultatsParPageHistoStatut": page.size,
            "pageCouranteHistoStatut": page.number,
            "pagesHistoStatut": page.pages(len(rows)),
            "totalHistoStatut": len(rows),
        },
        historiquesDesEvenementsComplementaires={"evenement": []},
        historiquesDesActionsUtilisateurs={"histoAction": []},
    )


def _passage(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "histoStatutId": row["id"],
        "histoStatutCode": row["code"],
        "histoStatutCommentaire": row["comment"],
        "histoStatutDatePassage": lives.written(row["at"]),
    }


def invoice_of(call: Call, key: object) -> SandboxRecord | None:
    rows = SandboxRecord.objects.filter(service=flows.SERVICE, kind=flows.INVOICE, client_id=call.account)
    return rows.filter(key=str(key)).first()
