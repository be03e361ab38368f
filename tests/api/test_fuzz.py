"""No 5xx, no status and no shape that the document does not promise, whoever calls and whatever is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.kernel.roles import Role
from tests.api.fuzz import fuzz
from tests.api.world import a_world
from tests.trust.at_once import a_share, scaled

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.trust]


@pytest.mark.parametrize("role", a_share(list(Role), 4))
def test_every_answer_is_as_the_document_promises(role: Role, live_server: Any, settings: Any, tmp_path: Path) -> None:
    settings.API_RATE_LIMIT = settings.API_LOGIN_LIMIT = "1000000/minute"
    world = a_world()
    made = [world.draft, world.invoice, world.payment, world.order, world.product, world.transaction, world.delivery]
    assert all(made)
    fine, report = fuzz(
        live_server.url,
        world.company,
        role,
        examples=3,
        seed=1,
        folder=tmp_path,
        phases="examples,fuzzing,stateful",
        seconds=scaled(100),
    )
    assert fine, report
