"""The embedded services and the two commands: shared, gone with their last user, recovered after any death."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from config.runtime import embedded, preflight, supervisor
from config.runtime.cluster import choose_binaries
from config.runtime.processes import StartFailure, explain
from tests.waiting import PATIENCE

USER_PROGRAM = """
import os, sys, time
from config.runtime import embedded
embedded.ensure()
print(os.environ["DATABASE_URL"], os.environ["REDIS_URL"], flush=True)
time.sleep(60)
"""

GRACE = 0.3  # seconds for which services without a user go on

SUPERVISED = """
import sys
from config.runtime.children import Program
from config.runtime.supervisor import Supervisor
from tests.waiting import PATIENCE
web = [sys.executable, "-m", "http.server", "--directory", sys.argv[2], "--bind", "127.0.0.1", sys.argv[1]]
idle = [sys.executable, "-c", "import time; time.sleep(50)", "idle-" + sys.argv[1]]
children = [Program("web", 2, web), Program("idle", 2, idle)]
Supervisor(children, "http://127.0.0.1:" + sys.argv[1]).run(lambda: print("ready", flush=True))
"""


def _eventually(holds: Callable[[], object], seconds: float = PATIENCE) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _running(*words: str) -> list[int]:
    """Processes whose command line holds every word."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if all(word in command for word in words):
                found.append(int(process.name))
    return found


def _free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


class Tree:
    """A state directory of its own, and processes that use its services."""

    def __init__(self, state: Path) -> None:
        self.state = state
        ours = {*embedded.VARIABLES.values(), embedded.INHERITED, "DJANGO_SETTINGS_MODULE"}
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        self.environment = {**kept, "QUITTANCE_STATE_DIR": str(state), "PYTHONPATH": str(embedded.BASE_DIR)}
        self.environment["QUITTANCE_GRACE_SECONDS"] = str(GRACE)
        self.users: list[subprocess.Popen[str]] = []

    def user(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", USER_PROGRAM]
        user = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True)
        self.users.append(user)
        return user

    def urls(self, user: subprocess.Popen[str]) -> tuple[str, str]:
        assert user.stdout
        database, broker = user.stdout.readline().split()
        return database, broker

    def services(self) -> list[int]:
        return _running(str(self.state))

    def serve(self, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "config.runtime.supervisor"]
        return subprocess.run(
            command,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            cwd=embedded.BASE_DIR,
            check=False,
        )

    def end(self) -> None:
        for user in self.users:
            user.kill()
            user.communicate()
        self.users.clear()
        assert _eventually(lambda: not self.services())


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    state = tmp_path_factory.mktemp("state")
    yield state
    # a killed keeper cannot remove its sockets, the next one does
    shutil.rmtree(_socket_directory(state), ignore_errors=True)


def _socket_directory(state: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUITTANCE_STATE_DIR", str(state))
        return embedded.socket_directory()


@pytest.fixture
def tree(state: Path) -> Iterator[Tree]:
    tree = Tree(state)
    yield tree
    tree.end()


def _only_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1
    lines = (done.stdout + done.stderr).strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


@pytest.mark.trust
def test_processes_that_start_together_share_one_keeper(tree: Tree) -> None:
    users = [tree.user() for _ in range(3)]
    urls = {tree.urls(user) for user in users}
    assert len(urls) == 1
    database, broker = urls.pop()
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT current_setting('fsync'), current_setting('listen_addresses')").fetchone()
    assert row == ("on", "")
    assert redis.Redis.from_url(broker).ping()
    assert len(_running("keeper.py", str(tree.state))) == 1
    assert len(_running("postgres -D", str(tree.state))) == 1


@pytest.mark.trust
def test_services_outlive_one_user_and_end_with_the_last_even_killed(tree: Tree) -> None:
    first, last = tree.user(), tree.user()
    tree.urls(first)
    database, _broker = tree.urls(last)
    first.kill()
    assert not _eventually(lambda: not tree.services(), seconds=3 * GRACE)
    with psycopg.connect(database) as connection:
        connection.execute("SELECT 1")
    last.kill()
    assert _eventually(lambda: not tree.services())
    assert not (tree.state / "postgres" / "postmaster.pid").exists(), "PostgreSQL was not stopped in order"


@pytest.mark.trust
def test_services_end_with_their_killed_keeper(tree: Tree) -> None:
    tree.urls(tree.user())
    (keeper,) = _running("keeper.py", str(tree.state))
    os.kill(keeper, signal.SIGKILL)
    assert _eventually(lambda: not tree.services())


@pytest.mark.trust
def test_a_database_killed_under_its_users_comes_back(tree: Tree) -> None:
    database, _broker = tree.urls(tree.user())
    (postgres,) = _running("postgres -D", str(tree.state))
    os.kill(postgres, signal.SIGKILL)

    def answers() -> bool:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(database) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
        return False

    assert _eventually(lambda: _running("postgres -D", str(tree.state)) not in ([], [postgres]))
    assert _eventually(answers)


@pytest.mark.trust
def test_the_next_start_finds_what_was_committed_before_everything_was_killed(tree: Tree) -> None:
    user = tree.user()
    database, _broker = tree.urls(user)
    with psycopg.connect(database) as connection:
        connection.execute("DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 'facture' AS what")
    for process in (user.pid, *tree.services()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    database, _broker = tree.urls(tree.user())
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT what FROM kept").fetchone() == ("facture",)


@pytest.mark.trust
def test_files_left_by_a_power_cut_do_not_prevent_the_next_start(tree: Tree) -> None:
    tree.urls(tree.user())
    tree.end()
    # the number in the lock file now belongs to somebody else, as after a restart of the machine
    lock = tree.state / "postgres" / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{tree.state}/postgres\n1\n5432\n\n\n\nready\n")
    lock.chmod(0o600)
    run = _socket_directory(tree.state)
    run.mkdir(mode=0o700)
    for name in ("keeper.sock", "valkey.sock", ".s.PGSQL.5432"):
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(run / name))
    (run / ".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")
    database, _broker = tree.urls(tree.user())
    psycopg.connect(database).close()


@pytest.mark.trust
def test_a_killed_supervisor_leaves_no_child_and_a_killed_child_is_started_again(tmp_path: Path) -> None:
    port = _free_port()
    (tmp_path / "health").mkdir()
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISED, port, str(tmp_path)],
        cwd=embedded.BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert supervisor.stdout
        assert "ready\n" in iter(supervisor.stdout.readline, "")
        (idle,) = _running(f"idle-{port}")
        os.kill(idle, signal.SIGKILL)
        assert _eventually(lambda: _running(f"idle-{port}") not in ([], [idle]))
    finally:
        supervisor.kill()
        supervisor.communicate()
    assert _eventually(lambda: not _running(f"idle-{port}") and not _running("http.server", port))


def test_a_port_in_use_is_told_in_one_line_that_names_who_holds_it(tree: Tree) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = _only_line(tree.serve(PORT=str(port)))
    assert f"port {port}" in line
    assert f"processus {os.getpid()}" in line
    assert "PORT" in line


def test_an_unreachable_database_is_told_in_one_line_without_its_password(tree: Tree) -> None:
    line = _only_line(
        tree.serve(
            PORT=_free_port(), SANDBOX_PORT=_free_port(), DATABASE_URL="postgres://app:s3cret@127.0.0.1:1/quittance"
        )
    )
    assert "DATABASE_URL" in line
    assert "127.0.0.1:1" in line
    assert "s3cret" not in line


def test_a_second_server_of_the_same_tree_is_refused_in_one_line(tmp_path: Path) -> None:
    first = preflight.claim(tmp_path / "run.lock", "http://127.0.0.1:8000")
    with pytest.raises(preflight.Refused) as refused:
        preflight.claim(tmp_path / "run.lock", "http://127.0.0.1:9000")
    first.close()
    assert "http://127.0.0.1:8000" in str(refused.value)
    assert str(os.getpid()) in str(refused.value)
    preflight.claim(tmp_path / "run.lock", "http://127.0.0.1:9000").close()


def test_data_of_an_absent_major_version_are_never_opened_by_another(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("9\n")
    with pytest.raises(StartFailure, match="PostgreSQL 9"):
        choose_binaries(tmp_path)


def test_a_full_disk_is_called_by_its_name() -> None:
    output = "FATAL:  could not write lock file: No space left on device"
    assert "Disque plein" in str(explain("PostgreSQL", output))
    assert "Disque plein" not in str(explain("PostgreSQL", "FATAL:  out of memory"))


def test_production_never_falls_back_to_embedded_services(tree: Tree) -> None:
    line = _only_line(tree.serve(PRODUCTION="true", PORT=_free_port(), SANDBOX_PORT=_free_port()))
    assert "DATABASE_URL" in line
    assert not tree.services()


@pytest.mark.django_db
def test_tables_of_an_earlier_trial_are_told_to_start_anew() -> None:
    supervisor.refuse_older_tables()
    MigrationRecorder(connection).record_applied("billing", "0007_stock")
    with pytest.raises(preflight.Refused, match=r"billing\.0007_stock.*supprimez"):
        supervisor.refuse_older_tables()


@pytest.mark.django_db
def test_tables_that_migrations_of_the_same_name_made_otherwise_are_told_too() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute("ALTER TABLE payments_reminder RENAME TO billing_reminder")
    with pytest.raises(preflight.Refused, match=r"payments_reminder.*supprimez"):
        supervisor.refuse_older_tables()
    MigrationRecorder(connection).record_unapplied("payments", "0002_protection")
    supervisor.refuse_older_tables()
