"""What whoever runs the installation must know, of all companies together: each finding with the act that mends it.

Read when asked, from the rows that the queues, workers, platforms and feeds leave. What cannot be read is said as such.
"""

from __future__ import annotations

import platform
import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from django.conf import settings
from django.db import connection
from django.db.models import Min
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from config.kernel.models import ApiKey, SafekeepingKind, SafekeepingRun
from config.pages.operations import jobs
from config.pages.operations.naming import QUEUE_LABELS, STATE_LABELS, name_of
from config.runtime import health, heartbeats
from einvoicing.models import PlatformAccount
from payments.models import Feed

GOOD, WARN, BAD = TONES = ("good", "warn", "bad")
LATE = timedelta(hours=1)  # what waits for longer is not on its way
SOON = timedelta(days=30)  # an end that somebody must prepare
BACKUP_AGE = timedelta(hours=26)
LEAST_FREE = 0.10  # of a disk
TLS_SECONDS = 2.0
PACKAGES = ("django", "celery", "granian", "psycopg", "weasyprint")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the page: what it is about, what is the matter, and what to do where something is."""

    what: str
    state: str
    tone: str = GOOD
    act: str = ""


@dataclass(frozen=True, slots=True)
class QueueRow:
    label: str
    worker: heartbeats.Worker
    counts: dict[str, int]
    oldest: datetime | None
    is_late: bool

    @property
    def state(self) -> tuple[str, str]:
        return STATE_LABELS[self.worker.state]


def queue_rows(at: datetime) -> list[QueueRow]:
    """Each queue with its worker, its counts and since when its oldest row is due; the clock last."""
    counted, oldest = jobs.counts(), _oldest_due(at)
    return [
        QueueRow(
            str(QUEUE_LABELS[worker.name]),
            worker,
            counted.get(worker.name, {}),
            since := oldest.get(worker.name),
            since is not None and at - since > LATE,
        )
        for worker in heartbeats.workers(at)
    ]


def _oldest_due(at: datetime) -> dict[str, datetime]:
    """What is not due yet does not wait: a row that is tried again tomorrow is where it should be."""
    found: dict[str, datetime] = {}
    for source in jobs.SOURCES:
        if source.due is jobs.NEVER:
            continue
        rows = source.rows().filter(source.states[jobs.WAITING]).annotate(job_due=source.due)
        if since := rows.filter(job_due__lte=at).aggregate(since=Min("job_due"))["since"]:
            found[source.queue] = min(since, found.get(source.queue, since))
    return found


def findings(rows: list[QueueRow], at: datetime) -> list[Finding]:
    """Everything that is looked at, in the order of the page."""
    looks: tuple[Callable[[datetime], Iterator[Finding]], ...] = (_services, _platforms, _feeds, _backup, _disk, _ends)
    return [*_work(rows), *(finding for look in looks for finding in look(at))]


def worst(found: list[Finding]) -> Finding | None:
    """What to do first; None when all is well."""
    ordered = sorted((one for one in found if one.tone != GOOD), key=lambda one: -TONES.index(one.tone))
    return next(iter(ordered), None)


def _work(rows: list[QueueRow]) -> Iterator[Finding]:
    for row in rows:
        if row.worker.state != heartbeats.WORKING:
            yield Finding(name_of(row.worker).capitalize(), str(row.state[0]), BAD, row.worker.remedy)
        elif row.is_late:
            since = date_format(row.oldest, "SHORT_DATETIME_FORMAT") if row.oldest else ""
            act = _("Lisez les derniers échecs ci-dessous ; si rien n’échoue, ajoutez un ouvrier.")
            yield Finding(row.label.capitalize(), _("en retard depuis le %(since)s") % {"since": since}, WARN, act)
    if failed := sum(row.counts.get(jobs.FAILED, 0) for row in rows):
        act = _("Corrigez la cause, puis relancez chacun ci-dessous.")
        yield Finding(_("Travaux"), _("%(count)s en échec") % {"count": failed}, WARN, act)


def _services(_at: datetime) -> Iterator[Finding]:
    if jobs.broker_lengths() is None:
        act = _("Relancez Valkey : rien n’est perdu, mais rien ne réveille les ouvriers.")
        yield Finding("Valkey", _("ne répond pas"), BAD, act)
    else:
        yield Finding("Valkey", _("répond"))
    if "migrations" in health.find(health.ASKED[health.READY_PATH])[0]:
        yield Finding(_("Tables"), _("d’une version antérieure"), BAD, _("Lancez « manage.py migrate »."))
    else:
        yield Finding(_("Tables"), _("à jour"))


def _platforms(at: datetime) -> Iterator[Finding]:
    for account in PlatformAccount.everywhere.filter(is_enabled=True).select_related("company"):
        what = f"{account.company} – {account}"
        if account.is_offline:
            yield Finding(what, _("hors ligne, par choix"))
        elif account.is_suspended(at=at):
            act = _("Vérifiez le compte dans « Réglages › Plateformes » ; les essais reprennent d’eux-mêmes.")
            yield Finding(what, _("suspendue : %(error)s") % {"error": account.last_error}, BAD, act)
        elif account.last_error:
            act = _("Vérifiez le compte dans « Réglages › Plateformes ».")
            yield Finding(what, account.last_error, WARN, act)
        else:
            yield Finding(what, _("répond"))
        if account.password_expires_on is not None:
            yield _end(_("Mot de passe de %(what)s") % {"what": what}, _midnight(account.password_expires_on), at)


def _feeds(at: datetime) -> Iterator[Finding]:
    for feed in Feed.everywhere.filter(is_enabled=True).select_related("company"):
        what = f"{feed.company} – {feed}"
        if feed.failing_since:
            since = date_format(feed.failing_since, "SHORT_DATETIME_FORMAT")
            act = _("Reconnectez-le dans « Réglages › Banque ».")
            yield Finding(what, _("en échec depuis le %(since)s") % {"since": since}, WARN, act)
        else:
            yield Finding(what, _("lu"))
        if feed.certificate:
            ends = x509.load_pem_x509_certificate(feed.certificate.encode()).not_valid_after_utc
            yield _end(_("Certificat de %(what)s") % {"what": what}, ends, at)


def _backup(at: datetime) -> Iterator[Finding]:
    last = last_backup()
    act = _("Planifiez « manage.py backup » chaque nuit, vers un autre disque ou une autre machine.")
    if last is None:
        yield Finding(_("Sauvegarde"), _("aucune n’est connue"), WARN, act)
        return
    tone = BAD if at - last > BACKUP_AGE else GOOD
    state = _("la dernière est du %(at)s") % {"at": date_format(last, "SHORT_DATETIME_FORMAT")}
    yield Finding(_("Sauvegarde"), state, tone, act if tone == BAD else "")


def last_backup() -> datetime | None:
    """When the last one ended well."""
    ended: datetime | None = (
        SafekeepingRun.objects.filter(kind=SafekeepingKind.BACKUP, problem="", finished_at__isnull=False)
        .values_list("finished_at", flat=True)
        .first()
    )
    return ended


def _disk(_at: datetime) -> Iterator[Finding]:
    for what, place in ((_("Disque des fichiers"), settings.MEDIA_ROOT), (_("Disque de la trace"), settings.TRAIL_DIR)):
        there = next((one for one in (Path(place), *Path(place).parents) if one.exists()), None)
        if there is None:
            continue
        usage = shutil.disk_usage(there)
        share = usage.free / usage.total
        state = _("%(free)s Go libres, %(share)s %%") % {"free": usage.free // 10**9, "share": round(share * 100)}
        is_full = share < LEAST_FREE
        yield Finding(
            what, state, BAD if is_full else GOOD, _("Agrandissez ce disque ou libérez de la place.") if is_full else ""
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        (size,) = cursor.fetchone()
    yield Finding(_("Base de données"), _("%(size)s Mo") % {"size": size // 10**6})


def _ends(at: datetime) -> Iterator[Finding]:
    yield from _certificate(at)
    soon = ApiKey.everywhere.filter(revoked_at=None, expires_at__gt=at, expires_at__lt=at + SOON)
    for key in soon.select_related("company").order_by("expires_at")[:20]:
        yield _end(
            _("Clé d’API %(name)s de %(company)s") % {"name": key.name, "company": key.company}, key.expires_at, at
        )


def _certificate(at: datetime) -> Iterator[Finding]:
    """Of the address that people use, as they are shown it."""
    address = urlsplit(settings.PUBLIC_URL)
    what = _("Certificat de %(host)s") % {"host": address.hostname}
    if address.scheme != "https" or not address.hostname:
        return
    try:
        reached = socket.create_connection((address.hostname, address.port or 443), timeout=TLS_SECONDS)
        with reached, ssl.create_default_context().wrap_socket(reached, server_hostname=address.hostname) as line:
            ends = ssl.cert_time_to_seconds(str((line.getpeercert() or {})["notAfter"]))
    except (OSError, KeyError, ValueError) as error:
        act = _("Ouvrez cette adresse depuis ce serveur, et renouvelez le certificat s’il le faut.")
        yield Finding(what, _("n’a pas pu être lu (%(error)s)") % {"error": type(error).__name__}, WARN, act)
    else:
        yield _end(what, datetime.fromtimestamp(ends, UTC), at)


def _end(what: str, ends: datetime | None, at: datetime) -> Finding:
    """Something that ends, with a month to prepare for it."""
    if ends is None:
        return Finding(what, _("sans fin"))
    tone = BAD if ends <= at else WARN if ends - at < SOON else GOOD
    return Finding(
        what,
        _("jusqu’au %(day)s") % {"day": date_format(ends, "SHORT_DATE_FORMAT")},
        tone,
        _("Renouvelez-le avant ce jour.") if tone != GOOD else "",
    )


def _midnight(day: object) -> datetime:
    return datetime.fromisoformat(f"{day}T00:00:00+00:00")


@lru_cache(maxsize=1)
def _libraries() -> tuple[tuple[str, str], ...]:
    return (("Python", platform.python_version()), *((name.capitalize(), version(name)) for name in PACKAGES))


def versions() -> list[tuple[str, str]]:
    """What runs, by name."""
    server = connection.cursor().connection.info.parameter_status("server_version") or ""
    return [*_libraries(), ("PostgreSQL", server)]
