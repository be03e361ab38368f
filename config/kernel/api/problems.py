"""Every refusal in one shape: problem details (RFC 9457) with a stable `code`, and each field's own sentence."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ObjectDoesNotExist
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions, serializers

from config.kernel.api.json import Malformed, dumps
from config.kernel.errors import DomainError, Invalid, NotAllowed
from config.kernel.logs import current_request_id
from config.kernel.middleware import say, translated

MEDIA_TYPE = "application/problem+json"

NOT_FOUND = "Cette adresse ou cet objet n’existe pas, ou appartient à une autre société."
BUSY = "La base de données est occupée ou absente. Rien n’a été enregistré : répétez l’appel dans un instant."
BUSY_FOR = 2  # seconds
SENTENCES: Mapping[type[Exception], tuple[str, str]] = {
    exceptions.NotAuthenticated: (
        "not_authenticated",
        "Présentez un jeton ou une clé : « Authorization: Bearer … ».",
    ),
    exceptions.PermissionDenied: (NotAllowed.code, NotAllowed.message),
    DjangoPermissionDenied: (NotAllowed.code, NotAllowed.message),
    exceptions.NotFound: ("not_found", NOT_FOUND),
    Http404: ("not_found", NOT_FOUND),
    exceptions.MethodNotAllowed: ("method_not_allowed", "Cette adresse n’accepte pas cette méthode."),
    exceptions.ParseError: (Malformed.code, Malformed.message),
    exceptions.UnsupportedMediaType: ("unsupported_media_type", "Envoyez le corps de la requête en JSON."),
}


class Problem(exceptions.APIException):
    """A DomainError where the framework wants one of its own exceptions."""

    def __init__(self, error: DomainError) -> None:
        super().__init__()
        self.error = error
        self.status_code = error.status

    @classmethod
    def of(cls, error: DomainError) -> Problem:
        return cls(error)


class ProblemShape(serializers.Serializer):
    """What every refusal looks like."""

    type = serializers.CharField(help_text="A URI for the kind of problem.")
    title = serializers.CharField(help_text="The HTTP status in words.")
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Stable, for programs.")
    detail = serializers.CharField(help_text="What happened and what to do, in the caller's language.")
    fields = serializers.DictField(
        child=serializers.CharField(), required=False, help_text="One sentence per refused field, by its path."
    )
    request_id = serializers.CharField()


def problem(status: int, code: str, detail: str, fields: Mapping[str, str] | None = None, **extra: Any) -> HttpResponse:
    """The answer itself."""
    body: dict[str, Any] = {
        "type": f"urn:quittance:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": current_request_id(),
        **extra,
    }
    if fields:
        body["fields"] = dict(fields)
    return HttpResponse(dumps(body), status=status, content_type=MEDIA_TYPE)


def answer_to(error: Exception, context: Mapping[str, Any] | None = None) -> HttpResponse | None:
    """DRF's exception handler. None for what is not a refusal: a defect, answered as 500 by Django."""
    if isinstance(error, Problem):
        error = error.error
    if isinstance(error, DomainError):
        response = of_domain(error)
    elif isinstance(error, exceptions.ValidationError):
        response = problem(400, Invalid.code, _(Invalid.message), flattened(error.detail))
    elif isinstance(error, exceptions.APIException | Http404 | DjangoPermissionDenied):
        known = next((SENTENCES[kind] for kind in type(error).__mro__ if kind in SENTENCES), None)
        code, sentence = known or ("refused", DomainError.message)
        status = 404 if isinstance(error, Http404) else getattr(error, "status_code", 403)
        response = problem(status, code, _(sentence))
    elif isinstance(error, ObjectDoesNotExist):  # somebody deleted the row while it was being changed
        response = problem(404, "not_found", _(NOT_FOUND))
    elif isinstance(error, OperationalError | InterfaceError):
        response = _busy(error)
    else:
        return None
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="api"'
    return response


def _busy(error: Exception) -> HttpResponse:
    """The database is away, or made the caller wait too long for a row that another holds."""
    logging.getLogger(__name__).warning("api database busy: %s", type(error.__cause__ or error).__name__)
    response = problem(503, "busy", _(BUSY))
    response["Retry-After"] = str(BUSY_FOR)
    return response


def of_domain(error: DomainError) -> HttpResponse:
    """A refusal of the field, in the caller's language; `more` says what the error adds (a route to use instead)."""
    fields = {name: translated(sentence) for name, sentence in error.fields.items()}
    return problem(error.status, error.code, say(error), fields, **getattr(error, "more", {}))


class RowProblem(serializers.Serializer):
    """Why one row of a call that treats many was refused."""

    code = serializers.CharField()
    detail = serializers.CharField()
    fields = serializers.DictField(child=serializers.CharField())


def row_problem(error: DomainError, fields: Mapping[str, str]) -> dict[str, Any]:
    """The refusal of one row as `RowProblem` shows it; `fields` by the names that the partner sent."""
    sentences = {name: translated(sentence) for name, sentence in fields.items()}
    return {"code": error.code, "detail": say(error), "fields": sentences}


def flattened(detail: Any, path: str = "") -> dict[str, str]:
    """{"items": {1: {"quantity": ["…"]}}} as {"items.2.quantity": "…"}: lines are counted from 1, as people do."""
    if isinstance(detail, Mapping):
        found: dict[str, str] = {}
        for name, inner in detail.items():
            # an int is a place in a list
            here = name + 1 if isinstance(name, int) else name if name != "non_field_errors" else ""
            found |= flattened(inner, ".".join(part for part in (path, str(here)) if part))
        return found
    if isinstance(detail, list) and any(isinstance(item, Mapping | list) for item in detail):
        found = {}
        for position, inner in enumerate(detail, start=1):
            found |= flattened(inner, f"{path}.{position}" if path else str(position)) if inner else {}
        return found
    sentences = detail if isinstance(detail, list) else [detail]
    return {path or "body": " ".join(map(str, sentences))}


@csrf_exempt  # whatever the method, the answer is a problem
@login_not_required
def unknown_address(request: HttpRequest, rest: str = "") -> HttpResponse:
    """The 404 of an address under /api/ that is no route."""
    return problem(404, "not_found", _(NOT_FOUND))


def broken(request: HttpRequest) -> HttpResponse:
    """The 500 of a defect: nothing of it is told but the number under which the logs hold it."""
    logging.getLogger(__name__).error("api request failed")
    return problem(500, "internal_error", _("Une erreur inattendue est survenue. Rien n’a été enregistré : réessayez."))
