"""The news billing tells upward, inside the transaction. Receivers only insert a row; all are listed in the README."""

from django.dispatch import Signal

invoices_issued = Signal()  # invoices of one company, actor, at
email_bounced = Signal()  # email that its recipient's server has refused for good, at
