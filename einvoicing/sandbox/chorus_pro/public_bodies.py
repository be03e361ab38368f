"""The structures this Chorus Pro knows, each wanting other references; and the methods that tell of them."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse

from config.sandbox import faults
from einvoicing.sandbox.chorus_pro.access import BAD_PARAMETER, UNKNOWN, Call, answered, called, done

INTERNAL_SERVICE = "FACTURES_PUBLIQUES"  # between public bodies only


@dataclass(frozen=True, slots=True)
class Body:
    """A public body. `services`: code → whether this service wants a commitment number of its own."""

    id: int
    siret: str
    name: str
    wants_service: bool = False
    wants_engagement: bool = False
    either: bool = False
    declares_payment: bool = True
    services: tuple[tuple[str, bool], ...] = ()


BODIES: tuple[Body, ...] = (
    Body(10001, "21750001600019", "Commune de Belleville", wants_service=True, services=(("SRV01", False),)),
    Body(10002, "21350100000015", "Commune d’Exemple", wants_engagement=True, declares_payment=False),
    Body(
        10003,
        "11000201100044",
        "Ministère de l’Exemple",
        wants_service=True,
        wants_engagement=True,
        services=(("D2300000075", True), (INTERNAL_SERVICE, False)),
    ),
    Body(10004, "26750045200011", "Hôpital d’Exemple", either=True, services=(("ACHATS", False), ("TRAVAUX", True))),
    Body(10005, "18008901300028", "Établissement d’Exemple"),
)


def body_of(siret: str) -> Body | None:
    return next((body for body in BODIES if body.siret == siret), None)


def _body_by_id(key: object) -> Body | None:
    return next((body for body in BODIES if body.id == key), None)


def _service_id(body: Body, code: str) -> int:
    return body.id * 100 + [name for name, _wants in body.services].index(code)


def _unknown() -> HttpResponse:
    return answered(UNKNOWN, "La structure demandée n’existe pas", status=400)


@called(faults.READ)
def search(call: Call) -> HttpResponse:
    """structures/rechercher: by identifier; an unknown one gives an empty list."""
    criteria = call.facts.get("structure")
    if not isinstance(criteria, dict) or criteria.get("typeIdentifiantStructure") != "SIRET":
        return answered(BAD_PARAMETER, "Le type d’identifiant est obligatoire", status=400)
    found = body_of(str(criteria.get("identifiantStructure")))
    rows = [found] if found else []
    return done(
        "structures",
        listeStructures=[
            {
                "idStructureCPP": body.id,
                "typeIdentifiantStructure": "SIRET",
                "identifiantStructure": body.siret,
                "designationStructure": body.name,
                "statut": "ACTIF",
            }
            for body in rows
        ],
        parametresRetour={"nbResultatsParPage": 10, "pageCourante": 1, "pages": 1, "total": len(rows)},
    )


@called(faults.READ)
def consult(call: Call) -> HttpResponse:
    """structures/consulter: which references the body wants."""
    body = _body_by_id(call.facts.get("idStructureCPP"))
    if body is None:
        return _unknown()
    return done(
        "structures",
        idStructureCPP=body.id,
        parametres={
            "codeServiceDoitEtreRenseigne": body.wants_service,
            "numeroEJDoitEtreRenseigne": body.wants_engagement,
            "gestionNumeroEJOuCodeService": body.either,
            "statutMiseEnPaiementNestPasRemonte": not body.declares_payment,
            "estMoaUniquement": False,
        },
        informationsGenerales={"dateExpirationMotPasseCompteTech": "2027-06-30"},
    )


@called(faults.READ)
def services(call: Call) -> HttpResponse:
    """structures/rechercher/services: ten a page unless more are asked for."""
    body = _body_by_id(call.facts.get("idStructure"))
    if body is None:
        return _unknown()
    criteria = call.facts.get("parametresRechercherServicesStructure")
    most = int(criteria.get("nbResultatsParPage", 10)) if isinstance(criteria, dict) else 10
    return done(
        "structures",
        listeServices=[
            {
                "idService": _service_id(body, code),
                "codeService": code,
                "libelleService": f"Service {code}",
                "estActif": True,
                "dateDbtService": "2020-01-01 00:00",
                "dateFinService": None,
            }
            for code, _wants in body.services[:most]
        ],
    )


@called(faults.READ)
def service(call: Call) -> HttpResponse:
    """structures/consulter/service: whether this service wants a commitment number."""
    body = _body_by_id(call.facts.get("idStructure"))
    for code, wants in body.services if body else ():
        if body and _service_id(body, code) == call.facts.get("idService"):
            return done(
                "structures",
                parametres={"numeroEngagement": wants, "miseEnPaiement": body.declares_payment},
                informationsGenerales={"codeService": code, "nomService": f"Service {code}"},
            )
    return _unknown()
