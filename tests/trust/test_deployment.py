"""README's « Deploy », as it is written: installed, upgraded while people work, and standing the loss of each part."""

from __future__ import annotations

import io
import json
import re
import shlex
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from tests.trust.at_once import WHOLE
from tests.trust.installing import ABSENT, Machine, machine
from tests.trust.killed import ROOT
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.trust,
    pytest.mark.skipif(bool(ABSENT), reason=f"this machine has no {', '.join(ABSENT)}"),
    pytest.mark.skipif(
        not WHOLE, reason="a deployment takes two minutes of both processors: « make trust » rehearses it"
    ),
]
README = (ROOT / "README.md").read_text(encoding="utf-8")
# what is upgraded: a release of seven migrations ago; where its history is not kept, this one
EARLIER = "3f3075064b9d33696aaa0afb3fbfe4aea56b6fa2"
DOCUMENTS = 10_000
LARGEST_COPY = 100_000  # the product's own ids are longer
BACKGROUND = ("invoice_processing", "ocr_processing", "reconciliation", "notifications", "sync", "beat")


def commands(title: str) -> list[str]:
    """The blocks of commands under a title of the README."""
    part = re.split(rf"^#+ {title}$", README, flags=re.MULTILINE)[1]
    return re.findall(r"^```sh\n(.*?)^```", re.split(r"^#", part, flags=re.MULTILINE)[0], re.MULTILINE | re.DOTALL)


def earlier(place: Path) -> Path:
    """The code of an earlier release, or this one."""
    kept = subprocess.run(["git", "archive", EARLIER], cwd=ROOT, capture_output=True)
    if kept.returncode:
        return ROOT
    with tarfile.open(fileobj=io.BytesIO(kept.stdout)) as archive:
        archive.extractall(place, filter="data")
    return place


class People:
    """Partners who read lists and draft invoices through nginx, without a pause, and note what went wrong."""

    def __init__(self, there: Machine, seeded: dict[str, Any]) -> None:
        self.address, self.certificate = there.address, str(there.root / "etc/quittance/tls/fullchain.pem")
        self.headers = {"Authorization": f"Bearer {seeded['key']}"}
        self.body = {
            "customer_id": seeded["customer"],
            "items": [{"description": "Conseil", "quantity": 1, "unit_price": 100, "vat_rate": 20}],
        }
        self.lost: list[str] = []
        self.served = self.drafted = 0
        self.slowest = 0.0

    def ask(self, method: str, path: str, **more: Any) -> None:
        began = time.monotonic()
        try:
            answer = requests.request(
                method, self.address + path, timeout=90, verify=self.certificate, allow_redirects=False, **more
            )
            if answer.status_code >= 300:
                self.lost.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        except requests.RequestException as error:
            self.lost.append(f"{method} {path}: {type(error).__name__}")
        self.served += 1
        self.slowest = max(self.slowest, time.monotonic() - began)

    def draft(self) -> None:
        headers = self.headers | {"Idempotency-Key": uuid4().hex}
        self.ask("POST", "/api/invoices", json=self.body, headers=headers)
        self.drafted += 1

    def read(self) -> None:
        self.ask("GET", "/api/invoices?limit=20", headers=self.headers)
        self.look()

    def look(self) -> None:
        """At a page that no limit counts."""
        self.ask("GET", "/login/")

    @contextmanager
    def at_work(self, *acts: Callable[[], None]) -> Iterator[None]:
        ended = threading.Event()

        def go_on(act: Callable[[], None]) -> None:
            # a partner may call 600 times a minute
            while not ended.wait(0.25):
                act()

        threads = [threading.Thread(target=go_on, args=[act]) for act in acts]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ended.set()
            for thread in threads:
                thread.join()


def documents(there: Machine) -> list[tuple[Any, ...]]:
    """How many, and what they say, of those that the earlier release made."""
    return there.ask(
        "SELECT status, count(*), sum(total_gross), md5(string_agg(id || number || customer_id, ',' ORDER BY id)) "
        f"FROM billing_invoice WHERE id < {LARGEST_COPY} OR status <> 'DRAFT' GROUP BY status ORDER BY status"
    )


def grow(there: Machine) -> None:
    """Ten thousand more drafts, as the one there is, each with its line."""
    for table, key in (("billing_invoice", "id"), ("billing_invoiceline", "invoice_id")):
        there.ask(
            "SET session_replication_role = replica; "
            f"INSERT INTO {table} SELECT copied.* FROM (SELECT * FROM {table} WHERE {key} = "
            f"(SELECT id FROM billing_invoice WHERE status = 'DRAFT' AND id > {LARGEST_COPY} LIMIT 1)) AS model, "
            f"generate_series(1, {DOCUMENTS}) AS n, LATERAL jsonb_populate_record(NULL::{table}, to_jsonb(model) || "
            f"jsonb_build_object('id', n, '{key}', n)) AS copied"
        )


def manage(there: Machine, *arguments: str) -> str:
    environment = "set -a; . /etc/quittance/environment; set +a; cd /srv/quittance/current; "
    return there.sh(environment + shlex.join([".venv/bin/python", *arguments]))


def installed(there: Machine, source: Path) -> People:
    there.release("1", source)
    for block in commands("Deploy"):
        there.sh(block)
    there.wait_for("/login/")
    seeded = json.loads(manage(there, "-m", "tests.trust.deployed").splitlines()[-1])
    grow(there)
    return People(there, seeded)


def wait_until_well(there: Machine) -> None:
    there.wait_for("/health/")


def places(there: Machine) -> dict[str, str]:
    return dict(there.ask("SELECT name, place FROM kernel_heartbeat"))


def answers(port: str) -> bool:
    """Whether that web server is ready."""
    with suppress(requests.RequestException):
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=10).ok
    return False


def lose_a_web_server(there: Machine, port: str) -> None:
    unit = there.systemd.units[f"quittance-web@{port}"]
    lost = unit.process
    unit.kill()
    wait_until(lambda: unit.process is not lost and answers(port), what=f"another web server on {port}")


def lose_the_background(there: Machine) -> None:
    before = places(there)
    for name in ("quittance-worker@1", "quittance-worker@2", "quittance-beat"):
        there.systemd.units[name].kill()
    wait_until(lambda: all(places(there)[name] != before[name] for name in BACKGROUND), what="other processes")


def lose_the_broker(there: Machine) -> None:
    assert there.broker.process
    there.broker.process.kill()
    there.broker.process.wait()
    there.broker.start()


def survives(there: Machine, people: People) -> None:
    """The loss of each part: what a person reads is served by what is left, and all is well again by itself."""
    with people.at_work(people.look, people.look):
        for port in ("8001", "8002"):
            lose_a_web_server(there, there.ports[port])
        lose_the_background(there)
        lose_the_broker(there)
        wait_until_well(there)
    assert people.lost == []
    there.database.stop()
    there.database.start()
    wait_until_well(there)


def test_what_the_readme_says_is_installed_upgraded_while_people_work_and_survives_the_loss_of_each_part(
    tmp_path: Path,
) -> None:
    with machine(tmp_path / "machine") as there:
        people = installed(there, earlier(tmp_path / "earlier"))
        wait_until_well(there)
        before = documents(there)
        assert sum(row[1] for row in before) > DOCUMENTS
        there.release("2", ROOT)
        with people.at_work(people.read, people.draft):
            wait_until(lambda: people.served > 10, what="people at work")
            (upgrade,) = commands("Upgrade")
            there.sh(upgrade)
        sys.stdout.write(f"{people.served} requests during the upgrade, the slowest {people.slowest:.1f} s\n")
        assert people.lost == []
        assert documents(there) == before
        drafted = there.ask(f"SELECT count(*) FROM billing_invoice WHERE status = 'DRAFT' AND id > {LARGEST_COPY}")
        assert drafted == [(people.drafted + 1,)], "each draft once"
        wait_until_well(there)
        survives(there, people)
        assert there.ask("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = 'quittance'") == [(False,)]
        manage(there, "manage.py", "verify_chain")
        # plain http is sent to TLS, and strangers read no figures
        plain = requests.get(f"http://127.0.0.1:{there.ports['80']}/login/", allow_redirects=False, timeout=30)
        assert (plain.status_code, plain.headers["Location"][:8]) == (308, "https://")
        people.ask("GET", "/metrics")
        assert people.lost[0].startswith("GET /metrics: 403")
