"""Handing one message to the SMTP server (RFC 5321), and knowing afterwards whether it may have been accepted.

A server that goes silent before the message text was sent has accepted nothing; one that goes silent after it may
have. The second case is told apart, because such a message must never be sent again blindly.
"""

from __future__ import annotations

import smtplib
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from config.kernel.errors import RemoteError

SEND_THE_TEXT = 354  # the server's answer to DATA: from here on the outcome depends on its last answer


class _Witness:
    """Remembers that the text of the message was asked for, and so may have arrived."""

    text_begun = False

    def getreply(self) -> tuple[int, bytes]:
        code, reply = super().getreply()  # type: ignore[misc]  # a mixin of smtplib.SMTP
        # the one place where the answer to DATA passes: smtplib keeps it to itself
        if code == SEND_THE_TEXT:
            self.text_begun = True
        return code, reply


class _PlainSession(_Witness, smtplib.SMTP):
    pass


class _TlsSession(_Witness, smtplib.SMTP_SSL):
    pass


class WitnessedBackend(EmailBackend):
    """Django's SMTP backend whose session remembers how far it went, also once it is closed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.session: Any = None

    @property
    def connection_class(self) -> Any:
        def connect(*places: Any, **options: Any) -> Any:
            self.session = (_TlsSession if self.use_ssl else _PlainSession)(*places, **options)
            return self.session

        return connect

    @property
    def text_begun(self) -> bool:
        return bool(self.session and self.session.text_begun)


def one_line(text: str) -> str:
    """The text without line breaks nor control characters: nothing typed can start another header."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())


def deliver(message: EmailMessage) -> None:
    """Returns when the server has accepted the message. Raises RemoteError with the server's own words."""
    backend = WitnessedBackend(fail_silently=False)
    try:
        backend.send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        code, reply = next(iter(error.recipients.values()))
        raise _refused(code, reply, backend) from error
    except smtplib.SMTPAuthenticationError as error:
        # our settings are wrong, not the message: it waits for them to be put right
        raise RemoteError(
            _reply_text(error.smtp_code, error.smtp_error), retryable=True, code=str(error.smtp_code)
        ) from error
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code, error.smtp_error, backend) from error
    except smtplib.SMTPNotSupportedError as error:
        raise RemoteError(str(error), retryable=False) from error
    except OSError as error:  # no connection, a time-out, a session cut; smtplib's own errors are of this family too
        raise RemoteError(
            f"{type(error).__name__}: {error}", retryable=not backend.text_begun, outcome_unknown=backend.text_begun
        ) from error


def _refused(code: int, reply: bytes | str, backend: WitnessedBackend) -> RemoteError:
    """4xx is for later and 5xx for ever (RFC 5321 §4.2.1); any other answer proves nothing."""
    if 400 <= code < 600:
        return RemoteError(_reply_text(code, reply), retryable=code < 500, code=str(code))
    return RemoteError(
        _reply_text(code, reply), retryable=not backend.text_begun, outcome_unknown=backend.text_begun, code=str(code)
    )


def _reply_text(code: int, reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return f"{code} {' '.join(text.split())}"
