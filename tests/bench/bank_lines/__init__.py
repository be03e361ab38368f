"""A seeded world of customers, invoices and payments, with the truth, for measuring any matcher of bank lines.

Written apart from the matcher: what happened (`events.py`) is rendered twice, as a ledger and as bank lines
(`rendering.py`), by code that shares nothing with it; the contenders see the two renderings alone. Seeds 1 to 9 are for
tuning. Rates of cases and noise are guesses, not measured on real books.
"""
