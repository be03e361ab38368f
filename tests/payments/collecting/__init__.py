"""Cheques, cash, cards and direct debits."""
