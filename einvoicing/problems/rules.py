"""What no official schematron asks and a platform or a public body still refuses.

Chorus Pro's own rules (BR-FR-CPRO) are not published as a schematron; these are the ones its suppliers' programs keep.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

from config.kernel import characters
from einvoicing import document as model
from einvoicing.validation.report import FATAL, WARNING, Violation

LONGEST_NUMBER = 20  # of the public concentrator until December 2026; the standard allows 35 (BR-FR-01)
LONGEST_COMMITMENT = 50
# where the texts that people type stand in the document
PRINTED = {
    "buyer_reference": "BT-10", "contract": "BT-12", "purchase_order": "BT-13", "notes": "BT-22", "seller": "BT-27",
    "buyer": "BT-44", "delivery": "BT-75", "lines": "BT-153",
}  # fmt: skip
BETWEEN_PUBLIC_BODIES = "FACTURES_PUBLIQUES"  # a service code of their own
TRANSFERS = frozenset({"30", "58"})  # BT-81


@dataclass(frozen=True, slots=True)
class PublicNeeds:
    """What this public body asks of its suppliers."""

    service_code: bool = False  # BT-10
    commitment: bool = False  # BT-13


def check(document: model.Invoice, public: PublicNeeds | None = None) -> tuple[Violation, ...]:
    """The rules broken; `public` for an invoice to a public body."""
    found = []
    if len(document.number) > LONGEST_NUMBER:
        sentence = (
            "Le numéro de facture dépasse 20 caractères : le concentrateur public le refuse jusqu’en décembre 2026."
        )
        found.append(Violation("PPF-NUMERO", WARNING, sentence, term="BT-1"))
    found += _characters(document)
    if public is not None:
        found += _for_public_body(document, public)
    return tuple(found)


def _characters(document: model.Invoice) -> Iterator[Violation]:
    """ISO 19005-3 §6.2.11.8: what no face draws would stand as □ on the paper of this invoice."""
    for value in fields(document):
        if signs := characters.undrawable("".join(_texts(getattr(document, value.name)))):
            sentence = f"Aucune police ne sait imprimer {characters.named(signs)} : remplacez ce caractère."
            yield Violation("CARACTERES", FATAL, sentence, term=PRINTED.get(value.name, ""))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield characters.clean(value, lines=True)
    elif isinstance(value, tuple):
        for part in value:
            yield from _texts(part)
    elif is_dataclass(value):
        for part in fields(value):
            yield from _texts(getattr(value, part.name))


def _for_public_body(document: model.Invoice, needs: PublicNeeds) -> list[Violation]:
    found = []
    service, commitment = document.buyer_reference, document.purchase_order
    if needs.service_code and not service:
        found.append(
            Violation("CPRO-SERVICE", FATAL, "Cette entité publique exige un code service (BT-10).", term="BT-10")
        )
    if service == BETWEEN_PUBLIC_BODIES:
        sentence = (
            "Le service FACTURES_PUBLIQUES est réservé aux factures entre entités publiques : choisissez-en un autre."
        )
        found.append(Violation("CPRO-SERVICE", FATAL, sentence, term="BT-10"))
    if needs.commitment and not commitment:
        sentence = "Cette entité publique exige un numéro d’engagement (BT-13)."
        found.append(Violation("CPRO-ENGAGEMENT", FATAL, sentence, term="BT-13"))
    if len(commitment) > LONGEST_COMMITMENT:
        sentence = "Le numéro d’engagement dépasse 50 caractères, la limite de Chorus Pro."
        found.append(Violation("CPRO-ENGAGEMENT", FATAL, sentence, term="BT-13"))
    payment = document.payment
    if payment and payment.means_code in TRANSFERS and not payment.iban and not document.is_credit_note:
        sentence = "Une entité publique paie par virement : indiquez l’IBAN de la société."
        found.append(Violation("CPRO-IBAN", FATAL, sentence, term="BT-84"))
    return found
