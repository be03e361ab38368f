"""The routes: a view per address, and on each of its methods one `@operation` that says everything of it.

    class InvoiceItem(ApiView):
        area = "invoices"

        def find(self, id): return get_object_or_404(Invoice.objects, pk=id)

        @operation(answer=InvoiceShape, etag=True)
        def get(self, request, id):
            \"\"\"An invoice with its lines and payments.\"\"\"
            return self.find(id)

        @operation(action="invoices.edit", body=InvoiceBody, answer=InvoiceShape, match=True)
        def put(self, request, id): ...

The handler gets a `Call`: `request.caller`, `request.at` (now), `request.values` (the body, validated whole),
`request.query` (the parameters, validated). It returns a value for the answer's serializer, or a response.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from config.kernel import outside
from config.kernel.addresses import address_of
from config.kernel.api import idempotency, limits
from config.kernel.api.caller import Caller
from config.kernel.api.door import COMPANY_HEADER, Declared, JsonAlways, LengthMissing, TooLarge
from config.kernel.api.etags import Changed, etag, matches, unexpanded
from config.kernel.api.expand import PARAMETER, Expand, Expandable, expand
from config.kernel.api.fields import Query
from config.kernel.api.json import JsonParser, JsonRenderer
from config.kernel.api.problems import answer_to, flattened, of_domain
from config.kernel.api.schema import documented
from config.kernel.api.stated import Stated, states_something
from config.kernel.errors import Invalid
from config.kernel.roles import ACTIONS

OPTIONAL, REQUIRED = "optional", "required"
SAFE = ("get",)
REPEATED = "Ce paramètre figure deux fois."


class Call(Request):
    """A request past the door. Requests are not re-classed: this names what `ApiView` puts on them."""

    caller: Caller
    at: datetime
    values: Any
    query: dict[str, Any]
    stated: Stated | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Everything the documentation, the door and the tests know of a method of a route."""

    action: str
    body: type[Serializer] | None
    query: type[Query] | None
    answer: Any
    many: bool
    status: int
    key: str
    match: bool
    etag: bool
    atomic: bool
    public: bool
    files: bool
    location: str
    expand: Mapping[str, Expandable]
    errors: tuple[int, ...]
    examples: tuple[Any, ...] = field(default=())
    id: str = ""


def operation(
    *,
    action: str = "",
    body: type[Serializer] | None = None,
    query: type[Query] | None = None,
    answer: Any = None,
    many: bool = False,
    status: int = 200,
    key: str = "",
    match: bool = False,
    etag: bool = False,
    atomic: bool = True,
    public: bool = False,
    files: bool = False,
    location: str = "",
    expand: Mapping[str, Expandable] | None = None,
    errors: Sequence[int] = (),
    examples: Sequence[Any] = (),
    id: str = "",
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a method a route.

    `action`: of `kernel.roles.ACTIONS`, asked instead of reading the view's area. `key`: whether an Idempotency-Key may
    (OPTIONAL) or must (REQUIRED) come. `match`: an If-Match is honoured, against the answer of `get`. `etag`: the
    answer bears one. `atomic`: False where the method talks to a remote system. `public`: without credentials.
    `location`: the name of the route that shows what was created. `expand`: what stands beside an id of the answer when
    it is asked for. `errors`: statuses beyond those that follow.
    """
    if action and action not in ACTIONS:
        raise KeyError(action)
    told = Operation(
        action=action, body=body, query=query, answer=answer, many=many, status=status, key=key, match=match,
        etag=etag, atomic=atomic, public=public, files=files, location=location, expand=expand or {},
        errors=tuple(errors), examples=tuple(examples), id=id,
    )  # fmt: skip

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def handler(view: ApiView, request: Call, **kwargs: Any) -> HttpResponseBase:
            view.read(request, told, kwargs)
            if told.match and (header := request.headers.get("If-Match")) is not None:
                run = _matched(view, request, told, method, header, kwargs)
            else:
                run = lambda: view.run(method, request, told, kwargs)  # noqa: E731
            if told.key:
                return _repeatable(request, told, run)
            if told.atomic and method.__name__ not in SAFE:
                return outside.atomic(run)()
            return run()

        handler.operation = told  # type: ignore[attr-defined]  # read by the schema, the door and the house tests
        return documented(method, told)(handler)

    return decorate


def _matched(
    view: ApiView, request: Call, told: Operation, method: Callable[..., Any], header: str, kwargs: dict[str, Any]
) -> Callable[[], HttpResponseBase]:
    def run() -> HttpResponseBase:
        with transaction.atomic():
            row = view.find(**kwargs)
            type(row).objects.select_for_update(no_key=True, of=("self",)).filter(pk=row.pk).first()
            shape = view.operations()["get"].answer
            if not matches(unexpanded(header), etag(shape(view.find(**kwargs), context=view.context(request)).data)):
                raise Changed
            return view.run(method, request, told, kwargs)

    return run


def _repeatable(request: Call, told: Operation, run: Callable[[], Any]) -> HttpResponseBase:
    header = request.headers.get(idempotency.HEADER)
    if header is None:
        if told.key == REQUIRED:
            raise idempotency.KeyMissing
        answered: HttpResponseBase = outside.atomic(run)()
        return answered
    kept: HttpResponseBase = idempotency.once(
        caller=request.caller,
        key=idempotency.checked(header),
        method=str(request.method),
        path=request.get_full_path(),
        body=_body_of(request),
        at=request.at,
        run=run,
    )
    return kept


def _body_of(request: Call) -> bytes:
    """What the caller sent, without the boundary a form chooses anew each time."""
    if not request.content_type.startswith("multipart/form-data"):
        return bytes(request._request.body)  # noqa: SLF001 - DRF has read it through its own stream
    parts = [f"{name}={value}".encode() for name, value in sorted(request.POST.items())]
    for name, file in sorted(request.FILES.items()):
        file.seek(0)
        parts += [name.encode(), file.read()]
        file.seek(0)
    return b"\n".join(parts)


class ApiView(APIView):
    """One address of the API."""

    area: ClassVar[str] = ""
    http_method_names = ("get", "post", "put", "delete", "head")
    permission_classes = (Declared,)
    parser_classes = (JsonParser, MultiPartParser)
    renderer_classes = (JsonRenderer,)
    content_negotiation_class = JsonAlways
    stack: ExitStack

    @classmethod
    def as_view(cls, **options: Any) -> Callable[..., HttpResponseBase]:
        view: Callable[..., HttpResponseBase] = login_not_required(super().as_view(**options))
        return view

    @classmethod
    def operations(cls) -> dict[str, Operation]:
        """The methods of this address, and what each says of itself."""
        methods = {name: getattr(cls, name, None) for name in ("get", "post", "put", "delete")}
        return {name: method.operation for name, method in methods.items() if method is not None}

    def find(self, *args: Any, **kwargs: Any) -> Any:  # a view names what its address names
        """The row the address names, as `get` shows it. Raises Http404."""
        raise NotImplementedError

    def context(self, request: Any) -> dict[str, Any]:
        return {"caller": getattr(request, "caller", None), "on": timezone.localdate(), "request": request}

    # -- the door --------------------------------------------------------------------------------------------------

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

    def check_throttles(self, request: Any) -> None:
        """Counted once a call, however often it is asked."""
        if not hasattr(request, "quota"):
            who = request.caller.name if hasattr(request, "caller") else f"ip:{address_of(request)}"
            request.quota = limits.spend("calls", settings.API_RATE_LIMIT, who)

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        request.at = timezone.now()
        super().initial(request, *args, **kwargs)

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

    def read(self, request: Call, told: Operation, path: dict[str, Any]) -> None:
        """Validate the parameters and the body: all that is wrong is said at once, of a row that exists."""
        problems: dict[str, Any] = {}
        request.query, request.values, request.stated = {}, {}, None
        repeated = {name for name, values in request.query_params.lists() if len(values) > 1} - {PARAMETER}
        problems |= {name: [_(REPEATED)] for name in sorted(repeated)}
        query = (told.query or Query)(data=request.query_params.dict(), context=self.context(request))
        if told.expand:
            query.fields[PARAMETER] = Expand(told.expand)
        if query.is_valid():
            request.query = query.validated_data
        else:
            problems |= query.errors
        if told.body is not None:
            body = told.body(data=request.data, context=self.context(request))
            if body.is_valid():
                request.values = body.validated_data
                request.stated = Stated(body, request.data) if states_something(body, request.data) else None
            else:
                problems |= body.errors
        if problems:
            if path:
                self.find(**path)
            raise Invalid(fields=flattened(problems))

    def run(self, method: Callable[..., Any], request: Call, told: Operation, path: dict[str, Any]) -> HttpResponseBase:
        """The answer of the handler, in its transaction: nothing stays where the record is not as the body states."""
        shown = self.operations().get("get", told).answer
        if request.stated and path and not told.many:
            request.stated.before = shown(self.find(**path), context=self.context(request)).data
        return self.answered(method(self, request, **path), request, told)

    def check_stated(self, request: Call, shown: Mapping[str, Any]) -> None:
        """Hold what the body states against the record as written; once, before issuing changes it. Raises Invalid."""
        if request.stated:
            request.stated.check(shown)
            request.stated = None

    def answered(self, value: Any, request: Call, told: Operation) -> Any:
        """The response for what a handler returned."""
        if isinstance(value, HttpResponseBase):
            return value
        if told.status == 204:
            return Response(status=204)
        data = told.answer(value, many=told.many, context=self.context(request)).data
        self.check_stated(request, data)
        wanted = request.query.get(PARAMETER, {})
        expand(data if told.many else [data], wanted, self.context(request))
        response = Response(data, status=told.status)
        if told.location:
            response["Location"] = reverse(told.location, args=[data["id"]])
        if told.etag or told.match:
            self._tag(response, request, told, etag(data, expanded=wanted))
        return response

    def _tag(self, response: Response, request: Call, told: Operation, tag: str) -> None:
        if told.answer is self.operations().get("get", told).answer:
            response["ETag"] = tag
        if told.etag and matches(request.headers.get("If-None-Match", ""), tag, weakly=True):
            response.status_code, response.data = 304, None
