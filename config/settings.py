"""Settings, one file, from the environment (django-environ). Every variable is listed in .env.example and the README.

Without DATABASE_URL and REDIS_URL the embedded services serve (config/runtime/embedded.py); production gives both.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from config.api.enums import ENUMS
from config.kernel import logs
from config.runtime import chorus_variables, embedded, production
from config.runtime.development import development_key

BASE_DIR = Path(__file__).resolve().parent.parent
env = production.Env()
embedded.read_env_file()

# -- what kind of installation this is -----------------------------------------------------------------------------

PRODUCTION = env.bool("PRODUCTION", default=False)
DEBUG = env.bool("DEBUG", default=False)
STATE_DIR = Path(env.str("QUITTANCE_STATE_DIR", default=str(BASE_DIR / ".local")))


if PRODUCTION:
    # Nothing stands in for what is absent: production refuses to start without its own.
    SECRET_KEY = env.str("SECRET_KEY", default="")
    JWT_SIGNING_KEY = env.str("JWT_SIGNING_KEY", default="")
    CREDENTIALS_KEYS = env.list("CREDENTIALS_KEYS", default=[])
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
    production.refuse_weak(
        addresses={name: env.str(name, default="") for name in embedded.wanted()},
        secrets={"SECRET_KEY": SECRET_KEY, "JWT_SIGNING_KEY": JWT_SIGNING_KEY},
        credentials_keys=CREDENTIALS_KEYS,
        debug=DEBUG,
        allowed_hosts=ALLOWED_HOSTS,
        behind_proxy=env.bool("BEHIND_PROXY") if env.str("BEHIND_PROXY", default="") else None,
        trusted_proxies=env.int("TRUSTED_PROXIES", default=int(env.bool("BEHIND_PROXY", default=False))),
        allows_private=env.bool("WEBHOOK_ALLOW_PRIVATE", default=False),
    )
else:
    SECRET_KEY = env.str("SECRET_KEY", default=development_key(STATE_DIR, "django"))
    JWT_SIGNING_KEY = env.str("JWT_SIGNING_KEY", default=development_key(STATE_DIR, "jwt"))
    CREDENTIALS_KEYS = env.list("CREDENTIALS_KEYS", default=[development_key(STATE_DIR, "credentials")])
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://127.0.0.1:{env.str('PORT', default='8000')}")

# -- the house -----------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    # the form renderer finds its own templates there
    "django.forms",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "config",
    "config.kernel",
    "customers",
    "billing",
    "payments",
    "einvoicing",
]
if not PRODUCTION:
    INSTALLED_APPS += ["config.sandbox", "einvoicing.sandbox", "config.rehearsal"]
AUTH_USER_MODEL = "kernel.User"
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "config.kernel.middleware.RequestIdMiddleware",
    "config.runtime.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.kernel.middleware.CompressMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.kernel.middleware.ContentSecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "config.runtime.front.refusals.UnreadBodyMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.kernel.sign_in.DeviceMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.kernel.middleware.RefuseNulMiddleware",
    "config.kernel.middleware.CompanyMiddleware",
    "config.kernel.middleware.DomainErrorMiddleware",
    "config.kernel.people.requiring.SecondFactorMiddleware",
]

# errors and requests leave for these addresses where they are given (config/runtime/watching.py)
SENTRY_DSN = env.str("SENTRY_DSN", default="")
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="")
if OTEL_EXPORTER_OTLP_ENDPOINT:
    MIDDLEWARE.insert(0, "config.runtime.watching.TraceMiddleware")

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["config.kernel.templates.Loader", "django.template.loaders.app_directories.Loader"],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.pages.frame.frame",
            ],
            "builtins": ["config.kernel.templatetags.house", "config.kernel.templatetags.lists"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# -- data ----------------------------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default="postgres:///quittance")}
DATABASES["default"]["ENGINE"] = "config.kernel.postgresql"
DATABASES["default"].setdefault("OPTIONS", {})
# what is asked for the third time is planned no more: a third of the time of issuing an invoice
DATABASES["default"]["OPTIONS"] |= {"server_side_binding": True, "prepare_threshold": 3}
DATABASES["default"]["OPTIONS"].setdefault("options", "-c timezone=UTC -c lock_timeout=10s -c statement_timeout=60s")
if env.bool("DATABASE_POOL", default=False):
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": env.int("DATABASE_POOL_SIZE", default=8)}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["TEST"] = {"NAME": env.str("TEST_DATABASE_NAME", default="test_quittance")}

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
BACKUP_RECIPIENT = env.str("BACKUP_RECIPIENT", default="")
# a directory or s3://bucket/prefix: with it a backup is made each night
BACKUP_TO = env.str("BACKUP_TO", default="")
BACKUP_KEEP_DAYS = env.int("BACKUP_KEEP_DAYS", default=14)
BACKUP_KEEP_WEEKS = env.int("BACKUP_KEEP_WEEKS", default=8)
BACKUP_KEEP_MONTHS = env.int("BACKUP_KEEP_MONTHS", default=24)
# the file of an age identity, which opens backups: with it a restoration is rehearsed each month
BACKUP_REHEARSAL_IDENTITY = env.str("BACKUP_REHEARSAL_IDENTITY", default="")
# the time-stamping authority (RFC 3161) of the chains' heads, and the certificates (PEM) of those that are trusted
TSA_URL = env.str("TSA_URL", default="")
TSA_CERTIFICATES = env.str("TSA_CERTIFICATES", default="")
# somebody outside, to whom the heads of the chains are mailed each night
ANCHOR_MAIL = env.str("ANCHOR_MAIL", default="")
# object storage, for backups and kept files; empty: what boto3 finds by itself
S3_ENDPOINT_URL = env.str("S3_ENDPOINT_URL", default="")
S3_REGION = env.str("S3_REGION", default="")
S3_ACCESS_KEY_ID = env.str("S3_ACCESS_KEY_ID", default="")
S3_SECRET_KEY = env.str("S3_SECRET_KEY", default="")
# days within which every kept file is read again and compared with its SHA-256
FILES_CHECKED_WITHIN = env.int("FILES_CHECKED_WITHIN", default=30)
TRAIL_DIR = env.str("TRAIL_DIR", default=str(STATE_DIR / "trail"))
# kept files in an object storage (s3://bucket/prefix) instead of below MEDIA_ROOT; years for which each is locked there
FILES_STORE = env.str("FILES_STORE", default="")
FILES_LOCK_YEARS = env.int("FILES_LOCK_YEARS", default=0)
MEDIA_ROOT = env.str("MEDIA_ROOT", default=str(STATE_DIR / "files"))
# all processes of all machines together, under its two names: what others answered, uploads' progress, codes used once.
# It is asked again, and refused nothing, when the broker is away
CACHES = {
    name: {"BACKEND": "config.kernel.shared_cache.SharedCache", "LOCATION": REDIS_URL, "KEY_PREFIX": "cache"}
    for name in ("default", "shared")
}
# each process keeps its own: the rules' verdict on the same bytes is the same everywhere, and nobody outside writes one
CACHES["verdicts"] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "verdicts"}
STORAGES = {
    "default": {"BACKEND": "config.kernel.shelves.KeptStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
if PRODUCTION:
    STORAGES["staticfiles"]["BACKEND"] = "config.runtime.static_files.GzippedStaticFiles"
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_PERMISSIONS = 0o640

# -- people and callers --------------------------------------------------------------------------------------------

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "config.kernel.people.passwords.GuessableValidator"},
]
AUTHENTICATION_BACKENDS = ["config.kernel.sign_in.LimitedBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
# seconds for which a link to a new password opens
PASSWORD_RESET_TIMEOUT = 1800
# superusers need a second factor; the demonstration's printed login may go without, production may not
MFA_FOR_SUPERUSERS = PRODUCTION or env.bool("MFA_FOR_SUPERUSERS", default=False)
# django-allauth: second factors, passkeys and open sessions; signing up, its mails and its own limits are off
ACCOUNT_ADAPTER = "config.kernel.people.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False
ACCOUNT_PREVENT_ENUMERATION = True
MFA_ADAPTER = "config.kernel.people.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_FORMS = {
    "authenticate": "config.kernel.people.code_forms.SignInCodeForm",
    "reauthenticate": "config.kernel.people.code_forms.ConfirmCodeForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
# how many of our own servers wrote the end of X-Forwarded-For; what stands before it is hearsay
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=int(BEHIND_PROXY))
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    # to stand in the lists that browsers ship cannot be taken back: it is for who owns the domain to say, not for us
    SILENCED_SYSTEM_CHECKS = ["security.W021"]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["config.kernel.api.authentication.BearerAuthentication"],
    "EXCEPTION_HANDLER": "config.kernel.api.problems.answer_to",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
# calls one caller may make, and tries at a password from one address
API_RATE_LIMIT = env.str("API_RATE_LIMIT", default="600/minute")
API_LOGIN_LIMIT = env.str("API_LOGIN_LIMIT", default="10/minute")
# sign-ins, and calls without a good credential, from one address
API_ADDRESS_LIMIT = env.str("API_ADDRESS_LIMIT", default="60/minute")
# what one address, and who holds one link, may ask of customers' pages
PORTAL_ADDRESS_LIMIT = env.str("PORTAL_ADDRESS_LIMIT", default="120/minute")
PORTAL_LINK_LIMIT = env.str("PORTAL_LINK_LIMIT", default="60/minute")

SIMPLE_JWT = {
    "SIGNING_KEY": JWT_SIGNING_KEY,
    "ALGORITHM": "HS256",
    "AUDIENCE": "quittance-api",
    "ISSUER": "quittance",
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=10),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=1),
    "CHECK_USER_IS_ACTIVE": True,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Quittance",
    "VERSION": "1.0",
    "DESCRIPTION": "Bill, send legal e-invoices, get paid.",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/(?:api|integrations)",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": [],
    "SERVE_AUTHENTICATION": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": ENUMS,
}

# -- language and time ---------------------------------------------------------------------------------------------

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("Français")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
TIME_ZONE = "Europe/Paris"
# how far the day of a legal number may be from the database's clock: midnight does not strike everywhere at once
MAX_CLOCK_GAP = timedelta(minutes=10)
USE_TZ = True

# -- mail ----------------------------------------------------------------------------------------------------------

# Without EMAIL_URL nothing leaves: messages stay, readable, on the outbox page.
EMAIL_URL = env.str("EMAIL_URL", default="")
if EMAIL_URL:
    globals().update(env.email_url("EMAIL_URL"))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="facturation@localhost")
SMTP_CONFIGURED = bool(EMAIL_URL)
# where undelivered mails come back, read over IMAP; without it only a provider's webhook tells of them
BOUNCE_MAILBOX_URL = env.str("BOUNCE_MAILBOX_URL", default="")
# where supplier documents are dropped: one folder a company, named by its SIREN or IDE
RECEPTION_FOLDER = env.str("RECEPTION_FOLDER", default="")

# -- e-invoicing ---------------------------------------------------------------------------------------------------

# off: invoices stay valid files that leave by e-mail; nothing goes to a platform, and its pages are hidden
ENABLE_EINVOICING = env.bool("ENABLE_EINVOICING", default=True)
MONACO_IS_DOMESTIC = env.bool("MONACO_IS_DOMESTIC", default=False)
# the PISTE application of this installation, for companies whose account gives none of their own
CHORUS_PRO_NOTES: list[str] = []  # what of it is not obeyed as written: the start says each
CHORUS_PRO = chorus_variables.read(env, CHORUS_PRO_NOTES.append)
# what a watcher of /metrics shows as its Bearer token; empty: superusers alone may read them
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

# how fast the simulated platform's statuses follow each other, in seconds
SANDBOX_PACE = env.float("SANDBOX_PACE", default=0.5)
SANDBOX_URL = env.str("SANDBOX_URL", default=f"http://127.0.0.1:{env.int('SANDBOX_PORT', default=8001)}")

# how long a carrier may take for one exchange before another asks the platform what came of it; an exchange with a
# platform lasts 60 seconds at most, so less than that is for tests only
TRANSMISSION_LEASE_SECONDS = env.int("TRANSMISSION_LEASE_SECONDS", default=90)

# -- webhooks ------------------------------------------------------------------------------------------------------

# messages go to public addresses alone; true: to the loopback (plain http too) and private networks as well
WEBHOOK_ALLOW_PRIVATE = env.bool("WEBHOOK_ALLOW_PRIVATE", default=DEBUG)

# -- logs ----------------------------------------------------------------------------------------------------------

logs.configure()
# a line for each request, beside what goes wrong
ACCESS_LOG = env.bool("ACCESS_LOG", default=PRODUCTION)
LOGGING = logs.dictionary(level=env.str("LOG_LEVEL", default="INFO"))
