"""How a document of the inbox is told: its state in words, why it waits, what to do, and what was read of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from config.kernel import typography
from config.kernel.middleware import translated
from einvoicing.models import ReceivedDocument, ReceivedStatus, ReceptionChannel
from einvoicing.reception.duplicates import BOOKS, BYTES, CONTENT, NUMBER
from einvoicing.reception.reading.result import OCR, TEXT, XML, Field, Reading, from_dict
from einvoicing.validation.report import FATAL

TONES = {
    ReceivedStatus.STORED: "info",
    ReceivedStatus.READ: "warn",
    ReceivedStatus.UNREADABLE: "bad",
    ReceivedStatus.DUPLICATE: "warn",
    ReceivedStatus.RECORDED: "good",
    ReceivedStatus.SET_ASIDE: "neutral",
}
WHY_COPY = {
    BYTES: lazy("Même fichier, octet pour octet, que %(other)s."),
    NUMBER: lazy("Même fournisseur et même numéro que %(other)s."),
    CONTENT: lazy("Même contenu que %(other)s, sous un autre numéro."),
    BOOKS: lazy("Cette facture est déjà enregistrée : %(other)s."),
}
READ_FROM = {
    XML: lazy("Données structurées du fichier"),
    TEXT: lazy("Texte du PDF"),
    OCR: lazy("Reconnaissance de l’image"),
}
LABELS = {
    "number": lazy("Numéro"),
    "kind": lazy("Type"),
    "date": lazy("Date de facture"),
    "due_date": lazy("Échéance"),
    "supplier_name": lazy("Fournisseur"),
    "supplier_siren": lazy("SIREN"),
    "supplier_vat": lazy("N° de TVA"),
    "iban": lazy("IBAN"),
    "net": lazy("Total HT"),
    "vat": lazy("TVA"),
    "gross": lazy("Total TTC"),
    "currency": lazy("Devise"),
    "order_reference": lazy("N° de commande"),
}
KINDS = {"invoice": lazy("Facture"), "credit_note": lazy("Avoir")}
UNSURE = 0.9


@dataclass(frozen=True, slots=True)
class Shown:
    """A field as it is read by people; `unsure`: to be compared with the document."""

    label: str
    value: str
    unsure: bool = False


def reading_of(document: ReceivedDocument) -> Reading | None:
    return from_dict(document.reading) if document.reading else None


def shown_fields(reading: Reading) -> list[Shown]:
    """What was found, in the order people read it."""
    currency = str(reading.value("currency") or "EUR")
    return [
        Shown(str(label), _written(name, found, currency), found.confidence < UNSURE)
        for name, label in LABELS.items()
        if (found := reading.fields.get(name)) is not None and found.value is not None
    ]


def _written(name: str, found: Field, currency: str) -> str:
    value: Any = found.value
    if name == "kind":
        return str(KINDS.get(value, value))
    if isinstance(value, date):
        return typography.day(value)
    if isinstance(value, Decimal):
        return typography.money(value, currency)
    return typography.iban(value) if name == "iban" else str(value)


def why_it_waits(document: ReceivedDocument) -> str:
    """One sentence: why it stands there; '' where nothing is in its way."""
    if document.status == ReceivedStatus.DUPLICATE:
        other = document.duplicate_of or document.purchase
        return str(WHY_COPY.get(document.duplicate_why, WHY_COPY[BYTES])) % {"other": other}
    if document.status == ReceivedStatus.SET_ASIDE:
        return document.set_aside_why
    return translated(document.problem) if document.problem else ""


def what_to_do(document: ReceivedDocument) -> str:
    """What a person does about it."""
    if document.status == ReceivedStatus.UNREADABLE:
        if document.channel == ReceptionChannel.PLATFORM:
            return _("Demandez au fournisseur de la renvoyer, ou refusez-la. Le fichier reste ici tel que reçu.")
        return _("Demandez une autre copie au fournisseur et déposez-la ici. Ce fichier reste tel que reçu.")
    if document.status == ReceivedStatus.DUPLICATE:
        return _("Écartez-la, ou dites que ce n’est pas un doublon : elle sera alors traitée comme une autre.")
    return ""


def doubts_of(document: ReceivedDocument) -> Iterator[str]:
    for _code, sentence in doubts_by_code(document):
        yield sentence


def doubts_by_code(document: ReceivedDocument) -> Iterator[tuple[str, str]]:
    """Each doubt of its judgement: the code under which its purchase keeps it, and what exactly was found."""
    for one in document.doubts:
        yield one["code"], in_words(one["msgid"], one["params"])


def in_words(sentence: str, params: Mapping[str, Any]) -> str:
    return str(translated(sentence)) % params if params else str(translated(sentence))


def verdict_of(document: ReceivedDocument) -> dict[str, Any] | None:
    """What the official rules say, for `_verdict.html`; None where they were not asked."""
    verdict = document.verdict
    if not verdict:
        return None
    broken = verdict.get("violations", [])
    return {
        "valid": verdict.get("valid"),
        "profile": verdict.get("profile", ""),
        "rules": [{**one, "fatal": one["severity"] == FATAL, "sentence": one["text"]} for one in broken],
    }
