"""What a route says of itself: one `@operation` above small decorators, each of which adds its own."""

from __future__ import annotations

import pytest

from config.kernel.api.circumstances import public
from config.kernel.api.documented import documented
from config.kernel.api.fields import Message
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import REQUIRED, repeatable
from config.kernel.api.statuses import created, located
from config.kernel.api.versions import conditional


def test_the_operation_gathers_what_stands_beneath_it() -> None:
    @operation(action="invoices.edit", answer=Message)
    @created(at="api:invoice", of="invoice")
    @repeatable(REQUIRED)
    @conditional
    @documented(id="made_up", errors=[409])
    def post() -> None:
        """Do it."""

    declared = post.operation  # type: ignore[attr-defined]
    assert (declared.action, declared.answer, declared.status) == ("invoices.edit", Message, 201)
    assert (declared.location, declared.location_of, declared.repeatable) == ("api:invoice", "invoice", REQUIRED)
    assert (declared.conditional, declared.versioned, declared.public) == (True, False, False)
    assert (declared.id, declared.errors) == ("made_up", (409,))


def test_what_stands_above_it_comes_too_late() -> None:
    @operation()
    def get() -> None:
        """Read it."""

    with pytest.raises(TypeError, match="too late"):
        public(get)
    with pytest.raises(TypeError, match="too late"):
        located(at="api:invoice")(get)


def test_an_unknown_action_is_a_defect() -> None:
    with pytest.raises(KeyError):
        operation(action="invoices.burn")
