"""The news billing tells upward, inside the transaction. Receivers only insert a row; all are listed in the README."""

from django.dispatch import Signal

invoices_issued = Signal()  # invoices of one company, actor, at
# email just claimed, at; a receiver answers why it may no longer leave, or '' once its words say what is true now
email_leaving = Signal()
email_bounced = Signal()  # email that its recipient's server has refused for good, at
