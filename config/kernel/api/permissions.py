"""What a caller may call: the action that the route names, else the reading of its area."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission


class MayCall(BasePermission):
    """A public route asks nothing."""

    def has_permission(self, request: Any, view: Any) -> bool:
        operation = view.operation
        if operation.public:
            return True
        if operation.action:
            return bool(request.caller.may(operation.action))
        return bool(request.caller.may_read(view.area))
