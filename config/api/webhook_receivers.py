"""Where other systems send their messages: verified on their very bytes, kept and answered; applied later."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers

from config.kernel.addresses import address_of
from config.kernel.api import limits
from config.kernel.api.circumstances import public
from config.kernel.api.documented import documented
from config.kernel.api.examples import received
from config.kernel.api.operation import operation
from config.kernel.api.problems import of_domain
from config.kernel.api.refusals import TooLarge
from config.kernel.api.view import ApiView, Call
from config.kernel.inbound import receiving

FAILURES = "60/minute"  # refused messages of one address


class TakenShape(serializers.Serializer):
    received = serializers.BooleanField(help_text="False where nothing of ours is at this address: ignored.")


def _signed_by(*names: str) -> Any:
    """Document a message: an object, with the headers that sign it."""
    headers = [
        OpenApiParameter(name, str, OpenApiParameter.HEADER, required=False, description="See the description.")
        for name in names
    ]
    return extend_schema(request={"application/json": OpenApiTypes.OBJECT}, parameters=headers)


class Receiver(ApiView):
    """A message in: its size, who sent it, the row, and the answer. Only refusals are counted against an address."""

    authentication_classes = ()
    source: str

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > receiving.MOST_BYTES:
            return of_domain(TooLarge())
        _ = request.body  # kept, whatever its media type says
        return super().dispatch(request, *args, **kwargs)

    def check_throttles(self, request: Any) -> None:
        request.quota = None

    def take(self, request: Call, token: str | None = None) -> dict[str, bool]:
        body = bytes(request.body)  # the very bytes, before any parser
        try:
            origin = receiving.origin_of(self.source, headers=request.headers, body=body, at=request.at, token=token)
            receiving.store(origin, body, at=request.at)
        except (receiving.BadSignature, receiving.Malformed):
            limits.spend("webhook_failures", FAILURES, address_of(request))
            raise
        return {"received": True}


ERRORS = (401, 411, 413)
TAKEN = received({"received": True})


class AbbyReceiver(Receiver):
    source = "abby"

    @_signed_by("X-Abby-Signature")
    @operation(answer=TakenShape)
    @public
    @documented(id="webhook_receive_abby", errors=ERRORS, examples=[TAKEN])
    def post(self, request: Call, **path: Any) -> dict[str, bool]:
        """A message of Abby: `invoice.sent`, `invoice.paid`, `invoice.cancelled`, `invoice.overdue`.

        `X-Abby-Signature` is the hexadecimal HMAC-SHA256 of the body. Without a token in the address, the company is
        the one whose secret made the signature. `id` names the event: it is applied once, however often it comes. At
        most 1 MB. `invoice.paid` records a payment; the others are noted on the invoice, whose state stays ours.
        """
        return self.take(request, path.get("token"))


class AbbyTokenReceiver(AbbyReceiver):
    @_signed_by("X-Abby-Signature")
    @operation(answer=TakenShape)
    @public
    @documented(id="webhook_receive_abby_at", errors=ERRORS, examples=[TAKEN])
    def post(self, request: Call, **path: Any) -> dict[str, bool]:
        """A message of Abby, at the address of one company."""
        return self.take(request, path["token"])


class AfnorReceiver(Receiver):
    source = "afnor"

    @_signed_by("Afnor-Signature", "Afnor-Signature-Timestamp")
    @operation(answer=TakenShape)
    @public
    @documented(id="webhook_receive_afnor", errors=ERRORS, examples=[TAKEN])
    def post(self, request: Call, **path: Any) -> dict[str, bool]:
        """A flow of an approved platform (XP Z12-013).

        `Afnor-Signature` is the base64 HMAC over the SHA-256 of `<body>@<Afnor-Signature-Timestamp>` (seconds, at most
        five minutes from now). Nothing is taken from the body: the platform is read.
        """
        return self.take(request, path["token"])


class EmailReceiver(Receiver):
    source = "email"

    @_signed_by("X-Email-Signature")
    @operation(answer=TakenShape)
    @public
    @documented(id="webhook_receive_email", errors=ERRORS, examples=[TAKEN])
    def post(self, request: Call, **path: Any) -> dict[str, bool]:
        """What a mail provider says of a message of ours: `{id, event, message_id, recipient, status, diagnostic}`.

        `event`: `bounced`, `complained`, `deferred` or `delivered`; `message_id` is the Message-ID of our mail.
        `X-Email-Signature` is `t=<seconds>,v1=<hexadecimal HMAC-SHA256 of "<t>.<body>">`, at most five minutes from
        now. A refusal for good stops further mails to that address until it is changed. Without a token in the address,
        the company is the one whose secret made the signature.
        """
        return self.take(request, path.get("token"))


class EmailTokenReceiver(EmailReceiver):
    @_signed_by("X-Email-Signature")
    @operation(answer=TakenShape)
    @public
    @documented(id="webhook_receive_email_at", errors=ERRORS, examples=[TAKEN])
    def post(self, request: Call, **path: Any) -> dict[str, bool]:
        """What a mail provider says of a message, at the address of one company."""
        return self.take(request, path["token"])


class RevolutReceiver(Receiver):
    source = "revolut"

    @_signed_by("Revolut-Signature", "Revolut-Request-Timestamp")
    @operation(answer=TakenShape)
    @public
    @documented(id="webhook_receive_revolut", errors=ERRORS, examples=[TAKEN])
    def post(self, request: Call, **path: Any) -> dict[str, bool]:
        """A message of Revolut Business (webhooks v2).

        `Revolut-Signature: v1=<hex>[,v1=<hex>]` over `v1.{Revolut-Request-Timestamp}.{body}` (milliseconds, at most
        five minutes from now).
        """
        return self.take(request, path["token"])


class InvoiceNinjaReceiver(Receiver):
    source = "invoice_ninja"

    @_signed_by("X-Webhook-Secret")
    @operation(answer=TakenShape)
    @public
    @documented(id="webhook_receive_invoice_ninja", errors=ERRORS, examples=[TAKEN])
    def post(self, request: Call, **path: Any) -> dict[str, bool]:
        """A message of Invoice Ninja v5, which signs nothing: a hint.

        An unknown token is answered 200 and ignored: Invoice Ninja deletes a webhook that gets 404, 405 or 410.
        `X-Webhook-Secret` is compared where a secret was agreed.
        """
        return self._take(request, path["token"])

    @_signed_by("X-Webhook-Secret")
    @operation(answer=TakenShape)
    @public
    @documented(id="webhook_receive_invoice_ninja_put", errors=ERRORS, examples=[TAKEN])
    def put(self, request: Call, **path: Any) -> dict[str, bool]:
        """The same, for webhooks set to PUT."""
        return self._take(request, path["token"])

    def _take(self, request: Call, token: str) -> dict[str, bool]:
        try:
            return self.take(request, token)
        except receiving.UnknownSender:
            receiving.read(bytes(request.body))  # what is no message is refused all the same
            return {"received": False}


class HostedCheckoutReceiver(Receiver):
    source = "hosted_checkout"

    @_signed_by("Checkout-Signature")
    @operation(answer=TakenShape)
    @public
    @documented(id="webhook_receive_hosted_checkout", errors=ERRORS, examples=[TAKEN])
    def post(self, request: Call, **path: Any) -> dict[str, bool]:
        """A message of the payment provider: `checkout.*`, `refund.*`, `chargeback.*`, `payout.*`.

        `Checkout-Signature` is `t=<unix seconds>,v1=<hex>`, the HMAC-SHA256 of `<t>.<body>`, at most five minutes from
        now. `id` names the event: it is applied once. Nothing is taken from the body: the provider is read.
        """
        return self.take(request, path["token"])
