"""What a call is refused before any handler runs; handlers refuse in the same words."""

from __future__ import annotations

from config.kernel.errors import DomainError, NotAllowed


class NoCompany(DomainError):
    code = "no_company"
    message = "Vous n’êtes membre d’aucune société, ou pas de celle que nomme l’en-tête X-Company."
    status = 403


class NotAllowedHere(NotAllowed):
    """NotAllowed in words that hold for a machine's key as for a person's role."""

    message = "Ce rôle ou cette clé ne permet pas cette opération. Demandez ce droit au gérant de la société."


class TooLarge(DomainError):
    code = "too_large"
    message = "Le corps de la requête est trop volumineux."
    status = 413


class LengthMissing(DomainError):
    """A body in pieces of unknown length would be read as an empty one."""

    code = "length_required"
    message = "Annoncez la longueur du corps (Content-Length) : un envoi par morceaux n’est pas lu."
    status = 411
