"""The OpenAPI document: drawn without a warning, checked in, and readable in a browser without any network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from config.kernel.api.schema import DOCUMENT
from tests.api.test_matrix import ROUTES
from tests.trust.at_once import WHOLE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> str:
    target = tmp_path_factory.mktemp("document") / "openapi.yaml"
    # `make openapi`, which draws the one checked in, holds it against the norm; for that it takes four times as long
    call_command("spectacular", "--file", str(target), "--fail-on-warn", *(["--validate"] if WHOLE else []))
    return target.read_text(encoding="utf-8")


@pytest.mark.trust
def test_the_checked_in_document_is_the_codes_own(drawn: str) -> None:
    assert drawn == (ROOT / DOCUMENT).read_text(encoding="utf-8"), "make openapi draws it again"


def test_every_operation_has_its_own_name_and_says_what_it_does(drawn: str) -> None:
    import yaml

    document: dict[str, Any] = yaml.load(drawn, yaml.CSafeLoader)
    assert document["openapi"].startswith("3.1")
    operations = [one for methods in document["paths"].values() for one in methods.values()]
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names)) == len(ROUTES)
    assert [one["operationId"] for one in operations if not one.get("summary")] == []
    assert [one["operationId"] for one in operations if "_create_2" in one["operationId"]] == []


@pytest.mark.django_db
def test_the_documentation_is_served_from_our_own_address() -> None:
    page = Client().get("/api/docs")
    assert page.status_code == 200
    assert "//cdn" not in page.text
    assert "https://" not in page.text.replace("https://www.w3.org", "")
