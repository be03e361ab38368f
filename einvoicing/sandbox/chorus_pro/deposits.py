"""Depositing flows and documents at Chorus Pro, and the report of a flow."""

from __future__ import annotations

import base64
import binascii

from django.http import HttpResponse

from config.sandbox import faults
from config.sandbox.breaking import cut
from config.sandbox.models import SandboxRecord
from einvoicing.sandbox.chorus_pro import flows, lives
from einvoicing.sandbox.chorus_pro.access import (
    BAD_PARAMETER,
    TOO_LARGE,
    UNATTACHED,
    UNKNOWN,
    Call,
    answered,
    called,
    done,
)
from einvoicing.sandbox.views import most_bytes

# the enumeration of the published interface, whole
SYNTAXES = frozenset(
    {
        "IN_DP_E1_CII",
        "IN_DP_E1_CII_16B",
        "IN_DP_E1_PES_FACTURE",
        "IN_DP_E1_UBL_INVOICE",
        "IN_DP_E1_XCBL",
        "IN_DP_E2_CII_FACTURX",
        "IN_DP_E2_CII_MIN",
        "IN_DP_E2_CII_MIN_16B",
        "IN_DP_E2_CPP_FACTURE_MIN",
        "IN_DP_E2_PES_FACTURE_MIN",
        "IN_DP_E2_UBL_INVOICE_MIN",
        "IN_DP_PDFARCHIVE_CII_MUG",
        "IN_DP_PDFARCHIVE_UBL_INVOICE_MUG",
    }
)
_LONGEST_NAME = 50
_LARGEST_ATTACHMENT = 10 * 1024 * 1024
_DELIVERIES = ("silent", "out-of-order")


@called(faults.HEALTH, method="GET")
def health_check(_call: Call) -> HttpResponse:
    return HttpResponse(status=200)


@called(faults.DEPOSIT)
def deposit(call: Call) -> HttpResponse:
    """factures/deposer/flux."""
    name, syntax = call.facts.get("nomFichier"), call.facts.get("syntaxeFlux")
    if syntax not in SYNTAXES:
        return answered(BAD_PARAMETER, "La syntaxe du flux n’est pas reconnue", status=400)
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        return answered(BAD_PARAMETER, "Le nom du fichier doit compter 50 caractères au plus", status=400)
    data = _decoded(call.facts.get("fichierFlux"))
    if data is None or not isinstance(call.facts.get("avecSignature"), bool):
        return answered(BAD_PARAMETER, "fichierFlux (base64) et avecSignature sont obligatoires", status=400)
    if len(data) > most_bytes():
        return answered(TOO_LARGE, "Le fichier dépasse la taille autorisée", status=400)
    if "unattached" in call.injected:
        return answered(UNATTACHED, "Le fournisseur n’est pas rattaché au compte technique")
    flow = flows.deposit(
        account=call.account,
        data=data,
        name=name,
        syntax=syntax,
        behaviour=_behaviour(call),
        delivery=next((kind for kind in _DELIVERIES if kind in call.injected), ""),
    )
    return _after_acceptance(call, flow)


def _after_acceptance(call: Call, flow: SandboxRecord) -> HttpResponse:
    """The flow is kept; what the client learns of it may be another matter."""
    if answer := lost(call):
        return answer
    if "refuse-duplicates" in call.injected and _is_copy(flow):
        flows.drop(flow)
        return answered(UNKNOWN, flows.DUPLICATE)
    facts = {"numeroFluxDepot": flow.key, "dateDepot": lives.day(flow.facts["at"]), "syntaxeFlux": flow.facts["syntax"]}
    return done("factures", **facts)


def lost(call: Call) -> HttpResponse | None:
    """What was done is done; the answer that should tell it goes astray."""
    if "reset-after-accept" in call.injected:
        cut(call.request)
    if "accepted-then-500" in call.injected:
        return answered(500, "Erreur technique", status=500)
    return HttpResponse(status=200) if "empty-body" in call.injected else None


def _is_copy(flow: SandboxRecord) -> bool:
    flows.settle()
    flow.refresh_from_db()
    return any(row.get("libelleErreurDP") == flows.DUPLICATE for row in flow.facts["invoices"])


def _behaviour(call: Call) -> str:
    ordered = call.injected.value("buyer") or call.request.headers.get("X-Sandbox-Buyer", "")
    return ordered if ordered in flows.BEHAVIOURS else ""


def _decoded(text: object) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        return None


@called(faults.READ)
def flow_report(call: Call) -> HttpResponse:
    """transverses/consulterCRDetaille."""
    flows.settle()
    rows = SandboxRecord.objects.filter(service=flows.SERVICE, kind=flows.FLOW, client_id=call.account)
    flow = rows.filter(key=str(call.facts.get("numeroFluxDepot"))).first()
    if flow is None:
        return answered(UNKNOWN, "Aucun flux ne porte ce numéro")
    if "empty-body" in call.injected:
        return HttpResponse(status=200)
    return done(
        "transverses",
        codeInterfaceDepotFlux="FSO1117A",
        dateDepotFlux=flow.facts["at"],
        dateHeureEtatCourantFlux=flow.facts["state_at"],
        etatCourantDepotFlux=flow.facts["state"],
        nomFichier=flow.facts["name"],
        listeErreurTechnique=flow.facts["technical"],
        listeErreurDP=flow.facts["invoices"],
    )


@called(faults.DEPOSIT)
def attach(call: Call) -> HttpResponse:
    """transverses/ajouter/fichier: 10 MB and 50 characters at most."""
    data, name = _decoded(call.facts.get("pieceJointeFichier")), call.facts.get("pieceJointeNom")
    if data is None or not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        return answered(BAD_PARAMETER, "pieceJointeFichier (base64) et pieceJointeNom sont obligatoires", status=400)
    if len(data) > _LARGEST_ATTACHMENT:
        return answered(TOO_LARGE, "La pièce jointe dépasse 10 Mo", status=400)
    piece = flows.keep_attachment(account=call.account, name=name, data=data)
    return done("factures", pieceJointeId=int(piece.key))
