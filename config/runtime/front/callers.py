"""How much a caller may send, asked before a large body is read: strangers little, others what the route takes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.wsgi import WSGIRequest
from django.db import connections
from django.http import Http404, HttpResponse
from django.urls import resolve
from rest_framework.exceptions import APIException

from config.kernel.api.authentication import BearerAuthentication
from config.runtime.front.bodies import STRANGERS

FILES = 25 * 1024 * 1024  # bytes, of a form with files that a route of the API declares


def largest_body(environ: dict[str, Any]) -> int:
    """In bytes."""
    request = WSGIRequest(environ)
    try:
        if not _is_known(request):
            return STRANGERS
    finally:
        connections.close_all()  # this thread is not Django's own: nothing else gives its connection back
    return _largest_of_route(request) or settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def _is_known(request: Any) -> bool:
    if "Authorization" in request.headers:
        try:
            return BearerAuthentication().authenticate(request) is not None
        except APIException:
            return False
    SessionMiddleware(lambda _request: HttpResponse()).process_request(request)
    return bool(get_user(request).is_authenticated)


def _largest_of_route(request: WSGIRequest) -> int:
    """What a page says of itself (`largest_body`), FILES where a route of the API takes some, else 0."""
    try:
        view = resolve(request.path_info).func
    except Http404:
        return 0
    if said := getattr(view, "largest_body", 0):
        return int(said)
    operations = getattr(getattr(view, "cls", None), "operations", dict)
    return FILES if any(operation.multipart for operation in operations().values()) else 0
