"""What is issued is what the official rules judged: a save in between is refused."""

from __future__ import annotations

import pytest

from billing.services.invoices import save_draft
from config.kernel.errors import Stale
from einvoicing import validation
from einvoicing.services import sending
from tests.factories import story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_scope")]


def test_a_draft_saved_after_its_judgement_is_not_issued(customer, monkeypatch):
    draft = story.a_draft(customer)
    check = validation.check

    def saved_meanwhile(*args, **rules):
        lines = [story.a_line("Jamais jugée")]
        save_draft(invoice=draft, customer=customer, values={}, lines=lines, actor=story.ACTOR, at=story.AT)
        return check(*args, **rules)

    with monkeypatch.context() as patch:
        patch.setattr(validation, "check", saved_meanwhile)
        with pytest.raises(Stale):
            sending.issue_checked(invoice=draft, actor=story.ACTOR, at=story.AT)
    draft.refresh_from_db()
    assert draft.is_draft
    assert sending.issue_checked(invoice=draft, actor=story.ACTOR, at=story.AT).number
