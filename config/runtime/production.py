"""What production refuses to start with: weak or invalid secrets, DEBUG, headers that anybody could write."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence

SHORTEST_SECRET = 32
FEWEST_SIGNS = 10  # different ones: a repeated word is no secret
BYTES_OF_A_KEY = 32


def refuse_weak(
    *,
    secrets: Mapping[str, str],
    credentials_keys: Sequence[str],
    debug: bool,
    allowed_hosts: Sequence[str],
    behind_proxy: bool | None,
    trusted_proxies: int,
    allows_private: bool,
) -> None:
    """Raise SystemExit with one line for each thing that is wrong; no value of a secret is ever shown."""
    lines = [f"{name} : {problem}" for name, value in secrets.items() if (problem := _weakness(value))]
    if len(set(secrets.values())) < len(secrets):
        lines.append(f"{', '.join(secrets)} : donnez à chacun une valeur différente.")
    if not credentials_keys or not all(_is_key(key) for key in credentials_keys):
        lines.append("CREDENTIALS_KEYS : chaque clé compte 32 octets en base64 (openssl rand -base64 32).")
    if debug:
        lines.append("DEBUG : il montre le code et les réglages à qui provoque une erreur ; retirez-le.")
    if not allowed_hosts or "*" in allowed_hosts:
        lines.append("ALLOWED_HOSTS : nommez les hôtes servis ; « * » laisse forger les adresses des e-mails.")
    if behind_proxy is None:
        lines.append("BEHIND_PROXY : true si un serveur à vous écrit X-Forwarded-For devant le produit, sinon false.")
    elif trusted_proxies and not behind_proxy:
        lines.append("TRUSTED_PROXIES : sans BEHIND_PROXY, chacun écrirait X-Forwarded-For à sa guise.")
    if allows_private:
        lines.append("WEBHOOK_ALLOW_PRIVATE : aucune adresse saisie ne mène à un réseau privé ; retirez-le.")
    if lines:
        raise SystemExit("\n".join(lines))


def _weakness(secret: str) -> str:
    if len(secret) < SHORTEST_SECRET or len(set(secret)) < FEWEST_SIGNS:
        return f"trop faible, il faut {SHORTEST_SECRET} signes tirés au hasard (openssl rand -base64 48)."
    return ""


def _is_key(text: str) -> bool:
    try:
        plain = text.translate(str.maketrans("-_", "+/")).encode("ascii")  # both alphabets are read
        return len(base64.b64decode(plain, validate=True)) == BYTES_OF_A_KEY
    except (binascii.Error, ValueError):
        return False
