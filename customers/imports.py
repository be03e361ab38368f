"""Customers and suppliers from other software: what its columns are called, and how a row is understood."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as n

from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.folding import fold
from config.kernel.forms import TextField
from config.kernel.identifiers import siren, siret, vat
from config.kernel.importing.guessing import plain_head
from config.kernel.importing.kinds import ImportColumn, ImportKind, Sign, declare_kind
from config.kernel.models import Company
from customers.adding import NewCustomer, add_customers, complete_customer
from customers.countries import CODES
from customers.fec_third_parties import read_fec
from customers.models import Customer, CustomerKind, PaymentTerms
from customers.services import clean_identity, ensure_terms

COUNTRIES = {
    "france": "FR", "allemagne": "DE", "germany": "DE", "belgique": "BE", "belgium": "BE", "suisse": "CH",
    "switzerland": "CH", "luxembourg": "LU", "espagne": "ES", "spain": "ES", "italie": "IT", "italy": "IT",
    "pays bas": "NL", "netherlands": "NL", "royaume uni": "GB", "united kingdom": "GB", "portugal": "PT",
    "irlande": "IE", "ireland": "IE", "autriche": "AT", "austria": "AT", "monaco": "MC", "guadeloupe": "GP",
    "martinique": "MQ", "la reunion": "RE", "reunion": "RE", "guyane": "GF", "mayotte": "YT", "etats unis": "US",
    "united states": "US", "canada": "CA", "maroc": "MA", "tunisie": "TN", "algerie": "DZ", "pologne": "PL",
}  # fmt: skip
PERSONS = frozenset(("particulier", "individu", "individual", "personne physique", "b2c", "person"))
FIRMS = frozenset(
    ("", "organisation", "organization", "societe", "entreprise", "professionnel", "company", "b2b", "personne morale")
)
SIDES = {
    "": (True, False), "client": (True, False), "customer": (True, False), "fournisseur": (False, True),
    "supplier": (False, True), "client et fournisseur": (True, True), "les deux": (True, True),
}  # fmt: skip
LEGAL_FORMS = frozenset(
    ("sarl", "sas", "sasu", "eurl", "sa", "sci", "snc", "scop", "societe", "ste", "ets", "et", "cie")
)
WRITTEN = ("name", "email", "phone", "siren", "siret", "vat_number", "group", "notes")
ADDRESS = ("line", "extra", "postcode", "city", "country")


class Country(TextField):
    """Two letters, or the name of a country that we trade with; nothing is France."""

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        code = COUNTRIES.get(plain_head(text), text.upper())
        if code and code not in CODES:
            raise ValidationError(_("Ce pays n’existe pas. Écrivez son code à deux lettres, par exemple FR."))
        return code


class OneOf(TextField):
    """A word among some, whatever its capitals and accents."""

    def __init__(self, words: frozenset[str] | Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.words = words

    def clean(self, value: Any) -> str:
        word = plain_head(str(super().clean(value)))
        if word not in self.words:
            known = ", ".join(sorted(filter(None, self.words)))
            raise ValidationError(
                _("Ce mot n’est pas compris. Écrivez l’un de ceux-ci : %(words)s.") % {"words": known}
            )
        return word


def _text(longest: int) -> TextField:
    return TextField(required=False, max_length=longest)


def _is_email(text: str) -> bool:
    return bool(re.fullmatch(r"[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}", text))


COLUMNS = (
    ImportColumn(
        name="name", label=_("Raison sociale"), field=_text(200),
        heads=("nom", "name", "client", "societe", "entreprise", "company", "company name", "denomination", "tiers",
               "nom du client", "nom client", "nom de l entreprise", "customer", "customer name", "compauxlib"),
    ),
    ImportColumn(
        name="kind", label=_("Type"), field=OneOf(PERSONS | FIRMS),
        heads=("type de client", "type client", "nature", "categorie", "kind"),
        holds=lambda text: plain_head(text) in (PERSONS | FIRMS) - {""},
    ),
    ImportColumn(
        name="side", label=_("Rôle"), field=OneOf(SIDES), heads=("client fournisseur", "type de tiers", "role"),
        holds=lambda text: plain_head(text) in SIDES.keys() - {""},
    ),
    ImportColumn(
        name="siret", label="SIRET", field=_text(30), heads=("n siret", "numero siret", "no siret"),
        holds=siret.is_valid,
    ),
    ImportColumn(
        name="siren", label="SIREN", field=_text(20), heads=("n siren", "numero siren", "rcs"), holds=siren.is_valid
    ),
    ImportColumn(
        name="vat_number", label=_("N° de TVA"), field=_text(30),
        heads=("tva", "numero de tva", "tva intracommunautaire", "n tva", "n tva intracommunautaire", "vat",
               "vat number", "n de tva intracommunautaire", "numero de tva intracommunautaire", "tva intra"),
        holds=vat.is_valid,
    ),
    ImportColumn(
        name="email", label=_("Adresse e-mail"), field=forms.EmailField(required=False),
        heads=("email", "e mail", "mail", "courriel", "adresse email", "adresse mail"), holds=_is_email,
    ),
    ImportColumn(
        name="phone", label=_("Téléphone"), field=_text(30),
        heads=("tel", "phone", "telephone fixe", "portable", "mobile", "phone number"),
        holds=lambda text: bool(re.fullmatch(r"(\+|00|0)[0-9][0-9 .()-]{7,}", text)),
    ),
    ImportColumn(
        name="line", label=_("Adresse"), field=_text(200),
        heads=("adresse 1", "adresse ligne 1", "rue", "voie", "numero et voie", "address", "address 1", "street",
               "adresse de facturation", "address line 1", "ligne 1"),
    ),
    ImportColumn(
        name="extra", label=_("Complément"), field=_text(200),
        heads=("complement d adresse", "complement adresse", "adresse 2", "adresse ligne 2", "address 2",
               "address line 2", "ligne 2"),
    ),
    ImportColumn(
        name="postcode", label=_("Code postal"), field=_text(12),
        heads=("cp", "codepostal", "postcode", "zip", "zip code", "postal code"),
        holds=lambda text: bool(re.fullmatch("[0-9]{4,5}", text)),
    ),
    ImportColumn(name="city", label=_("Ville"), field=_text(100), heads=("commune", "city", "town", "localite")),
    ImportColumn(
        name="country", label=_("Pays"), field=Country(required=False, max_length=60),
        heads=("country", "code pays", "country code"), holds=lambda text: plain_head(text) in COUNTRIES,
    ),
    ImportColumn(
        name="terms", label=_("Règlement"), field=_text(80),
        heads=("conditions de reglement", "delai de paiement", "delai", "echeance", "conditions de paiement",
               "condition de reglement", "mode de reglement", "payment terms", "terms"),
    ),
    ImportColumn(
        name="first_name", label=_("Prénom"), field=_text(100), heads=("first name", "firstname", "prenom du contact")
    ),
    ImportColumn(
        name="last_name", label=_("Nom de famille"), field=_text(99),
        heads=("last name", "lastname", "nom du contact", "contact"),
    ),
    ImportColumn(
        name="group", label=_("Groupe de clients"), field=_text(40), heads=("groupe", "famille", "segment", "group")
    ),
    ImportColumn(
        name="notes", label=_("Notes internes"),
        field=TextField(required=False, max_length=5_000, widget=forms.Textarea),
        heads=("notes", "note", "commentaire", "commentaires", "remarques", "comment"),
    ),
)  # fmt: skip


def _facts(company: Company) -> dict[str, PaymentTerms]:
    """The company's payment terms by name, and by their days where these say all; '' for the usual ones."""
    usual = ensure_terms(company.pk)
    terms = list(PaymentTerms.objects.filter(company=company))
    by_days = {str(row.days): row for row in terms if not (row.end_of_month or row.month_first)}
    return {**by_days, **{f"{days} jours": row for days, row in by_days.items()}, "": usual} | {
        fold(row.name): row for row in terms
    }


def _understand(values: dict[str, Any], terms: Mapping[str, PaymentTerms]) -> dict[str, Any]:
    """Raises Invalid."""
    given = frozenset(name for name, value in values.items() if value)
    is_person = values["kind"] in PERSONS or (not values["kind"] and _looks_like_a_person(values))
    identity = {name: values[name] for name in WRITTEN}
    identity["kind"] = CustomerKind.INDIVIDUAL if is_person else CustomerKind.ORGANISATION
    identity |= {"electronic_address": "", "service_code": "", "exemption_code": "", "is_public_body": False}
    identity |= {"requires_service_code": False, "requires_commitment": False}
    identity |= {"first_name": values["first_name"], "last_name": values["last_name"] or values["name"][:99]}
    identity["is_customer"], identity["is_supplier"] = SIDES[values["side"]]
    identity["terms"] = terms.get(fold(values["terms"]))
    if identity["terms"] is None:
        raise Invalid(
            fields={"terms": n("Ces conditions de règlement n’existent pas. Créez-les, ou écrivez des jours.")}
        )
    if is_person and (firm := next((name for name in ("siret", "siren", "vat_number") if values[name]), "")):
        raise Invalid(fields={firm: n("Un particulier n’a ni SIREN, ni SIRET, ni numéro de TVA.")})
    contact = "" if is_person else f"{values['first_name']} {values['last_name']}".strip()
    clean = clean_identity(identity)
    derived = {name for name in ("siren", "electronic_address", "last_name", "name") if clean[name] and clean["kind"]}
    known = given | (derived if given & {"siret", "siren", "name", "last_name"} else frozenset())
    return {"row": NewCustomer(clean, _address(values), contact, frozenset(known))}


def _looks_like_a_person(values: Mapping[str, Any]) -> bool:
    return bool(values["last_name"]) and not any(values[name] for name in ("name", "siren", "siret", "vat_number"))


def _address(values: Mapping[str, Any]) -> dict[str, str]:
    address = {name: values[name] for name in ADDRESS} | {"country": values["country"] or "FR"}
    if address["country"] == "FR" and re.fullmatch("[0-9]{4}", address["postcode"]):
        # a spreadsheet takes a postcode for a number: 01000 is left as 1000
        address["postcode"] = f"0{address['postcode']}"
    return address


def _signs(values: Mapping[str, Any]) -> list[Sign]:
    """By what a row is looked for. One with a SIRET is an establishment: another's SIREN and name are no likeness."""
    identity = values["row"].identity
    if not identity["siret"]:
        return _weak_signs(identity, "any")
    return [("siret", f"{identity['siret']} {identity['service_code']}"), *_weak_signs(identity, "no siret")]


def _borne(values: Mapping[str, Any]) -> list[Sign]:
    return _borne_by(values["row"].identity)


def _borne_by(identity: Mapping[str, Any]) -> list[Sign]:
    """By what a record is found."""
    if not identity["siret"]:
        return [*_weak_signs(identity, "any"), *_weak_signs(identity, "no siret")]
    return [("siret", f"{identity['siret']} {identity['service_code']}"), *_weak_signs(identity, "any")]


def _weak_signs(identity: Mapping[str, Any], among: str) -> list[Sign]:
    words = [word for word in plain_head(identity["name"]).split() if word not in LEGAL_FORMS]
    values = (
        ("siren", identity["siren"]),
        ("vat", identity["vat_number"]),
        ("email", identity["email"].casefold()),
        ("name", " ".join(words)),
    )
    return [(sign, f"{among}: {value}") for sign, value in values if value]


def _known(company: Company) -> dict[Sign, tuple[int, str]]:
    found: dict[Sign, tuple[int, str]] = {}
    columns = ("pk", "name", "siret", "service_code", "siren", "vat_number", "email", "merged_into_id")
    # of several that resemble, the first one made, and before those that are archived
    rows = Customer.everywhere.filter(company=company).order_by("archived_at", "-created_at", "-pk").values(*columns)
    for identity in rows.iterator():
        owner = identity["merged_into_id"] or identity["pk"]
        found |= dict.fromkeys(_borne_by(identity), (owner, identity["name"]))
    return found


def _create(company: Company, rows: Sequence[dict[str, Any]], actor: Actor, at: datetime) -> list[Customer]:
    return add_customers(company=company, rows=[values["row"] for values in rows], actor=actor, at=at)


def _update(pk: int, values: dict[str, Any], actor: Actor, at: datetime) -> Customer:
    customer = Customer.objects.get(pk=pk)
    return complete_customer(customer=customer, row=values["row"], actor=actor, at=at)


declare_kind(
    ImportKind(
        name="customers",
        label=_("Clients et fournisseurs"),
        icon="users",
        needs="customers.edit",
        page="customers:customer-list",
        columns=COLUMNS,
        wanted=(("name", "last_name"),),
        facts=_facts,
        understand=_understand,
        named=lambda values: values["row"].identity["name"] if "row" in values else str(values.get("name") or ""),
        signs=_signs,
        borne=_borne,
        sign_labels={
            "siret": "SIRET", "siren": "SIREN", "vat": _("N° de TVA"), "email": _("Adresse e-mail"), "name": _("Nom"),
        },
        exact=frozenset({"siret"}),
        known=_known,
        create=_create,
        update=_update,
        read=read_fec,
        help=_(
            "Un tableau, ou le FEC de l’ancien logiciel : les tiers de ses comptes 411, 401 et 404. Leurs soldes, et "
            "chaque facture à régler, viennent ensuite du même fichier par « Comptabilité › À-nouveaux »."
        ),
    )
)  # fmt: skip
