"""All reasons of a status reach the person, also those given only as a note (MDT-126)."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime

import pytest

from config.kernel.errors import Invalid
from config.kernel.scope import company_scope
from einvoicing import lifecycle
from einvoicing.formats import cdar
from einvoicing.models import LifecycleEvent
from einvoicing.platforms.abby import statuses as abby
from einvoicing.platforms.afnor import statuses
from einvoicing.platforms.chorus_pro import statuses as chorus_pro
from einvoicing.platforms.pennylane import statuses as pennylane
from einvoicing.services.statuses import apply_document
from tests.factories import platforms, story

pytestmark = pytest.mark.django_db


def refusal_with(customer, *details):
    """What is read of a refusal with these details."""
    invoice = story.an_issued_invoice(customer)
    message = cdar.parse(platforms.status_message(invoice, "210"))
    (status,) = statuses.read(cdar.render(dataclasses.replace(message, details=details)))
    return status


def test_a_reason_given_only_as_a_note_is_told(customer):
    status = refusal_with(customer, cdar.StatusDetail(sequence=1, notes=("Le bon de commande est clos",)))
    assert status.reason == "Le bon de commande est clos"


def test_all_reasons_are_told_in_their_order(customer):
    details = (
        cdar.StatusDetail(sequence=1, reason_code="TX_TVA_ERR"),
        cdar.StatusDetail(sequence=2, reason="Prix faux", notes=("Voir le devis 12",)),
    )
    status = refusal_with(customer, *details)
    assert status.reason_code == "TX_TVA_ERR"
    assert status.reason == f"{lifecycle.reason('TX_TVA_ERR')} ; Prix faux – Voir le devis 12"


def test_a_code_alone_leaves_the_sentence_to_who_reads_it(customer):
    status = refusal_with(customer, cdar.StatusDetail(sequence=1, reason_code="TX_TVA_ERR"))
    assert (status.reason_code, status.reason) == ("TX_TVA_ERR", "")


def test_a_note_does_not_hide_the_reason_it_explains(customer):
    alone = refusal_with(customer, cdar.StatusDetail(sequence=1, reason_code="PU_ERR", notes=("Ligne 3",)))
    assert alone.reason == f"{lifecycle.reason('PU_ERR')} – Ligne 3"
    details = (
        cdar.StatusDetail(sequence=1, reason_code="PU_ERR", notes=("Ligne 3",)),
        cdar.StatusDetail(sequence=2, reason_code="QTE_ERR", reason="Quantité", notes=("Ligne 4", "Ligne 5")),
    )
    both = refusal_with(customer, *details)
    assert both.reason == f"{lifecycle.reason('PU_ERR')} – Ligne 3 ; Quantité – Ligne 4 – Ligne 5"


@pytest.fixture
def heard(customer):
    """Says a status of one invoice, with changes; its life then."""
    account = platforms.a_platform_account(customer.company)
    invoice = story.an_issued_invoice(customer)

    def hear(code="207", *, reason="", **changes):
        message = cdar.parse(platforms.status_message(invoice, code, reason=reason))
        document = platforms.a_message(account, cdar.render(dataclasses.replace(message, **changes)))
        with company_scope(account.company_id):
            apply_document(document_id=document.pk, at=story.AT)
        invoice.refresh_from_db()
        document.refresh_from_db()
        return document, list(LifecycleEvent.everywhere.filter(document=document)), invoice

    return hear


def test_two_reasons_told_in_one_second_are_both_kept(heard):
    heard(reason="PU_ERR")
    assert [event.reason_code for event in heard(reason="QTE_ERR")[1]] == ["QTE_ERR"]
    assert heard(reason="QTE_ERR")[1] == []


def test_a_dispute_tells_the_reason_that_a_code_alone_gives(heard):
    details = (cdar.StatusDetail(sequence=1, reason_code="PU_ERR"),)
    assert heard(details=details)[2].dispute_reason == lifecycle.reason("PU_ERR")


def test_all_the_reasons_a_status_may_carry_are_kept_whole(heard):
    codes = lifecycle.REASONS_OF["207"]
    details = tuple(
        cdar.StatusDetail(sequence=place, reason_code=code, notes=(f"Voir la ligne {place}",))
        for place, code in enumerate(codes, start=1)
    )
    (event,) = heard(details=details)[1]
    assert all(lifecycle.reason(code) in event.reason for code in codes)


def test_the_status_of_another_seller_s_invoice_is_not_ours(heard):
    document, events, invoice = heard("210", reason="TX_TVA_ERR", seller_siren="552100554")
    assert (events, invoice.disputed_at) == ([], None)
    assert document.problem


@pytest.mark.parametrize("word", ["2101", "21", "210x"])
def test_a_code_that_only_begins_like_ours_is_not_guessed(heard, word):
    (event,) = heard(status_code=word)[1]
    assert (event.code, event.reason) == ("???", word)


@pytest.mark.parametrize("year", [1000, 1970, 9999])
def test_a_status_of_a_year_that_cannot_be_is_of_the_moment_it_came(heard, year):
    (event,) = heard(status_at=datetime(year, 12, 31, 12, tzinfo=UTC))[1]
    assert event.occurred_at == story.AT


def test_what_the_database_cannot_keep_is_left_out_of_a_platform_s_json():
    history = [{"histoStatutDatePassage": "2026-11-16 10:00", "histoStatutCode": "SUSPENDUE"}]
    history[0]["histoStatutCommentaire"] = "pièce\0 \ud800manquante"
    data = json.dumps({"numeroFacture": "F\0AC-1", "historiquesDesStatuts": {"histoStatut": history}}).encode()
    (status,) = chorus_pro.read(data)
    assert (status.number, status.reason) == ("FAC-1", "pièce manquante")


@pytest.mark.parametrize("read", [chorus_pro.read, pennylane.read, abby.read])
def test_json_nested_beyond_measure_is_unreadable(read):
    with pytest.raises(Invalid):
        read(b"[" * 100_000)
