"""A machine as README's « Deploy » wants one, without systemd: PostgreSQL, Valkey, nginx and a root of its own.

The commands of the README run as they are written; what is replaced is said in `Machine.here`. The stand-in for systemd
reads the units of config/deploy/systemd/ and does what they say: it starts, stops in order, and starts again what died.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from config.runtime import cluster
from config.runtime.keeper import Valkey
from tests.trust.killed import ROOT
from tests.waiting import PATIENCE, wait_until
from tests.webserver import free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
TOOLS = ("psql", "openssl", "curl", "pgrep", "sed")
ABSENT = [tool for tool in TOOLS if not shutil.which(tool)] + ([] if NGINX else ["nginx"])
PARTS = ("config", "customers", "billing", "payments", "einvoicing", "templates", "static", "tests", "manage.py")
PASSWORD = "a-word-for-the-database-42"


class Unit:
    """One service: what its file says, and its process."""

    def __init__(self, text: str, instance: str, log: Path) -> None:
        self.said = dict(re.findall(r"^(\w+)=(.*)$", text.replace("%i", instance), re.MULTILINE))
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self.wanted = False

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
        for line in Path(self.said["EnvironmentFile"]).read_text().splitlines():
            name, _sign, value = line.partition("=")
            environment[name] = value
        if more := self.said.get("Environment"):
            environment |= [more.split("=", 1)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                shlex.split(self.said["ExecStart"]),
                cwd=Path(self.said["WorkingDirectory"]).resolve(),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wanted = True

    def stop(self) -> None:
        """As KillMode=mixed: SIGTERM to the main process, and after a time SIGKILL to what is left."""
        self.wanted, process = False, self.process
        if process is None:
            return
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(int(self.said["TimeoutStopSec"]))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def kill(self) -> None:
        """All of it at once, as a machine that runs out of memory does."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGKILL)


class Systemd:
    """Answers the `systemctl` of the machine."""

    def __init__(self, place: Path, logs: Path) -> None:
        self.place, self.logs = place, logs
        self.units: dict[str, Unit] = {}
        self.turn = threading.RLock()
        self.ending = threading.Event()
        threading.Thread(target=self._look_after, daemon=True).start()

    def call(self, words: list[str]) -> None:
        verb, *names = [word for word in words if not word.startswith("--")]
        for name in names:
            with self.turn:
                if verb == "restart" or name not in self.units:
                    self._anew(name).start()
                elif verb == "stop":
                    self.units[name].stop()

    def _anew(self, name: str) -> Unit:
        if name in self.units:
            self.units[name].stop()
        base, _at, instance = name.partition("@")
        file = self.place / (f"{base}@.service" if instance else f"{base}.service")
        self.units[name] = Unit(file.read_text(), instance, self.logs / f"{name}.log")
        return self.units[name]

    def _look_after(self) -> None:
        while not self.ending.wait(0.2):
            with self.turn:
                for unit in self.units.values():
                    if unit.wanted and unit.process and unit.process.poll() is not None:
                        with contextlib.suppress(ProcessLookupError):
                            os.killpg(unit.process.pid, signal.SIGKILL)
                        unit.start()

    def end(self) -> None:
        self.ending.set()
        with self.turn:
            for unit in self.units.values():
                if unit.process:
                    unit.wanted = False
                    with contextlib.suppress(ProcessLookupError):
                        unit.kill()
                    unit.process.wait()


class _Asked(BaseHTTPRequestHandler):
    def __init__(self, systemd: Systemd, *args: Any) -> None:
        self.systemd = systemd
        super().__init__(*args)

    def do_GET(self) -> None:
        (words,) = parse_qs(urlsplit(self.path).query)["words"]
        self.systemd.call(words.split())
        self.send_response(204)
        self.end_headers()

    def address_string(self) -> str:
        return "systemctl"

    def log_message(self, *_said: Any) -> None:
        pass


class _Listening(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class Machine:
    def __init__(self, root: Path, run: Path) -> None:
        self.root, self.run_place = root, run
        self.ports = {old: str(free_port()) for old in ("8001", "8002", "443", "80", "5432", "6379")}
        for place in (
            "bin",
            "etc/nginx/conf.d",
            "etc/quittance/tls",
            "etc/systemd/system",
            "log",
            "srv/quittance/releases",
        ):
            (root / place).mkdir(parents=True)
        (root / "var/lib/quittance/files").mkdir(parents=True)
        self.database, self.broker = cluster.Postgres(root, run), Valkey(root, run)
        self.systemd = Systemd(root / "etc/systemd/system", root / "log")

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self.ports['443']}"

    def here(self, text: str) -> str:
        """The same on this machine: its roots, its ports, its Valkey's socket, a name that leads to it."""
        text = re.sub(r"(?<![\w./$-])/(etc|srv|var/lib)/(quittance|nginx|systemd)", rf"{self.root}/\1/\2", text)
        text = text.replace("redis://127.0.0.1:6379/0", self.broker.url)
        text = text.replace("/run/nginx.pid", f"{self.root}/nginx.pid")
        for old, new in self.ports.items():
            text = re.sub(rf"(?<![\d.]){old}(?!\d)", new, text)
        return text.replace("facturation.example.fr", "127.0.0.1")

    def release(self, name: str, source: Path) -> Path:
        """A release made ready: its code, with the deployment of this one, and the libraries of the tests."""
        place = self.root / "srv/quittance/releases" / name
        place.mkdir()
        for part in PARTS:
            here = source / part
            copied = (
                shutil.copy2
                if here.is_file()
                else partial(shutil.copytree, ignore=shutil.ignore_patterns("__pycache__"))
            )
            copied(here, place / part)
        shutil.rmtree(place / "config/deploy")
        shutil.copytree(ROOT / "config/deploy", place / "config/deploy")
        for file in (place / "config/deploy").rglob("*"):
            if file.suffix in (".conf", ".sh", ".service"):
                file.write_text(self.here(file.read_text()))
        (place / ".venv").symlink_to(ROOT / ".venv")
        return place

    def sh(self, commands: str, **more: str) -> str:
        """What they print. Raises AssertionError with it where one fails."""
        kept = {name: value for name, value in os.environ.items() if name in ("HOME", "LANG")}
        environment = {**kept, "PATH": f"{self.root}/bin:{os.environ['PATH']}", "POSTGRES_PASSWORD": PASSWORD, **more}
        done = subprocess.run(
            ["sh", "-eu", "-c", self.here(commands)], env=environment, cwd=self.root, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """As PostgreSQL's administrator."""
        address = f"host={self.run_place} port={self.ports['5432']} user=postgres dbname=quittance"
        with psycopg.connect(address) as connection:
            found = connection.execute(sql)
            return found.fetchall() if found.description else []

    def start_services(self) -> None:
        self.database.start()
        rules = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        (self.database.data / "pg_hba.conf").write_text(rules)
        assert self.database.process
        self.database.process.send_signal(signal.SIGHUP)
        self.broker.start()

    def program(self, name: str, text: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def start_nginx(self) -> None:
        conf, tls, logs = self.root / "nginx.conf", self.root / "etc/quittance/tls", self.root / "log"
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        places = " ".join(f"{kind}_temp_path {self.root}/{kind};" for kind in kinds)
        account = "user root;" if os.geteuid() == 0 else ""
        conf.write_text(
            f"{account} worker_processes 2; pid {self.root}/nginx.pid; error_log {logs}/nginx.log;\n"
            f"events {{}}\nhttp {{ access_log {logs}/access.log; {places}\n"
            f"include {self.root}/etc/nginx/conf.d/*.conf; }}\n"
        )
        self.program("nginx", f'exec {NGINX} -p {self.root} -c {conf} "$@" 2>>{logs}/nginx.err')
        key = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 "
        self.sh(
            f"{key} -addext subjectAltName=IP:127.0.0.1 -keyout {tls}/privkey.pem -out {tls}/fullchain.pem && nginx"
        )

    def stop_database(self) -> None:
        self.database.stop()

    def end(self) -> None:
        self.systemd.end()
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((self.root / "nginx.pid").read_text()), signal.SIGTERM)
        self.broker.stop()
        self.database.stop()

    def wait_for(self, path: str) -> None:
        """Until nginx hands out 200 for it."""
        asked = f"curl -fsS --cacert {self.root}/etc/quittance/tls/fullchain.pem {self.address}{path}"
        deadline = time.monotonic() + PATIENCE
        while subprocess.run(shlex.split(asked), capture_output=True).returncode:
            assert time.monotonic() < deadline, f"{path}: {self.last_words()}"
            time.sleep(0.3)

    def last_words(self) -> str:
        return "\n".join(
            f"{log.name}: {log.read_text(errors='replace')[-1500:]}" for log in (self.root / "log").iterdir()
        )


@contextmanager
def machine(root: Path) -> Iterator[Machine]:
    """With PostgreSQL, Valkey and nginx at work, and nothing of ours yet."""
    # short: the path of a socket has at most 107 bytes
    run = Path(tempfile.mkdtemp(prefix="quittance-"))
    patch = pytest.MonkeyPatch()
    patch.setattr(cluster, "USER", "postgres")
    patch.setattr(cluster, "DATABASE", "administration")
    made = Machine(root, run)
    more = {"listen_addresses": "127.0.0.1", "port": made.ports["5432"]}
    patch.setattr(cluster, "SETTINGS", {**cluster.SETTINGS, **more})
    bus = _Listening(str(run / "systemctl"), partial(_Asked, made.systemd))
    threading.Thread(target=bus.serve_forever, daemon=True).start()
    made.program(
        "systemctl", f'exec curl -fsS --unix-socket {run}/systemctl -G http://systemd/ --data-urlencode "words=$*"'
    )
    account = f"PGHOST={run} PGPORT={made.ports['5432']} PGUSER=postgres"
    made.program("psql", f'{account} exec {shutil.which("psql")} --quiet --no-psqlrc --set=ON_ERROR_STOP=1 "$@"')
    try:
        made.start_services()
        made.start_nginx()
        wait_until(lambda: (root / "nginx.pid").exists(), what="nginx")
        yield made
    finally:
        made.end()
        bus.shutdown()
        bus.server_close()
        patch.undo()
        shutil.rmtree(run, ignore_errors=True)
