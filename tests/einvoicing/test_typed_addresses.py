"""A platform's address is typed by a person: nothing is sent, and no secret shown, where it is not public."""

from __future__ import annotations

import pytest
from django.utils import timezone

from config.kernel.errors import Invalid
from config.kernel.outbound import PublicAdapter, is_allowed
from einvoicing.services.accounts import save_account, try_account
from tests.einvoicing.loopback import answer, serving
from tests.factories import platforms, story

pytestmark = pytest.mark.django_db
HIDDEN = [
    "http://169.254.169.254/latest",
    "https://10.0.0.5",
    "http://192.168.1.1",
    "http://[fd00::1]",
    "http://0.0.0.0",
]


@pytest.mark.parametrize("production", [True, False])
@pytest.mark.parametrize("url", HIDDEN)
def test_a_hidden_address_is_refused_where_it_is_typed(company, url, production, settings):
    settings.PRODUCTION = production
    values = {"name": "PA", "base_url": url, "token_url": f"{url}/token", "client_id": "x"}
    with pytest.raises(Invalid) as refused:
        save_account(
            company=company,
            kind="afnor",
            values=values,
            secrets={"client_secret": "s"},
            actor=story.ACTOR,
            at=timezone.now(),
        )
    assert {"base_url", "token_url"} <= set(refused.value.fields)


def test_in_production_no_byte_reaches_the_loopback_even_of_an_account_stored_before(company, settings):
    settings.PRODUCTION = True
    with serving(answer("200 OK", b"{}")) as server:
        account = platforms.a_platform_account(company, server.url)
        problem = try_account(account=account, at=timezone.now())
        assert problem is not None
        assert problem.code == "forbidden_address"
        assert server.requests == []


def test_a_name_that_leads_to_a_hidden_address_is_judged_at_the_connection(settings):
    from config.kernel.http import Session

    adapter = PublicAdapter(deadline=5, resolver=lambda _host, _port: ["10.0.0.7"], loopback=True)
    with Session(attempts=1, adapter=adapter) as session, pytest.raises(Exception, match="publique"):
        session.request("GET", "https://platform.example/token")


def test_the_loopback_alone_is_open_to_simulators():
    assert is_allowed("127.0.0.1", loopback=True)
    assert not is_allowed("127.0.0.1")
    assert not any(is_allowed(address, loopback=True) for address in ("10.0.0.1", "169.254.169.254", "192.168.0.9"))
