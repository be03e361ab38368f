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


@pytest.fixture(scope="package")
def address(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    state: Path = tmp_path_factory.mktemp("web")
    # the addresses of the services are given: nothing embedded is asked for
    own = {embedded.INHERITED: "", "DATABASE_URL": database_of_the_test(), "REDIS_URL": os.environ["REDIS_URL"]}
    keys = {"SECRET_KEY": settings.SECRET_KEY, "JWT_SIGNING_KEY": settings.JWT_SIGNING_KEY}
    with web_server(state / "log", **own, **keys, MEDIA_ROOT=str(state), LOG_LEVEL="WARNING", ACCESS_LOG="false") as (
        address,
        _process,
    ):
        yield address
