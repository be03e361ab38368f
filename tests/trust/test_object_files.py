"""Kept files in an object storage: written once, read with their SHA-256, moved there and back, backed up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyrage
import pytest
from botocore.exceptions import ClientError
from django.core.management import call_command
from django.core.management.base import CommandError

from config.kernel.buckets import Bucket, NameTaken
from config.kernel.kept import FileAltered, FileMissing, FileUnreadable, check_kept, check_place
from config.kernel.models import Company
from config.kernel.scope import company_scope
from config.kernel.shelves import Disk, Objects
from config.runtime.backups.places import Directory
from config.runtime.backups.restoring import open_backup
from config.runtime.backups.writing import write_backup
from einvoicing.models import ReceivedDocument, ReceptionChannel
from einvoicing.reception.storing import store_document
from tests.factories import buckets, story

pytestmark = [pytest.mark.trust, pytest.mark.django_db]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with buckets.an_object_storage() as address:
        yield address


@pytest.fixture(autouse=True)
def _files_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT, settings.TRAIL_DIR = str(tmp_path / "kept"), str(tmp_path / "trail")


@pytest.fixture
def company() -> Iterator[Company]:
    company = story.a_company()
    with company_scope(company):
        yield company


def a_file(company: Company, data: bytes = b"%PDF one") -> ReceivedDocument:
    return store_document(
        company_id=company.pk, channel=ReceptionChannel.UPLOAD, name="a.pdf", data=data, actor=story.ACTOR, at=story.AT
    )


def test_a_file_is_written_once_and_handed_out_as_it_was_stored_or_not_at_all(company, settings, endpoint):
    settings.FILES_STORE = f"{buckets.a_bucket(settings, endpoint)}/files"
    check_place()
    row, store = a_file(company), Bucket(settings.FILES_STORE)
    assert check_kept(row) == b"%PDF one"
    assert not list(Disk().names())
    with pytest.raises(NameTaken):
        Objects(settings.FILES_STORE).write(row.file.name, b"%PDF another")
    store.write(row.file.name, b"%PDF another")
    with pytest.raises(FileAltered):
        check_kept(row)
    store.delete([row.file.name])
    with pytest.raises(FileMissing):
        check_kept(row)
    settings.S3_ENDPOINT_URL = "http://127.0.0.1:9"
    with pytest.raises(FileUnreadable):
        check_kept(row)
    with pytest.raises(OSError, match="ne répond pas"):
        check_place()


def test_where_a_bucket_locks_nobody_deletes_a_file_before_its_years_are_over(company, settings, endpoint):
    settings.FILES_STORE = buckets.a_bucket(settings, endpoint, ObjectLockEnabledForBucket=True)
    settings.FILES_LOCK_YEARS = 10
    row, store = a_file(company), Bucket(settings.FILES_STORE)
    client = store._s3
    kept = client.head_object(Bucket=store.name, Key=row.file.name)
    assert kept["ObjectLockMode"] == "COMPLIANCE"
    assert (kept["ObjectLockRetainUntilDate"] - kept["LastModified"]).days > 3650
    with pytest.raises(ClientError, match="AccessDenied"):
        client.delete_object(Bucket=store.name, Key=row.file.name, VersionId=kept["VersionId"])


def test_files_move_there_and_back_each_compared_with_its_row(company, settings, endpoint, capsys):
    good, bad = a_file(company), a_file(company, b"%PDF two")
    path = Path(settings.MEDIA_ROOT, bad.file.name)
    path.chmod(0o640)
    path.write_bytes(b"%PDF touched")
    bucket = buckets.a_bucket(settings, endpoint)
    with pytest.raises(CommandError, match=bad.file.name):
        call_command("move_files", bucket)
    assert "1 files copied, 0 there already" in capsys.readouterr().out
    path.write_bytes(b"%PDF two")
    call_command("move_files", bucket)
    assert "1 files copied, 1 there already" in capsys.readouterr().out
    settings.FILES_STORE = bucket
    assert [check_kept(good), check_kept(bad)] == [b"%PDF one", b"%PDF two"]
    later = a_file(company, b"%PDF three")
    call_command("move_files", bucket, "--back")
    assert "1 files copied, 2 there already" in capsys.readouterr().out
    settings.FILES_STORE = ""
    assert check_kept(later) == b"%PDF three"


def test_a_backup_holds_the_files_of_an_object_storage(company, settings, endpoint, tmp_path):
    settings.FILES_STORE = buckets.a_bucket(settings, endpoint)
    identity = pyrage.x25519.Identity.generate()
    settings.BACKUP_RECIPIENT = str(identity.to_public())
    row, place = a_file(company), Directory(tmp_path / "backups")
    written = write_backup(place, at=story.AT)
    assert open_backup(place, written.name, identity).contents["files"] == {row.file.name: row.sha256}
    again = write_backup(place, at=story.AT.replace(year=2027))
    assert (again.files, again.new_files) == (1, 0)
