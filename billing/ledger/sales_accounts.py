"""On which account of class 7 a sale goes: by its product, else the customer's group, else goods or services.

The rules of the day of issue count, and the entry keeps what they said: what changes afterwards changes no entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from billing.ledger import accounts
from billing.ledger.chart import check_account
from billing.models import InvoiceLine, Nature, Product, SalesAccountRule
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.models import Company
from customers.models import Customer


class NotASalesAccount(Invalid):
    code = "not_a_sales_account"
    message = "Une vente va sur un compte de classe 7, par exemple 706100."


class NoCase(Invalid):
    code = "no_case"
    message = "Choisissez un article, ou un groupe de clients, ou la nature de ce qui est vendu."


class RuleGone(DomainError):
    code = "sales_rule_gone"
    message = "Cette règle n’existe plus. Rechargez la page."


@dataclass(frozen=True, slots=True)
class SalesRules:
    """The accounts that a company chose; where it chose none, 706 for services and 707 for goods."""

    products: Mapping[int, str] = field(default_factory=dict)
    groups: Mapping[tuple[str, str], str] = field(default_factory=dict)  # (group or '', nature or '')

    def account(self, product_id: int | None, group: str, *, is_service: bool) -> str:
        of_product = self.products.get(product_id or 0)
        if of_product:
            return of_product
        nature = Nature.SERVICES if is_service else Nature.GOODS
        cases = [*([(group, nature), (group, "")] if group else []), ("", nature), ("", "")]
        chosen = next((self.groups[case] for case in cases if case in self.groups), "")
        return chosen or (accounts.SERVICES if is_service else accounts.GOODS)

    @property
    def by_group(self) -> bool:
        """Whether the customer's group has to be known."""
        return any(group for group, _nature in self.groups)


def sales_rules(company_id: int) -> SalesRules:
    """As the company has them now. One query."""
    rows = list(SalesAccountRule.everywhere.filter(company=company_id))
    return SalesRules(
        {row.product_id: row.account for row in rows if row.product_id},
        {(row.group, row.nature): row.account for row in rows if not row.product_id},
    )


def sales_account(line: InvoiceLine, customer: Customer | None, rules: SalesRules) -> str:
    """The account of the net amount of a line; `customer` None where no rule asks for its group."""
    return rules.account(line.product_id, customer.group if customer else "", is_service=line.is_service)


@transaction.atomic
def save_sales_rule(
    *, company: Company, product: Product | None, group: str, nature: str, account: str, actor: Actor, at: datetime
) -> SalesAccountRule:
    """Choose the account of a case, in the place of what was chosen for it. Raises NotASalesAccount, NoCase, Closed."""
    if not account.startswith("7"):
        raise NotASalesAccount(fields={"account": NotASalesAccount.message})
    check_account(company.pk, account)
    if not (product or group or nature) or (product and (group or nature)):
        raise NoCase
    rule: SalesAccountRule
    rule, _is_new = SalesAccountRule.everywhere.update_or_create(
        company=company, product=product, group=group, nature=nature, defaults={"account": account}
    )
    data = {"account": account, "case": str(product or " ".join(filter(None, (group, nature))))}
    audit.record("billing.sales_rule.saved", subject=rule, actor=actor, at=at, data=data)
    return rule


@transaction.atomic
def remove_sales_rule(*, rule: SalesAccountRule, actor: Actor, at: datetime) -> None:
    """Go back to what counts without it. Raises RuleGone."""
    row = SalesAccountRule.everywhere.select_for_update(no_key=True).filter(pk=rule.pk).first()
    if row is None:
        raise RuleGone
    audit.record("billing.sales_rule.removed", subject=row, actor=actor, at=at, data={"account": row.account})
    row.delete()
