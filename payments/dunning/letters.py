"""The letters: friendly, firm, final (mise en demeure), for one invoice or several of a customer, exact to the day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.template.loader import render_to_string
from django.utils.translation import gettext, override

from billing.models import Invoice
from billing.variables import previewed
from config.kernel import typography
from config.kernel.clock import local_day
from config.kernel.identifiers import payment_reference
from config.kernel.mail_server import one_line
from config.kernel.money import ZERO
from payments.dunning.interest import charges_of as charges_of
from payments.dunning.late_interest import LateCharges
from payments.dunning.law import law_of
from payments.dunning.models import HoldKind, Language, ReminderHold, ReminderLevel
from payments.dunning.practice import Practice, practice_of
from payments.dunning.texts import Wording, fill, wording_of

MOST_NUMBERS = 3  # invoices named in the subject of a letter; more are counted


@dataclass(frozen=True, slots=True)
class LetterText:
    """A subject and a message in the place of the letter's own; '' keeps the letter's own."""

    subject_line: str = ""
    message: str = ""


STANDARD = LetterText()


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes out. `wording` and `values` are those it was made from: the PDF sets the list as a table."""

    subject_line: str
    body: str
    wording: Wording
    values: dict[str, str]
    language: str
    charges: tuple[LateCharges | None, ...]

    @property
    def shown(self) -> str:
        """The text for members of the company: the links that it carries are in words."""
        return previewed(self.body)


def reminder_letter(
    invoice: Invoice, level: ReminderLevel, *, at: datetime, text: LetterText = STANDARD
) -> tuple[str, str]:
    """Subject and body of the reminder of one invoice."""
    letter = letter_for([invoice], level, at=at, text=text)
    return letter.subject_line, letter.body


def letter_for(
    invoices: Sequence[Invoice],
    level: ReminderLevel,
    *,
    at: datetime,
    text: LetterText = STANDARD,
    practice: Practice | None = None,
    wording: Wording | None = None,
) -> Letter:
    """One letter for invoices of one customer and currency, with the balances of the moment; how to pay always follows.

    `wording` is tried in the place of what is kept: a preview of what is being written.
    """
    first = invoices[0]
    practice = practice or practice_of(first.company, first.customer_id)
    wording = wording or wording_of(first.company, first.customer_id, level, practice.language)
    if text.message.strip():
        # a message of one's own goes through no variable: its braces are its own
        wording = Wording(wording.subject_line, "{message}\n\n{liste}\n\n{paiement}\n\n{signature}")
    with override(practice.language):
        owes = law_of(first.company).individuals_owe or not first.customer.is_individual
        charges = tuple(charges_of(one, at=at) if owes else None for one in invoices)
        values = _values(invoices, practice, charges, at) | {"message": text.message.strip()}
    subject = one_line(text.subject_line)[:200] or one_line(fill(wording.subject_line, values))[:200]
    return Letter(subject, fill(wording.body, values) + "\n", wording, values, practice.language, charges)


def _values(
    invoices: Sequence[Invoice], practice: Practice, charges: Sequence[LateCharges | None], at: datetime
) -> dict[str, str]:
    first, today = invoices[0], local_day(at)
    oldest = min((one.due_date for one in invoices if one.due_date), default=today)
    total = sum((one.balance for one in invoices), ZERO)
    return {
        "factures": _named(invoices, practice.language),
        "liste": "\n".join(_line(one, practice.language) for one in invoices),
        "total": typography.money(total, first.currency),
        "jours": str((today - oldest).days),
        "promesse": "\n".join(_broken_promises(invoices, practice.language, at)),
        "penalites": _charges(first, charges, practice.language),
        "paiement": _part("how_to_pay", practice.language, first, references=_references(invoices)),
        "delai": str(practice.notice_days),
        "client": first.buyer_name,
        "signature": render_to_string("billing/emails/_sender.txt", {"invoice": first}).strip(),
    }


def _named(invoices: Sequence[Invoice], language: str) -> str:
    french, several = language == Language.FRENCH, len(invoices) > 1
    if len(invoices) > MOST_NUMBERS:
        return f"{len(invoices)} {'factures' if french else 'invoices'}"
    noun = ("factures" if several else "facture") if french else ("invoices" if several else "invoice")
    return f"{noun} {', '.join(str(one.number) for one in invoices)}"


def _line(invoice: Invoice, language: str) -> str:
    issued, due = typography.day(invoice.issue_date), typography.day(invoice.due_date)
    balance = typography.money(invoice.balance, invoice.currency)
    if language == Language.FRENCH:
        return f"– facture n° {invoice.number} du {issued}, échue le {due} : {balance}"
    return f"– invoice {invoice.number} of {issued}, due on {due}: {balance}"


def _references(invoices: Sequence[Invoice]) -> list[str]:
    return [payment_reference.format(one.payment_reference) for one in invoices if one.payment_reference]


def _broken_promises(invoices: Sequence[Invoice], language: str, at: datetime) -> list[str]:
    today = local_day(at)
    balances = {one.pk: one.balance for one in invoices}
    rows = ReminderHold.everywhere.filter(invoice__in=list(balances), kind=HoldKind.PROMISE, ended_at=None)
    sentences = []
    for row in rows.order_by("until", "id"):
        if row.is_broken(balances[row.invoice_id], today):
            amount, day = typography.money(row.amount, invoices[0].currency), typography.day(row.until)
            french = f"Vous nous aviez promis {amount} pour le {day} : ce règlement ne nous est pas parvenu."
            english = f"You had promised us {amount} by {day}: this payment has not reached us."
            sentences.append(french if language == Language.FRENCH else english)
    return sentences


def _charges(first: Invoice, charges: Sequence[LateCharges | None], language: str) -> str:
    """The paragraph on penalties; '' for who owes none. One unknown rate leaves the whole interest unsaid."""
    owed = [one for one in charges if one is not None]
    if not owed:
        return ""
    known = [one.interest for one in owed if one.interest is not None]
    missing = next((one.half_years(gettext) for one in owed if one.missing), "")
    interest: Decimal | None = sum(known, ZERO) if len(known) == len(owed) else None
    indemnity = sum((one.indemnity for one in owed), ZERO)
    return _part("charges", language, first, interest=interest, indemnity=indemnity, missing=missing)


def _part(name: str, language: str, invoice: Invoice, **values: object) -> str:
    template = law_of(invoice.company).text(name, language)
    return render_to_string(template, {"invoice": invoice, **values}).strip("\n")
