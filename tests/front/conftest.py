"""One web server for the tests of its front, on the database of the test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from config.runtime import embedded
from tests.trust.killed import database_of_the_test
from tests.webserver import Address, web_server

SECONDS = 2  # half a header is waited for that long; for what comes later see short_bounds.py


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("web") / "log"


@pytest.fixture(scope="session")
def address(django_db_setup: None, log: Path) -> Iterator[Address]:
    # the addresses of the services are given: nothing embedded is asked for
    own = {embedded.INHERITED: "", "DATABASE_URL": database_of_the_test(), "REDIS_URL": os.environ["REDIS_URL"]}
    keys = {"SECRET_KEY": settings.SECRET_KEY, "JWT_SIGNING_KEY": settings.JWT_SIGNING_KEY}
    environment = {**own, **keys, "MEDIA_ROOT": str(log.parent), "LOG_LEVEL": "INFO", "ACCESS_LOG": "true"}
    application = "tests.front.short_bounds:application"
    with web_server(log, environment, application=application, header_seconds=SECONDS) as (address, _process):
        yield address
