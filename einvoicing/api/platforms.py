"""The company's accounts at platforms, without their secrets, and a try of each."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.kernel.api import lists
from config.kernel.api.circumstances import without_transaction
from config.kernel.api.documented import documented
from config.kernel.api.fields import Id, Moment, Page
from config.kernel.api.operation import operation
from config.kernel.api.view import ApiView, Call
from config.kernel.secrets import SecretUnreadable
from einvoicing.api.transmissions import KINDS
from einvoicing.models import DocumentFormat, Environment, PlatformAccount
from einvoicing.services.accounts import try_account
from einvoicing.services.compliance import state_of

ACCOUNT_STATES = ("ok", "failing", "suspended", "offline", "off")


class PlatformShape(serializers.Serializer):
    """An account at a platform.

    `failing`: the last reading failed, or left messages that could not be applied. `suspended`: its circuit breaker is
    open until `open_until`, nothing is tried.
    """

    id = Id()
    kind = serializers.ChoiceField(KINDS)
    name = serializers.CharField()
    environment = serializers.ChoiceField(Environment.values)
    base_url = serializers.CharField()
    default_format = serializers.ChoiceField(DocumentFormat.values)
    is_enabled = serializers.BooleanField()
    is_offline = serializers.BooleanField(help_text="By choice: everything stays in the queue.")
    sends_automatically = serializers.BooleanField(help_text="At issue.")
    writes_receipts = serializers.BooleanField(
        help_text="By choice: payments go to its book of receipts, by a call that it does not publish (Abby)."
    )
    state = serializers.SerializerMethodField()
    failures = serializers.IntegerField(help_text="In a row; five suspend the account.")
    open_until = Moment(allow_null=True)
    last_error = serializers.CharField()
    polled_at = Moment(allow_null=True, help_text="When its statuses were last read.")

    @extend_schema_field(serializers.ChoiceField(ACCOUNT_STATES))
    def get_state(self, account: PlatformAccount) -> str:
        return state_of(account, at=timezone.now())


class TrialShape(serializers.Serializer):
    ok = serializers.BooleanField(help_text="The platform answers and knows us.")
    problem = serializers.CharField(help_text="Why not, in words; '' when it does.")


class PlatformList(ApiView):
    area = "einvoicing"

    @operation(query=Page, answer=PlatformShape, many=True)
    @documented(id="platform_list")
    def get(self, request: Call) -> HttpResponseBase:
        """The platforms the company has an account at, and whether they may be used now. Secrets are never shown."""
        rows = PlatformAccount.objects.filter(kind__in=KINDS)
        return lists.page(self, rows, by="id", descending=False, name="platforms")


class PlatformTest(ApiView):
    area = "einvoicing"

    def find(self, **path: Any) -> PlatformAccount:
        return cast(PlatformAccount, get_object_or_404(PlatformAccount.objects, pk=path["id"]))

    @operation(action="settings.edit", answer=TrialShape)
    @without_transaction
    @documented(id="platform_test")
    def post(self, request: Call, id: int) -> dict[str, Any]:
        """Ask the platform whether it knows us, now. At most ten seconds for each of its answers."""
        try:
            problem: Any = try_account(account=self.find(id=id), at=request.at)
        except SecretUnreadable as error:
            problem = error
        return {"ok": problem is None, "problem": _(problem.message) if problem else ""}
