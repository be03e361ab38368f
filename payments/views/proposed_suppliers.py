"""What a bank line shows of suppliers, in the words of the worktable."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.kernel import typography
from payments.services.settling_parts import Part, PurchasesPaid, SupplierPaid, SupplierReturned


def title_of(parts: Sequence[Part]) -> str:
    """Of one payment or purchase its number and supplier; of a file of ours, how many transfers."""
    paid = [part for part in parts if isinstance(part, SupplierPaid)]
    if len(paid) > 1:
        words = ngettext("%(n)s règlement fournisseur", "%(n)s règlements fournisseurs", len(paid))
        return words % {"n": typography.number(len(paid))}
    part = parts[0]
    if isinstance(part, SupplierPaid):
        return f"{part.payment.number} · {part.payment.supplier.name}"
    if isinstance(part, PurchasesPaid):
        names = ", ".join(due.purchase.number for due in part.dues)
        return f"{names} · {part.dues[0].purchase.supplier.name}"
    if isinstance(part, SupplierReturned):
        place = {"number": part.payment.number, "supplier": part.payment.supplier.name}
        return _("%(number)s à %(supplier)s revenu : ses factures redeviennent à régler") % place
    return ""
