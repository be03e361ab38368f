"""All reasons of a status reach the person, also those given only as a note (MDT-126)."""

from __future__ import annotations

import dataclasses

import pytest

from einvoicing import lifecycle
from einvoicing.formats import cdar
from einvoicing.platforms.afnor import statuses
from tests.factories import platforms, story

pytestmark = pytest.mark.django_db


def told(customer, *details):
    """What is read of a refusal with these details."""
    invoice = story.an_issued_invoice(customer)
    message = cdar.parse(platforms.status_message(invoice, "210"))
    (status,) = statuses.read(cdar.render(dataclasses.replace(message, details=details)))
    return status


def test_a_reason_given_only_as_a_note_is_told(customer):
    status = told(customer, cdar.StatusDetail(sequence=1, notes=("Le bon de commande est clos",)))
    assert status.reason == "Le bon de commande est clos"


def test_all_reasons_are_told_in_their_order(customer):
    details = (
        cdar.StatusDetail(sequence=1, reason_code="TX_TVA_ERR"),
        cdar.StatusDetail(sequence=2, reason="Prix faux", notes=("Voir le devis 12",)),
    )
    status = told(customer, *details)
    assert status.reason_code == "TX_TVA_ERR"
    assert status.reason == f"{lifecycle.reason('TX_TVA_ERR')} ; Prix faux – Voir le devis 12"


def test_a_code_alone_leaves_the_sentence_to_who_reads_it(customer):
    status = told(customer, cdar.StatusDetail(sequence=1, reason_code="TX_TVA_ERR"))
    assert (status.reason_code, status.reason) == ("TX_TVA_ERR", "")
