"""The sentence after an import: how many lines are new, which were imported before, and by which sign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.kernel import typography
from config.kernel.money import ZERO
from payments.models import BankStatement
from payments.services.continuity import Gap
from payments.statements import recognition

REASONS: Mapping[str, Any] = {
    recognition.REFERENCE: gettext_lazy("même référence de la banque"),
    recognition.BALANCE: gettext_lazy("même mouvement entre les mêmes soldes"),
    recognition.DAY: gettext_lazy("même journée, relevée une seconde fois"),
    recognition.EQUAL: gettext_lazy("mêmes jour, montant et libellé, et aucun solde ne les distingue"),
    recognition.FORMAT: gettext_lazy("même mouvement, lu dans un autre format"),
    recognition.BATCH: gettext_lazy("même lot, détaillé dans un autre fichier"),
    recognition.FEED: gettext_lazy("déjà lue dans le flux de la banque"),
}
NAMED = 3
ALREADY_IMPORTED = gettext_lazy("Ce fichier était déjà importé : rien n’a changé.")


def known_lines(statements: Sequence[BankStatement]) -> list[dict[str, str]]:
    """The lines that were known before, as people read them."""
    return [
        {
            "day": typography.day(date.fromisoformat(line["booked_on"])),
            "amount": typography.money(Decimal(line["amount"]), statement.account.currency),
            "counterparty": line["counterparty"],
            "reason": str(REASONS[line["reason"]]),
        }
        for statement in statements
        for line in statement.already_known
    ]


def was_known(statements: Sequence[BankStatement], *, at: datetime) -> bool:
    """Whether the file had been imported before: none of its statements came at this moment."""
    return all(statement.imported_at != at for statement in statements)


def import_sentence(statements: Sequence[BankStatement]) -> str:
    """« Relevé importé : 1 ligne nouvelle sur 2 lues. Déjà connue : … »"""
    new = sum(statement.new_count for statement in statements)
    read = sum(statement.line_count for statement in statements)
    if new == read:
        return ngettext("Relevé importé : %(new)s ligne.", "Relevé importé : %(new)s lignes.", new) % {"new": new}
    duplicates = known_lines(statements)
    named = " ; ".join(
        f"{' · '.join(part for part in (line['day'], line['amount'], line['counterparty']) if part)} ({line['reason']})"
        for line in duplicates[:NAMED]
    )
    rest = read - new - min(len(duplicates), NAMED)
    if rest:
        named += ngettext(" ; et %(rest)s autre", " ; et %(rest)s autres", rest) % {"rest": rest}
    sentence = _("Relevé importé : lignes lues : %(read)s, nouvelles : %(new)s, déjà connues : %(known)s — %(named)s.")
    return sentence % {"read": read, "new": new, "known": read - new, "named": named}


def gap_sentence(gap: Gap, currency: str = "EUR") -> str:
    return gap_words(
        end=gap.before.closed_on,
        closing=gap.before.closing or ZERO,
        start=gap.after.opened_on,
        opening=gap.after.opening or ZERO,
        currency=currency,
    )


def gap_words(*, end: date, closing: Decimal, start: date, opening: Decimal, currency: str) -> str:
    sentence = _(
        "Entre le relevé qui finit le %(end)s à %(closing)s et celui qui commence le %(start)s à %(opening)s, "
        "il manque %(missing)s de mouvements."
    )
    return sentence % {
        "end": typography.day(end),
        "closing": typography.money(closing, currency),
        "start": typography.day(start),
        "opening": typography.money(opening, currency),
        "missing": typography.money(opening - closing, currency),
    }
