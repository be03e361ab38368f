"""The books: double entry, written in the same transaction as the fact. Source of the FEC (LPF A47 A-1)."""

from billing.ledger.accounts import BAD_DEBTS as BAD_DEBTS
from billing.ledger.accounts import BANK as BANK
from billing.ledger.accounts import BANK_FEES as BANK_FEES
from billing.ledger.accounts import CARDS as CARDS
from billing.ledger.accounts import CASH as CASH
from billing.ledger.accounts import CHECKS as CHECKS
from billing.ledger.accounts import CUSTOMERS as CUSTOMERS
from billing.ledger.accounts import DEDUCTIBLE_VAT as DEDUCTIBLE_VAT
from billing.ledger.accounts import DEPOSITS as DEPOSITS
from billing.ledger.accounts import DISCOUNTS_GRANTED as DISCOUNTS_GRANTED
from billing.ledger.accounts import OTHER_CHARGES as OTHER_CHARGES
from billing.ledger.accounts import OTHER_INCOME as OTHER_INCOME
from billing.ledger.accounts import SUSPENSE as SUSPENSE
from billing.ledger.accounts import TRADE_EXCHANGE_GAIN as TRADE_EXCHANGE_GAIN
from billing.ledger.accounts import TRADE_EXCHANGE_LOSS as TRADE_EXCHANGE_LOSS
from billing.ledger.accounts import TRANSFERS as TRANSFERS
from billing.ledger.accounts import VAT_ACCOUNTS as VAT_ACCOUNTS
from billing.ledger.accounts import vat_account as vat_account
from billing.ledger.chart import account_name as account_name
from billing.ledger.chart import account_name_of as account_name_of
from billing.ledger.chart import account_names as account_names
from billing.ledger.entries import Entry as Entry
from billing.ledger.entries import Posting as Posting
from billing.ledger.entries import post as post
from billing.ledger.sales import sale_postings as sale_postings
