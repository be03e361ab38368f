"""Under which circumstances a method runs, where they are not the usual ones."""

from __future__ import annotations

from config.kernel.api.declaring import Method, declare


def public(method: Method) -> Method:
    """Without credentials, and in no company."""
    return declare(public=True)(method)


def multipart(method: Method) -> Method:
    """The body is a form with files."""
    return declare(multipart=True)(method)


def without_transaction(method: Method) -> Method:
    """The method talks to a remote system, or opens transactions of its own: none may stay open around it."""
    return declare(transaction=False)(method)
