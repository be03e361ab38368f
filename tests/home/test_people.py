"""Invitations open once, for one address, within 72 hours; an owner always stays; what a role may do is shown."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.kernel.actor import Actor
from config.kernel.models import AccountMail, AuditEvent, Company, Invitation, InvitationStatus, Membership, User
from config.kernel.people import invitations
from config.kernel.people.mails import written
from config.kernel.people.members import LastOwner, change_member, remove_member
from config.kernel.roles import ACTIONS, READERS, Role
from config.kernel.scope import company_scope
from tests.api.client import a_partner, json_of
from tests.factories import story
from tests.factories.people import a_person, read, signed_in

pytestmark = pytest.mark.django_db
PAUL, PASSWORD = "paul@verone.example", "zorglub 77 bulgroz"
PEOPLE, INVITE = "/settings/people/", "/settings/people/invite/"
NEW_PERSON = {"first_name": "Paul", "last_name": "Remy", "password": PASSWORD}


def invited(client: Client, email: str = PAUL, role: Role = Role.SALES, **typed: Any) -> str:
    """The address of the link that the page sent."""
    answer = client.post(INVITE, {"email": email, "role": role, **typed})
    assert answer.status_code == 302, read(answer)
    return link_to(email)


def link_to(email: str) -> str:
    _subject, text = written(AccountMail.everywhere.filter(to=email).latest("created_at"))
    return re.findall(r"http://[^/]+(/invitation/\S+)", text)[-1]


def roles_of(email: str) -> dict[int, str]:
    return dict(Membership.objects.filter(user__email=email).values_list("company_id", "role"))


def test_a_new_person_is_mailed_a_link_names_a_password_and_is_in(company: Company) -> None:
    link = invited(signed_in(company))
    guest = Client()
    page = guest.get(link)
    assert company.name in page.text
    assert "no-store" in page["Cache-Control"]
    weak = guest.post(link, {**NEW_PERSON, "password": "motdepasse"})
    assert weak.status_code == 422
    assert not User.objects.filter(email=PAUL).exists()
    assert guest.post(link, NEW_PERSON).url == reverse("home")
    assert guest.get(reverse("home")).status_code == 200
    assert guest.get(reverse("usersessions_list")).context["sessions"]
    assert roles_of(PAUL) == {company.pk: Role.SALES}
    assert User.objects.get(email=PAUL).check_password(PASSWORD)
    tags = list(AuditEvent.everywhere.filter(company=company).order_by("id").values_list("tag", flat=True))
    assert tags[-3:] == ["kernel.invitation.sent", "kernel.invitation.accepted", "kernel.member.added"]
    assert link.split("/")[2] not in str(list(Invitation.everywhere.values())), "the link stands in no row"


def test_a_link_opens_once_and_every_dead_link_gets_one_answer(company: Company) -> None:
    owner = signed_in(company)
    used, withdrawn, expired = (invited(owner, f"{name}@verone.example") for name in ("used", "withdrawn", "expired"))
    Client().post(used, NEW_PERSON)
    Invitation.everywhere.filter(email="expired@verone.example").update(expires_at=timezone.now())
    row = Invitation.everywhere.get(email="withdrawn@verone.example")
    assert "n’ouvrira plus" in owner.get(reverse("invitation-withdraw", args=[row.pk])).text
    owner.post(reverse("invitation-withdraw", args=[row.pk]))
    # neither a guess nor what the table holds opens anything
    guesses = [f"{withdrawn[:-2]}x/", reverse("invitation", args=[row.digest]), reverse("invitation", args=["x" * 43])]
    before = User.objects.count()
    answers = {
        (answer.status_code, answer.content)
        for link in (used, withdrawn, expired, *guesses)
        for answer in (Client().get(link), Client().post(link, NEW_PERSON))
    }
    assert {status for status, _content in answers} == {404}
    assert len(answers) == 1
    assert User.objects.count() == before


def test_an_invitation_sent_again_has_a_new_link_and_the_one_before_is_dead(company: Company) -> None:
    owner = signed_in(company)
    first = invited(owner)
    row = Invitation.everywhere.get()
    Invitation.everywhere.update(expires_at=timezone.now() - timedelta(days=1))
    again = owner.post(reverse("invitation-resend", args=[row.pk]))
    assert again.url == PEOPLE
    second = link_to(PAUL)
    assert (Client().get(first).status_code, Client().get(second).status_code) == (404, 200)


def test_an_account_joins_by_signing_in_and_the_invited_address_alone(company: Company) -> None:
    link = invited(signed_in(company))
    known = User.objects.create_user(PAUL, PASSWORD)
    page = Client().get(link)
    assert f"{reverse('login')}?next={link}" in page.text
    # who holds the link and not the account chooses no password for it
    stolen = Client().post(link, {**NEW_PERSON, "password": "another phrase 99"})
    assert stolen.status_code == 200
    known.refresh_from_db()
    assert known.check_password(PASSWORD)
    other = signed_in(story.a_company())
    refused = other.post(link)
    assert (refused.status_code, roles_of(PAUL)) == (403, {})
    assert PAUL in refused.text
    own = Client()
    own.force_login(known)
    assert "Rejoindre" in own.get(link).text
    assert own.post(link).url == reverse("home")
    assert roles_of(PAUL) == {company.pk: Role.SALES}
    assert own.post(link).status_code == 404


def test_one_link_opens_the_companies_that_the_owner_owns_and_no_other(company: Company) -> None:
    second, watched, foreign = story.a_company(), story.a_company(), story.a_company()
    user = a_person(company)
    Membership.objects.create(user=user, company=second, role=Role.OWNER)
    Membership.objects.create(user=user, company=watched, role=Role.ACCOUNTANT)
    client = Client()
    client.force_login(user)
    for stranger in (watched, foreign):
        answer = client.post(INVITE, {"email": PAUL, "role": Role.OWNER, "companies": [company.pk, stranger.pk]})
        assert answer.status_code == 422
    link = invited(client, companies=[company.pk, second.pk])
    rows = {row.company_id: row for row in Invitation.everywhere.all()}
    assert rows.keys() == {company.pk, second.pk}
    # the second company takes its own back; the link still opens the first
    own = signed_in(second)
    own.post(reverse("invitation-withdraw", args=[rows[second.pk].pk]))
    assert own.get(reverse("invitation-withdraw", args=[rows[company.pk].pk])).status_code == 404
    Client().post(link, NEW_PERSON)
    assert roles_of(PAUL) == {company.pk: Role.SALES}


def test_services_refuse_whoever_is_no_owner_any_more(company: Company) -> None:
    former, other = a_person(company), a_person(company)
    link = invited(signed_in(company), "before@verone.example")
    client = Client()
    client.force_login(former)
    theirs = invited(client)
    row = Membership.objects.get(user=former)
    change_member(membership=row, role=Role.VIEWER, limits={}, actor=Actor.user(other), at=timezone.now())
    # what the former owner had sent is withdrawn, what others sent is not; the form that was open is refused
    assert (Client().get(theirs).status_code, Client().get(link).status_code) == (404, 200)
    assert client.post(INVITE, {"email": PAUL, "role": Role.OWNER}).status_code == 403
    for act in (
        lambda actor: change_member(membership=row, role=Role.OWNER, limits={}, actor=actor, at=timezone.now()),
        lambda actor: invitations.invite(
            email=PAUL, role=Role.OWNER, companies=[company], actor=actor, language="fr", at=timezone.now()
        ),
    ):
        with pytest.raises(invitations.NotAllowed), transaction.atomic():
            act(Actor.user(former))


def test_an_address_is_invited_once_and_not_where_it_works(company: Company) -> None:
    client = signed_in(company)
    invited(client)
    again = client.post(INVITE, {"email": " Paul@Verone.example", "role": Role.SALES})
    assert "déjà invité" in read(again)
    member = a_person(company)
    assert "travaille déjà" in read(client.post(INVITE, {"email": member.email, "role": Role.SALES}))
    assert Invitation.everywhere.count() == 1


def test_the_last_owner_is_neither_removed_nor_demoted_nor_leaves(company: Company) -> None:
    owner, viewer = a_person(company), a_person(company, Role.VIEWER)
    row = Membership.objects.get(user=owner)
    client = Client()
    client.force_login(owner)
    demoted = client.post(reverse("member-edit", args=[row.pk]), {"role": Role.VIEWER})
    assert "n’a pas d’autre gérant" in read(demoted)
    for where in (reverse("member-remove", args=[row.pk]), reverse("company-leave")):
        assert "n’a pas d’autre gérant" in read(client.post(where))
    User.objects.filter(pk=a_person(company).pk).update(is_active=False)
    with pytest.raises(LastOwner):
        remove_member(membership=row, actor=Actor.user(owner), at=timezone.now())
    # anybody else may go
    other = Client()
    other.force_login(viewer)
    assert other.post(reverse("company-leave")).url == reverse("dossiers")
    assert roles_of(viewer.email) == {}
    assert roles_of(owner.email) == {company.pk: Role.OWNER}


@pytest.mark.parametrize("statement", [
    "DELETE FROM kernel_membership WHERE user_id = %s",
    "UPDATE kernel_membership SET role = 'SALES' WHERE user_id = %s",
    "UPDATE kernel_user SET is_active = false WHERE id = %s",
])  # fmt: skip
def test_postgresql_keeps_the_last_owner_whoever_asks(company: Company, statement: str) -> None:
    owner = a_person(company)
    with pytest.raises(IntegrityError, match="last owner"), transaction.atomic():
        _at_once(statement, owner)
    # one act may take an owner away and name another
    other = a_person(company, Role.SALES)
    with transaction.atomic():
        _at_once(f"{statement}; UPDATE kernel_membership SET role = 'OWNER' WHERE user_id = {other.pk}", owner)


def _at_once(statements: str, owner: User) -> None:
    """With what PostgreSQL looks at when a transaction ends."""
    with connection.cursor() as cursor:
        for statement in (*statements.split("; "), "SET CONSTRAINTS ALL IMMEDIATE"):
            cursor.execute(statement, [owner.pk] if "%s" in statement else None)


def test_the_admin_keeps_the_last_owner_too(company: Company) -> None:
    owner = a_person(company)
    row = Membership.objects.get(user=owner)
    root = Client()
    root.force_login(User.objects.create_superuser("root@verone.example", "a long password 42"))
    change = reverse("admin:kernel_membership_change", args=[row.pk])
    refused = root.post(change, {"user": owner.pk, "company": company.pk, "role": Role.SALES})
    assert "n’a pas d’autre gérant" in read(refused)
    for model, pk in (("membership", row.pk), ("user", owner.pk)):
        where = reverse(f"admin:kernel_{model}_delete", args=[pk])
        assert "n’a pas d’autre gérant" in read(root.get(where))
        root.post(where, {"post": "yes"})
    whole = reverse("admin:kernel_user_change", args=[owner.pk])
    form = root.get(whole).context["adminform"].form
    sent = {name: form.initial.get(name) or "" for name in form.fields if name not in ("is_active", "groups")}
    sent |= {"date_joined_0": "2026-11-01", "date_joined_1": "10:00:00"}
    sent = {name: value for name, value in sent.items() if name not in ("user_permissions", "is_staff", "is_superuser")}
    assert "n’a pas d’autre gérant" in read(root.post(whole, sent))
    assert Membership.objects.get(pk=row.pk).role == Role.OWNER
    assert User.objects.get(pk=owner.pk).is_active


def test_rights_that_change_end_tokens_and_hold_from_the_next_page_on(company: Company) -> None:
    owner, person = a_person(company), a_person(company, Role.ACCOUNTANT)
    client = Client()
    client.force_login(person)
    assert client.get(reverse("trail")).status_code == 200
    row = Membership.objects.get(user=person)
    change_member(membership=row, role=Role.SALES, limits={}, actor=Actor.user(owner), at=timezone.now())
    assert User.objects.get(pk=person.pk).token_version == person.token_version + 1
    assert client.get(reverse("trail")).status_code == 403
    remove_member(membership=row, actor=Actor.user(owner), at=timezone.now())
    assert client.get(reverse("home")).status_code == 403
    assert User.objects.get(pk=person.pk).token_version == person.token_version + 2


def test_the_page_shows_each_right_of_each_role_as_the_one_table_has_it(company: Company) -> None:
    parts = signed_in(company).get(PEOPLE).context["parts"]
    shown = [right["held"] for part in parts for right in part["rights"]]
    assert len(shown) == len(ACTIONS) + len(READERS)
    assert sum(map(sum, shown)) == sum(len(roles) for table in (ACTIONS, READERS) for roles in table.values())


def test_the_api_invites_changes_and_removes_as_the_page_does(company: Company) -> None:
    a_person(company)
    partner, viewer = a_partner(company), a_person(company, Role.VIEWER)
    made = partner.post("/api/invitations", {"email": PAUL, "role": "sales"})
    assert made.status_code == 201
    assert link_to(PAUL)
    assert partner.post("/api/invitations", {"email": PAUL, "role": "sales"}).status_code == 400
    assert partner.delete(made["Location"]).status_code == 204
    assert json_of(partner.get(made["Location"]))["status"] == "withdrawn"
    assert partner.delete(made["Location"]).status_code == 409
    where = f"/api/members/{Membership.objects.get(user=viewer).pk}"
    assert json_of(partner.put(where, {"role": "sales", "write_off_limit": 20}))["role"] == "sales"
    assert partner.delete(where).status_code == 204
    assert partner.get(where).status_code == 404
    with company_scope(company):
        assert Invitation.objects.get().status == InvitationStatus.WITHDRAWN


def test_an_owner_asks_a_second_factor_of_all_and_a_new_colleague_adds_it_first(company: Company) -> None:
    owner = signed_in(company)
    link = invited(owner)
    page = owner.get(f"{PEOPLE}second-factor/?required=1")
    assert "Sans second facteur" in page.text
    assert signed_in(company, Role.ACCOUNTANT).post(f"{PEOPLE}second-factor/?required=1").status_code == 403
    assert owner.post(f"{PEOPLE}second-factor/?required=1").url == PEOPLE
    with company_scope(company):
        assert AuditEvent.objects.filter(tag="kernel.company.changed").count() == 1
    guest = Client()
    guest.post(link, NEW_PERSON)
    assert guest.get(reverse("home")).url == reverse("mfa_index")
    assert guest.get(reverse("mfa_index")).status_code == 200
    assert owner.get(PEOPLE).url == reverse("mfa_index"), "the owner too"
