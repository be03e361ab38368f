"""What every test stands on: PostgreSQL, no network but the machine's own, quick passwords."""

from __future__ import annotations

import functools
import gc
import ipaddress
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import jwt.algorithms
import pytest
import redis
from cryptography.hazmat.primitives import serialization
from django.conf import settings
from django.core.cache import caches
from django.core.signals import request_finished
from django.db import close_old_connections, connection, transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from django.template import Context, RequestContext, Template
from django.test import Client, override_settings
from django.test.utils import _TestState
from django.utils import translation
from django.utils.safestring import SafeString
from psycopg._preparing import PrepareManager

from config.kernel import broker
from config.kernel.models import Company
from config.kernel.scope import company_scope
from config.runtime import heartbeats
from customers.models import Customer
from einvoicing.services import documents
from einvoicing.validation.report import Report
from payments.feeds.revolut.keys import new_key
from tests.api.world import World, a_world
from tests.factories import story
from tests.scopes import tests_work_across_companies
from tests.template import migrated
from tests.trust.at_once import WHOLE
from tests.unchanged import as_it_was


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In the last tenth what takes long begins first: no worker has a minute to go when the others have ended."""
    start = len(items) * 9 // 10
    items[start:] = sorted(
        items[start:], key=lambda item: not {"trust", "browser"} & {m.name for m in item.iter_markers()}
    )


def pytest_collection_finish() -> None:
    """What is loaded stays: the collector need not look at it again in each test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(autouse=True, scope="session")
def _pauses_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What one process of the tests learns of a broker is no matter of the others."""
    directory, patch = tmp_path_factory.mktemp("pauses"), pytest.MonkeyPatch()
    patch.setattr(broker, "_directory", lambda: directory)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def _network_closed() -> Iterator[None]:
    """A test that leaves the machine is a defect."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            host = address[0]
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def _settings_of_tests() -> Iterator[None]:
    """What holds in every test that does not say otherwise."""
    unlimited = "1000000/minute"  # all tests call from one address, and more often than any partner
    with override_settings(
        API_RATE_LIMIT=unlimited,
        API_LOGIN_LIMIT=unlimited,
        API_ADDRESS_LIMIT=unlimited,
        PORTAL_ADDRESS_LIMIT=unlimited,
        PORTAL_LINK_LIMIT=unlimited,
        # times are passed in: a story may happen after the day on which the machine runs it
        MAX_CLOCK_GAP=timedelta(days=36500),
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        # each test client builds the middleware anew: it need not list all static files each time
        WHITENOISE_AUTOREFRESH=True,
    ):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest, django_db_modify_db_settings: None, django_db_blocker: Any
) -> None:
    # a commit need not reach the disk: no test cuts the power
    options = connection.settings_dict["OPTIONS"]
    options["options"] += " -c synchronous_commit=off"
    if not WHOLE and not any("bench" in item.path.parts for item in request.session.items):
        # many statements on tables of a few rows: what is asked a second time is planned no more
        options["options"] += " -c plan_cache_mode=force_generic_plan"
        options["prepare_threshold"] = 1
        PrepareManager.prepared_max = 1000
    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = migrated()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """A new test database gives the same ids again, whose calls of a minute ago the broker still counts: forgotten."""
    # copied from the template, it would be as quiet as any copy
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_installation SET fingerprint = kernel_fingerprint()")
    broker = redis.Redis.from_url(settings.REDIS_URL)
    for key in broker.scan_iter(f"*limits:{connection.settings_dict['NAME']}*"):
        broker.delete(key)
    broker.close()


@pytest.fixture(autouse=True, scope="session")
def _tests_work_across_companies() -> Iterator[None]:
    with tests_work_across_companies():
        yield


@pytest.fixture(autouse=True, scope="session")
def _another_try_at_once() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setattr("config.kernel.http.PAUSE", (0, 0.01))
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def _signs_of_life_last() -> Iterator[None]:
    """Workers and clock give one sign of life in a test, however long it takes; two hours without one are silence."""
    patch = pytest.MonkeyPatch()
    patch.setattr(heartbeats, "SILENCE", timedelta(hours=1))
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def _one_rsa_key() -> Iterator[None]:
    """Making a key takes longer than most tests, reading it as long as many; which one it is does not matter."""
    patch = pytest.MonkeyPatch()
    patch.setattr("payments.services.feeds.connecting.new_key", functools.cache(new_key))
    for reader in (serialization, jwt.algorithms):
        patch.setattr(reader, "load_pem_private_key", functools.cache(reader.load_pem_private_key))
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def _contexts_of_whole_pages(django_test_environment: None) -> Iterator[None]:
    """`answer.context` is the page's own: what Django copies of each part and widget besides costs up to a third."""
    noted, render = Template._render, _TestState.saved_data.template_render

    def rendered(self: Template, context: Context) -> SafeString:
        whole = isinstance(context, RequestContext) and context.template is self
        return (noted if whole else render)(self, context)

    patch = pytest.MonkeyPatch()
    patch.setattr(Template, "_render", rendered)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    for name in ("default", "verdicts"):  # « shared » is another name of the first
        caches[name].clear()


@pytest.fixture(autouse=True)
def _in_french() -> Iterator[None]:
    """A request leaves the language of its reader behind in its thread: each test starts in the product's own."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


_streamed: list[Any] = []


@pytest.fixture(autouse=True, scope="session")
def _streamed_answers_noted() -> Iterator[None]:
    """A web server closes every answer; a test may look at its status alone, and leave the file in it open."""
    patch, request = pytest.MonkeyPatch(), Client.request

    def noted(self: Client, **given: Any) -> Any:
        answer = request(self, **given)
        if answer.streaming:
            _streamed.append(answer)
        return answer

    patch.setattr(Client, "request", noted)
    yield
    patch.undo()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Close what the test left, as Django's client does once an answer is read."""
    request_finished.disconnect(close_old_connections)
    for answer in _streamed:
        answer.close()
    request_finished.connect(close_old_connections)
    _streamed.clear()


@pytest.fixture(autouse=True, scope="session")
def _flush_passes_triggers() -> Iterator[None]:
    """Frozen tables refuse to be emptied; the test database after a transactional test goes round that, row by row.

    Few tables have rows, and TRUNCATE makes a new file for each of them. What follows from the models alone is kept,
    and not made again.
    """

    def sql_flush(_self: DatabaseOperations, _style: Any, tables: Iterable[str], **_options: Any) -> list[str]:
        kept = ("django_content_type", "auth_permission", "kernel_installation")
        return ["; ".join(f'DELETE FROM "{table}"' for table in tables if table not in kept)]

    def execute_sql_flush(self: DatabaseOperations, sql_list: Iterable[str]) -> None:
        with transaction.atomic(using=self.connection.alias), self.connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE NONE")
            # neither triggers nor foreign keys
            cursor.execute("SET LOCAL session_replication_role = replica")
            for sql in sql_list:
                cursor.execute(sql)

    patch = pytest.MonkeyPatch()
    patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
    patch.setattr("django.core.management.commands.flush.emit_post_migrate_signal", lambda *_args, **_options: None)
    patch.setattr(DatabaseOperations, "execute_sql_flush", execute_sql_flush)
    yield
    patch.undo()


@pytest.fixture
def company(db: None) -> Company:
    return story.a_company()


@pytest.fixture
def customer(company: Company) -> Customer:
    return story.a_customer(company)


@pytest.fixture
def rules_say_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what issues many invoices and is not about them: the official rules have tests of their own."""
    verdict = Report(True, "CII", "", (), 0, ("asked elsewhere",))
    monkeypatch.setattr(documents, "official_verdict", lambda data, rules: verdict)


@pytest.fixture
def in_scope(company: Company) -> Iterator[None]:
    """The company in scope during the whole test, as during a request: `usefixtures("in_scope")`."""
    with company_scope(company):
        yield


@contextmanager
def never_committed(django_db_blocker: Any) -> Iterator[None]:
    """A transaction for rows that all the tests of a module see."""
    with django_db_blocker.unblock(), as_it_was():
        yield


@pytest.fixture(scope="module")
def _built_once(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with never_committed(django_db_blocker):
        yield a_world().built()


@pytest.fixture
def world(_built_once: World, db: None) -> World:
    """A company with its people and commonest rows; what a test adds or changes is undone at its end."""
    return _built_once.copied()
