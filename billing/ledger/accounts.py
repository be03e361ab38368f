"""The accounts that the product itself books on (PCG, ANC 2014-03 as changed by ANC 2022-06)."""

from __future__ import annotations

from decimal import Decimal

from billing.purchases import accounts as buying

CUSTOMERS = "411000"
SERVICES = "706000"
GOODS = "707000"
REBATES_ON_SERVICES, REBATES_ON_GOODS = "709600", "709700"
BANK = "512000"
CHECKS = "511200"  # received, not credited by the bank yet
CARDS = "511500"
CASH = "530000"
DEPOSITS = "419100"
DEDUCTIBLE_VAT = buying.DEDUCTIBLE_VAT
SUSPENSE = "471000"
TRANSFERS = "580000"
BANK_FEES = "627000"
BAD_DEBTS = "654000"
TRADE_EXCHANGE_LOSS = "656000"  # commercial: 666 is for financial items (ANC 2015-05)
OTHER_CHARGES = "658000"
DISCOUNTS_GRANTED = "665000"
TRADE_EXCHANGE_GAIN = "756000"
OTHER_INCOME = "758000"

# One sub-account of 44571 per rate, so that the VAT return reads straight from the journal.
VAT_ACCOUNTS: dict[Decimal, str] = {
    Decimal("20"): "445711",
    Decimal("10"): "445712",
    Decimal("5.5"): "445713",
    Decimal("2.1"): "445714",
    Decimal("8.5"): "445715",  # overseas
    Decimal("1.75"): "4457181",  # overseas: live animals (CGI 281 sexies)
    Decimal("1.05"): "4457182",  # overseas: press, first shows
    Decimal("13"): "4457183",  # Corsica: oil products (CGI 297)
    Decimal("0.9"): "4457184",  # Corsica: live animals, first shows
}
# those of Switzerland, today's and of before 2024
SWISS_VAT_ACCOUNTS: dict[Decimal, str] = {
    Decimal("8.1"): "4457191",
    Decimal("2.6"): "4457192",
    Decimal("3.8"): "4457193",
    Decimal("7.7"): "4457194",
    Decimal("2.5"): "4457195",
    Decimal("3.7"): "4457196",
}
OTHER_VAT = "445718"
DUE_VAT, WAITING_VAT = "445710", "445740"
# what a return declares: collected by rate, owed on purchases; deductible on fixed assets, other goods and services
DECLARED_DUE = ("44571", "4452", "4453")
DECLARED_DEDUCTIBLE = ("44562", "44566")


def vat_account(rate: Decimal) -> str:
    """The sub-account of 44571 of a rate."""
    found = rate.normalize()
    return VAT_ACCOUNTS.get(found) or SWISS_VAT_ACCOUNTS.get(found, OTHER_VAT)


def waiting_account(due: str) -> str:
    """Where the VAT of a sub-account of 44571 waits for the payment of what it is the tax of."""
    return WAITING_VAT[:5] + due[5:]


def due_account(account: str) -> str:
    """The sub-account of 44571 on which what waits on one of 44574 falls due; of another account, itself."""
    return DUE_VAT[:5] + account[5:] if account.startswith(WAITING_VAT[:5]) else account
