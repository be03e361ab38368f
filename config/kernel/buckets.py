"""Object storage by the S3 protocol, whoever offers it: whole objects, whose SHA-256 the server checks as they come.

`s3://bucket/prefix`; the endpoint and its credentials are in the settings, else where boto3 looks by itself.
https://docs.aws.amazon.com/AmazonS3/latest/API/
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from config.kernel.errors import DomainError

SCHEME = "s3://"
ABSENT = {"404", "NoSuchKey", "NotFound"}
TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}
PER_CALL = 1_000  # keys that one deletion names at most
PART = 16 * 1024 * 1024  # bytes; what is larger goes in parts, each checked


class BucketFailed(DomainError):
    code = "bucket_failed"
    message = "Le stockage d’objets « %(bucket)s » refuse ou ne répond pas : %(problem)s"


class NameTaken(DomainError):
    code = "name_taken"
    message = "Un objet porte déjà le nom « %(name)s » : il n’est pas remplacé."


@lru_cache(maxsize=4)
def _client(endpoint: str, region: str, key: str, secret: str) -> Any:
    """One for all threads: making one takes longer than most of its calls."""
    patience = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "max_attempts": 4})
    return boto3.client(
        "s3",
        endpoint_url=endpoint or None,
        region_name=region or None,
        aws_access_key_id=key or None,
        aws_secret_access_key=secret or None,
        config=patience,
    )


class Bucket:
    """The objects below a prefix. Raises BucketFailed, and FileNotFoundError for a name that no object has."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.address, self.name = address, parts.netloc
        self.prefix = f"{parts.path.strip('/')}/".lstrip("/")

    @property
    def _s3(self) -> Any:
        return _client(settings.S3_ENDPOINT_URL, settings.S3_REGION, settings.S3_ACCESS_KEY_ID, settings.S3_SECRET_KEY)

    @contextmanager
    def _talking(self, name: str = "") -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in ABSENT:
                raise FileNotFoundError(name) from error
            if code in TAKEN:
                raise NameTaken(name=name) from error
            raise BucketFailed(bucket=self.name, problem=str(error)[:300]) from error
        except (BotoCoreError, boto3.exceptions.Boto3Error) as error:
            raise BucketFailed(bucket=self.name, problem=str(error)[:300]) from error

    def read(self, name: str, *, at_most: int = 0) -> bytes:
        """The whole object, or its first `at_most` + 1 bytes."""
        with self._talking(name):
            body = self._s3.get_object(Bucket=self.name, Key=self.prefix + name)["Body"]
            with body:
                found: bytes = body.read(at_most + 1) if at_most else body.read()
        return found

    def check(self) -> None:
        """It is there, and these credentials may see it."""
        with self._talking():
            self._s3.head_bucket(Bucket=self.name)

    def write(self, name: str, data: bytes, *, once: bool = False, until: datetime | None = None) -> None:
        """`once`: refuses a name that is taken (NameTaken). `until`: nobody deletes it before, where a bucket locks."""
        how: dict[str, Any] = {"IfNoneMatch": "*"} if once else {}
        if until:
            how |= {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
        with self._talking(name):
            self._s3.put_object(Bucket=self.name, Key=self.prefix + name, Body=data, ChecksumAlgorithm="SHA256", **how)

    def store(self, name: str, source: Path) -> None:
        """A file of any size: whole or not at all."""
        with self._talking(name):
            self._s3.upload_file(
                str(source),
                self.name,
                self.prefix + name,
                ExtraArgs={"ChecksumAlgorithm": "SHA256"},
                Config=TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=2),
            )

    def fetch(self, name: str, to: Path) -> None:
        with self._talking(name):
            self._s3.download_file(self.name, self.prefix + name, str(to))

    def sizes(self, folder: str = "") -> dict[str, int]:
        """Bytes by name of what lies below a folder."""
        found: dict[str, int] = {}
        with self._talking():
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=self.prefix + folder)
            for page in pages:
                for row in page.get("Contents", ()):
                    found[row["Key"][len(self.prefix) :]] = int(row["Size"])
        return found

    def delete(self, names: list[str]) -> None:
        for start in range(0, len(names), PER_CALL):
            keys = [{"Key": self.prefix + name} for name in names[start : start + PER_CALL]]
            with self._talking():
                answer = self._s3.delete_objects(Bucket=self.name, Delete={"Objects": keys, "Quiet": True})
            if refused := answer.get("Errors"):
                raise BucketFailed(bucket=self.name, problem=f"{refused[0].get('Key')} : {refused[0].get('Code')}")
