"""In which format an account takes invoices."""

from __future__ import annotations

from billing.models import DocumentKind
from einvoicing.models import DocumentFormat, PlatformAccount
from einvoicing.platforms.registry import provider

KINDS: dict[str, DocumentKind] = {
    DocumentFormat.FACTURX: DocumentKind.FACTURX,
    DocumentFormat.CII: DocumentKind.CII,
    DocumentFormat.UBL: DocumentKind.UBL,
}


def format_for(account: PlatformAccount) -> str:
    """The account's own choice where its platform takes it, else the platform's usual format."""
    offered = provider(account.kind).syntaxes
    return account.default_format if account.default_format in offered else offered[0]


def document_kind(account: PlatformAccount) -> DocumentKind:
    """The kind of legal file that goes to this account."""
    return KINDS[format_for(account)]
