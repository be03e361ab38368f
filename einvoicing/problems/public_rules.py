"""What a public body wants of an invoice, as Chorus Pro answers it: known before the number is given, never after."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.utils.translation import gettext_noop as n

from config.kernel import typography
from config.kernel.errors import Sentence
from config.kernel.middleware import translated
from einvoicing.platforms.chorus_pro.structures import BodyAnswer
from einvoicing.validation.report import FATAL, WARNING, Violation

BODY, SERVICE, ENGAGEMENT, UNKNOWN = "CPRO-DESTINATAIRE", "CPRO-SERVICE", "CPRO-ENGAGEMENT", "CPRO-INCONNU"
RULES = (UNKNOWN, BODY, SERVICE, ENGAGEMENT)
NOBODY = "Chorus Pro ne connaît aucune entité publique sous le SIRET de ce client."
CLOSED = "Cette entité publique n’est plus active dans Chorus Pro."
NO_SUCH_SERVICE = "Cette entité publique n’a pas de service sous ce code (BT-10)."
CLOSED_SERVICE = "Ce service de l’entité publique n’est pas ouvert à ce jour : choisissez-en un autre (BT-10)."
WANTS_SERVICE = "Cette entité publique exige un code service (BT-10)."
WANTS_EITHER = "Cette entité publique exige un code service (BT-10) ou un numéro d’engagement (BT-13)."
WANTS_ENGAGEMENT = "Cette entité publique exige un numéro d’engagement (BT-13)."
NO_SUCH_ENGAGEMENT = "Chorus Pro ne connaît pas cet engagement de l’État, adressé à votre société (BT-13)."
UNCHECKED = n("Chorus Pro n’a pas pu vérifier que cet engagement existe : %(problem)s")
NEVER_TOLD = n(
    "Chorus Pro n’a pas pu être interrogé : ce que cette entité publique exige est inconnu. Seule la fiche du client "
    "a été suivie. %(problem)s"
)
TOLD_BEFORE = n("Chorus Pro n’a pas pu être interrogé : les exigences suivies sont celles lues le %(day)s. %(problem)s")


def check(answer: BodyAnswer, *, service_code: str, engagement: str, day: date) -> Iterator[Violation]:
    """The rules broken by an invoice of that day with these references (BT-10, BT-13)."""
    if not answer.is_known:
        yield Violation(UNKNOWN, WARNING, Sentence(NEVER_TOLD, {"problem": translated(answer.problem)}), term="BT-46")
        return
    if answer.problem and answer.asked_at:
        told = {"day": typography.day(answer.asked_at), "problem": translated(answer.problem)}
        yield Violation(UNKNOWN, WARNING, Sentence(TOLD_BEFORE, told), term="BT-46")
    if answer.structure is None or not answer.structure.is_active:
        yield Violation(BODY, FATAL, CLOSED if answer.structure else NOBODY, term="BT-46")
        return
    yield from _services(answer, service_code, day)
    needs = answer.needs or answer.structure.requirements
    missing = needs.missing(service_code=service_code, engagement=engagement)
    if "service_code" in missing or "either" in missing:
        yield Violation(SERVICE, FATAL, WANTS_EITHER if "either" in missing else WANTS_SERVICE, term="BT-10")
    if "engagement" in missing:
        yield Violation(ENGAGEMENT, FATAL, WANTS_ENGAGEMENT, term="BT-13")
    if answer.engagement_exists is False:
        yield Violation(ENGAGEMENT, FATAL, NO_SUCH_ENGAGEMENT, term="BT-13")
    if engagement and answer.engagement_problem:
        sentence = Sentence(UNCHECKED, {"problem": translated(answer.engagement_problem)})
        yield Violation(ENGAGEMENT, WARNING, sentence, term="BT-13")


def _services(answer: BodyAnswer, code: str, day: date) -> Iterator[Violation]:
    """A body without services of its own takes any code."""
    if not code or answer.structure is None or not answer.structure.services:
        return
    service = answer.structure.service(code)
    if service is None or not service.is_open(day):
        yield Violation(SERVICE, FATAL, CLOSED_SERVICE if service else NO_SUCH_SERVICE, term="BT-10")
