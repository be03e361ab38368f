"""The door of the API: in whose company a caller comes in, and what it is refused before any handler runs.

For `operation.ApiView` alone; views take NotAllowedHere and TooLarge from here to refuse in the same words.
"""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import NotAuthenticated
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import BasePermission

from config.kernel.api.caller import Caller
from config.kernel.errors import DomainError, NotAllowed
from config.kernel.models import ApiKey, Membership, User
from config.kernel.scope import company_scope

COMPANY_HEADER = "X-Company"


class NoCompany(DomainError):
    code = "no_company"
    message = "Vous n’êtes membre d’aucune société, ou pas de celle que nomme l’en-tête X-Company."
    status = 403


class TooLarge(DomainError):
    code = "too_large"
    message = "Le corps de la requête est trop volumineux."
    status = 413


class LengthMissing(DomainError):
    """A body in pieces of unknown length would be read as an empty one."""

    code = "length_required"
    message = "Annoncez la longueur du corps (Content-Length) : un envoi par morceaux n’est pas lu."
    status = 411


class JsonAlways(BaseContentNegotiation):
    """There is one language here; an Accept header changes nothing."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        kind = request.content_type.split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type


class Declared(BasePermission):
    """The caller may read the view's area, and do the method's action."""

    def has_permission(self, request: Any, view: Any) -> bool:
        method = "get" if request.method == "HEAD" else request.method.lower()
        told = view.operations().get(method)
        if told is None or told.public:
            return True
        if not isinstance(request.user, User | ApiKey):
            raise NotAuthenticated
        request.caller = caller_of(request)
        view.stack.enter_context(company_scope(request.caller.company.pk))
        view.check_throttles(request)  # before the judgement: refused calls count too
        reads = told.action or request.caller.may_read(view.area)
        if not reads or (told.action and not request.caller.may(told.action)):
            raise NotAllowedHere
        return True


class NotAllowedHere(NotAllowed):
    """The same refusal, for keys as for roles."""

    message = "Ce rôle ou cette clé ne permet pas cette opération. Demandez ce droit au gérant de la société."


def caller_of(request: Any) -> Caller:
    """The caller in the company its credential, or the X-Company header, names. Raises NoCompany."""
    wanted = request.headers.get(COMPANY_HEADER, "").strip()
    if isinstance(request.user, ApiKey):
        company = request.user.company
        if wanted and wanted not in (str(company.pk), company.siren):
            raise NoCompany
        return Caller.machine(request.user)
    rows = Membership.objects.filter(user=request.user).select_related("company", "user").order_by("id")
    found = next((row for row in rows if not wanted or wanted in (str(row.company_id), row.company.siren)), None)
    if found is None:
        raise NoCompany
    return Caller.person(found)
