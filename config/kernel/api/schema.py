"""The OpenAPI document, drawn from what each operation says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.serializers import Serializer

from config.kernel.api.expand import PARAMETER, Expandable
from config.kernel.api.fields import Page
from config.kernel.api.idempotency import HEADER
from config.kernel.api.problems import MEDIA_TYPE, ProblemShape
from config.kernel.api.repeatable import REQUIRED
from config.kernel.exports import XLSX

if TYPE_CHECKING:
    from config.kernel.api.operation import Operation

# where the document is checked in
DOCUMENT = "config/api/openapi.yaml"
KEY = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"}


def drawn(method: Callable[..., Any], operation: Operation) -> Callable[[Any], Any]:
    """The decorator that says to drf-spectacular what an operation is."""
    summary, _, description = (method.__doc__ or "").strip().partition("\n")
    statuses = errors_of(method.__name__, operation)
    responses: dict[Any, Any] = _answers(operation)
    if operation.versioned:
        responses[304] = OpenApiResponse(description="Not modified since the version of If-None-Match.")
    for status in statuses:
        responses[status, MEDIA_TYPE] = OpenApiResponse(ProblemShape, description=HTTPStatus(status).phrase)
    return extend_schema(
        operation_id=operation.id or None,
        summary=summary.strip().rstrip("."),
        description="\n".join(line.strip() for line in description.strip().splitlines()),
        parameters=_parameters(operation),
        request=_request(operation),
        responses=responses,
        examples=list(operation.examples),
        auth=[] if operation.public else None,
    )


def errors_of(method: str, operation: Operation) -> list[int]:
    """The refusals a caller must expect of this operation."""
    statuses = {400, 429, 503, *operation.errors}
    if not operation.public:
        statuses |= {401, 403}
    if method != "get":
        statuses |= {404, 409}
    if operation.body is not None:
        statuses |= {411, 413, 415}
    if operation.conditional:
        statuses.add(412)
    if operation.repeatable:
        statuses |= {409, 422}
    return sorted(statuses | {404})


def _answers(operation: Operation) -> dict[Any, Any]:
    if operation.media_types:
        file = OpenApiResponse(OpenApiTypes.BINARY, description="The file.")
        return {(operation.status, media_type): file for media_type in operation.media_types}
    if operation.status == HTTPStatus.NO_CONTENT or operation.answer is None:
        return {operation.status: OpenApiResponse(description="Done.")}
    shape = (
        _expanded(operation.answer, tuple(operation.expandable.items())) if operation.expandable else operation.answer
    )
    shape = shape(many=True) if operation.many else shape
    if operation.query is None or not issubclass(operation.query, Page):
        return {operation.status: shape}
    whole = OpenApiResponse(OpenApiTypes.BINARY, description="The whole list.")
    return {
        (operation.status, "application/json"): shape,
        (operation.status, "text/csv"): whole,
        (operation.status, XLSX): whole,
    }


@cache  # one component, however many routes answer with it
def _expanded(answer: Any, declared: tuple[tuple[str, Expandable], ...]) -> type[Serializer]:
    """The answer with, optional, all that it can be expanded with. Raises KeyError where the answer has no such id."""
    ids = answer().fields
    objects = {
        name: what.shape(required=False, allow_null=ids[f"{name}_id"].allow_null, help_text=f"With `expand={name}`.")
        for name, what in declared
    }
    return type(f"{answer.__name__}Expanded", (answer,), {"__doc__": answer.__doc__, **objects})


def _request(operation: Operation) -> Any:
    if operation.body is None:
        return None
    return {"multipart/form-data" if operation.multipart else "application/json": operation.body}


def _parameters(operation: Operation) -> list[Any]:
    found: list[Any] = [operation.query] if operation.query else []
    if operation.expandable:
        found.append(_expand_parameter(operation.expandable))
    if operation.repeatable:
        text = "Any unique text; the same again to repeat the call safely. The first answer is kept seven days."
        found.append(_header(HEADER, text, KEY, required=operation.repeatable == REQUIRED))
    if operation.conditional:
        found.append(_header("If-Match", "The ETag read before: refused (412) if the object has changed since.", str))
    if operation.versioned:
        found.append(_header("If-None-Match", "The ETag read before: 304 if nothing has changed.", str))
    if not operation.public:
        found.append(_header("X-Company", "For people of several companies: the company's id or SIREN.", str))
    return found


def _expand_parameter(declared: Mapping[str, Expandable]) -> OpenApiParameter:
    names = {"type": "array", "minItems": 1, "items": {"type": "string", "enum": list(declared)}}
    text = "Objects to show beside their ids, by name between commas: 403 for one the caller may not read. JSON only."
    return OpenApiParameter(PARAMETER, names, OpenApiParameter.QUERY, style="form", explode=False, description=text)


def _header(name: str, text: str, kind: Any, *, required: bool = False) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, required=required, description=text)


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "config.kernel.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An access token of POST /api/auth/token, or an API key (`qk_…`) made on the settings page.",
        }
