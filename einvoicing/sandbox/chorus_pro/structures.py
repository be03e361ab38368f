"""The methods that tell of structures, their services, commitments, and of the technical account's own structure."""

from __future__ import annotations

import zlib
from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from config.kernel.clock import PARIS
from config.sandbox import faults
from einvoicing.sandbox.chorus_pro.access import BAD_PARAMETER, UNKNOWN, Call, answered, called, done
from einvoicing.sandbox.chorus_pro.public_bodies import (
    Body,
    Service,
    bodies_named,
    body_of,
    body_with,
    knows_engagement,
)

_FIRST_SUPPLIER = 30_000
_PASSWORD_LIFE = timedelta(days=180)


def _unknown() -> HttpResponse:
    return answered(UNKNOWN, "Aucune structure ne correspond aux critères de recherche")


@called(faults.READ)
def search(call: Call) -> HttpResponse:
    """structures/rechercher: by identifier or by name; what nobody bears is a refusal, not an empty list."""
    criteria = call.facts.get("structure") or {}
    number, words = criteria.get("identifiantStructure"), criteria.get("raisonSocialeStructure")
    if number and criteria.get("typeIdentifiantStructure") != "SIRET":
        return answered(BAD_PARAMETER, "Le type d’identifiant est obligatoire", status=400)
    if not number and not words:
        return answered(BAD_PARAMETER, "Un critère de recherche est obligatoire", status=400)
    found = [body for body in (body_of(number),) if body] if number else bodies_named(str(words))
    if criteria.get("statutStructure") == "ACTIF":
        found = [body for body in found if body.is_active]
    if not found:
        return _unknown()
    page = call.facts.get("parametres") or {}
    most, place = page.get("nbResultatsParPage") or 10, page.get("pageResultatDemandee") or 1
    rows = found[(place - 1) * most : place * most]
    return done(
        "structures",
        listeStructures=[_structure(body) for body in rows],
        parametresRetour=_paging(len(found), most, place),
    )


def _structure(body: Body) -> dict[str, Any]:
    return {
        "idStructureCPP": body.id,
        "typeIdentifiantStructure": "SIRET",
        "identifiantStructure": body.siret,
        "designationStructure": body.name,
        "statut": "ACTIF" if body.is_active else "INACTIF",
    }


def _paging(total: int, most: int, place: int) -> dict[str, int]:
    return {"nbResultatsParPage": most, "pageCourante": place, "pages": -(-total // most), "total": total}


@called(faults.READ)
def consult(call: Call) -> HttpResponse:
    """structures/consulter: which references a body wants; of the account's own, when its password ends."""
    key = call.facts.get("idStructureCPP")
    if key == supplier_of(call):
        ordered = call.injected.value("password-ends")
        ends = date.fromisoformat(ordered) if ordered else (timezone.now() + _PASSWORD_LIFE).date()
        midnight = datetime.combine(ends, time.min, PARIS).isoformat(timespec="milliseconds")
        general = {"idStructureCPP": key, "dateExpirationMotPasseCompteTech": midnight}
        return done("structures", idStructureCPP=key, parametres=_parameters(None), informationsGenerales=general)
    body = body_with(key)
    if body is None:
        return _unknown()
    return done(
        "structures",
        idStructureCPP=body.id,
        parametres=_parameters(body),
        informationsGenerales={"idStructureCPP": body.id, "identifiantStructure": body.siret},
    )


def _parameters(body: Body | None) -> dict[str, bool]:
    return {
        "codeServiceDoitEtreRenseigne": bool(body and body.wants_service),
        "numeroEJDoitEtreRenseigne": bool(body and body.wants_engagement),
        "gestionNumeroEJOuCodeService": bool(body and body.either),
        "statutMiseEnPaiementNestPasRemonte": not (body and body.declares_payment),
        "estMoaUniquement": False,
    }


@called(faults.READ)
def services(call: Call) -> HttpResponse:
    """structures/rechercher/services: ten a page unless more are asked for; those that ended stand among them."""
    body = body_with(call.facts.get("idStructure"))
    if body is None:
        return _unknown()
    page = call.facts.get("parametresRechercherServicesStructure") or {}
    most, place = page.get("nbResultatsParPage") or 10, page.get("pageResultatDemandee") or 1
    rows = body.services[(place - 1) * most : place * most]
    return done(
        "structures",
        listeServices=[
            {
                "idService": _service_id(body, service),
                "codeService": service.code,
                "libelleService": f"Service {service.code}",
                "estActif": service.is_active,
                "dateDbtService": f"{service.starts_on} 00:00",
                "dateFinService": f"{service.ends_on} 00:00" if service.ends_on else None,
            }
            for service in rows
        ],
        parametresRetour=_paging(len(body.services), most, place),
    )


def _service_id(body: Body, service: Service) -> int:
    return body.id * 100 + body.services.index(service)


@called(faults.READ)
def service(call: Call) -> HttpResponse:
    """structures/consulter/service: whether this service wants a commitment number."""
    body = body_with(call.facts.get("idStructure"))
    found = [row for row in body.services if _service_id(body, row) == call.facts.get("idService")] if body else []
    if body is None or not found:
        return answered(UNKNOWN, "Le service demandé n’existe pas")
    return done(
        "structures",
        parametres={"numeroEngagement": found[0].wants_engagement, "miseEnPaiement": body.declares_payment},
        informationsGenerales={"codeService": found[0].code, "nomService": f"Service {found[0].code}"},
    )


# -- the technical account ---------------------------------------------------------------------------------------------


def supplier_of(call: Call) -> int:
    """The structure that the technical account is attached to."""
    return _FIRST_SUPPLIER + zlib.crc32(call.account.encode())


@called(faults.READ)
def attachments(call: Call) -> HttpResponse:
    """utilisateurs/monCompte/recuperer/rattachements: the structures in whose name the account may act."""
    rows = [] if "unattached" in call.injected else [supplier_of(call)]
    return done(
        "utilisateurs",
        listeStructureRattachement=[
            {
                "idStructure": key,
                "designationStructure": "FOURNISSEUR D EXEMPLE",
                "statutRattachementStructure": "VALIDE",
            }
            for key in rows
        ],
        parametresRetour=_paging(len(rows), 10, 1),
    )


@called(faults.READ)
def commitments(call: Call) -> HttpResponse:
    """engagementsJuridiques/rechercher: a commitment of the State that was addressed to the account's structure."""
    if call.facts.get("structureReceptriceEngagementJuridique") != str(supplier_of(call)):
        return answered(BAD_PARAMETER, "La structure réceptrice n’est pas rattachée au compte", status=400)
    number = call.facts.get("numeroEngagementJuridique") or ""
    rows = [{"numeroEngagementJuridique": number}] if knows_engagement(number) else []
    return done("engagementsJuridiques", listeEngagementJuridique=rows)
