"""Workers that are killed with SIGKILL in the middle of their work.

Run as a program it is their nursery: it loads Django once and forks one worker per line it reads, the file of what it
says and its job (`carry`, `reconcile COMPANY`, … as JOBS says), whose number it prints; a new one starts in
milliseconds, and its death leaves nothing behind here.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
LEASE = 2  # seconds


def carry() -> None:
    """What the worker does, without end."""
    from einvoicing.services.transmissions import TRANSMISSIONS

    while True:
        TRANSMISSIONS.sweep(limit=1)
        time.sleep(0.002)


def issue(company: str) -> None:
    """What the web does when people issue their drafts, one after the other."""
    from django.utils import timezone

    from billing.models import Invoice
    from billing.services.issuing import issue_invoice
    from config.kernel.actor import Actor
    from config.kernel.errors import DomainError
    from config.kernel.scope import company_scope

    with company_scope(int(company)):
        while draft := Invoice.objects.filter(status="DRAFT").order_by("?").first():
            try:
                issue_invoice(invoice=draft, actor=Actor.system("web"), at=timezone.now())
            except DomainError:
                continue  # another web process issued it first


def reconcile(company: str) -> None:
    """What the sweep does in one company, without end."""
    from django.utils import timezone

    from config.kernel.actor import Actor
    from config.kernel.models import Company
    from config.kernel.scope import company_scope
    from payments.services import reconciliation

    with company_scope(int(company)):
        found = Company.objects.get(pk=int(company))
        while True:
            reconciliation.reconcile(company=found, actor=Actor.beat("rapprochement"), at=timezone.now())
            time.sleep(0.01)


def keep_uploads() -> None:
    """What the worker does with the statement files that wait, without end; whoever died is replaced at once."""
    from dataclasses import replace
    from datetime import timedelta

    from payments.tasks import UPLOADS

    impatient = replace(UPLOADS, lease=timedelta(milliseconds=1))
    while True:
        impatient.sweep(limit=1)
        time.sleep(0.01)


def fetch_documents() -> None:
    """What the worker does with the sources of supplier documents, without end."""
    from dataclasses import replace
    from datetime import timedelta

    from einvoicing.reception.fetching import SOURCES, at_work

    eager = replace(SOURCES, lease=timedelta(milliseconds=1), due=lambda _at: at_work())
    while True:
        eager.visit()
        time.sleep(0.01)


def read_documents() -> None:
    """What the worker does with the documents that came, without end."""
    from dataclasses import replace
    from datetime import timedelta

    from einvoicing.reception.queues import RECEIVED

    impatient = replace(RECEIVED, lease=timedelta(seconds=20))
    while True:
        impatient.sweep(limit=1)
        time.sleep(0.01)


def celery(*arguments: str) -> None:
    from celery.__main__ import main

    sys.argv = ["celery", *arguments]
    main()


def manage(*arguments: str) -> None:
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *arguments])


JOBS = {
    "carry": carry,
    "issue": issue,
    "reconcile": reconcile,
    "keep_uploads": keep_uploads,
    "fetch_documents": fetch_documents,
    "read_documents": read_documents,
    "celery": celery,
    "manage": manage,
}


def serve() -> None:
    import django

    django.setup()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        log, name, *arguments = json.loads(line)
        number = os.fork()
        if not number:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            with Path(log).open("ab") as out, Path(os.devnull).open() as nothing:
                for stream, place in ((nothing, 0), (out, 1), (out, 2)):
                    os.dup2(stream.fileno(), place)
            try:
                JOBS[name](*arguments)
            finally:
                sys.stdout.flush()
                os._exit(0)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


class Nursery:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, *job: str, log: Path = Path(os.devnull)) -> int:
        """The number of a new process that does this job; what it says goes to `log`."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the nursery has no voice")
        self._process.stdin.write(json.dumps([str(log), *job]) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def kill_again_and_again(self, *job: str, times: int, chance: random.Random, longest: float = 0.25) -> None:
        """Start the job and kill it after a moment, `times` times."""
        for _ in range(times):
            number = self.start(*job)
            time.sleep(chance.uniform(0.01, longest))
            kill(number)


def kill(number: int) -> None:
    with suppress(ProcessLookupError):  # it had done all there was to do
        os.kill(number, signal.SIGKILL)


def lives(number: int) -> bool:
    return Path(f"/proc/{number}").exists()


def ledger(address: str, seller: str) -> dict[str, tuple[int, int]]:
    """Number → how often it arrived, and how often the platform took it in: it would refuse a copy by its number."""
    asked = {"seller": seller}
    entries = requests.get(f"{address}/sandbox/ledger", params=asked, timeout=30).json()["entries"]
    return {entry["number"]: (entry["received"], entry["accepted"]) for entry in entries}


def database_of_the_test() -> str:
    """The address of the test database, for a process of its own."""
    database = connection.settings_dict
    if database["HOST"]:
        port = f":{database['PORT']}" if database["PORT"] else ""
        return f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}{port}/{database['NAME']}"
    return f"postgres://{database['USER']}@/{database['NAME']}?host={database['OPTIONS']['host']}"


@contextmanager
def nursery(media: Path, **more: str) -> Iterator[Nursery]:
    """Workers on the database of the test, with short leases, or as `more` of their environment says."""
    environment = {
        **os.environ,
        "DATABASE_URL": database_of_the_test(),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TRANSMISSION_LEASE_SECONDS": str(LEASE),
        "MEDIA_ROOT": str(media),
        "LOG_LEVEL": "CRITICAL",
        **more,
    }
    environment.pop("QUITTANCE_EMBEDDED", None)
    command = [sys.executable, "-m", "tests.trust.killed"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield Nursery(process)
        finally:
            os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    serve()
