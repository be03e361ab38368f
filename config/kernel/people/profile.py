"""A person's own name, address, language and theme, and the notices they want.

Another address holds only once its mailbox has answered: the link is a signed text that names the person, the address
of now and the one to come, so that it is good once, and for a day. The address of before is told.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.urls import reverse

from config.kernel.errors import DomainError
from config.kernel.models import User, login_of
from config.kernel.people.mails import queue_mail
from config.kernel.people.own_acts import lock_person, record_own_act

SALT = "quittance.another-address"
OPEN_FOR = 24 * 3600  # seconds


class BadLink(DomainError):
    code = "bad_link"
    message = "Ce lien est périmé, déjà utilisé ou incomplet. Demandez-en un autre depuis « Mon compte »."
    status = 400


class AddressTaken(DomainError):
    code = "address_taken"
    message = "Cette adresse est celle d’un autre compte. La vôtre n’a pas changé."


@transaction.atomic
def save_profile(
    *, user: User, first_name: str, last_name: str, language: str, theme: str, muted: Collection[str]
) -> User:
    """Keep how the person is called and how they like the product: their own matter, told to nobody."""
    person = lock_person(user)
    person.first_name, person.last_name = first_name, last_name
    person.language, person.theme, person.muted_notices = language, theme, sorted(muted)
    person.save(update_fields=["first_name", "last_name", "language", "theme", "muted_notices"])
    return person


@transaction.atomic
def ask_another_address(*, user: User, email: str, at: datetime) -> None:
    """Send a link to the new address. The answer is the same where another account has it: nothing then leaves."""
    address = login_of(email)
    if User.objects.filter(email=address).exists():
        return
    token = signing.dumps([user.pk, user.email, address], salt=SALT)
    link = f"{settings.PUBLIC_URL.rstrip('/')}{reverse('account-email-confirm', args=[token])}"
    queue_mail(kind="confirm_address", to=address, language=user.language or "fr", context={"link": link}, at=at)


def address_of_link(token: str) -> str:
    """The address that a link confirms. Raises BadLink."""
    return _read(token)[2]


def _read(token: str) -> tuple[int, str, str]:
    try:
        key, before, after = signing.loads(token, salt=SALT, max_age=OPEN_FOR)
    except (signing.BadSignature, ValueError) as error:
        raise BadLink from error
    return key, before, after


def confirm_address(token: str, *, at: datetime) -> User:
    """From now on the person signs in with the new address. Raises BadLink, AddressTaken."""
    try:
        return _confirm(token, at=at)
    # two accounts confirmed one address at once: PostgreSQL let the other have it
    except IntegrityError as error:
        raise AddressTaken from error


@transaction.atomic
def _confirm(token: str, *, at: datetime) -> User:
    key, before, after = _read(token)
    person = User.objects.select_for_update(no_key=True).filter(pk=key, email=before, is_active=True).first()
    if person is None:
        raise BadLink
    if User.objects.filter(email=after).exists():
        raise AddressTaken
    person.email = after
    person.save(update_fields=["email"])
    record_own_act("kernel.person.email_changed", user=person, at=at, data={"before": before})
    language = person.language or "fr"
    queue_mail(kind="address_changed", to=before, language=language, context={"address": after}, at=at)
    return person
