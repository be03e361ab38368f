"""The three families of error: DomainError tells the person, RemoteError is recorded and retried, the rest crash.

Messages are French (the msgid); the edge translates them with gettext before showing them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self


class Sentence(str):
    """A French sentence that still knows its msgid and what filled it, so that it can be said in another language."""

    msgid: str
    params: Mapping[str, Any]

    def __new__(cls, msgid: str, params: Mapping[str, Any]) -> Self:
        sentence = super().__new__(cls, msgid % params if params else msgid)
        sentence.msgid, sentence.params = msgid, params
        return sentence


class DomainError(Exception):
    """A rule of the field says no. Subclasses live beside the service that raises them.

    `code` is stable for machines, `message` is the French sentence (a gettext msgid with %(name)s places),
    `params` fills it, `fields` maps a field name to its own sentence.
    """

    code = "refused"
    message = "L’opération est refusée."
    status = 409

    def __init__(
        self,
        message: str = "",
        *,
        fields: Mapping[str, str] | None = None,
        **params: Any,
    ) -> None:
        self.message = message or self.message
        self.fields = dict(fields or {})
        self.params = params
        super().__init__(self.sentence)

    @property
    def sentence(self) -> Sentence:
        return Sentence(self.message, self.params)


class Invalid(DomainError):
    """What was typed or sent cannot be accepted as it is."""

    code = "invalid"
    message = "Certaines données sont invalides."
    status = 400


class TransitionRefused(DomainError):
    """The state machine has no such move from the present state."""

    code = "transition_refused"
    message = "Cette action n’est pas possible dans l’état « %(state)s »."


class Stale(DomainError):
    """Somebody else changed the row first."""

    code = "stale"
    message = "Quelqu’un d’autre vient de modifier cette fiche. Rechargez la page et recommencez."


class NotAllowed(DomainError):
    """The person's role does not include this action."""

    code = "not_allowed"
    message = "Votre rôle ne permet pas cette action. Demandez à un responsable de la société."
    status = 403


class RemoteError(Exception):
    """A remote system failed or refused. `retryable` answers the caller's only question.

    `outcome_unknown` is true when the request may have been carried out all the same (time-out after sending):
    the caller must look the document up before sending it again.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool,
        outcome_unknown: bool = False,
        code: str = "",
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retryable = retryable
        self.outcome_unknown = outcome_unknown
        self.code = code
        self.retry_after = retry_after
