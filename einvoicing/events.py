"""The signals einvoicing sends, inside the transaction. Receivers only insert rows; all are listed in the README."""

from django.dispatch import Signal

action_needed = Signal()  # transmission, at: refused, rejected, asked for more, or given up
