"""The nouns of payments."""

from payments.dunning.models import LateInterestRate as LateInterestRate
from payments.dunning.models import Reminder as Reminder
from payments.dunning.models import ReminderLevel as ReminderLevel
from payments.dunning.models import ReminderStatus as ReminderStatus
from payments.models.bank import BankAccount as BankAccount
from payments.models.bank import BankLine as BankLine
from payments.models.bank import BankStatement as BankStatement
from payments.models.bank import LineStatus as LineStatus
from payments.models.feeds import Feed as Feed
from payments.models.feeds import FeedKind as FeedKind
from payments.models.matches import BarredPair as BarredPair
from payments.models.matches import CreditUsed as CreditUsed
from payments.models.matches import Match as Match
from payments.models.matches import MatchPart as MatchPart
from payments.models.matches import PartKind as PartKind
from payments.models.payments import Allocation as Allocation
from payments.models.payments import Method as Method
from payments.models.payments import Payment as Payment
from payments.models.write_offs import WriteOff as WriteOff
from payments.models.write_offs import WriteOffLimit as WriteOffLimit
from payments.models.write_offs import WriteOffReason as WriteOffReason
from payments.outgoing.models import PaymentOrder as PaymentOrder
from payments.outgoing.models import Refund as Refund
from payments.outgoing.models import RefundKind as RefundKind
from payments.outgoing.models import RefundShare as RefundShare
