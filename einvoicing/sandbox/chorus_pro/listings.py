"""What Chorus Pro tells of a supplier's invoices: the list, and the history of each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse

from config.sandbox import faults
from config.sandbox.models import SandboxRecord
from einvoicing.sandbox.chorus_pro import flows, lives
from einvoicing.sandbox.chorus_pro.access import UNKNOWN, Call, answered, called, done


@called(faults.SEARCH)
def search(call: Call) -> HttpResponse:
    """factures/rechercher/fournisseur, by number of flow or of invoice."""
    until = flows.settle()
    criteria = call.facts.get("rechercheFactureParFournisseur")
    page = criteria if isinstance(criteria, dict) else {}
    most, place = int(page.get("nbResultatsParPage", 10)), int(page.get("pageResultatDemandee", 1))
    rows = SandboxRecord.objects.filter(service=flows.SERVICE, kind=flows.INVOICE, client_id=call.account)
    if number := call.facts.get("numeroFacture"):
        rows = rows.filter(number=str(number))
    if flow := call.facts.get("numeroFluxDepot"):
        rows = rows.filter(facts__flow=str(flow))
    total = rows.count()
    found = rows.order_by("-id")[(place - 1) * most : place * most]
    return done(
        "factures",
        listeFactures=[_row(invoice, until) for invoice in found],
        parametresRetour={
            "nbResultatsParPage": most,
            "pageCourante": place,
            "pages": -(-total // most),
            "total": total,
        },
    )


def _row(invoice: SandboxRecord, until: datetime) -> dict[str, Any]:
    latest = lives.shown(invoice, until)[-1]
    return {
        "identifiantFactureCPP": int(invoice.key),
        "numeroFacture": invoice.number,
        "numeroFluxDepot": invoice.facts["flow"],
        "statut": latest["code"],
        "commentaireEtatCourant": latest["comment"],
        "dateHeureEtatCourant": lives.written(latest["at"]),
        "dateDepot": lives.day(invoice.facts["deposited_at"]),
        "codeDestinataire": invoice.facts["recipient"],
        "codeServiceExecutant": invoice.facts["service"],
        "modeDepot": "UPLOAD_API",
        "typeFacture": "FACTURE",
        "rejetTraite": False,
    }


@called(faults.READ)
def history(call: Call) -> HttpResponse:
    """factures/consulter/historique."""
    until = flows.settle()
    invoice = invoice_of(call, call.facts.get("idFacture"))
    if invoice is None:
        return answered(UNKNOWN, "La facture demandée n’existe pas")
    if "empty-body" in call.injected:
        return HttpResponse(status=200)
    rows = lives.shown(invoice, until)
    current = rows[-1]["code"]
    if invoice.facts["delivery"] == "out-of-order":
        rows = rows[::-1]
    return done(
        "factures",
        idFacture=int(invoice.key),
        numeroFacture=invoice.number,
        statutCourantCode=current,
        modeDepot="UPLOAD_API",
        historiquesDesStatuts={
            "histoStatut": [
                {
                    "histoStatutId": row["id"],
                    "histoStatutCode": row["code"],
                    "histoStatutCommentaire": row["comment"],
                    "histoStatutDatePassage": lives.written(row["at"]),
                }
                for row in rows
            ]
        },
        historiquesDesEvenementsComplementaires={"evenement": []},
        historiquesDesActionsUtilisateurs={"histoAction": []},
    )


def invoice_of(call: Call, key: object) -> SandboxRecord | None:
    rows = SandboxRecord.objects.filter(service=flows.SERVICE, kind=flows.INVOICE, client_id=call.account)
    return rows.filter(key=str(key)).first()
