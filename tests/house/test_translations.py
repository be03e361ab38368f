"""English is complete: every text of the house has its English sentence, with the same places to fill."""

from __future__ import annotations

import ast
import re
from collections import Counter

import pytest
from babel.messages.pofile import read_po

from tests.house.texts import ROOT, all_texts, asked_for, sentences

PLACE = re.compile(r"%(?:\((\w+)\))?[sd]")


@pytest.fixture(scope="module")
def texts() -> tuple[set[str], dict[str, str]]:
    return all_texts()


@pytest.fixture(scope="module")
def english() -> dict[str, tuple[str, ...]]:
    with (ROOT / "config/locale/en/LC_MESSAGES/django.po").open("rb") as file:
        catalog = read_po(file, abort_invalid=True)
    assert not [one.id for one in catalog if one.fuzzy and one.id]
    return {
        one.id[0] if isinstance(one.id, tuple) else one.id: one.string if isinstance(one.id, tuple) else (one.string,)
        for one in catalog
        if one.id
    }


def test_every_text_has_its_english_sentence(texts, english) -> None:
    single, plural = texts
    assert len(single) > 1000
    assert sorted(text for text in {*single, *plural} if not all(english.get(text, ("",)))) == []


def test_each_text_stands_once_between_blank_lines() -> None:
    """Two branches that translate the same text leave two entries, of which tools read one or the other."""
    entries = (ROOT / "config/locale/en/LC_MESSAGES/django.po").read_text().strip().split("\n\n")
    texts = Counter(entry[entry.index("msgid ") :].split("\nmsgstr")[0] for entry in entries)
    assert [text for text, times in texts.items() if times > 1] == []
    assert [entry for entry in entries if entry.count("\nmsgid ") + entry.startswith("msgid ") != 1] == []


def test_no_english_sentence_is_left_of_a_text_that_is_gone(texts, english) -> None:
    single, plural = texts
    assert sorted(set(english) - single - set(plural)) == []


def test_a_translation_fills_the_same_places(texts, english) -> None:
    _single, plural = texts
    for french, sentences_ in english.items():
        places = sorted(PLACE.findall(plural.get(french, french)))
        for sentence in sentences_:
            assert sorted(PLACE.findall(sentence)) == places, french


def test_no_english_sentence_is_the_french_one(english) -> None:
    accents = re.compile("[éèêàçùûôîœ«»]")
    kept = {french for french, (first, *_rest) in english.items() if accents.search(first) and french == first}
    assert kept == set()


def test_the_search_for_texts_sees_calls_f_strings_and_refusals() -> None:
    code = 'raise Refused("Le taux manque.", fields={"rate": "Donnez un taux."})\nf"{_(\'deux\')} {n}"'
    nodes = list(ast.walk(ast.parse(code)))
    assert sentences(nodes) == {"Le taux manque.", "Donnez un taux."}
    assert [*asked_for(nodes)] == ["deux"]
