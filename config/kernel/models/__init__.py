"""Companies and people, the audit trail, what partner systems are given, and the messages exchanged with them."""

from config.kernel.models.audit import AuditChain, AuditEvent
from config.kernel.models.bulk import BulkRow, BulkRowStatus, BulkRun, BulkStatus
from config.kernel.models.companies import SWISS, Company, CompanyRow, CompanySize, Membership, VatRegime
from config.kernel.models.exchange import ExchangeRate
from config.kernel.models.failures import LoopFailure
from config.kernel.models.files import DamagedFile
from config.kernel.models.heartbeats import Heartbeat
from config.kernel.models.imports import ImportChoice, ImportLayout, ImportRow, ImportRun, ImportStatus
from config.kernel.models.invitations import Invitation, InvitationStatus
from config.kernel.models.jobs import Job, JobStatus
from config.kernel.models.logos import Logo
from config.kernel.models.partners import ApiKey, IdempotentCall
from config.kernel.models.people import AccountMail, AccountMailStatus
from config.kernel.models.queues import Leased, LeasedRow
from config.kernel.models.restorations import Installation, Restoration
from config.kernel.models.safekeeping import ProofProgress, SafekeepingKind, SafekeepingRun
from config.kernel.models.sign_in import KnownPlace, SignInTries
from config.kernel.models.users import Theme, User, UserManager, login_of
from config.kernel.models.views import DefaultView, SavedView
from config.kernel.models.webhooks import (
    DeliveryStatus,
    ReceivedStatus,
    ReceivedWebhook,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
    WebhookSource,
)

__all__ = [
    "SWISS",
    "AccountMail",
    "AccountMailStatus",
    "ApiKey",
    "AuditChain",
    "AuditEvent",
    "BulkRow",
    "BulkRowStatus",
    "BulkRun",
    "BulkStatus",
    "Company",
    "CompanyRow",
    "CompanySize",
    "DamagedFile",
    "DefaultView",
    "DeliveryStatus",
    "ExchangeRate",
    "Heartbeat",
    "IdempotentCall",
    "ImportChoice",
    "ImportLayout",
    "ImportRow",
    "ImportRun",
    "ImportStatus",
    "Installation",
    "Invitation",
    "InvitationStatus",
    "Job",
    "JobStatus",
    "KnownPlace",
    "Leased",
    "LeasedRow",
    "Logo",
    "LoopFailure",
    "Membership",
    "ProofProgress",
    "ReceivedStatus",
    "ReceivedWebhook",
    "Restoration",
    "SafekeepingKind",
    "SafekeepingRun",
    "SavedView",
    "SignInTries",
    "Theme",
    "User",
    "UserManager",
    "VatRegime",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
    "WebhookSource",
    "login_of",
]
