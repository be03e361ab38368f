"""The signals of payments, sent inside the transaction. Receivers only insert a row; all are listed in the README."""

from django.dispatch import Signal

# allocations of one company (negative when money is taken back), days (of each, when it was), actor, at
allocations_written = Signal()
