"""Revolut Business API 1.0, reading only: tokens, accounts, transactions. Plain Python, failures as RemoteError.

Lists are cut by `created_at`, newest first, with an exclusive `to` (§ Transactions of its reference): rows that share
an instant could fall between two pages, so each page is asked to begin one microsecond after the last row seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from requests.adapters import HTTPAdapter

from config.kernel.errors import RemoteError
from config.kernel.http import AnsweredError, Response, Session
from payments.statements.revolut import Transaction, plain_words, transactions_of, unreadable

PRODUCTION = "https://b2b.revolut.com/api/1.0"
TRIAL = "https://sandbox-b2b.revolut.com/api/1.0"
_CONSENT = {
    PRODUCTION: "https://business.revolut.com/app-confirm",
    TRIAL: "https://sandbox-business.revolut.com/app-confirm",
}
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SCOPE = "READ"
PAGE = 1000  # the most Revolut gives
MOST_PAGES = 30  # of one reading of one period
MOST_CALLS = 50  # of one conversation: Revolut takes sixty a minute of a business
STEP = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Granted:
    """What the token endpoint gives; `refresh_token` is '' when the one we have stays good."""

    access_token: str = field(repr=False)
    seconds: int
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """A pocket of the business, in one currency (ISO 4217)."""

    id: str
    name: str
    currency: str


def consent_address(base_url: str, *, client_id: str, redirect_uri: str, state: str) -> str:
    """Where a person of the business lets us read, and nothing more."""
    page = _CONSENT.get(base_url) or base_url.removesuffix("/api/1.0") + "/app-confirm"
    query = {
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": SCOPE,
        "state": state,
    }
    return f"{page}?{urlencode(query)}"


def ask_token(
    base_url: str, *, client_id: str, assertion: str, grant: Mapping[str, str], adapter: HTTPAdapter
) -> Granted:
    """Exchange `grant` (an authorization code or a refresh token, RFC 6749) for tokens.

    Raises RemoteError: `consent_refused` when a person must consent again.
    """
    form = {
        **grant,
        "client_id": client_id,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    with Session(timeout=(5, 15), deadline=20, adapter=adapter) as session:
        try:
            answer = _object(session.post(f"{base_url}/auth/token", data=form, reads_only=True).json())
        except AnsweredError as error:
            if error.response.status not in {400, 401, 403}:
                raise
            raise RemoteError(
                "Revolut refuse l’autorisation : vérifiez le certificat et l’identifiant, puis autorisez de nouveau.",
                retryable=False,
                code="consent_refused",
            ) from error
        except ValueError:
            raise unreadable() from None
    token, seconds, refresh = answer.get("access_token"), answer.get("expires_in"), answer.get("refresh_token")
    if not isinstance(token, str) or not token or not token.isprintable():
        raise unreadable()
    return Granted(token, seconds if type(seconds) is int else 0, refresh if isinstance(refresh, str) else "")


class RevolutClient:
    """One conversation. `renew` gives another access token when Revolut refuses the one in hand: once."""

    def __init__(self, base_url: str, *, token: str, renew: Callable[[], str], adapter: HTTPAdapter) -> None:
        self._base, self._token, self._renew = base_url.rstrip("/"), token, renew
        self._is_renewed, self._calls = False, 0
        self._session = Session(timeout=(5, 20), adapter=adapter)

    def close(self) -> None:
        self._session.close()

    def within(self, seconds: float) -> AbstractContextManager[None]:
        return self._session.within(seconds)

    def accounts(self) -> list[Account]:
        return [_account(row) for row in _rows(self._get("/accounts"))]

    def ibans(self, account_id: str) -> set[str]:
        """The IBANs that lead to this account alone; those it shares with others are left out."""
        try:
            rows = _rows(self._get(f"/accounts/{quote(account_id, safe='')}/bank-details"))
        except AnsweredError as error:
            if error.response.status == 404:  # an account that nobody can pay into has no details
                return set()
            raise
        own = [row.get("iban") for row in rows if not row.get("pooled")]
        return {"".join(iban.split()).upper() for iban in own if isinstance(iban, str) and iban}

    def transactions(self, since: datetime, until: datetime | None) -> list[Transaction]:
        """Every transaction created from `since` on and before `until` (None: up to now), oldest first.

        Raises RemoteError: also when there is no end to them, for then some might be missing.
        """
        found: dict[str, Transaction] = {}
        to = until
        for _page in range(MOST_PAGES):
            rows = self._page(since, to)
            fresh = [row for row in rows if row.id not in found]
            if not fresh:
                if len(rows) >= PAGE:  # a full page of one instant may hide others of that instant
                    break
                return sorted(found.values(), key=lambda transaction: transaction.created_at)
            found.update((row.id, row) for row in fresh)
            to = min(row.created_at for row in rows) + STEP
        raise RemoteError("Revolut annonce trop de mouvements pour les lire tous.", retryable=False, code="too_many")

    def transaction(self, key: str) -> Transaction:
        """One transaction as it stands now."""
        body = self._get(f"/transaction/{quote(key, safe='')}").body
        return transactions_of(b"[" + body + b"]")[0]

    def _page(self, since: datetime, to: datetime | None) -> list[Transaction]:
        query: dict[str, Any] = {"from": _written(since), "count": PAGE}
        if to is not None:
            query["to"] = _written(to)
        return transactions_of(self._get("/transactions", params=query).body)

    def _get(self, path: str, **options: Any) -> Response:
        try:
            return self._ask(path, options)
        except AnsweredError as error:
            if error.response.status == 403:
                raise _forbidden() from error
            if error.response.status != 401 or self._is_renewed:
                raise
        self._is_renewed, self._token = True, self._renew()
        return self._ask(path, options)

    def _ask(self, path: str, options: Mapping[str, Any]) -> Response:
        self._calls += 1
        if self._calls > MOST_CALLS:
            raise _later()
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        return self._session.get(f"{self._base}{path}", headers=headers, **options)


def _later() -> RemoteError:
    return RemoteError(
        "Il y a beaucoup à lire, et Revolut limite les demandes : la lecture reprendra où elle s’est arrêtée.",
        retryable=True,
        code="quota",
        retry_after=60,
    )


def _forbidden() -> RemoteError:
    return RemoteError(
        "Revolut refuse cette lecture : l’autorisation ne la permet pas, ou ces mouvements ont plus de 90 jours. "
        "Autorisez de nouveau la lecture.",
        retryable=False,
        code="forbidden",
    )


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise unreadable()
    return value


def _rows(response: Response) -> list[Mapping[str, Any]]:
    try:
        rows = response.json()
    except (ValueError, RecursionError):
        raise unreadable() from None
    if not isinstance(rows, list):
        raise unreadable()
    return [_object(row) for row in rows]


def _account(row: Mapping[str, Any]) -> Account:
    key, currency = row.get("id"), row.get("currency")
    if not isinstance(key, str) or not key or not isinstance(currency, str):
        raise unreadable()
    return Account(key, plain_words(row.get("name"))[:100], currency)
