"""Secrets at rest: unreadable without the key, useless in another place, readable after a new key was put first."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from config.kernel.secrets import SecretUnreadable, decrypt, encrypt, masked
from tests.factories import platforms, story

HERE = "platformaccount:1:2:client_secret"
CANARY = "canary-8d1f-open-sesame"


def test_a_secret_comes_back_where_it_was_put():
    cipher = encrypt(CANARY, context=HERE)
    assert CANARY not in cipher
    assert decrypt(cipher, context=HERE) == CANARY


def test_a_secret_is_never_written_twice_alike():
    assert encrypt(CANARY, context=HERE) != encrypt(CANARY, context=HERE)


@pytest.mark.parametrize("elsewhere", ["platformaccount:1:3:client_secret", "platformaccount:2:2:client_secret", ""])
def test_a_secret_moved_to_another_row_does_not_open(elsewhere):
    with pytest.raises(SecretUnreadable):
        decrypt(encrypt(CANARY, context=HERE), context=elsewhere)


@pytest.mark.parametrize("spoil", [lambda text: text[:-4], lambda text: text[:30] + "A" + text[31:], lambda _text: ""])
def test_a_changed_cipher_text_is_refused_in_words(spoil):
    with pytest.raises(SecretUnreadable, match="Saisissez-le de nouveau"):
        decrypt(spoil(encrypt(CANARY, context=HERE)), context=HERE)


def test_a_new_key_put_first_reads_what_the_old_one_wrote(settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.CREDENTIALS_KEYS = [old]
    written_before = encrypt(CANARY, context=HERE)
    settings.CREDENTIALS_KEYS = [new, old]
    assert decrypt(written_before, context=HERE) == CANARY
    written_since = encrypt(CANARY, context=HERE)
    settings.CREDENTIALS_KEYS = [new]
    assert decrypt(written_since, context=HERE) == CANARY, "the new key writes"
    with pytest.raises(SecretUnreadable):
        decrypt(written_before, context=HERE)


@pytest.mark.django_db
def test_the_secret_of_one_account_copied_to_another_does_not_open():
    account = platforms.a_platform_account(story.a_company(), secret=CANARY)
    other = platforms.a_platform_account(story.a_company(), secret="another")
    assert CANARY not in account.client_secret_cipher
    assert account.client_secret() == CANARY
    other.client_secret_cipher = account.client_secret_cipher
    with pytest.raises(SecretUnreadable):
        other.client_secret()


def test_a_page_shows_four_signs_of_a_long_secret_and_none_of_a_short_one():
    assert masked("sandbox-secret") == "••••cret"
    assert masked("12345678") == "••••"
