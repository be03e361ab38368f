"""The cares of each night: chains and files looked at, heads stamped, a backup made and once a month rehearsed.

Beat wakes this every hour; what is due runs as a process of its own, for it may last longer than any task. What failed
is tried again the next hour, a rehearsal the next night.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.utils import timezone
from django.utils.translation import gettext_noop as n

from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.isolating import treat_each
from config.kernel.kept import FileUnreadable
from config.kernel.models import AuditChain, Company, SafekeepingKind
from config.kernel.proving import check_share, prove
from config.kernel.quiet import is_quiet
from config.kernel.safekeeping import AlreadyRunning, State, recorded, states
from config.kernel.scope import company_scope
from config.kernel.stamps import NotStamped, line_of, stamp_head
from config.runtime.backups.places import place_at
from config.runtime.backups.pruning import prune
from config.runtime.backups.rehearsing import rehearse
from config.runtime.backups.writing import write_backup

NIGHT = 2  # o'clock, in the product's own time
Facts = dict[str, Any]


class ProofBroken(DomainError):
    """Says how many, never whose: every owner of the installation reads it."""

    code = "proof_broken"
    message = "Sociétés dont la chaîne ne tient pas : %(count)s. La commande verify_chain nomme chaque ligne."


class FilesDamaged(DomainError):
    code = "files_damaged"
    message = "Fichiers conservés qui sont altérés ou manquants : %(count)s. Leurs sociétés les voient à l’accueil."


@dataclass(frozen=True, slots=True)
class Care:
    """What it does, whether the settings ask for it, and whether a restored copy does it too."""

    run: Callable[[Facts, datetime], None]
    is_wanted: Callable[[], bool] = lambda: True
    in_a_copy: bool = False
    is_monthly: bool = False


def back_up(facts: Facts, at: datetime, address: str = "") -> None:
    """A backup in its place, then those that are not to stay are taken away. Raises BackupRefused, OSError."""
    place = place_at(address or settings.BACKUP_TO)
    facts |= write_backup(place, at=at).facts
    facts["pruned"] = len(prune(place, at=at))


def rehearse_last(facts: Facts, _at: datetime, address: str = "", identity: str = "") -> None:
    """Raises RehearsalFailed."""
    done = rehearse(address or settings.BACKUP_TO, Path(identity or settings.BACKUP_REHEARSAL_IDENTITY))
    facts |= {"backup": done.backup, "companies": done.companies, "events": done.events}


def prove_all(facts: Facts, at: datetime) -> None:
    """Every company's chain. Raises ProofBroken once all were looked at."""
    found = treat_each(_companies(), lambda company: bool(prove(company, at=at)), loop=n("contrôle des chaînes"), at=at)
    facts |= {"companies": len(found), "broken": sum(found)}
    if facts["broken"]:
        raise ProofBroken(count=facts["broken"])


def check_files(facts: Facts, at: datetime) -> None:
    """The night's share of every company's files. Raises FilesDamaged, FileUnreadable."""
    shares = treat_each(
        _companies(),
        lambda company: check_share(company, at=at),
        loop=n("relecture des fichiers"),
        at=at,
        passing=(FileUnreadable,),
    )
    facts |= {"read": sum(read for read, _bad in shares), "broken": sum(bad for _read, bad in shares)}
    if facts["broken"]:
        raise FilesDamaged(count=facts["broken"])


def stamp_heads(facts: Facts, _at: datetime) -> None:
    """The head of every company's chain, mailed and time-stamped outside. Raises NotStamped, OSError."""
    if settings.ANCHOR_MAIL and settings.SMTP_CONFIGURED:
        _mail_heads()
        facts["mailed"] = True
    facts["stamped"] = 0
    problem: NotStamped | None = None
    for company in _companies() if settings.TSA_URL else ():
        with company_scope(company):
            try:
                facts["stamped"] += stamp_head(company) is not None
            except NotStamped as error:
                problem = error
    if problem:
        raise problem


def _mail_heads() -> None:
    """SIREN or IDE, place and hash of each chain's head, to somebody outside who keeps them. Raises OSError."""
    heads = []
    for company in _companies():
        with company_scope(company):
            head = AuditChain.objects.filter(company=company).first()
        if head:
            heads.append(line_of(company, head.length, head.head).decode())
    subject = f"Quittance : têtes des chaînes au {local_day(timezone.now()):%d/%m/%Y}"
    send_mail(subject, "".join(heads), settings.DEFAULT_FROM_EMAIL, [settings.ANCHOR_MAIL])


def _companies() -> list[Company]:
    return list(Company.objects.order_by("pk"))


CARES = {
    SafekeepingKind.CHAIN: Care(prove_all, in_a_copy=True),
    SafekeepingKind.FILES: Care(check_files, in_a_copy=True),
    SafekeepingKind.STAMP: Care(stamp_heads, lambda: bool(settings.TSA_URL or settings.ANCHOR_MAIL)),
    SafekeepingKind.BACKUP: Care(back_up, lambda: bool(settings.BACKUP_TO)),
    SafekeepingKind.REHEARSAL: Care(
        rehearse_last, lambda: bool(settings.BACKUP_TO and settings.BACKUP_REHEARSAL_IDENTITY), is_monthly=True
    ),
}


def due(at: datetime) -> list[SafekeepingKind]:
    """What was not done well since this night began (for a rehearsal: this month), in its order."""
    here = timezone.localtime(at)
    night = here.replace(hour=NIGHT, minute=0, second=0, microsecond=0)
    if here < night:
        return []
    quiet, found = is_quiet(), states()
    return [
        kind
        for kind, care in CARES.items()
        if care.is_wanted() and (care.in_a_copy or not quiet) and _is_due(found[kind], care, night)
    ]


def _is_due(state: State, care: Care, night: datetime) -> bool:
    since = night.replace(day=1) if care.is_monthly else night
    if state.good is not None and state.good.started_at >= since:
        return False
    if state.last is None or state.last.started_at < night:
        return True
    # what was looked at and found broken is no better in an hour
    return not (care.is_monthly or state.last.facts.get("broken"))


def run(kind: SafekeepingKind, *, at: datetime, **where: str) -> Facts:
    """Do one care and write it down; its figures. Raises what it raises, and AlreadyRunning."""
    with recorded(kind, at=at) as facts:
        CARES[kind].run(facts, at, **where)
    return facts


def run_due(at: datetime) -> dict[SafekeepingKind, str]:
    """Do what is due, each whatever came of the others; the problems by kind."""
    problems: dict[SafekeepingKind, str] = {}
    for kind in due(at):
        try:
            run(kind, at=timezone.now())
        except AlreadyRunning:
            continue
        except Exception as error:  # noqa: BLE001 - written down by its run; the next care is done all the same
            problems[kind] = str(error)
    return problems


def start_due(at: datetime) -> bool:
    """Start what is due as a process of its own, where something is."""
    if not due(at):
        return False
    process = subprocess.Popen(
        [sys.executable, "manage.py", "safekeep"],
        cwd=settings.BASE_DIR,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    threading.Thread(target=process.wait, daemon=True).start()
    return True
