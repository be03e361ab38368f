"""Workers killed with SIGKILL while they import a large statement, then two at once: each line is kept once."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from config.kernel import chain
from config.kernel.scope import company_scope
from payments.models import BankLine, BankStatement, StatementUpload, UploadState
from payments.services import uploads
from payments.statements.sample import Entry, camt053
from tests.factories import money, story
from tests.trust.at_once import scaled
from tests.trust.killed import kill, nursery
from tests.waiting import wait_until

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]

LINES = uploads.FEW + 100
KILLS = max(5, scaled(100))


def a_confirmed_upload() -> StatementUpload:
    company, now = story.a_company(), timezone.now()
    money.a_bank_account(company)
    entries = [
        Entry(amount=Decimal(place + 1), counterparty="MAISON", remittance=f"R{place}") for place in range(LINES)
    ]
    data = camt053(company.iban, Decimal(0), entries, date(2026, 11, 2), "R")
    with company_scope(company):
        row = uploads.hold_file(company=company, batch="b", name="a.xml", data=data, actor=story.ACTOR, at=now)
        uploads.read_upload(row, at=now)
        assert uploads.confirm(row=row, actor=story.ACTOR, at=now) == [], "large: kept by the queue"
    return row


def stands_after_its_last_line() -> bool:
    """Whether a worker has written lines, which nobody sees yet, and waits for somebody else's lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks lines JOIN pg_locks waits USING (pid) WHERE NOT waits.granted"
            " AND lines.relation = 'payments_bankline'::regclass AND lines.mode = 'RowExclusiveLock'"
        )
        return bool(cursor.fetchone()[0])


def test_a_file_whose_workers_are_killed_in_mid_import_is_kept_once(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    row = a_confirmed_upload()
    lines = BankLine.everywhere.filter(company=row.company)
    with nursery(tmp_path) as workers:
        with transaction.atomic(), connection.cursor() as cursor:
            # the account is marked as fresh after its last line: it may be read and held, and not be written
            cursor.execute("LOCK TABLE payments_bankaccount IN SHARE MODE")
            killed = workers.start("keep_uploads")
            wait_until(stands_after_its_last_line, what="a worker in the middle of its import")
            kill(killed)
        row.refresh_from_db()
        assert (row.state, lines.count()) == (UploadState.CONFIRMED, 0)
        workers.kill_again_and_again("keep_uploads", times=KILLS, chance=random.Random(20261130), longest=1)
        last = [workers.start("keep_uploads") for _worker in range(2)]
        kept = StatementUpload.everywhere.filter(pk=row.pk, state=UploadState.KEPT)
        wait_until(kept.exists, what="the file kept")
        for number in last:
            kill(number)
    assert BankStatement.everywhere.get(company=row.company).new_count == LINES
    assert sorted(lines.values_list("amount", flat=True)) == [Decimal(place + 1) for place in range(LINES)]
    assert kept.get().preview["new"] == LINES
    assert [str(one) for one in chain.verify(row.company)] == []
