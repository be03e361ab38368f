"""The journals of a company: the common ones, one for each bank, and those that it added or named itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from billing.models import Journal, LedgerJournal, NumberSequence
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.models import Company

_CODE = re.compile(r"[A-Z][A-Z0-9]{1,4}")


class NotAJournalCode(Invalid):
    code = "not_a_journal_code"
    message = "Un code de journal a deux à cinq lettres ou chiffres et commence par une lettre, par exemple CA ou BQ2."


class CodeTaken(Invalid):
    code = "journal_code_taken"
    message = "« %(journal)s » numérote déjà d’autres documents de la société. Choisissez un autre code."


class Unnamed(Invalid):
    code = "journal_unnamed"
    message = "Donnez un intitulé au journal."


class UnknownJournal(Invalid):
    code = "unknown_journal"
    message = "Le journal « %(journal)s » n’existe pas. Choisissez-en un, ou créez-le dans les journaux."


def journal_names(company_id: int) -> dict[str, str]:
    """The name of each journal (JournalLib of the FEC) by its code: the company's own words where it has them."""
    own = dict(LedgerJournal.everywhere.filter(company=company_id).values_list("code", "name"))
    common = {str(value): str(label) for value, label in Journal.choices}
    return dict(sorted({**common, **own}.items()))


@transaction.atomic
def save_journal(*, company: Company, code: str, name: str, actor: Actor, at: datetime) -> LedgerJournal:
    """Add a journal, or name one otherwise. Raises NotAJournalCode, CodeTaken, Unnamed."""
    code, name = code.strip().upper(), name.strip()
    if not _CODE.fullmatch(code):
        raise NotAJournalCode(fields={"code": NotAJournalCode.message})
    if not name:
        raise Unnamed(fields={"name": Unnamed.message})
    known = code in journal_names(company.pk)
    # entries are numbered in the series of their journal: no invoice or payment may share it
    if not known and NumberSequence.everywhere.filter(company=company, series=code).exists():
        raise CodeTaken(journal=code)
    journal: LedgerJournal
    journal, _is_new = LedgerJournal.everywhere.update_or_create(
        company=company, code=code, defaults={"name": name[:60]}
    )
    data = {"code": code, "name": journal.name}
    audit.record("billing.journal.named", subject=journal, actor=actor, at=at, data=data)
    return journal


def free_bank_journal(taken: Iterable[str]) -> str:
    """BQ1, BQ2 …: the first that is not taken."""
    used = set(taken)
    return next(code for code in (f"BQ{place}" for place in range(1, 1000)) if code not in used)
