"""All that the gates look at: the reading, whose it is, and what the company knows of that supplier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from billing.purchases.models import PurchaseInvoice, PurchaseStatus, SupplierIban
from config.kernel.models import Company
from customers.models import Customer
from einvoicing.reception.reading.result import XML, Reading
from einvoicing.reception.reading.texts import squeezed

MOST_HISTORY = 60  # purchases of the supplier that are looked at, newest first


@dataclass(slots=True, kw_only=True)
class Past:
    """A purchase that was recorded before."""

    pk: int
    reference: str
    number: str
    issue_date: date
    kind: str
    gross: Decimal
    net: Decimal
    name: str


@dataclass(kw_only=True)
class Case:
    """One document to be judged on a day. Amounts in its currency."""

    company: Company
    reading: Reading
    on: date
    supplier: Customer | None = None
    found_by: str = ""
    candidates: Sequence[Customer] = ()
    conflicting: Sequence[Customer] = field(default_factory=tuple)  # whom its other identifiers name

    def value(self, name: str) -> Any:
        return self.reading.value(name)

    @property
    def details(self) -> Mapping[str, Any]:
        return self.reading.details

    @property
    def is_structured(self) -> bool:
        return self.reading.source == XML

    @cached_property
    def page_text(self) -> str:
        """All letters and digits of the pages, folded: what a name is looked for in."""
        return squeezed("".join(text for page in self.reading.pages for text, _box in page.words))

    @cached_property
    def past(self) -> list[Past]:
        """The newest purchases of the supplier, refused ones aside."""
        if self.supplier is None:
            return []
        rows = (
            PurchaseInvoice.objects.filter(company_id=self.company.pk, supplier=self.supplier)
            .exclude(status=PurchaseStatus.REFUSED)
            .order_by("-issue_date", "-pk")
        )
        columns = ("pk", "reference", "number", "issue_date", "kind", "total_gross", "total_net", "supplier_name")
        return [
            Past(pk=pk, reference=reference, number=number, issue_date=day, kind=kind, gross=gross, net=net, name=name)
            for pk, reference, number, day, kind, gross, net, name in rows.values_list(*columns)[:MOST_HISTORY]
        ]

    @cached_property
    def ibans(self) -> list[SupplierIban]:
        """The accounts that the supplier was seen to ask for."""
        if self.supplier is None:
            return []
        return list(SupplierIban.objects.filter(company_id=self.company.pk, supplier=self.supplier))

    @cached_property
    def owners_of_ibans(self) -> dict[str, list[SupplierIban]]:
        """Confirmed accounts among those that the document names, of any supplier."""
        owners: dict[str, list[SupplierIban]] = {}
        if self.named_ibans:
            rows = SupplierIban.objects.filter(
                company_id=self.company.pk, iban__in=self.named_ibans, confirmed_at__isnull=False
            )
            for row in rows.select_related("supplier"):
                owners.setdefault(row.iban, []).append(row)
        return owners

    @cached_property
    def named_ibans(self) -> list[str]:
        """Every account that a person who reads the document could pay."""
        named = [self.value("iban"), self.details.get("drawn_iban"), *self.details.get("other_ibans", ())]
        return [iban for iban in dict.fromkeys(named) if iban]
