"""Many looks at one world: what each changes is undone, and pages of which only the status is asked are not drawn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction
from django.template import Context, RequestContext, Template


@contextmanager
def as_it_was() -> Iterator[None]:
    """Whatever is done inside, what comes after finds the database unchanged."""
    savepoint = transaction.atomic()
    savepoint._from_testcase = True  # no transaction of the product's, as those of TestCase
    with savepoint:
        yield
        transaction.set_rollback(True)


@contextmanager
def pages_not_drawn() -> Iterator[None]:
    """Views do all their work and answer an empty page: for who is let in, where others draw the page."""
    draw = Template.render

    def render(self: Template, context: Context) -> str:
        return "" if isinstance(context, RequestContext) else draw(self, context)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Template, "render", render)
        yield
