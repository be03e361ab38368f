"""People, signed in or not."""

from __future__ import annotations

import itertools

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from config.kernel.models import Company, Membership, User
from config.kernel.roles import Role

_numbers = itertools.count(1)


def signed_in(company: Company, role: Role = Role.OWNER) -> Client:
    """A browser in which a member of the company has signed in."""
    user = a_person(company, role)
    session = SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
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
    return page.text.replace("\u202f", " ").replace("\xa0", " ")
