"""From the look at a draft to its deposit, the official rules run once for each file, and for each that differs."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from billing.models import DocumentKind, InvoiceDocument
from billing.services.invoices import save_draft
from config.kernel.scope import company_scope
from einvoicing import validation
from einvoicing.models import Transmission
from einvoicing.models import TransmissionStatus as Status
from einvoicing.problems import rules as own_rules
from einvoicing.services import verdicts
from einvoicing.services.preparing import prepare_documents
from einvoicing.services.verdicts import official_verdict
from einvoicing.validation.report import refusal
from tests.factories import story
from tests.factories.people import signed_in
from tests.factories.queues import drain

pytestmark = pytest.mark.django_db
XSD = (validation.SCHEMA,)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Counter[str]:
    """How often the official rules ran on each file, by its SHA-256; our own rules, under their name."""
    settings.SANDBOX_VALIDATES = False  # the simulated platform judges what it gets, in this process too
    runs: Counter[str] = Counter()
    official, own = validation.check, own_rules.check

    def check(data: bytes, *, rules: Any = None) -> Any:
        runs[hashlib.sha256(data).hexdigest()] += 1
        return official(data, rules=rules)

    def check_own(*args: Any) -> Any:
        runs["our own"] += 1
        return own(*args)

    monkeypatch.setattr(validation, "check", check)
    monkeypatch.setattr(own_rules, "check", check_own)
    return runs


@pytest.mark.usefixtures("as_factur_x")
def test_from_the_draft_to_the_deposit_each_file_is_judged_once(customer, judged):
    draft, person = story.a_draft(customer), signed_in(customer.company)
    address = reverse("einvoicing:invoice-issue", args=[draft.pk])
    assert person.get(address).status_code == 200
    assert len(judged) == 2, "the draft, by the official rules and by ours"
    assert person.post(address).status_code == 302
    assert person.get(reverse("billing:invoice-detail", args=[draft.pk])).status_code == 200
    assert len(judged) == 2, "what is issued is what was shown"
    row = Transmission.everywhere.get(invoice=draft)
    assert drain(at=row.next_attempt_at + timedelta(seconds=1)) == 1
    prepare_documents()
    row.refresh_from_db()
    assert row.status == Status.DEPOSITED
    legal = InvoiceDocument.everywhere.get(invoice=draft, kind=DocumentKind.FACTURX)
    assert row.document_sha256 == legal.sha256
    assert legal.verdict["rules_version"] == verdicts.rules_version()
    # a page that shows the verdict and the deed that follows it are two acts of our own rules, which cost nothing
    assert judged.pop("our own") == 2
    assert judged.pop(legal.sha256) == 1
    assert list(judged.values()) == [1]


def test_a_draft_that_was_changed_is_judged_again(customer, judged):
    draft, person = story.a_draft(customer), signed_in(customer.company)
    address = reverse("einvoicing:invoice-issue", args=[draft.pk])
    person.get(address)
    lines = [story.a_line("Autre chose")]
    with company_scope(customer.company):
        save_draft(invoice=draft, customer=customer, values={}, lines=lines, actor=story.ACTOR, at=story.AT)
    assert person.post(address, {"send": "no"}).status_code == 302
    assert sorted(judged.values()) == [1, 1, 2]


def test_other_bytes_other_rules_and_another_version_are_judged_each(judged, monkeypatch):
    assert not official_verdict(b"<a/>", XSD).valid
    for data, rules in ((b"<a/>", XSD), (b"<b/>", XSD), (b"<a/>", validation.RULE_SETS), (b"<b/>", XSD)):
        assert not official_verdict(data, rules).valid
    assert sorted(judged.values()) == [1, 2]
    monkeypatch.setattr(verdicts, "rules_version", lambda: "tomorrow")
    official_verdict(b"<b/>", XSD)
    assert sorted(judged.values()) == [2, 2]


def test_a_verdict_that_could_not_be_reached_is_asked_for_again(monkeypatch):
    answers = [refusal("ENGINE", "Le moteur ne répond pas."), validation.Report(True, "CII", "", (), 1, ("xsd",))]
    monkeypatch.setattr(validation, "check", lambda _data, *, rules: answers.pop(0))
    assert not official_verdict(b"<a/>", XSD).valid
    assert official_verdict(b"<a/>", XSD).valid
    assert official_verdict(b"<a/>", XSD).valid
