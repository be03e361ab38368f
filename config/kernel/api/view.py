"""The routes: a view per address, and on each of its methods one `@operation` (operation.py) that says what it is.

    class InvoiceItem(ApiView):
        area = "invoices"

        def find(self, id): return get_object_or_404(Invoice.objects, pk=id)

        @operation(answer=InvoiceShape)
        @versioned
        def get(self, request, id):
            \"\"\"An invoice with its lines and payments.\"\"\"
            return self.find(id)

The handler gets a `Call`: `request.caller`, `request.at` (now), `request.values` (the body, validated whole),
`request.query` (the parameters, validated). It returns a value for the answer's serializer, or a response.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar, Never

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotAuthenticated
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.kernel import outside
from config.kernel.addresses import address_of
from config.kernel.api import limits
from config.kernel.api.caller import COMPANY_HEADER, Caller, caller_of
from config.kernel.api.declaring import Method
from config.kernel.api.expand import PARAMETER, Expand, expand
from config.kernel.api.fields import Query
from config.kernel.api.json import JsonNegotiation, JsonParser, JsonRenderer
from config.kernel.api.operation import Operation
from config.kernel.api.permissions import MayCall
from config.kernel.api.problems import answer_to, flattened, of_domain
from config.kernel.api.refusals import LengthMissing, NotAllowedHere, TooLarge
from config.kernel.api.repeatable import answer_once
from config.kernel.api.stated import Stated, states_something
from config.kernel.api.statuses import location_of
from config.kernel.api.versions import etag, if_unchanged, matches
from config.kernel.errors import Invalid
from config.kernel.models import ApiKey, User
from config.kernel.scope import company_scope

METHODS = ("get", "post", "put", "delete")
# of a method that an address does not have: anybody may be answered 405
ABSENT = Operation(public=True)
REPEATED = "Ce paramètre figure deux fois."


class Call(Request):
    """A request that was let in. Requests are not re-classed: this names what `ApiView` puts on them."""

    caller: Caller
    at: datetime
    values: Any
    query: dict[str, Any]
    stated: Stated | None


class ApiView(APIView):
    """One address of the API."""

    area: ClassVar[str] = ""
    http_method_names = (*METHODS, "head")
    permission_classes = (MayCall,)
    parser_classes = (JsonParser, MultiPartParser)
    renderer_classes = (JsonRenderer,)
    content_negotiation_class = JsonNegotiation
    stack: ExitStack

    @classmethod
    def as_view(cls, **options: Any) -> Callable[..., HttpResponseBase]:
        view: Callable[..., HttpResponseBase] = login_not_required(super().as_view(**options))
        return view

    @classmethod
    def operations(cls) -> dict[str, Operation]:
        """The methods of this address, and what each says of itself."""
        methods = {name: getattr(cls, name, None) for name in METHODS}
        return {name: method.operation for name, method in methods.items() if method is not None}

    @property
    def operation(self) -> Operation:
        """What is called."""
        method = str(self.request.method).lower()
        return self.operations().get("get" if method == "head" else method, ABSENT)

    def find(self, *args: Any, **kwargs: Any) -> Any:  # a view names what its address names
        """The row the address names, as `get` shows it. Raises Http404."""
        raise NotImplementedError

    def context(self, request: Any) -> dict[str, Any]:
        return {"caller": getattr(request, "caller", None), "on": timezone.localdate(), "request": request}

    # -- DRF's hooks, in the order in which it calls them --------------------------------------------------------------

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if "Transfer-Encoding" in request.headers and not request.META.get("CONTENT_LENGTH"):
            return of_domain(LengthMissing())
        try:
            if request.content_type != "multipart/form-data":
                _ = request.body  # kept, so that a repeated call can be compared
        except RequestDataTooBig:
            return of_domain(TooLarge())
        with ExitStack() as self.stack:
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        request.at = timezone.now()
        super().initial(request, *args, **kwargs)

    def perform_authentication(self, request: Any) -> None:
        """Who calls, and in which company. Raises NotAuthenticated, NoCompany."""
        super().perform_authentication(request)
        if self.operation.public:
            return
        if not isinstance(request.user, User | ApiKey):
            raise NotAuthenticated
        request.caller = caller_of(request)
        self.stack.enter_context(company_scope(request.caller.company.pk))

    def check_permissions(self, request: Any) -> None:
        # before the judgement: refused calls count too
        self.check_throttles(request)
        super().check_permissions(request)

    def permission_denied(self, request: Any, message: str | None = None, code: str | None = None) -> Never:
        raise NotAllowedHere

    def check_throttles(self, request: Any) -> None:
        """Counted once a call, however often it is asked."""
        if not hasattr(request, "quota"):
            who = request.caller.name if hasattr(request, "caller") else f"ip:{address_of(request)}"
            request.quota = limits.spend("calls", settings.API_RATE_LIMIT, who)

    def get_exception_handler(self) -> Callable[..., Any]:
        return answer_to

    def raise_uncaught_exception(self, exc: Exception) -> None:
        raise exc

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        final = super().finalize_response(request, response, *args, **kwargs)
        quota = getattr(request, "quota", None)
        if quota is not None:
            quota.write(final)
        if hasattr(request, "caller"):
            final[COMPANY_HEADER] = str(request.caller.company.pk)
        return final

    def handle_exception(self, exc: Exception) -> Any:
        if isinstance(exc, limits.TooManyCalls):
            self.request.quota = exc.quota
        response = super().handle_exception(exc)
        if (seconds := getattr(exc, "retry_after", None)) is not None:
            response["Retry-After"] = str(seconds)
        return self._counted(response) if response.status_code == HTTPStatus.UNAUTHORIZED else response

    def _counted(self, refusal: Any) -> Any:
        """A call without a good credential is counted by its address, and answered 429 when there are too many."""
        try:
            self.request.quota = limits.spend("refusals", settings.API_ADDRESS_LIMIT, address_of(self.request))
        except limits.TooManyCalls as error:
            self.request.quota = error.quota
            return of_domain(error)
        return refusal

    # -- what comes in, what goes out ------------------------------------------------------------------------------

    def read(self, request: Call, path: dict[str, Any]) -> None:
        """Validate the parameters and the body: all that is wrong is said at once, of a row that exists."""
        operation, problems = self.operation, dict[str, Any]()
        request.query, request.values, request.stated = {}, {}, None
        repeated = {name for name, values in request.query_params.lists() if len(values) > 1} - {PARAMETER}
        problems |= {name: [_(REPEATED)] for name in sorted(repeated)}
        query = (operation.query or Query)(data=request.query_params.dict(), context=self.context(request))
        if operation.expandable:
            query.fields[PARAMETER] = Expand(operation.expandable)
        if query.is_valid():
            request.query = query.validated_data
        else:
            problems |= query.errors
        if operation.body is not None:
            body = operation.body(data=request.data, context=self.context(request))
            if body.is_valid():
                request.values = body.validated_data
                request.stated = Stated(body, request.data) if states_something(body, request.data) else None
            else:
                problems |= body.errors
        if problems:
            if path:
                self.find(**path)
            raise Invalid(fields=flattened(problems))

    def perform(self, method: Method, request: Call, path: dict[str, Any]) -> HttpResponseBase:
        """The answer of a handler, which runs as its operation declares: once, if nothing changed, in a transaction."""
        self.read(request, path)
        operation = self.operation
        run: Callable[[], HttpResponseBase] = partial(self.run, method, request, path)
        if operation.conditional:
            run = if_unchanged(self, request, path, run)
        if operation.repeatable:
            return answer_once(operation.repeatable, request, run)
        if operation.transaction and request.method not in SAFE_METHODS:
            run = outside.atomic(run)
        return run()

    def run(self, method: Method, request: Call, path: dict[str, Any]) -> HttpResponseBase:
        """The answer, in its transaction: nothing stays where the record is not as the body states."""
        if request.stated and path and not self.operation.many:
            request.stated.before = self.shown(request, path)
        value = method(self, request, **path)
        return value if isinstance(value, HttpResponseBase) else self.answered(value, request)

    def shown(self, request: Call, path: dict[str, Any]) -> Any:
        """The record that the address names, as `get` shows it, else as the answer does."""
        shape = self.operations().get("get", self.operation).answer
        return shape(self.find(**path), context=self.context(request)).data

    def check_stated(self, request: Call, shown: Mapping[str, Any]) -> None:
        """Hold what the body states against the record as written; once, before issuing changes it. Raises Invalid."""
        if request.stated:
            request.stated.check(shown)
            request.stated = None

    def answered(self, value: Any, request: Call) -> Response:
        """The response that shows what a handler returned."""
        operation = self.operation
        if operation.status == HTTPStatus.NO_CONTENT:
            return Response(status=operation.status)
        data = operation.answer(value, many=operation.many, context=self.context(request)).data
        self.check_stated(request, data)
        objects = request.query.get(PARAMETER, {})
        expand(data if operation.many else [data], objects, self.context(request))
        response = Response(data, status=operation.status)
        if operation.location:
            response["Location"] = location_of(operation, data)
        reading = self.operations().get("get", operation)
        if operation.versioned or (operation.conditional and operation.answer is reading.answer):
            response["ETag"] = etag(data, expanded=objects)
        if operation.versioned and matches(request.headers.get("If-None-Match", ""), response["ETag"], weakly=True):
            response.status_code, response.data = HTTPStatus.NOT_MODIFIED, None
        return response
