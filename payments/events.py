"""The signals of payments, sent inside the transaction. Receivers only insert a row; all are listed in the README."""

from django.dispatch import Signal

# allocations of one company (negative when money is taken back), days (of each, when it was), actor, at
allocations_written = Signal()

# purchase, amount (in its currency, without discount), on (the day the money left), actor, at: once for each purchase
# of a payment, when its money is really out, by the bank's line or as recorded by hand; below zero where what was told
# is taken back or comes back
purchase_paid = Signal()
