"""The Chorus Pro module: public bodies, their services, and what they want on an invoice."""

from __future__ import annotations

from typing import Any

from config.kernel.api.circumstances import without_transaction
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.operation import operation
from config.kernel.api.view import Call
from config.kernel.errors import DomainError, Invalid
from einvoicing.api import chorus_pro_shapes as shapes
from einvoicing.api.chorus_pro import ChorusView
from einvoicing.platforms.chorus_pro.structures import Structure
from einvoicing.services.public_bodies import bodies_named, checked_siret, public_body

WHICH_BODY = "Indiquez le SIRET de l’entité publique, ou des mots de son nom."


class Lookup(ChorusView):
    @operation(body=shapes.LookupBody, answer=shapes.LookupAnswer)
    @without_transaction
    @documented(
        id="chorus_entity_lookup", examples=[sent({"siret": "21750001600019", "name": "Commune de Belleville"})]
    )
    def post(self, request: Call) -> dict[str, Any]:
        """Look a public body up by SIRET: its services and what it wants on an invoice. Answers are kept 24 hours.

        Without `siret`, `name` finds it, accents and capitals aside; while Chorus Pro is away, among your own
        customers. When several bear these words, none is `found` and all are `candidates`.
        """
        company, criteria = request.caller.company, request.values
        siret, name = criteria.get("siret"), criteria.get("name", "").strip()
        if not siret and not name:
            raise Invalid(fields={"siret": WHICH_BODY})
        named = () if siret else bodies_named(company=company, name=name, at=request.at)
        if not siret and len(named) != 1:
            return {"found": False, "entity": None, "candidates": named}
        found = public_body(company=company, siret=checked_siret(siret or named[0].siret, "siret"), at=request.at)
        return {"found": found is not None, "entity": found, "candidates": ()}


class Accepts(ChorusView):
    @operation(answer=shapes.AcceptsAnswer)
    @documented(id="chorus_entity_accepts")
    def get(self, request: Call, siret: str) -> dict[str, Any]:
        """Whether a public body takes e-invoices by Chorus Pro."""
        number = checked_siret(siret, "siret")
        found = public_body(company=request.caller.company, siret=number, at=request.at)
        return {"siret": number, "accepts_e_invoices": found is not None and found.is_active}


class NoSuchBody(DomainError):
    code = "not_found"
    message = "Chorus Pro ne connaît aucune entité publique sous ce SIRET."
    status = 404


class Services(ChorusView):
    @operation(answer=shapes.ServiceShape, many=True)
    @documented(id="chorus_entity_services")
    def get(self, request: Call, siret: str) -> Any:
        """The services of a public body, by name; an invoice goes to one that is active."""
        number = checked_siret(siret, "siret")
        found: Structure | None = public_body(company=request.caller.company, siret=number, at=request.at)
        if found is None:
            raise NoSuchBody
        return found.services
