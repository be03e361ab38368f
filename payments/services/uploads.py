"""Statements' files as people send them: held, read for a preview, kept once confirmed, forgotten after a day.

Nothing of a file is kept in the books before it is confirmed, and one that fails hurts no other. Large ones are read
and kept by the queue `UPLOADS`; killed in the middle, a file is as it was and is taken up again.
"""

from __future__ import annotations

import hashlib
import secrets
import zlib
from collections.abc import Mapping as Facts
from dataclasses import asdict
from datetime import datetime
from pathlib import PurePath
from typing import Any

from django.core.cache import caches
from django.db import transaction
from django.db.models import QuerySet

from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.models import Company
from payments import statements
from payments.models import BankAccount, BankStatement, ColumnMapping, StatementUpload, UploadState
from payments.services.bank import import_statement
from payments.services.payout_reports import columns_for, keep_payouts, preview_payouts, remember_columns
from payments.services.previews import preview
from payments.services.reconciliation import reconcile
from payments.services.storing import Progress, SourceFile
from payments.statements import Mapping, tables
from payments.statements.base import CSV, XLSX
from payments.statements.payout_report import Columns

SMALL = 1_000_000  # bytes: read while the person waits
FEW = 2_000  # lines: kept while the person waits
LARGEST = 150_000_000
TABLES = frozenset({CSV, XLSX})


class UploadGone(DomainError):
    code = "upload_gone"
    message = "Ce fichier n’attend plus de confirmation. Envoyez-le de nouveau s’il n’est pas importé."


class TooLarge(Invalid):
    code = "file_too_large"
    message = "Le fichier « %(name)s » dépasse 150 Mo. Demandez à la banque une période plus courte."


def new_batch() -> str:
    return secrets.token_hex(16)


def hold_file(*, company: Company, batch: str, name: str, data: bytes, actor: Actor, at: datetime) -> StatementUpload:
    """Hold a file for its preview; a small one is read at once. Raises TooLarge."""
    shown = PurePath(name.replace("\0", "")).name[-200:] or "releve"
    if len(data) > LARGEST:
        raise TooLarge(name=shown)
    row: StatementUpload = StatementUpload.everywhere.create(
        company=company,
        batch=batch,
        name=shown,
        size=len(data),
        # statements shrink to a tenth, and most are read again within a minute
        content=zlib.compress(data, 1),
        sha256=hashlib.sha256(data).hexdigest(),
        actor=asdict(actor),
        uploaded_at=at,
        expires_at=at + StatementUpload.HELD_FOR,
    )
    if len(data) <= SMALL:
        read_upload(row, at=at)
    return row


def bytes_of(row: StatementUpload) -> bytes:
    return zlib.decompress(bytes(row.content))


def actor_of_upload(row: StatementUpload) -> Actor:
    return Actor(**row.actor)


def read_upload(row: StatementUpload, *, at: datetime) -> None:
    """Read a held file and write down what it would bring, or why it is refused."""
    data = bytes_of(row)
    facts: dict[str, Any]
    try:
        if (columns := columns_for(row.company_id, data, row.mapping)) is not None:
            shown = preview_payouts(row.company, data, columns)
            facts = {"state": UploadState.READ, "preview": shown, "mapping": columns.as_json(), "problem": ""}
            return _write_down(row, facts)
        mapping, account = _columns(row, data)
        found = statements.read(data, filename=row.name, mapping=mapping, pending=True)
        shown = preview(row.company, found, SourceFile(row.name, data), chosen=row.account or account, at=at)
        facts = {
            "state": UploadState.READ,
            "preview": shown,
            "mapping": mapping.as_json() if mapping else None,
            "account": row.account or account,
            "problem": "",
        }
    except DomainError as error:
        facts = {"state": UploadState.REFUSED, "problem": str(error)[:1000], "preview": _said(error)}
    return _write_down(row, facts)


def _write_down(row: StatementUpload, facts: Facts[str, Any]) -> None:
    still = StatementUpload.everywhere.filter(pk=row.pk).exclude(state__in=[UploadState.CONFIRMED, UploadState.KEPT])
    still.update(**facts)
    row.refresh_from_db()


def _said(error: DomainError) -> dict[str, Any]:
    """The refusal, to be said in the reader's language."""
    params = {name: str(value) for name, value in error.params.items()}
    return {"problem": {"code": error.code, "message": error.message, "params": params}}


def _columns(row: StatementUpload, data: bytes) -> tuple[Mapping | None, BankAccount | None]:
    """How a table is read: as was chosen, else as was confirmed for this header, else as guessed."""
    if statements.recognise_format(data) not in TABLES:
        return None, None
    if row.mapping is not None:
        return Mapping.from_json(row.mapping), None
    guessed = tables.guess(data)
    kept = ColumnMapping.everywhere.filter(company_id=row.company_id, header=tables.fingerprint(guessed)).first()
    return (Mapping.from_json(kept.mapping), kept.account) if kept else (guessed, None)


def choose(
    *, row: StatementUpload, at: datetime, mapping: Mapping | Columns | None = None, account: BankAccount | None = None
) -> None:
    """Read a held file again, by other columns or as another account's. Raises UploadGone."""
    changes: dict[str, Any] = {"mapping": mapping.as_json()} if mapping else {}
    if account is not None:
        changes["account"] = account
    waiting = StatementUpload.everywhere.filter(pk=row.pk, state__in=[UploadState.READ, UploadState.REFUSED])
    if not (waiting.update(**changes) if changes else waiting.exists()):
        raise UploadGone
    row.refresh_from_db()
    read_upload(row, at=at)


def can_be_kept(row: StatementUpload) -> bool:
    """Read: transfers of a payment service, or statements that are each of an account of the company."""
    found = row.preview.get("statements", [])
    is_known = bool(found) and all(one["account"] for one in found)
    return row.state == UploadState.READ and (is_known or bool(row.preview.get("payouts")))


def confirm(*, row: StatementUpload, actor: Actor, at: datetime) -> list[BankStatement]:
    """Keep a file that was shown: a small one now, a large one by the queue. Raises UploadGone; refusals stand on it.

    Call it with no transaction open: what is kept is reconciled at once, in transactions of its own.
    """
    if not can_be_kept(row):
        raise UploadGone
    waiting = StatementUpload.everywhere.filter(pk=row.pk, state=UploadState.READ)
    if not waiting.update(state=UploadState.CONFIRMED, actor=asdict(actor)):
        raise UploadGone
    row.refresh_from_db()
    return keep(row, at=at) if row.preview["lines"] <= FEW else []


def keep(row: StatementUpload, *, at: datetime) -> list[BankStatement]:
    """Import a confirmed file and reconcile. Whatever kills it in the middle, the whole file is kept or nothing."""
    actor = actor_of_upload(row)
    try:
        kept = _keep(row, actor, at)
    except DomainError as error:
        StatementUpload.everywhere.filter(pk=row.pk, state=UploadState.CONFIRMED).update(
            state=UploadState.REFUSED, problem=str(error)[:1000], preview=_said(error)
        )
        kept = []
    row.refresh_from_db()
    if kept:
        reconcile(company=row.company, actor=actor, at=at)
    return kept


@transaction.atomic
def _keep(row: StatementUpload, actor: Actor, at: datetime) -> list[BankStatement]:
    locked = StatementUpload.everywhere.select_for_update(no_key=True, of=("self",)).get(pk=row.pk)
    if locked.state != UploadState.CONFIRMED:
        return []
    if locked.preview.get("payouts"):
        return _keep_payouts(locked, at)
    mapping = Mapping.from_json(locked.mapping) if locked.mapping else None
    kept = import_statement(
        company=locked.company,
        data=bytes_of(locked),
        filename=locked.name,
        actor=actor,
        at=at,
        account=locked.account,
        mapping=mapping,
        progress=progress_of(locked),
    )
    if mapping is not None:
        _remember(locked, mapping, kept, at)
    new = sum(statement.new_count for statement in kept if statement.imported_at == at)
    shown = locked.preview | {"new": new, "kept": [statement.pk for statement in kept]}
    # the bytes are those of the statement now
    StatementUpload.everywhere.filter(pk=locked.pk).update(state=UploadState.KEPT, preview=shown, content=b"")
    return kept


def _keep_payouts(row: StatementUpload, at: datetime) -> list[BankStatement]:
    """The report of a payment service: no statement, and its lines wait on the worktable with what explains them."""
    data = bytes_of(row)
    columns = columns_for(row.company_id, data, row.mapping)
    kept = keep_payouts(row.company, data, columns, at=at) if columns else []
    if columns:
        remember_columns(row.company_id, columns, at=at)
    shown = row.preview | {"new": len(kept), "kept_payouts": [payout.pk for payout in kept]}
    StatementUpload.everywhere.filter(pk=row.pk).update(state=UploadState.KEPT, preview=shown, content=b"")
    return []


def _remember(row: StatementUpload, mapping: Mapping, kept: list[BankStatement], at: datetime) -> None:
    """These columns were confirmed: the next table with this header is read by them."""
    accounts = {statement.account_id for statement in kept}
    ColumnMapping.everywhere.update_or_create(
        company_id=row.company_id,
        header=tables.fingerprint(mapping),
        defaults={
            "mapping": mapping.as_json(),
            "account_id": accounts.pop() if len(accounts) == 1 and row.account_id else None,
            "confirmed_at": at,
        },
    )


def drop(*, batch: str) -> int:
    """Forget what was sent together and is not confirmed. Returns how many files."""
    rows = StatementUpload.objects.filter(batch=batch, state__in=[UploadState.READ, UploadState.REFUSED])
    return int(rows.delete()[0])


def forget(*, at: datetime) -> int:
    """Delete the files whose time is over, whatever their company. Returns how many."""
    over = StatementUpload.everywhere.filter(expires_at__lt=at).exclude(state=UploadState.CONFIRMED)
    return int(over.delete()[0])


def progress_of(row: StatementUpload) -> Progress:
    def write(done: int, total: int) -> None:
        caches["shared"].set(f"upload:{row.pk}", [done, total], 3600)

    return write


def seen_progress(row: StatementUpload) -> tuple[int, int]:
    """Lines done, of how many; as far as is known."""
    done, total = caches["shared"].get(f"upload:{row.pk}") or (0, row.preview.get("lines", 0))
    return int(done), int(total)


def at_work(at: datetime) -> QuerySet[StatementUpload]:
    """The files that a worker must read or keep."""
    rows = StatementUpload.everywhere.filter(
        state__in=[UploadState.WAITING, UploadState.CONFIRMED], uploaded_at__lte=at
    )
    return rows.select_related("company", "account").order_by("uploaded_at", "id")


def work_on(row: StatementUpload, *, at: datetime) -> None:
    if row.state == UploadState.WAITING:
        read_upload(row, at=at)
    else:
        keep(row, at=at)
