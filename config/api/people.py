"""Who works in the company, and who is asked to. A key has its scopes, and neither makes nor undoes an owner."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language
from rest_framework import serializers

from config.kernel.api import lists
from config.kernel.api.caller import Caller
from config.kernel.api.documented import documented
from config.kernel.api.examples import received, sent
from config.kernel.api.fields import Body, Id, Moment, Money, Page, Word
from config.kernel.api.operation import operation
from config.kernel.api.statuses import created, no_content
from config.kernel.api.view import ApiView, Call
from config.kernel.models import Invitation, InvitationStatus, Membership
from config.kernel.people.invitations import OwnersInvite, invite, resend_invitation, withdraw_invitation
from config.kernel.people.members import change_member, remove_member
from config.kernel.roles import Role

MEMBER = {
    "id": 12, "name": "Claire Verone", "email": "claire@verone.example", "role": "accountant",
    "credit_note_limit": 500.0, "write_off_limit": None, "payment_run_limit": None,
    "created_at": "2026-11-21T09:00:00Z",
}  # fmt: skip
INVITED = {"email": "paul@verone.example", "role": "sales"}
INVITATION = {
    "id": 4503599627370497, **INVITED, "status": "pending", "invited_by": "Claire Verone",
    "invited_at": "2026-11-21T09:00:00Z", "expires_at": "2026-11-24T09:00:00Z",
}  # fmt: skip
LIMIT = "The most that the person does alone, VAT included, in the currency of the books; null is all the role may"


class MemberShape(serializers.Serializer):
    id = Id()
    name = serializers.CharField(source="user.display_name")
    email = serializers.CharField(source="user.email")
    role = Word(Role)
    credit_note_limit = Money(allow_null=True, help_text=LIMIT)
    write_off_limit = Money(allow_null=True, help_text=LIMIT)
    payment_run_limit = Money(allow_null=True, help_text=LIMIT)
    created_at = Moment()


class MemberChange(Body):
    """What changes. A field left out stays as it is."""

    shape = MemberShape

    role = Word(Role, required=False)
    credit_note_limit = Money(allow_null=True, required=False, min_value=0)
    write_off_limit = Money(allow_null=True, required=False, min_value=0)
    payment_run_limit = Money(allow_null=True, required=False, min_value=0)


class MemberView(ApiView):
    area = "settings"

    def find(self, **path: Any) -> Membership:
        rows = Membership.objects.filter(company=self.request.caller.company.pk).select_related("user", "company")
        found: Membership = get_object_or_404(rows, pk=path["id"])
        return found


class MemberList(MemberView):
    @operation(query=Page, answer=MemberShape, many=True)
    @documented(id="member_list", examples=[received(MEMBER)])
    def get(self, request: Call) -> HttpResponseBase:
        """The people of the company, newest first."""
        rows = Membership.objects.filter(company=request.caller.company.pk).select_related("user")
        return lists.page(self, rows, by="created_at", name="members")


class MemberItem(MemberView):
    @operation(answer=MemberShape)
    @documented(id="member_retrieve", examples=[received(MEMBER)])
    def get(self, request: Call, **path: Any) -> Membership:
        """One of the people of the company."""
        return self.find(**path)

    @operation(action="settings.edit", body=MemberChange, answer=MemberShape)
    @documented(id="member_update", errors=(409,), examples=[sent({"role": "sales"}), received(MEMBER)])
    def put(self, request: Call, **path: Any) -> Membership:
        """Another role, other limits. The person's tokens end, and it holds from the next request on.

        409 `last_owner` where the company would be left without one. A key neither makes nor undoes an owner.
        """
        row, values = self.find(**path), request.values
        role = values.get("role", row.role)
        _check_key(request.caller, role, row.role)
        limits = {name: values.get(name, getattr(row, name)) for name in Membership.LIMITS}
        return change_member(membership=row, role=role, limits=limits, actor=request.caller.actor, at=request.at)

    @operation(action="settings.edit")
    @no_content
    @documented(id="member_delete", errors=(409,))
    def delete(self, request: Call, **path: Any) -> None:
        """Take somebody out of the company. 409 `last_owner` for the last one."""
        row = self.find(**path)
        _check_key(request.caller, row.role)
        remove_member(membership=row, actor=request.caller.actor, at=request.at)


def _check_key(caller: Caller, *roles: str) -> None:
    """Raises OwnersInvite."""
    if caller.user is None and Role.OWNER in roles:
        raise OwnersInvite


class InvitationBody(Body):
    email = serializers.EmailField(max_length=254)
    role = Word(Role)


class InvitationShape(serializers.Serializer):
    id = Id()
    email = serializers.CharField()
    role = Word(Role)
    status = Word(InvitationStatus)
    invited_by = serializers.CharField(source="invited_by.display_name", default="", help_text="Empty for a key's.")
    invited_at = Moment()
    expires_at = Moment()


class InvitationView(ApiView):
    area = "settings"

    def find(self, **path: Any) -> Invitation:
        found: Invitation = get_object_or_404(Invitation.objects.select_related("invited_by"), pk=path["id"])
        return found


class InvitationList(InvitationView):
    @operation(query=Page, answer=InvitationShape, many=True)
    @documented(id="invitation_list", examples=[received(INVITATION)])
    def get(self, request: Call) -> HttpResponseBase:
        """Who was invited, newest first, whatever became of it. Their links are shown nowhere."""
        rows = Invitation.objects.select_related("invited_by")
        return lists.page(self, rows, by="invited_at", name="invitations")

    @operation(action="settings.edit", body=InvitationBody, answer=InvitationShape)
    @created(at="api:invitation")
    @documented(id="invitation_create", examples=[sent(INVITED), received(INVITATION, status=201)])
    def post(self, request: Call) -> Invitation:
        """Invite somebody by e-mail into the company: a link of 72 hours, once, for that address alone.

        An address that was invited already, or works here, is refused: a repeated call sends nothing twice. A key
        invites no owner.
        """
        (row,) = invite(
            email=request.values["email"],
            role=request.values["role"],
            companies=[request.caller.company],
            actor=request.caller.actor,
            language=get_language() or "fr",
            at=request.at,
        )
        return row


class InvitationItem(InvitationView):
    @operation(answer=InvitationShape)
    @documented(id="invitation_retrieve", examples=[received(INVITATION)])
    def get(self, request: Call, **path: Any) -> Invitation:
        """An invitation, and what became of it."""
        return self.find(**path)

    @operation(action="settings.edit")
    @no_content
    @documented(id="invitation_delete", errors=(409,))
    def delete(self, request: Call, **path: Any) -> None:
        """Withdraw it: its link opens the company no longer. 409 where it was used or withdrawn."""
        withdraw_invitation(invitation=self.find(**path), actor=request.caller.actor, at=request.at)


class InvitationResend(InvitationView):
    @operation(action="settings.edit", answer=InvitationShape)
    @documented(id="invitation_resend", errors=(409,), examples=[received(INVITATION)])
    def post(self, request: Call, **path: Any) -> Invitation:
        """A new link, for 72 hours; the one before opens the company no longer."""
        return resend_invitation(
            invitation=self.find(**path),
            actor=request.caller.actor,
            language=get_language() or "fr",
            at=request.at,
        )
