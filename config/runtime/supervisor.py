"""What `make run` executes: the whole product in the foreground, until Ctrl-C.

Web server, workers with the clock, and the sandbox of remote systems are children, each in a process group of its own
and sent by the system to stop when this process dies. A child that dies is started again, later and later.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import time
import urllib.request
from collections.abc import Callable
from types import FrameType

import environ

from config.runtime import embedded, preflight, web
from config.runtime.children import Child, Program, look_after, say, stop
from config.runtime.processes import explain_failure, stop_with_parent

MIGRATION_LOCK = 7_105_221
READY_SECONDS = 60.0


class Supervisor:
    def __init__(self, children: list[Child], address: str) -> None:
        self.children = children
        self.address = address
        self.stop_signals = 0

    def run(self, ready: Callable[[], None]) -> None:
        """Serve until asked to stop. Raises Refused when the web server does not come up."""
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, self._count_stop)
        try:
            for child in self.children:
                child.start()
            if self._await_web():
                ready()
            while not self.stop_signals:
                time.sleep(0.3)
                # the keeper may be killed from outside: this process then holds its successor
                embedded.renew()
                look_after(self.children)
        finally:
            self._stop()

    def _count_stop(self, _signal: int, _frame: FrameType | None) -> None:
        self.stop_signals += 1

    def _await_web(self) -> bool:
        web, deadline = self.children[0], time.monotonic() + READY_SECONDS
        while not self.stop_signals:
            if _answers(f"{self.address}/health/"):
                return True
            if not web.alive():
                raise preflight.Refused("Le serveur web ne démarre pas : la raison est écrite ci-dessus.")
            if time.monotonic() > deadline:
                # served all the same when it is something else that does not come up: pages and /health/ name it
                if _answers(f"{self.address}/health/web/"):
                    return True
                raise preflight.Refused(f"Le serveur web ne répond pas à {self.address}/health/.")
            time.sleep(0.1)
        return False

    def _stop(self) -> None:
        """Whoever asks a second time waits for nobody."""
        before = max(self.stop_signals, 1)
        stop(self.children, lambda: self.stop_signals > before)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own http address
            return True
    except OSError:
        return False


def children(host: str, port: int, sandbox_port: int) -> list[Child]:
    python, manage = sys.executable, str(embedded.BASE_DIR / "manage.py")
    pool = {"DATABASE_POOL": os.environ.get("DATABASE_POOL", "true")}
    # as root, which a container may be, celery warns at length
    quiet = {"PYTHONWARNINGS": "ignore::UserWarning:celery.platforms"}
    return [
        Program("Le serveur web", web.STOP_SECONDS + 2, web.command(host, port), pool),
        Program("Le bac à sable", 3, [python, manage, "sandbox", "--port", str(sandbox_port)]),
        Program("Les ouvriers", 8, [python, "-m", "config.runtime.workers", "queues", "beat"], quiet),
    ]


def migrate_and_seed() -> str:
    """Bring the database up to date, one process at a time, and seed the demo once. Returns the demo's logins."""
    import django
    from django.core.management import call_command
    from django.db import OperationalError, connection

    django.setup()
    logins = io.StringIO()
    try:
        with connection.cursor() as cursor:
            # another copy may be migrating a large database: wait for it
            cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
            # a lock of the session, given back by closing it: two starts on one database migrate one after the other
            cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        refuse_older_tables()
        call_command("migrate", interactive=False, verbosity=0)
        call_command("demo", "--follow", stdout=logins)
    except OperationalError as failure:
        raise preflight.Refused(f"La base de données refuse la mise à jour : {failure}") from failure
    finally:
        connection.close()
    return logins.getvalue().strip()


def ignored_variables() -> list[str]:
    """One line for each variable that is not obeyed as it was written."""
    from django.conf import settings

    return list(settings.CHORUS_PRO_NOTES)


def refuse_older_tables() -> None:
    """Nothing was released before the migrations of today: a demonstration made by earlier ones starts anew."""
    from django.apps import apps
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connection)
    applied, written = set(loader.applied_migrations), set(loader.disk_migrations)
    unknown = {f"{app}.{name}" for app, name in applied - written if app in loader.migrated_apps}
    # the same names, rewritten since: a table that they make is not there
    made = loader.migrated_apps - {app for app, _name in written - applied}
    tables = {model._meta.db_table for model in apps.get_models() if model._meta.app_label in made}
    unread = sorted({*unknown, *tables.difference(connection.introspection.table_names())})
    if unread:
        raise preflight.Refused(
            f"Cette base de données vient d’une version d’essai dont les tables ne sont plus lues ({unread[0]}). "
            f"La démonstration recommence à neuf : supprimez {embedded.state_directory()} (ou donnez une base vide)."
        )


def main() -> None:
    began = time.monotonic()
    if "MAKELEVEL" in os.environ:
        # whoever kills make means all of it
        stop_with_parent()
    embedded.read_env_file()
    env = environ.Env()
    try:
        port = env.int("PORT", default=8000)
        sandbox_port = env.int("SANDBOX_PORT", default=port + 1)
    except ValueError as wrong:
        raise preflight.Refused(f"PORT et SANDBOX_PORT sont des nombres : {wrong}.") from wrong
    host = env.str("HOST", default="127.0.0.1")
    reached = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - a comparison
    address = f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("PUBLIC_URL", address)
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    os.environ["SANDBOX_PORT"] = str(sandbox_port)
    claimed = preflight.claim(embedded.state_directory() / "run.lock", address)
    preflight.check_port(host, port, "PORT")
    preflight.check_port("127.0.0.1", sandbox_port, "SANDBOX_PORT")
    embedded.ensure()
    preflight.check_database(os.environ["DATABASE_URL"])
    logins = migrate_and_seed()
    for note in ignored_variables():
        say(note)

    def ready() -> None:
        say(f"\n{logins}\n\nQuittance : {address}  (prêt en {time.monotonic() - began:.1f} s, Ctrl-C pour arrêter)")

    with claimed:
        Supervisor(children(host, port, sandbox_port), address).run(ready)
    say("Quittance est arrêté.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as failure:
        # a full disk, a directory of another user
        sys.exit(str(explain_failure(failure, "Quittance")))
