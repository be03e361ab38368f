"""The news billing tells upward, inside the transaction. Receivers only insert a row; all are listed in the README."""

from django.dispatch import Signal

invoice_issued = Signal()  # invoice, actor, at
