"""Following invoices at Chorus Pro by its list of changes, within the quota, and what its own incidents ask for."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests
from django.test import override_settings

from billing.models import Invoice
from config.kernel.errors import RemoteError
from customers.models import Customer
from einvoicing import tasks
from einvoicing.models import ApplicationCalls, LifecycleEvent, PlatformAccount, Transmission
from einvoicing.models import TransmissionStatus as Status
from einvoicing.platforms.registry import connect
from einvoicing.sandbox.chorus_pro.access import ACCOUNT_PASSWORD
from einvoicing.services.polling import poll_account
from einvoicing.services.quotas import ApplicationGate
from einvoicing.services.routing import settings_of
from einvoicing.services.transmissions.transmitting import deposit_of
from tests.factories import platforms, story
from tests.factories.queues import drain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules_say_yes")]

TOWN = "21750001600019"  # wants a service code; SRV01 is its only one
_ticks = itertools.count(1)
MINUTES = timedelta(minutes=1)
NOON = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)


@dataclass
class Town:
    """A company that writes to a public body, and the clock that Chorus Pro and we share."""

    address: str
    customer: Customer
    account: PlatformAccount
    at: datetime = NOON

    def clock(self) -> datetime:
        """Chorus Pro's: it goes on by a millisecond each time it is looked at."""
        return self.at + timedelta(milliseconds=next(_ticks))

    def fails(self, kind: str, *, value: str = "", operation: str = "", times: int = 1) -> None:
        order = {"kind": kind, "value": value, "operation": operation, "remaining": times}
        requests.post(f"{self.address}/sandbox/faults", json={**order, "client_id": self.account.client_id}, timeout=5)

    def sends(self, behaviour: str = "accepts") -> Transmission:
        """An invoice issued and deposited now."""
        self.fails("buyer", value=behaviour, operation="deposit")
        row = Transmission.everywhere.get(invoice=story.an_issued_invoice(self.customer, service_code="SRV01"))
        with override_settings(SANDBOX_CLOCK=self.clock):
            drain(at=self.at)
        row.refresh_from_db()
        assert row.status == Status.DEPOSITED
        return row

    def polls(self, after: timedelta = timedelta(0), **how: Any) -> int:
        """Read Chorus Pro after that while; how many calls it took."""
        self.at += after
        before = self.calls
        with override_settings(SANDBOX_CLOCK=self.clock):
            poll_account(account=self.account, at=self.at, **how)
        return self.calls - before

    @property
    def counted(self) -> ApplicationCalls | None:
        return ApplicationCalls.objects.filter(client_id=self.account.client_id).first()

    @property
    def calls(self) -> int:
        counted = self.counted
        return counted.calls_in_day if counted and counted.day == self.at.date() else 0

    @property
    def resumes_at(self) -> datetime | None:
        return self.counted.resumes_at if self.counted else None

    def gate(self, **limits: Any) -> ApplicationGate:
        return ApplicationGate(self.account.environment, self.account.client_id, **limits)


@pytest.fixture
def town(sandbox: str, settings: Any, tmp_path: Any) -> Town:
    settings.MEDIA_ROOT = str(tmp_path)
    company = story.a_company()
    account = platforms.a_platform_account(
        company, sandbox, kind="chorus_pro", login=f"TECH_{uuid.uuid4().hex[:12]}@cpro.fr"
    )
    account.set_password(ACCOUNT_PASSWORD)
    account.token_url = f"{sandbox}/api/oauth/token"
    account.save()
    return Town(sandbox, story.a_customer(company, name="Mairie", siret=TOWN, is_public_body=True), account)


def latest(row: Transmission) -> Transmission:
    row.refresh_from_db()
    return row


def test_an_invoice_that_did_not_change_costs_nothing_but_its_line_in_the_list(town: Town) -> None:
    first, second = town.sends("silent"), town.sends("silent")
    assert town.polls() == 1 + 2  # the list, and both histories
    assert {latest(first).lifecycle_code, latest(second).lifecycle_code} == {"203"}
    assert town.polls(5 * MINUTES) == 0
    assert town.polls(6 * MINUTES) == 1
    third = town.sends("refuses")
    assert town.polls(11 * MINUTES) == 1 + 1
    assert (latest(third).lifecycle_code, LifecycleEvent.everywhere.filter(invoice=third.invoice).count()) == ("210", 4)


def test_a_person_s_question_waits_for_no_pause(town: Town) -> None:
    town.sends("silent")
    town.polls()
    town.sends("refuses")
    assert town.polls(MINUTES) == 1  # its acknowledgement: the list waits
    assert town.polls(MINUTES, skips_pause=True) == 2


def test_what_a_list_does_not_show_for_a_day_is_asked_for_alone(town: Town, monkeypatch: Any) -> None:
    row = town.sends("silent")
    town.polls()
    monkeypatch.setattr("einvoicing.platforms.chorus_pro.invoices.Invoices.changed", lambda *_args: [])
    assert town.polls(timedelta(hours=23)) == 0
    assert town.polls(timedelta(hours=2)) == 1
    assert latest(row).seen_at == town.at
    assert town.polls(timedelta(hours=2)) == 0


def test_a_silent_invoice_widens_the_list_to_its_deposit_once_a_day(town: Town, monkeypatch: Any) -> None:
    town.sends("silent")
    town.polls()
    asked: list[date] = []
    monkeypatch.setattr(
        "einvoicing.platforms.chorus_pro.invoices.Invoices.changed", lambda _self, since: asked.append(since) or []
    )
    deposited = town.at.date()
    town.polls(timedelta(hours=12))
    town.polls(timedelta(days=2))
    town.polls(timedelta(hours=1))
    # from the day before the last list; from the day before the deposit; and again from before the last list
    assert asked == [deposited - timedelta(days=1), deposited - timedelta(days=1), town.at.date() - timedelta(days=1)]


def test_a_list_that_chorus_pro_refuses_is_said_and_each_invoice_is_asked_about(town: Town) -> None:
    row = town.sends("refuses")
    with override_settings(SANDBOX_FRENCH_DATES=True):
        town.polls()
    town.account.refresh_from_db()
    assert "CHORUS_PRO_DATE_FORMAT" in town.account.last_error
    assert latest(row).lifecycle_code == "210"


# -- quotas --------------------------------------------------------------------------------------------------------


def test_a_poll_stops_at_its_share_of_the_quota_keeps_what_it_read_and_goes_on(town: Town, settings: Any) -> None:
    rows = [town.sends("silent") for _invoice in range(4)]
    settings.CHORUS_PRO = {**settings.CHORUS_PRO, "calls_per_minute": 4}
    town.at += MINUTES
    assert town.polls() == 3  # three quarters of it: the list and two histories
    assert sorted(latest(row).lifecycle_code for row in rows) == ["", "", "203", "203"]
    assert town.account.last_error == ""
    assert town.polls(MINUTES) == 2
    assert {latest(row).lifecycle_code for row in rows} == {"203"}


def test_bad_news_is_read_before_the_rest(town: Town, settings: Any) -> None:
    good, bad = town.sends("accepts"), town.sends("refuses")
    settings.CHORUS_PRO = {**settings.CHORUS_PRO, "calls_per_minute": 3}
    town.polls(MINUTES)
    assert (latest(good).lifecycle_code, latest(bad).lifecycle_code) == ("", "210")


def test_an_account_asked_to_slow_down_does_for_deposits_and_readings_alike(town: Town) -> None:
    town.sends("silent")
    town.fails("429", value="90", times=9)
    town.polls()
    waiting = Transmission.everywhere.get(invoice=story.an_issued_invoice(town.customer, service_code="SRV01"))
    assert town.resumes_at == town.at + timedelta(seconds=90)
    assert drain(at=town.at) == 0
    assert town.polls(MINUTES) == 0
    assert not tasks._readable(town.at).filter(pk=town.account.pk).exists()
    requests.delete(f"{town.address}/sandbox/faults", timeout=5)
    assert town.polls(MINUTES) == 2
    assert drain(at=town.at) == 1
    assert latest(waiting).status == Status.DEPOSITED


def test_a_deposit_turned_away_for_its_quota_is_no_failure(town: Town) -> None:
    row = Transmission.everywhere.get(invoice=story.an_issued_invoice(town.customer, service_code="SRV01"))
    town.fails("429", value="silent", operation="deposit")
    drain(at=town.at)
    assert (latest(row).status, row.attempts, row.next_attempt_at) == (Status.PENDING, 0, town.at + MINUTES)
    town.account.refresh_from_db()
    assert (town.account.failures, town.resumes_at) == (0, town.at + MINUTES)
    assert drain(at=town.at + MINUTES) == 1
    assert latest(row).status == Status.DEPOSITED


def test_a_spent_day_waits_for_midnight_in_paris(town: Town) -> None:
    gate = town.gate(per_minute=5, per_day=2, at=NOON)
    gate.enter()
    gate.enter()
    with pytest.raises(RemoteError) as caught:
        gate.enter()
    assert (caught.value.code, caught.value.retry_after) == ("quota", 11 * 3600)
    town.gate(per_day=2, at=NOON + timedelta(hours=11)).enter()
    town.gate(per_minute=1, per_day=9, at=NOON + timedelta(hours=11, minutes=1)).enter()
    with pytest.raises(RemoteError) as caught:
        town.gate(per_minute=1, per_day=9, at=NOON + timedelta(hours=11, minutes=1)).enter()
    assert caught.value.retry_after == 60


@pytest.fixture
def twins(town: Town, settings: Any) -> tuple[PlatformAccount, PlatformAccount]:
    """The accounts of two companies, of which the second leaves the application to the installation."""
    settings.CHORUS_PRO = {**settings.CHORUS_PRO, "client_id": town.account.client_id, "calls_per_minute": 3}
    other = platforms.a_platform_account(story.a_company(), kind="chorus_pro", client_id="")
    return town.account, other


def test_companies_that_share_an_application_share_its_quota(
    town: Town, twins: tuple[PlatformAccount, PlatformAccount]
) -> None:
    mine, other = (settings_of(account, at=town.at).gate for account in twins)
    mine.enter()
    other.enter()
    mine.enter()
    for gate in (mine, other):
        with pytest.raises(RemoteError, match="quota"):
            gate.enter()
    stranger = platforms.a_platform_account(story.a_company(), kind="chorus_pro")
    settings_of(stranger, at=town.at).gate.enter()


def test_a_platform_that_asks_one_company_to_slow_down_asks_all_that_share_its_application(
    town: Town, twins: tuple[PlatformAccount, PlatformAccount]
) -> None:
    mine, other = twins
    trial = platforms.a_platform_account(
        story.a_company(), kind="chorus_pro", client_id=mine.client_id, environment="qualification"
    )
    afnor = platforms.a_platform_account(story.a_company(), client_id=mine.client_id)
    waiting = Transmission.everywhere.get(invoice=story.an_issued_invoice(town.customer, service_code="SRV01"))
    everyone = {mine.pk, other.pk, trial.pk, afnor.pk}
    assert readable(town.at) >= everyone
    settings_of(other, at=town.at).gate.slow_down(90)
    assert readable(town.at) & everyone == {trial.pk, afnor.pk}
    assert drain(at=town.at) == 0
    with pytest.raises(RemoteError) as caught:
        town.gate(at=town.at).enter()
    assert caught.value.retry_after == 90
    town.at += 2 * MINUTES
    assert readable(town.at) >= everyone
    assert drain(at=town.at) == 1
    assert latest(waiting).status == Status.DEPOSITED


def readable(at: datetime) -> set[int]:
    return set(tasks._readable(at).values_list("pk", flat=True))


# -- the flow's own states -----------------------------------------------------------------------------------------


def test_an_incident_is_deposited_again_and_is_no_rejection(town: Town) -> None:
    row = town.sends("incident")
    town.polls()
    assert (latest(row).status, row.remote_id, row.attempts) == (Status.PENDING, "", 1)
    assert "déposer de nouveau" in row.last_error
    town.at = row.next_attempt_at
    with override_settings(SANDBOX_CLOCK=town.clock):
        assert drain(at=town.at) == 1
    town.polls(11 * MINUTES)
    assert (latest(row).status, row.lifecycle_code) == (Status.ACCEPTED, "205")
    assert accepted(town, row.invoice) == 1


def accepted(town: Town, invoice: Invoice) -> int:
    entries = requests.get(
        f"{town.address}/sandbox/chorus-pro/ledger", params={"number": invoice.number}, timeout=5
    ).json()["entries"]
    return sum(entry["accepted"] for entry in entries if entry["seller"] == invoice.seller["siren"])


def test_incidents_without_end_wait_for_a_person(town: Town) -> None:
    row = town.sends("incident")
    Transmission.everywhere.filter(pk=row.pk).update(attempts=5)
    town.polls()
    assert (latest(row).status, row.can_retry) == (Status.DEAD, True)


def test_an_incident_whose_invoice_is_there_all_the_same_sends_nothing_again(town: Town) -> None:
    row = town.sends("accepts")
    first = row.remote_id
    town.fails("buyer", value="incident", operation="deposit")
    again = second_flow(town, row)
    Transmission.everywhere.filter(pk=row.pk).update(remote_id=again)
    town.polls()
    assert (latest(row).status, row.remote_id) == (Status.DEPOSITED, first)


def second_flow(town: Town, row: Transmission) -> str:
    """The same invoice deposited once more behind our back; the number of that flow."""
    platform = connect(settings_of(town.account, at=town.at))
    with override_settings(SANDBOX_CLOCK=town.clock):
        receipt = platform.deposit(deposit_of(row, town.at))
    platform.close()
    return receipt.remote_id


def test_a_state_nobody_documented_is_unknown_until_another_follows(town: Town) -> None:
    row = town.sends("unknown-state")
    town.polls()
    assert (latest(row).status, row.unknown_status) == (Status.DEPOSITED, "IN_ORBITE")
    other = town.sends("unheard")
    town.polls(11 * MINUTES)
    assert (latest(other).lifecycle_code, other.unknown_status) == ("203", "EN_ORBITE")
