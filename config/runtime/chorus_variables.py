"""CHORUS_PRO_*: the installation's PISTE application, as the environment gives it.

Addresses and scopes that documents print and PISTE never had are replaced by the real ones, and the start says so in
one line each; what cannot be obeyed is ignored and said. Facts: AIFE's hosts of PISTE (production, public sandbox).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from config.runtime.production import Env

VERSION = "v1"
SCOPE = "openid"
# hosts that are printed and do not exist, or no longer: the API's and the tokens' real ones
_REAL = {
    "chorus-pro.gouv.fr": "https://api.piste.gouv.fr",
    "www.chorus-pro.gouv.fr": "https://api.piste.gouv.fr",
    "sandbox.chorus-pro.gouv.fr": "https://sandbox-api.piste.gouv.fr",
    "api-qualif.piste.gouv.fr": "https://sandbox-api.piste.gouv.fr",
    "api.aife.economie.gouv.fr": "https://api.piste.gouv.fr",
    "sandbox-api.aife.economie.gouv.fr": "https://sandbox-api.piste.gouv.fr",
}
_TOKENS = "/api/oauth/token"
_REAL_TOKENS = {
    "piste.gouv.fr": f"https://oauth.piste.gouv.fr{_TOKENS}",
    "sandbox.piste.gouv.fr": f"https://sandbox-oauth.piste.gouv.fr{_TOKENS}",
    "oauth-qualif.piste.gouv.fr": f"https://sandbox-oauth.piste.gouv.fr{_TOKENS}",
    "oauth.aife.economie.gouv.fr": f"https://oauth.piste.gouv.fr{_TOKENS}",
    "sandbox-oauth.aife.economie.gouv.fr": f"https://sandbox-oauth.piste.gouv.fr{_TOKENS}",
}
_LONGEST_TIMEOUT, _MOST_ATTEMPTS, _LONGEST_DELAY, _MOST_CALLS = 60_000, 10, 20_000, 10_000_000


def read(env: Env, note: Callable[[str], None]) -> dict[str, Any]:
    """What the variables set, times in seconds. `note` hears one line for each that is not obeyed as written.

    Raises SystemExit for a number out of bounds.
    """
    version, scope = env.str("CHORUS_PRO_API_VERSION", default=""), env.str("CHORUS_PRO_SCOPE", default="").strip()
    if version.strip().lower() not in ("", VERSION):
        note(f"CHORUS_PRO_API_VERSION={version} est ignorée : Chorus Pro ne publie que la {VERSION}, et elle sert.")
    if "chorus-pro:" in scope:
        note(f"CHORUS_PRO_SCOPE={scope} est ignorée : PISTE ne connaît pas ces portées ; « {SCOPE} » sert.")
        scope = ""
    return {
        "token_url": _token_url(env.str("CHORUS_PRO_PISTE_URL", default="").strip(), note),
        "base_url": _base_url(env.str("CHORUS_PRO_API_URL", default="").strip(), note),
        "client_id": env.str("CHORUS_PRO_CLIENT_ID", default=""),
        "client_secret": env.str("CHORUS_PRO_CLIENT_SECRET", default=""),
        "certificate": env.str("CHORUS_PRO_CERTIFICATE_PATH", default=""),
        "scope": scope,
        "read_timeout": _number(env, "CHORUS_PRO_API_TIMEOUT", 30_000, 1, _LONGEST_TIMEOUT) / 1000,
        # PISTE shows its quotas in its portal and publishes none: careful guesses, 0 is without limit
        "calls_per_minute": _number(env, "CHORUS_PRO_CALLS_PER_MINUTE", 60, 0, _MOST_CALLS),
        "calls_per_day": _number(env, "CHORUS_PRO_CALLS_PER_DAY", 20_000, 0, _MOST_CALLS),
        # of a period's days; the form that Chorus Pro wants is not documented
        "date_format": env.str("CHORUS_PRO_DATE_FORMAT", default="%Y-%m-%d"),
        "retry_attempts": _number(env, "CHORUS_PRO_RETRY_ATTEMPTS", 3, 1, _MOST_ATTEMPTS),
        "retry_delay": _number(env, "CHORUS_PRO_RETRY_DELAY", 1000, 0, _LONGEST_DELAY) / 1000,
    }


def _token_url(url: str, note: Callable[[str], None]) -> str:
    real = _REAL_TOKENS.get(urlsplit(url).hostname or "")
    if real:
        note(f"CHORUS_PRO_PISTE_URL={url} n’existe pas chez PISTE : {real} la remplace.")
    return real or url


def _base_url(url: str, note: Callable[[str], None]) -> str:
    """The adapter adds /cpro/<API>/v1/… itself: an address that ends in a part of it would have it twice."""
    real = _REAL.get(urlsplit(url).hostname or "") or url.partition("/cpro")[0].rstrip("/")
    if url and real != url.rstrip("/"):
        note(f"CHORUS_PRO_API_URL={url} n’est pas une adresse de PISTE : {real} la remplace.")
    return real


def _number(env: Env, name: str, default: int, least: int, most: int) -> int:
    number = env.int(name, default=default)
    if not least <= number <= most:
        raise SystemExit(f"{name} : écrivez un nombre entier entre {least} et {most}.")
    return number
