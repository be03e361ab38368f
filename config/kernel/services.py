"""What the owner of a company can change of it: identity, mentions, bank details, reminders. Never its SIREN or IDE.

Issued invoices keep the identity they were issued with: they are frozen copies (CGI art. 289 V).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from config.kernel import audit, faces
from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.identifiers import bic, electronic_address, iban, siren, siret, uid, vat
from config.kernel.kept import keep_file
from config.kernel.logos import CleanLogo, read_logo
from config.kernel.models import SWISS, Company, Logo, VatRegime

CHANGEABLE = (
    "name", "legal_form", "share_capital", "siret", "vat_number", "rcs_city",
    "address_line", "address_extra", "postcode", "city", "email", "phone", "electronic_address", "iban", "bic",
    "vat_regime", "vat_on_debits", "size", "late_penalty_mention", "recovery_mention", "discount_mention",
    "accent_color", "title_color", "footer", "extra_mentions",
    "usual_vat_rate", "usual_unit", "units",
    "reminders_enabled", "friendly_after_days", "firm_after_days", "final_after_days",
)  # fmt: skip
# what a Swiss company writes in the place of the French sentences (CO art. 104; no fixed indemnity there)
SWISS_MENTIONS = {
    "late_penalty_mention": "En cas de retard de paiement, intérêt moratoire de 5 % l’an (art. 104 CO).",
    "recovery_mention": "",
}
NO_FRENCH_NUMBER = "Une société suisse n’a pas ce numéro : laissez ce champ vide."
FRENCH = Company()  # as one begins: with the sentences of French law
FOOTER_LINES, FOOTER_EMS = 4, Decimal("53.4")  # 132 mm of 7 points, beside the number of the page
_COLOUR = re.compile(r"#[0-9a-f]{6}")


@transaction.atomic
def change_company(*, company: Company, values: Mapping[str, Any], actor: Actor, at: datetime) -> Company:
    """Change the columns given, and write what each was before. Nothing changed: nothing written.

    Raises Invalid, with a sentence per field.
    """
    locked = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    unknown = set(values) - set(CHANGEABLE)
    if unknown:
        raise ValueError(f"not changeable: {sorted(unknown)}")
    clean = clean_company(locked, values)
    return _write(locked, clean, actor=actor, at=at)


@transaction.atomic
def require_second_factor(*, company: Company, is_required: bool, actor: Actor, at: datetime) -> Company:
    """Whether all who work there need one, from their next page on."""
    locked = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    return _write(locked, {"requires_mfa": is_required}, actor=actor, at=at)


def _write(locked: Company, values: Mapping[str, Any], *, actor: Actor, at: datetime) -> Company:
    changes = {name: [getattr(locked, name), new] for name, new in values.items() if getattr(locked, name) != new}
    if not changes:
        return locked
    for name, (_old, new) in changes.items():
        setattr(locked, name, new)
    locked.save(update_fields=list(changes))
    audit.record("kernel.company.changed", subject=locked, actor=actor, at=at, data={"changes": audit.masked(changes)})
    return locked


def clean_company(company: Company, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, each checked. Raises Invalid, with a sentence per field."""
    clean = dict(values)
    problems: dict[str, str] = {}
    checks: dict[str, Callable[[str], str]] = {
        **(_swiss_checks(company) if _is_swiss(company) else _french_checks(company)),
        "vat_number": lambda value: vat.validate(value, siren=company.siren, uid=company.uid) if value else "",
        "iban": iban.validate,
        "bic": lambda value: bic.validate(value) if value else "",
        "accent_color": _colour,
        "title_color": lambda value: _colour(value) if value else "",
        "footer": _footer,
    }
    for name, check in checks.items():
        if name in clean:
            try:
                clean[name] = check(clean[name])
            except Invalid as error:
                problems[name] = error.sentence
    after = {name: clean.get(name, getattr(company, name)) for name in CHANGEABLE}
    if after["vat_regime"] != VatRegime.FRANCHISE and not after["vat_number"] and "vat_number" not in problems:
        problems["vat_number"] = "Sans franchise en base, le n° de TVA figure sur les factures : indiquez-le."
    if not after["friendly_after_days"] < after["firm_after_days"]:
        problems["firm_after_days"] = "La relance ferme vient après la relance amicale."
    elif not after["firm_after_days"] < after["final_after_days"]:
        problems["final_after_days"] = "La mise en demeure vient après la relance ferme."
    if problems:
        raise Invalid(fields=problems)
    return clean | (_swiss_mentions(clean) if _is_swiss(company) else {})


def _is_swiss(company: Company) -> bool:
    """Also before its IDE was typed."""
    return bool(company.uid) or (company.country in SWISS and not company.siren)


def _french_checks(company: Company) -> dict[str, Callable[[str], str]]:
    return {
        "siren": siren.validate,
        "siret": lambda value: siret.validate(value, siren=company.siren),
        "electronic_address": lambda value: electronic_address.validate(value, siren=company.siren),
    }


def _swiss_checks(company: Company) -> dict[str, Callable[[str], str]]:
    return {
        **dict.fromkeys(("siren", "siret", "electronic_address"), _empty),
        "uid": lambda value: _swiss_uid(value, company.country),
    }


def _empty(value: str) -> str:
    if value:
        raise Invalid(NO_FRENCH_NUMBER)
    return ""


def _swiss_uid(value: str, country: str) -> str:
    if country not in SWISS:
        raise Invalid("Un IDE est le numéro d’une société suisse ou du Liechtenstein : indiquez le pays CH ou LI.")
    return uid.validate(value)


def _swiss_mentions(clean: Mapping[str, Any]) -> dict[str, Any]:
    """The sentences of French law that nobody chose, replaced."""
    return {name: sentence for name, sentence in SWISS_MENTIONS.items() if clean.get(name) == getattr(FRENCH, name)}


@transaction.atomic
def change_logo(*, company: Company, data: bytes | None, actor: Actor, at: datetime) -> Company:
    """Print this picture on the documents issued from now on; None: none any more. Raises LogoRefused.

    The pictures of before stay kept: documents issued with them are drawn with them.
    """
    clean = read_logo(data) if data is not None else None
    locked = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    logo = _kept_logo(locked, clean, at) if clean else None
    if locked.logo_id == (logo.pk if logo else None):
        return locked
    locked.logo = logo
    locked.save(update_fields=["logo"])
    tag = "kernel.company.logo_changed" if logo else "kernel.company.logo_removed"
    audit.record(tag, subject=locked, actor=actor, at=at, data={"sha256": logo.sha256} if logo else {})
    return locked


def _kept_logo(company: Company, clean: CleanLogo, at: datetime) -> Logo:
    digest = hashlib.sha256(clean.data).hexdigest()
    known: Logo | None = Logo.everywhere.filter(company=company, sha256=digest).first()
    if known is not None:
        return known
    sides = {"width": clean.width, "height": clean.height}
    row = Logo(company=company, media_type=clean.media_type, size=len(clean.data), created_at=at, **sides)
    keep_file(row, f"{digest}.{clean.extension}", clean.data)
    row.save(force_insert=True)
    return row


def _footer(value: str) -> str:
    """It stands in the margin of each page, whose height is what FOOTER_LINES take."""
    if sum(_lines_of(paragraph) for paragraph in value.splitlines()) > FOOTER_LINES:
        raise Invalid("Le pied de page tient en quatre lignes : raccourcissez-le, ou passez par les mentions.")
    return value


def _lines_of(paragraph: str) -> int:
    """How many lines the words take, one after the other."""
    lines, room = 1, FOOTER_EMS
    for word in paragraph.split():
        wanted = Decimal(str(faces.width(f"{word} ")))
        if wanted > room:
            lines, room = lines + int(wanted / FOOTER_EMS) + 1, FOOTER_EMS - wanted % FOOTER_EMS
        else:
            room -= wanted
    return lines


def _colour(value: str) -> str:
    colour = value.strip().lower()
    if not _COLOUR.fullmatch(colour):
        raise Invalid("Une couleur s’écrit # et six chiffres hexadécimaux, par exemple #1f4e5f.")
    return colour
