"""The news the kernel tells upward, inside the transaction. Receivers only insert a row; the README lists them."""

from django.dispatch import Signal

endpoint_given_up = Signal()  # endpoint, reason, at
