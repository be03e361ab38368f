"""The whole story, told by the command itself: twice in a row, and with a worker killed in its middle."""

from __future__ import annotations

import json
import threading
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from einvoicing.models import Attempt
from tests.trust.at_once import WHOLE
from tests.trust.killed import Nursery, kill, nursery

pytestmark = pytest.mark.django_db(transaction=True)
KILLS = 20 if WHOLE else 2


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.rehearsal.journey.steps.PAUSE", 0.02)


def run_journey() -> dict[str, Any]:
    output = StringIO()
    call_command("journey", "--json", stdout=output)
    story: dict[str, Any] = json.loads(output.getvalue())
    return story


def the(step: str, story: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in story["steps"] if one["step"] == step)
    return found


def test_the_journey_keeps_every_promise_twice_in_a_row(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT, settings.SANDBOX_PACE = tmp_path, 0.0
    settings.SANDBOX_URL = "http://127.0.0.1:9"  # nobody there: it starts its own simulator
    for story in (run_journey(), run_journey()):
        assert story["ok"], story["problem"]
        invoice = the("invoice", story)
        assert (invoice["net"], invoice["vat"], invoice["gross"]) == ("1000.00", "200.00", "1200.00")
        assert invoice["number"].startswith("FAC-")
        assert the("document", story)["valid"] is True
        assert Path(the("document", story)["pdf"]).read_bytes().startswith(b"%PDF")
        assert the("platform", story)["lifecycle"] == ["200", "201", "202", "203", "204", "205"]
        assert the("partial_payment", story)["remaining"] == "600.00"
        assert the("bank", story)["payment_status"] == "paid"
        assert [one["level"] for one in the("reminders", story)["reminders"]] == [1, 2, 3]
        assert the("audit", story)["chain"] == "intact"


@pytest.mark.trust
def test_a_worker_killed_in_its_middle_breaks_no_promise(settings: Any, tmp_path: Path) -> None:
    """A worker competes for the queue and is killed with SIGKILL when it has an attempt in hand, a few times."""
    settings.MEDIA_ROOT, settings.SANDBOX_PACE = tmp_path, 0.0
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    stop, kills = threading.Event(), list[bool]()

    def kill_again_and_again(workers: Nursery) -> None:
        while not stop.is_set() and sum(kills) < KILLS:
            worker = workers.start("manage", "run_queue", "--every", "0.05")
            in_hand = False
            while not (in_hand or stop.wait(0.02)):
                in_hand = Attempt.everywhere.filter(finished_at=None).exists()
            kill(worker)
            kills.append(in_hand)
        connection.close()

    with nursery(tmp_path, LOG_LEVEL="ERROR") as workers:
        killer = threading.Thread(target=kill_again_and_again, args=(workers,))
        killer.start()
        try:
            story = run_journey()
        finally:
            stop.set()
            killer.join()
    assert any(kills), "no worker was killed with an attempt in hand"
    assert story["ok"], story["problem"]
    assert the("platform", story)["lifecycle"][0] == "200"
    assert the("audit", story)["chain"] == "intact"


def test_no_invented_invoice_is_issued_in_production(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        call_command("journey")
    assert not Attempt.everywhere.exists()
