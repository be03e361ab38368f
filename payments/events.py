"""The signals of payments, sent inside the transaction. Receivers only insert a row; all are listed in the README."""

from django.dispatch import Signal

allocation_written = Signal()  # allocation (negative when money is taken back), on (the day it is), actor, at
