"""What we pay to suppliers, as the account shows it: our transfers and files, what they collect, what comes back."""

from __future__ import annotations

import re
from collections.abc import Sequence

from payments.matching.cases import Case, write
from payments.matching.expected import bears, is_told
from payments.matching.folding import fold
from payments.matching.items import AUTO, PURCHASE, SENT, SUPPLIER, Evidence, Line, OpenItem, Verdict, amount_text
from payments.matching.payers import is_payer

# ISO 20022 return reasons, BkTxCd sub-families of returns and reversals, and what French banks print
CODES = re.compile(
    r"\b(AC0[1346]|AC13|AG0[12]|AM0[459]|BE05|CUST|DUPL|FOCR|FRAD|MD0[1267]|MS0[23]|RR0[1-4]|SL01|TECH)\b"
)
FAMILIES = re.compile(r"\b(RRTN|RPCR|RIMB|UPDD|PRDD|RDDT|ARET|RVSL)\b")
WORDS = re.compile(r"\b(REJET|REJETE|RETOUR|RETOURNE|IMPAYE|RETURN|RETURNED|REVERSAL|RECALL|RAPPEL DE FONDS)\b")


def is_return(line: Line) -> bool:
    """The bank says that it takes an earlier movement back."""
    if line.is_reversal or FAMILIES.search(line.transaction_code) or CODES.search(line.transaction_code):
        return True
    return any(WORDS.search(fold(text)) for text in line.texts)


def judge_own_payment(case: Case) -> Verdict | None:
    """What we ordered or recorded, by our own id and amount: one transfer, or a file in one line (PmtInfId, MsgId)."""
    ours = [item for item in _waiting(case, SUPPLIER) if is_told(case, item)]
    return _own(case, ours, is_proven=True) if len(ours) == 1 else None


def judge_supplier(case: Case, refund: Verdict | None) -> Verdict | None:
    """A debit that names nothing of ours: a payment to its payee, a purchase of its amount, else `refund`; proposed."""
    if refund is not None and refund.kind == AUTO:
        return refund
    waiting = _waiting(case, SUPPLIER)
    payees = [item for item in waiting if _is_payee(case, item)]
    if payees:
        return _own(case, payees)
    return _purchase(case) or refund or (_own(case, waiting) if waiting else None)


def judge_came_back(case: Case) -> Verdict | None:
    """A transfer of ours that the bank gives back: by our end-to-end id, or by its number where the bank says why."""
    sent = case.index.waiting(SENT, case.line.currency, case.line.amount)
    ours = [item for item in sent if is_told(case, item)]
    if len(ours) != 1:
        return None
    [item] = ours
    is_ours = case.line.end_to_end_id in item.end_to_end_ids
    evidence = [Evidence("came_back", item.number), Evidence("amount", amount_text(case.line.amount))]
    came_back = ((item.id, item.balance),)
    return write(case, "came_back", [], evidence, is_proven=is_ours or is_return(case.line), came_back=came_back)


def _waiting(case: Case, kind: str) -> list[OpenItem]:
    return case.index.waiting(kind, case.line.currency, -case.line.amount)


def _is_payee(case: Case, item: OpenItem) -> bool:
    return case.line.iban in item.given_ids or is_payer(case.line.counterparty, item.customer_name)


def _own(case: Case, items: Sequence[OpenItem], *, is_proven: bool = False) -> Verdict:
    item = items[0]
    evidence = [Evidence("supplier", item.number), Evidence("amount", amount_text(item.balance))]
    shown = ((item.id, item.balance),)
    return write(case, "supplier", [], evidence, is_proven=is_proven, rivals=items[1:], suppliers=shown)


def _purchase(case: Case) -> Verdict | None:
    """One that owes this very amount: named by its number or ours, of a supplier known by its account or its name."""
    equal = _waiting(case, PURCHASE)
    told = [item for item in equal if bears(case, (item.number, *item.end_to_end_ids))]
    payees = [item for item in equal if case.line.iban and case.line.iban in item.given_ids]
    found = told or payees or [item for item in equal if is_payer(case.line.counterparty, item.customer_name)]
    if not found:
        return None
    item = found[0]
    evidence = [Evidence("purchase", item.number)]
    evidence += [Evidence("iban", item.customer_name)] if item in payees else []
    return write(case, "purchase", [], evidence, rivals=found[1:], purchases=((item.id, item.balance),))
