"""The nouns of dunning."""

from payments.dunning.models.holds import HoldKind as HoldKind
from payments.dunning.models.holds import ReminderHold as ReminderHold
from payments.dunning.models.rates import LateInterestRate as LateInterestRate
from payments.dunning.models.reminders import VOID as VOID
from payments.dunning.models.reminders import Reminder as Reminder
from payments.dunning.models.reminders import ReminderLevel as ReminderLevel
from payments.dunning.models.reminders import ReminderStatus as ReminderStatus
from payments.dunning.models.settings import Language as Language
from payments.dunning.models.settings import ReminderSettings as ReminderSettings
from payments.dunning.models.settings import ReminderText as ReminderText
