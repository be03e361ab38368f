"""SEPA direct debits: mandates, what is announced and ordered from the bank, and what comes back."""
