"""A partner's program, for tests: JSON in, JSON out, amounts as Decimal, a key for each call that wants one."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import uuid4

from django.test import Client
from django.utils import timezone

from config.kernel.api import keys, tokens
from config.kernel.api.json import dumps, loads
from config.kernel.models import Company, Membership, User
from config.kernel.roles import Role

PASSWORD = "a long password 42"
_numbers = itertools.count(1)


class Partner:
    """Calls the API with one credential."""

    def __init__(self, credential: str, **headers: str) -> None:
        self.http = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {credential}", **headers}

    def call(self, method: str, path: str, body: Any = None, *, key: bool | str = False, **headers: str) -> Any:
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if key:
            sent["Idempotency-Key"] = key if isinstance(key, str) else f"key-{next(_numbers)}"
        content = dumps(body) if body is not None else b""
        return self.http.generic(method, path, content, content_type="application/json", headers=sent)

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, *, key: bool | str = False, **headers: str) -> Any:
        return self.call("POST", path, {} if body is None else body, key=key, **headers)

    def put(self, path: str, body: Any, *, key: bool | str = False, **headers: str) -> Any:
        return self.call("PUT", path, body, key=key, **headers)

    def delete(self, path: str, *, key: bool | str = False, **headers: str) -> Any:
        return self.call("DELETE", path, key=key, **headers)


def json_of(response: Any) -> Any:
    """The answer's value, amounts as Decimal."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return loads(content)


def a_member(company: Company, role: Role = Role.OWNER) -> User:
    """Under an address of its own: sign-ins are counted by address."""
    user = User.objects.create_user(f"{role.lower()}-{uuid4().hex}@partner.example", PASSWORD)
    Membership.objects.create(user=user, company=company, role=role)
    return user


def a_partner(company: Company, role: Role = Role.OWNER) -> Partner:
    """A person of the company, as a partner's program is once it has signed in."""
    return Partner(tokens._pair(a_member(company, role))["access"])


def a_machine(company: Company, *scopes: str, **options: Any) -> Partner:
    """A program with an API key of these scopes."""
    _key, text = keys.create_key(
        company=company, name="ERP", scopes=scopes, by=a_member(company), at=timezone.now(), **options
    )
    return Partner(text)
