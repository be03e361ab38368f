"""« Installation »: superusers alone, all companies, one line that says what is wrong and the act."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from billing.models import Email, EmailStatus
from config.kernel.models import Heartbeat, User
from config.pages.operations import installation
from einvoicing.models import PlatformAccount
from tests.api.world import World
from tests.factories import background
from tests.factories.people import signed_in

pytestmark = pytest.mark.django_db
PAGE = "/settings/installation/"


@pytest.fixture
def superuser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@verone.example", "a long password 42"))
    return client


@pytest.fixture(autouse=True)
def _all_well(monkeypatch: pytest.MonkeyPatch) -> None:
    background.all_at_work()
    monkeypatch.setattr(installation, "last_backup", timezone.now)


def banner(client: Client) -> str:
    text = client.get(PAGE).content.decode()
    return text.split('class="banner tone-')[1].split("</div>")[0]


def test_to_others_it_does_not_exist_and_a_superuser_of_no_company_reads_it(world: World, superuser: Client) -> None:
    assert signed_in(world.company).get(PAGE).status_code == 404
    assert signed_in(world.company).post(f"{PAGE}notifications/{world.email.pk}/").status_code == 404
    assert Client().get(PAGE).status_code == 302
    assert superuser.get(PAGE).status_code == 200


def test_the_worst_leads_with_its_act(superuser: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    Email.everywhere.update(status=EmailStatus.SENT)
    PlatformAccount.everywhere.update(last_error="", open_until=None)
    monkeypatch.setattr(installation, "LEAST_FREE", 0)
    monkeypatch.setattr(installation, "_work", lambda _rows: iter(()))
    assert banner(superuser).startswith("good"), banner(superuser)
    monkeypatch.undo()
    monkeypatch.setattr(installation, "last_backup", lambda: None)
    monkeypatch.setattr(installation, "LEAST_FREE", 0)
    assert "warn" in banner(superuser)[:6]
    Heartbeat.objects.filter(name="beat").update(seen_at=timezone.now() - timedelta(hours=2))
    assert banner(superuser).startswith("bad")
    assert "Horloge" in banner(superuser)
    assert "Relancez-le" in banner(superuser)
    account = PlatformAccount.everywhere.earliest("pk")
    PlatformAccount.everywhere.filter(pk=account.pk).update(
        is_offline=False,
        open_until=timezone.now() + timedelta(minutes=5),
        last_error="503",
        password_expires_on="2020-01-01",
    )
    text = superuser.get(PAGE).content.decode()
    assert "suspendue : 503" in text
    assert "jusqu’au 01/01/2020" in text


def test_a_failed_job_of_any_company_is_sent_again_once(superuser: Client, world: World) -> None:
    Email.everywhere.filter(pk=world.email.pk).update(status=EmailStatus.FAILED)
    assert f"{PAGE}notifications/{world.email.pk}/" in superuser.get(PAGE).content.decode()
    for _turn in range(2):
        assert superuser.post(f"{PAGE}notifications/{world.email.pk}/").status_code == 302
    assert Email.everywhere.get(pk=world.email.pk).status == EmailStatus.QUEUED
    assert superuser.post(f"{PAGE}notifications/999999/").status_code == 404
