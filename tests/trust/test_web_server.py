"""The web server's processes: killed, stopped with callers half open, and in front of services that are frozen."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.conf import settings

from config.runtime import embedded
from config.runtime.front import THREADS
from tests.api.client import a_partner
from tests.silence import frozen_service
from tests.trust.killed import database_of_the_test
from tests.trust.outages import Product, product
from tests.waiting import PATIENCE, wait_until
from tests.webserver import status_of, web_server

pytestmark = pytest.mark.trust


def children(number: int) -> list[int]:
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{number}/task/{number}/children").read_text().split()]
    return []


@contextmanager
def frozen(parent: int) -> Iterator[None]:
    """The parent first: then it forks no other, and keeps the numbers of those that ended."""
    os.kill(parent, signal.SIGSTOP)
    family = [parent, *children(parent)]
    try:
        for number in family:
            os.kill(number, signal.SIGSTOP)
        yield
    finally:
        for number in reversed(family):
            os.kill(number, signal.SIGCONT)


def lives(pid: int) -> bool:
    """False also of one that has ended and that nobody has asked about yet: the new parent of an orphan may be slow."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_killed_process_is_replaced_and_none_outlives_the_first(tmp_path: Path) -> None:
    with web_server(tmp_path / "log", workers=2) as (address, server):
        wait_until(lambda: len(children(server.pid)) == 2, what="two processes")
        workers = children(server.pid)
        os.kill(workers[0], signal.SIGKILL)
        wait_until(lambda: len(set(children(server.pid)) - {workers[0]}) == 2, what="another process")
        wait_until(lambda: status_of(address) == 200, what="an answer")
        workers = children(server.pid)
        server.kill()
        wait_until(lambda: not any(map(lives, workers)), what="the end of both")


def test_half_open_callers_do_not_keep_it_from_stopping(tmp_path: Path) -> None:
    with web_server(tmp_path / "log", stop_seconds=1) as (address, server):
        lines = [socket.create_connection(address) for _ in range(20)]
        for line in lines[::2]:
            line.sendall(b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc")
        server.terminate()
        assert server.wait(PATIENCE) == 0
        for line in lines:
            line.close()


def health(ours: Product) -> tuple[int, list[str]]:
    try:
        with urllib.request.urlopen(f"{ours.address}/health/", timeout=PATIENCE) as answer:
            return answer.status, []
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.loads(refused.read())["away"]


@pytest.mark.django_db(transaction=True)
def test_health_names_what_is_frozen_while_every_thread_waits_for_it(company: object, tmp_path: Path) -> None:
    bearer = a_partner(company).headers

    def call() -> None:
        asked = urllib.request.Request(f"{ours.address}/api/company", headers=bearer)
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            statuses.append(answer.status)

    with product(tmp_path / "state") as ours:
        ours.start("web")
        wait_until(lambda: ours.dead() or _well(ours), what="the web")
        assert not ours.dead()
        assert ours.database.process
        assert ours.broker.process
        statuses: list[int] = []
        callers = [threading.Thread(target=call) for _ in range(2 * THREADS)]
        with frozen(ours.database.process.pid):
            for caller in callers:
                caller.start()
            assert [health(ours) for _ in range(3)] == [(503, ["database"])] * 3, "more than threads for it"
            ours.broker.process.send_signal(signal.SIGSTOP)
            assert health(ours) == (503, ["database", "broker"])
        for caller in callers:
            caller.join(PATIENCE)
        assert statuses == [200] * len(callers), "answered, with the broker still frozen"
        wait_until(lambda: health(ours) == (503, ["broker"]), what="the database again", every=0.2)
        ours.broker.process.send_signal(signal.SIGCONT)
        wait_until(lambda: _well(ours), what="the broker again", every=0.2)


def _well(ours: Product) -> bool:
    """Nothing is away. Of the workers, which are none here, a slow machine has had time to say that they are silent."""
    with suppress(OSError):
        return health(ours)[1] == []
    return False


@pytest.mark.django_db(transaction=True)
def test_a_frozen_broker_is_asked_once_by_all_the_processes_of_a_machine(company: object, tmp_path: Path) -> None:
    headers = {**a_partner(company).headers, "Connection": "close"}
    with frozen_service() as frozen_broker:
        environment = {
            "DATABASE_URL": database_of_the_test(),
            "REDIS_URL": f"redis://127.0.0.1:{frozen_broker.port}/0",
            "JWT_SIGNING_KEY": settings.JWT_SIGNING_KEY,
            "SECRET_KEY": settings.SECRET_KEY,
            "TMPDIR": str(tmp_path),
            embedded.INHERITED: "",
        }
        with web_server(tmp_path / "log", environment, workers=2) as (address, _server):
            url = f"http://{address[0]}:{address[1]}/api/company"
            for _turn in range(20):
                with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=PATIENCE) as answer:
                    assert answer.status == 200
        assert frozen_broker.calls() == 1
