"""What production refuses to start with: weak or invalid secrets, DEBUG, headers that anybody could write.

And what no start guesses: `PRODUCTION=oui` would be read as false, and open a development to the world.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import environ

SHORTEST_SECRET = 32
FEWEST_SIGNS = 10  # different ones: a repeated word is no secret
BYTES_OF_A_KEY = 32
PUBLISHED = "django-insecure-"  # how Django marks the keys it writes into projects
YES_OR_NO = frozenset({"true", "on", "ok", "y", "yes", "1", "false", "off", "n", "no", "0", ""})


class Env(environ.Env):
    """The environment, whose mistakes end the start with one line."""

    def bool(self, var: str, *args: Any, **options: Any) -> bool:
        if os.environ.get(var, "").strip().lower() not in YES_OR_NO:
            raise SystemExit(f"{var} : écrivez true ou false.")
        return bool(super().bool(var, *args, **options))

    def int(self, var: str, *args: Any, **options: Any) -> int:
        try:
            return int(super().int(var, *args, **options))
        except ValueError:
            raise SystemExit(f"{var} : écrivez un nombre entier.") from None


def refuse_weak(
    *,
    addresses: Mapping[str, str],
    secrets: Mapping[str, str],
    credentials_keys: Sequence[str],
    debug: bool,
    allowed_hosts: Sequence[str],
    behind_proxy: bool | None,
    trusted_proxies: int,
    allows_private: bool,
) -> None:
    """Raise SystemExit with one line for each thing that is wrong; no value of a secret is ever shown."""
    lines = [f"{name} : absent ; en production rien ne le remplace." for name, url in addresses.items() if not url]
    lines += [f"{name} : {problem}" for name, value in secrets.items() if (problem := _weakness(value))]
    if len({*secrets.values(), ""}) <= len(secrets) and all(secrets.values()):
        lines.append(f"{', '.join(secrets)} : donnez à chacun une valeur différente.")
    if not credentials_keys or not all(_is_key(key) for key in credentials_keys):
        lines.append(
            "CREDENTIALS_KEYS : chaque clé compte 32 octets tirés au hasard, en base64 (openssl rand -base64 32)."
        )
    if debug:
        lines.append("DEBUG : il montre le code et les réglages à qui provoque une erreur ; retirez-le.")
    if not allowed_hosts or "*" in allowed_hosts:
        lines.append("ALLOWED_HOSTS : nommez les hôtes servis ; « * » laisse forger les adresses des e-mails.")
    if behind_proxy is None:
        lines.append("BEHIND_PROXY : true si un serveur à vous écrit X-Forwarded-For devant le produit, sinon false.")
    elif trusted_proxies and not behind_proxy:
        lines.append("TRUSTED_PROXIES : sans BEHIND_PROXY, chacun écrirait X-Forwarded-For à sa guise.")
    elif behind_proxy and trusted_proxies < 1:
        lines.append("TRUSTED_PROXIES : comptez vos serveurs placés devant le produit, 1 au moins avec BEHIND_PROXY.")
    if allows_private:
        lines.append("WEBHOOK_ALLOW_PRIVATE : aucune adresse saisie ne mène à un réseau privé ; retirez-le.")
    if lines:
        raise SystemExit("\n".join(lines))


def _weakness(secret: str) -> str:
    is_short = len(secret) < SHORTEST_SECRET or len(set(secret)) < FEWEST_SIGNS
    if is_short or secret.startswith(PUBLISHED) or _is_pattern(secret):
        return f"trop faible, il faut {SHORTEST_SECRET} signes tirés au hasard (openssl rand -base64 48)."
    return ""


def _is_pattern(secret: str | bytes) -> bool:
    """The beginning over and over, or signs in their order."""
    half = len(secret) // 2
    if any(secret[size:] == secret[:-size] for size in range(1, half + 1)):
        return True
    signs = list(secret.encode() if isinstance(secret, str) else secret)
    steps = [after - before for before, after in pairwise(signs)]
    return steps.count(1) > half


def _is_key(text: str) -> bool:
    try:
        plain = text.translate(str.maketrans("-_", "+/")).encode("ascii")  # both alphabets are read
        key = base64.b64decode(plain, validate=True)
        return len(key) == BYTES_OF_A_KEY and not _is_pattern(key)
    except (binascii.Error, ValueError):
        return False
