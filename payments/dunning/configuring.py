"""Changing how a company, or one of its customers, is reminded: the settings, and the words of the letters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.mail_server import one_line
from config.kernel.models import Company
from config.kernel.rows import edit
from customers.models import Customer
from payments.dunning.models import ReminderSettings, ReminderText
from payments.dunning.texts import REQUIRED, unknown_variables

DELAYS = ("friendly_after_days", "firm_after_days", "final_after_days")


@transaction.atomic
def save_settings(
    *, company: Company, customer: Customer | None, values: Mapping[str, Any], actor: Actor, at: datetime
) -> ReminderSettings:
    """The company's settings, or those in which a customer differs. Raises Invalid, at the field."""
    _check_delays([values.get(name) for name in DELAYS])
    contact = values.get("contact")
    if contact is not None and (customer is None or contact.customer_id != customer.pk):
        raise Invalid(fields={"contact": "Choisissez un contact de ce client."})
    if contact is not None and not contact.email:
        raise Invalid(fields={"contact": "Ce contact n’a pas d’adresse e-mail."})
    # two who save at once: the company's row makes the second wait for the first
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    rows = ReminderSettings.everywhere.filter(company=company, customer=customer)
    row = rows.first() or ReminderSettings(company=company, customer=customer)
    if changed := edit(row, values):
        audit.record(
            "payments.reminder.settings_changed",
            subject=customer or company,
            actor=actor,
            at=at,
            data={"fields": changed},
        )
    return row


def _check_delays(days: list[int | None]) -> None:
    """Raises Invalid unless all are empty, or each is later than the one before."""
    given = [one for one in days if one is not None]
    if not given:
        return
    for place, name in enumerate(DELAYS):
        if days[place] is None:
            raise Invalid(fields={name: "Donnez les trois délais, ou aucun pour suivre ceux de la société."})
    for name, before, after in zip(DELAYS, [0, *given], given, strict=False):
        if after <= before:
            raise Invalid(fields={name: "Chaque relance part après la précédente : donnez un délai plus long."})


@transaction.atomic
def save_text(
    *,
    company: Company,
    customer: Customer | None,
    level: int,
    language: str,
    subject_line: str,
    body: str,
    actor: Actor,
    at: datetime,
) -> ReminderText:
    """The words of one level in one language. Raises Invalid at the field, for a variable unknown or missing."""
    problems = {}
    for name, text in (("subject_line", subject_line), ("body", body)):
        if strange := unknown_variables(text):
            problems[name] = _("Variable inconnue : %(name)s.") % {"name": strange[0]}
    missing = [name for name in REQUIRED if f"{{{name}}}" not in body]
    if missing and "body" not in problems:
        sentence = _("Il manque %(name)s : une relance dit ce qui est dû et comment le payer.")
        problems["body"] = sentence % {"name": f"{{{missing[0]}}}"}
    if problems:
        raise Invalid(fields=problems)
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    key = {"company": company, "customer": customer, "level": level, "language": language}
    row = ReminderText.everywhere.filter(**key).first() or ReminderText(**key)
    values = {"subject_line": one_line(subject_line), "body": body.replace("\r\n", "\n").strip()}
    if edit(row, values):
        _record(company, customer, level, language, actor, at)
    return row


@transaction.atomic
def reset_text(
    *, company: Company, customer: Customer | None, level: int, language: str, actor: Actor, at: datetime
) -> None:
    """Back to the words below: the company's for a customer, the product's for a company."""
    rows = ReminderText.everywhere.filter(company=company, customer=customer, level=level, language=language)
    deleted, _by_model = rows.delete()
    if deleted:
        _record(company, customer, level, language, actor, at)


def _record(company: Company, customer: Customer | None, level: int, language: str, actor: Actor, at: datetime) -> None:
    audit.record(
        "payments.reminder.settings_changed",
        subject=customer or company,
        actor=actor,
        at=at,
        data={"fields": ["text"], "level": level, "language": language},
    )
