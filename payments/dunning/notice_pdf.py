"""The formal notice on paper (mise en demeure): letter, invoices, what they owe by law, and on what it rests."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import gettext, override

from billing.models import Invoice
from billing.pdf import DEFAULT_ACCENT, FOOTER, LOOK, darkened, kept_logo, pictures_of
from billing.services import snapshots
from billing.variables import on_paper
from config.kernel.clock import local_day
from config.kernel.money import ZERO, round2
from config.kernel.typography import NARROW, NBSP
from payments.dunning.late_interest import DAYS_A_YEAR, LateCharges
from payments.dunning.law import bases_for
from payments.dunning.letters import letter_for
from payments.dunning.models import ReminderLevel
from payments.dunning.texts import fill

STYLESHEET = "letter.css"
REFERENCE = re.compile(r"\bRF\d{2}(?: [A-Z0-9]{1,4})+")  # ISO 11649, in groups of four
LIST = "\0list\0"  # where the table of the invoices stands in the text


def notice_pdf(invoices: Sequence[Invoice], *, at: datetime) -> bytes:
    """The letter of these invoices of one customer as it would leave now."""
    letter = letter_for(invoices, ReminderLevel.FINAL, at=at)
    with override(letter.language):
        before, _list, after = on_paper(fill(letter.wording.body, letter.values | {"liste": LIST})).partition(LIST)
        first = invoices[0]
        owing = [(one, owed) for one, owed in zip(invoices, letter.charges, strict=True) if owed is not None]
        page = paper(first, at) | {
            "title": letter.subject_line,
            "before": _paragraphs(before),
            "after": _paragraphs(after),
            "invoices": invoices,
            "total": sum((one.balance for one in invoices), ZERO),
            "bases": bases_for(first.customer, local_day(at)),
            "schedules": [schedule(one, owed) for one, owed in owing if not owed.missing],
            "uncounted": _uncounted([(one, owed) for one, owed in owing if owed.missing]),
            "indemnity": sum((owed.indemnity for _one, owed in owing), ZERO),
        }
        return pdf("payments/pdf/notice.html", page, f"notice:{first.pk}:{at.isoformat()}")


def _uncounted(rows: Sequence[tuple[Invoice, LateCharges]]) -> dict[str, Any] | None:
    """The invoices whose interest cannot be told, in one sentence for all of the same half-years."""
    by_reason: dict[str, list[Invoice]] = {}
    for invoice, charges in rows:
        by_reason.setdefault(charges.worded(gettext), []).append(invoice)
    groups = [
        {"numbers": ", ".join(str(one.number) for one in found), "sentence": sentence}
        for sentence, found in by_reason.items()
    ]
    return {"groups": groups, "indemnity": sum((charges.indemnity for _one, charges in rows), ZERO)} if rows else None


def schedule(invoice: Invoice, charges: LateCharges) -> dict[str, Any]:
    """The interest of one invoice, period by period; each is rounded for the eye, their sum once (late_interest)."""
    rows = [
        {"period": period, "interest": round2(period.open_amount * period.rate * period.days / 100 / DAYS_A_YEAR)}
        for period in charges.periods
    ]
    return {"invoice": invoice, "charges": charges, "rows": rows}


def paper(invoice: Invoice, at: datetime) -> dict[str, Any]:
    """The head of a letter: who writes to whom, when, with the logo, colours and footer of the company today."""
    seller = snapshots.seller(invoice.company)
    accent = seller["accent_color"] or DEFAULT_ACCENT
    return {
        "seller": seller,
        "logo": kept_logo(invoice.company_id, seller),
        "buyer": invoice.buyer,
        "customer": invoice.customer,
        "currency": invoice.currency,
        "today": local_day(at),
        "accent": accent,
        "ink": darkened(seller.get("title_color") or accent),
        "stamp": at.isoformat(timespec="seconds"),
    }


def pdf(template: str, page: dict[str, Any], identity: str) -> bytes:
    """The letter as PDF. Raises FileRefused where the logo is not what was kept."""
    from billing.pdf_engine import make_pdf  # WeasyPrint takes half a second to import

    html = render_to_string(template, page).replace(NARROW, NBSP)
    more = [sheet for sheet, wanted in ((FOOTER, page["seller"].get("footer")), (LOOK, page["logo"])) if wanted]
    identifier = hashlib.sha256(identity.encode()).digest()[:16]
    return make_pdf(html, stylesheet=STYLESHEET, more=more, identifier=identifier, pictures=pictures_of(page["logo"]))


def _paragraphs(text: str) -> list[str]:
    """A reference is not cut at the end of a line."""
    whole = REFERENCE.sub(lambda found: found.group().replace(" ", NBSP), text)
    return [part.strip("\n") for part in whole.split("\n\n") if part.strip()]
