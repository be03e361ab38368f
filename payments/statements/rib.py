"""The IBAN of a French account from what a statement says of it: bank, branch and number (RIB)."""

from __future__ import annotations

import re

# the letters of an account's number count as these figures (A and J are 1, B, K and S are 2…)
FIGURES = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "12345678912345678923456789")


def iban_of(bank: str, branch: str, number: str) -> str:
    """FR and 25 signs; "" when these are no French account's."""
    account = number.upper().rjust(11, "0")
    if not (re.fullmatch(r"\d{5}", bank) and re.fullmatch(r"\d{5}", branch) and re.fullmatch(r"[0-9A-Z]{11}", account)):
        return ""
    key = 97 - (89 * int(bank) + 15 * int(branch) + 3 * int(account.translate(FIGURES))) % 97
    basic = f"{bank}{branch}{account}{key:02}"
    check = 98 - int("".join(str(int(sign, 36)) for sign in f"{basic}FR00")) % 97
    return f"FR{check:02}{basic}"
