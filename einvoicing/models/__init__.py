"""The nouns of e-invoicing."""

from einvoicing.models.accounts import DocumentFormat as DocumentFormat
from einvoicing.models.accounts import Environment as Environment
from einvoicing.models.accounts import PlatformAccount as PlatformAccount
from einvoicing.models.enclosures import Enclosure as Enclosure
from einvoicing.models.quotas import ApplicationCalls as ApplicationCalls
from einvoicing.models.transmissions import ANSWERS as ANSWERS
from einvoicing.models.transmissions import Attempt as Attempt
from einvoicing.models.transmissions import ErrorClass as ErrorClass
from einvoicing.models.transmissions import LifecycleEvent as LifecycleEvent
from einvoicing.models.transmissions import Priority as Priority
from einvoicing.models.transmissions import RemoteDocument as RemoteDocument
from einvoicing.models.transmissions import Transmission as Transmission
from einvoicing.models.transmissions import TransmissionKind as TransmissionKind
from einvoicing.models.transmissions import TransmissionStatus as TransmissionStatus
from einvoicing.reception.anchored import SupplierAnchor as SupplierAnchor
from einvoicing.reception.answers.models import AnswerStatus as AnswerStatus
from einvoicing.reception.answers.models import SupplierAnswer as SupplierAnswer
from einvoicing.reception.models import ReceivedDocument as ReceivedDocument
from einvoicing.reception.models import ReceivedStatus as ReceivedStatus
from einvoicing.reception.models import ReceptionChannel as ReceptionChannel
from einvoicing.reception.models import ReceptionSource as ReceptionSource
from einvoicing.reception.models import SupplierStatus as SupplierStatus
from einvoicing.reporting.models import Report as Report
from einvoicing.reporting.models import ReportingChoice as ReportingChoice
from einvoicing.reporting.models import ReportPeriod as ReportPeriod
from einvoicing.reporting.models import ReportStatus as ReportStatus
