"""The tables of the life-cycle hold together and never refuse an unknown code."""

from __future__ import annotations

import pytest

from einvoicing import lifecycle


def test_the_four_obligatory_statuses_are_those_of_the_standard():
    obligatory = {code for code, status in lifecycle.STATUSES.items() if status.obligatory}
    assert obligatory == {"200", "210", "212", "213"}


def test_a_status_has_its_french_name():
    assert lifecycle.label("203") == "Mise à disposition"


@pytest.mark.parametrize("code", ["222", "601", "", "pas un code"])
def test_an_unknown_code_is_shown_and_is_neither_final_nor_bad(code):
    assert code in lifecycle.label(code)
    assert not lifecycle.is_final(code)
    assert not lifecycle.is_bad(code)


def test_refusals_are_final_and_disputes_are_not():
    assert {code for code in lifecycle.STATUSES if lifecycle.is_final(code)} == {"210", "213", "220", "501"}
    assert lifecycle.is_bad("207")
    assert not lifecycle.is_bad("212")


def test_every_reason_a_status_may_carry_has_a_sentence():
    named = {code for codes in lifecycle.REASONS_OF.values() for code in codes} | set(lifecycle.PUBLIC_REFUSALS)
    assert named == set(lifecycle.REASONS)
    assert all(text.endswith(".") for text in lifecycle.REASONS.values())


def test_every_status_that_demands_a_reason_has_reasons_to_choose_from():
    demanding = {code for code, status in lifecycle.STATUSES.items() if status.reason_required}
    assert demanding <= set(lifecycle.REASONS_OF)


def test_an_unknown_reason_is_shown_as_it_came():
    assert lifecycle.reason("NOUVEAU_MOTIF") == "NOUVEAU_MOTIF"
    assert lifecycle.reason("DOUBLON") == "Cette facture a déjà été reçue."
