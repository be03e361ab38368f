"""The product's own processes on a PostgreSQL and a Valkey of their own, which are killed under them.

The services of the tests stay untouched: the simulated platform, somebody else's machine, lives on them.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
import requests
from django.conf import settings

from config.kernel.postgresql.base import APP_ROLE
from config.runtime import embedded, web
from config.runtime.cluster import Postgres, choose_binaries
from config.runtime.keeper import Valkey
from tests.trust.at_once import WHOLE
from tests.trust.killed import ROOT, Nursery, database_of_the_test, lives, nursery
from tests.waiting import wait_until

CLOCK = ["celery", "-q", "-A", "tests.trust.quick_clock"]
JOBS = {
    "worker": [
        *CLOCK,
        "worker",
        "--concurrency",
        "2" if WHOLE else "1",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
    ],
    "beat": [*CLOCK, "beat", "--pidfile="],
    "queue": ["manage", "run_queue", "--every", "0.5"],
}
# the postmaster alone, whose processes then end by themselves; all of them at once; in order, with a checkpoint
DEATHS = (signal.SIGKILL, signal.SIGQUIT, signal.SIGINT)
LEASE = 6  # seconds; the engine that judges documents is started and replaced within one


class Product:
    """A copy of the test's database in a cluster of its own, a broker, and the processes that use them."""

    def __init__(self, state: Path, run: Path) -> None:
        self.state = state
        self.database, self.broker = Postgres(state, run), Valkey(state, run)
        self.ending = contextlib.ExitStack()
        self.web: subprocess.Popen[bytes] | None = None
        self.running: dict[str, int] = {}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{free.getsockname()[1]}"
        self.environment = {
            **os.environ,
            # the session and the platform's secret were made here
            "SECRET_KEY": settings.SECRET_KEY,
            "JWT_SIGNING_KEY": settings.JWT_SIGNING_KEY,
            "CREDENTIALS_KEYS": ",".join(settings.CREDENTIALS_KEYS),
            "DATABASE_URL": self.database.url,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_LEVEL": "CRITICAL",
            "MEDIA_ROOT": str(state / "files"),
            "PYTHONWARNINGS": "ignore",
            "QUITTANCE_STATE_DIR": str(state),
            "REDIS_URL": self.broker.url,
            "TRANSMISSION_LEASE_SECONDS": str(LEASE),
        }
        self.environment.pop(embedded.INHERITED, None)

    def copy_database(self) -> None:
        """Quicker than all the migrations again. Raises CalledProcessError."""
        self.ask(f"CREATE ROLE {APP_ROLE} NOLOGIN")  # roles belong to no database
        tools = choose_binaries(embedded.state_directory() / "postgres")
        copied = subprocess.run(
            [tools / "pg_dump", "--no-owner", database_of_the_test()], capture_output=True, check=True
        ).stdout
        options = ["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--single-transaction", self.database.url]
        subprocess.run([tools / "psql", *options], input=copied, stdout=subprocess.DEVNULL, check=True)
        # as any copy it would give no number and send nothing
        self.ask("UPDATE kernel_installation SET fingerprint = kernel_fingerprint()")

    def start(self, *names: str) -> None:
        """`web`, and each other as its job."""
        for name in names:
            if name == "web":
                self.start_web()
                continue
            self.running[name] = self.nursery.start(*JOBS[name], log=self.log(name))

    @cached_property
    def nursery(self) -> Nursery:
        return self.ending.enter_context(nursery(self.state / "files", **self.environment))

    def start_web(self) -> None:
        port = int(self.address.rpartition(":")[2])
        with self.log("web").open("ab") as log:
            self.web = subprocess.Popen(
                web.command("127.0.0.1", port, workers=1),
                cwd=ROOT,
                env=self.environment | {"DATABASE_POOL": "true"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def log(self, name: str) -> Path:
        return self.state / f"{name}.log"

    def dead(self) -> list[str]:
        """Which of the processes have ended, with the end of what they said."""
        ended = [name for name, number in self.running.items() if not lives(number)]
        if self.web and self.web.poll() is not None:
            ended.append("web")
        return [f"{name}: {self.log(name).read_text(errors='replace')[-2000:]}" for name in ended]

    def kill_database(self, sign: signal.Signals) -> None:
        process = self.database.process
        assert process is not None
        process.send_signal(sign)
        process.wait(20)

    def kill_broker(self) -> None:
        process = self.broker.process
        assert process is not None
        process.kill()
        process.wait(20)

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database.url) as connection:
            cursor = connection.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    def manage(self, *arguments: str) -> str:
        """What the command says, once it has ended."""
        number = self.nursery.start("manage", *arguments, log=self.log("manage"))
        wait_until(lambda: not lives(number), what=f"the end of {arguments}")
        return self.log("manage").read_text()

    def end(self) -> None:
        self.ending.close()
        if self.web:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.web.pid, signal.SIGKILL)
            self.web.wait()
        self.database.stop()
        self.broker.stop()


@contextmanager
def product(state: Path) -> Iterator[Product]:
    """The product on a copy of the test's database; nothing runs yet but the two services."""
    state.mkdir(mode=0o700)
    # short: the path of a socket has at most 107 bytes
    run = Path(tempfile.mkdtemp(prefix="quittance-"))
    made = Product(state, run)
    try:
        made.database.start()
        made.broker.start()
        made.copy_database()
        yield made
    finally:
        made.end()
        shutil.rmtree(run, ignore_errors=True)


class Browser:
    """Somebody signed in who does not give up: what broke is asked again."""

    def __init__(self, address: str, session: str) -> None:
        self.address = address
        self.broken = 0
        token = secrets.token_hex(16)
        self._cookies = {"sessionid": session, "csrftoken": token}
        self._headers = {"X-CSRFToken": token, "Connection": "close"}

    def issue(self, draft: int, *, give_up: Callable[[], bool]) -> None:
        """« Émettre » until the answer is a page."""
        while not give_up():
            try:
                answer = requests.post(
                    f"{self.address}/invoices/{draft}/issue/",
                    {"send": "no"},
                    cookies=self._cookies,
                    headers=self._headers,
                    allow_redirects=False,
                    timeout=10,
                )
            except requests.RequestException:
                self.broken += 1
            else:
                if answer.status_code == 302:
                    return
                assert answer.status_code == 500, answer.text[:2000]
                self.broken += 1
            time.sleep(0.1)
