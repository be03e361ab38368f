"""Two owners who demote each other at once, and two who accept one link at once: one of each does."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from django.db import IntegrityError
from django.utils import timezone

from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from config.kernel.models import Membership, User
from config.kernel.people import members
from config.kernel.people.invitations import accept_as_new_person, invite
from config.kernel.people.members import change_member
from config.kernel.roles import Role
from tests.factories import story
from tests.factories.people import a_person
from tests.home.test_people import NEW_PERSON, PAUL, link_to
from tests.trust.at_once import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.trust]


def demote_each_other(refusal: type[Exception]) -> tuple[int, list[str]]:
    """How many owners are left, and how each ended."""
    company = story.a_company()
    owners = [a_person(company), a_person(company)]
    rows = [Membership.objects.get(user=user) for user in owners]

    def demote(place: int) -> str:
        try:
            change_member(
                membership=rows[1 - place],
                role=Role.VIEWER,
                limits={},
                actor=Actor.user(owners[place]),
                at=timezone.now(),
            )
        except refusal as error:
            return type(error).__name__
        return "done"

    outcomes = at_once(2, demote)
    return Membership.objects.filter(company=company, role=Role.OWNER).count(), sorted(outcomes)


def test_of_two_owners_who_demote_each_other_one_stays() -> None:
    for _round in range(3):
        left, outcomes = demote_each_other(DomainError)
        # the second finds that it is no owner any more, or the last
        assert left == 1
        assert outcomes.count("done") == 1


def test_postgresql_keeps_one_where_the_service_would_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the service's own lock and checks off, both would go: the trigger refuses the second."""
    monkeypatch.setattr(members, "check_owner_stays", lambda _row: None)
    monkeypatch.setattr(members, "_check_owner", lambda *_given: None)
    monkeypatch.setattr(members, "lock_company", lambda _company_id: nullcontext())
    for _round in range(3):
        left, outcomes = demote_each_other(IntegrityError)
        assert left == 1
        assert outcomes == ["IntegrityError", "done"]


def test_one_link_makes_one_account_and_one_membership() -> None:
    company = story.a_company()
    owner = a_person(company)
    invite(
        email=PAUL,
        role=Role.SALES,
        companies=[company],
        actor=Actor.user(owner),
        language="fr",
        at=timezone.now(),
    )
    token = link_to(PAUL).split("/")[2]

    def accept(_place: int) -> str:
        try:
            accept_as_new_person(token=token, at=timezone.now(), **NEW_PERSON)
        except DomainError as error:
            return error.code
        return "in"

    outcomes = sorted(at_once(4, accept))
    assert outcomes.count("in") == 1
    assert set(outcomes) <= {"in", "account_exists", "invitation_closed"}
    assert User.objects.filter(email=PAUL).count() == 1
    assert Membership.objects.filter(user__email=PAUL).count() == 1
