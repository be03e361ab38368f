"""Each adapter made to do all it can, against the simulator of its system."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from django.test import override_settings
from django.utils import timezone
from requests.adapters import HTTPAdapter

from einvoicing.platforms.afnor import client
from einvoicing.platforms.afnor.directory import AfnorDirectory
from einvoicing.platforms.base import Watched
from payments.feeds.invoice_ninja import InvoiceNinja
from payments.feeds.revolut.client import RevolutClient
from payments.sandbox.invoice_ninja.access import KEY_PREFIX
from payments.services.feeds import revolut
from tests.einvoicing import documents
from tests.einvoicing.platforms.abby.conftest import Abby, payment
from tests.einvoicing.platforms.conftest import opened
from tests.factories import money, story
from tests.payments.revolut import Business


def of_flows(sandbox: str, _folder: Path) -> None:
    with opened("afnor", sandbox) as account, pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "PAGE_SIZE", 3)  # of several pages
        number, deposit = account.invoice()
        remote_id = account.send(deposit)
        account.platform.deposit(replace(deposit, tracking_id=f"{deposit.tracking_id}-copy", profile="CIUS"))
        assert account.platform.find(deposit.tracking_id, number) is not None
        account.platform.acknowledgement(remote_id)
        messages, _cursor = account.read()
        assert messages
        account.platform.fetch(remote_id)
        assert account.platform.listed(timezone.now() - timedelta(hours=1))  # type: ignore[attr-defined]
        account.platform.ping()


def of_directory(sandbox: str, _folder: Path) -> None:
    with opened("afnor", sandbox) as account:
        directory = AfnorDirectory(replace(account.settings, organization_id="org-1"))
        assert directory.by_siren("217500016") is not None
        assert directory.by_siret("21750001600019") is not None
        assert directory.line("217500016_21750001600019_SRV01") is not None
        assert directory.line("999999999") is None
        assert directory.lines_of("217500016")
        directory.close()


def of_abby(sandbox: str, _folder: Path) -> None:
    abby = Abby(sandbox)
    abby.opens_the_book()
    receipt = abby.platform.deposit(abby.invoice(documents.full_invoice()))
    assert abby.platform.find(receipt.remote_id) is not None
    abby.platform.deposit(abby.invoice(documents.individual_invoice()))
    abby.acts(receipt.remote_id, "finalize")
    abby.platform.deposit(abby.invoice(documents.credit_note(), corrects=receipt.remote_id))
    abby.platform.deposit(payment())
    assert abby.platform.incoming("", [Watched(key, "", "") for key in abby.kept]).messages
    abby.platform.fetch(receipt.remote_id)
    abby.platform.ping()
    abby.platform.close()


def of_revolut(sandbox: str, folder: Path) -> None:
    company = story.a_company()
    money.a_bank_account(company)
    with override_settings(MEDIA_ROOT=str(folder)):
        business = Business(sandbox, company).consents()
        told = business.moves(120.0, reference="FAC-2026-00001", fee=0.2, balance=1000.0)
        assert business.reads() == 2
    token = revolut.renewed_token(business.feed, story.AT)
    business_api = RevolutClient(business.base_url, token=token, renew=lambda: "", adapter=HTTPAdapter())
    assert business_api.ibans(business.account)
    assert business_api.transactions(story.AT - timedelta(days=2), story.AT + timedelta(days=1))
    business_api.transaction(told["id"])
    business_api.close()


def of_invoice_ninja(sandbox: str, _folder: Path) -> None:
    account = "demo-published"
    told = {"client_id": account, "invoices": {"FAC-2026-00001": 12.5}}
    requests.post(f"{sandbox}/sandbox/invoice-ninja/tell", json=told, timeout=5).raise_for_status()
    with InvoiceNinja(sandbox, f"{KEY_PREFIX}{account}", adapter=HTTPAdapter()) as service:
        service.ping()
        assert list(service.payments(0))
