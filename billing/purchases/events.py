"""The news purchases tell upward, inside the transaction. Receivers only insert a row; all are listed in the README."""

from django.dispatch import Signal

# purchase, actor, at
purchase_recorded = Signal()
purchase_approved = Signal()
purchase_booked = Signal()
purchase_disputed = Signal()  # also: code and reason of the official list
purchase_dispute_settled = Signal()
purchase_refused = Signal()  # also: code and reason of the official list
