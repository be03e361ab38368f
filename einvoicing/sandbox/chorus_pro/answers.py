"""What a supplier may answer to Chorus Pro: another service (recycler), the missing documents (completer)."""

from __future__ import annotations

from django.http import HttpResponse

from config.sandbox import faults
from config.sandbox.models import SandboxRecord
from einvoicing.sandbox.chorus_pro import flows, lives
from einvoicing.sandbox.chorus_pro.access import BAD_PARAMETER, Call, answered, called, done
from einvoicing.sandbox.chorus_pro.deposits import lost
from einvoicing.sandbox.chorus_pro.listings import invoice_of


def _in_state(call: Call, status: str) -> SandboxRecord | None:
    until = flows.settle()
    invoice = invoice_of(call, call.facts.get("identifiantFactureCPP"))
    return invoice if invoice and lives.shown(invoice, until)[-1]["code"] == status else None


@called(faults.ANSWER)
def recycle(call: Call) -> HttpResponse:
    """factures/recycler: only an invoice « A_RECYCLER »; to a service its body does not have, it comes back."""
    invoice = _in_state(call, "A_RECYCLER")
    to = call.facts.get("destinataire")
    if invoice is None or not isinstance(to, dict) or to.get("codeDestinataire") != invoice.facts["recipient"]:
        return answered(BAD_PARAMETER, "La facture n’est pas au statut A_RECYCLER")
    references = call.facts.get("reference")
    engagement = str(references.get("numeroBonCommande") or "") if isinstance(references, dict) else ""
    service, comment = str(to.get("codeServiceExecutant") or ""), str(call.facts.get("commentaire") or "")
    lives.recycle(invoice, service=service, engagement=engagement, comment=comment)
    return lost(call) or done(
        "factures",
        identifiantFactureCPP=int(invoice.key),
        numeroFacture=invoice.number,
        statutFacture="EN_COURS_ACHEMINEMENT",
    )


@called(faults.ANSWER)
def complete(call: Call) -> HttpResponse:
    """factures/completer: only an invoice « SUSPENDUE », with documents uploaded before."""
    invoice = _in_state(call, "SUSPENDUE")
    pieces = call.facts.get("pieceJointeComplementaire") or []
    keys = [str(piece.get("pieceJointeComplementaireId")) for piece in pieces]
    uploaded = SandboxRecord.objects.filter(service=flows.SERVICE, kind="piece", client_id=call.account)
    names = [piece.facts["name"] for piece in uploaded.filter(key__in=keys).order_by("id")]
    if invoice is None or len(names) != len(keys):
        return answered(BAD_PARAMETER, "La facture n’est pas au statut SUSPENDUE, ou une pièce jointe manque")
    lives.complete(invoice, comment=str(call.facts.get("commentaire") or ""), names=names)
    return lost(call) or done("factures", identifiantFactureCPP=int(invoice.key), numeroFacture=invoice.number)
