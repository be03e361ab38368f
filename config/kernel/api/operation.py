"""What each route says of itself: one `@operation`, above small decorators for what only some routes have.

    @operation(action="invoices.edit", body=InvoiceBody, answer=InvoiceShape)
    @created(at="api:invoice")
    @repeatable(OPTIONAL)
    @documented(id="invoice_create", examples=[sent(NEW)])
    def post(self, request): ...

The decorators beneath only declare; `ApiView` (view.py) acts on what they declare, and the OpenAPI document is drawn
from it (schema.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.http import HttpResponseBase
from rest_framework.serializers import Serializer

from config.kernel.api.declaring import Method
from config.kernel.api.expand import Expandable
from config.kernel.api.fields import Query
from config.kernel.api.schema import drawn
from config.kernel.roles import ACTIONS

if TYPE_CHECKING:
    from config.kernel.api.view import ApiView, Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What the document, the view and the tests know of a method of a route."""

    action: str = ""
    body: type[Serializer] | None = None
    query: type[Query] | None = None
    answer: Any = None
    many: bool = False
    # statuses.py
    status: int = 200
    location: str = ""
    location_of: str = ""
    # repeatable.py: '', OPTIONAL or REQUIRED
    repeatable: str = ""
    # versions.py
    conditional: bool = False
    versioned: bool = False
    # circumstances.py
    public: bool = False
    multipart: bool = False
    transaction: bool = True
    # expand.py
    expandable: Mapping[str, Expandable] = field(default_factory=dict)
    # documented.py
    id: str = ""
    errors: tuple[int, ...] = ()
    examples: tuple[Any, ...] = ()
    media_types: tuple[str, ...] = ()


def operation(
    *,
    action: str = "",
    body: type[Serializer] | None = None,
    query: type[Query] | None = None,
    answer: Any = None,
    many: bool = False,
) -> Callable[[Method], Method]:
    """Make a method a route. Stands above the decorators that declare more of it.

    `action`: of `kernel.roles.ACTIONS`, instead of reading the view's area. `body` and `query`: what comes in,
    validated before the method runs. `answer`: the serializer of what goes out, made of what the method returns, or of
    each of it (`many`); without one a method returns nothing, or a response.
    """
    if action and action not in ACTIONS:
        raise KeyError(action)

    def decorate(method: Method) -> Method:
        declared = Operation(
            action=action, body=body, query=query, answer=answer, many=many, **getattr(method, "declared", {})
        )

        @wraps(method)
        def handler(view: ApiView, request: Call, **path: Any) -> HttpResponseBase:
            return view.perform(method, request, path)

        handler.operation = declared  # type: ignore[attr-defined]  # read by the view, the schema and the house tests
        return drawn(method, declared)(handler)

    return decorate
