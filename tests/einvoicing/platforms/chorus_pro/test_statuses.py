"""The two vocabularies of Chorus Pro: each documented word has its meaning, and no other word is guessed."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from config.kernel.clock import PARIS
from config.kernel.errors import Invalid
from einvoicing import lifecycle
from einvoicing.platforms.answers import AckStatus
from einvoicing.platforms.chorus_pro import statuses

IN_PROGRESS = (
    "IN_RECU",
    "IN_TRAITE_SE_CPP",
    "IN_EN_ATTENTE_TRAITEMENT_CPP",
    "IN_EN_COURS_TRAITEMENT_CPP",
    "IN_EN_ATTENTE_RETRAITEMENT_CPP",
    "IN_DEPOT_PORTAIL_EN_ATTENTE_TRAITEMENT_SE_CPP",
)


def history(*rows: tuple[str, str, str], number: str = "FAC-1") -> bytes:
    told = [
        {"histoStatutId": place, "histoStatutCode": code, "histoStatutDatePassage": at, "histoStatutCommentaire": why}
        for place, (code, at, why) in enumerate(rows, 1)
    ]
    return json.dumps(
        {"codeRetour": 0, "numeroFacture": number, "historiquesDesStatuts": {"histoStatut": told}}
    ).encode()


@pytest.mark.parametrize("word", IN_PROGRESS)
def test_a_flow_in_progress_is_pending(word):
    assert statuses.ack_status(word) is AckStatus.PENDING


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("IN_INTEGRE", AckStatus.OK),
        ("IN_INTEGRE_PARTIEL", AckStatus.OK),
        ("IN_REJETE", AckStatus.ERROR),
        ("IN_INCIDENTE", AckStatus.ERROR),
    ],
)
def test_a_flow_at_its_end_has_a_verdict(word, meaning):
    assert statuses.ack_status(word) is meaning


@pytest.mark.parametrize("word", ["IN_ORBITE", "", "in_integre", "DEPOSEE", "REJETEE", "IN_REJETE_BIS"])
def test_a_flow_state_nobody_documented_is_unknown_and_neither_pending_nor_accepted(word):
    assert statuses.ack_status(word) is AckStatus.UNKNOWN


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("DEPOSEE", "200"),
        ("EN_COURS_ACHEMINEMENT", "201"),
        ("MISE_A_DISPOSITION", "203"),
        ("SERVICE_FAIT", "204"),
        ("MANDATEE", "205"),
        ("MISE_A_DISPOSITION_COMPTABLE", "205"),
        ("COMPTABILISEE", "205"),
        ("MISE_EN_PAIEMENT", "211"),
        ("SUSPENDUE", "208"),
        ("COMPLETEE", "209"),
        ("REJETEE", "210"),
        ("A_RECYCLER", "221"),
    ],
)
def test_an_invoice_status_has_its_code(word, code):
    assert statuses.code_of(word) == code


def test_each_documented_invoice_status_has_a_code_or_none_on_purpose():
    assert len(statuses.INVOICE_STATUSES) + len(statuses.WITHOUT_CODE) == 57  # the published enumeration
    assert not statuses.WITHOUT_CODE & statuses.INVOICE_STATUSES.keys()
    assert set(statuses.INVOICE_STATUSES.values()) <= lifecycle.STATUSES.keys()
    assert {statuses.code_of(word) for word in statuses.WITHOUT_CODE} == {""}


def test_no_word_says_that_the_invoice_is_paid():
    assert "212" not in statuses.INVOICE_STATUSES.values()


def test_flow_states_and_invoice_statuses_share_no_word():
    assert not statuses.FLOW_STATES.keys() & (statuses.INVOICE_STATUSES.keys() | statuses.WITHOUT_CODE)


def test_a_history_is_read_oldest_first_in_paris_with_its_reasons():
    data = history(
        ("REJETEE", "2026-11-20 09:30", "Le bon de commande manque."),
        ("DEPOSEE", "2026-07-01 08:00", ""),
    )
    first, last = statuses.read(data)
    assert (first.code, first.at) == ("200", datetime(2026, 7, 1, 8, 0, tzinfo=PARIS))
    assert (last.code, last.raw, last.reason) == ("210", "REJETEE", "Le bon de commande manque.")
    assert (first.at.utcoffset(), last.at.utcoffset()) != (None, None)
    assert first.at.utcoffset() != last.at.utcoffset()  # summer and winter


def test_statuses_of_one_minute_keep_their_order_and_their_times_from_one_poll_to_the_next():
    rows = [
        ("DEPOSEE", "2026-11-20 09:30", ""),
        ("A_RECYCLER", "2026-11-20 09:30", ""),
        ("EN_COURS_ACHEMINEMENT", "2026-11-20 09:30", ""),
    ]
    earlier, later = statuses.read(history(*rows[:2])), statuses.read(history(*rows))
    assert [status.raw for status in later] == [row[0] for row in rows]
    assert later[0].at < later[1].at < later[2].at
    assert later[:2] == earlier


def test_a_word_nobody_documented_is_kept_as_it_came():
    (status,) = statuses.read(history(("EN_ORBITE", "2026-11-20 09:30", "?")))
    assert (status.code, status.raw, status.reason) == ("", "EN_ORBITE", "?")


def message(row: dict[str, str], *pages: bytes) -> bytes:
    """A row of the list and the pages of its history, as they are stored."""
    return b"[" + b",".join((json.dumps(row).encode(), *pages)) + b"]"


def test_a_history_on_two_pages_is_one():
    rows = [("DEPOSEE", "2026-11-20 09:30", ""), ("MISE_A_DISPOSITION", "2026-11-20 09:31", "")]
    later = json.loads(history(("REJETEE", "2026-11-20 09:32", "Non")))
    later["historiquesDesStatuts"]["histoStatut"][0]["histoStatutId"] = 3
    read = statuses.read(message({"statut": "REJETEE"}, history(*rows), history(*rows[:1]), json.dumps(later).encode()))
    assert [status.raw for status in read] == ["DEPOSEE", "MISE_A_DISPOSITION", "REJETEE"]


def test_a_cut_history_hides_no_rejection():
    row = {"statut": "REJETEE", "dateHeureEtatCourant": "20/11/2026 10:00", "commentaireEtatCourant": "Non"}
    cut = history(("DEPOSEE", "2026-11-20 09:30", ""), ("MISE_A_DISPOSITION", "2026-11-20 09:31", ""))
    last = statuses.read(message(row, cut))[-1]
    assert (last.code, last.reason, last.at) == ("210", "Non", datetime(2026, 11, 20, 10, 0, tzinfo=PARIS))
    whole = history(("DEPOSEE", "2026-11-20 09:30", ""), ("REJETEE", "2026-11-20 10:00", "Non"))
    assert statuses.read(message(row, whole))[-1] == last
    assert len(statuses.read(message(row, whole))) == 2


def test_the_current_status_of_the_history_s_own_answer_is_believed_before_the_list_s():
    answer = json.loads(history(("DEPOSEE", "2026-11-20 09:30", "")))
    row = {"statut": "MISE_A_DISPOSITION", "dateHeureEtatCourant": "2026-11-20 10:00", "commentaireEtatCourant": "x"}
    last = statuses.read(message(row, json.dumps(answer | {"statutCourantCode": "REJETEE"}).encode()))[-1]
    assert (last.raw, last.reason, last.is_dated) == ("REJETEE", "", True)
    assert last.at > datetime(2026, 11, 20, 9, 30, tzinfo=PARIS)


def test_an_invoice_back_at_a_status_it_had_before_is_there_again():
    rows = [("A_RECYCLER", "2026-11-20 09:30", ""), ("EN_COURS_ACHEMINEMENT", "2026-11-20 09:40", "")]
    row = {"statut": "A_RECYCLER", "dateHeureEtatCourant": "2026-11-20 09:50"}
    read = statuses.read(message(row, history(*rows)))
    assert [status.raw for status in read] == ["A_RECYCLER", "EN_COURS_ACHEMINEMENT", "A_RECYCLER"]


def test_a_date_in_a_form_nobody_knows_is_quoted_and_its_status_kept():
    read = statuses.read(history(("REJETEE", "le 20 au soir", "Non"), ("DEPOSEE", "2026-11-20 09:30", "")))
    assert [(status.raw, status.is_dated) for status in read] == [("DEPOSEE", True), ("REJETEE", False)]
    assert read[-1].reason == "Non (date illisible : « le 20 au soir »)"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"numeroFacture": "F-1"}',
        b'{"numeroFacture": "F-1", "historiquesDesStatuts": {"histoStatut": [1]}}',
        b'{"numeroFacture": "", "historiquesDesStatuts": {"histoStatut": []}}',
        history(("", "2026-11-20 09:30", "")),
    ],
)
def test_a_history_that_cannot_be_read_is_said_so(data):
    with pytest.raises(Invalid):
        statuses.read(data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=PARIS)),
        ("2026-11-20 09:30", datetime(2026, 11, 20, 9, 30, tzinfo=PARIS)),
        ("2026-11-20T08:30:00Z", datetime(2026, 11, 20, 9, 30, tzinfo=PARIS)),
        ("20/11/2026", datetime(2026, 11, 20, tzinfo=PARIS)),
        ("20/11/2026 09:30", datetime(2026, 11, 20, 9, 30, tzinfo=PARIS)),
        ("20/11/2026T09:30:15", datetime(2026, 11, 20, 9, 30, 15, tzinfo=PARIS)),
        (1795163400000, datetime(2026, 11, 20, 9, 30, tzinfo=PARIS)),
        ("20.11.2026", None),
        ("31/02/2026", None),
        (None, None),
        (1, None),
    ],
)
def test_chorus_pro_s_clock_is_read_in_its_several_forms(text, expected):
    assert statuses.instant(text) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Doublon : une facture portant ce numéro existe déjà pour ce fournisseur", True),
        ("La facture a déjà été reçue", True),
        ("Le numéro existe déjà", True),
        ("Le destinataire est inconnu", False),
        ("La date de la facture est déjà passée", False),
        ("", False),
    ],
)
def test_a_refusal_for_being_there_already_is_recognised(words, expected):
    assert statuses.is_duplicate(words) is expected
