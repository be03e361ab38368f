"""An object storage that speaks the S3 protocol, over HTTP on this machine."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.server import ThreadedMotoServer

from config.kernel.buckets import Bucket


@contextmanager
def an_object_storage() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


def variables(endpoint: str) -> dict[str, str]:
    """The settings by which it is reached."""
    return {
        "S3_ENDPOINT_URL": endpoint,
        "S3_REGION": "eu-west-3",
        "S3_ACCESS_KEY_ID": "tests",
        "S3_SECRET_KEY": "worth nothing",
    }


def a_bucket(settings: Any, endpoint: str, **how: Any) -> str:
    """The address of an empty one, which the settings then reach."""
    for name, value in variables(endpoint).items():
        setattr(settings, name, value)
    name = f"b{secrets.token_hex(8)}"
    place = {"LocationConstraint": settings.S3_REGION}
    Bucket(f"s3://{name}")._s3.create_bucket(Bucket=name, CreateBucketConfiguration=place, **how)
    return f"s3://{name}"
