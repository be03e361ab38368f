"""Reading Revolut Business: what is completed becomes bank lines, what is taken back is put aside with its reason.

A transaction keeps the instant it was created at while it goes from pending to completed or reverted: the last fourteen
days are read again each time, all that Revolut gives once a day, and each leg is kept once by its id. Periods are read
from the oldest on, and `cursor` is the end of the last one that was read whole: dying in the middle costs reading
again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import PARIS, local_day
from config.kernel.errors import DomainError, Stale, TransitionRefused
from config.kernel.outbound import PublicAdapter
from payments.feeds.revolut.client import Granted, RevolutClient, ask_token
from payments.feeds.revolut.keys import assertion
from payments.models import BankAccount, BankLine, Feed, LineStatus
from payments.services.storing import keep_lines
from payments.services.undoing import AlreadyUndone, live_match_of, undo_match, void_line
from payments.statements.revolut import TAKEN_BACK, Movement, Transaction, file_of, movements, statement_of

ACTOR = Actor.platform("Revolut Business")
FIRST = timedelta(days=90) - timedelta(hours=1)  # some plans refuse what is older than ninety days
WINDOW = timedelta(days=14)
PERIOD = timedelta(days=15)
LONGEST = 150.0  # seconds for one reading
MARGIN = timedelta(minutes=2)  # before a token's end
TRIES = 3
LEFT_OUT = "payments.feed.left_out"
TAKEN_BACK_THERE = "Annulé par Revolut"


class NoConsent(DomainError):
    code = "no_consent"
    message = "Revolut attend votre autorisation : donnez-la dans les réglages de la banque."


class NoAccountOfOurs(DomainError):
    code = "no_account_of_ours"
    message = (
        "Aucun compte Revolut n’a l’IBAN et la devise d’un compte bancaire de la société : "
        "ajoutez ce compte dans les réglages de la banque."
    )


def read(feed: Feed, at: datetime) -> int:
    """Keep what is completed and new, put aside what was taken back. Returns how many bank lines were made.

    Raises RemoteError, NoConsent, NoAccountOfOurs: what was kept before stays kept.
    """
    kept = 0
    with closing(_client(feed, at)) as client, client.within(LONGEST):
        accounts, others = _accounts(client, feed)
        _record_left_out(feed, others, at)
        if not accounts:
            raise NoAccountOfOurs
        for since, until in _periods(feed, at):
            found = client.transactions(since, until)
            kept += _keep_all(found, accounts, at)
            _void_all(client, found, accounts, at)
            _remember(feed, until or at)
    for account in accounts.values():
        older = Q(imported_at=None) | Q(imported_at__lt=at)
        BankAccount.everywhere.filter(older, pk=account.pk).update(imported_at=at)
    return kept


def unknown_movements(feed: Feed, *, since: datetime, at: datetime) -> Iterator[tuple[BankAccount, Movement]]:
    """What Revolut booked after a moment and is no bank line here; nothing is kept. Raises RemoteError, NoConsent."""
    with closing(_client(feed, at)) as client, client.within(LONGEST):
        accounts, _others = _accounts(client, feed)
        # what was pending then bears the instant it was created at
        found = client.transactions(max(since - WINDOW, at - FIRST), None)
    for key, rows in _by_account(found, accounts).items():
        yield from ((accounts[key], row) for row in _fresh(accounts[key], rows).values())


def _client(feed: Feed, at: datetime) -> RevolutClient:
    """Raises NoConsent, and RemoteError where no token is to be had."""
    if not feed.grant_cipher:
        raise NoConsent
    token = feed.token_at(at) or renewed_token(feed, at)
    return RevolutClient(
        feed.base_url, token=token, renew=partial(_another_token, feed, at, token), adapter=connections()
    )


def _periods(feed: Feed, at: datetime) -> Iterator[tuple[datetime, datetime | None]]:
    """What is to be read, in pieces, oldest first; the last one has no end.

    A reading that stopped half-way goes on where it stopped: its cursor lies before the last whole reading.
    """
    since = at - FIRST
    cursor = datetime.fromisoformat(feed.cursor) if feed.cursor else None
    if cursor and (feed.read_at is None or cursor < feed.read_at):
        since = max(since, min(cursor, at - WINDOW))
    elif cursor and local_day(cursor) == local_day(at):
        since = at - WINDOW
    while at - since > PERIOD:
        yield since, since + PERIOD
        since += PERIOD
    yield since, None


def _remember(feed: Feed, until: datetime) -> None:
    feed.cursor = until.isoformat()
    Feed.everywhere.filter(pk=feed.pk).update(cursor=feed.cursor)


# -- whose accounts ------------------------------------------------------------------------------------------------


def _accounts(client: RevolutClient, feed: Feed) -> tuple[dict[str, BankAccount], list[str]]:
    """Revolut's id → the account of the company that has its IBAN and its currency; the names of the others."""
    own_accounts = {row.iban: row for row in BankAccount.everywhere.filter(company_id=feed.company_id)}
    currencies = {row.currency for row in own_accounts.values()}
    accounts: dict[str, BankAccount] = {}
    others = []
    for remote in client.accounts():
        ibans = client.ibans(remote.id) if remote.currency in currencies else set()
        found = next((own_accounts[iban] for iban in sorted(ibans) if iban in own_accounts), None)
        if found is None or found.currency != remote.currency or found in accounts.values():
            others.append(f"{remote.name or remote.id[:8]} ({remote.currency[:3]})")
        else:
            accounts[remote.id] = found
    return accounts, sorted(others)


@transaction.atomic
def _record_left_out(feed: Feed, names: list[str], at: datetime) -> None:
    if Feed.everywhere.filter(pk=feed.pk).exclude(left_out=names).update(left_out=names):
        feed.left_out = names
        data = {"service": str(feed), "accounts": names}
        audit.record(LEFT_OUT, subject=feed, actor=ACTOR, at=at, data=data)


# -- what is booked ------------------------------------------------------------------------------------------------


def _keep_all(found: Sequence[Transaction], accounts: Mapping[str, BankAccount], at: datetime) -> int:
    return sum(_keep(accounts[key], rows, at) for key, rows in _by_account(found, accounts).items())


def _by_account(found: Sequence[Transaction], accounts: Mapping[str, BankAccount]) -> dict[str, list[Movement]]:
    currencies = {key: account.currency for key, account in accounts.items()}
    by_account: dict[str, list[Movement]] = {}
    for row in found:
        for movement in movements(row, currencies):
            by_account.setdefault(movement.account_id, []).append(movement)
    return by_account


@transaction.atomic
def _keep(account: BankAccount, rows: Sequence[Movement], at: datetime) -> int:
    """One statement with the movements that are new, under the account's lock; none when there are none."""
    locked = BankAccount.everywhere.select_for_update(no_key=True).get(pk=account.pk)
    fresh = _fresh(locked, rows)
    if not fresh:
        return 0
    new = list(fresh.values())
    name = at.astimezone(PARIS).strftime("%Y%m%d-%H%M%S")
    keep_lines(
        account=locked,
        found=statement_of(new, reference=f"Revolut {name}", iban=locked.iban),
        keys=list(fresh),
        data=file_of(new),
        filename=f"revolut-{name}.json",
        actor=ACTOR,
        at=at,
    )
    return len(new)


def _fresh(account: BankAccount, rows: Sequence[Movement]) -> dict[str, Movement]:
    """Those that are no bank line yet, by their key, the oldest first."""
    keys = [row.key for row in rows]
    stored = set(BankLine.everywhere.filter(account=account, import_key__in=keys).values_list("import_key", flat=True))
    imported = _imported_from_files(account, rows)
    fresh: dict[str, Movement] = {}
    for row in sorted(rows, key=lambda movement: movement.at):
        if row.key in stored:
            continue
        look = (row.line.booked_on, row.line.amount)
        if imported[look]:
            imported[look] -= 1
        else:
            fresh[row.key] = row
    return fresh


def _imported_from_files(account: BankAccount, rows: Sequence[Movement]) -> Counter[tuple[object, object]]:
    """How many movements of a day and an amount came by a statement's file: those are there already."""
    days = {row.line.booked_on for row in rows}
    lines = BankLine.everywhere.filter(account=account, booked_on__in=days).exclude(import_key__startswith="leg:")
    return Counter(lines.values_list("booked_on", "amount"))


# -- what is taken back --------------------------------------------------------------------------------------------


def _void_all(
    client: RevolutClient, found: Sequence[Transaction], accounts: Mapping[str, BankAccount], at: datetime
) -> None:
    """Void the lines of what Revolut took back, after reading the transaction itself again."""
    gone = {key: row for row in found if row.state in TAKEN_BACK for key in row.line_keys()}
    lines = BankLine.everywhere.filter(account__in=list(accounts.values()), import_key__in=gone)
    for line in lines.exclude(status=LineStatus.VOID).order_by("id"):
        if client.transaction(gone[line.import_key].id).state in TAKEN_BACK:
            _void(line, at)


def _void(line: BankLine, at: datetime) -> None:
    """Undo what explains it and void it, looking again when somebody was at it meanwhile. Raises Stale."""
    for _try in range(TRIES):
        try:
            with transaction.atomic():
                line.refresh_from_db()
                # a match that had taken it off 471 puts it there again
                while match := live_match_of(line):
                    undo_match(match=match, reason=TAKEN_BACK_THERE, actor=ACTOR, at=at)
                    line.refresh_from_db()
                if line.status != LineStatus.VOID:
                    void_line(line=line, reason=TAKEN_BACK_THERE, actor=ACTOR, at=at)
            return
        except (AlreadyUndone, Stale, TransitionRefused):
            continue
    raise Stale


# -- what opens it -------------------------------------------------------------------------------------------------


def connections() -> PublicAdapter:
    """Judged, as for every address that a row keeps; outside production Revolut's simulator is on the loopback."""
    return PublicAdapter(deadline=LONGEST, loopback=True)


def issuer() -> str:
    """The `iss` claim: the domain of our redirect address, as registered at Revolut."""
    return urlsplit(settings.PUBLIC_URL).hostname or ""


def exchange(feed: Feed, grant: Mapping[str, str]) -> Granted:
    """Tokens for a grant. Call it with no transaction open. Raises RemoteError, SecretUnreadable."""
    # Revolut judges the assertion by its own clock
    signed = assertion(feed.secret("key"), client_id=feed.client_id, issuer=issuer(), at=timezone.now())
    return ask_token(feed.base_url, client_id=feed.client_id, assertion=signed, grant=grant, adapter=connections())


def renewed_token(feed: Feed, at: datetime) -> str:
    """Another access token, kept for the next reading. Raises RemoteError, SecretUnreadable."""
    grant = feed.secret("grant")
    granted = exchange(feed, {"grant_type": "refresh_token", "refresh_token": grant})
    keep_tokens(feed, granted, at=at, instead_of=grant)
    return granted.access_token


def _another_token(feed: Feed, at: datetime, refused: str) -> str:
    """The token another reading has fetched meanwhile, else a new one."""
    feed.refresh_from_db(fields=["grant_cipher", "token_cipher", "token_until"])
    token = feed.token_at(at)
    return token if token and token != refused else renewed_token(feed, at)


@transaction.atomic
def keep_tokens(feed: Feed, granted: Granted, *, at: datetime, instead_of: str) -> None:
    """Write tokens on the row, unless a person consented again since: then the new ones stand."""
    row = Feed.everywhere.select_for_update(no_key=True).get(pk=feed.pk)
    if row.secret("grant") != instead_of:
        return
    row.set_secret("token", granted.access_token)
    row.token_until = at + timedelta(seconds=granted.seconds) - MARGIN
    if granted.refresh_token:
        row.set_secret("grant", granted.refresh_token)
    row.save(update_fields=["token_cipher", "token_until", "grant_cipher"])
