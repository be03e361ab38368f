"""Identifiers typed by people are cleaned, and refused with a sentence that helps."""

from __future__ import annotations

import doctest

import pytest

from config.kernel import identifiers
from config.kernel.identifiers import (
    InvalidIdentifier,
    bic,
    creditor_reference,
    electronic_address,
    iban,
    siren,
    siret,
    vat,
)

MODULES = [bic, creditor_reference, electronic_address, iban, siren, siret, vat]
NARROW_SPACE = "\u202f"


def sentence(verb, *given, **more):
    with pytest.raises(InvalidIdentifier) as refusal:
        verb(*given, **more)
    return str(refusal.value)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_the_examples_of_each_identifier_are_true(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_each_identifier_has_the_same_four_verbs_and_refuses_nothing_at_all(module):
    assert module in vars(identifiers).values()
    assert not module.is_valid("")
    assert module.format("") is not None
    assert sentence(module.validate, "").endswith(".")


@pytest.mark.parametrize(
    "typed",
    ["732829320", "732 829 320", "732.829.320", "732-829-320", f"732{NARROW_SPACE}829\u00a0320", "\t732829320 "],
)
def test_a_siren_is_understood_however_it_is_typed(typed):
    assert siren.validate(typed) == "732829320"


def test_a_siren_with_a_wrong_digit_says_so():
    assert "clé" in sentence(siren.validate, "732829321")


def test_a_siret_in_the_place_of_a_siren_is_told_apart():
    assert "732829320" in sentence(siren.validate, "732 829 320 00074")


@pytest.mark.parametrize("typed", ["73282932O", "¹²³456789", "٧٣٢٨٢٩٣٢٠", "000000000", "7328293200"])
def test_a_siren_of_anything_else_is_refused(typed):
    assert not siren.is_valid(typed)


def test_post_offices_keep_their_own_key():
    assert siret.validate("356 000 000 49837") == "35600000049837"
    assert siret.validate("35600000000048") == "35600000000048"
    assert not siret.is_valid("35600000049838")


def test_a_siret_of_another_company_is_refused():
    assert "356000000" in sentence(siret.validate, "35600000049837", siren="732829320")


def test_a_siret_with_a_wrong_establishment_says_where_to_look():
    assert "5 derniers" in sentence(siret.validate, "73282932000075")


def test_a_siren_in_the_place_of_a_siret_is_told_apart():
    assert "SIREN" in sentence(siret.validate, "732829320")


def test_the_french_vat_number_is_computed_from_the_siren():
    assert vat.from_siren("732829320") == "FR44732829320"
    assert vat.validate("fr 44 732 829 320", siren="732 829 320") == "FR44732829320"


def test_a_wrong_vat_key_names_the_number_expected():
    assert "FR44732829320" in sentence(vat.validate, "FR45732829320")


def test_a_vat_number_of_another_company_names_both():
    problem = sentence(vat.validate, "FR40303265045", siren="732829320")
    assert "303265045" in problem
    assert "732829320" in problem


@pytest.mark.parametrize(
    "number", ["DE136695976", "BE 0428.759.497", "IT00743110157", "NL4495445B01", "EL 094259216", "ESB58378431"]
)
def test_a_vat_number_of_the_union_is_accepted(number):
    assert vat.is_valid(number)


@pytest.mark.parametrize("number", ["DE136695977", "GB123456789", "44732829320", "FR4473282932", "ZZ1"])
def test_a_vat_number_outside_the_union_or_wrong_is_refused(number):
    assert not vat.is_valid(number)


def test_an_iban_copied_from_a_bank_page_is_understood():
    assert iban.validate("IBAN : FR76 3000 6000 0112 3456 7890 189") == "FR7630006000011234567890189"


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("FR76 3000 6000 0112 3456 7890 188", "clé"),
        ("FR76 3000 6000 0112", "27"),
        ("12345", "FR76"),
    ],
)
def test_a_wrong_iban_says_what_to_look_at(typed, hint):
    assert hint in sentence(iban.validate, typed)


def test_a_bic_has_eight_or_eleven_characters():
    assert bic.validate("agri fr pp 882") == "AGRIFRPP882"
    assert "9" in sentence(bic.validate, "AGRIFRPP8")
    assert "BNPAFRPP" in sentence(bic.validate, "AGRI99PP")


@pytest.mark.parametrize(
    "address",
    [
        "732829320",
        "732829320_73282932000074",
        "732829320_73282932000074_SERVICE-ACHATS",
        "732829320_STATUTS",
        "356000000_35600000049837",
    ],
)
def test_the_four_shapes_of_a_french_address_are_accepted(address):
    assert electronic_address.validate(address, siren=address[:9]) == address


@pytest.mark.parametrize(
    "address",
    [
        "732829321",
        "732829320_",
        "732829320__A",
        "732829320_35600000049837",
        "732829320_73282932000075",
        "732829320_ACHATÉ",
        "732829320_" + "A" * 116,
        "compta@exemple.fr",
    ],
)
def test_a_french_address_of_another_shape_is_refused(address):
    assert not electronic_address.is_valid(address)


def test_an_address_of_another_company_is_refused():
    assert "303265045" in sentence(electronic_address.validate, "303265045", siren="732829320")


def test_an_email_address_is_a_scheme_of_its_own():
    assert electronic_address.is_valid("compta@exemple.fr", scheme="EM")
    assert not electronic_address.is_valid("compta", scheme="EM")


def test_the_reference_of_an_invoice_is_valid_and_readable():
    reference = creditor_reference.generate("FAC-2026-00001")
    assert reference.endswith("FAC202600001")
    assert creditor_reference.validate(creditor_reference.format(reference).lower()) == reference


def test_one_wrong_digit_in_a_reference_is_always_caught():
    reference = creditor_reference.generate("FAC-2026-00001")
    for position in [2, 3, *range(7, len(reference))]:
        for digit in "0123456789":
            typed = reference[:position] + digit + reference[position + 1 :]
            assert creditor_reference.is_valid(typed) is (typed == reference)


@pytest.mark.parametrize("number", ["", "---", "F" * 22])
def test_a_number_that_makes_no_reference_is_refused(number):
    assert sentence(creditor_reference.generate, number)


@pytest.mark.parametrize(
    ("typed", "kept", "printed"),
    [
        ("CHE-123.456.788", "CHE123456788", "CHE-123.456.788"),
        ("che 123 456 788 tva", "CHE123456788TVA", "CHE-123.456.788 TVA"),
        ("CHE-123.456.788 MWST", "CHE123456788MWST", "CHE-123.456.788 MWST"),
    ],
)
def test_a_swiss_uid_is_the_number_of_a_company_there(typed: str, kept: str, printed: str) -> None:
    assert vat.validate(typed) == kept
    assert vat.format(kept) == printed


@pytest.mark.parametrize("typed", ["CHE-123.456.789", "CHE-123.456.78", "CHE123456788XYZ", "CHE"])
def test_a_swiss_uid_with_a_wrong_key_is_refused(typed: str) -> None:
    with pytest.raises(vat.InvalidVat):
        vat.validate(typed)
