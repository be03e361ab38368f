"""« Vérifier dans l’annuaire »: what the directory says of the customer being typed, without losing what was typed."""

from __future__ import annotations

import json
import unicodedata
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from config.kernel.access import MemberRequest, member
from config.kernel.editing import READ_VERSION
from config.kernel.errors import Invalid
from config.kernel.htmx import is_part
from config.kernel.identifiers import siren as siren_number
from config.kernel.identifiers import siret as siret_number
from config.kernel.identifiers import vat
from config.kernel.middleware import say, translated
from customers.forms import CustomerForm
from customers.models import Customer
from customers.views.customers import load_customer
from einvoicing.platforms.afnor.directory import DISABLED, ENABLED, UPCOMING, DirectoryLine, Unit
from einvoicing.services.directory import NO_PLATFORM, look_up

STATES: dict[str, tuple[Any, str]] = {
    ENABLED: (gettext_lazy("Active"), "good"),
    UPCOMING: (gettext_lazy("À venir"), "info"),
    DISABLED: (gettext_lazy("Sans plateforme"), "bad"),
}
# what an answer of the directory may put into the form
FILLABLE = frozenset(
    [
        "electronic_address",
        "service_code",
        "is_public_body",
        "requires_service_code",
        "requires_commitment",
        "name",
        "vat_number",
        "billing_line",
        "billing_postcode",
        "billing_city",
        "billing_country",
    ]
)


@require_http_methods(["GET", "POST"])
@member("customers.edit")
def directory_lookup(request: HttpRequest) -> HttpResponse:
    """The answer alone for HTMX; else the customer's form again, as it was typed, with the answer in it.

    A POST is that form sent here by its button (or by a button `fill` of the answer): it writes nothing.
    """
    typed = request.POST if request.method == "POST" else request.GET
    pk = request.GET.get("customer", "")
    customer = load_customer(int(pk)) if pk.isascii() and pk.isdigit() and len(pk) < 20 else None
    context: dict[str, Any] = {"customer": customer, "directory": _answer(request, typed, customer)}
    if is_part(request):
        return render(request, "einvoicing/_directory.html", context)
    form = CustomerForm(company=cast(MemberRequest, request).membership.company, customer=customer)
    form.given_version = typed.get(READ_VERSION, "")
    given = form.fields if request.method == "POST" else [name for name in form.fields if name in typed]
    form.initial.update({name: typed.get(name, "") for name in given} | _fill(typed.get("fill", "")))
    action = reverse("customers:customer-edit", args=[customer.pk]) if customer else reverse("customers:customer-new")
    return render(request, "customers/customer/form.html", context | {"form": form, "action": action})


def _fill(text: str) -> dict[str, Any]:
    """What a button of the answer puts into the form; nothing when it was tampered with."""
    try:
        values = json.loads(text) if text else {}
    except ValueError:
        return {}
    return {name: values[name] for name in FILLABLE & set(values)} if isinstance(values, dict) else {}


def _answer(request: HttpRequest, typed: Any, customer: Customer | None) -> dict[str, Any]:
    """The answer as `_directory.html` shows it. The numbers are checked here first, without the network."""
    company = cast(MemberRequest, request).membership.company
    siret, siren = typed.get("siret", "").strip()[:30], typed.get("siren", "").strip()[:20]
    if not siret and not siren:
        return {"wrong": _("Indiquez d’abord un SIRET ou un SIREN.")}
    try:
        siret = siret_number.validate(siret) if siret else ""
        siren = siret[:9] or siren_number.validate(siren)
    except Invalid as error:
        return {"wrong": say(error)}
    code = typed.get("service_code", "").strip()[:100]
    found = look_up(company=company, siren=siren, siret=siret, service_code=code, at=timezone.now())
    return {
        "found": found,
        "no_establishment": bool(siret and found.unit and not found.unit.siret),
        "no_platform": found.problem == NO_PLATFORM,
        "problem": translated(found.problem) if found.problem else "",
        "lines": [_shown(line) for line in found.lines],
        "needs": _needs(found.unit),
        "needs_fill": _needs_fill(found.unit),
        "identity_fill": _identity_fill(found.unit, siren),
        "is_seller": siren == company.siren,
        "other_name": found.unit.name if found.unit and _differs(typed.get("name", ""), found.unit.name) else "",
        "same_siren": _of_same_siren(siren, customer),
    }


def _identity_fill(unit: Unit | None, siren: str) -> str:
    """The name, the VAT number and, of an establishment, the address; nothing that the directory does not say."""
    if unit is None or unit.is_closed:
        return ""
    values = {
        "name": unit.name,
        "vat_number": "" if unit.is_public else vat.from_siren(siren),
        "billing_line": unit.street,
        "billing_postcode": unit.postcode,
        "billing_city": unit.city,
        "billing_country": "FR" if unit.street else "",
    }
    return json.dumps({name: text for name, text in values.items() if text}, ensure_ascii=False)


def _differs(typed: str, known: str) -> bool:
    """Whether a name typed is another than the directory's, capitals, accents and punctuation aside."""
    return bool(typed.strip() and known) and _letters(typed) != _letters(known)


def _letters(name: str) -> str:
    return "".join(character for character in unicodedata.normalize("NFKD", name).casefold() if character.isalnum())


def _of_same_siren(siren: str, customer: Customer | None) -> list[Customer]:
    """The customers that already have it, the one being edited left out."""
    rows = Customer.objects.active().filter(siren=siren).order_by("name", "pk")
    return list(rows.exclude(pk=customer.pk)[:5] if customer else rows[:5])


def _shown(line: DirectoryLine) -> dict[str, Any]:
    label, tone = STATES.get(line.status, (line.status, "neutral"))
    values = {"electronic_address": line.addressing_identifier}
    if line.routing_code:
        values["service_code"] = line.routing_code
    return {"row": line, "words": label, "tone": tone, "fill": json.dumps(values), "usable": line.status != DISABLED}


def _needs(unit: Unit | None) -> list[str]:
    """What a public body wants on its invoices, in words."""
    if unit is None:
        return []
    needs_each = unit.needs_service_code or unit.needs_commitment
    sentences = (
        (unit.needs_service_code, _("Le code service est exigé (BT-10).")),
        (unit.needs_commitment, _("Le numéro d’engagement est exigé (BT-13).")),
        (unit.needs_either and not needs_each, _("Un code service ou un numéro d’engagement est exigé.")),
    )
    return [sentence for needed, sentence in sentences if needed]


def _needs_fill(unit: Unit | None) -> str:
    if unit is None or not unit.is_public:
        return ""
    needed = {"requires_service_code": unit.needs_service_code, "requires_commitment": unit.needs_commitment}
    return json.dumps({"is_public_body": True, **needed})
