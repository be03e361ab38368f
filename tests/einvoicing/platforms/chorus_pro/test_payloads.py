"""What is sent to Chorus Pro and read from its answers, without the network."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from config.kernel.errors import RemoteError
from einvoicing.platforms.answers import AckStatus
from einvoicing.platforms.base import Attachment, Deposit
from einvoicing.platforms.chorus_pro import payloads
from einvoicing.platforms.chorus_pro.addresses import addresses
from einvoicing.platforms.chorus_pro.calls import Answer


def report(state: str, *, technical: list[Any] | None = None, invoices: dict[str, str] | None = None) -> Answer:
    named = [{"numeroDP": number, "libelleErreurDP": words} for number, words in (invoices or {}).items()]
    facts = {
        "codeRetour": 0,
        "etatCourantDepotFlux": state,
        "dateHeureEtatCourantFlux": "2026-11-20T09:30:00+01:00",
        "listeErreurTechnique": technical,
        "listeErreurDP": named or None,
    }
    return Answer(facts, b"")


@pytest.mark.parametrize(
    ("syntax", "word"),
    [
        ("Factur-X", "IN_DP_E2_CII_FACTURX"),
        ("CII", "IN_DP_E1_CII_16B"),
        ("UBL", "IN_DP_E1_UBL_INVOICE"),
    ],
)
def test_a_deposit_is_told_in_the_words_of_the_interface(syntax, word):
    body = payloads.deposit_body(Deposit(b"\x00file", "FAC-1.xml", syntax, "t"))
    assert base64.b64decode(body.pop("fichierFlux")) == b"\x00file"
    assert body == {"nomFichier": "FAC-1.xml", "syntaxeFlux": word, "avecSignature": False}


def test_a_status_of_ours_has_no_place_in_chorus_pro():
    with pytest.raises(RemoteError) as caught:
        payloads.deposit_body(Deposit(b"x", "s.xml", "CDAR", "t"))
    assert (caught.value.code, caught.value.retryable) == ("unsupported_syntax", False)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("FAC-2026-0042.pdf", "FAC-2026-0042.pdf"),
        ("x" * 60 + ".pdf", "x" * 46 + ".pdf"),
        ("été n° 4/2026.pdf", "t-n-4-2026.pdf"),
        ("///", "facture"),
    ],
)
def test_a_file_name_is_plain_and_fifty_characters_at_most(name, expected):
    assert payloads.file_name(name) == expected
    assert len(payloads.file_name(name)) <= 50


def test_a_file_beyond_the_limit_is_not_sent(monkeypatch):
    monkeypatch.setattr(payloads, "LARGEST_FLOW", 3)
    with pytest.raises(RemoteError) as caught:
        payloads.deposit_body(Deposit(b"four", "f.xml", "CII", "t"))
    assert (caught.value.code, caught.value.retryable) == ("flow_too_large", False)
    with pytest.raises(RemoteError) as caught:
        payloads.within_limits([Attachment("a.pdf", "application/pdf", b"ab")] * 2)
    assert caught.value.code == "attachment_refused"


@pytest.mark.parametrize("data", [b"", b"x" * (10 * 1024 * 1024 + 1)], ids=["empty", "beyond 10 MB"])
def test_an_attachment_of_the_wrong_size_is_not_sent(data):
    with pytest.raises(RemoteError) as caught:
        payloads.attachment_body(Attachment("a.pdf", "application/pdf", data))
    assert caught.value.code == "attachment_refused"
    assert "10 Mo" in caught.value.message


def test_a_kind_of_file_that_chorus_pro_does_not_list_is_not_sent():
    with pytest.raises(RemoteError) as caught:
        payloads.attachment_body(Attachment("macro.exe", "application/x-msdownload", b"MZ"))
    assert caught.value.message == "Chorus Pro ne prend pas « macro.exe » : envoyez plutôt un PDF."
    assert len(payloads.EXTENSIONS) == 35


def test_a_rejection_is_told_with_all_its_reasons():
    technical = [{"codeErreur": "E12", "libelleErreur": "Fichier illisible", "natureErreur": "BLOQUANTE"}]
    ack = payloads.acknowledgement(report("IN_REJETE", technical=technical, invoices={"FAC-1": "SIRET inconnu"}))
    assert (ack.status, ack.raw_status, ack.duplicate) == (AckStatus.ERROR, "IN_REJETE", False)
    assert [(one.item, one.reason_code, one.reason_message) for one in ack.details] == [
        ("flux", "E12", "Fichier illisible"),
        ("FAC-1", "", "SIRET inconnu"),
    ]
    assert ack.updated_at is not None


def test_a_rejection_for_being_there_already_is_evidence_of_an_earlier_success():
    ack = payloads.acknowledgement(report("IN_REJETE", invoices={"FAC-1": "Doublon de facture"}))
    assert (ack.status, ack.duplicate) == (AckStatus.ERROR, True)


def test_a_duplicate_with_another_fault_proves_nothing():
    technical = [{"codeErreur": "E12", "libelleErreur": "Fichier illisible"}]
    ack = payloads.acknowledgement(report("IN_REJETE", technical=technical, invoices={"FAC-1": "Doublon de facture"}))
    assert ack.duplicate is False


def test_a_partial_integration_is_decided_by_our_own_number():
    answer = report("IN_INTEGRE_PARTIEL", invoices={"FAC-1": "SIRET inconnu"})
    refused = payloads.acknowledgement(answer, number="FAC-1")
    assert (refused.status, [one.reason_message for one in refused.details]) == (AckStatus.ERROR, ["SIRET inconnu"])
    taken = payloads.acknowledgement(answer, number="FAC-2", integrated=True)
    assert (taken.status, taken.details, taken.raw_status) == (AckStatus.OK, (), "IN_INTEGRE_PARTIEL")


def test_an_invoice_that_a_partial_integration_neither_names_nor_gave_is_not_taken():
    named = payloads.acknowledgement(report("IN_INTEGRE_PARTIEL", invoices={"FAC-1": "SIRET inconnu"}), number="FAC-2")
    assert (named.status, named.details) == (AckStatus.UNKNOWN, ())
    nameless = report("IN_INTEGRE_PARTIEL", technical=[{"codeErreur": "E12", "libelleErreur": "Fichier illisible"}])
    refused = payloads.acknowledgement(nameless, number="FAC-2")
    assert (refused.status, [one.reason_code for one in refused.details]) == (AckStatus.ERROR, ["E12"])


def test_a_whole_flow_rejected_gives_each_invoice_its_own_reason():
    answer = report("IN_REJETE", invoices={"FAC-1": "SIRET inconnu", "FAC-2": "Engagement absent"})
    ack = payloads.acknowledgement(answer, number="FAC-2")
    assert (ack.status, [one.reason_message for one in ack.details]) == (AckStatus.ERROR, ["Engagement absent"])


def test_a_partial_integration_without_our_number_is_decided_by_what_came_of_it():
    answer = report("IN_INTEGRE_PARTIEL", invoices={"FAC-1": "SIRET inconnu"})
    assert payloads.acknowledgement(answer, integrated=False).status is AckStatus.ERROR
    assert payloads.acknowledgement(answer, integrated=True).status is AckStatus.OK


def test_an_incident_says_that_the_flow_is_to_be_deposited_again():
    ack = payloads.acknowledgement(report("IN_INCIDENTE"))
    assert (ack.status, ack.is_incident) == (AckStatus.ERROR, True)
    assert [one.reason_code for one in ack.details] == ["IN_INCIDENTE"]
    assert "déposer de nouveau" in ack.details[0].reason_message


@pytest.mark.parametrize("state", ["IN_ORBITE", ""])
def test_an_unknown_state_is_kept_in_its_own_word(state):
    ack = payloads.acknowledgement(report(state))
    assert (ack.status, ack.raw_status) == (AckStatus.UNKNOWN, state)


def test_an_invoice_s_identifier_may_need_sixty_four_bits():
    answer = Answer({"listeFactures": [{"identifiantFactureCPP": 2**40, "numeroFacture": "FAC-1"}]}, b"")
    (row,) = payloads.invoices(answer)
    assert (row.id, row.flow) == (2**40, "")


@pytest.mark.parametrize("row", [{}, {"numeroFacture": "FAC-1"}, {"identifiantFactureCPP": "x", "numeroFacture": "F"}])
def test_a_row_without_identity_is_an_error_and_not_a_loss(row):
    with pytest.raises(RemoteError) as caught:
        payloads.invoices(Answer({"listeFactures": [row]}, b""))
    assert caught.value.retryable is True


def test_the_state_s_own_addresses_are_known_by_environment():
    assert addresses("production").base_url == "https://api.piste.gouv.fr"
    assert addresses("qualification").token_url.startswith("https://sandbox-oauth.piste.gouv.fr/")
