"""Which account and which regime of VAT a line is proposed, each with its reason, which pages say in a sentence: by the
supplier's rule, by what was booked before, by the words of the line, or by its nature.
"""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from billing.models import InvoiceKind
from billing.purchases import accounts
from billing.purchases.content import LineContent, PurchaseContent
from billing.purchases.models import PurchaseLine, PurchaseStatus, SupplierRule
from billing.purchases.origin import country_of, is_domestic
from billing.purchases.prepaying import problem_of_period
from billing.purchases.regimes import SELF_ASSESSED, Regime
from billing.purchases.resemblance import plain_name
from billing.purchases.wording import Word, word_of
from config.kernel import typography
from config.kernel.money import HUNDRED
from customers.models import Customer
from customers.territories import EUROPEAN_UNION

NORMAL_RATE = Decimal(20)  # CGI 278
REMEMBERED = 200  # lines of a supplier that count as its habits
LONG = timedelta(days=45)  # a period that is longer is paid in advance; a month is an ordinary subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """How a line is to be booked, and why."""

    account: str
    regime: str
    vat_rate: Decimal
    deductible_share: Decimal = HUNDRED
    starts_on: date | None = None
    ends_on: date | None = None
    because: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Habits:
    """What is known of a supplier: its rule, its country, and the lines of its that were booked."""

    supplier: Customer

    @cached_property
    def rule(self) -> SupplierRule | None:
        return SupplierRule.everywhere.filter(supplier=self.supplier).first()

    @cached_property
    def country(self) -> str:
        return country_of(self.supplier)

    @property
    def is_domestic(self) -> bool:
        return is_domestic(self.country)

    @cached_property
    def booked(self) -> list[PurchaseLine]:
        """The latest first; what was refused taught nothing."""
        rows = PurchaseLine.everywhere.filter(
            purchase__supplier=self.supplier,
            purchase__status__in=(PurchaseStatus.APPROVED, PurchaseStatus.BOOKED, PurchaseStatus.PAID),
        )
        known = rows.exclude(account="").exclude(purchase__kind=InvoiceKind.DEPOSIT).select_related("purchase")
        return list(known.order_by("-purchase__issue_date", "-purchase__reference", "position")[:REMEMBERED])


def propose(*, supplier: Customer, content: PurchaseContent) -> list[Proposal]:
    """A proposal for each line of the document, in their order. Three queries, however many lines."""
    habits = Habits(supplier)
    return [_propose(habits, content, line) for line in content.lines]


def _propose(habits: Habits, content: PurchaseContent, line: LineContent) -> Proposal:
    rule = habits.rule
    account, because, like = _account(habits, content, line)
    word = word_of(line.description)
    regime = _regime(habits, content, line, account, like, word)
    share = HUNDRED
    if rule is not None and rule.deductible_share != HUNDRED:
        share = rule.deductible_share
    elif like is not None:
        share = like.deductible_share
    elif word is not None and word.account == account:
        share = word.deductible_share
    starts_on, ends_on = _period(rule, content, line, account)
    return Proposal(
        account=account,
        regime=regime,
        vat_rate=_rate(line, regime, like),
        deductible_share=share,
        starts_on=starts_on,
        ends_on=ends_on,
        because=because,
    )


def _account(
    habits: Habits, content: PurchaseContent, line: LineContent
) -> tuple[str, dict[str, Any], PurchaseLine | None]:
    """The account, why, and the line booked before that it is like."""
    if content.kind == InvoiceKind.DEPOSIT:
        return accounts.SUPPLIER_DEPOSITS, {"kind": "deposit"}, None
    like = _line_like(habits.booked, line)
    if habits.rule is not None and habits.rule.account:
        return habits.rule.account, {"kind": "rule"}, like
    if like is not None:
        same = sum(one.account == like.account for one in habits.booked)
        because = {
            "kind": "history",
            "reference": like.purchase.reference,
            "on": like.purchase.issue_date.isoformat(),
            "lines": same,
            "of": len(habits.booked),
        }
        return like.account, because, like
    word = word_of(line.description) or word_of(habits.supplier.name)
    if word is not None:
        return word.account, {"kind": "word", "word": word.found}, None
    default = accounts.GOODS if line.is_service is False else accounts.OTHER_SERVICES
    return default, {"kind": "default"}, None


def _line_like(booked: Sequence[PurchaseLine], line: LineContent) -> PurchaseLine | None:
    """The latest line of the same description; else that shares most words; else of the supplier's usual account."""
    wanted = set(plain_name(line.description).split())
    best, most = None, Decimal("0.5")  # at least half of the words in common
    for one in booked:
        words = set(plain_name(one.description).split())
        common = Decimal(len(wanted & words)) / max(len(wanted | words), 1)
        if common > most:
            best, most = one, common
    if best is not None or not booked:
        return best
    usual, count = Counter(one.account for one in booked).most_common(1)[0]
    if 3 * count < 2 * len(booked):  # it books on several accounts: which one, the line must say
        return None
    return next(one for one in booked if one.account == usual)


def _regime(
    habits: Habits,
    content: PurchaseContent,
    line: LineContent,
    account: str,
    like: PurchaseLine | None,
    word: Word | None,
) -> str:
    if habits.rule is not None and habits.rule.regime:
        return habits.rule.regime
    if not line.vat_rate:
        return _untaxed(habits, line, account, like, word)
    if not habits.is_domestic:
        return Regime.NO_VAT  # the VAT of another country is no deductible VAT of ours
    if account.startswith("2"):
        return Regime.ASSET
    if content.kind == InvoiceKind.DEPOSIT:
        return Regime.SERVICES  # due when it is cashed, for goods too since 2023 (CGI 269-2 a)
    if not _is_service(line, account, like, word):
        return Regime.GOODS
    return Regime.SERVICES_DEBITS if content.vat_on_debits else Regime.SERVICES


def _is_service(line: LineContent, account: str, like: PurchaseLine | None, word: Word | None) -> bool:
    """As the document says; else as it was before, as its words say, or as its account is."""
    if line.is_service is not None:
        return line.is_service
    if like is not None and like.regime in _NATURES:
        return _NATURES[like.regime]
    if word is not None and word.account == account:
        return word.is_service
    return not account.startswith(("2", "601", "602", "606", "607"))


_NATURES: dict[str, bool] = {
    Regime.GOODS: False,
    Regime.SERVICES: True,
    Regime.SERVICES_DEBITS: True,
    Regime.INTRA_EU_GOODS: False,
    Regime.SERVICES_ABROAD: True,
    Regime.CONSTRUCTION: True,
    Regime.IMPORT: False,
    Regime.ASSET: False,
}


def _untaxed(habits: Habits, line: LineContent, account: str, like: PurchaseLine | None, word: Word | None) -> str:
    """A line without VAT: owed by us where its category or its seller's country says so."""
    if like is not None and like.regime in SELF_ASSESSED | {Regime.IMPORT, Regime.NO_VAT}:
        return like.regime
    is_goods = not _is_service(line, account, like, word)
    if habits.is_domestic:
        return Regime.CONSTRUCTION if line.vat_category == "AE" else Regime.NO_VAT
    if habits.country in EUROPEAN_UNION:
        if line.vat_category == "K":
            return Regime.INTRA_EU_GOODS
        if line.vat_category in {"AE", "G"}:
            return Regime.INTRA_EU_GOODS if is_goods else Regime.SERVICES_ABROAD
        return Regime.NO_VAT
    return Regime.IMPORT if is_goods else Regime.SERVICES_ABROAD


def _rate(line: LineContent, regime: str, like: PurchaseLine | None) -> Decimal:
    """The document's rate; of what we owe ourselves the French one, which no document says."""
    if line.vat_rate or regime not in SELF_ASSESSED | {Regime.IMPORT}:
        return line.vat_rate
    return like.vat_rate if like is not None and like.regime == regime else NORMAL_RATE


def _period(
    rule: SupplierRule | None, content: PurchaseContent, line: LineContent, account: str
) -> tuple[date | None, date | None]:
    if content.kind == InvoiceKind.DEPOSIT or not account.startswith("6"):
        return None, None
    starts_on, ends_on = line.starts_on, line.ends_on
    if starts_on and ends_on and not problem_of_period(starts_on, ends_on):
        return (starts_on, ends_on) if ends_on - starts_on > LONG else (None, None)
    if rule is not None and rule.spreads_over_months > 1:
        first = starts_on or content.supply_date or content.issue_date
        return first, months_later(first, rule.spreads_over_months) - timedelta(days=1)
    return None, None


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the last one of that month."""
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def explain(because: Mapping[str, Any]) -> str:
    """Why an account was proposed, in a sentence; '' where a person chose it."""
    kind = because.get("kind")
    if kind == "rule":
        return _("Par la règle de ce fournisseur")
    if kind == "history":
        return _("Comme %(reference)s du %(day)s (%(lines)s sur %(of)s lignes de ce fournisseur)") % {
            "reference": because["reference"],
            "day": typography.day(date.fromisoformat(because["on"])),
            "lines": because["lines"],
            "of": because["of"],
        }
    if kind == "word":
        return _("D’après « %(word)s »") % {"word": because["word"]}
    if kind == "order":
        return _("Par la commande %(number)s") % {"number": because["number"]}
    if kind == "deposit":
        return _("Facture d’acompte")
    if kind == "default":
        return _("Faute de mieux : à vérifier")
    return ""


def is_guess(because: Mapping[str, Any]) -> bool:
    """Whether nothing but the nature of the line spoke for its account: no machine goes on with that."""
    return because.get("kind") == "default"
