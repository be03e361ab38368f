"""People, signed in or not."""

from __future__ import annotations

import itertools

from django.test import Client

from config.kernel.models import Company, Membership, User
from config.kernel.roles import Role

_numbers = itertools.count(1)


def signed_in(company: Company, role: Role = Role.OWNER) -> Client:
    """A browser in which a member of the company has signed in."""
    client = Client()
    client.force_login(a_person(company, role))
    return client


def a_person(company: Company, role: Role = Role.OWNER) -> User:
    """A member of the company."""
    user = User.objects.create_user(
        f"{role.lower()}-{company.siren}-{next(_numbers)}@verone.example", "a long password 42"
    )
    Membership.objects.create(user=user, company=company, role=role)
    return user


def read(page: object) -> str:
    """The page's text with plain spaces, as one would type it."""
    return page.text.replace("\u202f", " ").replace("\xa0", " ")  # type: ignore[attr-defined]  # a test response
