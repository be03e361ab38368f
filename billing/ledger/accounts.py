"""The accounts that the product itself books on (PCG, ANC 2014-03 as changed by ANC 2022-06)."""

from __future__ import annotations

from decimal import Decimal

from billing.purchases import accounts as buying

CUSTOMERS = "411000"
SERVICES = "706000"
GOODS = "707000"
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

# what the product itself books on, by the PCG (ANC 2014-03) in French, as the books are kept
ACCOUNT_NAMES: dict[str, str] = {
    **buying.NAMES,
    CUSTOMERS: "Clients",
    DEPOSITS: "Clients – acomptes reçus sur commandes",
    "421000": "Personnel – rémunérations dues",
    "431000": "Sécurité sociale",
    "444000": "État – impôts sur les bénéfices",
    "445510": "TVA à décaisser",
    DEDUCTIBLE_VAT: "TVA déductible sur autres biens et services",
    "447000": "Autres impôts, taxes et versements assimilés",
    "455000": "Associés – comptes courants",
    SUSPENSE: "Compte d’attente",
    "511200": "Chèques à encaisser",
    "511500": "Cartes bancaires à encaisser",
    BANK: "Banque",
    CASH: "Caisse",
    TRANSFERS: "Virements internes",
    "613000": "Locations",
    "616000": "Primes d’assurances",
    "626000": "Frais postaux et de télécommunications",
    BANK_FEES: "Services bancaires et assimilés",
    BAD_DEBTS: "Pertes sur créances irrécouvrables",
    TRADE_EXCHANGE_LOSS: "Pertes de change sur créances commerciales",
    OTHER_CHARGES: "Charges diverses de gestion courante",
    "661000": "Charges d’intérêts",
    DISCOUNTS_GRANTED: "Escomptes accordés",
    SERVICES: "Prestations de services",
    GOODS: "Ventes de marchandises",
    TRADE_EXCHANGE_GAIN: "Gains de change sur créances commerciales",
    OTHER_INCOME: "Produits divers de gestion courante",
    "764000": "Revenus des valeurs mobilières de placement",
}


def account_name(account: str) -> str:
    """The name of an account, or that of the nearest one that has it: 512100 is a bank as 512000 is; '' for others."""
    for digits in range(len(account), 2, -1):
        name = ACCOUNT_NAMES.get(account[:digits].ljust(6, "0"))
        if name:
            return name
    return ""


# One sub-account of 44571 per rate, so that the VAT return reads straight from the journal.
VAT_ACCOUNTS: dict[Decimal, str] = {
    Decimal("20"): "445711",
    Decimal("10"): "445712",
    Decimal("5.5"): "445713",
    Decimal("2.1"): "445714",
    Decimal("8.5"): "445715",
}
OTHER_VAT = "445718"


def vat_account(rate: Decimal) -> str:
    """The sub-account of 44571 of a rate."""
    return VAT_ACCOUNTS.get(rate.normalize(), OTHER_VAT)
